package stats

import (
	"fmt"
	"math"
	"time"
)

// FarringtonOptions are the settings of R's farringtonFlexible, under its names. The zero value of a field is R's default
// where one is said.
type FarringtonOptions struct {
	B                    int     // years to go back; 5
	W                    int     // half width of the window around the same bucket of earlier years; 3
	NoPeriods            int     // seasonal levels; 1 is the window alone
	NoReweight           bool    // do not take weight away from past outbreaks
	WeightsThreshold     float64 // residual above which a past bucket loses weight; 2.58
	NoTrend              bool
	PThresholdTrend      float64 // a trend must be this significant; 0.05
	PastWeeksNotIncluded *int    // buckets before the current one left out of the baseline; W
	ThresholdMethod      string  // "delta", "nbPlugin" or "muan"; "delta"
	PowerTrans           string  // for delta: "2/3", "1/2" or "none"; "2/3"
	Alpha                float64 // chance of exceeding the limit when nothing changed; 0.05
	Limit54              *[2]int // no alarm below [0] cases in the last [1] buckets; {5, 4}

	Freq  int         // buckets a year; 52
	Dates []time.Time // start of each bucket, or nil when buckets are only numbered; weeks and months then follow the calendar
	From  int         // first bucket tested; the first with B full years when 0
}

// FarringtonVerdict is a Verdict with what R's farringtonFlexible says besides.
type FarringtonVerdict struct {
	Verdict
	Mu0       float64 // mean behind the limit: Expected for nbPlugin, its upper confidence bound for muan
	Phi       float64 // dispersion, at least 1
	Trend     bool    // whether the model kept a trend
	TrendCoef float64 // change of the log mean a bucket, NaN without
	Score     float64 // 1 at the limit
}

func (o *FarringtonOptions) defaults() error {
	set := func(v *int, d int) {
		if *v == 0 {
			*v = d
		}
	}
	set(&o.B, 5)
	set(&o.W, 3)
	set(&o.NoPeriods, 1)
	set(&o.Freq, 52)
	if o.WeightsThreshold == 0 {
		o.WeightsThreshold = 2.58
	}
	if o.PThresholdTrend == 0 {
		o.PThresholdTrend = .05
	}
	if o.Alpha == 0 {
		o.Alpha = .05
	}
	if o.PastWeeksNotIncluded == nil {
		o.PastWeeksNotIncluded = &o.W
	}
	if o.Limit54 == nil {
		o.Limit54 = &[2]int{5, 4}
	}
	if o.ThresholdMethod == "" {
		o.ThresholdMethod = "delta"
	}
	if o.PowerTrans == "" {
		o.PowerTrans = "2/3"
	}
	switch o.ThresholdMethod {
	case "delta", "nbPlugin", "muan":
	default:
		return fmt.Errorf("thresholdMethod %q: want delta, nbPlugin or muan", o.ThresholdMethod)
	}
	switch o.PowerTrans {
	case "2/3", "1/2", "none":
	default:
		return fmt.Errorf("powertrans %q: want 2/3, 1/2 or none", o.PowerTrans)
	}
	if o.B < 1 || o.W < 0 || o.NoPeriods < 1 || o.Alpha <= 0 || o.Alpha >= 1 {
		return fmt.Errorf("b %d, w %d, noPeriods %d, alpha %v: want b >= 1, w >= 0, noPeriods >= 1, 0 < alpha < 1", o.B, o.W, o.NoPeriods, o.Alpha)
	}
	return nil
}

// Farrington tests each bucket against a quasi-Poisson model of the same season in earlier years (Farrington and others
// 1996, Noufaily and others 2013), exactly as R's farringtonFlexible. A bucket whose model cannot be fitted is not
// alarming and has NaN for what is not known.
func Farrington(counts []float64, o FarringtonOptions) ([]FarringtonVerdict, error) {
	if err := o.defaults(); err != nil {
		return nil, err
	}
	if o.Dates != nil && len(o.Dates) != len(counts) {
		return nil, fmt.Errorf("%d dates for %d counts", len(o.Dates), len(counts))
	}
	from := o.From
	if from == 0 {
		from = o.B*o.Freq + o.W + 1
	}
	var out []FarringtonVerdict
	for t := from; t < len(counts); t++ {
		out = append(out, o.test(counts, t))
	}
	return out, nil
}

