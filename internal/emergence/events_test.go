package emergence_test

import (
	"context"
	"encoding/json"
	"math/rand/v2"
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

// Thirteen real events, hidden among tweets about anything else: each is found within its first 20 posts or 2 hours.
func TestRealEventsAreFoundEarly(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(shared(t, "streams", "crisis"), "*.gz"))
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	base := elsewhere(t)
	r := rand.New(rand.NewPCG(1, 2))
	found := 0
	for _, f := range files {
		rows := readRows(t, f)
		slices.SortFunc(rows, func(a, b row) int { return a.PublishedAt.Compare(b.PublishedAt) })
		const perDay, before, after = 400, 12, 8
		first := rows[0].PublishedAt
		obs := slices.Clone(base[:perDay*(before+after)])
		for i := range obs {
			obs[i].At = first.AddDate(0, 0, -before).Add(time.Duration((float64(i) + r.Float64()) / perDay * float64(24*time.Hour)))
		}
		nth := map[string]int{}
		for i, x := range rows {
			if x.PublishedAt.Before(first.AddDate(0, 0, after)) {
				o := observe(x.ID, x.Text, x.PublishedAt)
				nth[o.ID.String()] = i + 1
				obs = append(obs, o)
			}
		}
		for _, l := range replay(t, obs, emergence.Options{Config: emergence.Config{Warmup: (before - 2) * 24 * time.Hour}}) {
			if l.Issue == nil {
				continue
			}
			mine, last := 0, 0
			for _, id := range l.Issue.Posts {
				if nth[id] > 0 {
					mine, last = mine+1, max(last, nth[id])
				}
			}
			if mine < 3 || 2*mine < len(l.Issue.Posts) {
				continue
			}
			t.Logf("%s: %q after %v, at post %d, %d of %d posts its own", strings.TrimSuffix(filepath.Base(f), ".jsonl.gz"), l.Issue.Name,
				l.At.Sub(first).Round(time.Minute), last, mine, len(l.Issue.Posts))
			if last <= 20 || l.At.Sub(first) <= 2*time.Hour {
				found++
			}
			break
		}
	}
	if found != len(files) {
		t.Errorf("%d of %d events found within 20 posts or 2 hours", found, len(files))
	}
}

// elsewhere returns tweets of the same years about anything but the events.
func elsewhere(t *testing.T) []emergence.Observation {
	files, err := filepath.Glob(filepath.Join(shared(t, "streams", "crisis6"), "*.gz"))
	if err != nil {
		t.Fatal(err)
	}
	var rows []row
	for _, f := range files {
		rows = append(rows, slices.DeleteFunc(readRows(t, f), func(x row) bool { return x.Label != "off-topic" })...)
	}
	r := rand.New(rand.NewPCG(1, 2))
	r.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	var out []emergence.Observation
	for _, x := range rows[:8000] {
		out = append(out, observe(x.ID, x.Text, time.Time{}))
	}
	return out
}

// The cancelled flights of 22 February 2015: with the highest reading of the ordinary days before as the limit, the
// rise is seen within six hours, and an issue says that it is about cancelled flights.
func TestTheAirlinesRiseIsFlagged(t *testing.T) {
	onset := time.Date(2015, 2, 22, 12, 0, 0, 0, time.UTC)
	var obs []emergence.Observation
	for _, x := range readRows(t, shared(t, "streams", "airlines-2015-02.jsonl.gz")) {
		o := observe(x.ID, x.Text, x.PublishedAt)
		for i := range len(x.Author) {
			o.Author = o.Author*31 + barometer.Pseudonym(x.Author[i])
		}
		obs = append(obs, o)
	}
	limit, above, named := 0.0, time.Time{}, time.Time{}
	for _, l := range replay(t, obs, emergence.Options{Readings: true, Config: emergence.Config{Warmup: 72 * time.Hour}}) {
		switch {
		case l.Reading != nil && l.At.Before(time.Date(2015, 2, 21, 6, 0, 0, 0, time.UTC)):
			limit = max(limit, l.Reading.Pressure)
		case l.Reading != nil && !l.At.Before(onset) && l.Reading.Pressure > limit && above.IsZero():
			above = l.At
			t.Logf("reading %.1f at %v; the highest one before was %.1f", l.Reading.Pressure, l.At.Format("02 15:04"), limit)
		case l.Issue != nil && !l.At.Before(onset) && l.Issue.Tier == emergence.Alert && strings.Contains(strings.Join(l.Issue.Terms, " "), "Cancelled") && named.IsZero():
			named = l.At
			t.Logf("%s issue %q at %v, %v posts where %.0f were expected", l.Issue.State, l.Issue.Name, l.At.Format("02 15:04"), l.Issue.Observed, l.Issue.Expected)
		}
	}
	if above.IsZero() || above.Sub(onset) > 6*time.Hour {
		t.Errorf("the reading was above %.1f at %v", limit, above)
	}
	if named.IsZero() || named.Sub(onset) > 6*time.Hour {
		t.Errorf("an alert about cancelled flights at %v", named)
	}
}

func TestLinesHaveTheFieldsThatOtherToolsRead(t *testing.T) {
	lines := replay(t, scenario(), emergence.Options{Readings: true, Organisation: barometer.Organisation{ID: "trust"},
		Name: func(id barometer.ID) string { return "native-" + id.String()[:4] }})
	seen := map[string]bool{}
	for _, l := range lines {
		b, err := json.Marshal(l)
		if err != nil {
			t.Fatal(err)
		}
		var m map[string]any
		if err := json.Unmarshal(b, &m); err != nil {
			t.Fatal(err)
		}
		want := []string{"at", "event", "pressure", "low", "high", "tendency"}
		if m["event"] == "issue" {
			want = []string{"at", "event", "tier", "issue", "name", "state", "terms", "posts", "observed", "expected", "p"}
			if posts := m["posts"].([]any); len(posts) > 0 && !strings.HasPrefix(posts[0].(string), "native-") {
				t.Errorf("posts are called %v", posts[0])
			}
		}
		for _, k := range want {
			if _, ok := m[k]; !ok {
				t.Fatalf("%s has no %q", b, k)
			}
		}
		seen[m["event"].(string)] = true
	}
	if !seen["issue"] || !seen["reading"] {
		t.Errorf("events: %v", seen)
	}
}

func TestJudgeCountsFoundMissedAndFalse(t *testing.T) {
	day := func(d int) time.Time { return start.AddDate(0, 0, d) }
	line := func(d int) emergence.Line {
		return emergence.Line{At: day(d), Issue: &emergence.IssueLine{State: emergence.StateNew}}
	}
	s := emergence.Judge([]emergence.Line{line(1), line(5), line(9)}, []emergence.Incident{
		{Name: "a", Onset: day(4), End: day(6)}, {Name: "b", Onset: day(11), End: day(12)}}, emergence.Period{From: day(0), To: day(14)})
	if s.Found != 1 || len(s.Missed) != 1 || s.Missed[0] != "b" || s.Lead[0] != 24*time.Hour || s.FalseAWeek != 1 {
		t.Errorf("%+v", s)
	}
}
