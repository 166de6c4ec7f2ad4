package app

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"

	"barometer/internal/analyze"
	"barometer/internal/analyze/train"
)

// runEvaluate is `barometer evaluate`: scores of the pipeline on a labelled file, a line a task and language.
func runEvaluate(_ context.Context, std IO, args []string) error {
	var path string
	files, err := flags(args, func(fs *flag.FlagSet) { configFlag(fs, &path) })
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return usagef("want at least one labelled file")
	}
	c, err := LoadConfig(path)
	if err != nil {
		return err
	}
	pipeline, err := analyze.New(c.Analysis)
	if err != nil {
		return err
	}
	enc := json.NewEncoder(std.Out)
	for _, file := range files {
		scores, err := evaluateFile(pipeline, file)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		for _, s := range scores {
			if err := enc.Encode(struct {
				File string `json:"file"`
				analyze.Score
			}{file, s}); err != nil {
				return err
			}
		}
	}
	return nil
}

func evaluateFile(p *analyze.Pipeline, path string) ([]analyze.Score, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, invalid("%w", err)
	}
	defer f.Close() //nolint:errcheck // only read
	return p.Evaluate(f)
}

// runModels is `barometer models`: trains every model anew from a directory of labelled files.
func runModels(ctx context.Context, std IO, args []string) error {
	var data, out string
	rest, err := flags(args, func(fs *flag.FlagSet) {
		fs.StringVar(&data, "data", "", "directory of the labelled files")
		fs.StringVar(&out, "out", "", "directory for the weights")
	})
	if err != nil {
		return err
	}
	if err := noMore(rest); err != nil {
		return err
	}
	if data == "" || out == "" {
		return usagef("want --data DIR and --out DIR")
	}
	return train.Run(ctx, data, out, std.Err)
}
