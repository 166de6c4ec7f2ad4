package emergence

import (
	"math"
	"time"

	"barometer/internal/barometer"
	"barometer/internal/emergence/stats"
)

// The tendencies.
const (
	TendencyRising  = "rising"
	TendencySteady  = "steady"
	TendencyFalling = "falling"
)

// What the pressure is made of, and the weight of each part.
const (
	byVolume   = iota // negative mentions
	byShare           // share of negative mentions
	bySeverity        // mentions about harm
	byBreadth         // different concerns in negative mentions
	parts
)

var partWeights = [parts]float64{byVolume: .4, byShare: .25, bySeverity: .2, byBreadth: .15}

const (
	historyDays = 56
	fullDays    = 28 // below, a reading is provisional
	leastDays   = 7  // below, there is none, unless the warm-up is set to less
	leastHeard  = .5
	leastScale  = .7
	// What the error of a weekday's factor adds to that of the index: only some parts depend on it, and it comes from all
	// mentions, of which there are more than negative ones.
	weekdayWeight = .17
	winsor        = 2.576 // what lies further out on a past day counts as this many standard deviations
	winsorFactor  = .9797 // what that leaves of the variance of normal values
)

// dayWindow is 24 hours of a series, ending at the same time of day as the reading.
type dayWindow struct {
	n, neg, sev, concerns float64
	heard                 float64
	weekday               int
	value                 [parts]float64
	index                 float64
}

// read computes the readings of an hour: percentiles of the last 24 hours among what is ordinary for this organisation at
// this time of day and week.
func (e *Engine) read(now int64, r *Result) {
	for _, n := range e.series.sortedNodes() {
		if n.Hours == nil {
			continue
		}
		x, ok := e.readNode(n, now)
		if !ok {
			continue
		}
		if n.Key == all {
			r.Readings = append(r.Readings, x)
		} else if e.cfg.Details {
			r.Details = append(r.Details, x)
		}
	}
}

// windows returns the 24 hours before now and those before earlier days at the same time, newest first. Days that could
// not be heard, that are marked as campaigns or that lie before the first post are left out.
func (e *Engine) windows(n *node, now int64) (today dayWindow, past []dayWindow, yesterday int) {
	s := e.series
	hour := now / hourMillis
	yesterday = -1
	for d := int64(0); d <= historyDays; d++ {
		to := hour - 24*d
		from := to - 24
		if from*hourMillis < e.First-hourMillis && d > 0 {
			break
		}
		w := dayWindow{heard: s.heard(from, to), weekday: int(time.UnixMilli((to - 12) * hourMillis).In(e.zone).Weekday())}
		if d > 0 && (w.heard < leastHeard || s.campaign(from, to)) {
			continue
		}
		c, concerns := n.sum(from, to)
		w.n, w.neg, w.sev, w.concerns = float64(c.N), float64(c.Neg), float64(c.Sev), float64(concerns)
		if d == 0 {
			today = w
			continue
		}
		if d == 1 {
			yesterday = 0
		}
		past = append(past, w)
	}
	return today, past, yesterday
}

func (e *Engine) readNode(n *node, now int64) (barometer.Reading, bool) {
	today, past, yesterday := e.windows(n, now)
	least := leastDays
	if e.cfg.Warmup < leastDays*span {
		least = 2
	}
	r := barometer.Reading{Organisation: e.org.ID, Scope: n.Key, At: time.UnixMilli(now).UTC(), Coverage: today.heard,
		Posts: uint32(today.n), Negative: uint32(today.neg), Severe: uint32(today.sev),
		Days: uint32(len(past)), Provisional: len(past) < fullDays, Tendency: TendencySteady}
	if len(past) < least {
		return r, false
	}
	if today.heard < leastHeard {
		r.Blind, r.Pressure, r.Low, r.High = true, 50, 0, 100 // nothing is known, and that is not calm
		return r, true
	}
	o := fitOrdinary(past)
	o.measure(&today)
	r.Expected = o.factor(today.weekday) * o.neg * today.heard
	z := (today.index - o.mean) / o.sd
	days, free := float64(len(past)), o.parameters
	df := max(days-free, 1)
	unknown := math.Sqrt(free/days + z*z/(2*df))
	r.Pressure = 100 * studentCDF(z/math.Sqrt(1+free/days), df)
	r.Low, r.High = 100*stats.NormalTail(-(z-1.96*unknown)), 100*stats.NormalTail(-(z+1.96*unknown))
	r.Low, r.High = min(r.Low, r.Pressure), max(r.High, r.Pressure)
	if yesterday >= 0 {
		switch d := (today.index - past[yesterday].index) / (o.sd * math.Sqrt2); {
		case d > 1.28:
			r.Tendency = TendencyRising
		case d < -1.28:
			r.Tendency = TendencyFalling
		}
	}
	r.Word = word(r.Pressure)
	return r, true
}

