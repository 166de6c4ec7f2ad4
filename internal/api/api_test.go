package api

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
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
		Log:           slog.New(slog.DiscardHandler),
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

func TestEqualQuestionsAreAskedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		held := newMemory(fixedNow)
		held.slow = 50 * time.Millisecond
		s := newServer(t, Config{}, held)
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				if w := ask(s, "/v1/sources"); w.Code != 200 {
					t.Errorf("%d %s", w.Code, w.Body)
				}
			})
		}
		wg.Wait()
		if held.asked != 1 {
			t.Errorf("100 equal questions at once reached the store %d times", held.asked)
		}
		ask(s, "/v1/sources")
		if held.asked != 1 {
			t.Error("a question within the second reached the store")
		}
		time.Sleep(1100 * time.Millisecond)
		s.cache.mu.RLock()
		if n := len(s.cache.answers); n != 0 || s.cache.size != 0 {
			t.Errorf("%d answers of %d bytes outlive their time", n, s.cache.size)
		}
		s.cache.mu.RUnlock()
		ask(s, "/v1/sources")
		if held.asked != 2 {
			t.Errorf("asked %d times after the answer's time", held.asked)
		}
	})
}

func TestOnlySoManyQuestionsReachTheStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		held := newMemory(fixedNow)
		held.slow = 2 * time.Second
		s := newServer(t, Config{}, held)
		var wg sync.WaitGroup
		var mu sync.Mutex
		statuses := map[int]int{}
		for i := range 300 {
			wg.Go(func() {
				w := ask(s, fmt.Sprintf("/v1/organisations/marram/mentions?limit=%d", i+1))
				mu.Lock()
				defer mu.Unlock()
				statuses[w.Code]++
				if w.Code == http.StatusServiceUnavailable && w.Header().Get("Retry-After") == "" {
					t.Error("turned away without a word when to come back")
				}
			})
		}
		wg.Wait()
		if held.busiest != askAtOnce || statuses[200] < 7*askAtOnce || statuses[200]+statuses[503] != 300 {
			t.Errorf("%d questions at once, answers %v", held.busiest, statuses)
		}
	})
}

func TestOneWhoLeavesDoesNotSpoilTheAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		held := newMemory(fixedNow)
		held.slow = time.Second
		s := newServer(t, Config{}, held)
		ctx, leave := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/v1/sources", nil)
			r.Host = "localhost"
			s.ServeHTTP(httptest.NewRecorder(), r)
		})
		synctest.Wait()
		wg.Go(func() {
			if w := ask(s, "/v1/sources"); w.Code != 200 {
				t.Errorf("the one who waited gets %d %s", w.Code, w.Body)
			}
		})
		synctest.Wait()
		leave()
		wg.Wait()
	})
}

func TestUnchangedAnswerIsNotSentAgain(t *testing.T) {
	s := newServer(t, Config{}, newMemory(fixedNow))
	first := ask(s, "/v1/organisations")
	tag := first.Header().Get("Etag")
	if tag == "" || first.Header().Get("Cache-Control") != "private, max-age=1" {
		t.Fatalf("headers %v", first.Header())
	}
	for _, have := range []string{tag, `"other", W/` + tag, "*"} {
		if w := ask(s, "/v1/organisations", "If-None-Match", have); w.Code != 304 || w.Body.Len() != 0 {
			t.Errorf("If-None-Match %s gives %d with %d bytes", have, w.Code, w.Body.Len())
		}
	}
	if w := ask(s, "/v1/organisations", "If-None-Match", `"other"`); w.Code != 200 {
		t.Errorf("another tag gives %d", w.Code)
	}
}

