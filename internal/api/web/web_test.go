package web

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"barometer/internal/barometer"
)

func flat(segments []segment) string {
	var b strings.Builder
	for _, s := range segments {
		if s.Mark == "" {
			b.WriteString(s.Text)
			continue
		}
		b.WriteString("[" + s.Mark + ":" + s.Text + "]")
	}
	return b.String()
}

func TestMarks(t *testing.T) {
	for _, c := range []struct {
		text  string
		hits  []barometer.Hit
		words string
		want  string
	}{
		{"Päivystys oli täynnä", []barometer.Hit{{Start: 0, End: 9}}, "", "[hit:Päivystys] oli täynnä"},
		{"Päivystys oli täynnä", nil, "taynna PÄIVYSTYS", "[search:Päivystys] oli [search:täynnä]"},
		{"waited and Waited, unwaited", nil, "waited", "[search:waited] and [search:Waited], unwaited"},
		{"a 👩‍⚕️ waited", []barometer.Hit{{Start: 6, End: 12}}, "", "a 👩‍⚕️[hit: waite]d"},
		{"not good enough here", nil, `"good enough" here`, "not [search:good enough] [search:here]"},
		{"Marram Sands", []barometer.Hit{{Start: 0, End: 12}}, "sands", "[hit:Marram ][search:Sands]"},
		{"short", []barometer.Hit{{Start: -3, End: 2}, {Start: 4, End: 99}}, "", "[hit:sh]or[hit:t]"},
		{"", []barometer.Hit{{Start: 0, End: 5}}, "x", ""},
	} {
		if got := flat(mark(c.text, c.hits, searchWords(c.words))); got != c.want {
			t.Errorf("%q with %v and %q:\ngot  %s\nwant %s", c.text, c.hits, c.words, got, c.want)
		}
	}
}

func FuzzMark(f *testing.F) {
	f.Add("Päivystys oli täynnä", 0, 9, `"oli täynnä" x`)
	f.Add("\xff👩‍⚕️", -5, 1000, `"""`)
	f.Fuzz(func(t *testing.T, text string, start, end int, search string) {
		segments := mark(text, []barometer.Hit{{Start: start, End: end}}, searchWords(search))
		var all strings.Builder
		for _, s := range segments {
			all.WriteString(s.Text)
		}
		if want := string([]rune(text)); all.String() != want {
			t.Errorf("%q became %q", want, all.String())
		}
		cutText, _ := cut(segments, 20)
		if n := len([]rune(flat(cutText))); n > 20+len("[search:]")*len(cutText) {
			t.Errorf("cut to %d characters", n)
		}
	})
}

func TestCutAtAWord(t *testing.T) {
	got, more := cut([]segment{{Text: "one two "}, {Text: "three", Mark: "hit"}, {Text: " four"}}, 16)
	if !more || flat(got) != "one two [hit:three]" {
		t.Errorf("%s %v", flat(got), more)
	}
	if got, more := cut([]segment{{Text: "one"}}, 3); more || flat(got) != "one" {
		t.Errorf("%s %v", flat(got), more)
	}
}

