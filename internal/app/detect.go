package app

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"time"

	"barometer/internal/barometer"
	"barometer/internal/emergence"
	"barometer/internal/emergence/calibrate"
	"barometer/internal/emergence/stats"
	"barometer/internal/service"
	"barometer/internal/store"
)

// detectOptions are the settings of the methods, as flags under the names that R has for them.
var detectOptions = []string{"alpha", "history", "gap", "b", "w", "freq", "noPeriods", "reweight", "weightsThreshold", "pastWeeksNotIncluded",
	"pThresholdTrend", "trend", "thresholdMethod", "powertrans", "limit54", "baseline", "minSigma"}

// runDetect is `barometer detect`: one count series in, one line a bucket out.
func runDetect(_ context.Context, std IO, args []string) error {
	method := ""
	options := map[string]string{}
	rest, err := flags(args, func(fs *flag.FlagSet) {
		fs.StringVar(&method, "method", "shock", "")
		for _, name := range detectOptions {
			fs.Func(name, "", func(v string) error { options[name] = v; return nil })
		}
	})
	if err != nil {
		return err
	}
	if len(rest) > 1 {
		return usagef("want one file, or none for standard input")
	}
	if !slices.Contains(stats.Methods, method) {
		return usagef("method %q: want one of %v", method, stats.Methods)
	}
	in, name := std.In, "standard input"
	if len(rest) == 1 && rest[0] != "-" {
		f, err := os.Open(rest[0])
		if err != nil {
			return invalid("%w", err)
		}
		defer f.Close() //nolint:errcheck // only read
		in, name = f, rest[0]
	}
	series, err := stats.ReadCSV(in)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	rows, err := stats.Detect(series, method, options)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	out := bufio.NewWriter(std.Out)
	enc := json.NewEncoder(out)
	for _, row := range rows {
		if err := enc.Encode(row); err != nil {
			return err
		}
	}
	return out.Flush()
}

// runCalibrate measures the detectors by simulation and writes the report.
func runCalibrate(ctx context.Context, std IO, args []string) error {
	rest, err := flags(args, func(*flag.FlagSet) {})
	if err != nil {
		return err
	}
	if err := noMore(rest); err != nil {
		return err
	}
	return calibrate.Run(ctx, std.Out, calibrate.Options{})
}

// runVerify recomputes evidence: of an alert by the address of its bundle, of an issue by its id, or in a file.
func runVerify(ctx context.Context, std IO, args []string) error {
	var path, data string
	rest, err := flags(args, func(fs *flag.FlagSet) {
		configFlag(fs, &path)
		fs.StringVar(&data, "data", "", "data directory, instead of the configured one")
	})
	if err != nil {
		return err
	}
	if len(rest) != 1 {
		return usagef("want the address of one bundle, the id of an issue, or a file")
	}
	if f, err := os.Open(rest[0]); err == nil {
		defer f.Close() //nolint:errcheck // only read
		var v emergence.Evidence
		if err := json.NewDecoder(io.LimitReader(f, maxLine)).Decode(&v); err != nil {
			return invalid("%s: is no evidence: %w", rest[0], err)
		}
		if err := emergence.Verify(&v); err != nil {
			return fmt.Errorf("%s: %w", rest[0], err)
		}
		return verified(std.Out, &v)
	}
	c, err := hostFlags([]string{"--config", path, "--data", data})
	if err != nil {
		return err
	}
	if path == "" { // the demonstration's organisation
		addDemo(c, "127.0.0.1:0")
	}
	return within(ctx, std, c, func(g *service.Group, log *slog.Logger) error {
		db, err := reachStore(ctx, c, g, log)
		if err != nil {
			return err
		}
		address, err := evidenceOf(ctx, db, c, rest[0])
		if err != nil {
			return err
		}
		bundle, err := db.Evidence(ctx, address)
		if err != nil {
			return err
		}
		v, err := emergence.Open(bundle.Address, bundle.Body)
		if err != nil {
			return err
		}
		return verified(std.Out, v)
	})
}

// evidenceOf is the address that a person means: an address as it is, or the latest evidence of an issue.
func evidenceOf(ctx context.Context, db *store.Store, c *Config, what string) (string, error) {
	if len(what) == 64 {
		return what, nil
	}
	for _, org := range c.Organisations {
		issue, err := db.Issue(ctx, org.ID, what, time.Time{})
		if err == nil {
			return issue.Evidence, nil
		}
		if barometer.KindOf(err) != barometer.NotFound {
			return "", err
		}
	}
	return "", barometer.Errorf(barometer.NotFound, "there is no issue %q, and it is no address of evidence", what)
}

func verified(out io.Writer, v *emergence.Evidence) error {
	return json.NewEncoder(out).Encode(struct {
		Verified     bool   `json:"verified"`
		Evidence     string `json:"evidence"`
		Organisation string `json:"organisation"`
		Issue        string `json:"issue"`
		Name         string `json:"name"`
		At           string `json:"at"`
	}{true, v.Address(), v.Organisation, v.Issue, v.Name, v.At.Format(time.RFC3339)})
}
