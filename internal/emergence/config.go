package emergence

import (
	"time"

	"barometer/internal/barometer"
)

// Config of an Engine. The zero value of each field means the default named beside it.
type Config struct {
	TickEvery    time.Duration     `yaml:"tick_every"` // how often everything is computed: 5m. Ticks lie on multiples of it
	Warmup       time.Duration     `yaml:"warmup"`     // from the first post to the first issue: 672h (28 days). Readings begin after 7 days, or with it when it is shorter
	WatchP       float64           `yaml:"watch_p"`    // a term at or below this p-value is watched: 5e-5
	AlertQ       float64           `yaml:"alert_q"`    // false discovery rate of term alerts over the whole vocabulary: 0.05
	SeriesQ      float64           `yaml:"series_q"`   // false discovery rate of series alerts over all series and time: 0.10
	MaxTerms     int               `yaml:"max_terms"`  // tracked terms, 16 bytes each: 1048576
	MaxPosts     int               `yaml:"max_posts"`  // posts kept in the window of 24 hours: 100000
	ConcernNames map[string]string `yaml:"-"`          // names of concerns for the issues that they give rise to; their ids where absent
	Details      bool              `yaml:"details"`    // readings of sites, languages and concerns as well
	MaxSeries    int               `yaml:"max_series"` // series of concern by site, kind and language: 20000
}

// Validate says which setting is out of its range.
func (c Config) Validate() error {
	switch {
	case c.TickEvery < 0 || c.TickEvery > 24*time.Hour || c.TickEvery > 0 && c.TickEvery < time.Minute:
		return barometer.Errorf(barometer.Invalid, "tick_every %v: want 1m to 24h", c.TickEvery)
	case c.TickEvery > 0 && (24*time.Hour)%c.TickEvery != 0:
		return barometer.Errorf(barometer.Invalid, "tick_every %v: want a part of 24h, such as 15m or 1h", c.TickEvery)
	case c.Warmup < 0:
		return barometer.Errorf(barometer.Invalid, "warmup %v: want a positive duration", c.Warmup)
	case c.WatchP < 0 || c.WatchP > .05:
		return barometer.Errorf(barometer.Invalid, "watch_p %v: want a probability up to 0.05", c.WatchP)
	case c.AlertQ < 0 || c.AlertQ > .5:
		return barometer.Errorf(barometer.Invalid, "alert_q %v: want a rate up to 0.5", c.AlertQ)
	case c.SeriesQ < 0 || c.SeriesQ > .5:
		return barometer.Errorf(barometer.Invalid, "series_q %v: want a rate up to 0.5", c.SeriesQ)
	case c.MaxTerms < 0 || c.MaxPosts < 0 || c.MaxSeries < 0:
		return barometer.Errorf(barometer.Invalid, "max_terms, max_posts and max_series must not be negative")
	}
	return nil
}

func (c Config) withDefaults() Config {
	if c.TickEvery == 0 {
		c.TickEvery = 5 * time.Minute
	}
	if c.Warmup == 0 {
		c.Warmup = 28 * 24 * time.Hour
	}
	if c.WatchP == 0 {
		c.WatchP = 5e-5
	}
	if c.AlertQ == 0 {
		c.AlertQ = .05
	}
	if c.SeriesQ == 0 {
		c.SeriesQ = .1
	}
	if c.MaxTerms == 0 {
		c.MaxTerms = 1 << 20
	}
	if c.MaxPosts == 0 {
		c.MaxPosts = 100_000
	}
	if c.MaxSeries == 0 {
		c.MaxSeries = 20_000
	}
	return c
}
