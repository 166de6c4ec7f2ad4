package stats

import (
	"fmt"
	"math"
)

// CUSUMOptions are the settings of the cumulative sum chart of standardised counts, with the names of R's cusum.
type CUSUMOptions struct {
	K     float64 // reference value: half the shift to be found, in standard deviations
	H     float64 // decision limit
	Trans string  // "standard": (x-m)/sqrt(m); "rossi": (x-3m+2 sqrt(xm))/(2 sqrt(m)) (Rossi and others 1999)
	Mean  float64 // in-control mean m
}

// CUSUM charts S = max(0, S + z - K) over counts and alarms where S >= H; it does not reset. Upper is the count at which
// the bucket would have alarmed.
func CUSUM(counts []float64, o CUSUMOptions) ([]Verdict, error) {
	if o.Mean <= 0 {
		return nil, fmt.Errorf("CUSUM mean %v: want above 0", o.Mean)
	}
	root := math.Sqrt(o.Mean)
	var z func(x float64) float64
	switch o.Trans {
	case "standard":
		z = func(x float64) float64 { return (x - o.Mean) / root }
	case "rossi":
		z = func(x float64) float64 { return (x - 3*o.Mean + 2*math.Sqrt(x*o.Mean)) / (2 * root) }
	default:
		return nil, fmt.Errorf("CUSUM transformation %q: want standard or rossi", o.Trans)
	}
	var out []Verdict
	s := 0.0
	for t, x := range counts {
		limit := o.H + o.K - s // the z that just alarms
		s = max(0, s+z(x)-o.K)
		v := Verdict{Index: t, Observed: x, Expected: o.Mean, P: math.NaN(), Alarm: s >= o.H}
		if o.Trans == "standard" {
			v.Upper = max(0, math.Ceil(o.Mean+limit*root))
		} else if inner := 4*o.Mean + 2*root*limit; inner > 0 { // the transformation solved for sqrt(x)
			v.Upper = math.Pow(max(0, math.Sqrt(inner)-root), 2)
		}
		out = append(out, v)
	}
	return out, nil
}

// LROptions are the settings of a likelihood-ratio chart for a rise of the mean by the factor exp(Theta).
type LROptions struct {
	Mean  func(t int) float64 // in-control mean of bucket t, above 0
	Theta float64             // log of the factor; 0: generalised, the likeliest factor above 1 for each possible onset
	Alpha float64             // dispersion of the negative binomial, 1/size; 0: Poisson
	Limit float64             // alarm where the chart exceeds it; then it starts anew (R's c.ARL)
}

// LR charts the log-likelihood ratio of a rise against no change (Hoehle and Paul 2008): the CUSUM of a fixed factor, or,
// generalised, the greatest ratio over all onsets since the last alarm. Upper is the value of the chart.
func LR(counts []float64, o LROptions) []Verdict {
	out := make([]Verdict, len(counts))
	start := 0
	s := 0.0
	for t, x := range counts {
		m := o.Mean(t)
		if o.Theta != 0 {
			s = max(0, s+o.ratio(x, m, o.Theta))
		} else {
			s = o.generalised(counts[start:t+1], start)
		}
		out[t] = Verdict{Index: t, Observed: x, Expected: m, P: math.NaN(), Upper: s, Alarm: s > o.Limit}
		if s > o.Limit {
			s, start = 0, t+1
		}
	}
	return out
}

// ratio is log f(x; m exp(theta)) - log f(x; m).
func (o LROptions) ratio(x, m, theta float64) float64 {
	if o.Alpha == 0 {
		return x*theta - m*math.Expm1(theta)
	}
	return x*theta + (x+1/o.Alpha)*math.Log((1+o.Alpha*m)/(1+o.Alpha*m*math.Exp(theta)))
}

// generalised returns the greatest ratio over the onsets in window, whose first bucket is number from.
func (o LROptions) generalised(window []float64, from int) float64 {
	best := 0.0
	for k := len(window) - 1; k >= 0; k-- {
		if theta := o.likeliest(window[k:], from+k); theta > 0 {
			sum := 0.0
			for i, x := range window[k:] {
				sum += o.ratio(x, o.Mean(from+k+i), theta)
			}
			best = max(best, sum)
		}
	}
	return best
}

// likeliest returns the log factor that makes the counts likeliest: the root of the score, which falls in theta.
func (o LROptions) likeliest(counts []float64, from int) float64 {
	var sum, means float64
	for i, x := range counts {
		sum += x
		means += o.Mean(from + i)
	}
	if sum <= means && o.Alpha == 0 || sum == 0 {
		return 0
	}
	theta := math.Log(sum / means) // exact for Poisson, and for a constant mean
	if o.Alpha == 0 {
		return theta
	}
	for range 50 {
		var score, slope float64
		for i, x := range counts {
			m := o.Mean(from+i) * math.Exp(theta)
			score += (x - m) / (1 + o.Alpha*m)
			slope += m * (1 + o.Alpha*x) / ((1 + o.Alpha*m) * (1 + o.Alpha*m))
		}
		step := score / slope
		theta += step
		if math.Abs(step) < 1e-10 {
			break
		}
	}
	return theta
}

// BinomialCUSUM charts the log-likelihood ratio of a share whose odds rose by OddsRatio against the share Baseline: the
// chart of negative mentions among all. It returns the increments and the chart.
func BinomialCUSUM(hits, totals []int, baseline, oddsRatio float64) (increments, chart []float64) {
	p1 := oddsRatio * baseline / (1 - baseline + oddsRatio*baseline)
	up, down := math.Log(p1/baseline), math.Log((1-p1)/(1-baseline))
	s := 0.0
	for i, y := range hits {
		llr := float64(y)*up + float64(totals[i]-y)*down
		s = max(0, s+llr)
		increments, chart = append(increments, llr), append(chart, s)
	}
	return increments, chart
}

// RKIOptions are the settings of the Robert Koch Institute's test, with the names of R's algo.rki: baselines are W
// buckets before the current one in the same year (ActY) and 2W+1 around the same bucket of the B years before.
type RKIOptions struct {
	B, W   int
	ActY   bool
	Period int // buckets a year
	From   int // first bucket tested
}

// poissonLimit holds Crow and Gardner's (1959) upper 95 % limits for a Poisson count of 0 to 20.
var poissonLimit = [...]float64{3.285, 5.323, 6.686, 8.102, 9.598, 11.177, 12.817, 13.765, 14.921, 16.768, 17.633, 19.050,
	20.335, 21.364, 22.945, 23.762, 25.400, 26.306, 27.735, 28.966, 30.017}

// RKI compares each bucket with its baseline: Poisson limits up to a mean of 20, mean + 2 sd above.
func RKI(counts []float64, o RKIOptions) []Verdict {
	var out []Verdict
	for t := o.From; t < len(counts); t++ {
		var base []float64
		for b := 1; b <= o.B; b++ {
			mid := t - b*o.Period
			base = append(base, counts[max(0, mid-o.W):mid+o.W+1]...)
		}
		if o.ActY {
			base = append(base, counts[max(0, t-o.W):t]...)
		}
		var mean, ss float64
		for _, x := range base {
			mean += x
		}
		mean /= float64(len(base))
		for _, x := range base {
			ss += (x - mean) * (x - mean)
		}
		v := Verdict{Index: t, Observed: counts[t], Expected: mean, P: math.NaN()}
		if mean > 20 {
			v.Upper = mean + 2*math.Sqrt(ss/float64(len(base)-1))
		} else {
			v.Upper = poissonLimit[int(mean)]
		}
		v.Alarm = v.Observed > v.Upper
		out = append(out, v)
	}
	return out
}
