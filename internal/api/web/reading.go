package web

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"barometer/internal/barometer"
)

// staleAfter is how old the newest reading may be before it says more about us than about today.
const staleAfter = 3 * time.Hour

// readingDays is what the line beside a reading shows.
const readingDays = 28

// readingView is the barometer as people read it. Without a pressure it says why.
type readingView struct {
	barometer.Reading
	Shown     bool   // there is a pressure to show
	Stale     bool   // it was computed long ago
	Why       string // there is none
	Title     string // the word, as a heading
	Number    string // of the pressure
	Interval  string
	Arrow     string
	Of        string // what it is made of, in words
	Against   string // what it is compared with
	Heard     string // how much of the day could be heard, where that was not all
	Arcs      []arc
	Needle    point
	Line      sparkline
	Now       time.Time
	Href      string // of the numbers
	LastHeard time.Time
}

type arc struct{ Class, Path string }

type point struct{ X, Y float64 }

// sparkline is the readings of some weeks as one line, broken where we were blind.
type sparkline struct {
	Width, Height int // of its own coordinates: hours by 100
	Paths         []string
	Blind         []span
	Say           string
	From, To      time.Time
}

type span struct{ X, W int }

// The dial is half a circle around (110, 112).
const dialX, dialY, dialR = 110.0, 112.0, 92.0

// zones of the dial, as the words of a reading have them.
var zones = []struct {
	word     string
	from, to float64
}{{"calm", 0, 25}, {"ordinary", 25, 85}, {"unsettled", 85, 97}, {"stormy", 97, 100}}

func onDial(pressure, radius float64) point {
	a := math.Pi * (1 - pressure/100)
	return point{round(dialX + radius*math.Cos(a)), round(dialY - radius*math.Sin(a))}
}

func arcPath(from, to, radius float64) string {
	a, b := onDial(from, radius), onDial(to, radius)
	return fmt.Sprintf("M%g %g A%g %g 0 0 1 %g %g", a.X, a.Y, radius, radius, b.X, b.Y)
}

// newReadingView makes a view of the current reading, or of its absence, which why explains.
func newReadingView(r *barometer.Reading, why string, past []barometer.Reading, now time.Time) readingView {
	v := readingView{Why: why, Now: now, Line: newSparkline(past, now)}
	for _, z := range zones {
		gap := .35 // so that the colours are told apart by form too
		v.Arcs = append(v.Arcs, arc{"zone zone--" + z.word, arcPath(z.from+gap, z.to-gap, dialR)})
	}
	if r == nil {
		return v
	}
	v.Reading = *r
	v.Stale = now.Sub(r.At) > staleAfter
	v.Title = upperFirst(r.Word)
	if r.Coverage < .995 {
		v.Heard = shareWord(r.Coverage) + " of the last 24 hours could be heard."
	}
	if r.Blind {
		for i := len(past) - 1; i >= 0; i-- {
			if !past[i].Blind {
				v.LastHeard = past[i].At
				break
			}
		}
		return v
	}
	v.Shown = true
	v.Number = strconv.FormatFloat(math.Round(r.Pressure), 'f', 0, 64)
	v.Interval = fmt.Sprintf("%.0f to %.0f", math.Floor(r.Low), math.Ceil(r.High))
	v.Arrow = map[string]string{"rising": "↑", "steady": "→", "falling": "↓"}[r.Tendency]
	v.Needle = onDial(r.Pressure, dialR-16)
	if r.High-r.Low > .5 {
		v.Arcs = append(v.Arcs, arc{"interval", arcPath(r.Low, r.High, dialR-15)})
	}
	v.Of = madeOf(r)
	v.Against = calmer(r.Pressure) + " Compared with " + plural(r.Days, "day") + "."
	return v
}

// calmer says what a pressure means.
func calmer(pressure float64) string {
	switch p := math.Round(pressure); {
	case p >= 99:
		return "Fewer than 2 in 100 ordinary days are like this."
	case p >= 60:
		return fmt.Sprintf("%.0f of 100 ordinary days are calmer.", p)
	case p > 40:
		return "An ordinary day."
	case p <= 1:
		return "Hardly an ordinary day is calmer."
	default:
		return fmt.Sprintf("%.0f of 100 ordinary days are less calm.", 100-p)
	}
}

func newSparkline(past []barometer.Reading, now time.Time) sparkline {
	hours := readingDays * 24
	to := now.Truncate(time.Hour)
	from := to.Add(-time.Duration(hours) * time.Hour)
	s := sparkline{Width: hours, Height: 100, From: from, To: to}
	var path strings.Builder
	end := func() {
		if path.Len() > 0 {
			s.Paths = append(s.Paths, path.String())
			path.Reset()
		}
	}
	last := -10
	low, high, blind, n := 101.0, -1.0, 0, 0
	for i := range past {
		r := &past[i]
		x := int(r.At.Sub(from).Hours())
		if x < 0 || x > hours {
			continue
		}
		if r.Blind {
			end()
			blind++
			if k := len(s.Blind) - 1; k >= 0 && s.Blind[k].X+s.Blind[k].W >= x {
				s.Blind[k].W = x + 1 - s.Blind[k].X
			} else {
				s.Blind = append(s.Blind, span{x, 1})
			}
			continue
		}
		if x-last > 3 { // hours are missing: no line may pretend to know them
			end()
		}
		if path.Len() == 0 {
			fmt.Fprintf(&path, "M%d %g", x, round(100-r.Pressure))
		} else {
			fmt.Fprintf(&path, "L%d %g", x, round(100-r.Pressure))
		}
		last = x
		low, high = min(low, r.Pressure), max(high, r.Pressure)
		n++
	}
	end()
	if n > 0 {
		s.Say = fmt.Sprintf("In the last %d days between %.0f and %.0f.", readingDays, low, high)
		if blind > 0 {
			s.Say += fmt.Sprintf(" In %s nothing could be said.", plural(blind, "hour"))
		}
	}
	return s
}

func upperFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// fewDigits shows an expected count: one decimal below ten, none above.
func fewDigits(f float64) string {
	if f < 9.95 && f != math.Trunc(f) {
		return strconv.FormatFloat(f, 'f', 1, 64)
	}
	return thousands(uint64(math.Round(max(f, 0))))
}

// chance says a small probability as people do.
func chance(p float64) string {
	if p <= 0 || 1/p >= 1e12 {
		return "less than 1 in a trillion"
	}
	n := 1 / p
	for _, unit := range []struct {
		size float64
		name string
	}{{1e9, "billion"}, {1e6, "million"}, {1e3, "thousand"}} {
		if n >= unit.size {
			return "1 in " + twoDigits(n/unit.size) + " " + unit.name
		}
	}
	return "1 in " + twoDigits(max(n, 1))
}

// twoDigits rounds a number from 1 to 1000 to what it is worth knowing of it.
func twoDigits(f float64) string {
	switch {
	case f >= 100:
		return strconv.FormatFloat(10*math.Round(f/10), 'f', 0, 64)
	case f >= 10:
		return strconv.FormatFloat(math.Round(f), 'f', 0, 64)
	}
	return strconv.FormatFloat(math.Round(10*f)/10, 'f', -1, 64)
}
