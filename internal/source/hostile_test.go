package source

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"barometer/internal/barometer"
	"barometer/internal/testkit"
)

// Every bad answer gives a clear message, and what is good in it arrives.
func TestHostileFeeds(t *testing.T) {
	h := testkit.NewHostile(t)
	for _, c := range []struct {
		path  string
		want  string   // in the error or the note
		good  []string // titles
		least int      // or at least this many posts
		heard bool     // no error
	}{
		{path: "/endless", want: "longer than 10485760 bytes", least: 100, heard: true},
		{path: "/huge", want: "longer than 10485760 bytes", least: 100, heard: true},
		{path: "/bomb", want: "looks like a bomb"},
		{path: "/million", want: "more than 2000 items", heard: true},
		{path: "/deep", want: "nests more than 64 elements", heard: true},
		{path: "/deepitem", want: "1 items nest more than 64 elements", good: []string{"Item 1", "Item 3"}, heard: true},
		{path: "/laughs", good: []string{"Item 1", "Item 2"}, heard: true},
		{path: "/truncated", want: "broke off", good: []string{"Item 1", "Item 2"}, heard: true},
		{path: "/drip", want: "not finished in", good: []string{"Item 1", "Item 2"}, heard: true},
		{path: "/stall", want: "the answer is empty"},
		{path: "/misencoded", good: []string{"Item 1"}, heard: true},
		{path: "/broken", good: []string{"Item 1", "Item 2", "Item 3"}, heard: true},
		{path: "/loop", want: "more than 5 redirects"},
		{path: "/to?u=http://169.254.169.254/latest/meta-data/", want: "not a public address"},
		{path: "/to?u=http://127.0.0.1:1/", want: "not a public address"},
		{path: "/to?u=http://localhost:1/", want: "not a public address"},
		{path: "/to?u=http://[::ffff:10.0.0.1]/", want: "not a public address"},
		{path: "/to?u=http://2130706433/", want: ""},
		{path: "/to?u=file:///etc/passwd", want: "only http and https"},
		{path: "/to?u=gopher://example.org/", want: "only http and https"},
		{path: "/garbage", want: "not a feed"},
		{path: "/empty", want: "the answer is empty"},
		{path: "/notgzip", want: "claims to be gzip"},
		{path: "/nothere", want: "answers 404"},
	} {
		t.Run(strings.Trim(c.path, "/"), func(t *testing.T) {
			t.Parallel()
			timeout := 20 * time.Second
			if c.path == "/drip" || c.path == "/stall" {
				timeout = 300 * time.Millisecond
			}
			client := local(t, ClientConfig{Timeout: timeout}, h.HostPort())
			var m memory
			start := time.Now()
			report, err := m.read(t, build(t, Config{Kind: "feed", URL: h.URL + c.path}, client))
			if (err == nil) != c.heard {
				t.Fatalf("report %+v, error %v", report, err)
			}
			said := report.Note
			if err != nil {
				said = err.Error()
				if k := barometer.KindOf(err); k == barometer.Internal {
					t.Errorf("an outside fault has kind internal: %v", err)
				}
			}
			if !strings.Contains(said, c.want) {
				t.Errorf("said %q, want %q in it", said, c.want)
			}
			if c.good != nil && !slices.Equal(titles(m.posts), c.good) {
				t.Errorf("posts %q, want %q", titles(m.posts), c.good)
			}
			if len(m.posts) < c.least {
				t.Errorf("%d posts, want at least %d", len(m.posts), c.least)
			}
			if took := time.Since(start); took > 30*time.Second {
				t.Errorf("took %s", took)
			}
			for _, p := range m.posts {
				if len(p.Text) > maxText || strings.Contains(p.Text, "lollol") {
					t.Errorf("text of %d bytes", len(p.Text))
				}
			}
			if c.path == "/misencoded" && m.posts[0].Text != "Krankenhäuser – München" {
				t.Errorf("text %q", m.posts[0].Text)
			}
		})
	}
}

// A cut answer must come whole the next time, so its validators are not kept.
func TestCutAnswerIsNotRemembered(t *testing.T) {
	cut := true
	at, client := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/robots.txt" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		if r.Header.Get("If-None-Match") != "" {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		body := rssFeed(rssItem(1, "one", ""), rssItem(2, "two", ""))
		w.Header().Set("ETag", `"v1"`)
		if cut {
			w.Header().Set("Content-Length", "5000")
			body = body[:strings.Index(body, "Title 2")]
		}
		_, _ = w.Write([]byte(body))
	})
	var m memory
	s := build(t, Config{Kind: "feed", URL: at}, client)
	if _, err := m.read(t, s); err != nil {
		t.Fatal(err)
	}
	cut = false
	for range 3 {
		if _, err := m.read(t, s); err != nil {
			t.Fatal(err)
		}
	}
	if got := titles(m.posts); !slices.Equal(got, []string{"Title 1", "Title 2"}) {
		t.Errorf("posts %q", got)
	}
}
