package source

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"barometer/internal/barometer"
)

// site is a handler whose feed can be replaced; it answers conditional requests and counts.
type site struct {
	body   atomic.Value // string
	header http.Header
	full   atomic.Int32 // answers with a body
	same   atomic.Int32 // 304
}

func newSite(body string) *site {
	s := &site{header: http.Header{}}
	s.body.Store(body)
	return s
}

func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/robots.txt" {
		http.NotFound(w, r)
		return
	}
	body := s.body.Load().(string)
	tag := fmt.Sprintf(`"%x"`, uint64(hashOf(body)))
	if r.Header.Get("If-None-Match") == tag {
		s.same.Add(1)
		w.WriteHeader(http.StatusNotModified)
		return
	}
	for k, v := range s.header {
		w.Header()[k] = v
	}
	w.Header().Set("ETag", tag)
	s.full.Add(1)
	_, _ = w.Write([]byte(body))
}

func TestFeedFields(t *testing.T) {
	const atom = `<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="de"><title>Blog</title><author><name>Erika Beispiel</name></author>
		<entry><id>urn:1</id><title type="html">Lange &lt;b&gt;Wartezeit&lt;/b&gt;</title><link href="/posts/1?a=1"/>
		<published>2026-11-20T10:00:00+01:00</published><content type="html">&lt;p&gt;Vier Stunden&lt;/p&gt;&lt;p&gt;gewartet&lt;/p&gt;&lt;script&gt;x()&lt;/script&gt;</content></entry></feed>`
	const jsonFeed = `{"version":"https://jsonfeed.org/version/1.1","title":"J","language":"fi-FI","authors":[{"name":"Matti"}],
		"items":[{"id":"7","url":"https://www.example.org/7","content_text":"Jonotin kolme tuntia","date_published":"2026-11-20T08:00:00Z"}]}`
	const podcast = `<rss version="2.0" xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"><channel><title>P</title><language>en</language>
		<item><guid>e1</guid><title>Episode 1</title><itunes:author>Host</itunes:author><itunes:summary>We talk about parking.</itunes:summary>
		<enclosure url="https://example.org/1.mp3" type="audio/mpeg" length="1"/><pubDate>Fri, 20 Nov 2026 09:00:00 GMT</pubDate></item></channel></rss>`
	for name, c := range map[string]struct {
		body string
		want barometer.Post
	}{
		"atom": {atom, barometer.Post{Title: "Lange Wartezeit", Text: "Vier Stunden\ngewartet", AuthorName: "Erika Beispiel", AuthorID: "erika beispiel",
			NativeID: "urn:1", PublishedAt: time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)}},
		"json": {jsonFeed, barometer.Post{Text: "Jonotin kolme tuntia", Lang: "fi", AuthorName: "Matti", AuthorID: "matti", NativeID: "7",
			URL: "https://www.example.org/7", Site: "example.org", PublishedAt: time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)}},
		"podcast": {podcast, barometer.Post{Title: "Episode 1", Text: "We talk about parking.", Lang: "en", AuthorName: "Host", AuthorID: "host",
			NativeID: "e1", PublishedAt: time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)}},
	} {
		t.Run(name, func(t *testing.T) {
			at, client := serve(t, newSite(c.body).ServeHTTP)
			var m memory
			if _, err := m.read(t, build(t, Config{Kind: "feed", URL: at + "/feed"}, client)); err != nil {
				t.Fatal(err)
			}
			if len(m.posts) != 1 {
				t.Fatalf("%d posts", len(m.posts))
			}
			got, want := m.posts[0], c.want
			if name == "atom" {
				want.URL, want.Site = at+"/posts/1?a=1", "127.0.0.1"
				want.Lang = "de"
			}
			if want.Site == "" {
				want.Site = "127.0.0.1"
			}
			want.Source, want.Kind, want.Space, want.DateQuality = "s", "feed", at+"/feed", barometer.DateStated
			want.ID = barometer.DeriveID(want.Space, want.NativeID)
			want.SeenAt = got.SeenAt
			if got != want {
				t.Errorf("got\n%+v\nwant\n%+v", got, want)
			}
		})
	}
}

