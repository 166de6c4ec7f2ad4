package stats

import (
	"math"
	"slices"
	"sync"
	"time"
)

// Series is the daily history of one count. The slices besides Counts may be nil; otherwise they are as long.
type Series struct {
	Counts   []float64
	First    time.Weekday // of Counts[0]
	Weekless bool         // the buckets are not days: there is no weekly pattern
	Holiday  []bool       // days that are not like others of their weekday
	Masked   []bool       // days on which we could not hear: neither learnt from nor tested
	Weight   []float64    // say of a day in the baseline, 0 (a known campaign) to 1; nil: 1 each
	Exposure []float64    // what the mean is proportional to, as all mentions for negative ones; days of 0 are masked; nil: 1 each
}

func (s *Series) weekday(i int) int { return (int(s.First) + i) % 7 }

func (s *Series) masked(i int) bool {
	return s.Masked != nil && s.Masked[i] || s.Exposure != nil && !(s.Exposure[i] > 0)
}

func (s *Series) weight(i int) float64 {
	switch {
	case s.masked(i):
		return 0
	case s.Weight != nil:
		return min(max(s.Weight[i], 0), 1)
	}
	return 1
}

func (s *Series) exposure(i int) float64 {
	if s.Exposure != nil {
		return s.Exposure[i]
	}
	return 1
}

// Columns of the daily model. All but the intercept are shrunk towards "no effect" by a normal prior, so that a series of
// two posts a day and one of two hundred need no different models: what the data cannot tell stays at its prior and its
// uncertainty enters the limits.
const (
	columnLevel = iota
	columnTrend
	columnHoliday
	columnWeekend
	columnWeekday // seven
	columns       = columnWeekday + 7
	weekless      = columnWeekend // the first columns, which a series without a weekly pattern has
)

// priorSD are the standard deviations of the effects on the log mean. A trend of .0025 a day is the typical slope of a
// yearly season of 20-25 %; over the five weeks from the middle of the baseline to today it moves the mean by 9 %.
var priorSD = [columns]float64{columnTrend: .0025, columnWeekend: .3, columnHoliday: .5,
	columnWeekday: .15, columnWeekday + 1: .15, columnWeekday + 2: .15, columnWeekday + 3: .15, columnWeekday + 4: .15, columnWeekday + 5: .15, columnWeekday + 6: .15}

// row is one day of the model: its few columns that are not zero.
type row struct {
	n      int
	column [5]int8
	value  [5]float64
}

func (s *Series) row(i, origin int) row {
	r := row{n: 2, column: [5]int8{columnLevel, columnTrend}, value: [5]float64{1, float64(i - origin), 1, 1, 1}}
	if !s.Weekless {
		d := s.weekday(i)
		r.column[r.n] = int8(columnWeekday + d)
		r.n++
		if d == int(time.Saturday) || d == int(time.Sunday) {
			r.column[r.n] = columnWeekend
			r.n++
		}
	}
	if s.Holiday != nil && s.Holiday[i] {
		r.column[r.n] = columnHoliday
		r.n++
	}
	return r
}

// baseline is the model of what is ordinary, fitted to the days before a gap.
type baseline struct {
	last    int // day of the baseline
	rows    []row
	y       []float64
	offset  []float64 // log exposure
	say     []float64 // weight the caller gave
	weight  []float64 // the same, with outbreaks taken away
	limit   []int     // count from which the day counted as an outbreak, 0 for one that did not
	mean    []float64
	used    int // columns
	origin  int // day at which the trend is 0
	beta    [columns]float64
	cov     matrix    // posterior covariance of beta
	phi     float64   // dispersion, at least 1
	spent   float64   // degrees of freedom the fit took
	squares []float64 // scratch
	grid    []dispersion
}

// dispersion is one possible value of phi and how probable it is.
type dispersion struct{ phi, weight float64 }

var baselines = sync.Pool{New: func() any { return &baseline{} }}

// learn selects the baseline of a day: up to most days with weight that end gap days before it.
func (b *baseline) learn(s *Series, last, most int) {
	b.rows, b.y, b.offset, b.say, b.weight, b.limit = b.rows[:0], b.y[:0], b.offset[:0], b.say[:0], b.weight[:0], b.limit[:0]
	first := max(0, last-most+1)
	b.last, b.origin, b.used = last, (first+last)/2, columns
	if s.Weekless {
		b.used = weekless
	}
	for i := first; i <= last; i++ {
		w := s.weight(i)
		if w == 0 {
			continue
		}
		b.rows = append(b.rows, s.row(i, b.origin))
		b.y = append(b.y, s.Counts[i])
		b.offset = append(b.offset, math.Log(s.exposure(i)))
		b.say, b.weight, b.limit = append(b.say, w), append(b.weight, w), append(b.limit, 0)
	}
	b.mean = slices.Grow(b.mean[:0], len(b.y))[:len(b.y)]
}

