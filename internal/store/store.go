package store

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"barometer/internal/barometer"
	"barometer/schemas"
)

// Config says which ClickHouse to use. Addr is required.
type Config struct {
	Addr     string `yaml:"addr"`     // host:port of the native protocol; replicas of each other separated by commas
	User     string `yaml:"user"`     // zero: default
	Password string `yaml:"-"`        // a secret: the program fills it in
	Database string `yaml:"database"` // zero: barometer; created when it is not there

	QueryTime   time.Duration `yaml:"query_time"`   // longest time a reader's query may take; zero: 10 s
	QueryMemory int64         `yaml:"query_memory"` // bytes a reader's query may use; zero: 1 GB
	Connections int           `yaml:"connections"`  // open at most; zero: 16
}

var plainName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,62}$`)

// Validate reports the first setting that cannot work.
func (c *Config) Validate() error {
	switch {
	case c.Addr == "":
		return barometer.Errorf(barometer.Invalid, "clickhouse.addr: no address")
	case c.Database != "" && !plainName.MatchString(c.Database):
		return barometer.Errorf(barometer.Invalid, "clickhouse.database %q: want letters, digits and underscores", c.Database)
	case c.QueryTime < 0 || c.QueryTime > 0 && c.QueryTime < time.Second:
		return barometer.Errorf(barometer.Invalid, "clickhouse.query_time %v: want at least 1s, or 0 for 10s", c.QueryTime)
	case c.QueryMemory < 0:
		return barometer.Errorf(barometer.Invalid, "clickhouse.query_memory %d: want a number of bytes, or 0 for 1 GB", c.QueryMemory)
	case c.Connections < 0:
		return barometer.Errorf(barometer.Invalid, "clickhouse.connections %d: want a number, or 0 for 16", c.Connections)
	}
	return nil
}

func (c Config) withDefaults() Config {
	if c.Database == "" {
		c.Database = "barometer"
	}
	if c.QueryTime == 0 {
		c.QueryTime = 10 * time.Second
	}
	if c.QueryMemory == 0 {
		c.QueryMemory = 1_000_000_000
	}
	if c.Connections == 0 {
		c.Connections = 16
	}
	return c
}

// Store reads. Writing mentions is the business of a Writer, roll-ups that of a Roller. All methods may be called at
// the same time.
type Store struct {
	cfg Config
	db  driver.Conn
}

// Open prepares connections to the database; it does not connect yet. Call Migrate before anything else.
func Open(cfg Config) (*Store, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	db, err := dial(cfg, cfg.Database)
	if err != nil {
		return nil, err
	}
	return &Store{cfg: cfg, db: db}, nil
}

func dial(cfg Config, database string) (driver.Conn, error) {
	db, err := clickhouse.Open(&clickhouse.Options{
		Addr:             strings.Split(cfg.Addr, ","),
		Auth:             clickhouse.Auth{Database: database, Username: cfg.User, Password: cfg.Password},
		DialTimeout:      5 * time.Second,
		MaxOpenConns:     cfg.Connections,
		MaxIdleConns:     cfg.Connections,
		ConnOpenStrategy: clickhouse.ConnOpenInOrder,
	})
	if err != nil {
		return nil, barometer.Errorf(barometer.Invalid, "clickhouse: %w", err)
	}
	return db, nil
}

// Close closes the connections.
func (s *Store) Close() error { return s.db.Close() }

// Ping reports whether the server answers, as an error of kind Unavailable.
func (s *Store) Ping(ctx context.Context) error {
	return classify("ping", s.db.Ping(ctx))
}

// Migrate creates the database and brings the tables to the state that this program expects. It may run at every start
// and in several processes at once.
func (s *Store) Migrate(ctx context.Context) error {
	db, err := dial(s.cfg, "")
	if err != nil {
		return err
	}
	defer db.Close() //nolint:errcheck // nothing is pending on it
	exists, err := databaseExists(ctx, db, s.cfg.Database)
	if err != nil {
		return classify("migrate", err)
	}
	if !exists { // a user who may not create databases can still use one that an administrator made
		if err := db.Exec(ctx, query("create_database"), clickhouse.Named("database", s.cfg.Database)); err != nil {
			return classify("migrate: create database", err)
		}
	}
	migrations, err := Migrations()
	if err != nil {
		return err
	}
	for _, m := range migrations {
		if err := s.db.Exec(ctx, m.SQL); err != nil {
			return classify("migrate: "+m.Name, err)
		}
	}
	return nil
}

func databaseExists(ctx context.Context, db driver.Conn, name string) (bool, error) {
	var n uint64
	err := db.QueryRow(ctx, query("database_exists"), clickhouse.Named("database", name)).Scan(&n)
	return n > 0, err
}

// Migration is one statement that changes the tables. It is safe to run twice.
type Migration struct{ Name, SQL string }

// Migrations returns all migrations in the order in which they run.
func Migrations() ([]Migration, error) {
	files, err := fs.Glob(schemas.ClickHouse, "clickhouse/*.sql") // sorted by name
	if err != nil {
		return nil, fmt.Errorf("list migrations: %w", err)
	}
	var all []Migration
	for _, file := range files {
		b, err := schemas.ClickHouse.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("read migration: %w", err)
		}
		all = append(all, Migration{Name: strings.TrimPrefix(file, "clickhouse/"), SQL: string(b)})
	}
	return all, nil
}

//go:embed query/*.sql
var queries embed.FS

// query returns the text of query/name.sql. The names are constants and a test asks for all of them.
func query(name string) string {
	b, err := queries.ReadFile("query/" + name + ".sql")
	if err != nil {
		panic("store: " + err.Error()) // a misspelt constant
	}
	return string(b)
}

// reading bounds what a reader's query may cost.
func (s *Store) reading(ctx context.Context) context.Context {
	return clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{
		"max_execution_time": int(s.cfg.QueryTime / time.Second),
		"max_memory_usage":   s.cfg.QueryMemory,
	}))
}

// The server's error codes that matter here.
const (
	codeTimeout      = 159
	codeMemory       = 241
	codeTooManyParts = 252
	codeTooMany      = 202 // simultaneous queries
	codeReadOnlyDisk = 242
	codeSocket       = 209
	codeNetwork      = 210
	codeDiskFull     = 243
	codeShutdown     = 394 // the query was cancelled by the server
	codeAborted      = 236
)

// classify gives an error of the driver its kind: the server cannot be reached or is busy (try again), or our own
// tables or queries are broken.
func classify(doing string, err error) error {
	if err == nil {
		return nil
	}
	exception, ok := errors.AsType[*clickhouse.Exception](err)
	if !ok {
		return barometer.Errorf(barometer.Unavailable, "store: %s: %w", doing, err)
	}
	// The server quotes the query and with it what somebody searched for: keep the code and name alone.
	short := fmt.Errorf("clickhouse code %d (%s)", exception.Code, exception.Name)
	switch exception.Code {
	case codeTimeout, codeMemory, codeTooMany:
		return barometer.Errorf(barometer.Exhausted, "store: %s: the question is too large or the store too busy: %w", doing, short)
	case codeTooManyParts, codeReadOnlyDisk, codeSocket, codeNetwork, codeDiskFull, codeShutdown, codeAborted:
		return barometer.Errorf(barometer.Unavailable, "store: %s: %w", doing, short)
	}
	return fmt.Errorf("store: %s: %w", doing, &serverError{exception})
}

// serverError is a mistake of ours that the server refuses. Its text names columns and may quote values, so it is for
// tests and debuggers through errors.As; the message keeps to the code.
type serverError struct{ exception *clickhouse.Exception }

func (e *serverError) Error() string {
	return fmt.Sprintf("clickhouse code %d (%s)", e.exception.Code, e.exception.Name)
}

func (e *serverError) Unwrap() error { return e.exception }

// lasting reports whether trying again cannot help.
func lasting(err error) bool {
	_, ok := errors.AsType[*serverError](err)
	return ok
}
