package emergence_test

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"barometer/internal/barometer"
	"barometer/internal/emergence"
)

// stream draws the mentions of ordinary days: negative binomial counts with a weekday pattern, a daily rhythm, shares of
// negative and severe posts, and concerns.
type stream struct {
	perDay, phi, negative, severe float64
	r                             *rand.Rand
	next                          uint64
}

var weekdays = [7]float64{.72, 1.18, 1.12, 1.05, 1, 1.03, .9}

func (s *stream) day(at time.Time) []emergence.Observation {
	mean := s.perDay * weekdays[at.Weekday()]
	if s.phi > 1 {
		mean = gammaDraw(s.r, mean/(s.phi-1)) * (s.phi - 1)
	}
	n := poissonDraw(s.r, mean)
	out := make([]emergence.Observation, n)
	for i := range out {
		s.next++
		o := emergence.Observation{At: at.Add(time.Duration(s.r.Int64N(86400)) * time.Second), Lang: "en", Source: "s", Label: barometer.Positive}
		binary.BigEndian.PutUint64(o.ID[:], s.next)
		o.Author = barometer.Pseudonym(s.next)
		o.CopyGroup = s.next
		if s.r.Float64() < s.negative {
			o.Label = barometer.Negative
		}
		if s.r.Float64() < s.severe {
			o.Severity = 3
		}
		o.Concerns = []string{string(rune('a' + int(12*math.Pow(s.r.Float64(), 2))))}
		out[i] = o
	}
	return out
}

func poissonDraw(r *rand.Rand, mean float64) int {
	n := 0
	for mean > 500 {
		mean -= 500
		n += poissonDraw(r, 500)
	}
	limit, p := math.Exp(-mean), 1.0
	for {
		p *= r.Float64()
		if p <= limit {
			return n
		}
		n++
	}
}

func gammaDraw(r *rand.Rand, shape float64) float64 {
	if shape < 1 {
		return gammaDraw(r, shape+1) * math.Pow(r.Float64(), 1/shape)
	}
	d := shape - 1.0/3
	c := 1 / math.Sqrt(9*d)
	for {
		x := r.NormFloat64()
		v := 1 + c*x
		if v <= 0 {
			continue
		}
		v = v * v * v
		if math.Log(r.Float64()) < .5*x*x+d-d*v+d*math.Log(v) {
			return d * v
		}
	}
}

// An ordinary organisation reads 50 on an ordinary day, below 10 on every tenth, and 97 or more on 3 days in 100.
func TestReadingsAreUniformWhenNothingChanges(t *testing.T) {
	for _, c := range []struct {
		perDay, phi float64
		seeds       int
	}{{8, 1.2, 12}, {25, 1.5, 10}, {100, 2, 6}, {400, 4, 2}} {
		var got []float64
		for seed := range uint64(c.seeds) {
			s := &stream{perDay: c.perDay, phi: c.phi, negative: .45, severe: .06, r: rand.New(rand.NewPCG(seed, 5))}
			e := engine(t, emergence.Config{TickEvery: 24 * time.Hour})
			for d := range 150 {
				e.Add(s.day(start.AddDate(0, 0, d))...)
				for _, x := range e.Tick(start.AddDate(0, 0, d+1)).Readings {
					if x.Days >= 40 {
						got = append(got, x.Pressure/100)
					}
				}
			}
		}
		slices.Sort(got)
		ks := 0.0
		for i, x := range got {
			ks = max(ks, math.Abs(x-(float64(i)+.5)/float64(len(got))))
		}
		high, _ := slices.BinarySearch(got, .97)
		low, _ := slices.BinarySearch(got, .1)
		share := 1 - float64(high)/float64(len(got))
		t.Logf("%v a day: %d readings, largest distance from uniform %.3f (limit %.3f), %.1f %% at 97 or more, %.1f %% below 10",
			c.perDay, len(got), ks, 1.63/math.Sqrt(float64(len(got))), 100*share, 100*float64(low)/float64(len(got)))
		if ks > 1.63/math.Sqrt(float64(len(got))) {
			t.Errorf("%v a day: readings are not uniform", c.perDay)
		}
		if share < .015 || share > .045 {
			t.Errorf("%v a day: %.1f %% of ordinary days read 97 or more", c.perDay, 100*share)
		}
	}
}