func (o *FarringtonOptions) test(counts []float64, t int) FarringtonVerdict {
	v := FarringtonVerdict{Verdict: Verdict{Index: t, Observed: counts[t], Expected: math.NaN(), Upper: math.NaN(), P: math.NaN()},
		Mu0: math.NaN(), Phi: math.NaN(), TrendCoef: math.NaN()}
	levels := o.seasons(t)
	if levels == nil {
		return v
	}
	var buckets []int
	for i := 0; i < t-*o.PastWeeksNotIncluded; i++ {
		if levels[i] > 0 {
			buckets = append(buckets, i)
		}
	}
	fit := func(trend bool) (*farringtonFit, error) { return o.fit(counts, buckets, levels, t, trend) }
	m, err := fit(!o.NoTrend)
	if !o.NoTrend {
		highest := 0.0
		for _, i := range buckets {
			highest = max(highest, counts[i])
		}
		if err != nil || o.B < 3 || !(m.trendP < o.PThresholdTrend) && o.PThresholdTrend < 1 || m.expected > highest {
			m, err = fit(false)
		}
	}
	if err != nil {
		return v
	}
	v.Expected, v.Mu0, v.Phi, v.Trend = m.expected, m.expected, m.phi, m.trend
	if m.trend {
		v.TrendCoef = m.beta[1]
	}
	o.limit(&v, m)
	recent := 0.0
	for i := max(0, t-o.Limit54[1]+1); i <= t; i++ {
		recent += counts[i]
	}
	if recent < float64(o.Limit54[0]) {
		v.Upper = math.NaN()
		return v
	}
	v.Alarm = v.Observed > v.Upper
	return v
}

// seasons assigns a seasonal level to each bucket up to t: NoPeriods to the windows around t and the same bucket of
// earlier years, 1 to NoPeriods-1 to equal parts of the time between, 0 to what is not used. It returns nil where the
// history is too short.
func (o *FarringtonOptions) seasons(t int) []int {
	levels := make([]int, t+1)
	next := t
	for i := max(0, t-o.W); i <= t; i++ {
		levels[i] = o.NoPeriods
	}
	for b := 1; b <= o.B; b++ {
		ref := o.yearsBefore(t, b)
		if ref-o.W < 0 {
			return nil
		}
		for i := ref - o.W; i <= ref+o.W; i++ {
			levels[i] = o.NoPeriods
		}
		if p := o.NoPeriods - 1; p > 0 {
			between := next - ref - 2*o.W - 1
			i := ref + o.W + 1
			for j := range p {
				size := between / p
				if j < between%p { // the first parts take the rest of the division
					size++
				}
				for range size {
					levels[i] = j + 1
					i++
				}
			}
		}
		next = ref
	}
	return levels
}

// yearsBefore returns the bucket that corresponds to t, b years earlier, or -1.
func (o *FarringtonOptions) yearsBefore(t, b int) int {
	if o.Dates == nil {
		return t - b*o.Freq
	}
	want := o.Dates[t].AddDate(-b, 0, 0)
	best := -1
	for i := t - 1; i >= 0; i-- { // weeks: the nearest one that begins on the same weekday
		if best < 0 || o.Dates[i].Sub(want).Abs() < o.Dates[best].Sub(want).Abs() {
			best = i
		} else {
			break
		}
	}
	if best == 0 && o.Dates[0].Sub(want) > 4*24*time.Hour {
		return -1
	}
	return best
}

type farringtonFit struct {
	*logLinear
	trend    bool
	trendP   float64
	phi      float64
	eta      float64 // log of the expected count
	expected float64
	se       float64 // of eta
}

