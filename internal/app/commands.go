package app

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"time"

	"barometer/internal/analyze"
	"barometer/internal/embedded"
	"barometer/internal/service"
	"barometer/internal/source"
)

// commands is the command line.
func commands() map[string]command {
	return map[string]command{
		"run":        {"[--config F] [--data DIR] [--listen ADDR]", "the whole system; without a file a demonstration on 127.0.0.1:8080", stageCommand(stages{ingest: true, analyze: true, api: true})},
		"ingest":     {"--config F", "the sources alone, against a shared NATS", stageCommand(stages{ingest: true})},
		"analyze":    {"--config F", "the analysis alone, against a shared NATS and ClickHouse; any number of them", stageCommand(stages{analyze: true})},
		"api":        {"--config F", "the API and the dashboard alone, against a shared ClickHouse", stageCommand(stages{api: true})},
		"nats":       {"[--config F] [--data DIR]", "host the embedded NATS for other processes", runNATS},
		"clickhouse": {"[--config F] [--data DIR]", "host the embedded ClickHouse for other processes", runClickHouse},
		"check":      {"[--config F]", "build everything a configuration asks for, start nothing", runCheck},
		"sources":    {"[--config F]", "list the sources and the kinds of source with their terms", runSources},
		"query":      {"explain|match 'EXPR'", "say in words what a query matches, or match posts from standard input", runQuery},
		"annotate":   {"[--organisation NAME] [--config F]", "analyse posts from standard input, without any engine", runAnnotate},
		"backtest":   {"--posts FILE [--config F] [--organisation NAME] [--readings] [--warmup D]", "replay dated posts and say what would have been found, without any engine", runBacktest},
		"detect":     {"[--method M] [--alpha A] [FILE.csv]", "test every bucket of a count series (time,count)", runDetect},
		"calibrate":  {"", "measure the detectors by simulation and write the report", runCalibrate},
		"evaluate":   {"[--config F] FILE.jsonl...", "score the analysis on labelled files, with confidence intervals", runEvaluate},
		"models":     {"--data DIR --out DIR", "train every model anew from labelled files", runModels},
		"verify":     {"[--config F] EVIDENCE|ISSUE|FILE", "compute the evidence of an alert again", runVerify},
		"import":     {"[--config F] FILE...", "dated posts from files through the real pipeline", runImport},
		"replay":     {"[--config F] [--reason R] [--list]", "send dead letters back to where they came from", runReplay},
		"totals":     {"[--config F]", "count rows, mentions and roll-ups, and say whether they agree", runTotals},
	}
}

// hostFlags parse what nats and clickhouse take.
func hostFlags(args []string) (*Config, error) {
	var path, data string
	rest, err := flags(args, func(fs *flag.FlagSet) {
		configFlag(fs, &path)
		fs.StringVar(&data, "data", "", "data directory, instead of the configured one")
	})
	if err != nil {
		return nil, err
	}
	if err := noMore(rest); err != nil {
		return nil, err
	}
	c, err := LoadConfig(path)
	if err != nil {
		return nil, err
	}
	if data != "" {
		c.DataDir = data
	}
	return c, c.Validate()
}

// engine is an embedded engine as a host sees it.
type engine interface {
	User() string
	Close() error
}

// host runs one embedded engine for other processes until ctx ends. Its address, and the file of its password, are
// written to standard output as they stand in a configuration.
func host(ctx context.Context, std IO, args []string, start func(*Config, *slog.Logger) (e engine, line string, err error)) error {
	c, err := hostFlags(args)
	if err != nil {
		return err
	}
	lock, err := embedded.LockDataDir(c.DataDir)
	if err != nil {
		return err
	}
	defer lock.Release() //nolint:errcheck // the process ends
	e, line, err := start(c, service.NewLogger(std.Err, c.Log))
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(std.Out, line)
	if err == nil {
		<-ctx.Done()
	}
	return errors.Join(err, e.Close())
}

func runNATS(ctx context.Context, std IO, args []string) error {
	return host(ctx, std, args, func(c *Config, log *slog.Logger) (engine, string, error) {
		n := c.NATS.Embedded
		n.Log = log
		e, err := embedded.StartNATS(ctx, n)
		if err != nil {
			return nil, "", err
		}
		return e, fmt.Sprintf(`{"nats":{"url":%q,"user":%q,"password":"file:%s/nats.password"}}`, e.URL(), e.User(), c.DataDir), nil
	})
}

func runClickHouse(ctx context.Context, std IO, args []string) error {
	return host(ctx, std, args, func(c *Config, log *slog.Logger) (engine, string, error) {
		n := c.ClickHouse.Embedded
		n.Log = log
		e, err := embedded.StartClickHouse(ctx, n)
		if err != nil {
			return nil, "", err
		}
		return e, fmt.Sprintf(`{"clickhouse":{"addr":%q,"user":%q,"password":"file:%s/clickhouse.password"}}`, e.Addr(), e.User(), c.DataDir), nil
	})
}

// runCheck builds everything and starts nothing.
func runCheck(_ context.Context, std IO, args []string) error {
	c, err := hostFlags(args)
	if err != nil {
		return err
	}
	if err := check(c); err != nil {
		return err
	}
	_, err = fmt.Fprintf(std.Err, "the configuration is fine: %d organisations, %d sources\n", len(c.Organisations), len(c.Sources))
	return err
}

// check builds what the configuration asks for, beyond validating single settings.
func check(c *Config) error {
	if _, err := analyze.New(c.Analysis); err != nil {
		return fmt.Errorf("analysis: %w", err)
	}
	client, err := source.NewClient(c.HTTP)
	if err != nil {
		return fmt.Errorf("http: %w", err)
	}
	defer client.Close()
	for _, s := range c.Sources {
		if _, err := source.Build(s, source.Env{HTTP: client}); err != nil {
			return fmt.Errorf("source %s: %w", s.ID, err)
		}
	}
	if _, err := c.organisations(time.Now()); err != nil {
		return err
	}
	return nil
}
