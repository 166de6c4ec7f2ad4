package web

import (
	"fmt"
	"math"
	"net/url"
	"strconv"
	"time"

	"barometer/internal/barometer"
)

// The charts are SVG whose horizontal places are percentages and whose vertical ones are pixels: they fill any width
// without squeezing their letters, and need no style attribute, which the content policy forbids.
const (
	plotTop    = 12.0
	plotHeight = 180.0
	plotLeft   = 5.0  // per cent, room for the numbers of the axis
	plotWidth  = 94.5 // per cent
	maxLabels  = 7
)

// sentiments in the order they are stacked, from the ground: what matters most stands on the base line, where lengths
// can be compared.
var sentiments = []sentimentWord{
	{barometer.Negative, "Negative", "neg"},
	{barometer.Uncertain, "Uncertain", "unc"},
	{barometer.Neutral, "Neutral", "neu"},
	{barometer.Positive, "Positive", "pos"},
}

type sentimentWord struct{ Label, Word, Class string }

// chart is volume by sentiment over time, as a picture and as a table.
type chart struct {
	Bars    []bar
	Grid    []gridLine
	Labels  []axisLabel
	Height  float64
	Base    float64
	Unit    string // of a bar: hour or day
	Summary string
	Empty   bool
}

type bar struct {
	Time    time.Time
	Name    string // "Monday 16 November"
	Total   uint64
	Counts  []uint64 // as sentiments
	Pieces  []piece
	X, W    string // of the whole slot, per cent
	Href    string
	Say     string // all of it in words
	Current bool   // still filling
	Last    bool
}

type piece struct {
	X, W, Class string
	Y, H        float64
}

type gridLine struct {
	Y     float64
	Label string
}

type axisLabel struct {
	X, Text, Anchor string
}

// buckets are the starts of the hours or days of a period.
func buckets(from, to time.Time, step string) []time.Time {
	var all []time.Time
	for t := from; t.Before(to); t = after(t, step) {
		all = append(all, t)
	}
	return all
}

func after(t time.Time, step string) time.Time {
	if step == barometer.StepHour {
		return t.Add(time.Hour)
	}
	return time.Date(t.Year(), t.Month(), t.Day()+1, 0, 0, 0, 0, t.Location()) // days of 23 and 25 hours too
}

func newChart(organisation string, points []barometer.SeriesPoint, per period) chart {
	counts := map[int64]map[string]uint64{}
	for _, p := range points {
		at := p.Time.Unix()
		if counts[at] == nil {
			counts[at] = map[string]uint64{}
		}
		counts[at][p.Key] += p.Count
	}
	starts := buckets(per.From, per.To, per.Step)
	c := chart{Height: plotTop + plotHeight + 28, Base: plotTop + plotHeight, Unit: per.Step}
	var top, all uint64
	peak := 0
	for i, t := range starts {
		b := bar{Time: t, Name: per.name(t), Counts: make([]uint64, len(sentiments))}
		for k, s := range sentiments {
			b.Counts[k] = counts[t.Unix()][s.Label]
			b.Total += b.Counts[k]
		}
		if b.Total > top {
			top, peak = b.Total, i
		}
		all += b.Total
		c.Bars = append(c.Bars, b)
	}
	c.Empty = all == 0
	ceiling := niceCeiling(top)
	slot := plotWidth / float64(max(len(starts), 1))
	for i := range c.Bars {
		b := &c.Bars[i]
		b.X, b.W = percent(plotLeft+slot*float64(i)), percent(slot)
		b.Last = i == len(c.Bars)-1
		b.Current = b.Last
		b.Pieces = stack(b.Counts, plotLeft+slot*(float64(i)+.12), slot*.76, float64(ceiling))
		b.Href = "/o/" + url.PathEscape(organisation) + "/mentions?" + url.Values{
			"from": {b.Time.Format(localMinute)}, "to": {after(b.Time, per.Step).Format(localMinute)},
		}.Encode()
		b.Say = b.Name + ": " + plural(b.Total, "mention") + ", " + breakdown(b.Counts)
		if b.Current {
			b.Say += " (so far)"
		}
	}
	for _, f := range []float64{0, .5, 1} {
		v := f * float64(ceiling)
		c.Grid = append(c.Grid, gridLine{Y: c.Base - f*plotHeight, Label: strconv.FormatFloat(v, 'f', -1, 64)})
	}
	every := (len(starts) + maxLabels - 1) / maxLabels
	for i := range c.Bars {
		if i%max(every, 1) == 0 {
			c.Labels = append(c.Labels, axisLabel{X: percent(plotLeft + slot*(float64(i)+.5)), Text: per.short(c.Bars[i].Time), Anchor: "middle"})
		}
	}
	if c.Empty {
		c.Summary = "No mentions in " + per.Name + "."
	} else {
		c.Summary = fmt.Sprintf("%s in %s; most on %s with %d.", plural(all, "mention"), per.Name, c.Bars[peak].Name, top)
		if per.Step == barometer.StepHour {
			c.Summary = fmt.Sprintf("%s in %s; most at %s with %d.", plural(all, "mention"), per.Name, c.Bars[peak].Name, top)
		}
	}
	return c
}

func stack(counts []uint64, x, w, ceiling float64) []piece {
	var pieces []piece
	y := plotTop + plotHeight
	for k, n := range counts {
		if n == 0 {
			continue
		}
		h := float64(n) / ceiling * plotHeight
		y -= h
		pieces = append(pieces, piece{X: percent(x), W: percent(w), Y: round(y), H: round(h), Class: sentiments[k].Class})
	}
	return pieces
}

func breakdown(counts []uint64) string {
	s := ""
	for k, n := range counts {
		if k > 0 {
			s += ", "
		}
		s += fmt.Sprintf("%d %s", n, sentiments[k].Label)
	}
	return s
}

// niceCeiling is the next even number of the form 1, 2, 4, 6 or 8 times a power of ten, so that half of it is whole.
func niceCeiling(n uint64) uint64 {
	for scale := uint64(1); ; scale *= 10 {
		for _, m := range []uint64{2, 4, 6, 8, 10} {
			if n <= m*scale {
				return m * scale
			}
		}
	}
}

func percent(f float64) string { return strconv.FormatFloat(math.Round(f*100)/100, 'f', -1, 64) + "%" }

func round(f float64) float64 { return math.Round(f*10) / 10 }
