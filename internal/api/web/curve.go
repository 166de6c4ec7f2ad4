package web

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"barometer/internal/barometer"
)

// curve is how many posts of an issue came in a moving window, with what would have been ordinary.
type curve struct {
	Width               int // of its own coordinates: samples by 100
	Area, Line          string
	Expected, Upper     float64 // places from the top, 0 to 100
	ExpectedY, UpperY   float64 // places in pixels of the whole picture
	ExpectedAt, UpperAt string  // in words
	Window              string
	Marks               []curveMark
	LabelX, LabelAnchor string // of the band's words: where the curve is low
	Grid                []gridLine
	Labels              []axisLabel
	Samples             []curveSample // for the table
	Height, Base        float64
	Say                 string
	Empty               bool
}

type curveMark struct{ X, Word string }

type curveSample struct {
	Time  time.Time
	Posts int
}

const (
	mostSamples = 160
	tableRows   = 24
)

// newCurve counts posts from the first one to end. Before the issue was noticed the times are those of the first
// evidence, afterwards what was known at each tick.
func newCurve(history []barometer.IssueRecord, first, last *bundle, since, end time.Time) curve {
	c := curve{Height: plotTop + plotHeight + 28, Base: plotTop + plotHeight, Window: "24 hours"}
	window := 24 * time.Hour
	expected, phi := 0.0, 1.0
	term := last.seed()
	switch {
	case term != nil:
		expected, phi = term.Expected, max(term.Phi, 1)
		if term.Hours > 0 && term.Hours < 24 {
			window, c.Window = time.Duration(term.Hours)*time.Hour, plural(term.Hours, "hour")
		}
	case len(last.Series) > 0:
		expected, phi = last.Series[0].Expected, max(last.Series[0].Phi, 1)
		if last.Series[0].Test == "6 hours" {
			window, c.Window = 6*time.Hour, last.Series[0].Test
		}
	case len(history) > 0:
		expected = history[len(history)-1].Expected
	}
	upper := expected + 1.96*math.Sqrt(phi*max(expected, .25))
	total := cumulative(history, first)
	if len(total) == 0 {
		c.Empty = true
		return c
	}
	from := since.Add(-6 * time.Hour)
	step := max(time.Hour, (end.Sub(from)/mostSamples).Round(time.Hour)+time.Hour)
	if end.Sub(from) <= mostSamples*time.Hour {
		step = time.Hour
	}
	top := upper
	var samples []curveSample
	for t := from.Truncate(time.Hour); ; t = t.Add(step) {
		if t.After(end) {
			t = end
		}
		n := total.at(t) - total.at(t.Add(-window))
		samples = append(samples, curveSample{t.In(end.Location()), n})
		top = max(top, float64(n))
		if !t.Before(end) {
			break
		}
	}
	ceiling := float64(niceCeiling(uint64(math.Ceil(top))))
	c.Width = max(len(samples)-1, 1)
	var line strings.Builder
	peak := 0
	for i, s := range samples {
		fmt.Fprintf(&line, "L%d %g", i, round(100*(1-float64(s.Posts)/ceiling)))
		if s.Posts > samples[peak].Posts {
			peak = i
		}
	}
	c.Line = "M" + line.String()[1:]
	c.Area = c.Line + fmt.Sprintf("L%d 100L0 100Z", c.Width)
	c.Expected, c.Upper = round(100*(1-expected/ceiling)), round(100*(1-upper/ceiling))
	c.ExpectedY, c.UpperY = round(plotTop+plotHeight*c.Expected/100), round(plotTop+plotHeight*c.Upper/100)
	c.LabelX, c.LabelAnchor = "5.6%", "start"
	if float64(samples[len(samples)-1].Posts) <= upper {
		c.LabelX, c.LabelAnchor = "99%", "end"
	}
	c.ExpectedAt, c.UpperAt = fewDigits(expected), fewDigits(math.Floor(upper))
	for _, f := range []float64{0, .5, 1} {
		c.Grid = append(c.Grid, gridLine{Y: c.Base - f*plotHeight, Label: strconv.FormatFloat(f*ceiling, 'f', -1, 64)})
	}
	c.axis(samples, end)
	c.mark(history, samples)
	every := (len(samples) + tableRows - 1) / tableRows
	for i := range samples {
		if i%every == 0 || i == len(samples)-1 {
			c.Samples = append(c.Samples, samples[i])
		}
	}
	c.Say = fmt.Sprintf("At most %s in %s, on %s; ordinary are %s, and rarely more than %s.", plural(samples[peak].Posts, "post"), c.Window,
		when(samples[peak].Time, end), c.ExpectedAt, c.UpperAt)
	return c
}

