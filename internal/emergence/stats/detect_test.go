package stats

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestReadCSV(t *testing.T) {
	for _, c := range []struct{ name, in, labels string }{
		{"dates with a heading", "time,count\n2026-01-01,3\n2026-01-02,4\n", "[2026-01-01 2026-01-02]"},
		{"no heading", "2026-01-01,3\n2026-01-02,4", "[2026-01-01 2026-01-02]"},
		{"RFC 3339", "2026-01-01T00:00:00Z,3\n2026-01-01T01:00:00+00:00,4\n", "[2026-01-01T00:00:00Z 2026-01-01T01:00:00+00:00]"},
		{"numbers and a mark", "\ufefft,observed\n1,3\n2,4.0\n", "[1 2]"},
		{"more columns", "time,count,note\n1,3,a\n2,4,b\n", "[1 2]"},
	} {
		b, err := ReadCSV(strings.NewReader(c.in))
		if err != nil || fmt.Sprint(b.Labels) != c.labels || b.Counts[0] != 3 || b.Counts[1] != 4 {
			t.Errorf("%s: %+v, %v", c.name, b, err)
		}
	}
	b, err := ReadCSV(strings.NewReader("1,3\n2,NA\n3,\n"))
	if err != nil || !math.IsNaN(b.Counts[1]) || !math.IsNaN(b.Counts[2]) {
		t.Errorf("unknown counts: %+v, %v", b, err)
	}
}

func TestReadCSVSaysWhere(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"", "no buckets"},
		{"time,count\n", "no buckets"},
		{"1,3\n2,many\n", `line 2: count "many"`},
		{"1,3\n2,-4\n", `line 2: count "-4"`},
		{"1,3\n2,1e300\n", "line 2: count"},
		{"1,3\nsoon,4\n", `line 2: time "soon"`},
		{"1,3\n1,4\n", `line 2: "1" does not come after`},
		{"1,3\n2026-01-01,4\n", "line 2: "},
		{"1,3\n2\n", "line 2: want a time and a count"},
		{"1,3\n\"2,4\n", "line"},
	} {
		if _, err := ReadCSV(strings.NewReader(c.in)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, want %q", c.in, err, c.want)
		}
	}
}

func FuzzReadCSV(f *testing.F) {
	for _, seed := range []string{"time,count\n2026-01-01,3\n", "1,2\n2,NA\n", "\ufeff1,2", "2026-01,1\n2026-02,2\n", "9223372036854775807,1\n", "\"a\nb\",1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		b, err := ReadCSV(strings.NewReader(in))
		if err != nil {
			return
		}
		if len(b.Labels) == 0 || len(b.Labels) != len(b.Counts) || b.Times != nil && len(b.Times) != len(b.Counts) {
			t.Fatalf("%d labels, %d times, %d counts", len(b.Labels), len(b.Times), len(b.Counts))
		}
		for _, method := range Methods {
			rows, err := Detect(b, method, nil)
			if err == nil && len(rows) != len(b.Counts) {
				t.Fatalf("%s: %d rows for %d buckets", method, len(rows), len(b.Counts))
			}
			for _, r := range rows {
				if p := float64(r.P); !math.IsNaN(p) && !(p > 0 && p <= 1+1e-9) {
					t.Fatalf("%s: %+v", method, r)
				}
			}
		}
	})
}

// spaced returns a series of buckets with a peak in the last one.
func spaced(n int, width time.Duration, mean float64) *Buckets {
	s := weeks(n, mean)
	b := &Buckets{Counts: s.Counts}
	for i := range n {
		at := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC).Add(time.Duration(i) * width)
		b.Times, b.Labels = append(b.Times, at), append(b.Labels, at.Format(time.RFC3339))
	}
	b.Counts[n-1] = 6 * mean
	return b
}

func TestDetectFindsAPeakAtEveryWidth(t *testing.T) {
	for _, width := range []time.Duration{5 * time.Minute, time.Hour, 6 * time.Hour, day, 7 * day} {
		for _, method := range []string{"shock", "daily", "ears-c2"} {
			rows, err := Detect(spaced(400, width, 10), method, nil)
			if err != nil {
				t.Fatal(err)
			}
			alarms := 0
			for _, r := range rows {
				if r.Alarm {
					alarms++
				}
			}
			if last := rows[399]; !last.Alarm || last.P > .01 || alarms > 20 {
				t.Errorf("%s, buckets of %v: %+v, %d alarms", method, width, last, alarms)
			}
		}
	}
}

