package stats

import (
	"math"
	"testing"
	"time"
)

func ptr[T any](v T) *T { return &v }

func TestFarringtonEqualsR(t *testing.T) {
	agona := func(o FarringtonOptions) FarringtonOptions {
		o.B, o.W, o.Freq = 4, 3, 52
		return o
	}
	for _, c := range []struct {
		file, input string
		dated       bool
		o           FarringtonOptions
	}{
		{"ff_agona_original.csv", "input_salmonella_agona.csv", false, agona(FarringtonOptions{NoPeriods: 1, WeightsThreshold: 1, PastWeeksNotIncluded: ptr(3), PThresholdTrend: .05, ThresholdMethod: "delta"})},
		{"ff_agona_noufaily_muan.csv", "input_salmonella_agona.csv", false, agona(FarringtonOptions{NoPeriods: 10, PastWeeksNotIncluded: ptr(26), PThresholdTrend: 1, ThresholdMethod: "muan"})},
		{"ff_agona_noufaily_nbPlugin.csv", "input_salmonella_agona.csv", false, agona(FarringtonOptions{NoPeriods: 10, PastWeeksNotIncluded: ptr(26), PThresholdTrend: 1, ThresholdMethod: "nbPlugin", Alpha: .005})},
		{"ff_agona_noufaily_delta.csv", "input_salmonella_agona.csv", false, agona(FarringtonOptions{NoPeriods: 10, PastWeeksNotIncluded: ptr(26), PThresholdTrend: 1, ThresholdMethod: "delta", Alpha: .01})},
		{"ff_agona_noreweight.csv", "input_salmonella_agona.csv", false, agona(FarringtonOptions{NoPeriods: 10, PastWeeksNotIncluded: ptr(26), PThresholdTrend: 1, ThresholdMethod: "nbPlugin", Alpha: .01, NoReweight: true})},
		{"ff_newport_2011.csv", "input_salmNewport.csv", true, FarringtonOptions{B: 4, W: 3, NoPeriods: 10, PastWeeksNotIncluded: ptr(26), PThresholdTrend: 1, ThresholdMethod: "nbPlugin", Limit54: &[2]int{0, 50}}},
		{"ff_newport_2013_muan01.csv", "input_salmNewport.csv", true, FarringtonOptions{B: 5, W: 3, NoPeriods: 10, PastWeeksNotIncluded: ptr(26), PThresholdTrend: 1, ThresholdMethod: "muan", Alpha: .01}},
		{"ff_rotaBB.csv", "input_rotaBB.csv", true, FarringtonOptions{B: 4, W: 3, Freq: 12, PastWeeksNotIncluded: ptr(3), PThresholdTrend: 1, ThresholdMethod: "nbPlugin", Alpha: .01}},
		{"ff_daily_sim.csv", "input_daily_sim.csv", true, FarringtonOptions{B: 2, W: 14, Freq: 365, PastWeeksNotIncluded: ptr(14), PThresholdTrend: 1, ThresholdMethod: "nbPlugin", Alpha: .001}},
	} {
		t.Run(c.file, func(t *testing.T) {
			in, want := golden(t, c.input), golden(t, c.file)
			if c.input == "input_rotaBB.csv" { // five series in one file; the input is the first
				for name := range want {
					want[name] = want[name][:61]
				}
			}
			if c.dated {
				for _, d := range in["epoch"] {
					c.o.Dates = append(c.o.Dates, time.Unix(int64(d)*86400, 0).UTC())
				}
			}
			c.o.From = int(want["t"][0]) - 1
			got, err := Farrington(in["observed"], c.o)
			if err != nil {
				t.Fatal(err)
			}
			verdicts := make([]Verdict, len(got))
			for i, v := range got {
				verdicts[i] = v.Verdict
			}
			compare(t, verdicts[:len(want["t"])], want)
			for i, v := range got[:len(want["t"])] {
				trend := 0.0
				if v.Trend {
					trend = 1
				}
				for name, value := range map[string]float64{"expected": v.Expected, "mu0": v.Mu0, "phi": v.Phi, "trend": trend, "trendcoef": v.TrendCoef, "score": v.Score, "pvalue": v.P} {
					if !near(value, want[name][i], 1e-4) && math.Abs(value-want[name][i]) > 1e-8 {
						t.Errorf("bucket %d: %s %v, want %v", v.Index+1, name, value, want[name][i])
					}
				}
			}
		})
	}
}
