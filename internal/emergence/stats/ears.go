package stats

import (
	"fmt"
	"math"
)

// Verdict is what a detector says of one bucket of a series.
type Verdict struct {
	Index    int     // of the bucket, from 0
	Observed float64 // count
	Expected float64 // count expected, NaN where the method has none
	Upper    float64 // the largest count that is not alarming, or the statistic of a chart
	P        float64 // chance of a count as high or higher when nothing changed, NaN where the method has none
	Alarm    bool
}

// EARSOptions are the settings of the Early Aberration Reporting System's tests, with the names of R's earsC.
type EARSOptions struct {
	Method   string  // "C1", "C2" or "C3"
	Baseline int     // buckets in the baseline; 7 when 0
	MinSigma float64 // least standard deviation
	Alpha    float64 // 0.001 (C1, C2) or 0.025 (C3) when 0
}

// EARS tests every bucket that has a full baseline (Hutwagner and others 2003). C1 compares with the buckets just
// before, C2 leaves a gap of two, C3 adds up the excess of the last three C2 statistics.
func EARS(counts []float64, o EARSOptions) ([]Verdict, error) {
	if o.Baseline == 0 {
		o.Baseline = 7
	}
	lag, first := 0, o.Baseline
	switch o.Method {
	case "C1":
	case "C2":
		lag, first = 2, o.Baseline+2
	case "C3":
		lag, first = 2, o.Baseline+4
	default:
		return nil, fmt.Errorf("EARS method %q: want C1, C2 or C3", o.Method)
	}
	if o.Baseline < 2 {
		return nil, fmt.Errorf("EARS baseline %d: want at least 2", o.Baseline)
	}
	if o.Alpha == 0 {
		o.Alpha = .001
		if o.Method == "C3" {
			o.Alpha = .025
		}
	}
	z := -NormalQuantile(o.Alpha)
	var out []Verdict
	for t := first; t < len(counts); t++ {
		mean, sd := o.baseline(counts, t, lag)
		v := Verdict{Index: t, Observed: counts[t], Expected: mean, P: NormalTail((counts[t] - mean) / sd)}
		limit := z
		if o.Method == "C3" {
			v.P = math.NaN() // a sum of truncated statistics has no simple law
			mean = counts[t] // as R has it: the limit is the count plus what the sum still lacks
			for i := 1; i <= 2; i++ {
				m, s := o.baseline(counts, t-i, lag)
				if s > 0 {
					limit -= max(0, (counts[t-i]-m)/s-1)
				}
			}
		}
		v.Upper = max(0, mean+limit*sd)
		v.Alarm = v.Observed > v.Upper
		out = append(out, v)
	}
	return out, nil
}

// baseline returns mean and standard deviation of the buckets before t, with a gap of lag buckets.
func (o EARSOptions) baseline(counts []float64, t, lag int) (mean, sd float64) {
	window := counts[t-lag-o.Baseline : t-lag]
	for _, c := range window {
		mean += c
	}
	mean /= float64(len(window))
	for _, c := range window {
		sd += (c - mean) * (c - mean)
	}
	return mean, max(o.MinSigma, math.Sqrt(sd/float64(len(window)-1)))
}
