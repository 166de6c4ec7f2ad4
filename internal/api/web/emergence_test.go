package web

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"barometer/internal/barometer"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func TestChanceInWords(t *testing.T) {
	for p, want := range map[float64]string{
		0: "less than 1 in a trillion", 1e-13: "less than 1 in a trillion", 3.2e-9: "1 in 310 million", 2e-10: "1 in 5 billion",
		7e-5: "1 in 14 thousand", .004: "1 in 250", .05: "1 in 20", .4: "1 in 2.5", 1: "1 in 1",
	} {
		if got := chance(p); got != want {
			t.Errorf("%v: %q, want %q", p, got, want)
		}
	}
}

func TestReadingInWords(t *testing.T) {
	for pressure, want := range map[float64]string{
		99.6: "Fewer than 2 in 100 ordinary days are like this.", 97: "97 of 100 ordinary days are calmer.", 50: "An ordinary day.",
		12: "88 of 100 ordinary days are less calm.", .3: "Hardly an ordinary day is calmer.",
	} {
		if got := calmer(pressure); got != want {
			t.Errorf("%v: %q, want %q", pressure, got, want)
		}
	}
}

func TestBlindAndOldReadingsAreLoud(t *testing.T) {
	past := []barometer.Reading{{At: noon.Add(-5 * time.Hour), Pressure: 40}, {At: noon.Add(-4 * time.Hour), Blind: true}}
	blind := newReadingView(&barometer.Reading{At: noon, Blind: true, Word: "blind", Coverage: .2}, "", past, noon)
	if blind.Shown || blind.Number != "" || blind.Heard == "" || !blind.LastHeard.Equal(past[0].At) {
		t.Errorf("blind: %+v", blind)
	}
	old := newReadingView(&barometer.Reading{At: noon.Add(-4 * time.Hour), Pressure: 60, Low: 50, High: 70, Word: "ordinary", Coverage: 1}, "", nil, noon)
	if !old.Stale || !old.Shown || old.Heard != "" {
		t.Errorf("old: %+v", old)
	}
	if fresh := newReadingView(&barometer.Reading{At: noon.Add(-time.Hour), Pressure: 60, Word: "ordinary", Coverage: .7}, "", nil, noon); fresh.Stale || fresh.Heard == "" {
		t.Errorf("fresh: %+v", fresh)
	}
	if none := newReadingView(nil, "warming up", nil, noon); none.Shown || none.Blind || none.Line.Say != "" {
		t.Errorf("none: %+v", none)
	}
}

func TestSparklineDoesNotBridgeWhatIsNotKnown(t *testing.T) {
	var past []barometer.Reading
	for h := range 100 {
		r := barometer.Reading{At: noon.Add(time.Duration(h-100) * time.Hour), Pressure: float64(h)}
		r.Blind = h >= 20 && h < 30
		if h < 50 || h >= 60 { // and ten hours have no reading at all
			past = append(past, r)
		}
	}
	s := newSparkline(past, noon)
	if len(s.Paths) != 3 || len(s.Blind) != 1 || s.Blind[0].W != 10 || s.Say != "In the last 28 days between 0 and 99. In 10 hours nothing could be said." {
		t.Errorf("%d lines, blind %v, %q", len(s.Paths), s.Blind, s.Say)
	}
}

func TestWarmUpInWords(t *testing.T) {
	day := 24 * time.Hour
	for _, c := range []struct {
		first time.Time
		all   time.Duration
		want  string
	}{
		{time.Time{}, 0, "nothing has been heard yet"},
		{noon.Add(-3*day - time.Hour), 0, "warming up, 3 of 28 days are known"},
		{noon.Add(-5 * time.Hour), 24 * time.Hour, "warming up, 5 of 24 hours are known"},
		{noon.Add(-40 * day), 0, "it has not been computed"},
		{noon.Add(time.Hour), 0, "warming up, 0 of 28 days are known"},
	} {
		if got := WarmUp(c.first, noon, c.all); got != c.want {
			t.Errorf("%v: %q, want %q", c.first, got, c.want)
		}
	}
}

func TestUrgencyPutsGrowingAlertsFirst(t *testing.T) {
	var issues []barometer.IssueRecord
	for _, s := range []string{"resolved alert 1e-12", "rising watch 1e-5", "fading alert 1e-9", "new alert 1e-6", "rising alert 1e-4", "new alert 1e-8", "peaking watch 1e-7"} {
		var r barometer.IssueRecord
		if _, err := fmt.Sscan(s, &r.State, &r.Tier, &r.P); err != nil {
			t.Fatal(err)
		}
		issues = append(issues, r)
	}
	SortByUrgency(issues)
	var got []string
	for _, r := range issues {
		got = append(got, fmt.Sprint(r.State, " ", r.Tier, " ", r.P))
	}
	want := "rising alert 0.0001, new alert 1e-08, new alert 1e-06, fading alert 1e-09, rising watch 1e-05, peaking watch 1e-07, resolved alert 1e-12"
	if strings.Join(got, ", ") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, ", "), want)
	}
}