func (o *FarringtonOptions) fit(counts []float64, buckets, levels []int, t int, trend bool) (*farringtonFit, error) {
	present := map[int]int{} // level -> column; the first level present is the reference
	columns := 1
	if trend {
		columns++
	}
	for l := 1; l <= o.NoPeriods; l++ {
		for _, i := range buckets {
			if levels[i] == l {
				if len(present) > 0 {
					present[l] = columns
					columns++
				} else {
					present[l] = -1
				}
				break
			}
		}
	}
	if _, ok := present[o.NoPeriods]; !ok {
		return nil, errNoFit
	}
	row := func(i, level int) []float64 {
		r := make([]float64, columns)
		r[0] = 1
		if trend {
			r[1] = o.clock(i) - o.clock(buckets[0])
		}
		if c := present[level]; c > 0 {
			r[c] = 1
		}
		return r
	}
	x, y, w := make([][]float64, len(buckets)), make([]float64, len(buckets)), make([]float64, len(buckets))
	for k, i := range buckets {
		x[k], y[k], w[k] = row(i, levels[i]), counts[i], 1
	}
	m, err := fitLogLinear(x, y, w)
	if err != nil {
		return nil, err
	}
	phi := max(m.dispersion(), 1)
	dispersion := m.dispersion()
	if !o.NoReweight {
		w = downWeight(m.anscombe(phi), o.WeightsThreshold)
		if m, err = fitLogLinear(x, y, w); err != nil {
			return nil, err
		}
		phi = max(m.dispersion(), 1)
		dispersion = 0
		for i := range y { // R loses the working weights here and goes on with the prior ones
			r := (y[i] - m.mean[i]) / m.mean[i]
			dispersion += w[i] * r * r / float64(m.df)
		}
	}
	f := &farringtonFit{logLinear: m, trend: trend, phi: phi, trendP: 1}
	now := row(t, o.NoPeriods)
	f.eta = dot(now, m.beta)
	f.expected = math.Exp(f.eta)
	f.se = math.Sqrt(dispersion * quadratic(m.cov, now))
	if trend {
		f.trendP = StudentTail(m.beta[1]/math.Sqrt(dispersion*m.cov[1][1]), float64(m.df))
	}
	return f, nil
}

// clock is the time of bucket i in buckets.
func (o *FarringtonOptions) clock(i int) float64 {
	if o.Dates == nil {
		return float64(i)
	}
	return float64(o.Dates[i].Sub(o.Dates[0])) / float64(o.Dates[1].Sub(o.Dates[0]))
}

// limit sets the upper bound, the p-value and the score.
func (o *FarringtonOptions) limit(v *FarringtonVerdict, m *farringtonFit) {
	z := NormalQuantile(1 - o.Alpha)
	switch o.ThresholdMethod {
	case "delta":
		se := m.expected * m.se
		tau := m.phi + se*se/m.expected
		exponent, sd := 2./3, math.Sqrt(4./9*math.Cbrt(m.expected)*tau)
		switch o.PowerTrans {
		case "1/2":
			exponent, sd = .5, math.Sqrt(tau/4)
		case "none":
			exponent, sd = 1, math.Sqrt(m.expected*tau)
		}
		center := math.Pow(m.expected, exponent)
		v.Upper = math.Pow(max(0, center+z*sd), 1/exponent)
		v.P = NormalTail((math.Pow(v.Observed, exponent) - center) / sd)
		v.Mu0 = math.Exp(m.expected + z*se) // R takes the exponential of what is not a logarithm; nothing depends on it
		v.Score = (v.Observed - m.expected) / (v.Upper - m.expected)
	default:
		d := NegBin{Mean: m.expected, Phi: m.phi}
		if o.ThresholdMethod == "muan" {
			d.Mean = math.Exp(m.eta + z*m.se)
		}
		v.Mu0 = d.Mean
		v.Upper = float64(d.Quantile(1 - o.Alpha))
		v.P = d.Tail(int(v.Observed))
		v.Score = (v.Observed - m.eta) / (v.Upper - m.eta) // on the scale of the link, as R has it
	}
}
