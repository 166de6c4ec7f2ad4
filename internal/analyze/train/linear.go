package train

import (
	"math"
	"sync"
)

// examples are sparse rows with a distribution over classes to learn and a weight each.
type examples struct {
	start  []int32 // row i is index[start[i]:start[i+1]]
	index  []int32
	value  []float32
	target []float32 // rows x classes
	weight []float32
}

func (e *examples) rows() int { return len(e.weight) }

func (e *examples) add(index []int32, value []float32, target []float32, weight float32) {
	if len(e.start) == 0 {
		e.start = append(e.start, 0)
	}
	e.index = append(e.index, index...)
	e.value = append(e.value, value...)
	e.start = append(e.start, int32(len(e.index)))
	e.target = append(e.target, target...)
	e.weight = append(e.weight, weight)
}

// fitLogistic fits a multinomial logistic regression by L-BFGS: dims features, classes outputs, squared penalty l2.
// When sigmoid is set, the classes are independent of each other (one logistic regression each).
// It returns weights as [feature][class].
func fitLogistic(e *examples, dims, classes int, l2 float64, iterations int, sigmoid bool) []float32 {
	const threads = 2
	w := make([]float32, dims*classes)
	partial := make([][]float32, threads)
	for t := range partial {
		partial[t] = make([]float32, dims*classes)
	}
	total := 0.0
	for _, v := range e.weight {
		total += float64(v)
	}
	minimise(w, iterations, func(w, g []float32) float64 {
		losses := make([]float64, threads)
		var wg sync.WaitGroup
		for t := range threads {
			wg.Go(func() {
				lo, hi := e.rows()*t/threads, e.rows()*(t+1)/threads
				losses[t] = e.gradient(w, partial[t], lo, hi, classes, sigmoid)
			})
		}
		wg.Wait()
		loss := 0.0
		for _, l := range losses {
			loss += l
		}
		norm := 0.0
		inv := float32(1 / total)
		for i := range g {
			sum := float32(0)
			for t := range partial {
				sum += partial[t][i]
				partial[t][i] = 0
			}
			g[i] = sum*inv + float32(l2)*w[i]
			norm += float64(w[i]) * float64(w[i])
		}
		return loss/total + l2*norm/2
	})
	return w
}

// gradient adds the gradient of rows lo to hi to g and returns their loss.
func (e *examples) gradient(w, g []float32, lo, hi, classes int, sigmoid bool) float64 {
	loss := 0.0
	s := make([]float32, classes)
	for i := lo; i < hi; i++ {
		idx, val := e.index[e.start[i]:e.start[i+1]], e.value[e.start[i]:e.start[i+1]]
		scores(w, idx, val, s)
		y := e.target[i*classes : (i+1)*classes]
		c := e.weight[i]
		if sigmoid {
			for k := range s {
				if y[k] < 0 { // not known
					s[k] = 0
					continue
				}
				p := 1 / (1 + math.Exp(-float64(s[k])))
				loss -= float64(c) * (float64(y[k])*math.Log(p+1e-12) + (1-float64(y[k]))*math.Log(1-p+1e-12))
				s[k] = c * (float32(p) - y[k])
			}
		} else {
			softmax(s)
			for k := range s {
				if y[k] > 0 {
					loss -= float64(c*y[k]) * math.Log(float64(s[k])+1e-12)
				}
				s[k] = c * (s[k] - y[k])
			}
		}
		if classes == 3 {
			r0, r1, r2 := s[0], s[1], s[2]
			for j, f := range idx {
				v := val[j]
				row := g[f*3 : f*3+3 : f*3+3]
				row[0] += v * r0
				row[1] += v * r1
				row[2] += v * r2
			}
			continue
		}
		for j, f := range idx {
			v := val[j]
			row := g[int(f)*classes : (int(f)+1)*classes]
			for k := range row {
				row[k] += v * s[k]
			}
		}
	}
	return loss
}

func scores(w []float32, idx []int32, val []float32, s []float32) {
	if len(s) == 3 {
		var a, b, c float32
		for j, f := range idx {
			v := val[j]
			row := w[f*3 : f*3+3 : f*3+3]
			a += v * row[0]
			b += v * row[1]
			c += v * row[2]
		}
		s[0], s[1], s[2] = a, b, c
		return
	}
	clear(s)
	for j, f := range idx {
		v := val[j]
		row := w[int(f)*len(s) : (int(f)+1)*len(s)]
		for k := range row {
			s[k] += v * row[k]
		}
	}
}

func softmax(s []float32) {
	m := s[0]
	for _, v := range s[1:] {
		m = max(m, v)
	}
	sum := float32(0)
	for k := range s {
		s[k] = float32(math.Exp(float64(s[k] - m)))
		sum += s[k]
	}
	for k := range s {
		s[k] /= sum
	}
}
