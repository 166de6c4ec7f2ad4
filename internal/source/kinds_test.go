package source

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"barometer/internal/barometer"
	"barometer/internal/service"
)

// example is a working entry of each kind, on the server at and with the file at path.
func example(kind, at, path string) Config {
	return map[string]Config{
		"feed":    {ID: "s", Kind: "feed", URL: at},
		"archive": {ID: "s", Kind: "archive", Path: path},
	}[kind]
}

// The contract of Source, for every kind of the table.
func TestEveryKindKeepsTheContract(t *testing.T) {
	path := filepath.Join(t.TempDir(), "posts.jsonl")
	if err := os.WriteFile(path, []byte(jsonLine+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	requests := 0
	at, client := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		requests++
		_, _ = w.Write([]byte(rssFeed(rssItem(1, "text", "Fri, 20 Nov 2026 09:00:00 GMT"))))
	})
	for name, kind := range Kinds {
		t.Run(name, func(t *testing.T) {
			c := example(name, at, path)
			if c.Kind == "" {
				t.Fatal("there is no example entry for this kind")
			}
			if kind.Interval < time.Second || len(kind.Terms) < 40 {
				t.Errorf("interval %s, terms %q", kind.Interval, kind.Terms)
			}
			before := requests
			src := build(t, c, client)
			if requests != before {
				t.Error("building asked the server")
			}
			if err := (&Config{ID: "s", Kind: name}).Validate(); barometer.KindOf(err) != barometer.Invalid {
				t.Errorf("an entry without an address: %v", err)
			}

			var m memory
			if _, err := m.read(t, src); err != nil {
				t.Fatal(err)
			}
			if len(m.posts) == 0 {
				t.Fatal("no posts")
			}
			for _, p := range m.posts {
				if p.ID != barometer.DeriveID(p.Space, p.NativeID) || p.Source != "s" || p.Kind != name || p.Text == "" ||
					p.PublishedAt.IsZero() || p.PublishedAt.Location() != time.UTC || p.SeenAt.IsZero() || p.DateQuality == "" {
					t.Errorf("incomplete post %+v", p)
				}
				if kind.ExactDates && p.DateQuality != barometer.DateExact {
					t.Errorf("date quality %s", p.DateQuality)
				}
			}
			n := len(m.posts)
			if _, err := m.read(t, src); err != nil || len(m.posts) != n {
				t.Errorf("a second read gave %d posts more (%v)", len(m.posts)-n, err)
			}

			for _, broken := range []string{"x", "{}", `{"v":99}`, "[]"} {
				if _, err := src.Read(t.Context(), []byte(broken), m.emit("s")); !errors.Is(err, ErrCursor) {
					t.Errorf("cursor %q: %v", broken, err)
				}
			}
			refused := errors.New("no")
			if _, err := src.Read(t.Context(), nil, func(context.Context, []barometer.Post, []byte) error { return refused }); !errors.Is(err, refused) {
				t.Errorf("the error of emit became %v", err)
			}
			ended, cancel := context.WithCancel(t.Context())
			cancel()
			if _, err := src.Read(ended, nil, m.emit("s")); !errors.Is(err, context.Canceled) {
				t.Errorf("with an ended context: %v", err)
			}
		})
	}
}

func TestConfigMistakes(t *testing.T) {
	ok := Config{ID: "s", Kind: "feed", URL: "https://example.org/feed"}
	for want, change := range map[string]func(*Config){
		"id: want":                func(c *Config) { c.ID = "A b" },
		"did you mean feed?":      func(c *Config) { c.Kind = "fed" },
		"kinds are archive, feed": func(c *Config) { c.Kind = "television" },
		"url \"\": want http":     func(c *Config) { c.URL = "" },
		"want http":               func(c *Config) { c.URL = "file:///etc/passwd" },
		"takes url, not path":     func(c *Config) { c.Path = "x" },
		"interval 1ms":            func(c *Config) { c.Interval = time.Millisecond },
		"lang \"english\"":        func(c *Config) { c.Lang = "english" },
		"dated \"today\"":         func(c *Config) { c.Dated = "today" },
		"not the name of a header": func(c *Config) {
			c.Headers = map[string]service.Secret{"X Key:": service.NewSecret("swordfish")}
		},
	} {
		c := ok
		change(&c)
		err := c.Validate()
		if barometer.KindOf(err) != barometer.Invalid || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "swordfish") {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if err := ValidateAll([]Config{ok, ok}); err == nil || !strings.Contains(err.Error(), "occurs twice") {
		t.Errorf("the same id twice: %v", err)
	}
	if err := ok.Validate(); err != nil {
		t.Error(err)
	}
}

func TestConfigFromYAML(t *testing.T) {
	t.Setenv("FEED_KEY", "swordfish")
	var c struct {
		HTTP    ClientConfig `yaml:"http"`
		Sources []Config     `yaml:"sources"`
	}
	const file = `
http:
  contact: mailto:feeds@example.org
  host_interval: 2s
  allow_private: ["127.0.0.1:8090"]
sources:
  - id: news
    kind: feed
    url: https://example.org/feed
    interval: 15m
    headers: {X-Key: "env:FEED_KEY"}
  - id: old
    kind: archive
    path: posts.jsonl
    space: x
`
	if err := service.ParseConfig("test.yaml", []byte(file), &c); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(c.HTTP.Validate(), ValidateAll(c.Sources)); err != nil {
		t.Fatal(err)
	}
	if s := c.Sources[0]; s.Interval != 15*time.Minute || s.Headers["X-Key"].Reveal() != "swordfish" || c.HTTP.HostInterval != 2*time.Second {
		t.Errorf("%+v %+v", c.HTTP, s)
	}
	err := service.ParseConfig("test.yaml", []byte(strings.Replace(file, "interval: 15m", "intervall: 15m", 1)), &c)
	if err == nil || !strings.Contains(err.Error(), "interval") {
		t.Errorf("a misspelt key: %v", err)
	}
}
