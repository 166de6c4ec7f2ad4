package classify

import "github.com/prometheus/client_golang/prometheus"

// metrics counts what became of the posts that were worth asking about.
type metrics struct {
	posts   *prometheus.CounterVec
	changed prometheus.Counter
	seconds prometheus.Histogram
}

func newMetrics(reg prometheus.Registerer) *metrics {
	m := &metrics{
		posts:   prometheus.NewCounterVec(prometheus.CounterOpts{Name: "barometer_classifier_posts_total", Help: "Posts worth asking the classifier about, by what became of it: answered, failed, late, over_share, paused."}, []string{"outcome"}),
		changed: prometheus.NewCounter(prometheus.CounterOpts{Name: "barometer_classifier_changed_total", Help: "Posts whose label of sentiment the classifier changed."}),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "barometer_classifier_request_seconds", Help: "Time of one request to the classifier.", Buckets: []float64{.005, .02, .1, .5, 1, 2, 5, 20}}),
	}
	if reg != nil {
		reg.MustRegister(m.posts, m.changed, m.seconds)
	}
	return m
}
