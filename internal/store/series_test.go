package store

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"barometer/internal/barometer"
)

// show writes a series as one line a point: local time, key, count of total. Empty points are left out on request.
func show(points []barometer.SeriesPoint, zone string, zeros bool) []string {
	location, err := time.LoadLocation(zone)
	if err != nil {
		panic(err)
	}
	var lines []string
	for _, p := range points {
		if zeros || p.Count > 0 {
			line := fmt.Sprintf("%s %s %d/%d", p.Time.In(location).Format("Mon 02 15:04"), p.Key, p.Count, p.Total)
			lines = append(lines, strings.Join(strings.Fields(line), " "))
		}
	}
	return lines
}

// seriesStore holds six mentions around the nights in which London changes its clocks in 2026: 29 March, 25 October.
func seriesStore(t *testing.T) *Store {
	t.Helper()
	s := open(t)
	w := startWriter(t, s)
	var mentions []barometer.Analysed
	for n, at := range []string{
		"2026-03-28T23:30:00Z", "2026-03-29T00:30:00Z", "2026-03-29T22:30:00Z", "2026-03-29T23:30:00Z",
		"2026-10-24T23:30:00Z", "2026-10-25T23:30:00Z",
	} {
		m := mention(n)
		m.PublishedAt, _ = time.Parse(time.RFC3339, at)
		m.Severity = uint8(n)
		mentions = append(mentions, m)
	}
	mentions[0].Analysis.Lang, mentions[1].Sentiment.Label, mentions[2].Source = "fi", barometer.Positive, "feed-2"
	mentions[1].Concerns = []barometer.ConcernTag{{ID: "parking"}, {ID: "waiting"}}
	mentions[2].Concerns = []barometer.ConcernTag{{ID: "waiting"}}
	mentions[3].Site = "news.example"
	write(t, w, mentions...)
	exact(t, s)
	return s
}

func day(month time.Month, day int, zone string) time.Time {
	location, err := time.LoadLocation(zone)
	if err != nil {
		panic(err)
	}
	return time.Date(2026, month, day, 0, 0, 0, 0, location)
}

