package stream_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"barometer/internal/barometer"
	"barometer/internal/stream"
	"barometer/internal/testkit"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
)

func TestEveryMentionArrivesAndLeavesTheStream(t *testing.T) {
	s := open(t, testkit.NATS(t))
	if err := s.Publisher().Publish(t.Context(), mentions(0, 2000)); err != nil {
		t.Fatal(err)
	}
	if err := s.Publisher().Publish(t.Context(), nil); err != nil {
		t.Errorf("publishing nothing: %v", err)
	}
	got := newTally()
	var mu sync.Mutex
	var held []*stream.Delivery
	runConsumer(t, s, stream.ConsumerConfig{}, func(_ context.Context, d *stream.Delivery) {
		partition := d.Mentions[0].ID.Partition()
		for i := range d.Mentions {
			if d.Mentions[i].ID.Partition() != partition {
				t.Error("a delivery mixes partitions")
			}
		}
		if d.Attempt != 1 {
			t.Errorf("attempt %d", d.Attempt)
		}
		got.add(d)
		mu.Lock()
		held = append(held, d)
		mu.Unlock()
	})
	eventually(t, "2000 mentions", 10*time.Second, func() bool { return got.distinct() == 2000 })
	if st := state(t, s); st.Messages == 0 {
		t.Error("messages left the stream before they were acknowledged")
	}
	mu.Lock()
	for i := len(held) - 1; i >= 0; i-- { // in any order, from another goroutine
		if err := held[i].Ack(); err != nil {
			t.Error(err)
		}
	}
	if err := held[0].Ack(); err == nil {
		t.Error("a second acknowledgement went through")
	}
	mu.Unlock()
	eventually(t, "an empty stream", 5*time.Second, func() bool { return state(t, s).Messages == 0 })
	if missing, strange := got.missing(2000); missing != 0 || strange != 0 {
		t.Errorf("%d missing, %d strange", missing, strange)
	}
}

func TestInvalidMentionFailsBeforeAnythingIsSent(t *testing.T) {
	s := open(t, testkit.NATS(t))
	batch := mentions(0, 10)
	batch[9].Matches = nil
	if err := s.Publisher().Publish(t.Context(), batch); barometer.KindOf(err) != barometer.Invalid {
		t.Errorf("error %v", err)
	}
	if st := state(t, s); st.Messages != 0 {
		t.Errorf("%d messages were sent", st.Messages)
	}
}

func TestRepeatedPublicationIsStoredOnce(t *testing.T) {
	s := open(t, testkit.NATS(t))
	for range 3 {
		if err := s.Publisher().Publish(t.Context(), mentions(0, 100)); err != nil {
			t.Fatal(err)
		}
	}
	if st := state(t, s); st.Messages != barometer.Partitions {
		t.Errorf("%d messages, want one for each partition", st.Messages)
	}
}

func TestFullStreamHoldsThePublisherBack(t *testing.T) {
	c := testkit.NATS(t)
	c.MaxBytes = 1 << 20
	registry := prometheus.NewRegistry()
	s, err := stream.Open(t.Context(), c, quiet, registry)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	const total = 20_000
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	if err := s.Publisher().Publish(ctx, mentions(0, total)); barometer.KindOf(err) != barometer.Exhausted {
		t.Fatalf("publishing more than fits: %v", err)
	}
	if st := state(t, s); st.Bytes > 1<<20 || st.Bytes < 1<<19 {
		t.Errorf("%d bytes in the stream of 1 MiB", st.Bytes)
	}
	published := make(chan error, 1)
	go func() { published <- s.Publisher().Publish(t.Context(), mentions(0, total)) }()
	select {
	case err := <-published:
		t.Fatalf("did not wait for room: %v", err)
	case <-time.After(100 * time.Millisecond):
	}
	got := newTally()
	runConsumer(t, s, stream.ConsumerConfig{}, func(_ context.Context, d *stream.Delivery) {
		got.add(d)
		if err := d.Ack(); err != nil {
			t.Error(err)
		}
	})
	select {
	case err := <-published:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("the publisher did not go on when there was room")
	}
	eventually(t, "all mentions", 10*time.Second, func() bool { return got.distinct() == total })
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var waits float64
	for _, f := range families {
		if f.GetName() == "barometer_stream_publish_waits_total" {
			waits += f.GetMetric()[0].GetCounter().GetValue()
		}
	}
	if waits == 0 {
		t.Error("waiting was not counted")
	}
}