func TestKeys(t *testing.T) {
	s := newServer(t, Config{Listen: "0.0.0.0:80", Keys: []Key{
		{Name: "press office", SHA256: HashKey("first-long-random-key"), Organisations: []string{"kelo"}},
		{Name: "operations", SHA256: HashKey("other-long-random-key"), Organisations: []string{"*"}, Role: RoleOperator},
	}}, newMemory(fixedNow))
	first, other := "Bearer first-long-random-key", "Bearer other-long-random-key"
	for _, c := range []struct {
		path, key string
		status    int
	}{
		{"/v1/organisations", "", 401},
		{"/v1/organisations", "Bearer wrong", 401},
		{"/v1/organisations", first, 200},
		{"/v1/organisations/kelo/mentions", first, 200},
		{"/v1/organisations/marram/mentions", other, 200}, // and kept, which must not help the next
		{"/v1/organisations/marram/mentions", first, 404},
		{"/v1/organisations/marram/live", first, 404},
		{"/v1/organisations/marram/export", first, 404},
		{"/o/marram", first, 404},
		{"/o/kelo", first, 200},
		{"/o/kelo", "", 401},
		{"/metrics", first, 403},
		{"/metrics", other, 200},
		{"/metrics", "", 401},
		{"/healthz", "", 200},
		{"/readyz", "", 200},
		{"/openapi.json", first, 200},
	} {
		if w := ask(s, c.path, "Authorization", c.key); w.Code != c.status {
			t.Errorf("%s with %q: %d, want %d", c.path, c.key, w.Code, c.status)
		}
	}
	r := httptest.NewRequest(http.MethodGet, "/v1/organisations", nil)
	r.SetBasicAuth("anybody", "first-long-random-key")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	if got := decode[struct{ Organisations []barometer.Organisation }](t, w); len(got.Organisations) != 1 || got.Organisations[0].ID != "kelo" {
		t.Errorf("basic authentication sees %+v", got.Organisations)
	}
}

func TestEveryAnswerIsHeldToThePolicy(t *testing.T) {
	s := newServer(t, Config{}, newMemory(fixedNow))
	for _, path := range []string{"/", "/o/marram", "/v1/organisations", "/nothing", "/healthz", "/metrics", "/openapi.json", "/assets/none.css", "/v1/organisations/marram/export"} {
		h := ask(s, path, "Accept", "text/html").Header()
		for name, want := range map[string]string{
			"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
			"X-Content-Type-Options":  "nosniff",
			"Referrer-Policy":         "no-referrer",
		} {
			if got := h.Get(name); got != want {
				t.Errorf("%s: %s is %q", path, name, got)
			}
		}
		if h.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s may be read by other sites", path)
		}
	}
}

func TestForeignNamesAreRefusedOnTheLoopback(t *testing.T) {
	s := newServer(t, Config{Hosts: []string{"barometer.example"}}, newMemory(fixedNow))
	for host, status := range map[string]int{
		"localhost": 200, "localhost:8080": 200, "127.0.0.1:8080": 200, "[::1]:8080": 200, "BAROMETER.example": 200,
		"evil.example": 421, "evil.example:8080": 421, "127.0.0.1.evil.example": 421, "": 421, "10.0.0.1": 421,
	} {
		if w := ask(s, "/v1/organisations", "Host", host); w.Code != status {
			t.Errorf("Host %q: %d, want %d", host, w.Code, status)
		}
	}
}