// word says a pressure in a word. Of ordinary days, 25 in 100 are calm, 60 ordinary, 12 unsettled and 3 stormy.
func word(pressure float64) string {
	switch {
	case pressure >= 97:
		return "stormy"
	case pressure >= 85:
		return "unsettled"
	case pressure < 25:
		return "calm"
	}
	return "ordinary"
}

// ordinary is what the past days say about an ordinary day.
type ordinary struct {
	neg, share, sev, concerns float64 // means of a day that could be heard in full
	weekdays                  [7]float64
	scale                     [parts]float64
	mean, sd                  float64 // of the index
	parameters                float64 // effective number of them
}

func (o *ordinary) factor(weekday int) float64 { return o.weekdays[weekday] }

// fitOrdinary estimates means, weekday factors (shrunk to 1), the scale of each part and of the index.
func fitOrdinary(past []dayWindow) *ordinary {
	o := &ordinary{}
	days := float64(len(past))
	var n, heard float64
	var byDay, seen [7]float64
	for _, w := range past {
		n += w.n
		heard += w.heard
		byDay[w.weekday] += w.n / w.heard
		seen[w.weekday]++
	}
	level := n / heard
	o.parameters = 1
	for d := range o.weekdays {
		o.weekdays[d] = 1
		// A factor is trusted as far as its own days go: its error is about that of a mean of so many counts.
		if level >= 3 && days >= 21 && seen[d] > 0 {
			trust := seen[d] / (seen[d] + 2)
			o.weekdays[d] = 1 + trust*(byDay[d]/seen[d]/level-1)
			o.parameters += trust * weekdayWeight
		}
	}
	var weight float64
	for _, w := range past {
		f := o.weekdays[w.weekday] * w.heard
		o.neg += w.neg
		o.sev += w.sev
		o.concerns += w.concerns
		weight += f
	}
	o.share = (o.neg + 1) / (n + 3)
	o.neg, o.sev, o.concerns = o.neg/weight, o.sev/weight, o.concerns/days
	for i := range o.scale {
		o.scale[i] = 1
	}
	values := make([]float64, len(past))
	for part := range parts {
		for i := range past {
			o.measure(&past[i])
			values[i] = past[i].value[part]
		}
		_, sd := middle(values, o.parameters, 1.5)
		o.scale[part] = max(sd, leastScale) // one post of a kind that is never seen is not yet a storm
	}
	for i := range past {
		o.measure(&past[i])
		values[i] = past[i].index
	}
	o.mean, o.sd = middle(values, o.parameters, .8)
	return o
}

// measure sets the parts of a day and their weighted sum. Counts are compared on the scale of square roots, where their
// spread hardly depends on their size.
func (o *ordinary) measure(w *dayWindow) {
	f := o.weekdays[w.weekday] * w.heard
	root := func(y, mean float64) float64 { return 2 * (math.Sqrt(y+.375) - math.Sqrt(mean+.375)) }
	w.value[byVolume] = root(w.neg, o.neg*f) / o.scale[byVolume]
	w.value[byShare] = (w.neg - w.n*o.share) / math.Sqrt(w.n*o.share*(1-o.share)+.25) / o.scale[byShare]
	w.value[bySeverity] = root(w.sev, o.sev*f) / o.scale[bySeverity]
	w.value[byBreadth] = root(w.concerns, o.concerns*math.Sqrt(w.heard)) / o.scale[byBreadth]
	w.index = 0
	for i, x := range w.value {
		w.index += partWeights[i] * x
	}
}

// middle returns mean and standard deviation with far values drawn in, so that a past crisis does not make the next
// one look ordinary. The spread of a few values is helped by what is usual.
func middle(values []float64, parameters, usual float64) (mean, sd float64) {
	n := float64(len(values))
	mean, sd = 0, math.Inf(1)
	for range 4 {
		var sum, squares float64
		for _, v := range values {
			sum += min(max(v, mean-winsor*sd), mean+winsor*sd)
		}
		next := sum / n
		for _, v := range values {
			d := min(max(v, mean-winsor*sd), mean+winsor*sd) - next
			squares += d * d
		}
		factor := winsorFactor
		if math.IsInf(sd, 1) {
			factor = 1
		}
		mean = next
		few := 0.0
		if n < 14 {
			few = 2
		}
		sd = math.Sqrt((squares/factor + few*usual*usual) / (max(n-parameters, 1) + few))
		if sd == 0 {
			return mean, usual
		}
	}
	return mean, sd
}

// studentCDF is P(T <= t) of a t distribution.
func studentCDF(t, df float64) float64 {
	half := stats.StudentTail(math.Abs(t), df) / 2
	if t < 0 {
		return half
	}
	return 1 - half
}