// pseudo is the count added to the level, so that a past of nothing but zeros still expects something one day (Jeffreys'
// prior of a Poisson mean).
const pseudo = .5

// fit estimates the effects for the current weights and dispersion by penalised iteratively reweighted least squares.
func (b *baseline) fit(phi float64) {
	var a matrix
	var score, step [columns]float64
	for range 30 {
		a, score = matrix{}, [columns]float64{}
		for i := range b.rows {
			r := &b.rows[i]
			eta := b.offset[i]
			for k := range r.n {
				eta += r.value[k] * b.beta[r.column[k]]
			}
			mu := math.Exp(min(max(eta, -30), 30))
			b.mean[i] = mu
			w := b.weight[i] / phi
			for k := range r.n {
				v := w * r.value[k]
				score[r.column[k]] += v * (b.y[i] - mu)
				for l := 0; l <= k; l++ {
					a[r.column[k]][r.column[l]] += v * mu * r.value[l]
				}
			}
		}
		for j := range b.used { // rows do not list their columns in order; the sums go below the diagonal
			for k := range j {
				a[j][k] += a[k][j]
			}
			if priorSD[j] > 0 {
				precision := 1 / (priorSD[j] * priorSD[j])
				a[j][j] += precision
				score[j] -= precision * b.beta[j]
			}
		}
		score[columnLevel] += pseudo / phi
		a[columnLevel][columnLevel] += 1e-9
		factor(&a, b.used)
		step = score
		solve(&a, &step, b.used)
		most := 0.0
		for j := range b.used {
			most = max(most, math.Abs(step[j]))
		}
		shrink := 1.0
		if most > 1 { // a Newton step from far away may overshoot
			shrink = 1 / most
		}
		for j := range b.used {
			b.beta[j] += shrink * step[j]
		}
		if most < 1e-4 { // the next step would be of the order of its square
			break
		}
	}
	invertFactored(&a, &b.cov, b.used)
	b.spent = 0
	for i := range b.rows {
		b.spent += b.weight[i] * b.mean[i] / phi * b.quadratic(&b.rows[i])
	}
}

func (b *baseline) quadratic(r *row) float64 {
	s := 0.0
	for k := range r.n {
		for l := range r.n {
			s += r.value[k] * r.value[l] * b.cov[r.column[k]][r.column[l]]
		}
	}
	return s
}

type matrix = [columns][columns]float64

// factor replaces the lower triangle of a symmetric positive definite matrix by its Cholesky factor.
func factor(a *matrix, n int) {
	for j := range n {
		for k := 0; k <= j; k++ {
			s := a[j][k]
			for i := range k {
				s -= a[j][i] * a[k][i]
			}
			if j == k {
				a[j][j] = math.Sqrt(max(s, 1e-12))
			} else {
				a[j][k] = s / a[k][k]
			}
		}
	}
}

// solve replaces v by the solution x of l l' x = v.
func solve(l *matrix, v *[columns]float64, n int) {
	for j := range n {
		for k := range j {
			v[j] -= l[j][k] * v[k]
		}
		v[j] /= l[j][j]
	}
	for j := n - 1; j >= 0; j-- {
		for k := j + 1; k < n; k++ {
			v[j] -= l[k][j] * v[k]
		}
		v[j] /= l[j][j]
	}
}

// invertFactored sets the inverse of l l'.
func invertFactored(l, inverse *matrix, n int) {
	var m matrix // l^-1
	for c := range n {
		m[c][c] = 1 / l[c][c]
		for j := c + 1; j < n; j++ {
			s := 0.0
			for i := c; i < j; i++ {
				s -= l[j][i] * m[i][c]
			}
			m[j][c] = s / l[j][j]
		}
	}
	for j := range n {
		for k := 0; k <= j; k++ {
			s := 0.0
			for i := j; i < n; i++ {
				s += m[i][j] * m[i][k]
			}
			inverse[j][k], inverse[k][j] = s, s
		}
	}
}

