package source

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"barometer/internal/barometer"
)

// freshFor is how old a post may be to count for the expected volume. Older ones are history that a source brings
// along, not its daily rate.
const freshFor = 48 * time.Hour

// volumeKey is where a source's expected volume is kept, beside its cursor. Ids of sources hold no dot.
func volumeKey(id string) string { return id + ".volume" }

func (l *loop) loadVolume(ctx context.Context) error {
	for {
		b, err := l.Cursors.Load(ctx, volumeKey(l.cfg.ID))
		if err == nil {
			if l.volume, err = loadVolume(b); err == nil {
				l.first = l.volume.Since.IsZero()
			}
			return err
		}
		if k := barometer.KindOf(err); k != barometer.Unavailable && k != barometer.Exhausted {
			return fmt.Errorf("load volume: %w", err)
		}
		l.log.Warn("expected volume not loaded yet", slog.Any("error", err))
		if !pause(ctx, jitter(streamBackoff)) {
			return ctx.Err()
		}
	}
}

func (l *loop) saveVolume(ctx context.Context, now time.Time) {
	if now.Sub(l.volumeSaved) < volumeEvery {
		return
	}
	b, err := l.volume.encode()
	if err == nil {
		err = l.Cursors.Save(ctx, volumeKey(l.cfg.ID), b)
	}
	if err != nil { // what was learned since the last time is learned again
		l.log.Warn("expected volume not saved", slog.Any("error", err))
		return
	}
	l.volumeSaved = now
}

func (l *loop) count(posts []barometer.Post, mentions int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tally.posts += len(posts)
	l.tally.mentions += mentions
	for i := range posts {
		p := &posts[i]
		if p.Deleted {
			continue
		}
		if p.SeenAt.Sub(p.PublishedAt) < freshFor {
			l.tally.fresh++
		}
		if l.first && len(l.tally.dates) < mostHistory && (p.DateQuality == barometer.DateExact || p.DateQuality == barometer.DateStated) {
			l.tally.dates = append(l.tally.dates, p.PublishedAt)
		}
		if p.PublishedAt.After(l.tally.last) {
			l.tally.last = p.PublishedAt
		}
	}
}

// take returns the tally and starts a new one; the time of the last post stays.
func (l *loop) take() tally {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.tally
	l.tally = tally{last: t.last}
	return t
}

// settled notes that the source was heard: later posts are no history.
func (l *loop) settled() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.first = false
}

// watch observes a stream while it is followed.
func (l *loop) watch(ctx context.Context) {
	for pause(ctx, healthEvery) {
		l.report(ctx, Report{}, nil, 0)
	}
}

// report observes the source after a read, or while a stream is followed.
func (l *loop) report(ctx context.Context, r Report, err error, took time.Duration) {
	now := time.Now().UTC()
	t := l.take()
	h := l.health(now)
	h.Posts, h.Mentions, h.Latency = uint32(t.posts), uint32(t.mentions), took
	h.LastPostAt = t.last
	h.State, h.Reason = barometer.SourceHealthy, r.Note
	switch {
	case err != nil:
		h.State, h.Reason = barometer.SourceBlind, plainWords(err)
		if errors.Is(err, ErrGone) {
			h.State = barometer.SourceDisabled
		}
		l.log.Warn("source not heard", slog.String("reason", h.Reason), slog.Int("failures", l.failures+1))
	default:
		if !l.volume.history(t.dates, now) {
			l.volume.heard(now, t.fresh, l.cfg.interval())
		}
		l.settled()
		if l.kind.Live {
			if why := l.volume.silent(now); why != "" {
				h.State, h.Reason = barometer.SourceSilent, why
			}
		}
		l.saveVolume(ctx, now)
		if r.Note != "" {
			l.log.Warn("part of the source left out", slog.Int("skipped", r.Skipped), slog.String("reason", r.Note))
		}
	}
	if l.kind.Live {
		h.Expected = l.volume.perDay()
	}
	l.metrics.observed(&h, r.Skipped, took)
	l.publish(ctx, h)
}

// disabled says once an hour that nobody listens, until ctx ends.
func (l *loop) disabled(ctx context.Context, why string) error {
	for {
		h := l.health(time.Now().UTC())
		h.State, h.Reason = barometer.SourceDisabled, why
		l.metrics.observed(&h, 0, 0)
		l.publish(ctx, h)
		if !pause(ctx, goneInterval) {
			return nil
		}
	}
}

func (l *loop) health(now time.Time) barometer.SourceHealth {
	return barometer.SourceHealth{Source: l.cfg.ID, Kind: l.cfg.Kind, Name: l.cfg.Title(), At: now}
}

func (l *loop) publish(ctx context.Context, h barometer.SourceHealth) {
	if err := l.Health.PublishHealth(ctx, []barometer.SourceHealth{h}); err != nil && ctx.Err() == nil {
		l.log.Warn("health not published", slog.Any("error", err))
	}
}

// troubleOfOurs reports the source as blind because of us, and marks the error.
func (l *loop) troubleOfOurs(ctx context.Context, doing string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	own := &ours{fmt.Errorf("%s: %w", doing, err)}
	l.report(ctx, Report{}, own, 0)
	return own
}

// plainWords is an error for people: without the internals of our own engines.
func plainWords(err error) string {
	if _, ok := errors.AsType[*ours](err); ok {
		return "what was heard could not be stored; it will be read again"
	}
	if errors.Is(err, ErrGone) {
		return "gone for good: the server answered 410; change or remove the entry"
	}
	return clip(err.Error(), 300)
}
