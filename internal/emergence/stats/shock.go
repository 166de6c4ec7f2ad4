package stats

import "math"

// ShockOptions are the settings of the daily tests. Zero values are the defaults said.
type ShockOptions struct {
	History  int     // days in the baseline; 56
	Gap      int     // days between the baseline and today, which may already be part of a rise; 7
	Alpha    float64 // chance of an alarm on a day when nothing changed; 0.01
	Fraction float64 // of today's count that should have arrived by now, from the delay distribution; 1
}

const (
	// LeastHistory is how many days must be known before anything is tested.
	LeastHistory = 28
	// LeastFraction is the smallest expected share of a day's count that is tested.
	LeastFraction = .5
)

func (o *ShockOptions) defaults() {
	if o.History == 0 {
		o.History = 56
	}
	if o.Gap == 0 {
		o.Gap = 7
	}
	if o.Alpha == 0 {
		o.Alpha = .01
	}
	if o.Fraction == 0 {
		o.Fraction = 1
	}
}

// ShockVerdict is what the shock test says of a day. When it was not Tested, all numbers but Index and Observed are NaN.
type ShockVerdict struct {
	Verdict             // P is the chance of such a count or a higher one; Alarm is P <= Alpha
	MidP        float64 // chance of a higher count and half that of the same: to combine tests with
	Above       float64 // chance of a higher count: Above + u (P - Above) is uniform for a uniform u when nothing changed
	Phi         float64 // dispersion of the baseline, at least 1
	SE          float64 // standard error of the logarithm of Expected
	Days        int     // in the baseline
	Provisional bool    // fewer days in the baseline than three quarters of History
	Tested      bool
}

// Shock tests whether today's count is higher than the weeks before let expect. It looks at days up to today only.
func Shock(s Series, today int, o ShockOptions) ShockVerdict {
	b := baselines.Get().(*baseline)
	defer baselines.Put(b)
	return b.shock(&s, today, &o)
}

func (b *baseline) shock(s *Series, today int, o *ShockOptions) ShockVerdict {
	o.defaults()
	v := untested(s, today)
	if !b.prepare(s, today, o) {
		return v
	}
	p := b.predict(s, []int{today}, o.Fraction)
	above, at := p.tails(int(v.Observed))
	v.Expected, v.Upper = p.mean, p.upper(o.Alpha)
	v.Above, v.MidP, v.P = above, above+at/2, min(above+at, 1)
	v.Phi, v.SE, v.Days = b.phi, math.Sqrt(p.uncertainty), len(b.y)
	v.Provisional = len(b.y) < o.History*3/4
	v.Tested = true
	v.Alarm = v.P <= o.Alpha
	return v
}

func untested(s *Series, today int) ShockVerdict {
	nan := math.NaN()
	return ShockVerdict{Verdict: Verdict{Index: today, Observed: s.Counts[today], Expected: nan, Upper: nan, P: nan}, MidP: nan, Above: nan, Phi: nan, SE: nan}
}

// prepare fits the baseline of a day and says whether the day can be tested. A young series has a shorter gap.
func (b *baseline) prepare(s *Series, today int, o *ShockOptions) bool {
	if today < LeastHistory || s.masked(today) || o.Fraction < LeastFraction {
		return false
	}
	b.learn(s, today-1-min(o.Gap, today-LeastHistory), o.History)
	if len(b.y) < LeastHistory/2 {
		return false
	}
	b.estimate()
	return true
}
