package api

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"

	"barometer/internal/barometer"
)

var update = flag.Bool("update", false, "write schemas/openapi.json anew")

// newServer is a server on what the memory holds, at a fixed time.
func newServer(t testing.TB, cfg Config, m *memory) *Server {
	t.Helper()
	s, err := New(cfg, Deps{
		Store:         m,
		Organisations: func() []barometer.Organisation { return []barometer.Organisation{marram, kelo} },
		Concerns:      func() []barometer.Concern { return taxonomy },
		Log:           slog.New(slog.NewTextHandler(t.Output(), nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	s.now = func() time.Time { return fixedNow }
	return s
}

// ask sends a GET as a client on this machine would; headers are name, value, name, value.
func ask(s *Server, path string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Host = "localhost:8080"
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
		}
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func decode[T any](t *testing.T, w *httptest.ResponseRecorder) T {
	t.Helper()
	var v T
	if w.Code != http.StatusOK {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil {
		t.Fatalf("%v in %.300s", err, w.Body)
	}
	return v
}

type mentionList struct {
	Mentions []Mention `json:"mentions"`
	Next     string    `json:"next"`
}

func TestEveryPageOfMentionsComesOnce(t *testing.T) {
	held := newMemory(fixedNow)
	s := newServer(t, Config{}, held)
	seen := map[string]bool{}
	path := "/v1/organisations/marram/mentions?limit=100&lang=en&lang=de"
	for pages := 1; ; pages++ {
		w := ask(s, path)
		list := decode[mentionList](t, w)
		for _, m := range list.Mentions {
			if seen[m.ID] {
				t.Fatalf("%s came twice", m.ID)
			}
			seen[m.ID] = true
			if m.Lang != "en" && m.Lang != "de" {
				t.Fatalf("a mention in %s", m.Lang)
			}
		}
		if list.Next == "" {
			if w.Header().Get("Link") != "" {
				t.Error("the last page links to another")
			}
			break
		}
		link := w.Header().Get("Link")
		start, end := strings.Index(link, "<"), strings.Index(link, `>; rel="next"`)
		if start != 0 || end < 0 {
			t.Fatalf("Link is %q", link)
		}
		path = link[1:end]
	}
	want := 0
	for i := range held.rows {
		if pass(barometer.Filter{Organisation: "marram", Langs: []string{"en", "de"}}, &held.rows[i]) {
			want++
		}
	}
	if len(seen) != want {
		t.Errorf("%d mentions, want %d", len(seen), want)
	}
}

func TestMentionHasReasonsAndNoAuthor(t *testing.T) {
	held := newMemory(fixedNow)
	s := newServer(t, Config{}, held)
	held.rows[0].Author = 0xfedcba9876543210
	want := held.rows[0]
	w := ask(s, "/v1/organisations/marram/mentions/"+want.ID.String())
	for _, path := range []string{"/v1/organisations/marram/mentions", "/v1/organisations/marram/export?format=jsonl", "/o/marram/mentions", "/o/marram/mentions/" + want.ID.String()} {
		if strings.Contains(ask(s, path).Body.String(), want.Author.String()) {
			t.Errorf("%s tells the author's pseudonym", path)
		}
	}
	m := decode[Mention](t, w)
	if m.Text != want.Text || m.Sentiment.Label != want.Sentiment.Label || len(m.Hits) != 1 || m.Pipeline != "test-1" {
		t.Errorf("got %+v", m)
	}
	if strings.Contains(w.Body.String(), want.Author.String()) || strings.Contains(w.Body.String(), "author") {
		t.Error("the answer tells the author's pseudonym")
	}
}

func TestNothingAsksForAnAuthor(t *testing.T) {
	s := newServer(t, Config{}, newMemory(fixedNow))
	var doc struct {
		Paths map[string]map[string]struct {
			Parameters []struct{ Name string }
		}
		Components struct {
			Schemas map[string]struct{ Properties map[string]any }
		}
	}
	if err := json.Unmarshal(s.openapi, &doc); err != nil || len(doc.Paths) < 10 {
		t.Fatalf("%d paths, %v", len(doc.Paths), err)
	}
	for path, methods := range doc.Paths {
		for _, op := range methods {
			for _, p := range op.Parameters {
				if strings.Contains(p.Name, "author") {
					t.Errorf("%s takes %s", path, p.Name)
				}
			}
		}
	}
	for name, schema := range doc.Components.Schemas {
		for property := range schema.Properties {
			if strings.Contains(property, "author") {
				t.Errorf("%s has %s", name, property)
			}
		}
	}
	if w := ask(s, "/v1/organisations/marram/mentions?author=1"); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("?author=1 gives %d", w.Code)
	}
	for _, column := range csvHeader {
		if strings.Contains(column, "author") {
			t.Errorf("the export has %s", column)
		}
	}
}

func TestSeriesCountsAndShares(t *testing.T) {
	s := newServer(t, Config{}, newMemory(fixedNow))
	const path = "/v1/organisations/marram/series?by=sentiment&from=2026-11-14T00:00:00Z&to=2026-11-20T00:00:00Z"
	series := decode[Series](t, ask(s, path))
	if series.TimeZone != "Europe/London" || series.Step != "day" || len(series.Points) != 6*4 {
		t.Fatalf("%s %s with %d points", series.TimeZone, series.Step, len(series.Points))
	}
	sum := map[time.Time]uint64{}
	for _, p := range series.Points {
		sum[p.Time] += p.Count
		if p.Total > 0 && p.Share != float64(p.Count)/float64(p.Total) {
			t.Errorf("share %v of %d in %d", p.Share, p.Count, p.Total)
		}
	}
	for _, p := range series.Points {
		if sum[p.Time] != p.Total {
			t.Errorf("%v: the sentiments sum to %d of %d", p.Time, sum[p.Time], p.Total)
		}
	}
	for name, w := range map[string]*httptest.ResponseRecorder{
		"parameter": ask(s, path+"&format=csv"), "Accept": ask(s, path, "Accept", "text/csv"),
	} {
		rows, err := csv.NewReader(w.Body).ReadAll()
		if err != nil || len(rows) != 25 || strings.Join(rows[0], ",") != "time,key,count,total,share" {
			t.Errorf("CSV by %s: %d rows, %v", name, len(rows), err)
		}
	}
}

func TestConcernsComparedWithTheTimeBefore(t *testing.T) {
	held := newMemory(fixedNow)
	s := newServer(t, Config{}, held)
	got := decode[struct {
		Mentions uint64
		Concerns []ConcernCount
	}](t, ask(s, "/v1/organisations/marram/concerns?from=2026-11-13T00:00:00Z&to=2026-11-20T00:00:00Z"))
	if len(got.Concerns) != len(taxonomy) || got.Concerns[0].ID != "waiting" || got.Concerns[len(taxonomy)-1].Count != 0 {
		t.Fatalf("got %+v", got.Concerns)
	}
	from := time.Date(2026, 11, 13, 0, 0, 0, 0, time.UTC)
	var now, before uint64
	for i := range held.rows {
		f := barometer.Filter{Organisation: "marram", Concerns: []string{"waiting"}, From: from, To: from.AddDate(0, 0, 7)}
		if pass(f, &held.rows[i]) {
			now++
		}
		f.From, f.To = from.AddDate(0, 0, -7), from
		if pass(f, &held.rows[i]) {
			before++
		}
	}
	if first := got.Concerns[0]; first.Count != now || first.Previous != before {
		t.Errorf("%d before %d, want %d before %d", first.Count, first.Previous, now, before)
	}
}

func TestExports(t *testing.T) {
	held := newMemory(fixedNow)
	held.rows[0].Text = `=HYPERLINK("https://evil.example","x")`
	held.rows[1].Title = " +cmd"
	s := newServer(t, Config{}, held)
	const path = "/v1/organisations/marram/export?from=2026-11-01T00:00:00Z&format="
	want := 0
	for i := range held.rows {
		if !held.rows[i].PublishedAt.Before(time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)) {
			want++
		}
	}
	rows, err := csv.NewReader(ask(s, path+"csv").Body).ReadAll()
	if err != nil || len(rows) != want+1 || len(rows[0]) != len(rows[1]) {
		t.Fatalf("CSV: %d rows, want %d, %v", len(rows), want+1, err)
	}
	if rows[1][10] != `'=HYPERLINK("https://evil.example","x")` || rows[2][9] != "' +cmd" {
		t.Errorf("formulas pass: %q, %q", rows[1][10], rows[2][9])
	}
	lines := bytes.Count(ask(s, path+"jsonl").Body.Bytes(), []byte("\n"))
	if lines != want {
		t.Errorf("JSON Lines: %d, want %d", lines, want)
	}
	file := ask(s, path+"parquet").Body.Bytes()
	table, err := parquet.Read[Exported](bytes.NewReader(file), int64(len(file)))
	if err != nil || len(table) != want || table[0].Text != held.rows[0].Text || !table[0].PublishedAt.Equal(held.rows[0].PublishedAt.Truncate(time.Millisecond)) {
		t.Errorf("Parquet: %d rows, want %d, %v", len(table), want, err)
	}
}

func TestFailedExportSaysSo(t *testing.T) {
	held := newMemory(fixedNow)
	held.err = barometer.Errorf(barometer.Unavailable, "dial 10.1.2.3:9000: refused")
	s := newServer(t, Config{}, held)
	w := ask(s, "/v1/organisations/marram/export")
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Content-Type") != "application/problem+json" || strings.Contains(w.Body.String(), "10.1.2.3") {
		t.Errorf("%d %s %s", w.Code, w.Header().Get("Content-Type"), w.Body)
	}
	for range exportsAtOnce { // the slots have come back
		ask(s, "/v1/organisations/marram/export")
	}
	if w := ask(s, "/v1/organisations/marram/export"); w.Code != http.StatusServiceUnavailable {
		t.Errorf("after %d failures: %d", exportsAtOnce, w.Code)
	}
}

func TestCutExportHasNoEnd(t *testing.T) {
	held := newMemory(fixedNow)
	s := newServer(t, Config{}, held)
	s.deps.Store = cutShort{held}
	r, err := http.Get(serve(t, s) + "/v1/organisations/marram/export?from=2026-08-23T00:00:00Z&format=jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	if _, err := io.Copy(io.Discard, r.Body); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("reading a cut export ends with %v", err)
	}
}

// cutShort fails after it has given every row.
type cutShort struct{ *memory }

func (c cutShort) Export(ctx context.Context, f barometer.Filter, yield func(barometer.Stored) error) error {
	if err := c.memory.Export(ctx, f, yield); err != nil {
		return err
	}
	return barometer.Errorf(barometer.Unavailable, "connection lost")
}

func TestProblems(t *testing.T) {
	held := newMemory(fixedNow)
	s := newServer(t, Config{}, held)
	for _, c := range []struct {
		path   string
		status int
		says   string
	}{
		{"/v1/nothing", 404, "/openapi.json"},
		{"/v1/organisations/other", 404, "no organisation"},
		{"/v1/organisations/marram/mentions/00000000000000000000000000000000", 404, "no mention"},
		{"/v1/organisations/marram/mentions/xyz", 422, "pattern"},
		{"/v1/organisations/marram/mentions?limit=0", 422, "limit"},
		{"/v1/organisations/marram/mentions?limit=501", 422, "limit"},
		{"/v1/organisations/marram/mentions?limitt=5", 422, "limitt"},
		{"/v1/organisations/marram/mentions?cursor=zzz", 422, "cursor"},
		{"/v1/organisations/marram/mentions?sentiment=angry", 422, "sentiment"},
		{"/v1/organisations/marram/mentions?min_severity=6", 422, "min_severity"},
		{"/v1/organisations/marram/mentions?from=yesterday", 422, "from"},
		{"/v1/organisations/marram/mentions?from=2026-11-20T00:00:00Z&to=2026-11-19T00:00:00Z", 422, "from"},
		{"/v1/organisations/marram/mentions?q=" + strings.Repeat("a", 501), 422, "q"},
		{"/v1/organisations/marram/mentions?q=a%00b", 422, "q"},
		{"/v1/organisations/marram/mentions?copy_group=zz", 422, "copy_group"},
		{"/v1/organisations/marram/series?step=minute", 422, "step"},
		{"/v1/organisations/marram/series?time_zone=Mars/Olympus", 422, "time_zone"},
		{"/v1/organisations/marram/series?time_zone=Local", 422, "time_zone"},
		{"/v1/organisations/marram/series?step=hour&from=2020-01-01T00:00:00Z", 422, "92 days"},
		{"/v1/organisations/marram/export?format=xlsx", 422, "format"},
		{"/v1/sources/none", 404, "none"},
	} {
		w := ask(s, c.path)
		var p struct {
			Status int
			Title  string
		}
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
			t.Errorf("%s: %v in %s", c.path, err, w.Body)
			continue
		}
		if w.Code != c.status || p.Status != c.status || p.Title == "" || w.Header().Get("Content-Type") != "application/problem+json" || !strings.Contains(w.Body.String(), c.says) {
			t.Errorf("%s: %d %s %s", c.path, w.Code, w.Header().Get("Content-Type"), w.Body)
		}
	}
	r := httptest.NewRequest(http.MethodPost, "/v1/organisations", strings.NewReader("{}"))
	r.Host = "localhost"
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	if w.Code != 405 || w.Header().Get("Allow") != "GET, HEAD" || w.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("POST: %d, Allow %q, %s", w.Code, w.Header().Get("Allow"), w.Body)
	}
}

