package api

import (
	"bufio"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/mmcdole/gofeed"

	"barometer/internal/barometer"
)

func TestPagesOfIssues(t *testing.T) {
	held := newMemory(fixedNow)
	emerge(held, fixedNow)
	s := newServer(t, Config{}, held)
	for path, says := range map[string][]string{
		"/o/marram":                     {"Unsettled", "93<span", "rising", "ward 6 lift, stuck", "observed 23, expected 4.1", "Alert"},
		"/o/marram/issues":              {"Resolved in the last 90 days", "strike ballot", "Of 12 judged, 83% were true"},
		"/o/marram/issues/a17e00c4b2d9": {"23 different authors wrote “lift”, where 4.1 would be ordinary", "4,120 terms", "deleted at its source", "once in 310 million times", "Together with “ward 6”: once in 12 billion times"},
		"/o/marram/issues/a17e00c4b2d9?at=2026-11-19T08:00:00Z": {"As it was known on", ">8<"},
		"/o/kelo":        {"No reading yet", "Nothing has been heard yet."},
		"/o/kelo/issues": {"No issue yet: nothing has been heard yet"},
	} {
		w := ask(s, path, "Accept", "text/html")
		if w.Code != http.StatusOK {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
		for _, words := range says {
			if !strings.Contains(w.Body.String(), words) {
				t.Errorf("%s does not say %q", path, words)
			}
		}
	}
}

// send posts a body as a client on this machine would; headers are name, value, name, value.
func send(s *Server, path, contentType, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	r.Host = "localhost:8080"
	r.Header.Set("Content-Type", contentType)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func TestReadingSaysWhatItIsOrWhyThereIsNone(t *testing.T) {
	held := newMemory(fixedNow)
	emerge(held, fixedNow)
	s := newServer(t, Config{}, held)
	now := decode[Reading](t, ask(s, "/v1/organisations/marram/reading"))
	if now.Word != "unsettled" || now.Pressure == nil || *now.Pressure < 93 || now.Tendency != "rising" || now.Days != 56 {
		t.Errorf("now: %+v", now)
	}
	blind := decode[Reading](t, ask(s, "/v1/organisations/marram/reading?at="+held.readings[310].At.Format(time.RFC3339)))
	if !blind.Blind || blind.Pressure != nil || blind.Word != "blind" || blind.Coverage != .2 {
		t.Errorf("blind: %+v", blind)
	}
	held.rows = append(held.rows, barometer.Stored{Organisation: "kelo", Analysed: barometer.Analysed{Mention: barometer.Mention{PublishedAt: fixedNow.AddDate(0, 0, -3)}}})
	for path, says := range map[string]string{
		"kelo/reading":                               "warming up, 3 of 28 days are known",
		"kelo/reading?at=2026-11-01T00:00:00Z":       "no reading by 2026-11-01T00:00:00Z",
		"marram/reading?scope=concern:parking":       "it has not been computed",
		"marram/issues/ffff":                         "no issue",
		"marram/evidence/" + strings.Repeat("0", 64): "no evidence",
	} {
		w := ask(s, "/v1/organisations/"+path)
		if w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), says) || w.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
	rows, err := csv.NewReader(ask(s, "/v1/organisations/marram/readings?format=csv").Body).ReadAll()
	if err != nil || len(rows) != 28*24+1 || rows[0][1] != "pressure" || rows[12][1] == "" || rows[13][1] != "" { // the blind hours have no number
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	list := decode[Readings](t, ask(s, "/v1/organisations/marram/readings?from=2026-11-20T00:00:00Z&to=2026-11-20T04:00:00Z"))
	if len(list.Readings) != 4 {
		t.Errorf("%d readings of four hours", len(list.Readings))
	}
}

func TestIssuesNowAndThen(t *testing.T) {
	held := newMemory(fixedNow)
	emerge(held, fixedNow)
	s := newServer(t, Config{}, held)
	names := func(query string) (ids []string) {
		for _, i := range decode[struct{ Issues []Issue }](t, ask(s, "/v1/organisations/marram/issues"+query)).Issues {
			ids = append(ids, i.ID+" "+i.State+" "+i.Tier)
		}
		return ids
	}
	for query, want := range map[string]string{
		"":                         "a17e00c4b2d9 rising alert, b2c0ffee0001 fading watch",
		"?tier=watch":              "b2c0ffee0001 fading watch",
		"?state=resolved":          "c3d00d1e0002 resolved alert",
		"?at=2026-11-19T06:00:00Z": "a17e00c4b2d9 new watch, b2c0ffee0001 new watch",
		"?at=2026-10-01T00:00:00Z": "",
	} {
		if got := strings.Join(names(query), ", "); got != want {
			t.Errorf("%q: %s, want %s", query, got, want)
		}
	}
	issue := decode[IssueBody](t, ask(s, "/v1/organisations/marram/issues/a17e00c4b2d9"))
	if issue.Terms[0].Term != "lift" || len(issue.Representative) != 5 || len(issue.Transitions) != 3 || len(issue.History) < 20 || len(issue.Verdicts) != 0 {
		t.Errorf("%+v", issue)
	}
	w := ask(s, "/v1/organisations/marram/evidence/"+issue.Evidence)
	if sum := sha256.Sum256(w.Body.Bytes()); hex.EncodeToString(sum[:]) != issue.Evidence {
		t.Errorf("evidence of another hash: %d %s", w.Code, w.Body)
	}
	if w := ask(s, "/v1/organisations/kelo/evidence/"+issue.Evidence); w.Code != http.StatusNotFound {
		t.Errorf("another organisation sees the evidence: %d", w.Code)
	}
}

func TestOnlyWhoMayJudges(t *testing.T) {
	held := newMemory(fixedNow)
	emerge(held, fixedNow)
	s := newServer(t, Config{Keys: []Key{
		{Name: "executives", SHA256: HashKey("reads-a-long-random-key"), Organisations: []string{"marram"}},
		{Name: "press office", SHA256: HashKey("judges-a-long-random-key"), Organisations: []string{"marram"}, Role: RoleAnalyst},
		{Name: "elsewhere", SHA256: HashKey("others-a-long-random-key"), Organisations: []string{"kelo"}, Role: RoleAnalyst},
	}}, held)
	const verdict, body, kind = "/v1/organisations/marram/issues/a17e00c4b2d9/verdict", `{"verdict":"known","reason":"The engineer is there."}`, "application/json"
	key := func(k string) []string { return []string{"Authorization", "Bearer " + k + "-a-long-random-key"} }
	for name, c := range map[string]struct {
		path, kind, body string
		headers          []string
		status           int
	}{
		"no key":              {verdict, kind, body, nil, 401},
		"a reader":            {verdict, kind, body, key("reads"), 403},
		"other organisation":  {verdict, kind, body, key("others"), 404},
		"another site":        {verdict, kind, body, append(key("judges"), "Sec-Fetch-Site", "cross-site"), 403},
		"another origin":      {verdict, kind, body, append(key("judges"), "Origin", "https://evil.example"), 403},
		"a form":              {verdict, "text/plain", body, key("judges"), 415},
		"no such verdict":     {verdict, kind, `{"verdict":"maybe"}`, key("judges"), 422},
		"no such issue":       {"/v1/organisations/marram/issues/ffff/verdict", kind, body, key("judges"), 404},
		"a long reason":       {verdict, kind, `{"verdict":"true","reason":"` + strings.Repeat("x", 1001) + `"}`, key("judges"), 422},
		"a page's form":       {"/o/marram/issues/a17e00c4b2d9/verdict", "application/x-www-form-urlencoded", "verdict=known", append(key("judges"), "Sec-Fetch-Site", "cross-site"), 403},
		"a page's own reader": {"/o/marram/issues/a17e00c4b2d9/verdict", "application/x-www-form-urlencoded", "verdict=known", key("reads"), 403},
	} {
		if w := send(s, c.path, c.kind, c.body, c.headers...); w.Code != c.status {
			t.Errorf("%s: %d, want %d: %s", name, w.Code, c.status, w.Body)
		}
	}
	if n := len(held.verdicts); n != 1 {
		t.Fatalf("%d verdicts are kept, want the one that there was", n)
	}
	if page := ask(s, "/o/marram/issues/a17e00c4b2d9", key("reads")...); strings.Contains(page.Body.String(), "<form") {
		t.Error("a reader is shown a form")
	}
	w := send(s, verdict, kind, body, append(key("judges"), "Sec-Fetch-Site", "same-origin")...)
	v := decode[barometer.Verdict](t, w)
	if v.By != "press office" || v.Verdict != "known" || v.Reason != "The engineer is there." || !v.At.Equal(fixedNow) {
		t.Errorf("%+v", v)
	}
}

// A verdict or a correction shows at once, although answers are kept for a moment.
func TestJudgementsShowAtOnce(t *testing.T) {
	held := newMemory(fixedNow)
	emerge(held, fixedNow)
	s := newServer(t, Config{CacheFor: time.Minute}, held)
	issue, mention := "/o/marram/issues/a17e00c4b2d9", "/o/marram/mentions/"+held.rows[0].ID.String()
	for path, says := range map[string]string{issue: "Nobody has judged it yet", mention: "Nobody has checked this mention"} {
		if !strings.Contains(ask(s, path).Body.String(), says) {
			t.Errorf("%s does not say %q", path, says)
		}
	}
	const form = "application/x-www-form-urlencoded"
	if w := send(s, issue+"/verdict", form, "verdict=campaign&reason=A+leaflet"); w.Code != http.StatusSeeOther || w.Header().Get("Location") != issue+"#verdict" {
		t.Fatalf("verdict: %d %s", w.Code, w.Header().Get("Location"))
	}
	for _, body := range []string{"field=sentiment&value=positive", "field=concerns&value=waiting&value=parking", "field=severity&value=5"} {
		if w := send(s, mention+"/corrections", form, body); w.Code != http.StatusSeeOther {
			t.Fatalf("correction %s: %d %s", body, w.Code, w.Body)
		}
	}
	for path, all := range map[string][]string{
		issue:   {"<strong>Campaign</strong>", "A leaflet"},
		mention: {"Sentiment: positive; the pipeline said negative", "Concerns: Parking, Waiting times", "Severity: gravest", `feel--pos`, "Checked by people"},
	} {
		for _, says := range all {
			if !strings.Contains(ask(s, path).Body.String(), says) {
				t.Errorf("%s does not say %q", path, says)
			}
		}
	}
	if c := held.corrections[1]; c.Value != "parking,waiting" || !strings.HasSuffix(c.Was, " test-1") {
		t.Errorf("%+v", c)
	}
	for body, says := range map[string]string{
		`{"field":"sentiment","value":"uncertain"}`:   "want negative, neutral or positive",
		`{"field":"concerns","value":"waiting, zoo"}`: "not in the taxonomy",
		`{"field":"lang","value":"Finnish"}`:          "two letters",
		`{"field":"severity","value":"6"}`:            "want 0, 1, 2, 3, 4 or 5",
		`{"field":"author","value":"x"}`:              "expected value to be one of",
	} {
		w := send(s, "/v1/organisations/marram/mentions/"+held.rows[0].ID.String()+"/corrections", "application/json", body)
		if w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), says) {
			t.Errorf("%s: %d %s", body, w.Code, w.Body)
		}
	}
	w := send(s, "/v1/organisations/marram/mentions/"+held.rows[0].ID.String()+"/corrections", "application/json; charset=utf-8", `{"field":"concerns","value":"none"}`)
	if c := decode[barometer.Correction](t, w); c.Value != "none" || !strings.HasPrefix(c.Was, "parking ") && !strings.HasPrefix(c.Was, "waiting ") {
		t.Errorf("%+v", c)
	}
}