// place is where a time stands, in per cent of the picture's width.
func place(t time.Time, samples []curveSample) float64 {
	from, to := samples[0].Time, samples[len(samples)-1].Time
	return plotLeft + plotWidth*float64(t.Sub(from))/float64(max(to.Sub(from), 1))
}

func (c *curve) axis(samples []curveSample, end time.Time) {
	from := samples[0].Time
	days := end.Sub(from).Hours() / 24
	format, step := "Mon 15:04", 6*time.Hour
	switch {
	case days > 20:
		format, step = "2 Jan", time.Duration(math.Ceil(days/6))*24*time.Hour
	case days > 2.2:
		format, step = "Mon 2 Jan", time.Duration(math.Ceil(days/6))*24*time.Hour
	case days > 1.2:
		step = 12 * time.Hour
	}
	t := time.Date(from.Year(), from.Month(), from.Day(), 0, 0, 0, 0, from.Location())
	for ; t.Before(end); t = t.Add(step) {
		if x := place(t, samples); t.After(from) && x < 96 {
			c.Labels = append(c.Labels, axisLabel{X: percent(x), Text: t.Format(format), Anchor: "middle"})
		}
	}
}

// mark shows when it was noticed and when it became an alert.
func (c *curve) mark(history []barometer.IssueRecord, samples []curveSample) {
	noticed := slices.IndexFunc(history, func(r barometer.IssueRecord) bool { return r.Transition })
	if noticed >= 0 {
		c.Marks = append(c.Marks, curveMark{percent(place(history[noticed].At, samples)), "noticed"})
	}
	alert := slices.IndexFunc(history, func(r barometer.IssueRecord) bool { return r.Tier == "alert" })
	if alert >= 0 {
		x := place(history[alert].At, samples)
		if noticed >= 0 && x-place(history[noticed].At, samples) < 9 { // one word where two would stand on each other
			c.Marks[0].Word = ""
		}
		c.Marks = append(c.Marks, curveMark{percent(x), "alert"})
	}
}

// tally is the number of posts so far, by time.
type tally []soFar

type soFar struct {
	at time.Time
	n  int
}

func cumulative(history []barometer.IssueRecord, first *bundle) tally {
	var all tally
	add := func(at time.Time, n int) { all = append(all, soFar{at, n}) }
	if len(history) == 0 {
		return nil
	}
	posts := slices.Clone(first.Posts)
	slices.SortFunc(posts, func(a, b postEvidence) int { return a.At.Compare(b.At) })
	before := max(int(history[0].Posts)-len(posts), 0) // those that the bundle does not list came earlier
	for i, p := range posts {
		add(p.At, min(before+i+1, int(history[0].Posts)))
	}
	for _, r := range history {
		add(r.At, int(r.Posts))
	}
	slices.SortStableFunc(all, func(a, b soFar) int { return a.at.Compare(b.at) })
	return all
}

// at is the number of posts by a time.
func (t tally) at(when time.Time) int {
	n := 0
	for _, step := range t {
		if step.at.After(when) {
			break
		}
		n = max(n, step.n)
	}
	return n
}
