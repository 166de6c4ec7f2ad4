package emergence

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"barometer/internal/emergence/stats"
)

// batches is the state of the control of false discoveries over time.
type batches = stats.BatchBH

// What is counted of a series.
const (
	measureVolume   = "mentions"
	measureNegative = "negative mentions"
	measureSevere   = "mentions of harm"
)

var measures = [...]string{measureVolume, measureNegative, measureSevere}

func (c cell) of(measure string) float64 {
	switch measure {
	case measureNegative:
		return float64(c.Neg)
	case measureSevere:
		return float64(c.Sev)
	}
	return float64(c.N)
}

// alarm is a series that rose.
type alarm struct {
	SeriesEvidence
	tier Tier
}

const (
	pulseWatch   = 1e-5 // looked at every hour, in two windows, for three measures of some tens of series
	pulseAlert   = 1e-6
	pulsePosts   = 10
	leastRatio   = 1.5
	guardPosts   = 5 // in four days
	guardDays    = 4
	guardAuthors = 3 // and two sources, or else
	aloneAuthors = 5
)

// pulse tests, every hour, the last 6 and the last 24 hours of the series that are kept by the hour against the same
// hours of the days before, on the scale of square roots, where the spread hardly depends on the size.
func (e *Engine) pulse(now int64) []alarm {
	var out []alarm
	for _, n := range e.series.sortedNodes() {
		if n.Hours == nil || !tested(n.Key) {
			continue
		}
		for _, m := range measures {
			a := alarm{SeriesEvidence: SeriesEvidence{Series: n.Key, Measure: m, P: 1}}
			for _, hours := range [...]int64{6, 24} {
				e.pulseWindow(n, &a, hours, now)
			}
			if a.P > pulseWatch {
				continue
			}
			a.tier = Watch
			if a.P <= pulseAlert && now-e.First >= fullDays*dayMillis {
				a.tier = Alert
			}
			out = append(out, a)
		}
	}
	return out
}

// pulseWindow tests one window; a takes over what it finds when that is stronger.
func (e *Engine) pulseWindow(n *node, a *alarm, hours, now int64) {
	s, hour := e.series, now/hourMillis
	c, _ := n.sum(hour-hours, hour)
	y := c.of(a.Measure)
	if y < pulsePosts || s.heard(hour-hours, hour) < leastHeard {
		return
	}
	// The blocks before, by their place in the day; those of the same place as now are class 0.
	blocks := 24 / hours
	var sums, squares [4]float64
	var counts [4]float64
	var baseline []float64
	mean := 0.0
	for j := int64(1); j <= blocks*historyDays; j++ {
		to := hour - j*hours
		if (to-hours)*hourMillis < e.First {
			break
		}
		if s.heard(to-hours, to) < leastHeard || s.campaign(to-hours, to) {
			continue
		}
		c, _ := n.sum(to-hours, to)
		v := c.of(a.Measure)
		k := j % blocks
		root := 2 * math.Sqrt(v+.375)
		sums[k] += root
		squares[k] += root * root
		counts[k]++
		if k == 0 {
			baseline = append(baseline, v)
			mean += v
			if len(baseline) == 3 && y < mean/3*.8 {
				return // not even near
			}
		}
	}
	if counts[0] < 2 {
		return
	}
	mean /= counts[0]
	var spread, df float64
	for k := range blocks {
		if counts[k] > 1 {
			spread += squares[k] - sums[k]*sums[k]/counts[k]
			df += counts[k] - 1
		}
	}
	if y < leastRatio*mean || df < 4 {
		return
	}
	phi := max(1, spread/df)
	if p, expected := pulseP(baseline, y, phi, df); p < a.P {
		a.P, a.Q, a.Observed, a.Expected, a.Phi, a.Free, a.Baseline = p, p, y, expected, phi, df, baseline
		a.Test = "24 hours"
		if hours == 6 {
			a.Test = "6 hours"
		}
	}
}

// pulseP is the p-value of a count against those of the same hours on earlier days, given the dispersion: the larger one
// of a t test on the scale of roots and of the negative binomial tail, doubled because two windows are tried.
func pulseP(baseline []float64, y, phi, df float64) (p, expected float64) {
	n := float64(len(baseline))
	var roots float64
	for _, v := range baseline {
		roots += 2 * math.Sqrt(v+.375)
		expected += v
	}
	expected /= n
	z := (2*math.Sqrt(y+.375) - roots/n) / math.Sqrt(phi*(1+1/n))
	p = max(1-studentCDF(z, df), stats.NegBin{Mean: expected + .5, Phi: phi}.Tail(int(y)))
	return min(1, 2*p), expected
}