func TestDeliveriesOfAConsumerThatDiedGoToAnother(t *testing.T) {
	c := testkit.NATS(t)
	s := open(t, c)
	config := stream.ConsumerConfig{AckWait: time.Second, MaxPending: 16}
	if err := s.Publisher().Publish(t.Context(), mentions(0, 8000)); err != nil {
		t.Fatal(err)
	}
	// The first takes deliveries, answers none and loses its connection.
	dying, err := stream.Open(t.Context(), c, quiet, nil)
	if err != nil {
		t.Fatal(err)
	}
	var taken atomic.Int32
	stop := runConsumer(t, dying, config, func(context.Context, *stream.Delivery) { taken.Add(1) })
	eventually(t, "the first consumer to hold all it may", 5*time.Second, func() bool { return taken.Load() == 16 })
	if err := dying.Close(); err != nil {
		t.Fatal(err)
	}
	got := newTally()
	var again atomic.Int32
	runConsumer(t, s, config, func(_ context.Context, d *stream.Delivery) {
		got.add(d)
		if d.Attempt > 1 {
			again.Add(1)
		}
		if err := d.Ack(); err != nil {
			t.Error(err)
		}
	})
	eventually(t, "all mentions", 15*time.Second, func() bool { return got.distinct() == 8000 })
	eventually(t, "an empty stream", 5*time.Second, func() bool { return state(t, s).Messages == 0 })
	if again.Load() == 0 {
		t.Error("nothing was delivered again")
	}
	if missing, strange := got.missing(8000); missing != 0 || strange != 0 {
		t.Errorf("%d missing, %d strange", missing, strange)
	}
	stop()
}

func TestSlowHandlerKeepsItsDelivery(t *testing.T) {
	s := open(t, testkit.NATS(t))
	if err := s.Publisher().Publish(t.Context(), mentions(0, 1)); err != nil {
		t.Fatal(err)
	}
	config := stream.ConsumerConfig{AckWait: 300 * time.Millisecond}
	var deliveries atomic.Int32
	done := make(chan struct{})
	handle := func(_ context.Context, d *stream.Delivery) {
		deliveries.Add(1)
		time.Sleep(1500 * time.Millisecond) // five times AckWait
		if err := d.Ack(); err != nil {
			t.Error(err)
		}
		close(done)
	}
	runConsumer(t, s, config, handle)
	runConsumer(t, s, config, handle)
	<-done
	eventually(t, "an empty stream", 5*time.Second, func() bool { return state(t, s).Messages == 0 })
	if n := deliveries.Load(); n != 1 {
		t.Errorf("delivered %d times", n)
	}
}

func TestRetryComesAgainAndStopGivesBackAtOnce(t *testing.T) {
	s := open(t, testkit.NATS(t))
	if err := s.Publisher().Publish(t.Context(), mentions(0, 1)); err != nil {
		t.Fatal(err)
	}
	attempts := make(chan uint64, 10)
	stop := runConsumer(t, s, stream.ConsumerConfig{}, func(_ context.Context, d *stream.Delivery) {
		attempts <- d.Attempt
		var err error
		if d.Attempt == 1 {
			err = d.Retry(50 * time.Millisecond)
		} else {
			err = d.Ack()
		}
		if err != nil {
			t.Error(err)
		}
	})
	if first, second := <-attempts, <-attempts; first != 1 || second != 2 {
		t.Errorf("attempts %d and %d", first, second)
	}
	start := time.Now()
	stop()
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("an idle consumer took %s to stop", took)
	}
}

