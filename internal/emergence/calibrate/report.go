package calibrate

import (
	"bufio"
	"fmt"
	"io"
	"math"
)

func (r *Report) write(w io.Writer, o Options) error {
	o.defaults()
	b := bufio.NewWriter(w)
	line := func(format string, args ...any) { fmt.Fprintf(b, format+"\n", args...) }
	line("# The daily tests, measured\n")
	line("Written by `make calibrate` from simulations with fixed seeds; do not edit. Counts are negative binomial (Poisson where the")
	line("dispersion is 1) with a weekly pattern (weekends at 0.75, Mondays at 1.15 of the mean), a season of 20 %% either way whose")
	line("phase is random, and on 3 %% of the days a holiday at 0.6 of the mean. A test sees 56 days, leaves out 7, and judges the next.\n")
	line("## How a day is judged\n")
	line("- *Baseline*: a quasi-Poisson model of the log mean with level, trend, weekend, weekday and holiday. All effects but the level are")
	line("  shrunk towards none by a normal prior, so that a small series has the effects it can afford and the limits know what is not known:")
	line("  a holiday never seen before, or the slope of a season, widens them. There is no switch from one model to another by level.")
	line("- *Past outbreaks* (a tail probability below 0.005) lose weight with the square of their residual, and for the dispersion count only as")
	line("  having been large; what ordinary days lose by that on average is given back to the level.")
	line("- *Dispersion* is not one number but weighed over a grid, by its likelihood; never below Poisson.")
	line("- *Shock* is the tail of that mixture of negative binomials, with the variance of the mean added, at today's count.")
	line("- *Drift* is the least such tail over the sums since each of the days after the baseline, corrected for the choice. Both together")
	line("  (*both*, *shock and drift*) correct for all eight, with today alone counting a third of a sum.")
	line("- Fewer than 28 days are never tested, fewer than 42 in the baseline are called provisional, less than half a day is not tested.\n")
	line("## When nothing happens\n")
	line("%d series a row. A count is discrete: at two posts a day no rule can alarm on exactly 1 %% of the days without tossing a coin.", o.Series)
	line("So calibration is judged by the randomised p-value (chance of a higher count, plus a uniform share of the chance of the same),")
	line("which is uniform when the model is right. KS is its greatest distance from uniform; by chance alone it stays below %.4f in 95 %%", 1.358/sqrt(o.Series))
	line("of the rows. The rates are given as a multiple of the promised one, with a 95 %% interval. *Plain* is the rule as it runs, alarm")
	line("where the p-value is at most the level: it can only be more cautious than randomised. *Both* is shock and drift together.\n")
	line("| posts a day | dispersion | KS | randomised, 5 %% | randomised, 1 %% | plain, 5 %% | plain, 1 %% | both, 5 %% | both, 1 %% |")
	line("|--:|--:|--:|--:|--:|--:|--:|--:|--:|")
	within, cells := 0, 0
	for _, c := range r.Cells {
		ratio := func(p, a float64) string {
			low, high := interval(p, c.Series)
			return fmt.Sprintf("%.2f (%.2f-%.2f)", p/a, low/a, high/a)
		}
		line("| %g | %g | %.4f | %s | %s | %.2f | %.2f | %.2f | %.2f |", c.Mean, c.Phi, c.KS, ratio(c.Randomised[0], .05), ratio(c.Randomised[1], .01),
			c.Plain[0]/.05, c.Plain[1]/.01, c.Both[0]/.05, c.Both[1]/.01)
		for k, a := range alphas {
			cells++
			if x := c.Randomised[k] / a; x >= .8 && x <= 1.25 {
				within++
			}
		}
	}
	line("\n%d of %d randomised rates lie within 0.8 and 1.25 of the promised one. Where they do not, it is known why: whether counts of", within, cells)
	line("two a day are Poisson or a little more variable cannot be told from eight weeks, and one limit for both is too cautious for the")
	line("first and a little too bold for the second; and half a post a day that comes in clumps shows too few clumps in eight weeks. What")
	line("decides alerts is *both*: cautious where the dispersion is 1, and within 1.2 of the promise elsewhere.\n")
	line("## What is found\n")
	line("Outbreaks of seven days, each day 2 standard deviations higher, in series of dispersion %g. Every rule is set to the limit at which", powerPhi)
	line("it alarms on 1 %% of the days without an outbreak; *at its own limit* says how often it alarms there as it is usually run (1 %% for")
	line("ours, 3 sd for EARS C2, 2 sd, twice the twelve hours before). *Found* is an alarm on one of the seven days, with a 95 %% interval;")
	line("the delay is the median of the days from the onset to the first alarm among the found, 0 on the first day itself.\n")
	line("| posts a day | rule | at its own limit | found | found in the first 3 days | delay |")
	line("|--:|---|--:|--:|--:|--:|")
	for _, l := range r.Levels {
		for _, f := range l.Rules {
			low, high := interval(f.Share, l.Outbreaks)
			early, late := interval(f.Early, l.Outbreaks)
			line("| %g | %s | %.1f %% | %.3f (%.3f-%.3f) | %.3f (%.3f-%.3f) | %g |", l.Mean, f.Rule, 100*f.Nominal, f.Share, low, high, f.Early, early, late, f.Delay)
		}
	}
	line("\n%d days without and %d with an outbreak a level.\n", o.Days, o.Outbreaks)
	p := r.Promise
	line("## How many discoveries are false\n")
	line("%d series without and %d with a change (twice to four times the mean for four days), means 0.5 to 100, dispersions 1 to 3, tested", p.Null, p.Changed)
	line("together on each of %d days by Benjamini and Hochberg's procedure at 10 %%: %d discoveries, %d of them false; the share of false", p.Ticks, p.Discoveries, p.False)
	line("ones, averaged over the days, is %.3f. Of the changed series %.0f %% were found on a day. With levels that keep the rate over all", p.FDR, 100*p.Found)
	line("days together (BatchBH) there are %d discoveries, %d of them false (%.3f).\n", p.Later, p.LaterFalse, float64(p.LaterFalse)/float64(max(p.Later, 1)))
	line("With %d series without a change and none with one, there was a discovery on %.3f of %d days.", r.Calm.Null, r.Calm.FDR, r.Calm.Ticks)
	if err := b.Flush(); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

func sqrt(n int) float64 { return math.Sqrt(float64(n)) }
