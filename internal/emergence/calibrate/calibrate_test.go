package calibrate

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"testing"
)

var report = flag.String("report", "", "run at full size and write the report to this file")

// TestReport writes the report at full size when it is asked to; otherwise it checks that small runs agree byte for byte.
func TestReport(t *testing.T) {
	if *report != "" {
		f, err := os.Create(*report)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(Run(t.Context(), f, Options{}), f.Close()); err != nil {
			t.Fatal(err)
		}
		return
	}
	small := Options{Series: 20, Days: 100, Outbreaks: 5, Ticks: 1}
	var a, b bytes.Buffer
	if err := errors.Join(Run(t.Context(), &a, small), Run(t.Context(), &b, small)); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a.Bytes(), b.Bytes()) || a.Len() == 0 {
		t.Error("two runs of the same sizes wrote different reports")
	}
}

func TestRunStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Run(ctx, io.Discard, Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled run: %v", err)
	}
}

// The bounds allow for four standard errors of a small run around the promised 0.8 to 1.25.
func TestRates(t *testing.T) {
	const n = 2000
	for _, c := range []scene{{.5, 1}, {.5, 5}, {2, 1.5}, {8, 3}, {50, 1}, {200, 2}} {
		cell := uniformity(c, n)
		for k, a := range alphas {
			for name, p := range map[string]float64{"randomised": cell.Randomised[k], "both": cell.Both[k]} {
				slack := 4 * math.Sqrt(a/n)
				if low := .8*a - slack; p < low && !(name == "both" && c.mean < 1) || p > 1.25*a+slack {
					t.Errorf("mean %v, dispersion %v: %s rate %.4f at level %v", c.mean, c.phi, name, p, a)
				}
			}
		}
		if cell.KS > .05 {
			t.Errorf("mean %v, dispersion %v: p-values are %.3f from uniform", c.mean, c.phi, cell.KS)
		}
	}
}

func TestPowerBeatsTheUsualRules(t *testing.T) {
	l := power(scene{8, powerPhi}, &Options{Days: 3000, Outbreaks: 200})
	ours := l.Rules[0]
	if ours.Share < .8 || ours.Delay > 3 {
		t.Errorf("found %.2f, median delay %v days", ours.Share, ours.Delay)
	}
	for _, f := range l.Rules[3:] {
		if f.Share+.1 > ours.Share {
			t.Errorf("%s finds %.2f, ours %.2f", f.Rule, f.Share, ours.Share)
		}
	}
}

func TestFalseDiscoveriesKeepThePromise(t *testing.T) {
	p := Discoveries(2000, 100, 2)
	if p.FDR > .15 { // one tick of some 60 discoveries varies by .04
		t.Errorf("%.3f of the discoveries are false, at a promise of .10", p.FDR)
	}
	if p.Found < .4 {
		t.Errorf("%.2f of the changed series found", p.Found)
	}
}

// What is simulated must have the mean and the variance it claims, or nothing measured on it means anything.
func TestCountsHaveTheirMoments(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	for _, c := range []scene{{.5, 1}, {.5, 5}, {8, 1.5}, {40, 1}, {200, 3}} {
		const n = 40000
		var sum, squares float64
		for range n {
			y := c.count(r, c.mean)
			sum += y
			squares += y * y
		}
		mean := sum / n
		phi := (squares/n - mean*mean) / c.mean
		if math.Abs(mean-c.mean) > 4*math.Sqrt(c.mean*c.phi/n) || math.Abs(phi/c.phi-1) > .1 {
			t.Errorf("mean %v, dispersion %v: drawn with %v, %v", c.mean, c.phi, mean, phi)
		}
	}
}
