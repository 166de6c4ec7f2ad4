package train

import (
	"math"
	"math/rand/v2"
)

// fitOnline fits what fitLogistic fits, by AdaGrad with a few passes in random order. It is many times faster where
// there are many classes; stopping early is its regularisation.
func fitOnline(e *examples, dims, classes, passes int, rate, drop float64, seed uint64) []float32 {
	w := make([]float32, dims*classes)
	g2 := make([]float32, dims) // one accumulator a feature, shared by its classes
	order := make([]int, e.rows())
	for i := range order {
		order[i] = i
	}
	r := rand.New(rand.NewPCG(seed, 7))
	s := make([]float32, classes)
	var keptIndex []int32
	var keptValue []float32
	for p := range passes {
		r.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		eta := rate * (1 - 0.8*float64(p)/float64(passes))
		for _, i := range order {
			idx, val := e.index[e.start[i]:e.start[i+1]], e.value[e.start[i]:e.start[i+1]]
			if drop > 0 {
				keptIndex, keptValue = keptIndex[:0], keptValue[:0]
				up := float32(1 / math.Sqrt(1-drop))
				cut := uint32(drop * (1 << 32))
				for j, f := range idx {
					if uint32(r.Uint64()) >= cut {
						keptIndex, keptValue = append(keptIndex, f), append(keptValue, val[j]*up)
					}
				}
				idx, val = keptIndex, keptValue
			}
			scores(w, idx, val, s)
			softmax(s)
			c := e.weight[i]
			norm := float32(0)
			for k := range s {
				s[k] = c * (s[k] - e.target[i*classes+k])
				norm += s[k] * s[k]
			}
			if norm < 1e-8 {
				continue
			}
			for j, f := range idx {
				v := val[j]
				g2[f] += v * v * norm
				step := v * float32(eta/math.Sqrt(float64(g2[f])+1e-6))
				row := w[int(f)*classes : (int(f)+1)*classes]
				for k := range row {
					row[k] -= step * s[k]
				}
			}
		}
	}
	return w
}