// closeDay tests the day that has just ended, of every series. Series that do not pass the guards count as tests
// without a finding.
func (e *Engine) closeDay(now int64) []alarm {
	s := e.series
	day := e.localDay(now) - 1
	first := e.localDay(e.First)
	age := int(day - first)
	if age < stats.LeastHistory {
		return nil
	}
	days := min(age, ringDays-2)
	from := day - int64(days)
	base := stats.Series{First: time.Weekday((from + 4) % 7), Masked: make([]bool, days+1), Weight: make([]float64, days+1)} // 1 January 1970 was a Thursday
	for d := range base.Masked {
		begin := e.dayStart(from + int64(d))
		base.Masked[d] = s.heard(begin, begin+24) < leastHeard
		base.Weight[d] = 1
		if s.campaign(begin, begin+24) {
			base.Weight[d] = 0
		}
	}
	var tried []alarm
	tests := 0
	for _, n := range s.sortedNodes() {
		if !tested(n.Key) {
			continue
		}
		for _, m := range measures {
			tests++
			recent := 0.0
			for d := day - guardDays + 1; d <= day; d++ {
				recent += n.Days[d%ringDays].of(m)
			}
			today := n.Days[day%ringDays].of(m)
			if recent < guardPosts || today < 2 {
				continue
			}
			x := base
			x.Counts = make([]float64, days+1)
			for d := range x.Counts {
				x.Counts[d] = n.Days[(from+int64(d))%ringDays].of(m)
			}
			if m == measureNegative { // its share: a day with more mentions has more negative ones
				x.Exposure = make([]float64, days+1)
				for d := range x.Exposure {
					x.Exposure[d] = n.Days[(from+int64(d))%ringDays].of(measureVolume)
				}
			}
			v := stats.Daily(x, days, stats.ShockOptions{})
			if !v.Shock.Tested || math.IsNaN(v.P) {
				continue
			}
			tried = append(tried, alarm{SeriesEvidence: SeriesEvidence{Series: n.Key, Measure: m, Test: "day", Baseline: x.Counts, Observed: today,
				Expected: v.Shock.Expected, Phi: v.Shock.Phi, P: v.P,
				Day: &DayInput{First: x.First, Masked: x.Masked, Weight: x.Weight, Exposure: x.Exposure}}})
		}
	}
	if tests == 0 {
		return nil
	}
	p := make([]float64, tests) // those that were not tried find nothing
	for i := range p {
		p[i] = 1
		if i < len(tried) {
			p[i] = tried[i].P
		}
	}
	q := stats.BenjaminiHochberg(p, 0)
	s.Alarms.Alpha = e.cfg.SeriesQ
	_, sure := s.Alarms.Test(p)
	if n := len(s.Alarms.Batches); n > mostBatches { // the promise is kept over the last year
		s.Alarms.Batches = slices.Delete(s.Alarms.Batches, 0, n-mostBatches)
	}
	var out []alarm
	for i := range tried {
		a := tried[i]
		if q[i] > e.cfg.SeriesQ || a.Observed < leastRatio*a.Expected {
			continue
		}
		a.Q, a.tier = q[i], Watch
		if sure[i] {
			a.tier = Alert
		}
		out = append(out, a)
	}
	return out
}

// tested says whether a rise of a series is reported: of all mentions and of concerns, also by place. A site or a language
// alone has a reading, but its rise says nothing that a person could act on.
func tested(key string) bool { return key == all || concernOf(key) != "" }

const mostBatches = 366

// dayStart is the hour in which a local day begins.
func (e *Engine) dayStart(day int64) int64 {
	y, m, d := time.Unix(day*86400, 0).UTC().Date()
	return time.Date(y, m, d, 0, 0, 0, 0, e.zone).UnixMilli() / hourMillis
}

// matches says whether a post counts for a series and measure.
func (a *alarm) matches(p *post) bool { return counts(a.Series, a.Measure, p) }

func counts(key, measure string, p *post) bool {
	if measure == measureNegative && !p.negative() || measure == measureSevere && p.Severity < severe {
		return false
	}
	return slices.Contains(seriesKeys(p), key)
}

// surge gives rising series to the issues that explain them, and opens issues for those that nothing explains: one at
// the highest series that does, with the others as contributors.
func (e *Engine) surge(alarms []alarm, now int64, r *Result) {
	slices.SortStableFunc(alarms, func(a, b alarm) int { // concerns before their parts, and before all mentions
		if c := cmp.Compare(rank(a.Series), rank(b.Series)); c != 0 {
			return c
		}
		if c := cmp.Compare(a.P, b.P); c != 0 {
			return c
		}
		return cmp.Compare(a.Series, b.Series)
	})
	for k := range alarms {
		e.place(&alarms[k], now, r)
	}
}

