package source

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"barometer/internal/barometer"
)

// stub is a source of the tests, put in the table of kinds under a name of its own.
type stub func(ctx context.Context, cursor []byte, emit Emit) (Report, error)

func (s stub) Read(ctx context.Context, cursor []byte, emit Emit) (Report, error) {
	return s(ctx, cursor, emit)
}

// withKind runs f with one more kind in the table.
func withKind(t *testing.T, k Kind, s stub) {
	t.Helper()
	k.New = func(Config, Env) (Source, error) { return s, nil }
	k.Check = func(*Config) error { return nil }
	if k.Interval == 0 {
		k.Interval = 15 * time.Minute
	}
	Kinds["stub"] = k
	t.Cleanup(func() { delete(Kinds, "stub") })
}

func start(t *testing.T, m *memory, sources ...Config) (r *Runner, done <-chan error, stop context.CancelFunc) {
	t.Helper()
	r = NewRunner(Deps{Sink: m, Cursors: m, Health: m, Log: quiet()})
	if err := r.Set(sources); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ch := make(chan error, 1)
	go func() { ch <- r.Run(ctx) }()
	return r, ch, cancel
}

func TestRunnerBacksOffAndComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		var at []time.Duration
		withKind(t, Kind{}, func(context.Context, []byte, Emit) (Report, error) {
			at = append(at, time.Since(begin))
			if len(at) <= 8 {
				return Report{}, barometer.Errorf(barometer.Unavailable, "no route")
			}
			return Report{}, nil
		})
		var m memory
		_, done, stop := start(t, &m, Config{ID: "s", Kind: "stub"})
		time.Sleep(8 * time.Hour)
		stop()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		want := []time.Duration{1, 2, 4, 8, 16, 32, 60, 60, 15, 15} // minutes to the next read
		for i, w := range want {
			gap := at[i+1] - at[i]
			if lo, hi := w*time.Minute*9/10, w*time.Minute*11/10; gap < lo || gap > hi {
				t.Errorf("gap %d is %s, want about %d min", i, gap, w)
			}
		}
		if got := m.states()[:9]; !slices.Equal(got[:8], slices.Repeat([]string{"blind"}, 8)) || got[8] != "healthy" {
			t.Errorf("states %v", got)
		}
		if m.health[0].Reason != "no route" {
			t.Errorf("reason %q", m.health[0].Reason)
		}
	})
}

func TestRunnerKeepsTheOrderOfDurability(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		withKind(t, Kind{}, func(ctx context.Context, cursor []byte, emit Emit) (Report, error) {
			n := len(cursor)
			return Report{}, emit(ctx, []barometer.Post{{NativeID: fmt.Sprint(n), SeenAt: time.Now(), PublishedAt: time.Now()}}, append(cursor, '.'))
		})
		var m memory
		away := 3
		m.publish = func([]barometer.Post) error {
			if away--; away >= 0 {
				return barometer.Errorf(barometer.Unavailable, "stream is away")
			}
			return nil
		}
		_, done, stop := start(t, &m, Config{ID: "s", Kind: "stub"})
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		stop()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		for i, p := range m.posts {
			if p.NativeID != fmt.Sprint(i) {
				t.Fatalf("post %d is %s: one was lost or repeated", i, p.NativeID)
			}
		}
		if len(m.posts) < 5 || len(m.cursors()["s"]) != len(m.posts) {
			t.Errorf("%d posts, cursor %q", len(m.posts), m.cursors()["s"])
		}
		if h := m.health[0]; h.State != barometer.SourceBlind || strings.Contains(h.Reason, "stream") {
			t.Errorf("while we cannot store, nobody is heard: %+v", h)
		}
		if h := m.health[len(m.health)-1]; h.State != barometer.SourceHealthy || h.Posts != 1 || h.Mentions != 1 || h.LastPostAt.IsZero() {
			t.Errorf("last health %+v", h)
		}
	})
}

func TestRunnerMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		withKind(t, Kind{}, func(ctx context.Context, _ []byte, emit Emit) (Report, error) {
			time.Sleep(time.Second)
			return Report{Skipped: 2, Note: "x"}, emit(ctx, []barometer.Post{{}, {}, {}}, nil)
		})
		var m memory
		reg := prometheus.NewPedanticRegistry()
		r := NewRunner(Deps{Sink: &m, Cursors: &m, Health: &m, Log: quiet(), Metrics: reg})
		sum := func() map[string]float64 {
			families, err := reg.Gather()
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]float64{}
			for _, f := range families {
				for _, s := range f.GetMetric() {
					got[strings.TrimPrefix(f.GetName(), "barometer_source_")] += s.GetCounter().GetValue() + s.GetGauge().GetValue() + s.GetHistogram().GetSampleSum()
				}
			}
			return got
		}
		if err := r.Set([]Config{{ID: "s", Kind: "stub"}}); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- r.Run(ctx) }()
		time.Sleep(5 * time.Minute)
		want := map[string]float64{"reads_total": 1, "read_seconds": 1, "posts_total": 3, "mentions_total": 3, "skipped_total": 2, "heard": 1}
		if got := sum(); !maps.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
		if err := r.Set(nil); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if got := sum(); !maps.Equal(got, map[string]float64{"read_seconds": 1}) {
			t.Errorf("after removal %v", got)
		}
		cancel()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	})
}

func TestRunnerStopsLoudlyForBrokenStateOfOurs(t *testing.T) {
	for name, s := range map[string]stub{
		"cursor": func(context.Context, []byte, Emit) (Report, error) {
			return Report{}, fmt.Errorf("feed: %w", ErrCursor)
		},
		"sink": func(ctx context.Context, _ []byte, emit Emit) (Report, error) {
			return Report{}, emit(ctx, []barometer.Post{{}}, nil)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				withKind(t, Kind{}, s)
				var m memory
				m.publish = func([]barometer.Post) error { return errors.New("stream is not what we made") }
				_, done, stop := start(t, &m, Config{ID: "s", Kind: "stub"})
				defer stop()
				if err := <-done; err == nil || !strings.Contains(err.Error(), `source "s"`) {
					t.Errorf("Run returned %v", err)
				}
			})
		})
	}
}

func TestRunnerReloads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var reads, under, most atomic.Int32
		withKind(t, Kind{}, func(ctx context.Context, _ []byte, _ Emit) (Report, error) {
			reads.Add(1)
			most.Store(max(most.Load(), under.Add(1)))
			defer under.Add(-1)
			time.Sleep(time.Second)
			return Report{}, ctx.Err()
		})
		var m memory
		a, b := Config{ID: "a", Kind: "stub", Interval: time.Minute}, Config{ID: "b", Kind: "stub", Interval: time.Minute}
		r, done, stop := start(t, &m, a)
		time.Sleep(10 * time.Minute)
		before := reads.Load()
		if before < 8 {
			t.Errorf("%d reads in 10 minutes", before)
		}
		if err := r.Set([]Config{a, b, {ID: "c", Kind: "stup"}}); err == nil || !strings.Contains(err.Error(), "did you mean stub?") {
			t.Errorf("bad set: %v", err)
		}
		if err := r.Set([]Config{a, b}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Minute)
		both := reads.Load() - before
		if both < 16 {
			t.Errorf("%d reads with two sources", both)
		}
		b.Disabled = true
		if err := r.Set([]Config{b}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		before = reads.Load()
		time.Sleep(10 * time.Minute)
		if got := reads.Load(); got != before {
			t.Errorf("%d reads after removal", got-before)
		}
		if h := m.health[len(m.health)-1]; h.Source != "b" || h.State != barometer.SourceDisabled {
			t.Errorf("last health %+v", h)
		}
		stop()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	})
}

func TestRunnerHonoursPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		var at []time.Duration
		withKind(t, Kind{}, func(context.Context, []byte, Emit) (Report, error) {
			at = append(at, time.Since(begin))
			return Report{Pause: 5 * time.Hour}, nil
		})
		var m memory
		_, done, stop := start(t, &m, Config{ID: "s", Kind: "stub"})
		time.Sleep(6 * time.Hour)
		stop()
		if err := <-done; err != nil || len(at) != 2 || at[1]-at[0] != 5*time.Hour {
			t.Errorf("reads at %v (%v)", at, err)
		}
	})
}

func TestRunnerFollowsStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		connections := 0
		withKind(t, Kind{Follows: true}, func(ctx context.Context, _ []byte, emit Emit) (Report, error) {
			connections++
			for range 600 { // ten minutes, then the connection is lost
				if err := emit(ctx, []barometer.Post{{SeenAt: time.Now(), PublishedAt: time.Now()}}, []byte("c")); err != nil {
					return Report{}, err
				}
				if !pause(ctx, time.Second) {
					return Report{}, ctx.Err()
				}
			}
			return Report{}, barometer.Errorf(barometer.Unavailable, "connection lost")
		})
		var m memory
		_, done, stop := start(t, &m, Config{ID: "s", Kind: "stub"})
		time.Sleep(time.Hour)
		stop()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if connections < 5 || connections > 7 {
			t.Errorf("%d connections in an hour", connections)
		}
		var healthy, blind, posts int
		for _, h := range m.health {
			posts += int(h.Posts)
			switch h.State {
			case barometer.SourceHealthy:
				healthy++
			case barometer.SourceBlind:
				blind++
			}
		}
		if healthy < 50 || blind < 5 || posts < 3400 {
			t.Errorf("%d times healthy, %d blind, %d posts observed", healthy, blind, posts)
		}
	})
}

func TestRunnerDisablesWhatIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reads := 0
		withKind(t, Kind{}, func(context.Context, []byte, Emit) (Report, error) {
			reads++
			return Report{}, barometer.Errorf(barometer.NotFound, "%w", ErrGone)
		})
		var m memory
		_, done, stop := start(t, &m, Config{ID: "s", Kind: "stub"})
		time.Sleep(24 * time.Hour)
		stop()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if states := m.states(); reads != 1 || slices.Contains(states, "blind") || len(states) < 20 {
			t.Errorf("%d reads, states %v", reads, states)
		}
	})
}

// A source that goes quiet is silent, not calm; one that is merely slow at night is healthy. What was learned survives
// a restart.
func TestRunnerNoticesSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		quietFrom := 30 * 24 * time.Hour
		withKind(t, Kind{Live: true}, func(ctx context.Context, _ []byte, emit Emit) (Report, error) {
			now := time.Now()
			if h := now.UTC().Hour(); now.Sub(begin) > quietFrom || h < 7 || h > 20 {
				return Report{}, nil
			}
			return Report{}, emit(ctx, []barometer.Post{{SeenAt: now, PublishedAt: now}}, []byte("c"))
		})
		var m memory
		source := Config{ID: "s", Kind: "stub", Interval: time.Hour}
		for _, day := range []int{15, 30, 33} { // restarted twice
			_, done, stop := start(t, &m, source)
			time.Sleep(time.Until(begin.Add(time.Duration(day) * 24 * time.Hour)))
			stop()
			if err := <-done; err != nil {
				t.Fatal(err)
			}
		}
		firstSilent := time.Time{}
		for _, h := range m.health {
			if h.State == barometer.SourceSilent && firstSilent.IsZero() {
				firstSilent = h.At
				if !strings.Contains(h.Reason, "no posts in") || h.Expected < 10 || h.Expected > 16 {
					t.Errorf("%+v", h)
				}
			}
		}
		if d := firstSilent.Sub(begin.Add(quietFrom)); d < 4*time.Hour || d > 36*time.Hour {
			t.Errorf("silence was noticed after %s", d)
		}
	})
}

// The whole loop on a real server: many feeds of one host never ask it at the same time.
func TestRunnerIsPoliteToOneHost(t *testing.T) {
	var under, most, requests atomic.Int32
	at, client := serve(t, func(w http.ResponseWriter, r *http.Request) {
		most.Store(max(most.Load(), under.Add(1)))
		defer under.Add(-1)
		requests.Add(1)
		time.Sleep(2 * time.Millisecond)
		if r.URL.Path == "/robots.txt" {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write([]byte(rssFeed(rssItem(1, r.URL.Path, ""))))
	})
	var m memory
	r := NewRunner(Deps{Sink: &m, Cursors: &m, Health: &m, HTTP: client, Log: quiet()})
	var sources []Config
	for i := range 40 {
		sources = append(sources, Config{ID: fmt.Sprintf("f%d", i), Kind: "feed", URL: fmt.Sprintf("%s/%d", at, i), Interval: time.Second})
	}
	if err := r.Set(sources); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	for len(m.all()) < 40 && ctx.Err() == nil {
		time.Sleep(5 * time.Millisecond)
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if most.Load() != 1 || len(m.all()) != 40 {
		t.Errorf("%d requests at once, %d posts", most.Load(), len(m.all()))
	}
}