func TestFeedOnlyNewAndChanged(t *testing.T) {
	s := newSite(rssFeed(rssItem(1, "one", "Fri, 20 Nov 2026 09:00:00 GMT"), rssItem(2, "two", "Fri, 20 Nov 2026 10:00:00 GMT")))
	at, client := serve(t, s.ServeHTTP)
	src := build(t, Config{Kind: "feed", URL: at}, client)
	var m memory
	for range 3 {
		if _, err := m.read(t, src); err != nil {
			t.Fatal(err)
		}
	}
	if len(m.posts) != 2 || s.full.Load() != 1 || s.same.Load() != 2 {
		t.Errorf("%d posts, %d full answers, %d times 304", len(m.posts), s.full.Load(), s.same.Load())
	}
	// One item is edited, with a new date; another comes.
	s.body.Store(rssFeed(rssItem(3, "three", "Fri, 20 Nov 2026 12:00:00 GMT"), rssItem(1, "one, corrected", "Fri, 20 Nov 2026 11:30:00 GMT"),
		rssItem(2, "two", "Fri, 20 Nov 2026 10:00:00 GMT")))
	if _, err := m.read(t, src); err != nil {
		t.Fatal(err)
	}
	if len(m.posts) != 4 {
		t.Fatalf("%d posts, want 2 more", len(m.posts))
	}
	edited := m.posts[3]
	if edited.ID != m.posts[0].ID || edited.Text != "one, corrected" || !edited.PublishedAt.Equal(m.posts[0].PublishedAt) {
		t.Errorf("edited post %+v must keep id and time of %+v", edited, m.posts[0])
	}
}

// Whatever is killed when, a post has one id and one time for ever.
func TestFeedTimesSurviveCrashes(t *testing.T) {
	killed := errors.New("killed")
	for _, c := range []struct {
		name string
		arm  func(*memory)
	}{
		{"before the claim", func(m *memory) { m.save = func(string) error { return killed } }},
		{"before publishing", func(m *memory) { m.publish = func([]barometer.Post) error { return killed } }},
		{"after publishing", func(m *memory) {
			n := 0
			m.save = func(string) error {
				if n++; n > 1 { // the claim, then the end
					return killed
				}
				return nil
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSite(rssFeed(rssItem(1, "undated", ""), rssItem(2, "absurd", "Mon, 01 Jan 1246 00:00:00 GMT"), rssItem(3, "dated", "Fri, 20 Nov 2026 09:00:00 GMT")))
			at, client := serve(t, s.ServeHTTP)
			clock := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
			src, err := Build(Config{ID: "s", Kind: "feed", URL: at}, Env{HTTP: client, Now: func() time.Time { return clock }})
			if err != nil {
				t.Fatal(err)
			}
			var m memory
			c.arm(&m)
			if _, err := m.read(t, src); !errors.Is(err, killed) {
				t.Fatalf("error %v", err)
			}
			m.save, m.publish = nil, nil
			claimed := len(m.saved) > 0
			clock = clock.Add(time.Hour)
			// Meanwhile the feed has edited a date.
			s.body.Store(rssFeed(rssItem(1, "undated", ""), rssItem(2, "absurd", "Mon, 01 Jan 1246 00:00:00 GMT"), rssItem(3, "dated", "Fri, 20 Nov 2026 10:30:00 GMT")))
			for range 2 {
				if _, err := m.read(t, src); err != nil {
					t.Fatal(err)
				}
			}
			times := map[barometer.ID]time.Time{}
			for _, p := range m.posts {
				if was, ok := times[p.ID]; ok && !was.Equal(p.PublishedAt) {
					t.Errorf("%s came at %s and at %s", p.Title, was, p.PublishedAt)
				}
				times[p.ID] = p.PublishedAt
			}
			if len(times) != 3 {
				t.Errorf("%d distinct posts", len(times))
			}
			if first := clock.Add(-time.Hour); claimed && !times[barometer.DeriveID(at, "g1")].Equal(first) {
				t.Errorf("undated post at %s, want the claimed %s", times[barometer.DeriveID(at, "g1")], first)
			}
		})
	}
}

func TestFeedDates(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	for date, want := range map[string]struct {
		at      time.Time
		quality barometer.DateQuality
	}{
		"Fri, 20 Nov 2026 09:00:00 GMT": {now.Add(-3 * time.Hour), barometer.DateStated},
		"Fri, 20 Nov 2026 12:05:00 GMT": {now.Add(5 * time.Minute), barometer.DateStated},
		"Fri, 20 Nov 2026 15:00:00 GMT": {now, barometer.DateBounded},
		"Fri, 20 Nov 2099 09:00:00 GMT": {now, barometer.DateBounded},
		"Thu, 01 Jan 1970 00:00:00 GMT": {now, barometer.DateBounded},
		"Sat, 20 Nov 1679 09:00:00 GMT": {now, barometer.DateBounded},
		"Mon, 01 Jan 1246 00:00:00 GMT": {now, barometer.DateBounded},
		"":                              {now, barometer.DateSeen},
		"yesterday":                     {now, barometer.DateSeen},
	} {
		at, client := serve(t, newSite(rssFeed(rssItem(1, "x", date))).ServeHTTP)
		src, err := Build(Config{ID: "s", Kind: "feed", URL: at}, Env{HTTP: client, Now: func() time.Time { return now }})
		if err != nil {
			t.Fatal(err)
		}
		var m memory
		if _, err := m.read(t, src); err != nil {
			t.Fatal(err)
		}
		if p := m.posts[0]; !p.PublishedAt.Equal(want.at) || p.DateQuality != want.quality {
			t.Errorf("%q: %s %s, want %s %s", date, p.PublishedAt, p.DateQuality, want.at, want.quality)
		}
	}
}

func TestFeedMovedGoneAndFound(t *testing.T) {
	body := rssFeed(rssItem(1, "one", ""))
	var oldHits, newHits atomic.Int32
	gone := atomic.Bool{}
	at, client := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/old":
			oldHits.Add(1)
			http.Redirect(w, r, "/new", http.StatusMovedPermanently)
		case "/temporary":
			oldHits.Add(1)
			http.Redirect(w, r, "/new", http.StatusFound)
		case "/portal":
			http.Redirect(w, r, "/login", http.StatusMovedPermanently)
		case "/login":
			_, _ = w.Write([]byte("<!doctype html><title>Log in</title>"))
		case "/page":
			_, _ = w.Write([]byte(`<!DOCTYPE html><html><head><base href="/sub/"><link rel="alternate" type="application/rss+xml" title="Comments" href="../comments">
				<link rel='alternate feed' type='application/rss+xml' href='../new'></head><body>`))
		case "/new":
			newHits.Add(1)
			if gone.Load() {
				w.WriteHeader(http.StatusGone)
				return
			}
			_, _ = w.Write([]byte(body))
		default:
			http.NotFound(w, r)
		}
	})
	read := func(m *memory, path string) error {
		_, err := m.read(t, build(t, Config{Kind: "feed", URL: at + path}, client))
		return err
	}
	for path, wantOld := range map[string]int32{"/old": 1, "/temporary": 3, "/page": 0} {
		oldHits.Store(0)
		var m memory
		for range 3 {
			if err := read(&m, path); err != nil {
				t.Fatalf("%s: %v", path, err)
			}
		}
		if oldHits.Load() != wantOld || len(m.posts) != 1 {
			t.Errorf("%s: asked %d times, want %d; %d posts", path, oldHits.Load(), wantOld, len(m.posts))
		}
		if m.posts[0].Space != at+path {
			t.Errorf("%s: a move changed the identity space to %q", path, m.posts[0].Space)
		}
	}
	var m memory
	if err := read(&m, "/portal"); err == nil || !strings.Contains(err.Error(), "names no feed") {
		t.Errorf("portal: %v", err)
	}
	if len(m.saved) != 0 {
		t.Error("the portal's redirect was remembered")
	}
	gone.Store(true)
	newHits.Store(0)
	for range 3 {
		if err := read(&m, "/new"); !errors.Is(err, ErrGone) {
			t.Errorf("gone: %v", err)
		}
	}
	if newHits.Load() != 1 {
		t.Errorf("a feed that is gone was asked %d times", newHits.Load())
	}
}

