package app

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"barometer/internal/barometer"
	"barometer/internal/gate"
	"barometer/internal/privacy"
	"barometer/internal/service"
	"barometer/internal/source"
	"barometer/internal/stream"

	"github.com/prometheus/client_golang/prometheus"
)

// ingestion is the first stage as a process part: sources, gate, stream.
type ingestion struct {
	gate   *gate.Gate
	runner *source.Runner
}

// gateSink puts what passes the gate into the stream.
type gateSink struct {
	gate      *gate.Gate
	publisher *stream.Publisher
}

// Publish implements source.Sink.
func (s gateSink) Publish(ctx context.Context, posts []barometer.Post) (int, error) {
	mentions := s.gate.Apply(posts)
	if len(mentions) == 0 {
		return 0, nil
	}
	return len(mentions), s.publisher.Publish(ctx, mentions)
}

// newGate opens the keys of pseudonyms in the data directory and builds the gate for the configured organisations.
func newGate(c *Config, reg prometheus.Registerer) (*gate.Gate, error) {
	if err := os.MkdirAll(c.DataDir, 0o700); err != nil { // against external engines nobody else has made it
		return nil, fmt.Errorf("make the data directory: %w", err)
	}
	pseudonyms, err := privacy.OpenPseudonymiser(c.DataDir)
	if err != nil {
		return nil, fmt.Errorf("open the keys of pseudonyms: %w", err)
	}
	g, err := gate.New(c.Gate, pseudonyms, newGateMetrics(reg))
	if err != nil {
		return nil, fmt.Errorf("gate: %w", err)
	}
	return g, replaceOrganisations(c, g)
}

func replaceOrganisations(c *Config, g *gate.Gate) error {
	listeners, err := c.organisations(time.Now())
	if err != nil {
		return err
	}
	return g.Replace(plain(listeners))
}

func plain(listeners []listener) []barometer.Organisation {
	out := make([]barometer.Organisation, len(listeners))
	for i, l := range listeners {
		out[i] = l.Organisation
	}
	return out
}

// startIngest adds the ingest stage to the group.
func startIngest(ctx context.Context, c *Config, g *service.Group, s *stream.Stream, log *slog.Logger, reg prometheus.Registerer) (*ingestion, error) {
	in := &ingestion{}
	var err error
	if in.gate, err = newGate(c, reg); err != nil {
		return nil, err
	}
	client, err := source.NewClient(c.HTTP)
	if err != nil {
		return nil, fmt.Errorf("http: %w", err)
	}
	g.Close("http client", func(context.Context) error { client.Close(); return nil })
	cursors, err := s.Cursors(ctx)
	if err != nil {
		return nil, fmt.Errorf("open cursors: %w", err)
	}
	in.runner = source.NewRunner(source.Deps{Sink: gateSink{in.gate, s.Publisher()}, Cursors: cursors, Health: s.Publisher(), HTTP: client, Log: log})
	if err := in.runner.Set(c.Sources); err != nil {
		return nil, fmt.Errorf("sources: %w", err)
	}
	g.Go("sources", in.runner.Run)
	return in, nil
}

// replace takes the organisations and sources of another configuration. Both are validated before either is taken.
func (in *ingestion) replace(c *Config) error {
	if err := source.ValidateAll(c.Sources); err != nil {
		return fmt.Errorf("sources: %w", err)
	}
	if err := replaceOrganisations(c, in.gate); err != nil {
		return err
	}
	return in.runner.Set(c.Sources)
}

// gateMetrics counts what the gate does. The labels are reasons and kinds, never anything of a post.
type gateMetrics struct {
	matched           prometheus.Counter
	dropped, redacted *prometheus.CounterVec
}

func newGateMetrics(reg prometheus.Registerer) *gateMetrics {
	m := &gateMetrics{
		matched:  prometheus.NewCounter(prometheus.CounterOpts{Name: "barometer_gate_mentions_total", Help: "Posts that passed the gate."}),
		dropped:  prometheus.NewCounterVec(prometheus.CounterOpts{Name: "barometer_gate_dropped_total", Help: "Posts that did not pass the gate, by reason."}, []string{"reason"}),
		redacted: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "barometer_gate_redacted_total", Help: "Identifiers redacted, by kind."}, []string{"kind"}),
	}
	if reg != nil {
		reg.MustRegister(m.matched, m.dropped, m.redacted)
	}
	return m
}

func (m *gateMetrics) Matched(n int) { m.matched.Add(float64(n)) }
func (m *gateMetrics) Dropped(reason string, n int) {
	m.dropped.WithLabelValues(reason).Add(float64(n))
}
func (m *gateMetrics) Redacted(kind string, n int) { m.redacted.WithLabelValues(kind).Add(float64(n)) }

// catalogue is what the API shows of the configuration; a reload replaces it.
type catalogue struct {
	mu            sync.RWMutex
	organisations []barometer.Organisation
}

func newCatalogue(c *Config) (*catalogue, error) {
	k := &catalogue{}
	return k, k.replace(c)
}

func (k *catalogue) replace(c *Config) error {
	listeners, err := c.organisations(time.Now())
	if err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.organisations = plain(listeners)
	return nil
}

// Organisations returns those of the configuration in use.
func (k *catalogue) Organisations() []barometer.Organisation {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.organisations
}
