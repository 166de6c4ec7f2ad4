package source

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"barometer/internal/barometer"
)

// local is a client that may reach hostports on loopback.
func local(t testing.TB, cfg ClientConfig, hostports ...string) *Client {
	t.Helper()
	cfg.AllowPrivate = append(cfg.AllowPrivate, hostports...)
	c, err := NewClient(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// serve starts a server and returns its address and a client that may reach it.
func serve(t testing.TB, h http.HandlerFunc) (string, *Client) {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL, local(t, ClientConfig{Timeout: 5 * time.Second}, strings.TrimPrefix(s.URL, "http://"))
}

// memory is what a source delivers and remembers; it can fail like a process that is killed.
type memory struct {
	mu      sync.Mutex
	posts   []barometer.Post
	saved   map[string][]byte
	health  []barometer.SourceHealth
	publish func([]barometer.Post) error // before the posts are kept
	save    func(key string) error       // before the cursor is kept
}

func (m *memory) Publish(_ context.Context, posts []barometer.Post) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.publish != nil {
		if err := m.publish(posts); err != nil {
			return 0, err
		}
	}
	m.posts = append(m.posts, posts...)
	return len(posts), nil
}

func (m *memory) Load(_ context.Context, key string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.saved[key], nil
}

func (m *memory) Save(_ context.Context, key string, b []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.save != nil {
		if err := m.save(key); err != nil {
			return err
		}
	}
	if m.saved == nil {
		m.saved = map[string][]byte{}
	}
	m.saved[key] = b
	return nil
}

func (m *memory) PublishHealth(_ context.Context, h []barometer.SourceHealth) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.health = append(m.health, h...)
	return nil
}

func (m *memory) states() (s []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, h := range m.health {
		s = append(s, string(h.State))
	}
	return s
}

func (m *memory) all() []barometer.Post {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]barometer.Post(nil), m.posts...)
}

func (m *memory) cursors() map[string][]byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.saved)
}

// emit joins publish and save as the loop does.
func (m *memory) emit(id string) Emit {
	return func(ctx context.Context, posts []barometer.Post, cursor []byte) error {
		if len(posts) > 0 {
			if _, err := m.Publish(ctx, posts); err != nil {
				return err
			}
		}
		if cursor == nil {
			return nil
		}
		return m.Save(ctx, id, cursor)
	}
}

// read reads once with the saved cursor.
func (m *memory) read(t testing.TB, s Source) (Report, error) {
	t.Helper()
	cursor, err := m.Load(t.Context(), "s")
	if err != nil {
		t.Fatal(err)
	}
	return s.Read(t.Context(), cursor, m.emit("s"))
}

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

func build(t testing.TB, c Config, client *Client) Source {
	t.Helper()
	if c.ID == "" {
		c.ID = "s"
	}
	s, err := Build(c, Env{HTTP: client})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func rssFeed(items ...string) string {
	return `<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel><title>News</title><language>en-GB</language>` +
		strings.Join(items, "") + `</channel></rss>`
}

func rssItem(id int, text, date string) string {
	return fmt.Sprintf("<item><guid>g%d</guid><link>/a/%d</link><title>Title %d</title><description>%s</description><pubDate>%s</pubDate></item>", id, id, id, text, date)
}

func titles(posts []barometer.Post) (s []string) {
	for _, p := range posts {
		s = append(s, p.Title)
	}
	return s
}