// One and the same day, read after a hundred different pasts of the same organisation: the interval holds the reading
// that exact knowledge of what is ordinary would give, for which the median over the pasts stands.
func TestTheIntervalOfAReadingHoldsTheTruth(t *testing.T) {
	inside, tried := 0, 0
	for _, perDay := range []float64{15, 40} {
		for day := range uint64(4) {
			last := &stream{perDay: perDay, phi: 1.5, negative: .45, severe: .06, r: rand.New(rand.NewPCG(day, 77)), next: 1 << 40}
			today := last.day(start.AddDate(0, 0, 57))
			var pressures, lows, highs []float64
			for seed := range uint64(50) {
				s := &stream{perDay: perDay, phi: 1.5, negative: .45, severe: .06, r: rand.New(rand.NewPCG(seed, day))}
				e := engine(t, emergence.Config{TickEvery: 24 * time.Hour})
				for d := range 57 {
					e.Add(s.day(start.AddDate(0, 0, d))...)
				}
				e.Add(today...)
				r := e.Tick(start.AddDate(0, 0, 58)).Readings
				x := r[len(r)-1]
				pressures, lows, highs = append(pressures, x.Pressure), append(lows, x.Low), append(highs, x.High)
			}
			sorted := slices.Clone(pressures)
			slices.Sort(sorted)
			truth := sorted[len(sorted)/2]
			for i := range pressures {
				tried++
				if lows[i] <= truth && truth <= highs[i] {
					inside++
				}
			}
		}
	}
	share := float64(inside) / float64(tried)
	t.Logf("%.1f %% of %d intervals hold the truth", 100*share, tried)
	if share < .92 || share > .99 {
		t.Errorf("%.1f %% of the 95 %% intervals hold the truth", 100*share)
	}
}

func TestSilenceIsNotCalm(t *testing.T) {
	s := &stream{perDay: 30, phi: 1.3, negative: .45, severe: .05, r: rand.New(rand.NewPCG(3, 3))}
	e := engine(t, emergence.Config{TickEvery: time.Hour})
	for d := range 50 {
		e.Add(s.day(start.AddDate(0, 0, d))...)
	}
	for h := range 48 { // nothing could be heard from day 50 on, and nothing came
		e.Coverage(start.AddDate(0, 0, 50).Add(time.Duration(h)*time.Hour), 0)
	}
	blind := e.Tick(start.AddDate(0, 0, 52)).Readings
	last := blind[len(blind)-1]
	if !last.Blind || last.Word == "calm" || last.Low > 0 || last.High < 100 {
		t.Errorf("a day without hearing reads %+v", last)
	}
	for d := 52; d < 60; d++ {
		e.Add(s.day(start.AddDate(0, 0, d))...)
	}
	later := e.Tick(start.AddDate(0, 0, 60)).Readings
	if x := later[len(later)-1]; x.Blind || x.Days != 54 || math.Abs(x.Expected-13.5) > 2.5 {
		t.Errorf("blind days lowered what is ordinary: %+v", x)
	}
}

func TestAStormyDayIsStormyAndACampaignIsNotOrdinary(t *testing.T) {
	s := &stream{perDay: 30, phi: 1.3, negative: .45, severe: .05, r: rand.New(rand.NewPCG(3, 3))}
	storm := &stream{perDay: 90, phi: 1.3, negative: .9, severe: .3, r: rand.New(rand.NewPCG(4, 4)), next: 1 << 40}
	e := engine(t, emergence.Config{TickEvery: time.Hour})
	for d := range 60 {
		from := s
		if d == 57 {
			from = storm
		}
		e.Add(from.day(start.AddDate(0, 0, d))...)
	}
	r := e.Tick(start.AddDate(0, 0, 58)).Readings
	if x := r[len(r)-1]; x.Word != "stormy" || x.Tendency != emergence.TendencyRising || x.Pressure < 99 {
		t.Errorf("the storm reads %+v", x)
	}
	r = e.Tick(start.AddDate(0, 0, 59)).Readings
	if x := r[len(r)-1]; x.Word == "stormy" || x.Tendency != emergence.TendencyFalling {
		t.Errorf("the day after reads %+v", x)
	}
	before := r[len(r)-1].Days
	e.Campaign(start.AddDate(0, 0, 57), start.AddDate(0, 0, 58))
	r = e.Tick(start.AddDate(0, 0, 60)).Readings
	if x := r[len(r)-1]; x.Days != before-1 {
		t.Errorf("a campaign counts as ordinary: %d days, %d before", x.Days, before)
	}
}
