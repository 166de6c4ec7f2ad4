package stream

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync"
	"time"

	"barometer/internal/barometer"

	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"
)

// ConsumerConfig bounds what one process takes on. Zero fields take the defaults named beside them.
type ConsumerConfig struct {
	Workers    int           `yaml:"workers"`     // handlers running at once; default: the number of processors
	MaxPending int           `yaml:"max_pending"` // deliveries neither acknowledged nor given back, of up to 200 mentions each; default 256
	AckWait    time.Duration `yaml:"ack_wait"`    // after which the deliveries of a dead process come again; default 30 s
	MaxDeliver int           `yaml:"max_deliver"` // attempts before a message is parked; default 20
}

// maxAckPending bounds what all processes together hold of one partition.
const maxAckPending = 1024

func (c ConsumerConfig) withDefaults() ConsumerConfig {
	if c.Workers == 0 {
		c.Workers = runtime.GOMAXPROCS(0)
	}
	if c.MaxPending == 0 {
		c.MaxPending = 256
	}
	if c.AckWait == 0 {
		c.AckWait = 30 * time.Second
	}
	if c.MaxDeliver == 0 {
		c.MaxDeliver = 20
	}
	return c
}

// Validate reports the first setting that cannot work.
func (c ConsumerConfig) Validate() error {
	c = c.withDefaults()
	switch {
	case c.Workers < 1 || c.MaxDeliver < 1:
		return barometer.Errorf(barometer.Invalid, "consumer: workers and max_deliver must be at least 1")
	case c.MaxPending < barometer.Partitions || c.MaxPending > maxAckPending*barometer.Partitions:
		return barometer.Errorf(barometer.Invalid, "consumer: max_pending %d: want %d to %d", c.MaxPending, barometer.Partitions, maxAckPending*barometer.Partitions)
	case c.AckWait < 300*time.Millisecond:
		return barometer.Errorf(barometer.Invalid, "consumer: ack_wait %s: want at least 300ms", c.AckWait)
	}
	return nil
}

const (
	// fetchWait is how long a request for messages stays open; also how long Run needs at most to stop when idle.
	fetchWait = time.Second
	// errorWait is the pause after a failed request, and before a message that could not be parked comes again.
	errorWait = 500 * time.Millisecond
	// sweepEvery is how often an idle partition is swept.
	sweepEvery = 10 * time.Second
)

// Consumer shares the mentions of the stream with all other consumers of the same prefix, in any number of processes.
type Consumer struct {
	s      *Stream
	config ConsumerConfig

	mu      sync.Mutex
	pending map[*Delivery]struct{} // kept alive by heartbeats
}

// Consumer returns an inert consumer; Run makes it work.
func (s *Stream) Consumer(c ConsumerConfig) (*Consumer, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	return &Consumer{s: s, config: c.withDefaults(), pending: make(map[*Delivery]struct{})}, nil
}

// Run calls handle for each message, up to Workers at once, until ctx ends; it then gives back what was not handed out,
// waits for the handlers and returns ctx's error. It survives restarts of the server.
//
// A handler owns its delivery: somebody must call exactly one of Ack, Retry and Park, from any goroutine and in any
// order, also after Run has returned. Until then the delivery is kept from coming again by heartbeats and counts
// against MaxPending, which is what holds the analysis back when the store is slow. A handler that panics has its
// message parked.
func (c *Consumer) Run(ctx context.Context, handle func(context.Context, *Delivery)) error {
	g, ctx := errgroup.WithContext(ctx)
	work := make(chan *Delivery)
	var fetchers sync.WaitGroup
	for partition := range barometer.Partitions {
		fetchers.Add(1)
		g.Go(func() error {
			defer fetchers.Done()
			return c.fetch(ctx, partition, work)
		})
	}
	g.Go(func() error {
		fetchers.Wait()
		close(work)
		return nil
	})
	for range c.config.Workers {
		g.Go(func() error {
			for d := range work {
				c.handle(ctx, d, handle)
			}
			return nil
		})
	}
	stop := make(chan struct{})
	var beats sync.WaitGroup
	beats.Go(func() { c.keepAlive(stop) })
	err := g.Wait()
	close(stop)
	beats.Wait()
	return err
}

