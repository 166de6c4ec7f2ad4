package api

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"barometer/internal/barometer"
	"barometer/internal/store"
	"barometer/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// TestOnTheRealStore puts the invented rows into ClickHouse and compares every answer with a count over the rows.
func TestOnTheRealStore(t *testing.T) {
	db := testkit.ClickHouse(t)
	st, err := store.Open(store.Config{Addr: db.Addr, User: db.User, Password: db.Password, Database: db.Name})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	if err := st.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	held := newMemory(fixedNow)
	writer := startWriter(t, st)
	write := func(rows ...barometer.Stored) {
		t.Helper()
		mentions := make([]barometer.Analysed, len(rows))
		for i := range rows {
			mentions[i] = rows[i].Analysed
		}
		durable := make(chan error, 1)
		if err := writer.Write(t.Context(), mentions, func(err error) { durable <- err }); err != nil {
			t.Fatal(err)
		}
		if err := <-durable; err != nil {
			t.Fatal(err)
		}
	}
	write(held.rows...)
	if err := store.NewRoller(st, slog.New(slog.DiscardHandler)).Catchup(t.Context()); err != nil {
		t.Fatal(err)
	}
	var health []barometer.SourceHealth
	for _, source := range held.sources {
		health = append(health, source.SourceHealth)
	}
	if err := st.WriteHealth(t.Context(), health); err != nil {
		t.Fatal(err)
	}
	s, err := New(Config{}, Deps{
		Store:         st,
		Organisations: func() []barometer.Organisation { return []barometer.Organisation{marram, kelo} },
		Concerns:      func() []barometer.Concern { return taxonomy },
		Ready:         st.Ping,
		Log:           slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	s.now = func() time.Time { return fixedNow }

	count := func(f barometer.Filter) (n int) {
		f.Organisation = marram.ID
		for i := range held.rows {
			if pass(f, &held.rows[i]) {
				n++
			}
		}
		return n
	}
	from, to := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	const span = "from=2026-11-01T00:00:00Z&to=2026-11-20T00:00:00Z"

	t.Run("lists", func(t *testing.T) {
		for query, want := range map[string]int{
			"":                         count(barometer.Filter{}),
			span:                       count(barometer.Filter{From: from, To: to}),
			"q=filthy":                 count(barometer.Filter{Text: "filthy"}),
			"q=%22nobody+told+us%22":   count(barometer.Filter{Text: "nobody told us"}),
			"lang=de&lang=fi":          count(barometer.Filter{Langs: []string{"de", "fi"}}),
			"sentiment=positive":       count(barometer.Filter{Sentiments: []string{"positive"}}),
			"concern=parking":          count(barometer.Filter{Concerns: []string{"parking"}}),
			"min_severity=3&lang=en":   count(barometer.Filter{MinSeverity: 3, Langs: []string{"en"}}),
			"min_abuse=0.5":            count(barometer.Filter{MinAbuse: .5}),
			"source=none":              0,
			"site=gazette.example":     count(barometer.Filter{}),
			"copy_group=" + hexOf(7+1): count(barometer.Filter{CopyGroup: 8}),
		} {
			got, seen := 0, map[string]bool{}
			for cursor := ""; ; {
				list := decode[mentionList](t, ask(s, "/v1/organisations/marram/mentions?limit=200&"+query+"&cursor="+cursor))
				got += len(list.Mentions)
				for _, m := range list.Mentions {
					seen[m.ID] = true
				}
				if cursor = list.Next; cursor == "" {
					break
				}
			}
			if got != want || len(seen) != want {
				t.Errorf("%q: %d mentions, %d of them distinct, want %d", query, got, len(seen), want)
			}
		}
	})

	t.Run("mention", func(t *testing.T) {
		want := held.rows[4]
		m := decode[Mention](t, ask(s, "/v1/organisations/marram/mentions/"+want.ID.String()))
		if m.Text != want.Text || m.Sentiment.Label != want.Sentiment.Label || len(m.Sentiment.Reasons) != len(want.Sentiment.Reasons) ||
			len(m.Hits) != len(want.Matches[0].Hits) || m.Lang != want.Analysis.Lang || !m.PublishedAt.Equal(want.PublishedAt) {
			t.Errorf("got  %+v\nwant %+v", m, view(&want))
		}
		if w := ask(s, "/v1/organisations/kelo/mentions/"+want.ID.String()); w.Code != http.StatusNotFound {
			t.Errorf("another organisation sees it: %d", w.Code)
		}
	})

	t.Run("series", func(t *testing.T) {
		for by, of := range map[string]func(*barometer.Stored) []string{
			"":          func(*barometer.Stored) []string { return []string{""} },
			"sentiment": func(r *barometer.Stored) []string { return []string{r.Sentiment.Label} },
			"lang":      func(r *barometer.Stored) []string { return []string{r.Analysis.Lang} },
			"severity":  func(r *barometer.Stored) []string { return []string{strconv.Itoa(int(r.Severity))} },
			"concern": func(r *barometer.Stored) (ids []string) {
				for _, c := range r.Concerns {
					ids = append(ids, c.ID)
				}
				return ids
			},
		} {
			want := map[string]uint64{}
			for i := range held.rows {
				r := &held.rows[i]
				if !r.PublishedAt.Before(from) && r.PublishedAt.Before(to) {
					for _, key := range of(r) {
						want[r.PublishedAt.Format(time.DateOnly)+key]++
					}
				}
			}
			path := "/v1/organisations/marram/series?time_zone=UTC&" + span
			if by != "" {
				path += "&by=" + by
			}
			for _, p := range decode[Series](t, ask(s, path)).Points {
				key := p.Time.Format(time.DateOnly) + p.Key
				if p.Count != want[key] {
					t.Errorf("by %q, %s: %d, want %d", by, key, p.Count, want[key])
				}
				delete(want, key)
			}
			for key, n := range want {
				t.Errorf("by %q, %s: missing, want %d", by, key, n)
			}
		}
	})

	t.Run("concerns", func(t *testing.T) {
		got := decode[struct {
			Mentions uint64
			Concerns []ConcernCount
		}](t, ask(s, "/v1/organisations/marram/concerns?"+span))
		if int(got.Mentions) != count(barometer.Filter{From: from, To: to}) {
			t.Errorf("%d mentions", got.Mentions)
		}
		for _, c := range got.Concerns {
			f := barometer.Filter{From: from, To: to, Concerns: []string{c.ID}}
			before := barometer.Filter{From: from.Add(from.Sub(to)), To: from, Concerns: f.Concerns}
			if int(c.Count) != count(f) || int(c.Previous) != count(before) {
				t.Errorf("%s: %d, was %d; want %d, was %d", c.ID, c.Count, c.Previous, count(f), count(before))
			}
		}
	})

	t.Run("export", func(t *testing.T) {
		rows, err := csv.NewReader(ask(s, "/v1/organisations/marram/export?"+span).Body).ReadAll()
		if want := count(barometer.Filter{From: from, To: to}); err != nil || len(rows) != want+1 {
			t.Errorf("%d rows, want %d and a header (%v)", len(rows), want, err)
		}
	})

	t.Run("sources", func(t *testing.T) {
		got := decode[struct{ Sources []barometer.SourceStatus }](t, ask(s, "/v1/sources"))
		if len(got.Sources) != len(held.sources) {
			t.Errorf("%d sources, want %d", len(got.Sources), len(held.sources))
		}
	})

	t.Run("mistakes", func(t *testing.T) {
		for _, query := range []string{"cursor=zzz", "cursor=AAAA", "q=%22"} {
			if w := ask(s, "/v1/organisations/marram/mentions?"+query); w.Code != http.StatusUnprocessableEntity && w.Code != http.StatusOK {
				t.Errorf("%s: %d %s", query, w.Code, w.Body)
			}
		}
	})

	t.Run("pages", func(t *testing.T) {
		for _, path := range []string{"", "?period=24h", "?period=90d", "/mentions", "/mentions?q=waited", "/sources", "/mentions/" + held.rows[0].ID.String()} {
			if w := ask(s, "/o/marram"+path, "Accept", "text/html"); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "Marram Sands") {
				t.Errorf("%s: %d", path, w.Code)
			}
		}
		if w := ask(s, "/readyz"); w.Code != http.StatusOK {
			t.Errorf("ready: %d", w.Code)
		}
	})

	t.Run("live", func(t *testing.T) {
		s.now = time.Now
		url := serve(t, s) + "/v1/organisations/marram/live"
		ctx, leave := context.WithCancel(t.Context())
		lines := events(t, ctx, url, "")
		next(t, lines, "retry: ")
		fresh := row(90_000, time.Now().Truncate(time.Second))
		write(fresh)
		id := next(t, lines, "id: ")
		var got Mention
		if err := json.Unmarshal([]byte(next(t, lines, "data: ")), &got); err != nil || got.ID != fresh.ID.String() {
			t.Errorf("got %s, want %s (%v)", got.ID, fresh.ID, err)
		}
		leave()
		missed := row(90_001, time.Now().Truncate(time.Second))
		write(missed)
		if id := next(t, events(t, t.Context(), url, id), "id: "); !strings.HasSuffix(id, missed.ID.String()) {
			t.Errorf("resumed with %s, want %s", id, missed.ID)
		}
	})
}

func startWriter(t *testing.T, st *store.Store) *store.Writer {
	t.Helper()
	writer, err := store.NewWriter(st, store.WriterConfig{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- writer.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("writer: %v", err)
		}
	})
	return writer
}

func hexOf(n uint64) string {
	return view(&barometer.Stored{Analysed: barometer.Analysed{Analysis: barometer.Analysis{CopyGroup: n}}}).CopyGroup
}
