package source

import (
	"time"

	"barometer/internal/barometer"
)

// Kind is what there is to know about a kind of source before one is built.
type Kind struct {
	New        func(Config, Env) (Source, error) // builds; starts, opens and fetches nothing
	Check      func(*Config) error               // the settings this kind needs or refuses
	Interval   time.Duration                     // between two polls, unless the entry says otherwise
	Follows    bool                              // Read follows a stream instead of fetching once
	Live       bool                              // new posts are expected all the time, so silence means something
	ExactDates bool                              // dates are the platform's own and never change
	Terms      string                            // what may be stored, for how long, and which analyses are allowed
}

// Env is what kinds are built with.
type Env struct {
	HTTP *Client
	Now  func() time.Time // nil is time.Now
}

// Kinds are all kinds of source. A new one is a line here and a file beside this one.
var Kinds = map[string]Kind{
	"feed": {
		New: newFeed, Check: wantURL, Interval: 15 * time.Minute, Live: true,
		Terms: "Published by its owner for readers. Text is stored with its address for as long as the retention " +
			"setting says; all analyses are allowed. There is no signal of deletion.",
	},
	"archive": {
		New: newArchiveSource, Check: wantPath, Interval: time.Minute, ExactDates: true,
		Terms: "A file the operator has. The terms under which it was collected hold for storage, duration and " +
			"analysis; deletions come as records with \"deleted\": true.",
	},
}

// Build validates the entry and builds its source without starting anything.
func Build(c Config, env Env) (Source, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if env.Now == nil {
		env.Now = time.Now
	}
	s, err := Kinds[c.Kind].New(c, env)
	if err != nil {
		return nil, barometer.Errorf(barometer.Invalid, "source %q: %w", c.ID, err)
	}
	return s, nil
}
