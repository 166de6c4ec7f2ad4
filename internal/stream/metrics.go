package stream

import "github.com/prometheus/client_golang/prometheus"

// metrics counts what passes. Labels have few values, none of them from outside.
type metrics struct {
	connected  prometheus.Gauge
	published  prometheus.Counter
	waits      *prometheus.CounterVec
	deliveries *prometheus.CounterVec
	parked     *prometheus.CounterVec
	leading    *prometheus.GaugeVec
}

func newMetrics(reg prometheus.Registerer) *metrics {
	m := &metrics{
		connected:  prometheus.NewGauge(prometheus.GaugeOpts{Name: "barometer_stream_connected", Help: "Whether NATS can be reached."}),
		published:  prometheus.NewCounter(prometheus.CounterOpts{Name: "barometer_stream_published_mentions_total", Help: "Mentions durably published."}),
		waits:      prometheus.NewCounterVec(prometheus.CounterOpts{Name: "barometer_stream_publish_waits_total", Help: "Refused or unanswered publications that were tried again."}, []string{"reason"}),
		deliveries: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "barometer_stream_deliveries_total", Help: "Messages of mentions by what became of them."}, []string{"outcome"}),
		parked:     prometheus.NewCounterVec(prometheus.CounterOpts{Name: "barometer_stream_parked_total", Help: "Messages moved to the dead letters."}, []string{"reason"}),
		leading:    prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "barometer_stream_leading", Help: "Whether this process holds the lease."}, []string{"lease"}),
	}
	if reg != nil {
		reg.MustRegister(m.connected, m.published, m.waits, m.deliveries, m.parked, m.leading)
	}
	return m
}