// fetch brings the messages of one partition, never more than there are slots for, so that none ages in a buffer.
func (c *Consumer) fetch(ctx context.Context, partition int, work chan<- *Delivery) error {
	slots := make(chan struct{}, max(1, c.config.MaxPending/barometer.Partitions))
	var consumer jetstream.Consumer
	var swept time.Time
	for ctx.Err() == nil {
		if !c.s.conn.IsConnected() { // a request made now would only age in a buffer
			select {
			case <-ctx.Done():
			case <-time.After(errorWait / 5):
			}
			continue
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case slots <- struct{}{}:
		}
		n := 1
		for more := true; more && n < cap(slots); {
			select {
			case slots <- struct{}{}:
				n++
			default:
				more = false
			}
		}
		var err error
		if consumer == nil {
			consumer, err = c.attach(ctx, partition)
		}
		if err == nil {
			var got int
			got, err = c.fetchOnce(ctx, consumer, n, slots, work)
			n -= got
			if err == nil && got == 0 && time.Since(swept) >= sweepEvery {
				swept = time.Now()
				err = c.sweep(ctx, consumer, partition)
			}
		}
		for range n {
			<-slots
		}
		if err != nil && ctx.Err() == nil {
			c.s.log.Warn("cannot fetch mentions", "partition", partition, "error", err)
			consumer = nil // it may be gone with the server's data
			select {
			case <-ctx.Done():
			case <-time.After(errorWait):
			}
		}
	}
	return ctx.Err()
}

// attach creates the partition's consumer on the server if it is not there.
func (c *Consumer) attach(ctx context.Context, partition int) (jetstream.Consumer, error) {
	return c.s.attach(ctx, c.s.mentionsStream(), jetstream.ConsumerConfig{
		Durable:       "analyze-" + strconv.Itoa(partition),
		FilterSubject: c.s.mentionsSubject(partition),
		AckPolicy:     jetstream.AckExplicitPolicy,
		AckWait:       c.config.AckWait,
		MaxAckPending: maxAckPending,
		MaxDeliver:    -1, // counted here, because the server would drop the message instead of parking it
	})
}

// sweep removes messages that were acknowledged and are there nevertheless. A server that is killed may have written down
// the acknowledgement and not the removal: such a message is never delivered again, so it would keep its text and its
// place for ever.
func (c *Consumer) sweep(ctx context.Context, consumer jetstream.Consumer, partition int) error {
	info, err := consumer.Info(ctx)
	if err != nil {
		return fmt.Errorf("read acknowledgements: %w", err)
	}
	stream, err := c.s.js.Stream(ctx, c.s.mentionsStream())
	if err != nil {
		return fmt.Errorf("read stream: %w", err)
	}
	floor := info.AckFloor.Stream // everything of the partition up to here is acknowledged
	if state := stream.CachedInfo().State; state.Msgs == 0 || state.FirstSeq > floor {
		return nil
	}
	if err := stream.Purge(ctx, jetstream.WithPurgeSubject(c.s.mentionsSubject(partition)), jetstream.WithPurgeSequence(floor+1)); err != nil {
		return fmt.Errorf("remove acknowledged messages: %w", err)
	}
	return nil
}

// fetchOnce asks for n messages and passes on those that come. It returns how many slots they keep.
func (c *Consumer) fetchOnce(ctx context.Context, consumer jetstream.Consumer, n int, slots <-chan struct{}, work chan<- *Delivery) (int, error) {
	batch, err := consumer.Fetch(n, jetstream.FetchMaxWait(fetchWait))
	if err != nil {
		return 0, err
	}
	got := 0
	for msg := range batch.Messages() {
		got++
		d := &Delivery{consumer: c, msg: msg, release: sync.OnceFunc(func() { <-slots })}
		if meta, err := msg.Metadata(); err == nil {
			d.Attempt, d.sequence = meta.NumDelivered, meta.Sequence.Stream
		}
		c.add(d)
		select {
		case work <- d:
		case <-ctx.Done(): // chosen at random when a worker is free too, which does no harm
			_ = d.Retry(0) // to another process, or to the next start
		}
	}
	err = batch.Error()
	if errors.Is(err, jetstream.ErrNoMessages) || errors.Is(err, context.DeadlineExceeded) {
		err = nil
	}
	return got, err
}

