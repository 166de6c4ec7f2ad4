package stats

import (
	"errors"
	"math"
)

// errNoFit says that a log-linear model could not be fitted: too few buckets, or columns that say the same.
var errNoFit = errors.New("the model cannot be fitted to this series")

// logLinear is a fitted quasi-Poisson model log(mean) = X beta.
type logLinear struct {
	x          [][]float64 // rows
	y, weights []float64   // prior weights
	beta       []float64
	mean       []float64   // fitted
	cov        [][]float64 // unscaled covariance of beta: the inverse of X'WX
	hat        []float64   // leverages
	working    []float64   // weights of the last step
	df         int         // residual degrees of freedom
}

const (
	glmTolerance = 1e-8 // relative change of the deviance, as R fits these models
	glmSteps     = 25
)

// fitLogLinear fits by iteratively reweighted least squares from R's starting values (y + 0.1). Covariance and
// leverages are those of the last step, as in R.
func fitLogLinear(x [][]float64, y, weights []float64) (*logLinear, error) {
	n, p := len(y), 0
	if n > 0 {
		p = len(x[0])
	}
	if n <= p || p == 0 {
		return nil, errNoFit
	}
	m := &logLinear{x: x, y: y, weights: weights, mean: make([]float64, n), hat: make([]float64, n), beta: make([]float64, p)}
	eta, w, z := make([]float64, n), make([]float64, n), make([]float64, n)
	for i := range y {
		m.mean[i] = y[i] + .1
		eta[i] = math.Log(m.mean[i])
		if weights[i] > 0 {
			m.df++
		}
	}
	m.df -= p
	if m.df <= 0 {
		return nil, errNoFit
	}
	deviance := m.deviance()
	for range glmSteps {
		for i := range y {
			w[i] = weights[i] * m.mean[i]
			z[i] = eta[i] + (y[i]-m.mean[i])/m.mean[i]
		}
		if err := m.solve(w, z); err != nil {
			return nil, err
		}
		for i := range y {
			eta[i] = dot(x[i], m.beta)
			m.mean[i] = max(math.Exp(eta[i]), 2.2e-16) // R's floor: a season of zeros drives its factor to nothing
		}
		d := m.deviance()
		if math.IsNaN(d) || math.IsInf(d, 0) {
			return nil, errNoFit
		}
		if math.Abs(d-deviance)/(math.Abs(d)+.1) < glmTolerance {
			for i := range y {
				m.hat[i] = w[i] * quadratic(m.cov, x[i])
			}
			m.working = w
			return m, nil
		}
		deviance = d
	}
	return nil, errNoFit
}

// solve sets beta and cov by weighted least squares, through a Cholesky factorisation of the normal equations.
func (m *logLinear) solve(w, z []float64) error {
	p := len(m.beta)
	a := make([][]float64, p)
	for j := range a {
		a[j] = make([]float64, p)
	}
	b := make([]float64, p)
	for i, row := range m.x {
		if w[i] == 0 {
			continue
		}
		for j, v := range row {
			if v == 0 {
				continue
			}
			b[j] += w[i] * v * z[i]
			for k := 0; k <= j; k++ {
				a[j][k] += w[i] * v * row[k]
			}
		}
	}
	inverse, err := invert(a)
	if err != nil {
		return err
	}
	m.cov = inverse
	for j := range m.beta {
		m.beta[j] = dot(inverse[j], b)
	}
	return nil
}

// invert returns the inverse of a symmetric positive definite matrix given by its lower triangle.
func invert(a [][]float64) ([][]float64, error) {
	p := len(a)
	l := make([][]float64, p)
	for j := range p {
		l[j] = make([]float64, p)
		for k := 0; k <= j; k++ {
			s := a[j][k] - dot(l[j][:k], l[k][:k])
			if j == k {
				if s <= 1e-14*math.Abs(a[j][j]) || math.IsNaN(s) {
					return nil, errNoFit
				}
				l[j][j] = math.Sqrt(s)
			} else {
				l[j][k] = s / l[k][k]
			}
		}
	}
	inverse := make([][]float64, p)
	for c := range p { // solve L L' v = e_c
		v := make([]float64, p)
		for j := range p {
			s := 0.0
			if j == c {
				s = 1
			}
			v[j] = (s - dot(l[j][:j], v[:j])) / l[j][j]
		}
		for j := p - 1; j >= 0; j-- {
			s := v[j]
			for k := j + 1; k < p; k++ {
				s -= l[k][j] * v[k]
			}
			v[j] = s / l[j][j]
		}
		inverse[c] = v
	}
	return inverse, nil
}

func dot(a, b []float64) float64 {
	s := 0.0
	for i := range a {
		s += a[i] * b[i]
	}
	return s
}

// quadratic is v' a v.
func quadratic(a [][]float64, v []float64) float64 {
	s := 0.0
	for j := range v {
		if v[j] != 0 {
			s += v[j] * dot(a[j], v)
		}
	}
	return s
}

func (m *logLinear) deviance() float64 {
	d := 0.0
	for i, y := range m.y {
		t := m.mean[i] - y
		if y > 0 {
			t += y * math.Log(y/m.mean[i])
		}
		d += 2 * m.weights[i] * t
	}
	return d
}

// dispersion is Pearson's statistic over the degrees of freedom, with the weights of the last step as R has them.
func (m *logLinear) dispersion() float64 {
	s := 0.0
	for i, y := range m.y {
		r := (y - m.mean[i]) / m.mean[i]
		s += m.working[i] * r * r
	}
	return s / float64(m.df)
}

// anscombe returns the standardised Anscombe residuals for a dispersion phi.
func (m *logLinear) anscombe(phi float64) []float64 {
	s := make([]float64, len(m.y))
	for i, y := range m.y {
		mu := m.mean[i]
		s[i] = 1.5 * (math.Pow(y, 2./3)*math.Pow(mu, -1./6) - math.Sqrt(mu)) / math.Sqrt(phi*max(1-m.hat[i], 1e-10))
	}
	return s
}

// downWeight returns weights that take away from past outbreaks their say in the baseline (Noufaily and others 2013):
// s^-2 where a residual s exceeds the threshold, one elsewhere, scaled to sum to their number.
func downWeight(s []float64, threshold float64) []float64 {
	w := make([]float64, len(s))
	sum := 0.0
	for i, r := range s {
		w[i] = 1
		if r > threshold {
			w[i] = 1 / (r * r)
		}
		sum += w[i]
	}
	for i := range w {
		w[i] *= float64(len(s)) / sum
	}
	return w
}

// StudentTail returns P(|T| > t) for a t distribution of df degrees of freedom.
func StudentTail(t, df float64) float64 { return betaI(df/2, .5, df/(df+t*t)) }
