package app

import (
	"fmt"
	"path/filepath"
	"regexp"
	"time"
	_ "time/tzdata" // organisations name time zones, and small machines have no zone files

	"barometer/internal/analyze"
	"barometer/internal/api"
	"barometer/internal/barometer"
	"barometer/internal/classify"
	"barometer/internal/embedded"
	"barometer/internal/emergence"
	"barometer/internal/gate"
	"barometer/internal/query"
	"barometer/internal/service"
	"barometer/internal/source"
	"barometer/internal/store"
	"barometer/internal/stream"
)

// Config is the configuration file. Each part is described where it is read; deploy/barometer.yaml shows all of them.
type Config struct {
	DataDir       string                `yaml:"data_dir"` // engines, keys and state of this machine; "" is "data"
	Log           service.LogConfig     `yaml:"log"`
	Organisations []Organisation        `yaml:"organisations"`
	Sources       []source.Config       `yaml:"sources"`
	HTTP          source.ClientConfig   `yaml:"http"`
	Gate          gate.Config           `yaml:"gate"`
	Analysis      analyze.Config        `yaml:"analysis"`
	Classifier    classify.Config       `yaml:"classifier"`
	Emergence     emergence.Config      `yaml:"emergence"`
	Workers       stream.ConsumerConfig `yaml:"workers"`
	Writer        store.WriterConfig    `yaml:"writer"`
	NATS          NATSConfig            `yaml:"nats"`
	ClickHouse    ClickHouseConfig      `yaml:"clickhouse"`
	API           api.Config            `yaml:"api"`
	Monitor       MonitorConfig         `yaml:"monitor"`
}

// Organisation is an entry of the configuration: what is listened for.
type Organisation struct {
	ID        string     `yaml:"id"` // 1 to 64 of a-z 0-9 - _ ; part of addresses and of every row
	Name      string     `yaml:"name"`
	Aliases   []string   `yaml:"aliases"`
	Handles   []string   `yaml:"handles"` // its own accounts: never redacted, never taken for a person
	Sites     []string   `yaml:"sites"`   // its own sites
	Query     string     `yaml:"query"`   // "" asks for name, aliases, handles and sites
	TimeZone  string     `yaml:"time_zone"`
	Exception *Exception `yaml:"exception"` // needed for a query that watches a person or one author
}

// Exception is the approval to watch what would otherwise be refused.
type Exception struct {
	Purpose    string    `yaml:"purpose"`
	ApprovedBy string    `yaml:"approved_by"` // a role, not a name
	Expires    time.Time `yaml:"expires"`
}

// NATSConfig says which NATS to use: an external one where url is set, the embedded one otherwise.
type NATSConfig struct {
	stream.Config `yaml:",inline"`
	Embedded      embedded.NATSConfig `yaml:"embedded"`
}

// ClickHouseConfig says which ClickHouse to use: an external one where addr is set, the embedded one otherwise.
type ClickHouseConfig struct {
	store.Config `yaml:",inline"`
	Password     service.Secret            `yaml:"password"`
	Embedded     embedded.ClickHouseConfig `yaml:"embedded"`
}

// MonitorConfig says where ingest and analyze answer /healthz, /readyz and /metrics; the API does so itself.
type MonitorConfig struct {
	Listen string `yaml:"listen"` // host:port; "" does not listen
}

var organisationID = regexp.MustCompile(`^[a-z0-9_-]{1,64}$`)

// LoadConfig reads and validates the file at path; "" gives the defaults without organisations and sources.
func LoadConfig(path string) (*Config, error) {
	c := &Config{}
	if path != "" {
		if err := service.LoadConfig(path, c); err != nil {
			return nil, err
		}
	}
	if err := c.Validate(); err != nil {
		if path != "" {
			err = fmt.Errorf("%s: %w", path, err)
		}
		return nil, err
	}
	return c, nil
}