func TestDetectLearnsTheHours(t *testing.T) {
	b := spaced(24*30, time.Hour, 20)
	for i := range b.Counts {
		if h := b.Times[i].Hour(); h < 6 {
			b.Counts[i] = math.Floor(b.Counts[i] / 10)
		}
	}
	rows, err := Detect(b, "shock", nil)
	if err != nil {
		t.Fatal(err)
	}
	var night, noon float64
	for i := 24 * 20; i < 24*30-1; i++ {
		switch b.Times[i].Hour() {
		case 3:
			night += float64(rows[i].Expected) / 10
		case 12:
			noon += float64(rows[i].Expected) / 10
		}
	}
	if night > 5 || noon < 16 {
		t.Errorf("expected %v at night and %v at noon", night, noon)
	}
}

func TestDetectSkipsWhatIsMissing(t *testing.T) {
	b := spaced(100, day, 10)
	b.Counts[50] = math.NaN()
	b.Times, b.Labels, b.Counts = append(b.Times[:60:60], b.Times[63:]...), append(b.Labels[:60:60], b.Labels[63:]...), append(b.Counts[:60:60], b.Counts[63:]...)
	rows, err := Detect(b, "daily", nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 97 || !math.IsNaN(float64(rows[50].P)) || !rows[96].Alarm {
		t.Errorf("%d rows, unknown bucket %+v, last %+v", len(rows), rows[50], rows[96])
	}
	if _, err := Detect(b, "ears-c1", nil); err == nil {
		t.Error("EARS ran over an unknown count")
	}
}

func TestDetectNeverLooksAhead(t *testing.T) {
	for _, width := range []time.Duration{time.Hour, day} {
		for _, method := range []string{"shock", "drift", "daily", "cusum", "ears-c3"} {
			whole, cut := spaced(200, width, 6), spaced(200, width, 6)
			cut.Times, cut.Labels, cut.Counts = cut.Times[:120], cut.Labels[:120], cut.Counts[:120]
			a, err := Detect(whole, method, nil)
			if err != nil {
				t.Fatal(err)
			}
			b, err := Detect(cut, method, nil)
			if err != nil {
				t.Fatal(err)
			}
			x, _ := json.Marshal(a[:120])
			y, _ := json.Marshal(b)
			if !reflect.DeepEqual(x, y) {
				t.Errorf("%s, buckets of %v: the first 120 rows depend on later ones", method, width)
			}
		}
	}
}

// The command's Farrington is the one that equals R, under R's names.
func TestDetectFarringtonTakesRsOptions(t *testing.T) {
	in, want := golden(t, "input_daily_sim.csv"), golden(t, "ff_daily_sim.csv")
	b := &Buckets{Counts: in["observed"]}
	for _, d := range in["epoch"] {
		at := time.Unix(int64(d)*86400, 0).UTC()
		b.Times, b.Labels = append(b.Times, at), append(b.Labels, at.Format(time.DateOnly))
	}
	rows, err := Detect(b, "farrington", map[string]string{"b": "2", "w": "14", "noPeriods": "1", "pastWeeksNotIncluded": "14", "pThresholdTrend": "1",
		"thresholdMethod": "nbPlugin", "alpha": "0.001", "reweight": "TRUE", "weightsThreshold": "2.58", "limit54": "5,4", "trend": "true"})
	if err != nil {
		t.Fatal(err)
	}
	tested := 0
	for i, at := range want["t"] {
		r := rows[int(at)-1]
		if math.IsNaN(float64(r.Upper)) && !math.IsNaN(want["upperbound"][i]) {
			continue
		}
		tested++
		if !near(float64(r.Upper), want["upperbound"][i], 1e-4) || r.Alarm != (want["alarm"][i] == 1) {
			t.Errorf("bucket %v: %+v, want upper %v", at, r, want["upperbound"][i])
		}
	}
	if tested == 0 {
		t.Error("no bucket was compared")
	}
}

func TestDetectRefusesWhatItDoesNotKnow(t *testing.T) {
	b := spaced(60, day, 5)
	for _, c := range []struct {
		method, name, value, want string
	}{
		{"prophet", "", "", "want one of"},
		{"shock", "alpah", "1", `unknown option "alpah"`},
		{"shock", "alpha", "1", "between 0 and 1"},
		{"shock", "history", "5", "history 5"},
		{"ears-c1", "baseline", "seven", "whole number"},
		{"farrington", "limit54", "5", "two numbers"},
		{"farrington", "reweight", "maybe", "true or false"},
		{"farrington", "thresholdMethod", "guess", "thresholdMethod"},
	} {
		o := map[string]string{}
		if c.name != "" {
			o[c.name] = c.value
		}
		if _, err := Detect(b, c.method, o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %s=%s: %v", c.method, c.name, c.value, err)
		}
	}
}

func TestRowsAreJSON(t *testing.T) {
	rows, err := Detect(spaced(30, day, 5), "shock", nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(rows[0])
	if err != nil {
		t.Fatal(err)
	}
	if want := `"expected":null,"upper":null,"p":null,"alarm":false}`; !strings.HasSuffix(string(got), want) {
		t.Errorf("%s does not end in %s", got, want)
	}
}
