package api

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"barometer/internal/barometer"
)

// memory answers from a slice. It is here so that handlers can be shown exact rows, failures and slowness; the same
// handlers are tested on the real store in store_test.go.
type memory struct {
	mu      sync.Mutex
	rows    []barometer.Stored // newest first
	sources []barometer.SourceStatus
	err     error         // of every question
	asked   int           // questions so far
	busy    int           // questions at this moment
	busiest int           // most questions at one moment
	slow    time.Duration // each question takes this long

	emerged
}

func (m *memory) ask(ctx context.Context) ([]barometer.Stored, error) {
	m.mu.Lock()
	m.asked++
	m.busy++
	m.busiest = max(m.busiest, m.busy)
	rows, err, slow := m.rows, m.err, m.slow
	m.mu.Unlock()
	defer func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.busy--
	}()
	if slow > 0 {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(slow):
		}
	}
	return rows, err
}

func (m *memory) add(rows ...barometer.Stored) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.rows = append(slices.Clone(rows), m.rows...)
}

func pass(f barometer.Filter, r *barometer.Stored) bool {
	has := func(list []string, value string) bool { return len(list) == 0 || slices.Contains(list, value) }
	return r.Organisation == f.Organisation &&
		(f.From.IsZero() || !r.PublishedAt.Before(f.From)) && (f.To.IsZero() || r.PublishedAt.Before(f.To)) &&
		strings.Contains(strings.ToLower(r.Title+" "+r.Text), strings.ToLower(strings.Trim(f.Text, `"`))) &&
		has(f.Langs, r.Analysis.Lang) && has(f.Sentiments, r.Sentiment.Label) && has(f.Sources, r.Source) && has(f.Sites, r.Site) &&
		(len(f.Concerns) == 0 || slices.ContainsFunc(r.Concerns, func(c barometer.ConcernTag) bool { return has(f.Concerns, c.ID) })) &&
		r.Severity >= f.MinSeverity && r.Abuse.Probability >= f.MinAbuse && (f.CopyGroup == 0 || r.CopyGroup == f.CopyGroup)
}

func (m *memory) Mentions(ctx context.Context, f barometer.Filter, p barometer.Page) ([]barometer.Stored, string, error) {
	rows, err := m.ask(ctx)
	if err != nil {
		return nil, "", err
	}
	skip := 0
	if p.Cursor != "" {
		if skip, err = strconv.Atoi(p.Cursor); err != nil {
			return nil, "", barometer.Errorf(barometer.Invalid, "cursor: not one of ours")
		}
	}
	var page []barometer.Stored
	for i := range rows {
		if !pass(f, &rows[i]) {
			continue
		}
		if skip > 0 {
			skip--
			continue
		}
		if len(page) == p.Limit {
			start, _ := strconv.Atoi(p.Cursor)
			return page, strconv.Itoa(start + p.Limit), nil
		}
		page = append(page, rows[i])
	}
	return page, "", nil
}

func (m *memory) Mention(ctx context.Context, organisation string, id barometer.ID) (barometer.Stored, error) {
	rows, err := m.ask(ctx)
	if err != nil {
		return barometer.Stored{}, err
	}
	for _, r := range rows {
		if r.Organisation == organisation && r.ID == id {
			return r, nil
		}
	}
	return barometer.Stored{}, barometer.Errorf(barometer.NotFound, "no mention %s", id)
}

func (m *memory) Series(ctx context.Context, q barometer.SeriesRequest) ([]barometer.SeriesPoint, error) {
	rows, err := m.ask(ctx)
	if err != nil {
		return nil, err
	}
	zone, err := time.LoadLocation(q.TimeZone)
	if err != nil {
		return nil, err
	}
	start := func(t time.Time) time.Time {
		t = t.In(zone)
		switch q.Step {
		case barometer.StepHour:
			return t.Truncate(time.Hour)
		case barometer.StepWeek:
			t = t.AddDate(0, 0, -(int(t.Weekday())+6)%7)
		}
		return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, zone)
	}
	counts, totals, keys := map[string]uint64{}, map[int64]uint64{}, map[string]bool{}
	for i := range rows {
		r := &rows[i]
		if !pass(q.Filter, r) {
			continue
		}
		at := start(r.PublishedAt).Unix()
		totals[at]++
		of := []string{""}
		switch q.By {
		case barometer.ByLang:
			of = []string{r.Analysis.Lang}
		case barometer.BySentiment:
			of = []string{r.Sentiment.Label}
		case barometer.BySource:
			of = []string{r.Source}
		case barometer.BySeverity:
			of = []string{strconv.Itoa(int(r.Severity))}
		case barometer.ByConcern:
			of = nil
			for _, c := range r.Concerns {
				of = append(of, c.ID)
			}
		}
		for _, k := range of {
			counts[fmt.Sprint(at, k)]++
			keys[k] = true
		}
	}
	var points []barometer.SeriesPoint
	for t := start(q.From); t.Before(q.To); {
		for k := range keys {
			points = append(points, barometer.SeriesPoint{Time: t.UTC(), Key: k, Count: counts[fmt.Sprint(t.Unix(), k)], Total: totals[t.Unix()]})
		}
		switch q.Step {
		case barometer.StepHour:
			t = t.Add(time.Hour)
		case barometer.StepWeek:
			t = t.AddDate(0, 0, 7)
		default:
			t = t.AddDate(0, 0, 1)
		}
	}
	slices.SortFunc(points, func(a, b barometer.SeriesPoint) int { return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Key, b.Key)) })
	return points, nil
}

