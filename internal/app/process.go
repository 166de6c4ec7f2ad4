package app

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"time"

	"barometer/internal/analyze"
	"barometer/internal/api"
	"barometer/internal/service"
	"barometer/internal/store"
	"barometer/internal/stream"

	"github.com/prometheus/client_golang/prometheus"
)

// stages says which stages a process runs.
type stages struct {
	ingest, analyze, api bool
	demo                 bool // the invented world, when no configuration was given
}

func (s stages) name() string {
	switch s {
	case stages{ingest: true}:
		return "ingest"
	case stages{analyze: true}:
		return "analyze"
	case stages{api: true}:
		return "api"
	}
	return "run"
}

// stageCommand returns the command that runs stages until its context ends.
func stageCommand(want stages) func(context.Context, IO, []string) error {
	return func(ctx context.Context, std IO, args []string) error {
		var path, data, listen string
		rest, err := flags(args, func(fs *flag.FlagSet) {
			configFlag(fs, &path)
			fs.StringVar(&data, "data", "", "data directory, instead of the configured one")
			fs.StringVar(&listen, "listen", "", "address of the API and the dashboard, instead of the configured one")
		})
		if err != nil {
			return err
		}
		if err := noMore(rest); err != nil {
			return err
		}
		load := func() (*Config, error) {
			c, err := LoadConfig(path)
			if err != nil {
				return nil, err
			}
			if data != "" {
				c.DataDir = data
			}
			if listen != "" {
				c.API.Listen = listen
			}
			return c, c.Validate()
		}
		c, err := load()
		if err != nil {
			return err
		}
		want.demo = path == "" && want.ingest && want.analyze && want.api
		return runProcess(ctx, std, c, want, load)
	}
}

// runProcess starts the stages, waits for ctx or a failure, and stops them in reverse order.
func runProcess(ctx context.Context, std IO, c *Config, want stages, load func() (*Config, error)) error {
	log := service.NewLogger(std.Err, c.Log)
	if os.Getenv("GOGC") == "" { // garbage of half the live heap, not of all of it: 50 MB less on a small machine
		debug.SetGCPercent(50)
	}
	if want != (stages{ingest: true, analyze: true, api: true, demo: want.demo}) {
		if err := c.needExternal(want.name(), want.analyze || want.api); err != nil {
			return err
		}
	}
	g := service.NewGroup(log, 0)
	p := &process{cfg: c, want: want, group: g, log: log, reg: service.NewMetrics(), std: std}
	if err := p.start(ctx, load); err != nil {
		stopped, cancel := context.WithCancel(ctx)
		cancel()
		return errors.Join(err, g.Wait(stopped))
	}
	return g.Wait(ctx)
}

type process struct {
	cfg   *Config
	want  stages
	group *service.Group
	log   *slog.Logger
	reg   *prometheus.Registry
	std   IO

	takers []func(*Config) error // of a configuration that is read again
}

func (p *process) start(ctx context.Context, load func() (*Config, error)) error {
	e := &engines{cfg: p.cfg, group: p.group, log: p.log, reg: p.reg}
	if p.cfg.NATS.URL == "" || !p.cfg.ClickHouse.external() {
		if err := e.lock(); err != nil {
			return err
		}
	}
	if p.want.demo {
		if err := startDemo(p.cfg, p.group); err != nil {
			return err
		}
		if err := p.cfg.Validate(); err != nil {
			return err
		}
	}
	pipeline, err := analyze.New(p.cfg.Analysis)
	if err != nil {
		return fmt.Errorf("analysis: %w", err)
	}
	var s *stream.Stream
	var db *store.Store
	if p.want.ingest || p.want.analyze {
		if s, err = e.stream(ctx); err != nil {
			return err
		}
	}
	if p.want.analyze || p.want.api {
		if db, err = e.store(ctx); err != nil {
			return err
		}
	}
	known, err := newCatalogue(p.cfg)
	if err != nil {
		return err
	}
	p.takers = append(p.takers, known.replace)
	ready := readiness(s, db)
	if p.want.api {
		if err := p.startAPI(ctx, db, pipeline, known, ready); err != nil {
			return err
		}
	} else if err := p.startMonitor(ctx, ready); err != nil {
		return err
	}
	if p.want.analyze {
		if err := startAnalyze(p.cfg, p.group, s, db, pipeline, p.log, p.reg); err != nil {
			return err
		}
		startWatch(p.cfg, p.group, s, db, pipeline, known, p.log)
	}
	if p.want.ingest {
		in, err := startIngest(ctx, p.cfg, p.group, s, p.log, p.reg)
		if err != nil {
			return err
		}
		p.takers = append(p.takers, in.replace)
	}
	p.onReload(load)
	p.log.Info("started", "stages", p.want.name(), "version", version(), "pipeline", pipeline.Version())
	return nil
}

// readiness asks the engines that the process uses.
func readiness(s *stream.Stream, db *store.Store) func(context.Context) error {
	return func(ctx context.Context) error {
		if s != nil {
			if _, err := s.State(ctx); err != nil {
				return fmt.Errorf("stream: %w", err)
			}
		}
		if db != nil {
			if err := db.Ping(ctx); err != nil {
				return fmt.Errorf("store: %w", err)
			}
		}
		return nil
	}
}

func (p *process) startAPI(ctx context.Context, db *store.Store, pipeline *analyze.Pipeline, known *catalogue, ready func(context.Context) error) error {
	server, err := api.New(p.cfg.API, api.Deps{Store: db, Organisations: known.Organisations, Concerns: pipeline.Concerns,
		Ready: ready, Warmup: p.cfg.Emergence.Warmup, Metrics: p.reg, Version: version(), Log: p.log})
	if err != nil {
		return fmt.Errorf("api: %w", err)
	}
	listen := p.cfg.API.Listen
	if listen == "" {
		listen = api.DefaultListen
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", listen)
	if err != nil {
		return fmt.Errorf("listen for the API (api.listen or --listen chooses another address): %w", err)
	}
	p.group.Go("api", func(ctx context.Context) error { return server.Run(ctx, l) })
	_, _ = fmt.Fprintf(p.std.Err, "Issue Barometer: http://%s/\n", l.Addr())
	return nil
}

// startMonitor answers health checks and metrics in a process without the API.
func (p *process) startMonitor(ctx context.Context, ready func(context.Context) error) error {
	if p.cfg.Monitor.Listen == "" {
		return nil
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", p.cfg.Monitor.Listen)
	if err != nil {
		return fmt.Errorf("listen for monitoring: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", service.MetricsHandler(p.reg))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
		defer cancel()
		if err := ready(ctx); err != nil {
			p.log.Warn("not ready", "error", err)
			http.Error(w, "not ready", http.StatusServiceUnavailable)
			return
		}
		_, _ = fmt.Fprintln(w, "ok")
	})
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	p.group.Go("monitor", func(ctx context.Context) error {
		stop := context.AfterFunc(ctx, func() { _ = server.Close() })
		defer stop()
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	return nil
}

// onReload reads the configuration again at SIGHUP and gives it to every taker. A bad file changes nothing. A process
// without takers, which is an analysis alone, only says whether the file is good: the signal must not end it.
func (p *process) onReload(load func() (*Config, error)) {
	if p.want.demo {
		return // there is no file
	}
	p.group.Go("reload", func(ctx context.Context) error {
		return service.OnReload(ctx, p.log, func(context.Context) error {
			c, err := load()
			if err != nil {
				return err
			}
			for _, take := range p.takers {
				if err := take(c); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// version is that of the module, or of the commit it was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return s.Value[:12]
		}
	}
	return info.Main.Version
}
