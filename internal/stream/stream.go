package stream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync/atomic"
	"time"

	"barometer/internal/barometer"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
)

const (
	reconnectWait  = 250 * time.Millisecond
	requestTimeout = 5 * time.Second
)

// Stream is a connection to NATS with the project's streams and buckets in place. It is safe for concurrent use and
// reconnects for ever.
type Stream struct {
	config  Config
	log     *slog.Logger
	metrics *metrics
	conn    *nats.Conn
	js      jetstream.JetStream
	session atomic.Pointer[session]
}

// session is the time from one connection to the next. What was asked in an earlier one may never be answered.
type session struct {
	context.Context
	end context.CancelFunc
}

func (s *Stream) nextSession() {
	ctx, end := context.WithCancel(context.Background())
	if old := s.session.Swap(&session{ctx, end}); old != nil {
		old.end()
	}
}

// Open connects, creates or updates what is missing, and waits for the server until ctx ends. Metrics are registered
// with reg unless it is nil.
func Open(ctx context.Context, c Config, log *slog.Logger, reg prometheus.Registerer) (*Stream, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	c = c.withDefaults()
	s := &Stream{config: c, log: log, metrics: newMetrics(reg)}
	s.nextSession()
	var err error
	if s.conn, err = s.connect(ctx); err != nil {
		return nil, barometer.Errorf(barometer.Unavailable, "connect to nats: %w", err)
	}
	if s.js, err = jetstream.New(s.conn, jetstream.WithDefaultTimeout(requestTimeout)); err != nil {
		s.conn.Close()
		return nil, fmt.Errorf("connect to nats: %w", err)
	}
	if err := s.ensure(ctx); err != nil {
		s.conn.Close()
		return nil, err
	}
	return s, nil
}

// RequestWithContext sends a message and waits for the answer: for plug-ins that listen on a subject of their own.
func (s *Stream) RequestWithContext(ctx context.Context, subject string, data []byte) (*nats.Msg, error) {
	return s.conn.RequestWithContext(ctx, subject, data)
}

// Close ends the connection. Deliveries that are not acknowledged by then will come again.
func (s *Stream) Close() error {
	err := s.conn.FlushTimeout(time.Second) // acknowledgements may still be in the buffer
	s.conn.Close()
	s.session.Load().end()
	if err != nil && !errors.Is(err, nats.ErrConnectionClosed) {
		return fmt.Errorf("close nats connection: %w", err)
	}
	return nil
}

func (s *Stream) connect(ctx context.Context) (*nats.Conn, error) {
	up := make(chan struct{}, 1)
	options := []nats.Option{
		nats.Name("barometer"),
		nats.RetryOnFailedConnect(true),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(reconnectWait),
		nats.ReconnectJitter(reconnectWait, reconnectWait),
		nats.PingInterval(10 * time.Second),
		nats.MaxPingsOutstanding(2),
		// A new password after a restart of the server is the operator's to give; until then keep trying.
		nats.IgnoreAuthErrorAbort(),
		nats.ConnectHandler(func(*nats.Conn) { up <- struct{}{}; s.metrics.connected.Set(1) }),
		nats.ReconnectHandler(func(*nats.Conn) {
			s.nextSession()
			s.metrics.connected.Set(1)
			s.log.Info("nats connected again")
		}),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			s.metrics.connected.Set(0)
			if err != nil {
				s.log.Warn("nats connection lost", "error", err)
			}
		}),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { s.log.Warn("nats", "error", err) }),
	}
	if s.config.User != "" || !s.config.Password.IsZero() {
		options = append(options, nats.UserInfo(s.config.User, s.config.Password.Reveal()))
	}
	if s.config.Credentials != "" {
		options = append(options, nats.UserCredentials(s.config.Credentials))
	}
	if s.config.CA != "" {
		options = append(options, nats.RootCAs(s.config.CA))
	}
	conn, err := nats.Connect(s.config.URL, options...)
	if err != nil {
		return nil, err
	}
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case <-up:
			return conn, nil
		case <-look.C:
			if err := conn.LastError(); errors.Is(err, nats.ErrAuthorization) {
				conn.Close()
				return nil, err // at the start this is a mistake to report, not to wait out
			}
		case <-ctx.Done():
			err := ctx.Err()
			if last := conn.LastError(); last != nil {
				err = fmt.Errorf("%w: %w", err, last)
			}
			conn.Close()
			return nil, err
		}
	}
}

// Subject and stream names.
func (s *Stream) mentionsSubject(partition int) string {
	return s.config.Prefix + ".mentions." + strconv.Itoa(partition)
}
func (s *Stream) healthSubject() string            { return s.config.Prefix + ".health" }
func (s *Stream) deadSubject(reason string) string { return s.config.Prefix + ".dead." + reason }
func (s *Stream) mentionsStream() string           { return s.config.Prefix + "-mentions" }
func (s *Stream) healthStream() string             { return s.config.Prefix + "-health" }
func (s *Stream) deadStream() string               { return s.config.Prefix + "-dead" }
func (s *Stream) cursorsBucket() string            { return s.config.Prefix + "-cursors" }
func (s *Stream) leasesBucket() string             { return s.config.Prefix + "-leases" }

