package app

import (
	"context"
	"fmt"
	"log/slog"

	"barometer/internal/embedded"
	"barometer/internal/service"
	"barometer/internal/store"
	"barometer/internal/stream"

	"github.com/prometheus/client_golang/prometheus"
)

// engines are the two engines of a process, embedded or external, as clients see them.
type engines struct {
	cfg   *Config
	group *service.Group
	log   *slog.Logger
	reg   prometheus.Registerer // nil in commands that nobody watches
}

// lock takes the data directory for this process and gives it up last of all.
func (e *engines) lock() error {
	l, err := embedded.LockDataDir(e.cfg.DataDir)
	if err != nil {
		return err
	}
	e.group.Close("data directory", func(context.Context) error { return l.Release() })
	return nil
}

// stream opens the connection to NATS and starts the embedded server before where none is configured.
func (e *engines) stream(ctx context.Context) (*stream.Stream, error) {
	c := e.cfg.NATS.Config
	if c.URL == "" {
		n := e.cfg.NATS.Embedded
		n.Log = e.log
		server, err := embedded.StartNATS(ctx, n)
		if err != nil {
			return nil, err
		}
		e.group.Close("nats", func(context.Context) error { return server.Close() })
		c.URL, c.User, c.Password = server.URL(), server.User(), server.Password()
	}
	s, err := stream.Open(ctx, c, e.log, e.reg)
	if err != nil {
		return nil, fmt.Errorf("open stream: %w", err)
	}
	e.group.Close("stream", func(context.Context) error { return s.Close() })
	return s, nil
}

// store opens the database, brings its tables up to date, and starts the embedded server before where none is
// configured.
func (e *engines) store(ctx context.Context) (*store.Store, error) {
	c := e.cfg.ClickHouse.Config
	c.Password = e.cfg.ClickHouse.Password.Reveal()
	if !e.cfg.ClickHouse.external() {
		n := e.cfg.ClickHouse.Embedded
		n.Log = e.log
		server, err := embedded.StartClickHouse(ctx, n)
		if err != nil {
			return nil, err
		}
		e.group.Close("clickhouse", func(context.Context) error { return server.Close() })
		c.Addr, c.User, c.Password = server.Addr(), server.User(), server.Password()
	}
	s, err := store.Open(c)
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	e.group.Close("store", func(context.Context) error { return s.Close() })
	if err := s.Migrate(ctx); err != nil {
		return nil, err
	}
	return s, nil
}
