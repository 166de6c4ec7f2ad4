package gate

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"barometer/internal/barometer"
	"barometer/internal/privacy"
)

// counts is the metrics of a test.
type counts struct {
	mu       sync.Mutex
	matched  int
	dropped  map[string]int
	redacted map[string]int
}

func newCounts() *counts { return &counts{dropped: map[string]int{}, redacted: map[string]int{}} }

func (c *counts) Matched(n int) { c.mu.Lock(); c.matched += n; c.mu.Unlock() }

func (c *counts) Dropped(reason string, n int) { c.mu.Lock(); c.dropped[reason] += n; c.mu.Unlock() }

func (c *counts) Redacted(kind string, n int) { c.mu.Lock(); c.redacted[kind] += n; c.mu.Unlock() }

var trust = barometer.Organisation{ID: "leeds", Name: "Leeds Trust", Handles: []string{"@LeedsTrust"}, Query: `"leeds trust" OR @LeedsTrust OR ward`}

func newGate(t testing.TB, orgs ...barometer.Organisation) (*Gate, *counts) {
	t.Helper()
	p, err := privacy.OpenPseudonymiser(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	c := newCounts()
	g, err := New(Config{}, p, c)
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Replace(orgs); err != nil {
		t.Fatal(err)
	}
	return g, c
}

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func post(n int, text string) barometer.Post {
	return barometer.Post{ID: barometer.DeriveID("x", fmt.Sprint(n)), Space: "x", Source: "s", Kind: "feed", Site: "x.com",
		Text: text, PublishedAt: noon, DateQuality: barometer.DateExact, SeenAt: noon}
}

func TestApplyMakesMentions(t *testing.T) {
	g, c := newGate(t, trust)
	p := post(1, "@jane_doe @LeedsTrust my mum Margaret Jones is on ward 5, call 07700 900123")
	p.Title, p.URL, p.AuthorID, p.RepostOf = "Ward 5", "https://twitter.com/someone/status/12?s=20", "someone", "77"
	other := post(2, "nothing to do with it")
	gone := post(3, "")
	gone.Deleted = true
	late := post(4, "ward round")
	late.PublishedAt = time.Time{}
	got := g.Apply([]barometer.Post{p, other, gone, post(5, " "), {Source: "s"}, late})
	if len(got) != 3 {
		t.Fatalf("%d mentions, want 3", len(got))
	}
	m := got[0]
	if want := "[handle] @LeedsTrust my mum [person name] is on ward 5, call [phone]"; m.Text != want {
		t.Errorf("text %q\nwant %q", m.Text, want)
	}
	if m.URL != "https://x.com/i/status/12" || m.Site != "x.com" {
		t.Errorf("address %q on %q", m.URL, m.Site)
	}
	if m.RepostOf != barometer.DeriveID("x", "77").String() || m.Author == 0 {
		t.Errorf("repost of %q by %v", m.RepostOf, m.Author)
	}
	var marked []string
	for _, h := range m.Matches[0].Hits {
		in := m.Text
		if h.Field == "title" {
			in = m.Title
		}
		marked = append(marked, h.Field+":"+string([]rune(in)[h.Start:h.End]))
	}
	if want := []string{"title:Ward", ":LeedsTrust", ":ward"}; !slices.Equal(marked, want) {
		t.Errorf("hits %q, want %q", marked, want)
	}
	if !got[1].Deleted || got[1].Text != "" || got[2].DateQuality != barometer.DateSeen {
		t.Errorf("tombstone %+v, undated %+v", got[1], got[2])
	}
	for _, m := range got {
		if err := m.Check(); err != nil {
			t.Error(err)
		}
	}
	wantDropped := map[string]int{DropUnmatched: 1, DropEmpty: 1, DropNoID: 1}
	wantRedacted := map[string]int{privacy.Handle: 1, privacy.PersonName: 1, privacy.Phone: 1}
	if c.matched != 3 || !maps.Equal(c.dropped, wantDropped) || !maps.Equal(c.redacted, wantRedacted) {
		t.Errorf("counted %d %v %v", c.matched, c.dropped, c.redacted)
	}
}

func TestQueriesSeeWhatIsRedacted(t *testing.T) {
	g, _ := newGate(t, barometer.Organisation{ID: "o", Query: "@jane_doe"})
	got := g.Apply([]barometer.Post{post(1, "hello @jane_doe")})
	if len(got) != 1 || len(got[0].Matches[0].Hits) != 0 || got[0].Text != "hello [handle]" {
		t.Errorf("got %+v", got)
	}
}

func TestTextsAreBounded(t *testing.T) {
	g, _ := newGate(t, trust)
	got := g.Apply([]barometer.Post{post(1, "ward\x00 \xff "+strings.Repeat("ä", 100<<10)+" ward")})[0]
	switch {
	case len(got.Text) > 100<<10, !utf8.ValidString(got.Text), !strings.HasSuffix(got.Text, cutMark):
		t.Errorf("%d bytes, ends %q", len(got.Text), got.Text[len(got.Text)-8:])
	case !strings.HasPrefix(got.Text, "ward  \ufffd "):
		t.Errorf("begins %q", got.Text[:12])
	case len(got.Matches[0].Hits) != 1:
		t.Errorf("a hit after the cut: %+v", got.Matches)
	}
}

func TestReplaceKeepsTheOldOnError(t *testing.T) {
	g, _ := newGate(t, trust)
	if err := g.Replace([]barometer.Organisation{{ID: "bad", Query: "(("}}); barometer.KindOf(err) != barometer.Invalid {
		t.Errorf("bad query: %v", err)
	}
	if got := g.Apply([]barometer.Post{post(1, "ward 5")}); len(got) != 1 {
		t.Errorf("the good organisations were lost: %v", got)
	}
}

func TestConcurrentApplyAndReplace(t *testing.T) {
	g, c := newGate(t, trust)
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for n := range 50 {
				if i == 0 {
					if err := g.Replace([]barometer.Organisation{trust}); err != nil {
						t.Error(err)
					}
				}
				g.Apply([]barometer.Post{post(n, "ward a@example.org")})
			}
		})
	}
	wg.Wait()
	if c.matched != 200 {
		t.Errorf("%d of 200 matched", c.matched)
	}
}

