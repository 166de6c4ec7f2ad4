package stream

import (
	"regexp"
	"time"

	"barometer/internal/barometer"
	"barometer/internal/service"
)

// Config says which NATS to use and how much the streams may hold. Zero fields take the defaults named beside them.
type Config struct {
	URL         string         `yaml:"url"`         // nats://host:port or tls://host:port, several separated by commas
	User        string         `yaml:"user"`        //
	Password    service.Secret `yaml:"password"`    //
	Credentials string         `yaml:"credentials"` // path of a .creds file, instead of user and password
	CA          string         `yaml:"ca"`          // path of a PEM file with the authorities to trust; default: the system's

	Prefix   string `yaml:"prefix"`    // of subjects, streams and buckets; default "barometer"
	Replicas int    `yaml:"replicas"`  // copies of everything in a cluster: 1, 3 or 5; default 1
	MaxBytes int64  `yaml:"max_bytes"` // of waiting mentions; beyond it sources wait; default 2 GiB

	DeadMaxBytes int64         `yaml:"dead_max_bytes"` // of dead letters; beyond it mentions cannot be parked; default 256 MiB
	DeadMaxAge   time.Duration `yaml:"dead_max_age"`   // after which dead letters are deleted unseen; default 30 days
	LeaseTTL     time.Duration `yaml:"lease_ttl"`      // how long a leader that fell silent keeps others waiting; default 10 s
}

const (
	healthMaxBytes = 64 << 20
	healthMaxAge   = 7 * 24 * time.Hour

	// dedupeWindow is how long the server remembers message ids.
	dedupeWindow = 2 * time.Minute
)

var prefixForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// withDefaults fills in the zero fields.
func (c Config) withDefaults() Config {
	if c.Prefix == "" {
		c.Prefix = "barometer"
	}
	if c.Replicas == 0 {
		c.Replicas = 1
	}
	if c.MaxBytes == 0 {
		c.MaxBytes = 2 << 30
	}
	if c.DeadMaxBytes == 0 {
		c.DeadMaxBytes = 256 << 20
	}
	if c.DeadMaxAge == 0 {
		c.DeadMaxAge = 30 * 24 * time.Hour
	}
	if c.LeaseTTL == 0 {
		c.LeaseTTL = 10 * time.Second
	}
	return c
}

// Validate reports the first setting that cannot work.
func (c Config) Validate() error {
	c = c.withDefaults()
	switch {
	case c.URL == "":
		return barometer.Errorf(barometer.Invalid, "nats.url is missing")
	case c.Credentials != "" && (c.User != "" || !c.Password.IsZero()):
		return barometer.Errorf(barometer.Invalid, "nats.credentials: give either this or user and password")
	case !prefixForm.MatchString(c.Prefix):
		return barometer.Errorf(barometer.Invalid, "nats.prefix %q: want up to 64 letters, digits, - or _", c.Prefix)
	case c.Replicas != 1 && c.Replicas != 3 && c.Replicas != 5:
		return barometer.Errorf(barometer.Invalid, "nats.replicas %d: want 1, 3 or 5", c.Replicas)
	case c.MaxBytes < 1<<20 || c.DeadMaxBytes < 1<<20:
		return barometer.Errorf(barometer.Invalid, "nats.max_bytes and nats.dead_max_bytes: want at least 1 MiB")
	case c.DeadMaxAge < time.Hour:
		return barometer.Errorf(barometer.Invalid, "nats.dead_max_age %s: want at least an hour", c.DeadMaxAge)
	case c.LeaseTTL < 500*time.Millisecond || c.LeaseTTL > time.Hour:
		return barometer.Errorf(barometer.Invalid, "nats.lease_ttl %s: want 500ms to 1h", c.LeaseTTL)
	}
	return nil
}
