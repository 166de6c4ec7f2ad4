package stats

import "math"

// DriftVerdict is what the drift test says of a day.
type DriftVerdict struct {
	Verdict      // Observed, Expected and Upper are of the sum of the last Days days; P is corrected for the choice of Days
	Days    int  // since the likeliest onset of a rise
	Tested  bool // NaN numbers otherwise
}

// driftWindow is the longest rise looked for: the days that are not in the baseline.
const driftWindow = 8

// Drift tests whether the counts since some day of the last week, together, are higher than the weeks before let expect.
func Drift(s Series, today int, o ShockOptions) DriftVerdict {
	return Daily(s, today, o).Drift
}

// DailyVerdict joins both tests of a day.
type DailyVerdict struct {
	Shock ShockVerdict
	Drift DriftVerdict
	P     float64 // of both together: chance of a verdict as extreme by either when nothing changed
	Alarm bool    // P <= Alpha
}

// Daily runs the shock and the drift test on one baseline.
func Daily(s Series, today int, o ShockOptions) DailyVerdict {
	b := baselines.Get().(*baseline)
	defer baselines.Put(b)
	d := DailyVerdict{Shock: b.shock(&s, today, &o), P: math.NaN()}
	nan := math.NaN()
	d.Drift = DriftVerdict{Verdict: Verdict{Index: today, Observed: nan, Expected: nan, Upper: nan, P: nan}}
	if !d.Shock.Tested {
		return d
	}
	d.Drift.Tested = true
	d.P = d.Shock.MidP
	least := 1.0
	var days [driftWindow]int
	n := 0
	sum := 0.0
	for i := today; i >= 0 && i > today-driftWindow; i-- {
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
		above, at := p.tails(int(sum))
		if mid := above + at/2; mid < least {
			least = mid
			d.Drift.Days, d.Drift.Observed, d.Drift.Expected = today-i+1, sum, p.mean
		}
	}
	d.Drift.P = least
	d.P = min(d.P, least)
	d.Alarm = d.P <= o.Alpha
	return d
}