func TestInternalsStayInside(t *testing.T) {
	held := newMemory(fixedNow)
	s := newServer(t, Config{}, held)
	for err, status := range map[error]int{
		errors.New("code 62: syntax error near SELECT secret"):               500,
		barometer.Errorf(barometer.Unavailable, "dial secret:9000: refused"): 503,
		barometer.Errorf(barometer.Exhausted, "slow down"):                   429,
		barometer.Errorf(barometer.Refused, "that watches a person"):         403,
		barometer.Errorf(barometer.Conflict, "somebody else holds it"):       409,
	} {
		held.err = err
		for _, path := range []string{"/v1/organisations/marram/mentions", "/v1/sources", "/o/marram"} {
			w := ask(s, path, "Accept", "text/html, application/json")
			if w.Code != status || strings.Contains(w.Body.String(), "secret") {
				t.Errorf("%s with %v: %d %s", path, err, w.Code, w.Body)
			}
		}
	}
}

func TestPanicIsAProblem(t *testing.T) {
	s := newServer(t, Config{}, newMemory(fixedNow))
	s.deps.Organisations = func() []barometer.Organisation { panic("a mistake of ours") }
	for _, path := range []string{"/v1/organisations", "/", "/v1/organisations/marram/export"} {
		if w := ask(s, path, "Accept", "text/html"); w.Code != 500 || strings.Contains(w.Body.String(), "mistake") {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}

func TestHealth(t *testing.T) {
	s := newServer(t, Config{}, newMemory(fixedNow))
	if w := ask(s, "/readyz"); w.Code != 200 {
		t.Errorf("ready: %d", w.Code)
	}
	s.deps.Ready = func(context.Context) error { return errors.New("secret engine is down") }
	if w := ask(s, "/readyz"); w.Code != 503 || strings.Contains(w.Body.String(), "secret") {
		t.Errorf("not ready: %d %s", w.Code, w.Body)
	}
	ask(s, "/v1/organisations/marram/mentions?q=verysecretword")
	w := ask(s, "/metrics")
	if !strings.Contains(w.Body.String(), `barometer_http_requests_total{route="GET /v1/organisations/{organisation}/mentions",status="200"} 1`) {
		t.Errorf("metrics: %s", w.Body)
	}
	for line := range strings.Lines(w.Body.String()) {
		if of := strings.HasPrefix(line, "barometer_issues{") || strings.HasPrefix(line, "barometer_reading_"); strings.Contains(line, "verysecretword") ||
			!of && strings.Contains(line, "marram") {
			t.Errorf("metrics tell what was asked: %s", line)
		}
	}
}

func TestOpenAPIIsTheCommittedOne(t *testing.T) {
	s := newServer(t, Config{}, newMemory(fixedNow))
	const path = "../../schemas/openapi.json"
	if *update {
		if err := os.MkdirAll("../../schemas", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, s.openapi, 0o644); err != nil { //nolint:gosec // a file of the repository
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, s.openapi) {
		t.Error("schemas/openapi.json is not what the code says: run make schemas and look at the difference")
	}
	if got := ask(s, "/openapi.json").Body.Bytes(); !bytes.Equal(got, want) {
		t.Error("/openapi.json serves something else")
	}
}

func FuzzQuery(f *testing.F) {
	f.Add("q=waited&lang=en&from=2026-11-01T00:00:00Z", "/v1/organisations/marram/mentions")
	f.Add("by=concern&step=week&format=csv", "/v1/organisations/marram/series")
	f.Add("q=%22&from=2026-11-01&to=2026-11-02&min_severity=9&copy_group=zz", "/o/marram/mentions")
	f.Add("period=7d", "/o/marram")
	s := newServer(f, Config{CacheFor: -1}, &memory{rows: newMemory(fixedNow).rows[:20]})
	f.Fuzz(func(t *testing.T, query, path string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Host, r.URL.Path, r.URL.RawQuery = "localhost", path, query
		if streamed(path) || path == "" || path[0] != '/' {
			return // streams do not end, and a server never sees other paths
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code >= 500 {
			t.Errorf("%s?%s gives %d %s", path, query, w.Code, w.Body)
		}
	})
}