func TestFeeds(t *testing.T) {
	held := newMemory(fixedNow)
	emerge(held, fixedNow)
	s := newServer(t, Config{Hosts: []string{"barometer.example"}}, held)
	for format, want := range map[string]string{"atom": "atom", "json": "json"} {
		w := ask(s, "/v1/organisations/marram/feed."+format, "Host", "barometer.example", "X-Forwarded-Proto", "https")
		parsed, err := gofeed.NewParser().ParseString(w.Body.String())
		if err != nil || parsed.FeedType != want {
			t.Fatalf("%s: %v in %.300s", format, err, w.Body)
		}
		seen := map[string]bool{}
		last := fixedNow.Add(time.Hour)
		alerts := 0
		for _, item := range parsed.Items {
			if seen[item.GUID] || !strings.HasPrefix(item.GUID, "urn:uuid:") || !strings.HasPrefix(item.Link, "https://barometer.example/o/marram") || item.Content == "" {
				t.Errorf("%s: entry %+v", format, item)
			}
			if item.PublishedParsed.After(last) {
				t.Errorf("%s: %s is out of order", format, item.Title)
			}
			seen[item.GUID], last = true, *item.PublishedParsed
			if item.Categories[0] == "alert" {
				alerts++
			}
		}
		if alerts != 4 || parsed.Items[0].Title != "Barometer: unsettled, 85 of 100, rising" && parsed.Items[0].Title != "Rising: ward 6 lift, stuck" {
			t.Errorf("%s: %d alerts, first %q", format, alerts, parsed.Items[0].Title)
		}
		again := ask(s, "/v1/organisations/marram/feed."+format, "Host", "barometer.example", "X-Forwarded-Proto", "https")
		if again.Body.String() != w.Body.String() {
			t.Errorf("%s: the feed is not the same when asked again", format)
		}
		if local := ask(s, "/v1/organisations/marram/feed."+format); !strings.Contains(local.Body.String(), "http://localhost:8080/o/marram") || strings.Contains(local.Body.String(), "barometer.example") {
			t.Errorf("%s: the feed of one name is given under another", format)
		}
		if empty := ask(s, "/v1/organisations/kelo/feed."+format); empty.Code != http.StatusOK {
			t.Errorf("%s of nothing: %d", format, empty.Code)
		}
	}
	a, b := entryID("ab", "c"), entryID("a", "bc")
	if a == b || !regexp.MustCompile(`^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(a) {
		t.Errorf("ids %s and %s", a, b)
	}
}

func TestMetricsOfTheBarometer(t *testing.T) {
	held := newMemory(fixedNow)
	emerge(held, fixedNow)
	s := newServer(t, Config{}, held)
	body := ask(s, "/metrics").Body.String()
	for _, line := range []string{
		`barometer_reading_pressure{organisation="marram"} 93`, `barometer_reading_blind{organisation="marram"} 0`,
		`barometer_issues{organisation="marram",state="rising",tier="alert"} 1`, `barometer_issues{organisation="marram",state="fading",tier="watch"} 1`,
		`barometer_issues{organisation="kelo",state="new",tier="alert"} 0`,
	} {
		if !strings.Contains(body, line) {
			t.Errorf("metrics lack %s", line)
		}
	}
	if strings.Contains(body, `barometer_reading_pressure{organisation="kelo"}`) {
		t.Error("an organisation without a reading has a pressure")
	}
}

func TestChangesComeLive(t *testing.T) {
	held := newMemory(time.Now())
	s := newServer(t, Config{}, held)
	s.now = time.Now
	r, err := http.Get(serve(t, s) + "/v1/organisations/marram/live")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	at := time.Now().UTC().Truncate(time.Second)
	held.mu.Lock()
	held.readings = []barometer.Reading{{Organisation: "marram", At: at, Pressure: 97.5, Low: 90, High: 99, Word: "stormy", Tendency: "rising"}}
	held.known = []barometer.IssueRecord{{Organisation: "marram", ID: "aa", At: at, Name: "lift", State: "new", Tier: "alert", Transition: true}}
	held.mu.Unlock()
	events := map[string]string{}
	for lines := bufio.NewScanner(r.Body); len(events) < 2 && lines.Scan(); {
		if name, ok := strings.CutPrefix(lines.Text(), "event: "); ok && lines.Scan() {
			events[name] = lines.Text()
		}
	}
	if !strings.Contains(events["reading"], `"word":"stormy"`) || !strings.Contains(events["issue"], `"name":"lift"`) {
		t.Errorf("events %v", events)
	}
}
