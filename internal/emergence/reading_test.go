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
	for _, c := range []struct{ perDay, phi float64 }{{8, 1.2}, {25, 1.5}, {100, 2}, {400, 4}} {
		var got []float64
		for seed := range uint64(12) {
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
	}
}
