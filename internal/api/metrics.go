package api

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics counts by route pattern and status; nothing in them names a question or a caller. Organisations are named by
// barometers alone.
type metrics struct {
	requests  *prometheus.CounterVec
	durations *prometheus.HistogramVec
	hits      prometheus.Counter
	misses    prometheus.Counter
}

func newMetrics(registry *prometheus.Registry, live *liveFeed) (*metrics, error) {
	answers := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "barometer_http_answers_total", Help: "Answers that could be shared, by whether one was kept already.",
	}, []string{"kept"})
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "barometer_http_requests_total", Help: "Requests by route and status.",
		}, []string{"route", "status"}),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "barometer_http_request_seconds", Help: "Time to answer by route; live streams count when they end.",
			Buckets: []float64{.0005, .002, .01, .05, .2, 1, 5, 30},
		}, []string{"route"}),
		hits:   answers.WithLabelValues("yes"),
		misses: answers.WithLabelValues("no"),
	}
	clients := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "barometer_http_live_clients", Help: "Open live streams.",
	}, func() float64 { return float64(live.clients.Load()) })
	var errs []error
	for _, c := range []prometheus.Collector{m.requests, m.durations, answers, clients} {
		errs = append(errs, registry.Register(c))
	}
	return m, errors.Join(errs...)
}

func (m *metrics) request(route string, status int, took time.Duration) {
	m.requests.WithLabelValues(route, strconv.Itoa(status)).Inc()
	m.durations.WithLabelValues(route).Observe(took.Seconds())
}

func (m *metrics) cached(hit bool) {
	if hit {
		m.hits.Inc()
		return
	}
	m.misses.Inc()
}

func (m *metrics) handler(registry *prometheus.Registry) http.Handler {
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
}