func TestWhyInWords(t *testing.T) {
	b := &bundle{Series: []seriesEvidence{
		{Series: "concern:parking site:forum.example", Measure: "negative mentions", Test: "6 hours", Observed: 17, Expected: 2.25, P: 1e-7},
		{Test: "day", Measure: "mentions", Observed: 90, Expected: 40, P: 2e-5},
	}}
	why, _ := whyWords(&barometer.IssueRecord{}, b, map[string]string{"parking": "Parking"})
	want := []string{
		"In 6 hours, 17 negative mentions about parking on forum.example, where 2.2 would be ordinary. By chance, so many or more come up once in 10 million times.",
		"In a day, 90 mentions, where 40 would be ordinary. By chance, so many or more come up once in 50 thousand times.",
	}
	if strings.Join(why, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s", strings.Join(why, "\n"))
	}
	if why, _ := whyWords(&barometer.IssueRecord{Observed: 9, Expected: 1, P: 1e-6}, &bundle{}, nil); len(why) != 1 || !strings.HasPrefix(why[0], "9 were counted where 1 would be ordinary.") {
		t.Errorf("without evidence: %q", why)
	}
}

// The curve begins with the times of the first evidence and goes on with what each tick knew.
func TestCurveCountsWhatCameInTheWindow(t *testing.T) {
	since := noon.Add(-30 * time.Hour)
	first := &bundle{}
	for i := range 5 {
		first.Posts = append(first.Posts, postEvidence{since.Add(time.Duration(i) * time.Hour)})
	}
	last := &bundle{}
	history := []barometer.IssueRecord{
		{At: noon.Add(-25 * time.Hour), Posts: 5, Transition: true, Tier: "watch", State: "new", Expected: 2},
		{At: noon.Add(-10 * time.Hour), Posts: 9, Tier: "alert", Transition: true, Expected: 2},
	}
	c := newCurve(history, first, last, since, noon)
	byHour := map[time.Time]int{}
	total := cumulative(history, first)
	for h := -36; h <= 0; h++ {
		at := noon.Add(time.Duration(h) * time.Hour)
		byHour[at] = total.at(at) - total.at(at.Add(-24*time.Hour))
	}
	for at, want := range map[time.Time]int{
		noon.Add(-31 * time.Hour): 0, since: 1, noon.Add(-28 * time.Hour): 3, noon.Add(-12 * time.Hour): 5, noon.Add(-10 * time.Hour): 9, noon.Add(-4 * time.Hour): 6, noon: 4,
	} {
		if byHour[at] != want {
			t.Errorf("at %v: %d, want %d", at, byHour[at], want)
		}
	}
	if c.Empty || c.ExpectedAt != "2" || c.UpperAt != "4" || !strings.HasPrefix(c.Say, "At most 9 posts in 24 hours, on Fri 20 Nov, 02:00") || len(c.Marks) != 2 {
		t.Errorf("%+v", c)
	}
	if none := newCurve(nil, &bundle{}, &bundle{}, since, noon); !none.Empty {
		t.Error("a curve of nothing is not empty")
	}
}

func FuzzCorrectionValue(f *testing.F) {
	taxonomy := []barometer.Concern{{ID: "parking"}, {ID: "waiting"}}
	for _, field := range []string{"sentiment", "concerns", "severity", "abuse", "lang", "author"} {
		for _, value := range []string{"negative", "waiting, parking,waiting", "none", "3", "fi", "", ",", "\xff"} {
			f.Add(field, value)
		}
	}
	f.Fuzz(func(t *testing.T, field, value string) {
		kept, err := CorrectionValue(field, value, taxonomy)
		if err != nil {
			if barometer.KindOf(err) != barometer.Invalid || kept != "" {
				t.Errorf("%s %q: %q, %v", field, value, kept, err)
			}
			return
		}
		if strings.ContainsAny(kept, " \t\n") || kept == "" {
			t.Errorf("%s %q is kept as %q: what the pipeline said follows a space", field, value, kept)
		}
		if again, err := CorrectionValue(field, kept, taxonomy); err != nil || again != kept {
			t.Errorf("%s: %q becomes %q, %v", field, kept, again, err)
		}
	})
}
