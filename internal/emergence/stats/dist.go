package stats

import "math"

// NormalQuantile returns z with P(Z <= z) = p for a standard normal Z, 0 < p < 1.
func NormalQuantile(p float64) float64 { return -math.Sqrt2 * math.Erfcinv(2*p) }

// NormalTail returns P(Z > z) for a standard normal Z.
func NormalTail(z float64) float64 { return .5 * math.Erfc(z/math.Sqrt2) }

// logGamma is the logarithm of the gamma function at x > 0.
func logGamma(x float64) float64 {
	v, _ := math.Lgamma(x)
	return v
}

// PoissonTail returns P(Y >= k) for a Poisson Y of the given mean.
func PoissonTail(k int, mean float64) float64 {
	if k <= 0 {
		return 1
	}
	return gammaP(float64(k), mean)
}

// PoissonQuantile returns the least k with P(Y <= k) >= p.
func PoissonQuantile(p, mean float64) int {
	return quantile(p, mean, math.Sqrt(mean), func(k int) float64 { return PoissonTail(k+1, mean) })
}

// NegBin is the negative binomial distribution of a count with Mean and variance Phi * Mean, Phi > 1. With Phi <= 1 it
// is the Poisson distribution of that mean: the data never proved less variable than chance.
type NegBin struct{ Mean, Phi float64 }

func (d NegBin) poisson() bool { return d.Phi <= 1+1e-9 }

// size returns R's parameter of the same name, 1 over the dispersion.
func (d NegBin) size() float64 { return d.Mean / (d.Phi - 1) }

// LogProbability returns log P(Y = k).
func (d NegBin) LogProbability(k int) float64 {
	y := float64(k)
	switch {
	case k < 0:
		return math.Inf(-1)
	case d.Mean <= 0:
		if k == 0 {
			return 0
		}
		return math.Inf(-1)
	case d.poisson():
		return y*math.Log(d.Mean) - d.Mean - logGamma(y+1)
	}
	n := d.size()
	return logGamma(y+n) - logGamma(n) - logGamma(y+1) - n*math.Log(d.Phi) + y*math.Log1p(-1/d.Phi)
}

// Tail returns P(Y >= k).
func (d NegBin) Tail(k int) float64 {
	switch {
	case k <= 0:
		return 1
	case d.Mean <= 0:
		return 0
	case d.poisson():
		return PoissonTail(k, d.Mean)
	}
	return betaI(float64(k), d.size(), 1-1/d.Phi)
}

// MidTail returns P(Y > k) + P(Y = k)/2, the p-value whose mean is one half when nothing changed: for combining tests.
func (d NegBin) MidTail(k int) float64 { return d.Tail(k+1) + .5*math.Exp(d.LogProbability(k)) }

// Quantile returns the least k with P(Y <= k) >= p.
func (d NegBin) Quantile(p float64) int {
	if d.Mean <= 0 {
		return 0
	}
	if d.poisson() {
		return PoissonQuantile(p, d.Mean)
	}
	return quantile(p, d.Mean, math.Sqrt(d.Mean*d.Phi), func(k int) float64 { return d.Tail(k + 1) })
}

// quantile searches the least k whose upper tail is at most 1-p: it brackets from the normal guess, then bisects.
func quantile(p, mean, sd float64, upper func(k int) float64) int {
	if p <= 0 {
		return 0
	}
	// A hair of tolerance, as R has it, so that a probability that is equal on paper is not missed by rounding.
	enough := func(k int) bool { return upper(k) <= (1-p)*(1+64*2.220446e-16) }
	hi := max(int(mean+NormalQuantile(min(max(p, 1e-12), 1-1e-12))*sd), 1)
	for !enough(hi) {
		hi *= 2
	}
	lo := -1
	for hi-lo > 1 {
		if mid := (lo + hi) / 2; enough(mid) {
			hi = mid
		} else {
			lo = mid
		}
	}
	return hi
}

const (
	convergence = 1e-15
	smallest    = 1e-300
	iterations  = 100000
)

// gammaP is the regularised lower incomplete gamma function: a series below a+1, a continued fraction (modified Lentz)
// above (Abramowitz and Stegun 6.5.29 and 6.5.31).
func gammaP(a, x float64) float64 {
	if x <= 0 {
		return 0
	}
	scale := math.Exp(a*math.Log(x) - x - logGamma(a))
	if x < a+1 {
		sum, term := 1/a, 1/a
		for n := 1; n < iterations; n++ {
			term *= x / (a + float64(n))
			sum += term
			if term < sum*convergence {
				break
			}
		}
		return sum * scale
	}
	b := x + 1 - a
	c := 1 / smallest
	d := 1 / b
	h := d
	for n := 1; n < iterations; n++ {
		an := -float64(n) * (float64(n) - a)
		b += 2
		d = 1 / nonzero(an*d+b)
		c = nonzero(b + an/c)
		h *= d * c
		if math.Abs(d*c-1) < convergence {
			break
		}
	}
	return 1 - scale*h
}

// betaI is the regularised incomplete beta function I_x(a, b), by its continued fraction (Abramowitz and Stegun 26.5.8)
// on the side where that converges quickly.
func betaI(a, b, x float64) float64 {
	switch {
	case x <= 0:
		return 0
	case x >= 1:
		return 1
	}
	front := math.Exp(logGamma(a+b) - logGamma(a) - logGamma(b) + a*math.Log(x) + b*math.Log1p(-x))
	if x < (a+1)/(a+b+2) {
		return front * betaFraction(a, b, x) / a
	}
	return 1 - front*betaFraction(b, a, 1-x)/b
}

func betaFraction(a, b, x float64) float64 {
	c := 1.0
	d := 1 / nonzero(1-(a+b)*x/(a+1))
	h := d
	for i := 1; i < iterations; i++ {
		m := float64(i)
		even := m * (b - m) * x / ((a + 2*m - 1) * (a + 2*m))
		d = 1 / nonzero(1+even*d)
		c = nonzero(1 + even/c)
		h *= d * c
		odd := -(a + m) * (a + b + m) * x / ((a + 2*m) * (a + 2*m + 1))
		d = 1 / nonzero(1+odd*d)
		c = nonzero(1 + odd/c)
		h *= d * c
		if math.Abs(d*c-1) < convergence {
			break
		}
	}
	return h
}

func nonzero(x float64) float64 {
	if math.Abs(x) < smallest {
		return smallest
	}
	return x
}