// pearson is the usual estimate of the dispersion, not below 1.
func (b *baseline) pearson() float64 {
	var chi, n float64
	for i, y := range b.y {
		chi += b.weight[i] * (y - b.mean[i]) * (y - b.mean[i]) / b.mean[i]
		n += b.weight[i]
	}
	return max(1, chi/max(n-b.spent, 1))
}

// estimate fits the model, takes away from past outbreaks their say and fits again.
func (b *baseline) estimate() {
	var sum, exposed float64
	for i, y := range b.y {
		sum += b.weight[i] * y
		exposed += b.weight[i] * math.Exp(b.offset[i])
	}
	b.beta = [columns]float64{math.Log((sum + pseudo) / exposed)}
	b.fit(1)
	b.phi = b.pearson()
	for range 3 {
		b.fit(b.phi)
		b.phi = b.pearson()
		if !b.suspect() {
			break
		}
	}
	b.weigh()
	b.phi = 0
	for _, g := range b.grid {
		b.phi += g.weight * g.phi
	}
	b.fit(b.phi)
	b.restore()
}

// suspect finds the past outbreaks and takes their weight away; it says whether there are others than before. A great one
// would hide behind the dispersion it causes itself, so the dispersion is believed only up to a bound that the bulk of the
// days sets.
func (b *baseline) suspect() (changed bool) {
	phi := min(b.phi, 6+2*b.bulk())
	for i, y := range b.y {
		mu := b.mean[i]
		limit := 0
		weight := b.say[i]
		// Anscombe's residual is quick; near the threshold the tail itself decides, or low counts look like outbreaks.
		if s := 1.5 * (math.Cbrt(y*y)/math.Pow(mu, 1./6) - math.Sqrt(mu)) / math.Sqrt(phi); s >= 2 {
			if c := (NegBin{mu, phi}).Quantile(1-outbreak) + 1; int(y) >= c {
				limit = c
				weight /= s * s
			}
		}
		changed = changed || (limit > 0) != (b.limit[i] > 0)
		b.limit[i], b.weight[i] = limit, weight
	}
	return changed
}

// bulk is the dispersion of the nine tenths of the days that are nearest to their means.
func (b *baseline) bulk() float64 {
	b.squares = b.squares[:0]
	for i, y := range b.y {
		b.squares = append(b.squares, (y-b.mean[i])*(y-b.mean[i])/b.mean[i])
	}
	slices.Sort(b.squares)
	n := len(b.squares) * 9 / 10
	sum := 0.0
	for _, x := range b.squares[:n] {
		sum += x
	}
	return sum / (.56 * float64(len(b.squares))) // .56 is what a standard normal has there
}

// restore raises the level by what taking weight away costs on average when there was no outbreak: the highest of
// ordinary days lose weight too.
func (b *baseline) restore() {
	mu := 0.0
	for _, m := range b.mean {
		mu += m / float64(len(b.mean))
	}
	const lost = .85 // of the weight, typically
	d := NegBin{mu, b.phi}
	c := d.Quantile(1-outbreak) + 1
	// The share of all counts that falls on such days, from their size-biased law. Where next to nothing is ever heard it
	// says little.
	share := min(NegBin{mu + b.phi - 1, b.phi}.Tail(c-1), .3)
	b.beta[columnLevel] += math.Log((1 - lost*min(d.Tail(c), share)) / (1 - lost*share))
}

// outbreak is the tail probability below which a past day loses weight: that of the residual of 2.58 which Noufaily and
// others (2013) chose.
const outbreak = .005

// atom is the prior weight of no overdispersion against one step of the grid. With less, counts that are merely Poisson
// get limits that are too wide, with more, those a little above get limits that are too narrow.
const atom = 3

// rise is the power of phi the prior rises with: a small count that varies shows less of it in eight weeks than it has.
const rise = .6

// wild is the dispersion from which on the counts themselves must speak for it: a silent series would else be compatible
// with any.
const wild = 12

// gridRatio is the distance of neighbouring values of phi that are weighed.
const gridRatio = 1.3

