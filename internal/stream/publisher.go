package stream

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"barometer/internal/barometer"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"
)

const (
	// A message holds at most packMentions mentions and about packBytes of text, so that it fits into the 1 MiB that NATS
	// servers accept unless told otherwise even if it does not compress at all.
	packMentions = 200
	packBytes    = 384 << 10

	// maxInFlight bounds the messages of one Publish that wait for their acknowledgement.
	maxInFlight = 16

	minRetry, maxRetry = 20 * time.Millisecond, time.Second
)

// Publisher puts mentions and source observations into the stream.
type Publisher struct{ s *Stream }

// Publisher returns the stream's publisher; it is safe for concurrent use.
func (s *Stream) Publisher() *Publisher { return &Publisher{s} }

// Publish returns nil when all mentions are durable. While the stream is full or the server away it waits and tries
// again until ctx ends; the error is then of kind Exhausted or Unavailable, and any part of the mentions may have been
// published: publishing all of them again is safe. An invalid mention fails the whole call before anything is sent.
//
// Larger calls are cheaper: each message costs one fsync whatever its size, and a call makes at least one message for
// each partition it has mentions of.
func (p *Publisher) Publish(ctx context.Context, mentions []barometer.Mention) error {
	var partitions [barometer.Partitions][]barometer.Mention
	for i := range mentions {
		if err := mentions[i].Check(); err != nil {
			return fmt.Errorf("publish: %w", err)
		}
		n := mentions[i].ID.Partition()
		partitions[n] = append(partitions[n], mentions[i])
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(maxInFlight)
	for n, share := range partitions {
		for len(share) > 0 {
			size := packSize(share)
			pack := share[:size]
			share = share[size:]
			g.Go(func() error {
				msg, err := encode(p.s.mentionsSubject(n), schemaMentions, mentionsEvent{pack})
				if err != nil {
					return err
				}
				if err := p.s.publish(ctx, msg); err != nil {
					return fmt.Errorf("publish mentions: %w", err)
				}
				p.s.metrics.published.Add(float64(len(pack)))
				return nil
			})
		}
	}
	return g.Wait()
}

// packSize returns how many of the mentions, at least one, go into the next message.
func packSize(mentions []barometer.Mention) int {
	size := 0
	for i := range mentions {
		m := &mentions[i]
		size += 512 + len(m.Text) + len(m.Title) + len(m.URL) + 96*(len(m.Matches)+len(m.Redactions))
		if i == packMentions || i > 0 && size > packBytes {
			return i
		}
	}
	return len(mentions)
}

// PublishHealth returns nil when the observations are durable; it waits as Publish does.
func (p *Publisher) PublishHealth(ctx context.Context, health []barometer.SourceHealth) error {
	for len(health) > 0 {
		n := min(len(health), packMentions)
		msg, err := encode(p.s.healthSubject(), schemaHealth, healthEvent{health[:n]})
		if err != nil {
			return err
		}
		if err := p.s.publish(ctx, msg); err != nil {
			return fmt.Errorf("publish health: %w", err)
		}
		health = health[n:]
	}
	return nil
}

// publish stores one message durably, waiting for room and for the server until ctx ends.
func (s *Stream) publish(ctx context.Context, msg *nats.Msg) error {
	wait := minRetry
	var last error
	for {
		err := s.publishOnce(ctx, msg)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil && last != nil {
			return last // why we waited says more than that the wait is over
		}
		err = explain("store message", err)
		last = err
		reason := "unavailable"
		switch barometer.KindOf(err) {
		case barometer.Invalid:
			return err
		case barometer.Exhausted:
			reason = "full"
		}
		if ctx.Err() != nil {
			return err
		}
		if errors.Is(err, jetstream.ErrNoStreamResponse) {
			// The server came back without its data, or the stream has no leader yet.
			if err := s.ensure(ctx); err != nil {
				s.log.Warn("cannot create the streams again", "error", err)
			}
		}
		s.metrics.waits.WithLabelValues(reason).Inc()
		select {
		case <-ctx.Done():
			return err
		case <-time.After(wait/2 + rand.N(wait)):
		}
		wait = min(2*wait, maxRetry)
	}
}

func (s *Stream) publishOnce(ctx context.Context, msg *nats.Msg) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	defer context.AfterFunc(s.session.Load(), cancel)() // ask again rather than wait for an answer that was lost
	// The message id makes trying again harmless, so the loop around this is the only one that tries again.
	_, err := s.js.PublishMsg(ctx, msg, jetstream.WithRetryAttempts(0))
	return err
}