// secrets are identifiers and the sentences they may stand in.
var secrets = []struct{ value, sentence string }{
	{"999 123 4560", "my NHS number is %s"}, {"AB123456C", "NI number %s"}, {"jane.doe@example.org", "mail %s please"},
	{"07700 900456", "ring %s"}, {"+49 30 23125123", "ruf an: %s"}, {"DE89370400440532013000", "IBAN %s"},
	{"4111 1111 1111 1111", "card %s"}, {"192.0.2.77", "from %s"}, {"A123456780", "KVNR %s"}, {"86095742719", "Steuer-ID %s"},
	{"15070649C103", "RVNR %s"}, {"131052-308T", "hetu %s"}, {"@margaret_j", "dear %s"}, {"Margaret Jones", "patient %s on the ward"},
	{"12.3.1956", "geb. %s"}, {"Wilhelmina Oyelaran", "Mrs %s"}, {"Hildegard Schneider", "meine Mutter %s"}, {"Aino Korhonen", "äitini %s"},
}

// TestNothingUnredactedPasses puts every secret into every field that comes from outside, in random combination, and
// looks for it in all that leaves the gate.
func TestNothingUnredactedPasses(t *testing.T) {
	g, _ := newGate(t, trust)
	r := rand.New(rand.NewPCG(5, 6))
	for n := range 2000 {
		used := map[string]bool{}
		draw := func() (string, string) {
			s := secrets[r.IntN(len(secrets))]
			used[s.value] = true
			return s.value, fmt.Sprintf(s.sentence, s.value)
		}
		p := post(n, "")
		_, one := draw()
		_, two := draw()
		p.Text = "ward 5. " + one + ". And " + two + "."
		_, p.Title = draw()
		// In an address only what proves itself counts: the check digits and shapes, not names of the news.
		inURL := []string{"jane.doe@example.org", "DE89370400440532013000", "131052-308T", "@margaret_j"}
		v := inURL[r.IntN(len(inURL))]
		used[v] = true
		p.AuthorID, p.AuthorName = "tilda.quex", "Tilda Quex"
		used["tilda.quex"], used["Tilda Quex"] = true, true
		p.Text += " Yours, Tilda Quex"
		p.URL = []string{
			"https://example.org/p?who=" + url.QueryEscape(v), "https://example.org/a/" + url.PathEscape(v) + "/b",
			"https://example.org/a?phone=07700900456&nhs=9991234560&q=" + url.QueryEscape(url.QueryEscape(v)),
			"https://tilda.quex@example.org/@tilda.quex/12#" + url.PathEscape(v), "https://x.com/tilda.quex/status/12",
			"https://social.example.org/users/tilda.quex/12?u=tilda.quex",
		}[r.IntN(6)]
		for _, m := range g.Apply([]barometer.Post{p}) {
			raw, err := json.Marshal(m)
			if err != nil {
				t.Fatal(err)
			}
			out := strings.ToLower(unescaped(string(raw)))
			for value := range used {
				if strings.Contains(out, strings.ToLower(value)) {
					t.Fatalf("%q passed:\nfrom %q %q %q\nto %s", value, p.Title, p.Text, p.URL, raw)
				}
			}
			if strings.Contains(out, "9991234560") || strings.Contains(out, "07700900456") {
				t.Fatalf("number passed in the address: %s", m.URL)
			}
		}
	}
}

// BenchmarkApply isolates the gate with one organisation; every second post matches and every eighth holds a number.
func BenchmarkApply(b *testing.B) {
	g, _ := newGate(b, trust)
	var posts []barometer.Post
	for n := range 256 {
		text := "Six hours of waiting again and nobody tells us anything, my gran is 87 and has been in pain since Monday"
		if n%2 == 0 {
			text += " on the ward"
		}
		if n%8 == 0 {
			text += " call 07700 900123"
		}
		p := post(n, text)
		p.URL, p.AuthorID = fmt.Sprintf("https://x.com/a%d/status/%d", n, n), fmt.Sprint("a", n)
		posts = append(posts, p)
	}
	for b.Loop() {
		g.Apply(posts)
	}
	b.ReportMetric(float64(b.N)*256/b.Elapsed().Seconds(), "posts/s")
}