func TestFeedSharedIDs(t *testing.T) {
	item := func(n int) string {
		return fmt.Sprintf("<item><guid>https://example.org/</guid><link>https://example.org/%d</link><title>T%d</title></item>", n, n)
	}
	s := newSite(rssFeed(item(1), item(2)))
	at, client := serve(t, s.ServeHTTP)
	src := build(t, Config{Kind: "feed", URL: at}, client)
	var m memory
	for _, body := range []string{rssFeed(item(1), item(2)), rssFeed(item(2)), rssFeed(item(3), item(2))} {
		s.body.Store(body)
		if _, err := m.read(t, src); err != nil {
			t.Fatal(err)
		}
	}
	if got := titles(m.posts); !slices.Equal(got, []string{"T1", "T2", "T3"}) {
		t.Errorf("posts %q", got)
	}
}

func TestFeedPauses(t *testing.T) {
	const hour = time.Hour
	for name, c := range map[string]struct {
		status int
		header string
		body   string
		want   time.Duration
	}{
		"ttl":          {200, "", strings.Replace(rssFeed(rssItem(1, "x", "")), "<title>News", "<ttl>60</ttl><title>News", 1), hour},
		"ttl of years": {200, "", strings.Replace(rssFeed(rssItem(1, "x", "")), "<title>News", "<ttl>999999</ttl><title>News", 1), maxTTL},
		"busy":         {503, "120", "", 2 * time.Minute},
		"too many":     {429, "3600", "", hour},
		"for ever":     {429, "99999999", "", maxRetryAfter},
		"nonsense":     {429, "soon", "", 0},
	} {
		at, client := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/robots.txt" {
				http.NotFound(w, r)
				return
			}
			if c.header != "" {
				w.Header().Set("Retry-After", c.header)
			}
			w.WriteHeader(c.status)
			_, _ = w.Write([]byte(c.body))
		})
		var m memory
		src := build(t, Config{Kind: "feed", URL: at}, client)
		report, err := m.read(t, src)
		if report.Pause != c.want || (err == nil) != (c.status == 200) {
			t.Errorf("%s: pause %s, want %s (%v)", name, report.Pause, c.want, err)
		}
		if c.want >= time.Minute && err != nil { // the whole host is left alone, without asking it
			report, err = m.read(t, src)
			if barometer.KindOf(err) != barometer.Exhausted && !strings.Contains(err.Error(), "asked us to wait") {
				t.Errorf("%s: second read: %v", name, err)
			}
			if d := c.want - report.Pause; d < 0 || d > 10*time.Second {
				t.Errorf("%s: second read: pause %s", name, report.Pause)
			}
		}
	}
}

