package stream_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"testing"
	"time"

	"barometer/internal/barometer"
	"barometer/internal/stream"
	"barometer/internal/testkit"
)

func TestMain(m *testing.M) {
	if os.Getenv(serverDirVariable) != "" {
		serveNATS() // the child that the crash test kills
		return
	}
	testkit.Main(m)
}

var quiet = slog.New(slog.DiscardHandler)

func open(tb testing.TB, c stream.Config) *stream.Stream {
	tb.Helper()
	s, err := stream.Open(tb.Context(), c, quiet, nil)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = s.Close() })
	return s
}

func mention(n int) barometer.Mention {
	return barometer.Mention{
		ID: barometer.DeriveID("example", fmt.Sprint(n)), Source: "demo", Kind: "feed", URL: fmt.Sprintf("https://example.org/posts/%d", n), Site: "example.org",
		Title: "Waiting in the emergency department", Text: fmt.Sprintf("Waited %d hours with my mother, nobody on ward %d told us anything and then we went home.", n%9, n%31), Lang: "en",
		Author: barometer.Pseudonym(n + 1), PublishedAt: time.Date(2026, 3, 1, 0, 0, n, 0, time.UTC), DateQuality: barometer.DateExact, SeenAt: time.Date(2026, 3, 1, 1, 0, n, 0, time.UTC),
		Matches: []barometer.Match{{Organisation: "northmere", Hits: []barometer.Hit{{Term: "emergency department", Field: "title", Start: 15, End: 35}}}},
	}
}

func mentions(from, to int) []barometer.Mention {
	out := make([]barometer.Mention, 0, to-from)
	for n := from; n < to; n++ {
		out = append(out, mention(n))
	}
	return out
}

// tally counts deliveries by mention id, as the store would collapse them.
type tally struct {
	mu   sync.Mutex
	seen map[barometer.ID]int
}

func newTally() *tally { return &tally{seen: make(map[barometer.ID]int)} }

func (t *tally) add(d *stream.Delivery) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range d.Mentions {
		t.seen[d.Mentions[i].ID]++
	}
}

func (t *tally) distinct() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.seen)
}

// missing returns how many of the mentions [0, n) were never seen, and how many others were.
func (t *tally) missing(n int) (missing, strange int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range n {
		if t.seen[mention(i).ID] == 0 {
			missing++
		}
	}
	return missing, len(t.seen) - (n - missing)
}

// runConsumer runs a consumer until the test ends or stop is called, which waits for it.
func runConsumer(tb testing.TB, s *stream.Stream, c stream.ConsumerConfig, handle func(context.Context, *stream.Delivery)) (stop func()) {
	tb.Helper()
	consumer, err := s.Consumer(c)
	if err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = consumer.Run(ctx, handle) }) // ends with the context's error
	stop = func() { cancel(); running.Wait() }
	tb.Cleanup(stop)
	return stop
}

// eventually waits for a state that other goroutines and the server bring about.
func eventually(tb testing.TB, what string, within time.Duration, ok func() bool) {
	tb.Helper()
	deadline := time.Now().Add(within)
	for !ok() {
		if time.Now().After(deadline) {
			tb.Fatalf("not within %s: %s", within, what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func state(tb testing.TB, s *stream.Stream) stream.State {
	tb.Helper()
	st, err := s.State(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	return st
}