func TestPeriodComparesLikeWithLike(t *testing.T) {
	zone, err := time.LoadLocation("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	// A Wednesday; the clocks went back on the Sunday before.
	p := newPeriod("7d", time.Date(2026, 10, 28, 8, 5, 0, 0, zone))
	const form = "Mon 2 Jan 15:04 -0700"
	for name, c := range map[string][2]string{
		"from":       {p.From.Format(form), "Thu 22 Oct 00:00 +0100"},
		"to":         {p.To.Format(form), "Wed 28 Oct 09:00 +0000"},
		"prior from": {p.PriorFrom.Format(form), "Thu 15 Oct 00:00 +0100"},
		"prior to":   {p.PriorTo.Format(form), "Wed 21 Oct 09:00 +0100"},
	} {
		if c[0] != c[1] {
			t.Errorf("%s is %s, want %s", name, c[0], c[1])
		}
	}
	if days := buckets(p.From, p.To, p.Step); len(days) != 7 || days[3].Sub(days[2]) != 24*time.Hour || days[4].Sub(days[3]) != 25*time.Hour {
		t.Errorf("days %v", days)
	}
	if hours := newPeriod("24h", time.Date(2026, 10, 28, 8, 5, 0, 0, zone)); len(buckets(hours.From, hours.To, hours.Step)) != 24 {
		t.Error("24 hours are not 24 bars")
	}
	if newPeriod("junk", p.To).Key != "7d" {
		t.Error("an unknown period is not the default one")
	}
}

func TestChartAddsUp(t *testing.T) {
	p := newPeriod("7d", time.Date(2026, 11, 20, 8, 5, 0, 0, time.UTC))
	day := p.From.AddDate(0, 0, 2)
	c := newChart("a/b", []barometer.SeriesPoint{
		{Time: day, Key: "negative", Count: 30, Total: 37}, {Time: day, Key: "positive", Count: 7, Total: 37},
	}, p)
	if len(c.Bars) != 7 || c.Empty || c.Bars[2].Total != 37 || c.Bars[1].Total != 0 {
		t.Fatalf("%+v", c)
	}
	b := c.Bars[2]
	if want := "Monday 16 November: 37 mentions, 30 negative, 0 uncertain, 0 neutral, 7 positive"; b.Say != want {
		t.Errorf("says %q", b.Say)
	}
	if c.Grid[2].Label != "40" || len(b.Pieces) != 2 || b.Pieces[0].H != 135 || b.Pieces[0].Y+b.Pieces[0].H != c.Base {
		t.Errorf("pieces %+v under %s", b.Pieces, c.Grid[2].Label)
	}
	if b.Href != "/o/a%2Fb/mentions?from=2026-11-16T00%3A00&to=2026-11-17T00%3A00" {
		t.Errorf("links to %s", b.Href)
	}
	if empty := newChart("a", nil, p); !empty.Empty || empty.Summary != "No mentions in the last 7 days." {
		t.Errorf("empty: %q", empty.Summary)
	}
}

func TestNiceCeiling(t *testing.T) {
	for n, want := range map[uint64]uint64{0: 2, 1: 2, 2: 2, 3: 4, 7: 8, 9: 10, 11: 20, 58: 60, 99: 100, 101: 200, 1_000_000: 1_000_000} {
		if got := niceCeiling(n); got != want {
			t.Errorf("above %d: %d, want %d", n, got, want)
		}
	}
}

func TestCoverageIsHonest(t *testing.T) {
	source := func(state barometer.SourceState) barometer.SourceStatus {
		return barometer.SourceStatus{SourceHealth: barometer.SourceHealth{Source: string(state), State: state, Expected: 5}}
	}
	for _, c := range []struct {
		states []barometer.SourceState
		says   string
		deaf   bool
	}{
		{nil, "No source is being listened to.", true},
		{[]barometer.SourceState{"disabled"}, "No source is being listened to.", true},
		{[]barometer.SourceState{"healthy", "healthy", "disabled"}, "All 2 sources are heard.", false},
		{[]barometer.SourceState{"healthy"}, "The only source is heard.", false},
		{[]barometer.SourceState{"blind"}, "The only source cannot be heard as usual.", true},
		{[]barometer.SourceState{"healthy", "waiting"}, "1 of 2 sources have been heard so far.", false},
		{[]barometer.SourceState{"healthy", "silent"}, "1 of 2 sources cannot be heard as usual.", true},
		{[]barometer.SourceState{"blind", "silent", "healthy"}, "2 of 3 sources cannot be heard as usual.", true},
	} {
		var all []barometer.SourceStatus
		for _, s := range c.states {
			all = append(all, source(s))
		}
		got := newCoverage(all, time.Now())
		if got.Sentence() != c.says || got.Deaf() != c.deaf {
			t.Errorf("%v: %q, deaf %v", c.states, got.Sentence(), got.Deaf())
		}
	}
}

func TestSourceWithoutExpectationIsNotCalledUsual(t *testing.T) {
	got := newCoverage([]barometer.SourceStatus{{SourceHealth: barometer.SourceHealth{Source: "a", State: barometer.SourceHealthy}}}, time.Now())
	if want := "The only source answers. How much is usual is not known yet, so silence would go unnoticed."; got.Sentence() != want {
		t.Errorf("says %q", got.Sentence())
	}
	if got.Note() == "as usual" || got.Sources[0].State.Meaning == stateWords[barometer.SourceHealthy].Meaning {
		t.Error("it is called usual")
	}
}

func TestReasonsAddUp(t *testing.T) {
	got := reasons([]barometer.Reason{{Term: "at", Weight: .4}, {Term: "late", Weight: -.7}, {Term: "At", Weight: .5}, {Term: "so", Weight: .01}})
	if len(got) != 2 || got[0].Term != "at" || got[0].Weight != .9 || got[1].Term != "late" {
		t.Errorf("got %v", got)
	}
}

func TestOnlyWebPagesAreLinked(t *testing.T) {
	for raw, want := range map[string]string{
		"https://a.example/b?c=d":  "https://a.example/b?c=d",
		"http://a.example":         "http://a.example",
		"javascript:alert(1)":      "",
		"data:text/html,<script>":  "",
		"//a.example":              "",
		"https:///nohost":          "",
		"":                         "",
		"http://a.example/\x00bad": "",
	} {
		if got := safeLink(raw); got != want {
			t.Errorf("%q: %q, want %q", raw, got, want)
		}
	}
}

func TestWords(t *testing.T) {
	for got, want := range map[string]string{
		shareWord(0): "0%", shareWord(.004): "under 1%", shareWord(.5): "50%", shareWord(.996): "over 99%", shareWord(1): "100%",
		weight(-1.25): "−1.2", weight(.8): "+0.8",
		thousands(1234567): "1,234,567", plural(1, "mention"): "1 mention", plural(1000, "mention"): "1,000 mentions",
		language("de"): "German", language("xx"): "XX", severity(9): "Gravest",
		newChange(5, 0).Words: "none before", newChange(5, 9).Words: "was 9", newChange(0, 0).Words: "none before either",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// pages with no store: for what is decided before anything is read.
func newPages(t *testing.T, all ...barometer.Organisation) *Pages {
	t.Helper()
	p, err := New(Deps{
		Organisations: func(context.Context) []barometer.Organisation { return all },
		Concerns:      func() []barometer.Concern { return nil },
		Problem: func(_ context.Context, err error) (int, string) {
			if barometer.KindOf(err) == barometer.Invalid {
				return http.StatusUnprocessableEntity, err.Error()
			}
			return http.StatusInternalServerError, "broken"
		},
		Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestHomeGoesToTheOnlyOrganisation(t *testing.T) {
	w := httptest.NewRecorder()
	newPages(t, barometer.Organisation{ID: "a/b", Name: "A"}).Home(w, httptest.NewRequest(http.MethodGet, "/", nil))
	if w.Code != http.StatusFound || w.Header().Get("Location") != "/o/a%2Fb" {
		t.Errorf("%d to %s", w.Code, w.Header().Get("Location"))
	}
}

func TestFiltersRefuseNonsense(t *testing.T) {
	p := newPages(t, barometer.Organisation{ID: "a"})
	for _, query := range []string{
		"from=yesterday", "to=2026-13-01", "from=2026-11-02&to=2026-11-01", "min_severity=6", "min_severity=x", "copy_group=zz",
		"q=" + strings.Repeat("x", 501), "q=%00", "q=%ff",
	} {
		q, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := p.filter(q, "a", time.UTC); barometer.KindOf(err) != barometer.Invalid {
			t.Errorf("%s: %v", query, err)
		}
	}
	q := url.Values{"from": {"2026-03-28"}, "to": {"2026-03-29"}, "lang": {"de"}, "copies": {"first"}, "abuse": {"1"}}
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	f, _, err := p.filter(q, "a", zone)
	if err != nil || f.To.Sub(f.From) != 47*time.Hour || !f.FirstOfCopy || f.MinAbuse != abuseShown || f.Langs[0] != "de" {
		t.Errorf("two days, one of them short: %+v (%v)", f, err)
	}
}

func TestAssetsAreOurOwnAndKept(t *testing.T) {
	p := newPages(t)
	for name, path := range p.names {
		for _, encoding := range []string{"", "gzip"} {
			r := httptest.NewRequest(http.MethodGet, path, nil)
			r.SetPathValue("name", strings.TrimPrefix(path, AssetsPath))
			r.Header.Set("Accept-Encoding", encoding)
			w := httptest.NewRecorder()
			p.Asset(w, r)
			if w.Code != http.StatusOK || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") || w.Header().Get("Content-Encoding") != encoding {
				t.Errorf("%s: %d %v", name, w.Code, w.Header())
			}
			if body := w.Body.String(); encoding == "" && strings.HasSuffix(name, ".css") && (strings.Contains(body, "url(http") || strings.Contains(body, "@import")) {
				t.Errorf("%s loads something from elsewhere", name)
			}
		}
	}
}

func TestPeriodsCanEndInThePast(t *testing.T) {
	now := time.Date(2026, 3, 18, 9, 30, 0, 0, time.UTC)
	at, until := upTo("2015-02-24", now)
	p := newPeriod("7d", at).ending(until)
	if got, want := p.From.Format(time.DateOnly)+" "+p.To.Format(time.DateTime), "2015-02-18 2015-02-25 00:00:00"; got != want {
		t.Errorf("from and to %s, want %s", got, want)
	}
	if p.Name != "the 7 days up to 24 February 2015" || p.query("90d") != "?period=90d&until=2015-02-24" {
		t.Errorf("name %q, link %q", p.Name, p.query("90d"))
	}
	for _, day := range []string{"", "2099-01-01", "yesterday", now.Format(time.DateOnly)} {
		if at, until := upTo(day, now); !at.Equal(now) || until != "" {
			t.Errorf("upTo(%q) = %v, %q", day, at, until)
		}
	}
}