func (m *memory) Sources(ctx context.Context) ([]barometer.SourceStatus, error) {
	_, err := m.ask(ctx)
	return m.sources, err
}

func (m *memory) Since(ctx context.Context, organisation string, after time.Time, limit int) ([]barometer.Stored, error) {
	rows, err := m.ask(ctx)
	var fresh []barometer.Stored
	for _, r := range rows {
		if r.Organisation == organisation && r.StoredAt.After(after) {
			fresh = append(fresh, r)
		}
	}
	slices.SortFunc(fresh, func(a, b barometer.Stored) int { return a.StoredAt.Compare(b.StoredAt) })
	return fresh[:min(len(fresh), limit)], err
}

func (m *memory) Export(ctx context.Context, f barometer.Filter, yield func(barometer.Stored) error) error {
	rows, err := m.ask(ctx)
	for i := range rows {
		if err == nil && pass(f, &rows[i]) {
			err = yield(rows[i])
		}
	}
	return err
}

// The invented organisation of the tests.
var (
	fixedNow = time.Date(2026, 11, 20, 8, 5, 0, 0, time.UTC)
	marram   = barometer.Organisation{
		ID: "marram", Name: "Marram Sands Hospitals", Aliases: []string{"Marram General"}, Query: `"Marram Sands"`, TimeZone: "Europe/London",
	}
	kelo     = barometer.Organisation{ID: "kelo", Name: "Kelolahti Hospital", Query: "Kelolahti", TimeZone: "Europe/Helsinki"}
	taxonomy = []barometer.Concern{
		{ID: "waiting", Name: map[string]string{"en": "Waiting times"}, Group: "access", Severity: 2, Route: "operations"},
		{ID: "parking", Name: map[string]string{"en": "Parking"}, Group: "site", Severity: 1, Route: "estates"},
		{ID: "cleanliness", Name: map[string]string{"en": "Cleanliness"}, Group: "safety", Severity: 3, Route: "infection control"},
		{ID: "staff_attitude", Name: map[string]string{"en": "Attitude of staff"}, Group: "care", Severity: 2, Route: "patient experience"},
		{ID: "strikes", Name: map[string]string{"en": "Strikes and staffing"}, Group: "public", Severity: 2, Route: "communications"},
		{ID: "food", Name: map[string]string{"en": "Food"}, Group: "care", Severity: 1, Route: "facilities"},
	}
)

var invented = []struct {
	text, lang, sentiment, concern string
	severity                       uint8
	reasons                        []barometer.Reason
}{
	{"Waited six hours with my mother at Marram Sands A&E and nobody told us anything. Not good enough.", "en", barometer.Negative, "waiting", 3,
		[]barometer.Reason{{Term: "waited", Weight: 1.2}, {Term: "not good enough", Weight: 2.1}}},
	{"Huge thanks to the team on Ward 7 at Marram Sands, kind and patient all week.", "en", barometer.Positive, "staff_attitude", 0,
		[]barometer.Reason{{Term: "thanks", Weight: 1.9}, {Term: "kind", Weight: 1.4}}},
	{"Parking at Marram Sands is a joke again, forty minutes round and round.", "en", barometer.Negative, "parking", 1,
		[]barometer.Reason{{Term: "joke", Weight: 1.1}}},
	{"Marram Sands opens its new eye clinic on Monday, says the trust.", "en", barometer.Neutral, "", 0, nil},
	{"The bathroom on the ward at Marram Sands was filthy and there was blood on the floor for two days. Call me on [phone].", "en", barometer.Negative, "cleanliness", 4,
		[]barometer.Reason{{Term: "filthy", Weight: 2.4}, {Term: "blood", Weight: .8}}},
	{"Krankenhaus Marram Sands: lange Wartezeit, aber die Pflegekräfte waren großartig.", "de", barometer.Uncertain, "waiting", 1,
		[]barometer.Reason{{Term: "großartig", Weight: -1.6}, {Term: "lange Wartezeit", Weight: 1.5}}},
	{"Marram Sandsin päivystys oli täynnä, mutta hoito oli hyvää.", "fi", barometer.Positive, "waiting", 1,
		[]barometer.Reason{{Term: "hyvää", Weight: 1.3}}},
	{"Strike at Marram Sands confirmed for next week, what happens to my mum's operation?", "en", barometer.Negative, "strikes", 2,
		[]barometer.Reason{{Term: "strike", Weight: .9}}},
}