// Validate completes the defaults and reports the first setting that cannot work.
func (c *Config) Validate() error {
	if c.DataDir == "" {
		c.DataDir = "data"
	}
	dir, err := filepath.Abs(c.DataDir)
	if err != nil {
		return barometer.Errorf(barometer.Invalid, "data_dir %q: %w", c.DataDir, err)
	}
	c.DataDir = dir
	c.NATS.Embedded.DataDir, c.ClickHouse.Embedded.DataDir = dir, dir
	if err := c.Log.Validate(); err != nil {
		return err
	}
	if err := c.HTTP.Validate(); err != nil {
		return fmt.Errorf("http: %w", err)
	}
	if err := c.Gate.Validate(); err != nil {
		return fmt.Errorf("gate: %w", err)
	}
	if err := source.ValidateAll(c.Sources); err != nil {
		return fmt.Errorf("sources: %w", err)
	}
	if _, err := c.organisations(time.Now()); err != nil {
		return err
	}
	if c.NATS.URL != "" {
		if err := c.NATS.Config.Validate(); err != nil {
			return fmt.Errorf("nats: %w", err)
		}
	} else if err := c.NATS.Embedded.Validate(); err != nil {
		return fmt.Errorf("nats: %w", err)
	}
	if c.ClickHouse.external() {
		if err := c.ClickHouse.Config.Validate(); err != nil {
			return fmt.Errorf("clickhouse: %w", err)
		}
	} else if err := c.ClickHouse.Embedded.Validate(); err != nil {
		return fmt.Errorf("clickhouse: %w", err)
	}
	if err := c.Analysis.Validate(); err != nil {
		return fmt.Errorf("analysis: %w", err)
	}
	if err := c.Classifier.Validate(); err != nil {
		return fmt.Errorf("classifier: %w", err)
	}
	if err := c.Emergence.Validate(); err != nil {
		return fmt.Errorf("emergence: %w", err)
	}
	if err := c.API.Validate(); err != nil {
		return fmt.Errorf("api: %w", err)
	}
	if err := c.Workers.Validate(); err != nil {
		return fmt.Errorf("workers: %w", err)
	}
	if err := c.Writer.Validate(); err != nil {
		return fmt.Errorf("writer: %w", err)
	}
	return nil
}

// listener is an organisation with its parsed query.
type listener struct {
	barometer.Organisation
	query *query.Query
}

// organisations parses every query and refuses those that watch a person without an exception that is still valid.
func (c *Config) organisations(now time.Time) ([]listener, error) {
	seen := map[string]bool{}
	out := make([]listener, 0, len(c.Organisations))
	for i, o := range c.Organisations {
		fail := func(kind barometer.Kind, err error) error {
			return barometer.Errorf(kind, "organisations[%d] %s: %w", i, o.ID, err)
		}
		switch {
		case !organisationID.MatchString(o.ID):
			return nil, fail(barometer.Invalid, fmt.Errorf("id %q: want 1 to 64 of a-z 0-9 - _", o.ID))
		case seen[o.ID]:
			return nil, fail(barometer.Invalid, fmt.Errorf("the id occurs twice"))
		case o.Name == "":
			return nil, fail(barometer.Invalid, fmt.Errorf("it has no name"))
		}
		seen[o.ID] = true
		if _, err := time.LoadLocation(o.TimeZone); err != nil {
			return nil, fail(barometer.Invalid, fmt.Errorf("time_zone %q: want an IANA name such as Europe/London", o.TimeZone))
		}
		l := listener{Organisation: barometer.Organisation{ID: o.ID, Name: o.Name, Aliases: o.Aliases, Handles: o.Handles,
			Sites: o.Sites, Query: o.Query, TimeZone: o.TimeZone}}
		var err error
		if l.query, err = query.ForOrganisation(l.Organisation); err != nil {
			return nil, fail(barometer.KindOf(err), err)
		}
		if err := query.GuardOrganisation(l.Organisation, l.query); err != nil {
			if err2 := o.Exception.allows(now); err2 != nil {
				return nil, fail(barometer.Refused, fmt.Errorf("%w (%w)", err, err2))
			}
		}
		l.Query = l.query.String()
		out = append(out, l)
	}
	return out, nil
}

// allows says why the exception does not cover the time now.
func (e *Exception) allows(now time.Time) error {
	switch {
	case e == nil:
		return fmt.Errorf("an approved exception would need purpose, approved_by and expires")
	case e.Purpose == "" || e.ApprovedBy == "" || e.Expires.IsZero():
		return fmt.Errorf("the exception needs purpose, approved_by and expires")
	case !now.Before(e.Expires):
		return fmt.Errorf("the exception expired on %s", e.Expires.Format(time.DateOnly))
	}
	return nil
}

// external says whether ClickHouse is somebody else's.
func (c *ClickHouseConfig) external() bool { return c.Addr != "" }

// needExternal refuses to start a single stage on embedded engines: other processes could not share them.
func (c *Config) needExternal(stage string, clickhouse bool) error {
	switch {
	case c.NATS.URL == "" && stage != "api":
		return invalid("%s runs against a NATS that several processes share: set nats.url (barometer nats starts one), or use barometer run", stage)
	case clickhouse && !c.ClickHouse.external():
		return invalid("%s runs against a ClickHouse that several processes share: set clickhouse.addr (barometer clickhouse starts one), or use barometer run", stage)
	}
	return nil
}
