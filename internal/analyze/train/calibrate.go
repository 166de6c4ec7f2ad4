package train

import "math"

// calibration fits Temper and Shift of exclusive classes: one temperature and a shift by class, the ones under which
// held-out labels are likeliest. A small pull towards no change keeps few labels from moving it far.
func calibration(scores [][]float32, targets [][]float32, weights []float32) (temper, shift []float32) {
	k := len(scores[0])
	total := 0.0
	for _, w := range weights {
		total += float64(w)
	}
	x := make([]float32, k+1) // log temperature, shifts
	minimise(x, 100, func(x, g []float32) float64 {
		clear(g)
		loss := 0.0
		a := float32(math.Exp(float64(x[0])))
		p := make([]float32, k)
		for i, s := range scores {
			for c := range p {
				p[c] = a*s[c] + x[c+1]
			}
			softmax(p)
			w := weights[i]
			for c := range p {
				if t := targets[i][c]; t > 0 {
					loss -= float64(w*t) * math.Log(float64(p[c])+1e-12)
				}
				r := w * (p[c] - targets[i][c])
				g[0] += r * a * s[c]
				g[c+1] += r
			}
		}
		const pull = 2 // labels' worth
		for c := range x {
			loss += pull * float64(x[c]) * float64(x[c]) / 2
			g[c] += pull * x[c]
			g[c] /= float32(total)
		}
		return loss / total
	})
	temper, shift = make([]float32, k), make([]float32, k)
	for c := range k {
		temper[c] = float32(math.Exp(float64(x[0])))
		shift[c] = x[c+1]
	}
	return temper, shift
}
