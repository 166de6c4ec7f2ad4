package calibrate

import (
	"context"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"

	"barometer/internal/emergence/stats"
)

// Options are the sizes of a run. The zero value is the full one, which takes a few minutes on one core.
type Options struct {
	Series    int // simulated for each mean and dispersion; 20,000
	Days      int // without an outbreak, tested to fix each rule's limit; 20,000 a level
	Outbreaks int // simulated for each level; 1,500
	Ticks     int // days over which false discoveries are counted; 60
}

func (o *Options) defaults() {
	for _, d := range []struct {
		v    *int
		full int
	}{{&o.Series, 20000}, {&o.Days, 20000}, {&o.Outbreaks, 1500}, {&o.Ticks, 60}} {
		if *d.v == 0 {
			*d.v = d.full
		}
	}
}

// Report is everything measured.
type Report struct {
	Cells   []Cell
	Levels  []Level
	Promise Promise
	Calm    Promise // the same with no series changed: the share of days with any discovery
}

// Cell says how the p-values of one kind of series are distributed when nothing happens.
type Cell struct {
	Mean, Phi  float64
	Series     int
	KS         float64    // greatest distance of the randomised p-values of the shock test from uniform
	Randomised [2]float64 // share at or below .05 and .01, of the shock test with randomised p-values
	Plain      [2]float64 // the same with the p-values as they are: counts are discrete, so these lie below
	Both       [2]float64 // of both tests together
}

var alphas = [2]float64{.05, .01}

const history = 56 + 7 // days a series needs before it is tested fully

// Run measures and writes the report.
func Run(ctx context.Context, w io.Writer, o Options) error {
	r, err := Measure(ctx, o)
	if err != nil {
		return err
	}
	return r.write(w, o)
}

// Measure runs all simulations. They are sequential: the order of random numbers is part of the result.
func Measure(ctx context.Context, o Options) (*Report, error) {
	o.defaults()
	var r Report
	for _, mean := range []float64{.5, 2, 8, 20, 50, 200} {
		for _, phi := range []float64{1, 1.5, 2, 3, 5} {
			if err := ctx.Err(); err != nil {
				return nil, fmt.Errorf("calibrate: %w", err)
			}
			r.Cells = append(r.Cells, uniformity(scene{mean, phi}, o.Series))
		}
	}
	for _, mean := range []float64{2, 4, 8, 20, 40} {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("calibrate: %w", err)
		}
		r.Levels = append(r.Levels, power(scene{mean, powerPhi}, &o))
	}
	r.Promise = Discoveries(2000, 100, o.Ticks)
	r.Calm = Discoveries(2000, 0, o.Ticks)
	return &r, nil
}

func source(c scene, use uint64) *rand.Rand {
	return rand.New(rand.NewPCG(use, math.Float64bits(c.mean)^math.Float64bits(c.phi)<<1))
}

func uniformity(c scene, n int) Cell {
	r := source(c, 1)
	cell := Cell{Mean: c.mean, Phi: c.phi, Series: n}
	ps := make([]float64, n)
	for i := range ps {
		s := c.draw(r, history+1)
		v := stats.Daily(s.Series, history, stats.ShockOptions{})
		ps[i] = v.Shock.Above + r.Float64()*(v.Shock.P-v.Shock.Above)
		for k, a := range alphas {
			cell.Randomised[k] += share(ps[i] <= a, n)
			cell.Plain[k] += share(v.Shock.P <= a, n)
			cell.Both[k] += share(v.P <= a, n)
		}
	}
	slices.Sort(ps)
	for i, p := range ps {
		cell.KS = max(cell.KS, math.Abs(p-float64(i)/float64(n)), math.Abs(p-float64(i+1)/float64(n)))
	}
	return cell
}

func share(yes bool, n int) float64 {
	if yes {
		return 1 / float64(n)
	}
	return 0
}

// Promise is what became of the promise about false discoveries: Benjamini and Hochberg's procedure over all series of a
// day, at 10 %.
type Promise struct {
	Null, Changed, Ticks int
	Discoveries, False   int
	FDR                  float64 // mean over the days of the share of false among the discoveries
	Found                float64 // share of the changed series found on a day
	Later, LaterFalse    int     // discoveries and false ones when the levels of the days also keep the rate over all days (BatchBH)
}

// Discoveries simulates a tick of null and changed series, many times over. The changed ones have twice to four times
// their mean for the last four days.
func Discoveries(null, changed, ticks int) Promise {
	r := rand.New(rand.NewPCG(3, 3))
	out := Promise{Null: null, Changed: changed, Ticks: ticks}
	means, phis := []float64{.5, 1, 2, 5, 10, 30, 100}, []float64{1, 1.3, 2, 3}
	p := make([]float64, null+changed)
	over := stats.BatchBH{Alpha: .1}
	for range ticks {
		for i := range p {
			c := scene{means[r.IntN(len(means))], phis[r.IntN(len(phis))]}
			s := c.draw(r, history+1)
			if i >= null {
				factor := 2 + 2*r.Float64()
				for d := history - 3; d <= history; d++ {
					s.Counts[d] = c.count(r, s.mean[d]*factor)
				}
			}
			p[i] = stats.Daily(s.Series, history, stats.ShockOptions{}).P
		}
		found, wrong := 0, 0
		for i, q := range stats.BenjaminiHochberg(p, 0) {
			if q > .1 {
				continue
			}
			if found++; i < null {
				wrong++
			}
		}
		_, rejected := over.Test(p)
		for i, yes := range rejected {
			if yes {
				if out.Later++; i < null {
					out.LaterFalse++
				}
			}
		}
		out.Discoveries += found
		out.False += wrong
		out.FDR += float64(wrong) / float64(max(found, 1)) / float64(ticks)
	}
	if changed > 0 {
		out.Found = float64(out.Discoveries-out.False) / float64(changed*ticks)
	}
	return out
}
