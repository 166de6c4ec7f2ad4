package stream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"barometer/internal/barometer"

	"github.com/nats-io/nats.go/jetstream"
)

// healthBatch bounds the messages handed to the handler of RunHealth together.
const healthBatch = 64

// RunHealth calls handle with observations of sources, in the order they were published, until ctx ends. When handle
// returns nil they are done with; otherwise they come again, so it may see some twice. Several processes may run it;
// each observation goes to one.
func (s *Stream) RunHealth(ctx context.Context, handle func(context.Context, []barometer.SourceHealth) error) error {
	var consumer jetstream.Consumer
	for ctx.Err() == nil {
		err := func() (err error) {
			if consumer == nil {
				if consumer, err = s.attachHealth(ctx); err != nil {
					return err
				}
			}
			return s.fetchHealth(ctx, consumer, handle)
		}()
		if err != nil && ctx.Err() == nil {
			s.log.Warn("cannot pass on source health", "error", err)
			consumer = nil
			select {
			case <-ctx.Done():
			case <-time.After(errorWait):
			}
		}
	}
	return ctx.Err()
}

func (s *Stream) attachHealth(ctx context.Context) (jetstream.Consumer, error) {
	return s.attach(ctx, s.healthStream(), jetstream.ConsumerConfig{
		Durable:       "health",
		AckPolicy:     jetstream.AckExplicitPolicy,
		AckWait:       30 * time.Second,
		MaxAckPending: 4 * healthBatch,
		MaxDeliver:    -1,
	})
}

func (s *Stream) fetchHealth(ctx context.Context, consumer jetstream.Consumer, handle func(context.Context, []barometer.SourceHealth) error) error {
	// What is there at once, or else the first that comes: an observation should not wait for the batch to fill.
	batch, err := consumer.FetchNoWait(healthBatch)
	if err != nil {
		return err
	}
	msgs, err := collect(batch)
	if err == nil && len(msgs) == 0 {
		if batch, err = consumer.Fetch(1, jetstream.FetchMaxWait(fetchWait)); err != nil {
			return err
		}
		msgs, err = collect(batch)
	}
	var health []barometer.SourceHealth
	var good []jetstream.Msg
	for _, msg := range msgs {
		observed, err := decodeHealth(msg.Headers(), msg.Data())
		if err != nil {
			s.parkHealth(msg)
			continue
		}
		health, good = append(health, observed...), append(good, msg)
	}
	if len(health) > 0 {
		if err := handle(ctx, health); err != nil {
			for _, msg := range good {
				_ = msg.NakWithDelay(errorWait) // or it comes again after AckWait
			}
			return fmt.Errorf("handle: %w", err)
		}
	}
	for _, msg := range good {
		if err := msg.Ack(); err != nil {
			return explain("acknowledge", err)
		}
	}
	return err
}

// collect takes the messages of a batch. That there were none is no error.
func collect(batch jetstream.MessageBatch) ([]jetstream.Msg, error) {
	var msgs []jetstream.Msg
	for msg := range batch.Messages() {
		msgs = append(msgs, msg)
	}
	err := batch.Error()
	if errors.Is(err, jetstream.ErrNoMessages) || errors.Is(err, context.DeadlineExceeded) {
		err = nil
	}
	return msgs, err
}

func (s *Stream) parkHealth(msg jetstream.Msg) {
	var sequence, attempts uint64
	if meta, err := msg.Metadata(); err == nil {
		sequence, attempts = meta.Sequence.Stream, meta.NumDelivered
	}
	s.log.Error("observation cannot be read", "sequence", sequence)
	err := s.bury(msg, sequence, ReasonUndecodable, attempts)
	if err == nil {
		err = msg.TermWithReason(ReasonUndecodable)
	} else {
		err = errors.Join(err, msg.NakWithDelay(errorWait))
	}
	if err != nil {
		s.log.Error("observation cannot be parked", "sequence", sequence, "error", err)
	}
}
