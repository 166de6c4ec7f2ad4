package source

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"barometer/internal/barometer"
)

// Sink takes posts and returns when they are durable, with the number that were new mentions. The gate in front of the
// stream's publisher implements it. It waits while the stream is full: that is the back-pressure.
type Sink interface {
	Publish(ctx context.Context, posts []barometer.Post) (mentions int, err error)
}

// Cursors keeps one value for each key, durably. The stream's key-value bucket implements it. Load of an unknown key
// gives nil.
type Cursors interface {
	Load(ctx context.Context, key string) ([]byte, error)
	Save(ctx context.Context, key string, cursor []byte) error
}

// Health takes observations of sources. The stream's publisher implements it.
type Health interface {
	PublishHealth(ctx context.Context, observed []barometer.SourceHealth) error
}

// Deps are what a Runner joins.
type Deps struct {
	Sink    Sink
	Cursors Cursors
	Health  Health
	HTTP    *Client
	Log     *slog.Logger
	Metrics prometheus.Registerer // nil shows none
}

// Runner is the one loop for all sources: it reads each at its interval, backs off from trouble, publishes before it
// saves, and says after every read whether the source could be heard.
type Runner struct {
	Deps
	metrics *metrics
	slots   chan struct{} // reads under way at once

	mu      sync.Mutex
	wanted  []Config
	changed chan struct{} // wanted was replaced
}

// The loop's timing. Streams that break off are followed again sooner than polls that fail.
const (
	concurrency   = 32 // most of them wait, for their turn at a host or for an answer
	firstBackoff  = time.Minute
	streamBackoff = time.Second
	maxStreamWait = 5 * time.Minute
	maxBackoff    = time.Hour // or the interval, where that is longer
	healthEvery   = time.Minute
	steadyAfter   = time.Minute // a stream that held this long starts its backoff anew
	volumeEvery   = 10 * time.Minute
	goneInterval  = time.Hour // how often a disabled source repeats that it is
)

// NewRunner builds a runner without sources; it starts nothing.
func NewRunner(d Deps) *Runner {
	return &Runner{Deps: d, metrics: newMetrics(d.Metrics), slots: make(chan struct{}, concurrency), changed: make(chan struct{}, 1)}
}

// Set replaces the set of sources, before or while Run runs. Sources whose entry is unchanged go on undisturbed. On an
// error nothing changes: all entries are validated and built first.
func (r *Runner) Set(sources []Config) error {
	if err := ValidateAll(sources); err != nil {
		return err
	}
	for _, c := range sources {
		if _, err := Build(c, Env{HTTP: r.HTTP}); err != nil {
			return err
		}
	}
	r.mu.Lock()
	r.wanted = append([]Config(nil), sources...)
	r.mu.Unlock()
	select {
	case r.changed <- struct{}{}:
	default: // a change is waiting already and will see this one too
	}
	return nil
}

// running is a started source.
type running struct {
	cfg  Config
	stop context.CancelFunc
	done chan struct{}
}

func (s *running) wait() {
	s.stop()
	<-s.done
}

// Run reads all sources until ctx ends, then returns nil. It returns early with an error when our own state is broken:
// a cursor cannot be read, or a store of ours refuses for another reason than being away.
func (r *Runner) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	active := map[string]*running{}
	defer func() {
		for _, s := range active {
			s.stop()
		}
		for _, s := range active {
			<-s.done
		}
	}()
	for {
		r.mu.Lock()
		wanted := r.wanted
		r.mu.Unlock()
		if err := r.reconcile(ctx, cancel, active, wanted); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			if err := context.Cause(ctx); !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
				return err
			}
			return nil
		case <-r.changed:
		}
	}
}

// reconcile stops what is no longer wanted as it is and starts what is new. A changed source is stopped completely
// before it starts again: two reads of one source never overlap.
func (r *Runner) reconcile(ctx context.Context, fail context.CancelCauseFunc, active map[string]*running, wanted []Config) error {
	keep := map[string]bool{}
	for i := range wanted {
		if s := active[wanted[i].ID]; s != nil && s.cfg.equal(&wanted[i]) {
			keep[wanted[i].ID] = true
		}
	}
	for id, s := range active {
		if !keep[id] {
			s.wait()
			delete(active, id)
			r.metrics.forget(id)
		}
	}
	for _, c := range wanted {
		if keep[c.ID] {
			continue
		}
		src, err := Build(c, Env{HTTP: r.HTTP})
		if err != nil {
			return err
		}
		sctx, stop := context.WithCancel(ctx)
		s := &running{cfg: c, stop: stop, done: make(chan struct{})}
		active[c.ID] = s
		l := &loop{Runner: r, cfg: c, kind: Kinds[c.Kind], src: src, log: r.Log.With(slog.String("source", c.ID), slog.String("kind", c.Kind))}
		go func() {
			defer close(s.done)
			if err := l.run(sctx); err != nil && sctx.Err() == nil {
				fail(fmt.Errorf("source %q: %w", c.ID, err))
			}
		}()
	}
	return nil
}