// ensure creates streams and buckets or brings their limits up to date. It may run in several processes at once.
func (s *Stream) ensure(ctx context.Context) error {
	c := s.config
	for _, sc := range []jetstream.StreamConfig{
		{
			Name:        s.mentionsStream(),
			Description: "mentions waiting for analysis",
			Subjects:    []string{s.config.Prefix + ".mentions.*"},
			Retention:   jetstream.WorkQueuePolicy,
			Discard:     jetstream.DiscardNew, // never lose what was acknowledged: no age limit either
			MaxBytes:    c.MaxBytes,
			Duplicates:  dedupeWindow,
		},
		{
			Name:        s.healthStream(),
			Description: "observations of sources",
			Subjects:    []string{s.healthSubject()},
			Retention:   jetstream.WorkQueuePolicy,
			Discard:     jetstream.DiscardOld,
			MaxBytes:    healthMaxBytes,
			MaxAge:      healthMaxAge,
			Duplicates:  dedupeWindow,
		},
		{
			Name:        s.deadStream(),
			Description: "messages that could not be read or processed",
			Subjects:    []string{s.deadSubject("*")},
			Retention:   jetstream.LimitsPolicy,
			Discard:     jetstream.DiscardNew,
			MaxBytes:    c.DeadMaxBytes,
			MaxAge:      c.DeadMaxAge,
			Duplicates:  dedupeWindow,
			AllowDirect: true,
		},
	} {
		sc.Storage, sc.Replicas = jetstream.FileStorage, c.Replicas
		if _, err := s.js.CreateOrUpdateStream(ctx, sc); err != nil {
			return explain(fmt.Sprintf("create stream %s", sc.Name), err)
		}
	}
	for _, kc := range []jetstream.KeyValueConfig{
		{Bucket: s.cursorsBucket(), Description: "how far each source was read"},
		{Bucket: s.leasesBucket(), Description: "who leads", TTL: c.LeaseTTL},
	} {
		kc.Storage, kc.Replicas = jetstream.FileStorage, c.Replicas
		if _, err := s.js.CreateOrUpdateKeyValue(ctx, kc); err != nil {
			return explain(fmt.Sprintf("create bucket %s", kc.Bucket), err)
		}
	}
	return nil
}

// attach returns the durable consumer, creating what is missing: also the streams, when the server came back without
// its data.
func (s *Stream) attach(ctx context.Context, stream string, c jetstream.ConsumerConfig) (jetstream.Consumer, error) {
	consumer, err := s.js.CreateOrUpdateConsumer(ctx, stream, c)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		if err := s.ensure(ctx); err != nil {
			return nil, err
		}
		consumer, err = s.js.CreateOrUpdateConsumer(ctx, stream, c)
	}
	if err != nil {
		return nil, explain("create consumer", err)
	}
	return consumer, nil
}

// State is how much waits in the streams.
type State struct {
	Connected    bool   `json:"connected"`
	Messages     uint64 `json:"messages"`  // of mentions, waiting or being analysed
	Bytes        uint64 `json:"bytes"`     // of mentions
	MaxBytes     int64  `json:"max_bytes"` // at which sources begin to wait
	Dead         uint64 `json:"dead"`      // messages parked
	HealthEvents uint64 `json:"health_events"`
}

// State asks the server.
func (s *Stream) State(ctx context.Context) (State, error) {
	state := State{Connected: s.conn.IsConnected()}
	var infos [3]*jetstream.StreamInfo
	for i, name := range []string{s.mentionsStream(), s.deadStream(), s.healthStream()} {
		stream, err := s.js.Stream(ctx, name) // fetches the information
		if err != nil {
			return state, explain("read state of stream "+name, err)
		}
		infos[i] = stream.CachedInfo()
	}
	state.Messages, state.Bytes, state.MaxBytes = infos[0].State.Msgs, infos[0].State.Bytes, infos[0].Config.MaxBytes
	state.Dead, state.HealthEvents = infos[1].State.Msgs, infos[2].State.Msgs
	return state, nil
}

// Error codes of the server that the client library gives no name.
const (
	codeAccountResources = 10002
	codeInsufficient     = 10023
	codeStorageResources = 10047
	codeStoreFailed      = 10077 // "maximum bytes exceeded" and its like
)

// full says that the server refused a message because a limit is reached.
func full(err error) bool {
	api, ok := errors.AsType[*jetstream.APIError](err)
	if !ok {
		return false
	}
	switch api.ErrorCode {
	case codeAccountResources, codeInsufficient, codeStorageResources, codeStoreFailed:
		return true
	}
	return false
}

// explain wraps err with what was being done and gives it the kind that says what to do.
func explain(doing string, err error) error {
	kind := barometer.Unavailable
	switch {
	case full(err):
		kind = barometer.Exhausted
	case errors.Is(err, nats.ErrMaxPayload), errors.Is(err, jetstream.ErrStreamMessageExceedsMaximum):
		kind = barometer.Invalid
	}
	return barometer.Errorf(kind, "%s: %w", doing, err)
}
