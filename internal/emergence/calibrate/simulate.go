package calibrate

import (
	"math"
	"math/rand/v2"
	"time"

	"barometer/internal/emergence/stats"
)

// scene is one kind of series: a mean a day and a dispersion, with a week, a season and holidays.
type scene struct{ mean, phi float64 }

var weekdays = [7]float64{time.Sunday: .75, time.Monday: 1.15, time.Tuesday: 1.1, time.Wednesday: 1.1, time.Thursday: 1.1, time.Friday: 1.05, time.Saturday: .75}

const (
	season       = .2 // amplitude over the year
	holidayShare = .03
	holidayDip   = .6
)

// simulated is a series and the mean of each of its days.
type simulated struct {
	stats.Series
	mean []float64
}

// draw simulates days of a scene. Phase of the season, weekday of the beginning and holidays are random.
func (c scene) draw(r *rand.Rand, days int) simulated {
	s := simulated{Series: stats.Series{First: time.Weekday(r.IntN(7)), Holiday: make([]bool, days), Counts: make([]float64, days)}, mean: make([]float64, days)}
	phase := r.Float64() * 2 * math.Pi
	for i := range days {
		mu := c.mean * weekdays[(int(s.First)+i)%7] * (1 + season*math.Sin(2*math.Pi*float64(i)/365+phase))
		if s.Holiday[i] = r.Float64() < holidayShare; s.Holiday[i] {
			mu *= holidayDip
		}
		s.mean[i] = mu
		s.Counts[i] = c.count(r, mu)
	}
	return s
}

// count draws a negative binomial count of the scene's dispersion, or a Poisson one.
func (c scene) count(r *rand.Rand, mu float64) float64 {
	if c.phi > 1 {
		mu = gamma(r, mu/(c.phi-1)) * (c.phi - 1)
	}
	return float64(poisson(r, mu))
}

// gamma draws from the gamma distribution of scale 1 (Marsaglia and Tsang 2000).
func gamma(r *rand.Rand, shape float64) float64 {
	if shape < 1 {
		return gamma(r, shape+1) * math.Pow(1-r.Float64(), 1/shape)
	}
	d := shape - 1./3
	c := 1 / math.Sqrt(9*d)
	for {
		x := r.NormFloat64()
		v := 1 + c*x
		if v <= 0 {
			continue
		}
		v *= v * v
		if math.Log(1-r.Float64()) < .5*x*x+d-d*v+d*math.Log(v) {
			return d * v
		}
	}
}

// poisson draws by waiting times; a large mean is first cut down by the time of its k-th event.
func poisson(r *rand.Rand, mean float64) int {
	n := 0
	for mean > 30 {
		k := int(mean * 7 / 8)
		wait := gamma(r, float64(k))
		if wait > mean {
			return n + binomial(r, k-1, mean/wait)
		}
		n += k
		mean -= wait
	}
	limit := math.Exp(-mean)
	for p := r.Float64(); p > limit; p *= r.Float64() {
		n++
	}
	return n
}

func binomial(r *rand.Rand, n int, p float64) int {
	k := 0
	for range n {
		if r.Float64() < p {
			k++
		}
	}
	return k
}
