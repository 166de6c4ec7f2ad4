package calibrate

import (
	"math"
	"math/rand/v2"
	"slices"

	"barometer/internal/emergence/stats"
)

// powerPhi is the dispersion of the series in which outbreaks are looked for.
const powerPhi = 1.5

const (
	outbreakDays = 7
	outbreakSD   = 2 // height a day in standard deviations
	rate         = .01
)

// Level says what each rule finds at one level of posts a day.
type Level struct {
	Mean      float64
	Days      int // without an outbreak, on which the limits were fixed
	Outbreaks int
	Rules     []Found
}

// Found is one rule at the limit at which it alarms on one day in a hundred without an outbreak.
type Found struct {
	Rule    string
	Nominal float64 // how often it alarms at its own limit, where it has one
	Share   float64 // of the outbreaks with an alarm on one of their days
	Early   float64 // of the outbreaks with an alarm on one of the first three days
	Delay   float64 // median days from the onset to the first alarm among the found; 0 on the first day
}

// rule scores a day, the higher the more alarming.
type rule struct {
	name  string
	limit float64 // its own, which it is usually run at
}

var rules = []rule{
	{"shock and drift", -.01}, {"shock", -.01}, {"drift", -.01},
	{"EARS C2", 3}, {"mean + 2 sd", 2}, {"12-hour ratio", 2},
}

// scores returns each rule's score of a day.
func scores(r *rand.Rand, s *simulated, halves [][2]float64, t int) [6]float64 {
	v := stats.Daily(s.Series, t, stats.ShockOptions{})
	c2, err := stats.EARS(s.Counts[t-9:t+1], stats.EARSOptions{Method: "C2", MinSigma: .5})
	if err != nil {
		panic(err) // the settings are constants
	}
	ears := 3 * (s.Counts[t] - c2[0].Expected) / (c2[0].Upper - c2[0].Expected)
	if c2[0].Upper == 0 {
		ears = 0
	}
	var mean, ss float64
	for _, y := range s.Counts[t-28 : t] {
		mean += y / 28
	}
	for _, y := range s.Counts[t-28 : t] {
		ss += (y - mean) * (y - mean) / 27
	}
	ratio := max((halves[t][0]+.5)/(halves[t-1][1]+.5), (halves[t][1]+.5)/(halves[t][0]+.5))
	out := [6]float64{-v.P, -v.Shock.MidP, -v.Drift.P, ears, (s.Counts[t] - mean) / max(math.Sqrt(ss), .5), ratio}
	for i := range out { // equal scores are told apart by lot, or a discrete rule could not be held to the rate
		out[i] += 1e-9 * r.Float64()
	}
	return out
}

// split divides each day's posts at noon, by chance.
func split(r *rand.Rand, counts []float64) [][2]float64 {
	out := make([][2]float64, len(counts))
	for i, y := range counts {
		morning := float64(binomial(r, int(y), .5))
		out[i] = [2]float64{morning, y - morning}
	}
	return out
}

func power(c scene, o *Options) Level {
	r := source(c, 2)
	l := Level{Mean: c.mean, Outbreaks: o.Outbreaks}
	const tested = 10 // days of a series without an outbreak
	null := make([][]float64, len(rules))
	for range (o.Days + tested - 1) / tested {
		s := c.draw(r, history+tested)
		halves := split(r, s.Counts)
		for t := history; t < history+tested; t++ {
			for k, x := range scores(r, &s, halves, t) {
				null[k] = append(null[k], x)
			}
			l.Days++
		}
	}
	limits := make([]float64, len(rules))
	for k, ru := range rules {
		f := Found{Rule: ru.name}
		for _, x := range null[k] {
			f.Nominal += share(x >= ru.limit, l.Days)
		}
		slices.Sort(null[k])
		limits[k] = null[k][len(null[k])-1-int(rate*float64(len(null[k])))]
		l.Rules = append(l.Rules, f)
	}
	delays := make([][]int, len(rules))
	for range o.Outbreaks {
		s := c.draw(r, history+outbreakDays)
		for t := history; t < history+outbreakDays; t++ {
			extra := outbreakSD * math.Sqrt(c.phi*s.mean[t])
			s.Counts[t] += float64(poisson(r, extra))
		}
		halves := split(r, s.Counts)
		seen := make([]bool, len(rules))
		for t := history; t < history+outbreakDays; t++ {
			for k, x := range scores(r, &s, halves, t) {
				if !seen[k] && x > limits[k] {
					seen[k] = true
					delays[k] = append(delays[k], t-history)
				}
			}
		}
	}
	for k := range rules {
		f := &l.Rules[k]
		f.Share = float64(len(delays[k])) / float64(o.Outbreaks)
		for _, d := range delays[k] {
			f.Early += share(d < 3, o.Outbreaks)
		}
		f.Delay = median(delays[k])
	}
	return l
}

func median(x []int) float64 {
	if len(x) == 0 {
		return math.NaN()
	}
	slices.Sort(x)
	return float64(x[(len(x)-1)/2]+x[len(x)/2]) / 2
}

// interval is Wilson's 95 % interval of a share of n.
func interval(p float64, n int) (low, high float64) {
	const z = 1.96
	m := float64(n)
	center, half := p+z*z/(2*m), z*math.Sqrt(p*(1-p)/m+z*z/(4*m*m))
	return (center - half) / (1 + z*z/m), (center + half) / (1 + z*z/m)
}
