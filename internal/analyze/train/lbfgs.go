package train

import (
	"math"
	"os"
)

// minimise finds the least of a smooth convex function by limited-memory BFGS with a backtracking line search. f
// returns the value at x and writes the gradient into g. x is the start and becomes the result.
func minimise(x []float32, iterations int, f func(x, g []float32) float64) {
	const memory = 6
	n := len(x)
	g, next, nextG, dir := make([]float32, n), make([]float32, n), make([]float32, n), make([]float32, n)
	var s, y [][]float32
	var rho []float64
	value := f(x, g)
	for it := range iterations {
		copy(dir, g)
		alpha := make([]float64, len(s))
		for i := len(s) - 1; i >= 0; i-- {
			alpha[i] = rho[i] * dot(s[i], dir)
			axpy(dir, float32(-alpha[i]), y[i])
		}
		if k := len(s); k > 0 {
			scale(dir, float32(1/(rho[k-1]*dot(y[k-1], y[k-1]))))
		}
		for i := range s {
			beta := rho[i] * dot(y[i], dir)
			axpy(dir, float32(alpha[i]-beta), s[i])
		}
		slope := -dot(g, dir)
		step := 1.0
		if it == 0 {
			step = 1 / (math.Sqrt(dot(g, g)) + 1e-12)
		}
		if slope >= 0 {
			return
		}
		nextValue := 0.0
		for try := 0; ; try++ {
			for i := range x {
				next[i] = x[i] - float32(step)*dir[i]
			}
			nextValue = f(next, nextG)
			if nextValue <= value+1e-4*step*slope {
				break
			}
			if try == 20 {
				return
			}
			step /= 2
		}
		var ds, dy []float32
		if len(s) == memory {
			ds, dy = s[0], y[0]
			s, y, rho = s[1:], y[1:], rho[1:]
		} else {
			ds, dy = make([]float32, n), make([]float32, n)
		}
		for i := range x {
			ds[i] = next[i] - x[i]
			dy[i] = nextG[i] - g[i]
		}
		if sy := dot(ds, dy); sy > 1e-12 {
			s, y, rho = append(s, ds), append(y, dy), append(rho, 1/sy)
		}
		x, next = swapInto(x, next)
		copy(g, nextG)
		if os.Getenv("LBD") != "" {
			println(it, int(nextValue*1e6), int(step*1000), int(1e6*math.Sqrt(dot(g, g))))
		}
		if value-nextValue < 1e-5*math.Abs(value) {
			return
		}
		value = nextValue
	}
}

// swapInto copies b over a: the caller keeps its slice.
func swapInto(a, b []float32) ([]float32, []float32) { copy(a, b); return a, b }

func dot(a, b []float32) float64 {
	var s0, s1, s2, s3 float64
	i := 0
	for ; i+4 <= len(a); i += 4 {
		s0 += float64(a[i]) * float64(b[i])
		s1 += float64(a[i+1]) * float64(b[i+1])
		s2 += float64(a[i+2]) * float64(b[i+2])
		s3 += float64(a[i+3]) * float64(b[i+3])
	}
	for ; i < len(a); i++ {
		s0 += float64(a[i]) * float64(b[i])
	}
	return s0 + s1 + s2 + s3
}

func axpy(dst []float32, a float32, x []float32) {
	for i := range dst {
		dst[i] += a * x[i]
	}
}

func scale(x []float32, a float32) {
	for i := range x {
		x[i] *= a
	}
}
