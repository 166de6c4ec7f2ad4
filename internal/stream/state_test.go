package stream_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"barometer/internal/barometer"
	"barometer/internal/service"
	"barometer/internal/stream"
	"barometer/internal/testkit"
)

func TestCursorsSurviveAndStayApart(t *testing.T) {
	c := testkit.NATS(t)
	cursors, err := open(t, c).Cursors(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got, err := cursors.Load(t.Context(), "never saved"); got != nil || err != nil {
		t.Errorf("before the first save: %q, %v", got, err)
	}
	var items strings.Builder // what a feed of 2000 items remembers
	for i := range 2000 {
		fmt.Fprintf(&items, `{"guid":"https://example.org/posts/%d","hash":"%016x","date":"2026-03-01T00:00:%02dZ"},`, i, uint64(i)*0x9E3779B97F4A7C15, i%60)
	}
	values := map[string]string{"feed.a": "first", "feed/a": "second", "big": items.String(), "empty": ""}
	for source, value := range values {
		if err := cursors.Save(t.Context(), source, []byte("older")); err != nil {
			t.Fatal(err)
		}
		if err := cursors.Save(t.Context(), source, []byte(value)); err != nil {
			t.Fatal(err)
		}
	}
	other, err := open(t, c).Cursors(t.Context()) // another process
	if err != nil {
		t.Fatal(err)
	}
	for source, want := range values {
		if got, err := other.Load(t.Context(), source); err != nil || string(got) != want {
			t.Errorf("%s: %d bytes, %v; want %d", source, len(got), err, len(want))
		}
	}
	if err := cursors.Delete(t.Context(), "feed.a"); err != nil {
		t.Fatal(err)
	}
	if got, err := other.Load(t.Context(), "feed.a"); got != nil || err != nil {
		t.Errorf("after deletion: %q, %v", got, err)
	}
	noise := make([]byte, 2<<20)
	_, _ = rand.Read(noise) // never fails
	if err := cursors.Save(t.Context(), "noise", noise); barometer.KindOf(err) != barometer.Invalid {
		t.Errorf("an incompressible cursor of 2 MiB: %v", err)
	}
	if err := cursors.Save(t.Context(), "bomb", bytes.Repeat([]byte{0}, 17<<20)); barometer.KindOf(err) != barometer.Invalid {
		t.Errorf("a cursor of 17 MiB: %v", err)
	}
}

func TestOneLeaderAtATimeAndTheNextTakesOver(t *testing.T) {
	c := testkit.NATS(t)
	var mu sync.Mutex
	var leaders int
	var tokens []uint64
	lead := func(ctx context.Context, token uint64) error {
		mu.Lock()
		leaders++
		if leaders > 1 {
			t.Error("two leaders at once")
		}
		tokens = append(tokens, token)
		mu.Unlock()
		<-ctx.Done()
		mu.Lock()
		leaders--
		mu.Unlock()
		return ctx.Err()
	}
	terms := func() int {
		mu.Lock()
		defer mu.Unlock()
		return len(tokens)
	}
	start := func(s *stream.Stream) (stop func()) {
		ctx, cancel := context.WithCancel(context.Background())
		var running sync.WaitGroup
		running.Go(func() {
			if err := s.Lease("emergence").Run(ctx, lead); !errors.Is(err, context.Canceled) {
				t.Errorf("run: %v", err)
			}
		})
		stop = func() { cancel(); running.Wait() }
		t.Cleanup(stop)
		return stop
	}
	first, err := stream.Open(t.Context(), c, quiet, nil)
	if err != nil {
		t.Fatal(err)
	}
	stopFirst := start(first)
	eventually(t, "a leader", 5*time.Second, func() bool { return terms() == 1 })
	stopSecond := start(open(t, c))
	time.Sleep(1500 * time.Millisecond) // longer than the lease lives: only renewals keep it
	if n := terms(); n != 1 {
		t.Fatalf("%d terms while the first leader was well", n)
	}
	if err := first.Close(); err != nil { // it can renew no more
		t.Fatal(err)
	}
	eventually(t, "a successor", 5*time.Second, func() bool { return terms() == 2 })
	start(open(t, c))
	begin := time.Now()
	stopSecond()
	eventually(t, "a successor after an orderly end", 5*time.Second, func() bool { return terms() == 3 })
	if took := time.Since(begin); took > 800*time.Millisecond {
		t.Errorf("an orderly hand-over took %s: the lease was not released", took)
	}
	stopFirst()
	mu.Lock()
	defer mu.Unlock()
	if tokens[0] >= tokens[1] || tokens[1] >= tokens[2] {
		t.Errorf("tokens do not grow: %v", tokens)
	}
}

func TestLeaseReturnsTheLeadersError(t *testing.T) {
	s := open(t, testkit.NATS(t))
	broken := errors.New("broken")
	for range 2 { // the second time shows that it was released
		err := s.Lease("l").Run(t.Context(), func(context.Context, uint64) error { return broken })
		if !errors.Is(err, broken) {
			t.Errorf("got %v", err)
		}
	}
}

func TestConfigIsChecked(t *testing.T) {
	good := stream.Config{URL: "nats://localhost:4222"}
	if err := good.Validate(); err != nil {
		t.Errorf("defaults: %v", err)
	}
	for name, spoil := range map[string]func(*stream.Config){
		"no url":            func(c *stream.Config) { c.URL = "" },
		"wildcard prefix":   func(c *stream.Config) { c.Prefix = "a.*" },
		"two replicas":      func(c *stream.Config) { c.Replicas = 2 },
		"tiny stream":       func(c *stream.Config) { c.MaxBytes = 1000 },
		"short memory":      func(c *stream.Config) { c.DeadMaxAge = time.Minute },
		"endless lease":     func(c *stream.Config) { c.LeaseTTL = 2 * time.Hour },
		"two ways to enter": func(c *stream.Config) { c.Credentials, c.User = "f", "u" },
	} {
		c := good
		spoil(&c)
		if err := c.Validate(); barometer.KindOf(err) != barometer.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := (stream.ConsumerConfig{MaxPending: 3}).Validate(); barometer.KindOf(err) != barometer.Invalid {
		t.Errorf("fewer slots than partitions: %v", err)
	}
}

func TestOpenSaysWhyItCannot(t *testing.T) {
	c := testkit.NATS(t)
	c.Password = service.NewSecret("wrong")
	start := time.Now()
	if _, err := stream.Open(t.Context(), c, quiet, nil); barometer.KindOf(err) != barometer.Unavailable || !strings.Contains(err.Error(), "uthorization") {
		t.Errorf("wrong password: %v", err)
	}
	if time.Since(start) > 5*time.Second {
		t.Error("a wrong password was waited out")
	}
	c.URL = "nats://127.0.0.1:1"
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, err := stream.Open(ctx, c, quiet, nil); barometer.KindOf(err) != barometer.Unavailable || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("nobody there: %v", err)
	}
}