func TestSeriesCount(t *testing.T) {
	s := seriesStore(t)
	spring := barometer.Filter{Organisation: "trust", From: day(3, 28, "Europe/London"), To: day(3, 31, "Europe/London")}
	with := func(change func(*barometer.Filter)) barometer.Filter { f := spring; change(&f); return f }
	for name, test := range map[string]struct {
		request barometer.SeriesRequest
		want    []string
	}{
		"days of London in spring": {
			barometer.SeriesRequest{Filter: spring, Step: "day", TimeZone: "Europe/London"},
			[]string{"Sat 28 00:00 1/1", "Sun 29 00:00 2/2", "Mon 30 00:00 1/1"},
		},
		"days of UTC": {
			barometer.SeriesRequest{Filter: barometer.Filter{Organisation: "trust", From: day(3, 28, "UTC"), To: day(3, 31, "UTC")}, Step: "day"},
			[]string{"Sat 28 00:00 1/1", "Sun 29 00:00 3/3"},
		},
		"days of Kathmandu, from rows": {
			barometer.SeriesRequest{Filter: spring, Step: "day", TimeZone: "Asia/Kathmandu"},
			[]string{"Sat 28 18:15 2/2", "Sun 29 19:15 2/2"},
		},
		"days of London in autumn": {
			barometer.SeriesRequest{Filter: barometer.Filter{Organisation: "trust", From: day(10, 25, "Europe/London"), To: day(10, 26, "Europe/London")}, Step: "day", TimeZone: "Europe/London"},
			[]string{"Sun 25 00:00 2/2"},
		},
		"weeks": {
			barometer.SeriesRequest{Filter: spring, Step: "week", TimeZone: "Europe/London"},
			[]string{"Mon 23 00:00 3/3", "Mon 30 00:00 1/1"},
		},
		"hours": {
			barometer.SeriesRequest{Filter: spring, Step: "hour", TimeZone: "Europe/London"},
			[]string{"Sat 28 23:00 1/1", "Sun 29 00:00 1/1", "Sun 29 23:00 1/1", "Mon 30 00:00 1/1"},
		},
		"by language": {
			barometer.SeriesRequest{Filter: spring, By: barometer.ByLang, Step: "week", TimeZone: "Europe/London"},
			[]string{"Mon 23 00:00 en 2/3", "Mon 23 00:00 fi 1/3", "Mon 30 00:00 en 1/1"},
		},
		"by sentiment, one asked for": {
			barometer.SeriesRequest{Filter: with(func(f *barometer.Filter) { f.Sentiments = []string{"positive"} }), By: barometer.BySentiment, Step: "week", TimeZone: "Europe/London"},
			[]string{"Mon 23 00:00 positive 1/3"},
		},
		"one sentiment": {
			barometer.SeriesRequest{Filter: with(func(f *barometer.Filter) { f.Sentiments = []string{"negative"} }), Step: "week", TimeZone: "Europe/London"},
			[]string{"Mon 23 00:00 2/2", "Mon 30 00:00 1/1"},
		},
		"by concern": {
			barometer.SeriesRequest{Filter: spring, By: barometer.ByConcern, Step: "week", TimeZone: "Europe/London"},
			[]string{"Mon 23 00:00 parking 1/3", "Mon 23 00:00 waiting 2/3"},
		},
		"one concern": {
			barometer.SeriesRequest{Filter: with(func(f *barometer.Filter) { f.Concerns = []string{"waiting"} }), Step: "week", TimeZone: "Europe/London"},
			[]string{"Mon 23 00:00 2/2"},
		},
		"either concern counts a mention once": {
			barometer.SeriesRequest{Filter: with(func(f *barometer.Filter) { f.Concerns = []string{"waiting", "parking"} }), Step: "week", TimeZone: "Europe/London"},
			[]string{"Mon 23 00:00 2/2"},
		},
		"by source": {
			barometer.SeriesRequest{Filter: spring, By: barometer.BySource, Step: "week", TimeZone: "Europe/London"},
			[]string{"Mon 23 00:00 feed-1 2/3", "Mon 23 00:00 feed-2 1/3", "Mon 30 00:00 feed-1 1/1"},
		},
		"by severity": {
			barometer.SeriesRequest{Filter: spring, By: barometer.BySeverity, Step: "week", TimeZone: "Europe/London"},
			[]string{"Mon 23 00:00 0 1/3", "Mon 23 00:00 1 1/3", "Mon 23 00:00 2 1/3", "Mon 30 00:00 3 1/1"},
		},
		"severe": {
			barometer.SeriesRequest{Filter: with(func(f *barometer.Filter) { f.MinSeverity = 2 }), Step: "week", TimeZone: "Europe/London"},
			[]string{"Mon 23 00:00 1/1", "Mon 30 00:00 1/1"},
		},
		"a site, from rows": {
			barometer.SeriesRequest{Filter: with(func(f *barometer.Filter) { f.Sites = []string{"news.example"} }), By: barometer.ByLang, Step: "day", TimeZone: "Europe/London"},
			[]string{"Mon 30 00:00 en 1/1"},
		},
		"words by concern, from rows": {
			barometer.SeriesRequest{Filter: with(func(f *barometer.Filter) { f.Text = "waiting" }), By: barometer.ByConcern, Step: "week", TimeZone: "Europe/London"},
			[]string{"Mon 23 00:00 parking 1/3", "Mon 23 00:00 waiting 2/3"},
		},
		"bounds within an hour, from rows": {
			barometer.SeriesRequest{Filter: with(func(f *barometer.Filter) { f.From = f.From.Add(23*time.Hour + 31*time.Minute) }), Step: "day", TimeZone: "Europe/London"},
			[]string{"Sun 29 00:00 2/2", "Mon 30 00:00 1/1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			points, err := s.Series(t.Context(), test.request)
			if err != nil {
				t.Fatal(inFull(err))
			}
			if got := show(points, "Europe/London", false); !reflect.DeepEqual(got, test.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
		})
	}
}

func TestSeriesFillsGaps(t *testing.T) {
	s := seriesStore(t)
	points, err := s.Series(t.Context(), barometer.SeriesRequest{
		Filter: barometer.Filter{Organisation: "trust", From: day(3, 29, "Europe/London"), To: day(3, 30, "Europe/London"), Langs: []string{"de", "en"}},
		By:     barometer.ByLang, Step: barometer.StepHour, TimeZone: "Europe/London",
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(points) != 2*23 { // the clocks go forward
		t.Errorf("%d points, want 23 hours of 2 languages", len(points))
	}
	if first := points[0]; first.Key != "de" || first.Count != 0 || first.Total != 1 {
		t.Errorf("first point %+v; want no German post of one", first)
	}
	points, err = s.Series(t.Context(), barometer.SeriesRequest{
		Filter: barometer.Filter{Organisation: "nobody", From: day(3, 1, "UTC"), To: day(3, 4, "UTC")}, Step: barometer.StepDay,
	})
	if got := show(points, "UTC", true); err != nil || !reflect.DeepEqual(got, []string{"Sun 01 00:00 0/0", "Mon 02 00:00 0/0", "Tue 03 00:00 0/0"}) {
		t.Errorf("%q, %v", got, err)
	}
}

func TestSeriesRefusesWhatItCannotAnswer(t *testing.T) {
	s := open(t)
	good := barometer.SeriesRequest{Filter: barometer.Filter{Organisation: "trust", From: monday, To: monday.AddDate(0, 0, 1)}, Step: "day"}
	for name, change := range map[string]func(*barometer.SeriesRequest){
		"step":      func(q *barometer.SeriesRequest) { q.Step = "year" },
		"by":        func(q *barometer.SeriesRequest) { q.By = "author" },
		"time zone": func(q *barometer.SeriesRequest) { q.TimeZone = "Mars/Base" },
		"from":      func(q *barometer.SeriesRequest) { q.From = time.Time{} },
		"before":    func(q *barometer.SeriesRequest) { q.To = q.From },
		"buckets":   func(q *barometer.SeriesRequest) { q.Step, q.From = "hour", q.From.AddDate(-10, 0, 0) },
	} {
		bad := good
		change(&bad)
		if _, err := s.Series(t.Context(), bad); barometer.KindOf(err) != barometer.Invalid || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSourcesShowHealthAndVolume(t *testing.T) {
	s := open(t)
	w := startWriter(t, s)
	now := time.Now().UTC().Truncate(time.Millisecond)
	recent, old := mention(1), mention(2)
	recent.PublishedAt, old.PublishedAt = now.Add(-2*time.Hour), now.AddDate(0, 0, -10)
	write(t, w, recent, old)
	exact(t, s)
	at := func(ago time.Duration, state barometer.SourceState) barometer.SourceHealth {
		return barometer.SourceHealth{
			Source: "feed-1", Kind: "feed", Name: "News", At: now.Add(-ago), State: state, Reason: "as it is", Posts: 3, Mentions: 1,
			Expected: 2.5, Latency: 120 * time.Millisecond, LastPostAt: now.Add(-2 * time.Hour),
		}
	}
	observations := []barometer.SourceHealth{
		at(30*time.Hour, barometer.SourceHealthy), at(18*time.Hour, barometer.SourceBlind), at(12*time.Hour, barometer.SourceHealthy),
		at(6*time.Hour, barometer.SourceBlind),
		{Source: "feed-2", Kind: "feed", At: now.Add(-time.Minute), State: barometer.SourceWaiting},
	}
	for range 2 { // delivered twice
		if err := s.WriteHealth(t.Context(), observations); err != nil {
			t.Fatal(inFull(err))
		}
	}
	got, err := s.Sources(t.Context())
	if err != nil {
		t.Fatal(inFull(err))
	}
	if len(got) != 2 {
		t.Fatalf("%d sources", len(got))
	}
	if share := got[0].HeardShare; share < 0.49 || share > 0.51 { // 24 to 18 and 12 to 6 hours ago
		t.Errorf("heard %v of the day, want half", share)
	}
	got[0].HeardShare = 0
	want := barometer.SourceStatus{SourceHealth: observations[3], Mentions24h: 1, Mentions28d: 2}
	if !reflect.DeepEqual(got[0], want) {
		t.Errorf("%+v\nwant %+v", got[0], want)
	}
	if got[1].State != barometer.SourceWaiting || got[1].HeardShare != 0 || !got[1].LastPostAt.IsZero() {
		t.Errorf("%+v", got[1])
	}
}

// A slow rebuild that began earlier finishes after a newer one.
func TestAStaleRebuildLoses(t *testing.T) {
	s := open(t)
	w := startWriter(t, s)
	write(t, w, mention(1))
	hour := mention(1).PublishedAt.Truncate(time.Hour)
	var version time.Time
	if err := s.db.QueryRow(t.Context(), query("version")).Scan(&version); err != nil {
		t.Fatal(err)
	}
	more := mention(2)
	more.PublishedAt = mention(1).PublishedAt
	write(t, w, more)
	exact(t, s)
	if err := s.db.Exec(t.Context(), "INSERT INTO hours (organisation, hour, version, sources, langs, sentiments, severities, concerns, counts) "+
		fmt.Sprintf("VALUES ('trust', %d, fromUnixTimestamp64Micro(%d), ['feed-1'], ['en'], ['negative'], [0], [''], [1])", hour.Unix(), version.UnixMicro())); err != nil {
		t.Fatal(err)
	}
	if totals := exact(t, s); totals.RolledUp != 2 {
		t.Errorf("%+v", totals)
	}
}

func TestHeardCountsSourcesByTheHour(t *testing.T) {
	s := open(t)
	hour := time.Now().UTC().Truncate(time.Hour).Add(-5 * time.Hour)
	at := func(source string, after time.Duration, state barometer.SourceState) barometer.SourceHealth {
		return barometer.SourceHealth{Source: source, Kind: "feed", At: hour.Add(after), State: state}
	}
	if err := s.WriteHealth(t.Context(), []barometer.SourceHealth{
		at("a", 5*time.Minute, barometer.SourceBlind), at("a", 50*time.Minute, barometer.SourceHealthy), // heard in the end
		at("b", 10*time.Minute, barometer.SourceSilent),
		at("a", 70*time.Minute, barometer.SourceBlind), at("b", 80*time.Minute, barometer.SourceHealthy),
		at("c", 80*time.Minute, barometer.SourceDisabled), // does not count
		at("a", 190*time.Minute, barometer.SourceBlind), at("b", 200*time.Minute, barometer.SourceBlind),
		at("a", -2*time.Hour, barometer.SourceBlind), // before
	}); err != nil {
		t.Fatal(inFull(err))
	}
	got, err := s.Heard(t.Context(), hour)
	if err != nil {
		t.Fatal(inFull(err))
	}
	want := map[time.Time]float64{hour: 1, hour.Add(time.Hour): .5, hour.Add(3 * time.Hour): 0}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("heard %v, want %v", got, want)
	}
}
