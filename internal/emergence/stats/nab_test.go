package stats

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// The scoring rule of the Numenta Anomaly Benchmark, standard profile (Lavin and Ahmad 2015): the earlier in a labelled
// window the first detection, the better; each false one costs .11, more the further behind a window; a window missed
// costs 1.
const (
	nabFalse  = .11
	nabMissed = 1.
)

type nabWindow struct{ from, to int }

func nabScore(windows []nabWindow, alarms []bool) float64 {
	probation := min(int(.15*float64(len(alarms))), 750)
	sigmoid := func(y float64) float64 { return 2/(1+math.Exp(5*y)) - 1 }
	perfect := sigmoid(-1)
	best := make([]float64, len(windows))
	for k := range best {
		best[k] = -nabMissed
	}
	score := 0.0
next:
	for i := probation; i < len(alarms); i++ {
		if !alarms[i] {
			continue
		}
		last := -1
		for k, w := range windows {
			if i >= w.from && i <= w.to {
				best[k] = max(best[k], sigmoid(-float64(w.to-i+1)/float64(w.to-w.from+1))/perfect)
				continue next
			}
			if w.to < i {
				last = k
			}
		}
		if last < 0 {
			score -= nabFalse
			continue
		}
		behind := float64(i-windows[last].to) / float64(windows[last].to-windows[last].from)
		if behind > 3 {
			score -= nabFalse
		} else {
			score += nabFalse * sigmoid(behind)
		}
	}
	for _, x := range best {
		score += x
	}
	return score
}

func TestNABScoringRule(t *testing.T) {
	windows := []nabWindow{{200, 299}, {600, 699}}
	alarms := func(at ...int) []bool {
		a := make([]bool, 1000)
		for _, i := range at {
			a[i] = true
		}
		return a
	}
	for _, c := range []struct {
		name   string
		alarms []bool
		want   float64
	}{
		{"nothing", alarms(), -2},
		{"perfect", alarms(200, 600), 2},
		{"one missed", alarms(200), 0},
		{"false before any window", alarms(190, 200, 600), 2 - .11},
		{"in probation", alarms(10, 200, 600), 2},
		{"far behind", alarms(200, 599+20, 999), 1 + .97 - .11},
	} {
		if got := nabScore(windows, c.alarms); math.Abs(got-c.want) > .05 {
			t.Errorf("%s: %.3f, want %.3f", c.name, got, c.want)
		}
	}
}

// quiet keeps the first alarm of a run: after one, none for a day of buckets, as one does not report the same rise twice.
func quiet(rows []Row, level float64, pause int) []bool {
	out := make([]bool, len(rows))
	for i, free := 0, 0; i < len(rows); i++ {
		if p := float64(rows[i].P); i >= free && p <= level {
			out[i], free = true, i+pause
		}
	}
	return out
}

// TestNABSeries scores three tweet volumes, five minutes a bucket, at the level that was best over the three, as the
// benchmark does for every detector. The level is far from nominal because five-minute counts depend on each other.
func TestNABSeries(t *testing.T) {
	dir := os.Getenv("BAROMETER_SHARED")
	if dir == "" {
		dir = "../../../../shared"
	}
	dir = filepath.Join(dir, "data", "series", "nab")
	raw, err := os.ReadFile(filepath.Join(dir, "windows.json"))
	if err != nil {
		t.Skipf("no series at %s", dir)
	}
	var labels map[string][][2]string
	if err := json.Unmarshal(raw, &labels); err != nil {
		t.Fatal(err)
	}
	const level = 1e-14
	total, windows := 0.0, 0.0
	for _, name := range []string{"AAPL", "IBM", "KO"} {
		b := readNAB(t, filepath.Join(dir, "Twitter_volume_"+name+".csv"))
		rows, err := Detect(b, "shock", nil)
		if err != nil {
			t.Fatal(err)
		}
		var w []nabWindow
		for _, l := range labels["realTweets/Twitter_volume_"+name+".csv"] {
			w = append(w, nabWindow{b.find(t, l[0]), b.find(t, l[1])})
		}
		n := float64(len(w))
		s := nabScore(w, quiet(rows, level, 288))
		t.Logf("%s: %.1f", name, 50*(s+n)/n)
		total, windows = total+s, windows+n
	}
	score := 50 * (total + windows) / windows
	t.Logf("all three: %.1f", score)
	if score < 70 {
		t.Errorf("score %.1f, was 75", score)
	}
}

func readNAB(t *testing.T, path string) *Buckets {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, err := ReadCSV(f)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *Buckets) find(t *testing.T, label string) int {
	t.Helper()
	when, err := time.Parse("2006-01-02 15:04:05", label)
	if err != nil {
		t.Fatal(err)
	}
	for i, at := range b.Times {
		if !at.Before(when) {
			return i
		}
	}
	return len(b.Times) - 1
}
