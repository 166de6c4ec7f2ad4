package api

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"barometer/internal/api/web"
	"barometer/internal/barometer"
)

// barometers tells Prometheus how the organisations are doing. It reads the store when it is scraped: a number that is
// kept from earlier would look like one of now. What cannot be read is absent.
type barometers struct {
	store         emergenceReader
	organisations func() []barometer.Organisation

	pressure, at, blind, issues *prometheus.Desc
}

const scrapeTime = 3 * time.Second

func newBarometers(store emergenceReader, organisations func() []barometer.Organisation) *barometers {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("barometer_"+name, help, append([]string{"organisation"}, labels...), nil)
	}
	return &barometers{
		store: store, organisations: organisations,
		pressure: desc("reading_pressure", "The current reading, 0 to 100; absent while blind or before the first."),
		at:       desc("reading_timestamp_seconds", "When the current reading was made, in seconds since 1970."),
		blind:    desc("reading_blind", "1 while too little can be heard for a reading, else 0."),
		issues:   desc("issues", "Issues that are not resolved, by state and tier.", "state", "tier"),
	}
}

// Describe implements prometheus.Collector.
func (b *barometers) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{b.pressure, b.at, b.blind, b.issues} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (b *barometers) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTime)
	defer cancel()
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	for _, o := range b.organisations() {
		if r, err := b.store.ReadingAt(ctx, o.ID, "", time.Time{}); err == nil {
			gauge(b.at, float64(r.At.Unix()), o.ID)
			if r.Blind {
				gauge(b.blind, 1, o.ID)
			} else {
				gauge(b.blind, 0, o.ID)
				gauge(b.pressure, r.Pressure, o.ID)
			}
		}
		open, err := b.store.Issues(ctx, o.ID, time.Time{}, web.OpenStates)
		if err != nil {
			continue
		}
		counts := map[[2]string]float64{}
		for _, tier := range []string{"watch", "alert"} { // a state without issues is a zero, not an absence
			for _, state := range web.OpenStates {
				counts[[2]string{state, tier}] = 0
			}
		}
		for i := range open {
			counts[[2]string{open[i].State, open[i].Tier}]++
		}
		for key, n := range counts {
			gauge(b.issues, n, o.ID, key[0], key[1])
		}
	}
}
