package api

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"barometer/internal/barometer"
)

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
