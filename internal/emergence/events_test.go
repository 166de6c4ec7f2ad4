package emergence_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"barometer/internal/barometer"
	"barometer/internal/emergence"
)

func replay(t testing.TB, obs []emergence.Observation, o emergence.Options) []emergence.Line {
	t.Helper()
	slices.SortStableFunc(obs, func(a, b emergence.Observation) int { return a.At.Compare(b.At) })
	var lines []emergence.Line
	err := emergence.Backtest(context.Background(), func(yield func(emergence.Observation, error) bool) {
		for _, x := range obs {
			if !yield(x, nil) {
				return
			}
		}
	}, o, func(l emergence.Line) error { lines = append(lines, l); return nil })
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

func TestExperimentCrisis(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(shared(t, "streams", "crisis"), "*.gz"))
	var back []row
	six, _ := filepath.Glob(filepath.Join(shared(t, "streams", "crisis6"), "*.gz"))
	for _, f := range six {
		for _, x := range readRows(t, f) {
			if x.Label == "off-topic" {
				back = append(back, x)
			}
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	r.Shuffle(len(back), func(i, j int) { back[i], back[j] = back[j], back[i] })
	var base []emergence.Observation
	for _, x := range back {
		base = append(base, observe(x.ID, x.Text, time.Time{}))
	}
	only := os.Getenv("ONLY")
	for _, f := range files {
		if !strings.Contains(f, only) {
			continue
		}
		rows := readRows(t, f)
		slices.SortFunc(rows, func(a, b row) int { return a.PublishedAt.Compare(b.PublishedAt) })
		const perDay, before, after = 400, 12, 12
		begin := rows[0].PublishedAt.AddDate(0, 0, -before)
		obs := slices.Clone(base[:perDay*(before+after)])
		for i := range obs {
			obs[i].At = begin.Add(time.Duration((float64(i) + r.Float64()) / perDay * 24 * float64(time.Hour)))
		}
		mine := map[string]int{}
		for i, x := range rows {
			if x.PublishedAt.Before(rows[0].PublishedAt.AddDate(0, 0, after)) {
				o := observe(x.ID, x.Text, x.PublishedAt)
				mine[o.ID.String()] = i + 1
				obs = append(obs, o)
			}
		}
		lines := replay(t, obs, emergence.Options{Organisation: barometer.Organisation{ID: "o"}, Config: emergence.Config{Warmup: (before - 2) * 24 * time.Hour}})
		fmt.Println(filepath.Base(f), rows[19].PublishedAt.Sub(rows[0].PublishedAt))
		n := 0
		for _, l := range lines {
			if l.Issue == nil || l.Issue.State != emergence.StateNew {
				continue
			}
			hit, lastIndex := 0, 0
			for _, id := range l.Issue.Posts {
				if mine[id] > 0 {
					hit++
					lastIndex = max(lastIndex, mine[id])
				}
			}
			n++
			if n <= 8 {
				fmt.Printf("   %8s %-5s %-28q posts %d/%d, %d-th post, terms %q p %.1g\n", l.At.Sub(rows[0].PublishedAt).Round(time.Minute), l.Issue.Tier, l.Issue.Name, hit, len(l.Issue.Posts), lastIndex, l.Issue.Terms[:min(6, len(l.Issue.Terms))], l.Issue.P)
			}
		}
		fmt.Println("   lines of new:", n)
	}
}

func TestExperimentAirlines(t *testing.T) {
	var obs []emergence.Observation
	for _, x := range readRows(t, shared(t, "streams", "airlines-2015-02.jsonl.gz")) {
		o := observe(x.ID, x.Text, x.PublishedAt)
		o.Author = 0
		for i := range len(x.Author) {
			o.Author = o.Author*31 + barometer.Pseudonym(x.Author[i])
		}
		obs = append(obs, o)
	}
	lines := replay(t, obs, emergence.Options{Readings: true, Config: emergence.Config{Warmup: 72 * time.Hour}})
	for _, l := range lines {
		if l.Issue != nil {
			fmt.Printf("   %s %-5s %-8s %-28q posts %d, terms %q obs %v exp %.1f p %.1g\n", l.At.Format("02 15:04"), l.Issue.Tier, l.Issue.State, l.Issue.Name, len(l.Issue.Posts), l.Issue.Terms[:min(6, len(l.Issue.Terms))], l.Issue.Observed, l.Issue.Expected, l.Issue.P)
		} else if l.At.Hour()%3 == 0 {
			fmt.Printf("   %s reading %.1f [%.1f %.1f] %s %s neg %d exp %.0f\n", l.At.Format("02 15:04"), l.Reading.Pressure, l.Reading.Low, l.Reading.High, l.Reading.Tendency, l.Reading.Word, l.Reading.Negative, l.Reading.Expected)
		}
	}
}
