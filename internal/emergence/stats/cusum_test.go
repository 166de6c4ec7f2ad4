package stats

import (
	"bytes"
	"flag"
	"fmt"
	"go/format"
	"math"
	"math/rand/v2"
	"os"
	"testing"
)

var update = flag.Bool("update", false, "compute cusum_limits.go anew")

func TestRiseLimits(t *testing.T) {
	if *update {
		var b bytes.Buffer
		b.WriteString("package stats\n\n// Computed by `go test -run RiseLimits -update`; do not edit.\n\n")
		fmt.Fprintf(&b, "var riseMeans = [...]float64{%s}\n\nvar risePhis = [...]float64{%s}\n\n", list(riseMeans[:]), list(risePhis[:]))
		b.WriteString("// riseLimits are the limits by factor, mean and dispersion.\nvar riseLimits = [2][len(riseMeans)][len(risePhis)]float64{\n")
		for _, theta := range riseFactors {
			b.WriteString("{\n")
			for _, mean := range riseMeans {
				var row []float64
				for _, phi := range risePhis {
					row = append(row, math.Round(1e4*solveLimit(NegBin{mean, phi}, theta))/1e4)
				}
				fmt.Fprintf(&b, "{%s},\n", list(row))
			}
			b.WriteString("},\n")
		}
		b.WriteString("}\n")
		text, err := format.Source(b.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile("cusum_limits.go", text, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	for _, c := range [][2]int{{0, 0}, {2, 2}, {5, 4}, {8, 1}} {
		for k, theta := range riseFactors {
			d := NegBin{riseMeans[c[0]], risePhis[c[1]]}
			if got, want := riseLimits[k][c[0]][c[1]], solveLimit(d, theta); math.Abs(got-want) > 1e-4 {
				t.Errorf("%+v: limit %v, computed %v", d, got, want)
			}
		}
	}
}

func list(x []float64) string {
	var b bytes.Buffer
	for i, v := range x {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%g", v)
	}
	return b.String()
}

// Both charts together alarm about once a year by chance: not more often than promised, and between the points of the table
// too.
func TestRiseAlarmsOnceAYear(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	for _, d := range []NegBin{{.7, 1.1}, {2, 2}, {6, 1.7}, {30, 2.5}, {60, 2}} {
		cdf := []float64{}
		for y, sum := 0, 0.0; sum < 1-1e-9; y++ {
			sum += math.Exp(d.LogProbability(y))
			cdf = append(cdf, sum)
		}
		const days = 200000
		alarms := 0
		var chart Rise
		for range days {
			u, y := r.Float64(), 0
			for y < len(cdf)-1 && cdf[y] < u {
				y++
			}
			if _, alarm := chart.Add(float64(y), d.Mean, d.Phi); alarm {
				alarms++
			}
		}
		if mean := days / float64(alarms); mean < 330 || mean > 760 {
			t.Errorf("%+v: an alarm every %.0f days", d, mean)
		} else {
			t.Logf("%+v: an alarm every %.0f days", d, mean)
		}
	}
}

func TestRiseFindsARise(t *testing.T) {
	var chart Rise
	for i := range 10 {
		if _, alarm := chart.Add(16, 8, 1.5); alarm {
			if i > 3 || chart != (Rise{}) {
				t.Errorf("alarm on day %d, then %+v", i+1, chart)
			}
			return
		}
	}
	t.Error("twice the mean for ten days is not found")
}
