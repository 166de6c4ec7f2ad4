package train

import "math"

// calibration fits Temper and Shift of exclusive classes to scores of texts that a model has not learnt from; samples
// without a score do not count. The shifts make classes that weigh the same come out even, which is what macro-averages
// ask for; where F1 is asked for, they are the ones with the best macro-F1. The temperature then makes the probabilities as sure as they are right on the mix that the texts really
// have; it does not change which class is likeliest.
func calibration(scores [][]float32, samples []sample, byF1 bool) (temper, shift []float32) {
	k := len(samples[0].target)
	x := make([]float32, k+1) // log temperature, shifts
	minimise(x, 100, func(x, g []float32) float64 {
		clear(g)
		loss, total := 0.0, 0.0
		a := float32(math.Exp(float64(x[0])))
		p := make([]float32, k)
		for i, s := range scores {
			if s == nil {
				continue
			}
			for c := range p {
				p[c] = a*s[c] + x[c+1]
			}
			softmax(p)
			w := samples[i].weight
			total += float64(w)
			for c := range p {
				t := samples[i].target[c]
				if t > 0 {
					loss -= float64(w*t) * math.Log(float64(p[c])+1e-12)
				}
				r := w * (p[c] - t)
				g[0] += r * a * s[c]
				g[c+1] += r
			}
		}
		const pull = 2 // labels' worth: few labels do not move it far
		for c := range x {
			loss += pull * float64(x[c]) * float64(x[c]) / 2
			g[c] = (g[c] + pull*x[c]) / float32(total)
		}
		return loss / total
	})
	a := float32(math.Exp(float64(x[0])))
	if byF1 {
		shiftForF1(scores, samples, a, x[1:])
	}
	tau := temperature(scores, samples, a, x[1:])
	temper, shift = make([]float32, k), make([]float32, k)
	for c := range k {
		temper[c], shift[c] = tau*a, tau*x[c+1]
	}
	return temper, shift
}

// temperature returns the factor of all log-odds under which the labels are likeliest, by golden section.
func temperature(scores [][]float32, samples []sample, a float32, shift []float32) float32 {
	p := make([]float32, len(shift))
	loss := func(logTau float64) float64 {
		tau := float32(math.Exp(logTau))
		sum := 0.0
		for i, s := range scores {
			if s == nil {
				continue
			}
			for c := range p {
				p[c] = tau * (a*s[c] + shift[c])
			}
			softmax(p)
			for c, t := range samples[i].target {
				if t > 0 {
					sum -= float64(t) * math.Log(float64(p[c])+1e-12)
				}
			}
		}
		return sum
	}
	const golden = 0.6180339887498949
	lo, hi := -1.5, 1.5
	for hi-lo > 1e-3 {
		l, r := hi-golden*(hi-lo), lo+golden*(hi-lo)
		if loss(l) < loss(r) {
			hi = r
		} else {
			lo = l
		}
	}
	return float32(math.Exp((lo + hi) / 2))
}

// shiftForF1 sets the shifts to those with the best macro-F1, class after class, the first class staying where it is.
func shiftForF1(scores [][]float32, samples []sample, a float32, shift []float32) {
	clear(shift)
	shifted := make([][]float32, len(scores))
	for i, s := range scores {
		if s != nil {
			shifted[i] = make([]float32, len(s))
		}
	}
	f1 := func() float64 {
		for i, s := range scores {
			for c := range s {
				shifted[i][c] = a*s[c] + shift[c]
			}
		}
		return figuresOf(shifted, samples).f1
	}
	const reach, step, rounds = 1.2, 0.1, 2
	for range rounds {
		for c := 1; c < len(shift); c++ {
			best, at := -1.0, float32(0)
			for v := float32(-reach); v <= reach; v += step {
				shift[c] = v
				if f := f1(); f > best+1e-9 {
					best, at = f, v
				}
			}
			shift[c] = at
		}
	}
}