// weigh sets how probable each dispersion is, given the counts and a prior.
func (b *baseline) weigh() {
	b.grid = b.grid[:0]
	start := int(math.Round(math.Log(b.phi) / math.Log(gridRatio)))
	best := math.Inf(-1)
	add := func(k int) bool {
		phi := math.Pow(gridRatio, float64(k))
		l := b.likelihood(phi)
		if k == 0 {
			l += math.Log(atom)
		}
		l += rise * math.Log(min(phi, wild))
		if phi > wild {
			l -= 2 * math.Log(phi/wild)
		}
		best = max(best, l)
		b.grid = append(b.grid, dispersion{phi, l})
		return l > best-5
	}
	for k := start; k >= 0 && add(k); k-- {
	}
	for k := start + 1; add(k) && k < start+40; k++ {
	}
	sum := 0.0
	for i := range b.grid {
		b.grid[i].weight = math.Exp(b.grid[i].weight - best)
		sum += b.grid[i].weight
	}
	kept := b.grid[:0]
	for _, g := range b.grid {
		if g.weight /= sum; g.weight > .005 {
			kept = append(kept, g)
		}
	}
	b.grid = kept
	sum = 0
	for _, g := range b.grid {
		sum += g.weight
	}
	for i := range b.grid {
		b.grid[i].weight /= sum
	}
}

// likelihood is the log-likelihood of phi up to a constant, corrected for the effects estimated from the same counts (Cox
// and Reid 1987).
func (b *baseline) likelihood(phi float64) float64 {
	up, down := math.Log1p(-1/phi), math.Log(phi)
	l := b.spent / 2 * down
	for i, y := range b.y {
		mu := b.mean[i]
		switch c := b.limit[i]; {
		case c > 0: // of an outbreak only that it was one counts, and the less the surer it was not an ordinary day
			l += min(b.say[i], 9*b.weight[i]) * math.Log(NegBin{mu, phi}.Tail(c))
		case phi == 1:
			l += b.say[i] * (y*math.Log(mu) - mu)
		default:
			n := mu / (phi - 1)
			l += b.say[i] * (rising(n, int(y)) - n*down + y*up)
		}
	}
	return l
}

// rising returns log n(n+1)...(n+y-1).
func rising(n float64, y int) float64 {
	product := 1.0
	k := 0
	for ; k < y && (y <= 20 || n+float64(k) < 10); k++ {
		product *= n + float64(k)
	}
	l := math.Log(product)
	if k < y {
		l += stirling(n+float64(y)) - stirling(n+float64(k))
	}
	return l
}

// stirling is the logarithm of the gamma function at x >= 10, up to a constant.
func stirling(x float64) float64 {
	r := 1 / x
	return (x-.5)*math.Log(x) - x + r*(1./12-r*r*(1./360-r*r/1260))
}

// prediction is the distribution of a count to come: a mixture over the dispersion of negative binomials whose variance
// contains the uncertainty of the mean.
type prediction struct {
	mean, uncertainty float64 // uncertainty: relative variance of the mean
	grid              []dispersion
}

// predict returns the distribution of the sum of the counts of the given days, of which the last is heard to a fraction.
func (b *baseline) predict(s *Series, days []int, fraction float64) prediction {
	var gradient [columns]float64
	p := prediction{grid: b.grid}
	for n, i := range days {
		r := s.row(i, b.origin)
		eta := math.Log(s.exposure(i))
		for k := range r.n {
			eta += r.value[k] * b.beta[r.column[k]]
		}
		mu := math.Exp(min(max(eta, -30), 30))
		if n == len(days)-1 {
			mu *= fraction
		}
		p.mean += mu
		for k := range r.n {
			gradient[r.column[k]] += mu * r.value[k]
		}
	}
	for j := range b.used {
		for k := range b.used {
			p.uncertainty += gradient[j] * gradient[k] * b.cov[j][k]
		}
	}
	p.uncertainty /= p.mean * p.mean
	return p
}

func (p *prediction) law(phi float64) NegBin { return NegBin{p.mean, phi + p.mean*p.uncertainty} }

// tails returns P(Y > k) and P(Y = k).
func (p *prediction) tails(k int) (above, at float64) {
	for _, g := range p.grid {
		d := p.law(g.phi)
		above += g.weight * d.Tail(k+1)
		at += g.weight * math.Exp(d.LogProbability(k))
	}
	return above, at
}

// upper returns the largest count whose chance to be reached is above alpha.
func (p *prediction) upper(alpha float64) float64 {
	variance := 0.0
	for _, g := range p.grid {
		variance += g.weight * p.law(g.phi).Phi * p.mean
	}
	return float64(quantile(1-alpha, p.mean, math.Sqrt(variance), func(k int) float64 {
		above, _ := p.tails(k)
		return above
	}))
}
