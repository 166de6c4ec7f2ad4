package app

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"

	"barometer/internal/barometer"
	"barometer/internal/embedded"
	"barometer/internal/service"
	"barometer/internal/source"
	"barometer/internal/store"
	"barometer/internal/stream"
)

// runSources lists the configured sources, then the kinds with what each platform allows.
func runSources(_ context.Context, std IO, args []string) error {
	c, err := hostFlags(args)
	if err != nil {
		return err
	}
	enc := json.NewEncoder(std.Out)
	for _, s := range c.Sources {
		if err := enc.Encode(struct {
			ID       string `json:"source"`
			Kind     string `json:"kind"`
			Name     string `json:"name"`
			Disabled bool   `json:"disabled,omitempty"`
			Terms    string `json:"terms"`
		}{s.ID, s.Kind, s.Title(), s.Disabled, source.Kinds[s.Kind].Terms}); err != nil {
			return err
		}
	}
	if len(c.Sources) > 0 {
		return nil
	}
	for name, k := range source.Kinds {
		if err := enc.Encode(struct {
			Kind     string `json:"kind"`
			Interval string `json:"interval"`
			Terms    string `json:"terms"`
		}{name, k.Interval.String(), k.Terms}); err != nil {
			return err
		}
	}
	return nil
}

// reachStream connects to the configured NATS, or to the one that another process runs on the data directory, or starts
// the embedded one.
func reachStream(ctx context.Context, c *Config, g *service.Group, log *slog.Logger) (*stream.Stream, error) {
	e := &engines{cfg: c, group: g, log: log}
	if c.NATS.URL == "" {
		if _, err := attach(c, e); err != nil {
			return nil, err
		}
	}
	return e.stream(ctx)
}

// reachStore is reachStream for ClickHouse.
func reachStore(ctx context.Context, c *Config, g *service.Group, log *slog.Logger) (*store.Store, error) {
	e := &engines{cfg: c, group: g, log: log}
	if !c.ClickHouse.external() {
		err := e.lock()
		if barometer.KindOf(err) == barometer.Conflict {
			var at embedded.Address
			if at, err = embedded.FindClickHouse(c.DataDir); err == nil {
				c.ClickHouse.Addr, c.ClickHouse.User, c.ClickHouse.Password = at.HostPort, at.User, at.Password
			}
		}
		if err != nil {
			return nil, err
		}
	}
	return e.store(ctx)
}

// within runs a command's work with a group that is stopped afterwards.
func within(ctx context.Context, std IO, c *Config, work func(*service.Group, *slog.Logger) error) error {
	log := service.NewLogger(std.Err, service.LogConfig{Level: slog.LevelWarn, Format: c.Log.Format})
	g := service.NewGroup(log, 0)
	err := work(g, log)
	stop, cancel := context.WithCancel(ctx)
	cancel()
	return errors.Join(err, g.Wait(stop))
}

// runReplay lists dead letters, or sends them back to where they came from.
func runReplay(ctx context.Context, std IO, args []string) error {
	var path, data, reason string
	var listOnly bool
	rest, err := flags(args, func(fs *flag.FlagSet) {
		configFlag(fs, &path)
		fs.StringVar(&data, "data", "", "data directory, instead of the configured one")
		fs.StringVar(&reason, "reason", "", "only those parked for this reason")
		fs.BoolVar(&listOnly, "list", false, "list them, change nothing")
	})
	if err != nil {
		return err
	}
	if err := noMore(rest); err != nil {
		return err
	}
	c, err := hostFlags([]string{"--config", path, "--data", data})
	if err != nil {
		return err
	}
	return within(ctx, std, c, func(g *service.Group, log *slog.Logger) error {
		s, err := reachStream(ctx, c, g, log)
		if err != nil {
			return err
		}
		filter := stream.DeadFilter{Reason: reason}
		if !listOnly {
			n, err := s.ReplayDead(ctx, filter)
			_, _ = fmt.Fprintf(std.Err, "%d messages sent back\n", n)
			return err
		}
		letters, err := s.ListDead(ctx, filter)
		if err != nil {
			return err
		}
		enc := json.NewEncoder(std.Out)
		for _, l := range letters {
			if err := enc.Encode(l); err != nil {
				return err
			}
		}
		return nil
	})
}

// runTotals checks the promises of the store: rows = distinct mentions = sums of roll-ups.
func runTotals(ctx context.Context, std IO, args []string) error {
	c, err := hostFlags(args)
	if err != nil {
		return err
	}
	return within(ctx, std, c, func(g *service.Group, log *slog.Logger) error {
		db, err := reachStore(ctx, c, g, log)
		if err != nil {
			return err
		}
		if err := store.NewRoller(db, log).Catchup(ctx); err != nil {
			return err
		}
		totals, err := db.Verify(ctx)
		if err != nil {
			return err
		}
		if err := json.NewEncoder(std.Out).Encode(totals); err != nil {
			return err
		}
		if !totals.Exact() {
			return fmt.Errorf("the numbers do not agree")
		}
		return nil
	})
}
