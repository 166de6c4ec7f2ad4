package stats

import "math"

// DriftVerdict is what the drift test says of a day. Observed, Expected and Upper are of the sum of the last Days days.
type DriftVerdict struct {
	Verdict
	Days   int  // since the likeliest onset of a rise
	Tested bool // the numbers are NaN otherwise
}

// driftWindow is the longest rise looked for: the days that are not in the baseline.
const driftWindow = 8

// Drift tests whether the counts since some day of the last week, taken together, are higher than the weeks before let
// expect. It is a cumulative sum over all possible onsets, each judged by its own tail probability rather than by one
// limit: so it needs no state, keeps its rate at every level and dispersion, and has a p-value for each day.
func Drift(s Series, today int, o ShockOptions) DriftVerdict { return Daily(s, today, o).Drift }

// DailyVerdict joins both tests of a day.
type DailyVerdict struct {
	Shock ShockVerdict
	Drift DriftVerdict
	P     float64 // chance of as extreme a verdict by either test when nothing changed
	Alarm bool    // P <= Alpha
}

// Daily runs the shock and the drift test on one baseline. Its P is the one to control false discoveries with.
func Daily(s Series, today int, o ShockOptions) DailyVerdict {
	b := baselines.Get().(*baseline)
	defer baselines.Put(b)
	nan := math.NaN()
	d := DailyVerdict{Shock: b.shock(&s, today, &o), P: nan}
	d.Drift = DriftVerdict{Verdict: Verdict{Index: today, Observed: nan, Expected: nan, Upper: nan, P: nan}}
	if !d.Shock.Tested {
		return d
	}
	least, likeliest := 1.0, prediction{}
	var days [driftWindow]int
	n, sum := 0, 0.0
	for i := today; i > b.last && i > today-driftWindow; i-- {
		if s.masked(i) {
			continue
		}
		n++
		days[driftWindow-n] = i
		sum += s.Counts[i]
		if n == 1 {
			continue
		}
		p := b.predict(&s, days[driftWindow-n:], o.Fraction)
		mid := 1.0
		if sum > p.mean { // else there is no rise to weigh
			above, at := p.tails(int(sum))
			mid = above + at/2
		}
		if n == 2 || mid < least {
			least, likeliest = mid, p
			d.Drift.Days, d.Drift.Observed = n, sum
		}
	}
	if n < 2 {
		d.P = scanned(d.Shock.MidP)
		d.Alarm = d.P <= o.Alpha
		return d
	}
	d.Drift.Tested = true
	d.Drift.Expected, d.Drift.P = likeliest.mean, scanned(least)
	d.Drift.Upper = likeliest.upper(unscanned(o.Alpha))
	d.Drift.Alarm = d.Drift.P <= o.Alpha
	d.P = scanned(min(single*d.Shock.MidP, least))
	d.Alarm = d.P <= o.Alpha
	return d
}

// scan says how much more often the least of the eight p-values of a day falls below a level than one of them does:
// measured by simulation over levels of 0.5 to 200 a day and dispersions of 1 to 5 (docs/detectors.md). The eight depend
// on each other, so the factor is well below eight, and grows slowly towards small levels.
var scan = [...]struct{ log10, factor float64 }{{0, 1}, {-.523, 1.9}, {-1, 2.45}, {-1.523, 2.95}, {-2, 3.35}, {-2.523, 3.9}, {-3, 4.45}, {-3.523, 5.2}, {-8, 10}}

func scanned(p float64) float64 {
	x := math.Log10(max(p, 1e-300))
	for i := 1; i < len(scan); i++ {
		if a, b := scan[i-1], scan[i]; x >= b.log10 {
			return min(1, p*(a.factor+(b.factor-a.factor)*(a.log10-x)/(a.log10-b.log10)))
		}
	}
	return p * 10
}

// unscanned is the inverse of scanned.
func unscanned(p float64) float64 {
	lo, hi := p/10, p
	for range 40 {
		if mid := (lo + hi) / 2; scanned(mid) < p {
			lo = mid
		} else {
			hi = mid
		}
	}
	return (lo + hi) / 2
}

// single is by how much the p-value of today alone counts for less than that of a sum, because a rise that lasts is what
// is to be found: a rise of one day must be this much rarer.
const single = 3
