package source

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"barometer/internal/barometer"
)

// metrics counts what sources bring and how they fare. Labels are ids and kinds from the configuration, never
// addresses or texts.
type metrics struct {
	reads    *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	posts    *prometheus.CounterVec
	mentions *prometheus.CounterVec
	skipped  *prometheus.CounterVec
	state    *prometheus.GaugeVec
}

// newMetrics registers with reg; nil counts without showing.
func newMetrics(reg prometheus.Registerer) *metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "barometer_source_" + name, Help: help}, labels)
	}
	m := &metrics{
		reads: counter("reads_total", "Reads of a source by the state they left it in.", "source", "kind", "state"),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "barometer_source_read_seconds", Help: "Time of a read.",
			Buckets: []float64{.01, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60}}, []string{"kind"}),
		posts:    counter("posts_total", "Posts delivered.", "source", "kind"),
		mentions: counter("mentions_total", "Posts that passed the gate as mentions.", "source", "kind"),
		skipped:  counter("skipped_total", "Items that could not be used.", "source", "kind"),
		state: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "barometer_source_heard",
			Help: "1 when the source was heard at the last look, 0.5 when it was silent, 0 when it was blind or is disabled."}, []string{"source", "kind"}),
	}
	if reg != nil {
		reg.MustRegister(m.reads, m.seconds, m.posts, m.mentions, m.skipped, m.state)
	}
	return m
}

// observed counts one observation; took is 0 while a stream is followed.
func (m *metrics) observed(h *barometer.SourceHealth, skipped int, took time.Duration) {
	heard := map[barometer.SourceState]float64{barometer.SourceHealthy: 1, barometer.SourceSilent: 0.5}[h.State]
	m.state.WithLabelValues(h.Source, h.Kind).Set(heard)
	m.posts.WithLabelValues(h.Source, h.Kind).Add(float64(h.Posts))
	m.mentions.WithLabelValues(h.Source, h.Kind).Add(float64(h.Mentions))
	m.skipped.WithLabelValues(h.Source, h.Kind).Add(float64(skipped))
	if took > 0 {
		m.reads.WithLabelValues(h.Source, h.Kind, string(h.State)).Inc()
		m.seconds.WithLabelValues(h.Kind).Observe(took.Seconds())
	}
}

// forget drops the series of a source that is no longer configured.
func (m *metrics) forget(source string) {
	by := prometheus.Labels{"source": source}
	m.reads.DeletePartialMatch(by)
	m.posts.DeletePartialMatch(by)
	m.mentions.DeletePartialMatch(by)
	m.skipped.DeletePartialMatch(by)
	m.state.DeletePartialMatch(by)
}