func TestRunRefusesOtherMachinesWithoutKeys(t *testing.T) {
	s := newServer(t, Config{}, newMemory(fixedNow))
	l, err := net.Listen("tcp", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	if err := s.Run(t.Context(), l); barometer.KindOf(err) != barometer.Invalid {
		t.Errorf("run on %s: %v", l.Addr(), err)
	}
}

func TestConfigSaysWhatIsWrong(t *testing.T) {
	key := Key{Name: "a", SHA256: HashKey("x"), Organisations: []string{"*"}}
	for says, c := range map[string]Config{
		"configure at least one key": {Listen: "0.0.0.0:8080"},
		"by other machines":          {Listen: ":8080"},
		"want host:port":             {Listen: "8080"},
		"keys[0]: sha256":            {Keys: []Key{{Name: "a", SHA256: "abc", Organisations: []string{"*"}}}},
		"name at least one":          {Keys: []Key{{Name: "a", SHA256: key.SHA256}}},
		"needs a name":               {Keys: []Key{{SHA256: key.SHA256, Organisations: []string{"*"}}}},
		"want reader or operator":    {Keys: []Key{{Name: "a", SHA256: key.SHA256, Organisations: []string{"*"}, Role: "boss"}}},
		"keys[1]":                    {Keys: []Key{key, key}},
		"without scheme":             {Hosts: []string{"https://x.example"}},
		"cache_for":                  {CacheFor: time.Hour},
		"live_clients":               {LiveClients: -1},
	} {
		if err := c.Validate(); barometer.KindOf(err) != barometer.Invalid || !strings.Contains(err.Error(), says) {
			t.Errorf("want %q, got %v", says, err)
		}
	}
	for _, c := range []Config{{}, {Listen: "localhost:0"}, {Listen: "[::1]:80"}, {Listen: ":80", Keys: []Key{key}}} {
		if err := c.Validate(); err != nil {
			t.Error(err)
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
	if strings.Contains(w.Body.String(), "verysecretword") || strings.Contains(w.Body.String(), "marram") {
		t.Error("metrics tell what was asked")
	}
}

// events reads a live stream line by line until it ends.
func events(t *testing.T, ctx context.Context, url, last string) <-chan string {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if last != "" {
		r.Header.Set("Last-Event-ID", last)
	}
	answer, err := http.DefaultClient.Do(r) //nolint:bodyclose // the reader below closes it
	if err != nil {
		t.Fatal(err)
	}
	if answer.StatusCode != http.StatusOK || answer.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("live: %d %s", answer.StatusCode, answer.Header.Get("Content-Type"))
	}
	lines := make(chan string, 1000)
	go func() {
		defer close(lines)
		defer func() { _ = answer.Body.Close() }()
		for in := bufio.NewScanner(answer.Body); in.Scan(); {
			lines <- in.Text()
		}
	}()
	return lines
}

// next returns the following line with the prefix, without it.
func next(t *testing.T, lines <-chan string, prefix string) string {
	t.Helper()
	late := time.After(10 * time.Second)
	for {
		select {
		case line, ok := <-lines:
			if !ok {
				t.Fatalf("the stream ended before %q", prefix)
			}
			if rest, found := strings.CutPrefix(line, prefix); found {
				return rest
			}
		case <-late:
			t.Fatalf("no %q came", prefix)
		}
	}
}

func TestLiveSendsResumesAndEnds(t *testing.T) {
	held := newMemory(fixedNow)
	s := newServer(t, Config{LiveClients: 2}, held)
	s.now = time.Now
	url := serve(t, s) + "/v1/organisations/marram/live"
	ctx, leave := context.WithCancel(t.Context())
	lines := events(t, ctx, url, "")
	next(t, lines, "retry: ")
	one := row(1001, time.Now())
	held.add(one)
	id := next(t, lines, "id: ")
	if !strings.HasSuffix(id, "/"+one.ID.String()) {
		t.Errorf("id %s", id)
	}
	var got Mention
	if err := json.Unmarshal([]byte(next(t, lines, "data: ")), &got); err != nil || got.ID != one.ID.String() {
		t.Errorf("got %+v, %v", got, err)
	}
	leave()
	for s.live.clients.Load() > 0 { // until the server has noticed
		time.Sleep(10 * time.Millisecond)
	}
	two, three := row(1002, time.Now().Add(10*time.Millisecond)), row(1003, time.Now().Add(20*time.Millisecond))
	held.add(three, two)
	lines = events(t, t.Context(), url, id)
	if first, second := next(t, lines, "id: "), next(t, lines, "id: "); !strings.HasSuffix(first, two.ID.String()) || !strings.HasSuffix(second, three.ID.String()) {
		t.Errorf("resumed with %s, %s", first, second)
	}
	events(t, t.Context(), url, "")
	full, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	_ = full.Body.Close()
	if full.StatusCode != http.StatusTooManyRequests || full.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("a third client gets %d %s", full.StatusCode, full.Header.Get("Content-Type"))
	}
	if w := ask(s, "/v1/organisations/marram/live", "Last-Event-ID", "junk"); w.Code != 422 {
		t.Errorf("a bad Last-Event-ID gives %d", w.Code)
	}
}

func TestLiveSaysWhenItCannotShowAll(t *testing.T) {
	held := newMemory(fixedNow)
	s := newServer(t, Config{}, held)
	s.now = time.Now
	lines := events(t, t.Context(), serve(t, s)+"/v1/organisations/marram/live", "")
	next(t, lines, "retry: ")
	var flood []barometer.Stored
	for i := range 2 * liveLimit {
		flood = append(flood, row(2000+i, time.Now()))
	}
	held.add(flood...)
	next(t, lines, "event: gap")
	if got := next(t, lines, "data: "); !strings.Contains(got, "reason") {
		t.Errorf("gap is %s", got)
	}
}

// pipes is a listener whose connections are pipes in memory, so that time can be pretended.
type pipes struct {
	accept chan net.Conn
	closed chan struct{}
}

func (p pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.accept:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}
func (p pipes) Close() error   { close(p.closed); return nil }
func (p pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

func TestLiveBeatsAndDropsWhoDoesNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, Config{}, newMemory(fixedNow))
		l := pipes{accept: make(chan net.Conn), closed: make(chan struct{})}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- s.Run(ctx, l) }()
		dial := func() net.Conn {
			client, server := net.Pipe()
			l.accept <- server
			if _, err := io.WriteString(client, "GET /v1/organisations/marram/live HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
				t.Error(err)
			}
			return client
		}
		reads, idle := dial(), dial()
		lines := make(chan string, 100)
		go func() {
			defer close(lines)
			for in := bufio.NewScanner(reads); in.Scan(); {
				lines <- in.Text()
			}
		}()
		synctest.Wait()
		if n := s.live.clients.Load(); n != 2 {
			t.Errorf("%d clients, want 2", n)
		}
		time.Sleep(livePatient + time.Second)
		if n := s.live.clients.Load(); n != 1 {
			t.Errorf("%d clients after one has not read for %v, want 1", n, livePatient)
		}
		next(t, lines, ": still here")
		start := time.Now()
		stop()
		if err := <-ended; err != nil || time.Since(start) > time.Second {
			t.Errorf("run ends with %v after %v", err, time.Since(start))
		}
		_ = reads.Close()
		_ = idle.Close()
	})
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

