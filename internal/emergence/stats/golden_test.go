package stats

import (
	"encoding/csv"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// table is a CSV file of reference numbers, by column.
type table map[string][]float64

// golden reads a reference file: a simulated one from testdata, or a disease series from the shared folder beside the
// repository, which is not part of it.
func golden(t *testing.T, name string) table {
	t.Helper()
	path := filepath.Join("testdata", name)
	if _, err := os.Stat(path); err != nil {
		dir := os.Getenv("BAROMETER_SHARED")
		if dir == "" {
			dir = "../../../../shared"
		}
		if _, err := os.Stat(filepath.Join(dir, "golden")); err != nil {
			t.Skipf("no reference folder at %s", dir)
		}
		path = filepath.Join(dir, "golden", name)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	out := table{}
	for i, name := range rows[0] {
		for _, row := range rows[1:] {
			x, err := strconv.ParseFloat(row[i], 64)
			if err != nil {
				x = math.NaN() // R writes NA
			}
			out[name] = append(out[name], x)
		}
	}
	return out
}

func near(a, b, relative float64) bool {
	return a == b || math.Abs(a-b) <= relative*max(math.Abs(a), math.Abs(b), 1e-12) || math.IsNaN(a) && math.IsNaN(b)
}

// compare checks verdicts with R's table: same buckets, no alarm difference, upper bounds to 1e-4.
func compare(t *testing.T, got []Verdict, want table) {
	t.Helper()
	if len(got) != len(want["t"]) {
		t.Fatalf("%d buckets tested, want %d", len(got), len(want["t"]))
	}
	for i, v := range got {
		if float64(v.Index+1) != want["t"][i] || v.Observed != want["observed"][i] {
			t.Fatalf("row %d is bucket %d with %v, want %v with %v", i, v.Index+1, v.Observed, want["t"][i], want["observed"][i])
		}
		if !near(v.Upper, want["upperbound"][i], 1e-4) {
			t.Errorf("bucket %d: upper %v, want %v", v.Index+1, v.Upper, want["upperbound"][i])
		}
		if v.Alarm != (want["alarm"][i] == 1) {
			t.Errorf("bucket %d: alarm %v, want %v", v.Index+1, v.Alarm, want["alarm"][i])
		}
	}
}

func TestDistributionsEqualR(t *testing.T) {
	nb := golden(t, "dist_negbin.csv")
	for i := range nb["mu"] {
		d := NegBin{nb["mu"][i], nb["phi"][i]}
		for _, q := range []struct {
			column string
			p      float64
		}{{"q95", .95}, {"q995", .995}, {"q999", .999}} {
			if got := d.Quantile(q.p); float64(got) != nb[q.column][i] {
				t.Errorf("%+v: quantile %v = %d, want %v", d, q.p, got, nb[q.column][i])
			}
		}
		if got := d.Tail(int(math.Ceil(2 * d.Mean))); !near(got, nb["tail2mu"][i], 1e-9) {
			t.Errorf("%+v: tail %v, want %v", d, got, nb["tail2mu"][i])
		}
	}
	po := golden(t, "dist_poisson.csv")
	for i, mu := range po["mu"] {
		if a, b := PoissonQuantile(.95, mu), PoissonQuantile(.999, mu); float64(a) != po["q95"][i] || float64(b) != po["q999"][i] {
			t.Errorf("Poisson %v: quantiles %d, %d, want %v, %v", mu, a, b, po["q95"][i], po["q999"][i])
		}
		if got := PoissonTail(int(math.Ceil(2*mu)), mu); !near(got, po["tail2mu"][i], 1e-9) {
			t.Errorf("Poisson %v: tail %v, want %v", mu, got, po["tail2mu"][i])
		}
	}
}

func TestAdjustedPValuesEqualR(t *testing.T) {
	want := golden(t, "fdr_padjust.csv")
	for name, got := range map[string][]float64{"BH": BenjaminiHochberg(want["p"], 0), "BY": BenjaminiYekutieli(want["p"]),
		"holm": Holm(want["p"]), "bonf": Bonferroni(want["p"])} {
		for i := range got {
			if !near(got[i], want[name][i], 1e-9) {
				t.Errorf("%s of %v: %v, want %v", name, want["p"][i], got[i], want[name][i])
			}
		}
	}
}

func TestEARSEqualsR(t *testing.T) {
	for _, c := range []struct {
		file, input string
		o           EARSOptions
	}{
		{"ears_agona_C1.csv", "input_salmonella_agona.csv", EARSOptions{Method: "C1"}},
		{"ears_agona_C2.csv", "input_salmonella_agona.csv", EARSOptions{Method: "C2"}},
		{"ears_agona_C3.csv", "input_salmonella_agona.csv", EARSOptions{Method: "C3"}},
		{"ears_agona_C1_b14_min05.csv", "input_salmonella_agona.csv", EARSOptions{Method: "C1", Baseline: 14, MinSigma: .5}},
		{"ears_agona_C2_b14_min05.csv", "input_salmonella_agona.csv", EARSOptions{Method: "C2", Baseline: 14, MinSigma: .5}},
		{"ears_agona_C3_b14_min05.csv", "input_salmonella_agona.csv", EARSOptions{Method: "C3", Baseline: 14, MinSigma: .5}},
		{"ears_daily_C1_b7.csv", "input_daily_sim.csv", EARSOptions{Method: "C1", MinSigma: .5}},
		{"ears_daily_C2_b7.csv", "input_daily_sim.csv", EARSOptions{Method: "C2", MinSigma: .5}},
		{"ears_daily_C3_b7.csv", "input_daily_sim.csv", EARSOptions{Method: "C3", MinSigma: .5}},
		{"ears_daily_C1_b28.csv", "input_daily_sim.csv", EARSOptions{Method: "C1", Baseline: 28, MinSigma: .5}},
		{"ears_daily_C2_b28.csv", "input_daily_sim.csv", EARSOptions{Method: "C2", Baseline: 28, MinSigma: .5}},
		{"ears_daily_C3_b28.csv", "input_daily_sim.csv", EARSOptions{Method: "C3", Baseline: 28, MinSigma: .5}},
	} {
		t.Run(c.file, func(t *testing.T) {
			got, err := EARS(golden(t, c.input)["observed"], c.o)
			if err != nil {
				t.Fatal(err)
			}
			compare(t, got, golden(t, c.file))
		})
	}
}

func TestOnlineProceduresEqualR(t *testing.T) {
	for _, file := range []string{"onlinefdr_vignette15.csv", "onlinefdr_sim300.csv"} {
		want := golden(t, file)
		for column, method := range map[string]Method{"lordpp": LORDPlusPlus, "saffron": SAFFRON, "addis": ADDIS, "lond": LOND} {
			o := Online{Method: method, Alpha: .05}
			for i, p := range want["p"] {
				level, reject := o.Test(p)
				if !near(level, want[column+"_alpha"][i], 1e-9) || reject != (want[column+"_R"][i] == 1) {
					t.Fatalf("%s %s test %d: level %v reject %v, want %v %v", file, column, i+1, level, reject,
						want[column+"_alpha"][i], want[column+"_R"][i])
				}
			}
		}
	}
	gamma := golden(t, "onlinefdr_gamma.csv")
	for i := range gamma["j"] {
		if a, b := gammaLORD(i+1), gammaSAFFRON(i+1); !near(a, gamma["gamma_lord"][i], 1e-9) || !near(b, gamma["gamma_saffron"][i], 1e-9) {
			t.Errorf("gamma %d: %v, %v", i+1, a, b)
		}
	}
}

func TestBatchBHEqualsR(t *testing.T) {
	want := golden(t, "onlinefdr_batchbh_sim300.csv")
	b := BatchBH{Alpha: .05}
	for i := 0; i < len(want["pval"]); {
		j := i
		for j < len(want["pval"]) && want["batch"][j] == want["batch"][i] {
			j++
		}
		level, reject := b.Test(want["pval"][i:j])
		for k := i; k < j; k++ {
			if !near(level, want["alphai"][k], 1e-9) || reject[k-i] != (want["R"][k] == 1) {
				t.Fatalf("test %d of batch %v: level %v reject %v, want %v %v", k+1, want["batch"][k], level, reject[k-i], want["alphai"][k], want["R"][k])
			}
		}
		i = j
	}
}

func constant(m float64) func(int) float64 { return func(int) float64 { return m } }

func TestChartsEqualR(t *testing.T) {
	for _, c := range []struct {
		file, input string
		o           LROptions
	}{
		{"glrpois_value.csv", "input_glr_pois.csv", LROptions{Mean: constant(5), Limit: 5}},
		{"lrpois_theta15_value.csv", "input_glr_pois.csv", LROptions{Mean: constant(5), Limit: 5, Theta: math.Log(1.5)}},
		{"glrnb_value.csv", "input_glr_nb.csv", LROptions{Mean: constant(5), Limit: 5, Alpha: .25}},
		{"lrnb_theta15_value.csv", "input_glr_nb.csv", LROptions{Mean: constant(5), Limit: 5, Alpha: .25, Theta: math.Log(1.5)}},
	} {
		t.Run(c.file, func(t *testing.T) { compare(t, LR(golden(t, c.input)["observed"], c.o), golden(t, c.file)) })
	}
	b := golden(t, "lrcusum_binomial.csv")
	hits, totals := make([]int, len(b["t"])), make([]int, len(b["t"]))
	for i := range hits {
		hits[i], totals[i] = int(b["negative"][i]), int(b["total"][i])
	}
	llr, chart := BinomialCUSUM(hits, totals, .25, 1.6)
	for i := range hits {
		if !near(llr[i], b["llr"][i], 1e-9) || math.Abs(chart[i]-b["cusum"][i]) > 1e-9 {
			t.Errorf("bucket %d: %v, %v, want %v, %v", i+1, llr[i], chart[i], b["llr"][i], b["cusum"][i])
		}
	}
}

func TestRKIEqualsR(t *testing.T) {
	for _, in := range []struct{ name, input string }{{"agona", "input_salmonella_agona.csv"}, {"k1", "input_k1.csv"}} {
		for i, o := range []RKIOptions{{B: 0, W: 6, ActY: true}, {B: 1, W: 6, ActY: true}, {B: 2, W: 4}} {
			file := "rki" + strconv.Itoa(i+1) + "_" + in.name + ".csv"
			t.Run(file, func(t *testing.T) {
				counts, want := golden(t, in.input)["observed"], golden(t, file)
				o.Period, o.From = 52, int(want["t"][0])-1
				compare(t, RKI(counts, o), want)
			})
		}
	}
}

func TestCUSUMEqualsR(t *testing.T) {
	counts := golden(t, "input_salmonella_agona.csv")["observed"]
	for _, trans := range []string{"standard", "rossi"} {
		want := golden(t, "cusum_"+trans+"_agona.csv")
		from := int(want["t"][0]) - 1
		mean := 0.0
		for _, x := range counts[:from] { // R takes the mean of what lies before the tested range
			mean += x / float64(from)
		}
		got, err := CUSUM(counts[from:], CUSUMOptions{K: 1.04, H: 2.26, Trans: trans, Mean: mean})
		if err != nil {
			t.Fatal(err)
		}
		for i := range got {
			got[i].Index += from
		}
		compare(t, got, want)
	}
}