// loop is one source's life.
type loop struct {
	*Runner
	cfg    Config
	kind   Kind
	src    Source
	log    *slog.Logger
	volume *volume

	failures    int
	volumeSaved time.Time

	mu    sync.Mutex // guards what follows: a followed stream is observed while it runs
	tally tally
	first bool // nothing of this source was ever heard: its dates are kept
}

// tally counts what a read has brought since the last observation.
type tally struct {
	posts, mentions int
	fresh           int // posts that count for the expected volume
	last            time.Time
	dates           []time.Time // of posts, at the first read
}

// ours marks an error of the sink, the cursors or the health sink: not the source's fault.
type ours struct{ err error }

func (e *ours) Error() string { return e.err.Error() }
func (e *ours) Unwrap() error { return e.err }

// run returns nil when ctx ends and an error when our own state is broken.
func (l *loop) run(ctx context.Context) error {
	if l.cfg.Disabled {
		return l.disabled(ctx, "switched off in the configuration")
	}
	if err := l.loadVolume(ctx); err != nil {
		return err
	}
	interval := l.cfg.interval()
	// Spread over the start, so that many sources do not all call at once.
	wait := time.Duration(rand.Int64N(int64(min(interval/10, 10*time.Second)) + 1))
	for {
		if !pause(ctx, wait) {
			return nil
		}
		report, err := l.read(ctx)
		switch {
		case ctx.Err() != nil:
			return nil //nolint:nilerr // what broke off because of the stop is no trouble
		case errors.Is(err, ErrCursor):
			return err
		case errors.Is(err, ErrGone):
			return l.disabled(ctx, plainWords(err))
		}
		if own, ok := errors.AsType[*ours](err); ok {
			if k := barometer.KindOf(own.err); k != barometer.Unavailable && k != barometer.Exhausted {
				return own.err
			}
		}
		wait = l.wait(interval, report, err)
	}
}

// wait is the time to the next read.
func (l *loop) wait(interval time.Duration, report Report, err error) time.Duration {
	d := interval
	if l.kind.Follows {
		d = streamBackoff
	}
	if err == nil {
		l.failures = 0
	} else {
		l.failures++
		first, most := min(firstBackoff, interval), max(maxBackoff, interval)
		if l.kind.Follows {
			first, most = streamBackoff, maxStreamWait
		}
		d = min(first<<min(l.failures-1, 16), most)
	}
	return max(jitter(d), report.Pause)
}

// jitter spreads d by a tenth either way.
func jitter(d time.Duration) time.Duration {
	return time.Duration(float64(d) * (0.9 + 0.2*rand.Float64()))
}

// pause waits for d and says whether ctx is still alive.
func pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// read does one Read with its observation.
func (l *loop) read(ctx context.Context) (Report, error) {
	if !l.kind.Follows { // a stream would hold its slot for ever
		select {
		case l.slots <- struct{}{}:
			defer func() { <-l.slots }()
		case <-ctx.Done():
			return Report{}, ctx.Err()
		}
	}
	cursor, err := l.Cursors.Load(ctx, l.cfg.ID)
	if err != nil {
		return Report{}, l.troubleOfOurs(ctx, "load cursor", err)
	}
	start := time.Now()
	var watch sync.WaitGroup
	watchCtx, stop := context.WithCancel(ctx)
	defer stop()
	if l.kind.Follows {
		watch.Go(func() { l.watch(watchCtx) })
	}
	report, err := l.src.Read(ctx, cursor, l.emit)
	stop()
	watch.Wait()
	if ctx.Err() != nil {
		return report, ctx.Err()
	}
	took := time.Since(start)
	if l.kind.Follows && took >= steadyAfter {
		l.failures = 0
	}
	l.report(ctx, report, err, took)
	return report, err
}

// emit is the Emit of this source: durable first, cursor second.
func (l *loop) emit(ctx context.Context, posts []barometer.Post, cursor []byte) error {
	if len(posts) > 0 {
		n, err := l.Sink.Publish(ctx, posts)
		if err != nil {
			return &ours{fmt.Errorf("publish: %w", err)}
		}
		l.count(posts, n)
	}
	if cursor != nil {
		if err := l.Cursors.Save(ctx, l.cfg.ID, cursor); err != nil {
			return &ours{fmt.Errorf("save cursor: %w", err)}
		}
	}
	return nil
}