func TestDecodeText(t *testing.T) {
	utf16 := func(s string, big bool) string {
		var b []byte
		for _, r := range s {
			if big {
				b = append(b, byte(r>>8), byte(r))
			} else {
				b = append(b, byte(r), byte(r>>8))
			}
		}
		return string(b)
	}
	for name, c := range map[string]struct{ body, contentType, want string }{
		"utf-8":                          {"<a>Käse</a>", "", "<a>Käse</a>"},
		"utf-8 declared as latin-1":      {"<a>Käse</a>", "text/xml; charset=iso-8859-1", "<a>Käse</a>"},
		"latin-1 declared":               {"<a>K\xe4se</a>", "text/xml; charset=iso-8859-1", "<a>Käse</a>"},
		"latin-1 in the declaration":     {`<?xml version="1.0" encoding="ISO-8859-15"?><a>` + "\xa4</a>", "", `<?xml version="1.0" encoding="ISO-8859-15"?><a>€</a>`},
		"windows-1252 declared as utf-8": {"<a>K\xe4se \x80</a>", "text/xml; charset=utf-8", "<a>Käse €</a>"},
		"byte order mark":                {"\xef\xbb\xbf<a/>", "", "<a/>"},
		"utf-16 with mark":               {"\xff\xfe" + utf16("<a>ä</a>", false), "", "<a>ä</a>"},
		"utf-16 without":                 {utf16("<a>ä</a>", true), "", "<a>ä</a>"},
		"mostly utf-8, one byte broken":  {"<a>Käse über Öl \xff</a>", "", "<a>Käse über Öl \uFFFD</a>"},
		"russian":                        {"<a>\xcf\xf0\xe8</a>", "text/xml; charset=windows-1251", "<a>При</a>"},
		"unknown charset":                {"<a>K\xe4se</a>", "text/xml; charset=klingon", "<a>Käse</a>"},
	} {
		if got := string(decodeText([]byte(c.body), c.contentType)); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestBoundedFeedKeepsOrdinaryOnesAsTheyAre(t *testing.T) {
	body := rssFeed(rssItem(1, "a &lt; b", ""), "<!-- <item> -->", "<item><title><![CDATA[</item>]]></title></item>")
	b, err := boundFeed([]byte(body))
	if err != nil || b.note != "" || len(b.items) != 2 {
		t.Fatalf("%d items, note %q, %v", len(b.items), b.note, err)
	}
	if _, root, _ := strings.Cut(body, "?>"); string(b.text) != root {
		t.Errorf("changed to %q", b.text)
	}
}

func BenchmarkParseFeed(b *testing.B) { // decoding, caps and gofeed on 100 items of 1.5 KB
	var items []string
	for i := range 100 {
		items = append(items, rssItem(i, strings.Repeat("waiting times in the emergency department ", 36), "Fri, 20 Nov 2026 09:00:00 GMT"))
	}
	body := []byte(rssFeed(items...))
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		p, err := parseFeed(body, "application/rss+xml")
		if err != nil || len(p.feed.Items) != 100 {
			b.Fatal(len(p.feed.Items), err)
		}
	}
}

func BenchmarkBoundFeed(b *testing.B) { // the caps alone
	var items []string
	for i := range 100 {
		items = append(items, rssItem(i, strings.Repeat("waiting times in the emergency department ", 36), ""))
	}
	body := []byte(rssFeed(items...))
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if _, err := boundFeed(body); err != nil {
			b.Fatal(err)
		}
	}
}