func TestLargeAnswersArePacked(t *testing.T) {
	s := newServer(t, Config{}, newMemory(fixedNow))
	const path = "/v1/organisations/marram/mentions"
	plain, packed := ask(s, path), ask(s, path, "Accept-Encoding", "br, gzip")
	if packed.Header().Get("Content-Encoding") != "gzip" || packed.Body.Len() > plain.Body.Len()/3 || plain.Header().Get("Etag") == packed.Header().Get("Etag") {
		t.Fatalf("%d bytes of %d, %v", packed.Body.Len(), plain.Body.Len(), packed.Header())
	}
	z, err := gzip.NewReader(packed.Body)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(z); err != nil || !bytes.Equal(got, plain.Body.Bytes()) {
		t.Errorf("unpacked it is something else (%v)", err)
	}
	if w := ask(s, "/v1/organisations/kelo", "Accept-Encoding", "gzip"); w.Header().Get("Content-Encoding") != "" {
		t.Error("a small answer is packed")
	}
}

// BenchmarkCachedAnswer isolates an answer that is kept: the handler alone, and with HTTP over the loopback with a
// client that only reads. cpu-us/op is the processor time of both sides, which other work on the machine changes little.
func BenchmarkCachedAnswer(b *testing.B) {
	const path = "/v1/organisations/marram/series?by=sentiment&step=day"
	s := newServer(b, Config{CacheFor: time.Minute}, newMemory(fixedNow))
	b.Run("handler", func(b *testing.B) {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Host = "localhost"
		w := &recorder{}
		start := cpu(b)
		for b.Loop() {
			*w = recorder{header: http.Header{}}
			s.ServeHTTP(w, r)
			if w.status != http.StatusOK {
				b.Fatal(w.status)
			}
		}
		b.ReportMetric(float64((cpu(b)-start).Nanoseconds())/1000/float64(b.N), "cpu-us/op")
	})
	b.Run("loopback", func(b *testing.B) {
		host := strings.TrimPrefix(serve(b, s), "http://")
		start := cpu(b)
		b.RunParallel(func(pb *testing.PB) {
			c, err := net.Dial("tcp", host)
			if err != nil {
				b.Error(err)
				return
			}
			defer func() { _ = c.Close() }()
			in := bufio.NewReader(c)
			request := []byte("GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\nAccept-Encoding: gzip\r\n\r\n")
			for pb.Next() {
				if _, err := c.Write(request); err != nil {
					b.Error(err)
					return
				}
				r, err := http.ReadResponse(in, nil)
				if err != nil || r.StatusCode != http.StatusOK {
					b.Error(r, err)
					return
				}
				_, _ = io.Copy(io.Discard, r.Body)
				_ = r.Body.Close()
			}
		})
		b.ReportMetric(float64((cpu(b)-start).Nanoseconds())/1000/float64(b.N), "cpu-us/op")
	})
}

// cpu is the processor time that the process has used.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
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