func row(n int, at time.Time) barometer.Stored {
	m := invented[n%len(invented)]
	p := map[string][3]float32{
		barometer.Negative: {.86, .1, .04}, barometer.Neutral: {.08, .85, .07}, barometer.Positive: {.03, .09, .88}, barometer.Uncertain: {.4, .3, .3},
	}[m.sentiment]
	r := barometer.Stored{Organisation: marram.ID, StoredAt: at.Add(time.Second), Copies: 1}
	r.ID = barometer.DeriveID("test", strconv.Itoa(n))
	r.Source, r.Kind, r.Site, r.URL = "gazette", "feed", "gazette.example", fmt.Sprintf("https://gazette.example/%d", n)
	r.Text, r.PublishedAt, r.SeenAt, r.DateQuality = m.text, at, at, barometer.DateStated
	r.Author = barometer.Pseudonym(n%7 + 1)
	r.Matches = []barometer.Match{{Organisation: marram.ID}}
	if i := strings.Index(m.text, "Marram Sands"); i >= 0 {
		start := len([]rune(m.text[:i]))
		r.Matches[0].Hits = []barometer.Hit{{Term: "marram sands", Start: start, End: start + 12}}
	}
	if strings.Contains(m.text, "[phone]") {
		r.Redactions = []barometer.Redaction{{Kind: "phone", Start: 100, End: 113}}
	}
	r.Analysis = barometer.Analysis{
		Lang: m.lang, LangConfidence: .97,
		Sentiment: barometer.Sentiment{Label: m.sentiment, Negative: p[0], Neutral: p[1], Positive: p[2], Score: p[2] - p[0], Reasons: m.reasons},
		Severity:  m.severity, Abuse: barometer.Abuse{Probability: .02, Target: barometer.TargetNone},
		CopyGroup: uint64(n) + 1, Pipeline: "test-1",
	}
	if m.concern != "" {
		r.Concerns = []barometer.ConcernTag{{ID: m.concern, Probability: .9, Reasons: m.reasons}}
	}
	if n%31 == 4 {
		r.Title, r.Copies, r.Abuse = "Ward closed after complaints at Marram Sands", 14, barometer.Abuse{Probability: .8, Target: barometer.TargetStaff}
	}
	return r
}

// newMemory holds 90 days up to now: a weekly rhythm and a rise in the last two days.
func newMemory(now time.Time) *memory {
	rng := rand.New(rand.NewPCG(1, 2))
	m := &memory{}
	n := 0
	for day := range 90 {
		midnight := now.Truncate(24*time.Hour).AddDate(0, 0, -day)
		posts := 14 + rng.IntN(12)
		if w := midnight.Weekday(); w == time.Saturday || w == time.Sunday {
			posts /= 2
		}
		if day < 2 {
			posts = posts*2 + 10
		}
		for range posts {
			at := midnight.Add(time.Duration(rng.IntN(24*3600)) * time.Second)
			if at.Before(now) {
				m.rows = append(m.rows, row(n, at))
				n++
			}
		}
	}
	slices.SortFunc(m.rows, func(a, b barometer.Stored) int { return b.PublishedAt.Compare(a.PublishedAt) })
	health := func(id, kind, name string, state barometer.SourceState, reason string, day, month uint64, heard float32) barometer.SourceStatus {
		return barometer.SourceStatus{
			SourceHealth: barometer.SourceHealth{
				Source: id, Kind: kind, Name: name, At: now.Add(-time.Minute), State: state, Reason: reason, Expected: float32(day) + 2,
				LastPostAt: now.Add(-time.Duration(25-day) * time.Hour),
			},
			Mentions24h: day, Mentions28d: month, HeardShare: heard,
		}
	}
	m.sources = []barometer.SourceStatus{
		health("gazette", "feed", "Marram Gazette", barometer.SourceHealthy, "", 21, 390, 1),
		health("forum", "feed", "Patients' forum", barometer.SourceHealthy, "", 18, 201, 1),
		health("blog", "feed", "A Nurse's Diary", barometer.SourceSilent, "no post for 31 hours, about 6 a day expected", 0, 61, .4),
		health("council", "feed", "Council papers", barometer.SourceBlind, "answers 503 since 06:10", 0, 12, .1),
		health("archive", "archive", "Archive of 2025", barometer.SourceDisabled, "imported", 0, 0, 0),
	}
	return m
}