// connect goes around the package, to do what it would not.
func connect(t *testing.T, c stream.Config) jetstream.JetStream {
	t.Helper()
	conn, err := nats.Connect(c.URL, nats.UserInfo(c.User, c.Password.Reveal()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	return js
}

// rawPublish puts a message into the stream that no Publisher would make.
func rawPublish(t *testing.T, c stream.Config, msg *nats.Msg) {
	t.Helper()
	if _, err := connect(t, c).PublishMsg(t.Context(), msg); err != nil {
		t.Fatal(err)
	}
}

func TestStreamsComeBackWhenTheServerLostThem(t *testing.T) {
	c := testkit.NATS(t)
	s := open(t, c)
	got := newTally()
	runConsumer(t, s, stream.ConsumerConfig{}, func(_ context.Context, d *stream.Delivery) {
		got.add(d)
		if err := d.Ack(); err != nil {
			t.Error(err)
		}
	})
	if err := s.Publisher().Publish(t.Context(), mentions(0, 50)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the first mentions", 10*time.Second, func() bool { return got.distinct() == 50 })
	if err := connect(t, c).DeleteStream(t.Context(), c.Prefix+"-mentions"); err != nil {
		t.Fatal(err)
	}
	if err := s.Publisher().Publish(t.Context(), mentions(50, 100)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the others", 10*time.Second, func() bool { return got.distinct() == 100 })
}

func TestPoisonIsParkedAndTheRestGoesOn(t *testing.T) {
	c := testkit.NATS(t)
	s := open(t, c)
	rawPublish(t, c, &nats.Msg{Subject: c.Prefix + ".mentions.3", Data: []byte("not a message"), Header: nats.Header{"Barometer-Schema": {"mentions.v9"}}})
	if err := s.Publisher().Publish(t.Context(), mentions(0, 100)); err != nil {
		t.Fatal(err)
	}
	var broken atomic.Bool
	broken.Store(true)
	partition := mention(0).ID.Partition()
	got := newTally()
	runConsumer(t, s, stream.ConsumerConfig{MaxDeliver: 2}, func(_ context.Context, d *stream.Delivery) {
		switch d.Mentions[0].ID.Partition() {
		case partition:
			if broken.Load() {
				panic("the analysis has a fault")
			}
		case (partition + 1) % barometer.Partitions:
			if broken.Load() {
				if err := d.Retry(0); err != nil {
					t.Error(err)
				}
				return
			}
		case (partition + 2) % barometer.Partitions:
			if broken.Load() {
				if err := d.Park("Not A Word"); barometer.KindOf(err) == barometer.Internal {
					t.Errorf("a bad reason: %v", err)
				}
				return
			}
		}
		got.add(d)
		if err := d.Ack(); err != nil {
			t.Error(err)
		}
	})
	var letters []stream.DeadLetter
	eventually(t, "three kinds of dead letter", 10*time.Second, func() bool {
		var err error
		if letters, err = s.ListDead(t.Context(), stream.DeadFilter{}); err != nil {
			t.Fatal(err)
		}
		return len(letters) >= 4
	})
	reasons := make(map[string]int)
	for _, l := range letters {
		reasons[l.Reason]++
		if l.Reason != stream.ReasonUndecodable && (l.Mentions == 0 || l.Schema != "mentions.v1") {
			t.Errorf("letter %+v lost its content", l)
		}
	}
	// The one with a bad reason came back and ran out of attempts.
	if reasons[stream.ReasonUndecodable] != 1 || reasons[stream.ReasonPanic] != 1 || reasons[stream.ReasonExhausted] != 2 {
		t.Errorf("letters by reason: %v", reasons)
	}
	if limited, err := s.ListDead(t.Context(), stream.DeadFilter{Limit: 2}); err != nil || len(limited) != 2 {
		t.Errorf("limit: %d letters, %v", len(limited), err)
	}
	if _, err := s.ListDead(t.Context(), stream.DeadFilter{Reason: "*"}); barometer.KindOf(err) != barometer.Invalid {
		t.Errorf("a wildcard as reason: %v", err)
	}

	broken.Store(false)
	for _, reason := range []string{stream.ReasonPanic, stream.ReasonExhausted} {
		if n, err := s.ReplayDead(t.Context(), stream.DeadFilter{Reason: reason}); err != nil || n != reasons[reason] {
			t.Errorf("replayed %d of %s, %v", n, reason, err)
		}
	}
	eventually(t, "all mentions after the replay", 10*time.Second, func() bool { return got.distinct() == 100 })
	if n, err := s.ReplayDead(t.Context(), stream.DeadFilter{}); err != nil || n != 1 {
		t.Errorf("replayed %d, %v", n, err)
	}
	eventually(t, "the unreadable one to be parked again", 5*time.Second, func() bool { st := state(t, s); return st.Dead == 1 && st.Messages == 0 })
}

func TestHealthArrivesInOrderAndAgainAfterAFailure(t *testing.T) {
	c := testkit.NATS(t)
	s := open(t, c)
	rawPublish(t, c, &nats.Msg{Subject: c.Prefix + ".health", Data: []byte("{")})
	var want []barometer.SourceHealth
	for i := range 450 {
		want = append(want, barometer.SourceHealth{Source: "s", State: barometer.SourceHealthy, Posts: uint32(i), At: time.Unix(int64(i), 0).UTC()})
	}
	if err := s.Publisher().PublishHealth(t.Context(), want); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var got []barometer.SourceHealth
	failed := false
	err := s.RunHealth(ctx, func(_ context.Context, health []barometer.SourceHealth) error {
		if !failed {
			failed = true
			return errors.New("the store is away")
		}
		if got = append(got, health...); len(got) >= len(want) {
			cancel()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) || len(got) != len(want) {
		t.Fatalf("%d observations, %v", len(got), err)
	}
	for i := range got {
		if got[i] != want[i] {
			t.Fatalf("observation %d is %+v, want %+v", i, got[i], want[i])
		}
	}
	eventually(t, "a dead letter and nothing else", 5*time.Second, func() bool { st := state(t, s); return st.Dead == 1 && st.HealthEvents == 0 })
}