func (c *Consumer) handle(ctx context.Context, d *Delivery, handle func(context.Context, *Delivery)) {
	if d.Attempt > uint64(c.config.MaxDeliver) {
		c.park(d, ReasonExhausted)
		return
	}
	mentions, err := decodeMentions(d.msg.Headers(), d.msg.Data())
	if err != nil {
		c.s.log.Error("message cannot be read", "sequence", d.sequence, "error", err)
		c.park(d, ReasonUndecodable)
		return
	}
	d.Mentions = mentions
	if d.Attempt > 1 {
		c.s.metrics.deliveries.WithLabelValues("repeated").Inc()
	}
	defer func() {
		if p := recover(); p != nil {
			// The value of the panic may quote the text, the stack does not.
			c.s.log.Error("handler panicked", "sequence", d.sequence, "stack", string(debug.Stack()))
			c.park(d, ReasonPanic)
		}
	}()
	handle(ctx, d)
}

func (c *Consumer) park(d *Delivery, reason string) {
	if err := d.Park(reason); err != nil {
		c.s.log.Error("message cannot be parked", "sequence", d.sequence, "reason", reason, "error", err)
	}
}

func (c *Consumer) add(d *Delivery) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pending[d] = struct{}{}
}

// remove says whether d was still pending.
func (c *Consumer) remove(d *Delivery) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, ok := c.pending[d]
	delete(c.pending, d)
	return ok
}

// keepAlive tells the server that pending deliveries are being worked on.
func (c *Consumer) keepAlive(stop <-chan struct{}) {
	tick := time.NewTicker(c.config.AckWait / 3)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
		}
		c.mu.Lock()
		pending := make([]*Delivery, 0, len(c.pending))
		for d := range c.pending {
			pending = append(pending, d)
		}
		c.mu.Unlock()
		for _, d := range pending {
			if err := d.msg.InProgress(); err != nil && !errors.Is(err, jetstream.ErrMsgAlreadyAckd) {
				c.s.log.Warn("cannot keep deliveries alive", "pending", len(pending), "error", err)
				break
			}
		}
	}
}

// errSettled is the answer to a second Ack, Retry or Park.
var errSettled = errors.New("the delivery was settled before")

// Delivery is one message on loan from the stream.
type Delivery struct {
	Mentions []barometer.Mention // 1 to 200, of one partition
	Attempt  uint64              // 1 for the first delivery

	consumer *Consumer
	msg      jetstream.Msg
	sequence uint64
	release  func()
}

// settle ends the loan by answer; it fails if it was ended before.
func (d *Delivery) settle(outcome string, answer func() error) error {
	if !d.consumer.remove(d) {
		return fmt.Errorf("%s: %w", outcome, errSettled)
	}
	defer d.release()
	d.consumer.s.metrics.deliveries.WithLabelValues(outcome).Inc()
	if err := answer(); err != nil {
		return explain(outcome, err)
	}
	return nil
}

// Ack removes the message from the stream: its rows are durable. An acknowledgement lost on the way only has the message
// come again.
func (d *Delivery) Ack() error { return d.settle("acknowledge", d.msg.Ack) }

// Retry gives the message back, to come again after delay.
func (d *Delivery) Retry(delay time.Duration) error {
	return d.settle("retry", func() error {
		if delay <= 0 {
			return d.msg.Nak()
		}
		return d.msg.NakWithDelay(delay)
	})
}

// Park moves the message to the dead letters, as it came. The reason is a short word of letters, digits and dashes, such
// as the Reason constants. If the message cannot be stored there it comes again.
func (d *Delivery) Park(reason string) error {
	return d.settle("park", func() error {
		if err := d.consumer.s.bury(d.msg, d.sequence, reason, d.Attempt); err != nil {
			return errors.Join(err, d.msg.NakWithDelay(errorWait))
		}
		return d.msg.TermWithReason(reason)
	})
}
