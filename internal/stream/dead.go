package stream

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"time"

	"barometer/internal/barometer"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Why messages are parked by this package; callers of Delivery.Park add their own.
const (
	ReasonUndecodable = "undecodable" // not of the schema: replay after an upgrade
	ReasonExhausted   = "exhausted"   // delivered too often without an answer
	ReasonPanic       = "panic"       // the handler crashed on it
)

// Headers of a dead letter, beside those of the original message.
const (
	headerReason   = "Barometer-Reason"
	headerSubject  = "Barometer-Subject"
	headerAttempts = "Barometer-Attempts"
)

var reasonForm = regexp.MustCompile(`^[a-z0-9-]{1,40}$`)

// bury stores a copy of the message among the dead letters. Burying twice leaves one.
func (s *Stream) bury(msg jetstream.Msg, sequence uint64, reason string, attempts uint64) error {
	if !reasonForm.MatchString(reason) {
		return barometer.Errorf(barometer.Invalid, "reason to park must be up to 40 lower-case letters, digits and dashes")
	}
	dead := nats.NewMsg(s.deadSubject(reason))
	for _, name := range []string{headerSchema, headerEncoding} {
		if value := msg.Headers().Get(name); value != "" {
			dead.Header.Set(name, value)
		}
	}
	dead.Header.Set(headerReason, reason)
	dead.Header.Set(headerSubject, msg.Subject())
	dead.Header.Set(headerAttempts, strconv.FormatUint(attempts, 10))
	dead.Header.Set(nats.MsgIdHdr, msg.Subject()+"/"+strconv.FormatUint(sequence, 10))
	dead.Data = msg.Data()
	ctx, cancel := context.WithTimeout(context.Background(), requestTimeout) // also when the process is stopping
	defer cancel()
	if err := s.publish(ctx, dead); err != nil {
		return fmt.Errorf("park message: %w", err)
	}
	s.metrics.parked.WithLabelValues(reason).Inc()
	return nil
}

// DeadLetter describes a parked message without its content.
type DeadLetter struct {
	Sequence uint64    `json:"sequence"`
	Reason   string    `json:"reason"`
	At       time.Time `json:"at"`
	Subject  string    `json:"subject"` // where it came from
	Schema   string    `json:"schema"`
	Attempts uint64    `json:"attempts"`
	Bytes    int       `json:"bytes"`
	Mentions int       `json:"mentions"` // 0 where it cannot be read
}

// DeadFilter selects dead letters; zero fields do not restrict.
type DeadFilter struct {
	Reason string
	Limit  int // the oldest so many
}

// ListDead returns the selected dead letters, oldest first.
func (s *Stream) ListDead(ctx context.Context, filter DeadFilter) ([]DeadLetter, error) {
	letters := []DeadLetter{}
	err := s.eachDead(ctx, filter, func(_ jetstream.Stream, msg *jetstream.RawStreamMsg) error {
		letter := DeadLetter{
			Sequence: msg.Sequence,
			Reason:   msg.Header.Get(headerReason),
			At:       msg.Time.UTC(),
			Subject:  msg.Header.Get(headerSubject),
			Schema:   msg.Header.Get(headerSchema),
			Bytes:    len(msg.Data),
		}
		letter.Attempts, _ = strconv.ParseUint(msg.Header.Get(headerAttempts), 10, 64)
		if mentions, err := decodeMentions(msg.Header, msg.Data); err == nil {
			letter.Mentions = len(mentions)
		}
		letters = append(letters, letter)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list dead letters: %w", err)
	}
	return letters, nil
}

// ReplayDead sends the selected dead letters back to where they came from, as they were, and returns how many. One that
// still cannot be processed is parked again. It looks only at letters that were there when it began.
func (s *Stream) ReplayDead(ctx context.Context, filter DeadFilter) (int, error) {
	n := 0
	err := s.eachDead(ctx, filter, func(stream jetstream.Stream, dead *jetstream.RawStreamMsg) error {
		msg := nats.NewMsg(dead.Header.Get(headerSubject))
		for _, name := range []string{headerSchema, headerEncoding} {
			if value := dead.Header.Get(name); value != "" {
				msg.Header.Set(name, value)
			}
		}
		msg.Header.Set(nats.MsgIdHdr, "replay/"+strconv.FormatUint(dead.Sequence, 10))
		msg.Data = dead.Data
		if err := s.publish(ctx, msg); err != nil {
			return err
		}
		// Only now: a crash in between replays it twice, which counts once.
		if err := stream.DeleteMsg(ctx, dead.Sequence); err != nil && !errors.Is(err, jetstream.ErrMsgNotFound) {
			return explain("delete dead letter", err)
		}
		n++
		return nil
	})
	if err != nil {
		return n, fmt.Errorf("replay dead letters: %w", err)
	}
	return n, nil
}

// eachDead calls visit for the selected letters that are there now, oldest first.
func (s *Stream) eachDead(ctx context.Context, filter DeadFilter, visit func(jetstream.Stream, *jetstream.RawStreamMsg) error) error {
	subject := s.deadSubject("*")
	if filter.Reason != "" {
		if !reasonForm.MatchString(filter.Reason) {
			return barometer.Errorf(barometer.Invalid, "reason %q: want lower-case letters, digits and dashes", filter.Reason)
		}
		subject = s.deadSubject(filter.Reason)
	}
	stream, err := s.js.Stream(ctx, s.deadStream())
	if err != nil {
		return explain("open dead letters", err)
	}
	state := stream.CachedInfo().State
	for seq, n := state.FirstSeq, 0; seq <= state.LastSeq && (filter.Limit <= 0 || n < filter.Limit); n++ {
		// With a subject this is the first message at or after seq.
		msg, err := stream.GetMsg(ctx, seq, jetstream.WithGetMsgSubject(subject))
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			return nil
		}
		if err != nil {
			return explain("read dead letter", err)
		}
		if msg.Sequence > state.LastSeq {
			return nil
		}
		if err := visit(stream, msg); err != nil {
			return err
		}
		seq = msg.Sequence + 1
	}
	return nil
}