// rank orders series by what they say: a concern, a concern at a place, everything.
func rank(key string) int {
	switch {
	case key == all:
		return 2
	case strings.Contains(key, " "):
		return 1
	}
	return 0
}

func (e *Engine) place(a *alarm, now int64, r *Result) {
	var posts []*post
	for _, p := range e.window.posts {
		if a.matches(p) {
			posts = append(posts, p)
		}
	}
	if !guarded(posts) {
		return
	}
	excess := max(a.Observed-a.Expected, 1)
	var owner *Issue
	share := 0.0
	for _, i := range e.issues {
		if i.State == StateResolved {
			continue
		}
		n := 0.0
		for _, p := range posts {
			if _, ok := i.life.Members[p.ID]; ok {
				n++
			}
		}
		if i.life.Node == a.Series && i.life.Node != all || a.Series == all && i.life.Node == all && i.life.IsSeries || concernOf(a.Series) != "" && concernOf(a.Series) == concernOf(i.life.Node) {
			n = excess
		}
		if x := n / excess; x >= explains && x > share {
			owner, share = i, x
		}
	}
	fresh := owner == nil
	if fresh {
		first := posts[0]
		owner = &Issue{ID: issueID(e.org.ID+"\x00"+a.Series, first.ID), Organisation: e.org.ID, Tier: a.tier, P: 1, Q: 1,
			Detected: time.UnixMilli(now).UTC(), life: newLife(now)}
		owner.life.Node, owner.life.Measure, owner.life.IsSeries = a.Series, a.Measure, true
		for _, p := range posts {
			owner.join(p)
		}
		owner.Name = e.nameSeries(a)
		owner.life.Rate0 = len(posts)
		owner.life.Calm = now
	}
	escalates := false
	c := Contributor{Series: seriesName(a.Series, a.Measure), Observed: a.Observed, Expected: a.Expected, P: a.P, Q: a.Q}
	if k := slices.IndexFunc(owner.Series, func(x Contributor) bool { return x.Series == c.Series }); k >= 0 {
		if a.P < owner.Series[k].P {
			owner.Series[k] = c
		}
	} else if len(owner.Series) < mostContributors {
		owner.Series = append(owner.Series, c)
		escalates = a.Series == all && !fresh
	}
	if a.P < owner.P && owner.life.IsSeries {
		owner.P, owner.Q, owner.Observed, owner.Expected = a.P, min(a.Q, owner.Q), int(a.Observed), a.Expected
	}
	owner.life.evidence(a)
	switch {
	case fresh:
		e.issues = append(e.issues, owner)
		e.boundIssues()
		e.move(owner, StateNew, "more "+a.Measure+" than the days before explain", now, r)
	case a.tier == Alert && owner.Tier == Watch:
		owner.Tier = Alert
		e.move(owner, owner.State, "a series beyond the false discovery rate", now, r)
	case escalates && !owner.Updated.Equal(time.UnixMilli(now)):
		e.move(owner, owner.State, "it moves "+a.Measure+" as a whole", now, r)
	}
}

const (
	mostContributors = 20
	explains         = .3 // an issue that accounts for so much of what is too many owns the rise
)

// guarded says whether enough people in enough places say it.
func guarded(posts []*post) bool {
	who, where := map[uint64]bool{}, map[string]bool{}
	for _, p := range posts {
		who[p.author], where[p.Source] = true, true
	}
	return len(posts) >= guardPosts && (len(who) >= aloneAuthors || len(who) >= guardAuthors && len(where) >= 2)
}

// seriesName says a series in words.
func seriesName(key, measure string) string {
	if key == all {
		return measure
	}
	return strings.ReplaceAll(strings.ReplaceAll(key, "concern:", ""), ":", " ") + ", " + measure
}

// nameSeries names an issue that a series opens.
func (e *Engine) nameSeries(a *alarm) string {
	c := concernOf(a.Series)
	name := e.cfg.ConcernNames[c]
	if name == "" {
		name = strings.ReplaceAll(c, "_", " ")
	}
	if c == "" {
		return "more " + a.Measure
	}
	_, where, _ := strings.Cut(a.Series, " ")
	if _, place, ok := strings.Cut(where, ":"); ok {
		name += " (" + place + ")"
	}
	return name
}
