package app

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"

	"barometer/internal/barometer"
)

// IO is where a command reads and writes: data on In and Out as JSON Lines, everything for people on Err.
type IO struct {
	In       io.Reader
	Out, Err io.Writer
}

// command is one word of the command line.
type command struct {
	args  string // what comes after the word, for the usage line
	about string
	run   func(ctx context.Context, io IO, args []string) error
}

// usageError is a wrong call: exit code 2.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// Main runs a command line and returns the exit code: 0 only on success, 2 on wrong usage, 1 on anything else.
func Main(ctx context.Context, io IO, args []string) int {
	if len(args) == 0 || slices.Contains([]string{"help", "-h", "-help", "--help"}, args[0]) {
		usage(io.Err)
		if len(args) == 0 {
			return 2
		}
		return 0
	}
	c, ok := commands()[args[0]]
	if !ok {
		_, _ = fmt.Fprintf(io.Err, "barometer: there is no command %q\n\n", args[0])
		usage(io.Err)
		return 2
	}
	err := c.run(ctx, io, args[1:])
	if wrong, ok := errors.AsType[usageError](err); ok {
		if !errors.Is(err, flag.ErrHelp) {
			_, _ = fmt.Fprintf(io.Err, "barometer %s: %v\n", args[0], wrong)
		}
		_, _ = fmt.Fprintf(io.Err, "usage: barometer %s %s\n", args[0], c.args)
		if errors.Is(err, flag.ErrHelp) {
			return 0
		}
		return 2
	}
	if err != nil {
		_, _ = fmt.Fprintf(io.Err, "barometer %s: %v\n", args[0], err)
		return 1
	}
	return 0
}

func usage(w io.Writer) {
	_, _ = fmt.Fprintln(w, "Issue Barometer listens to what the public says about a health service.\n\nusage: barometer COMMAND")
	names := []string{}
	table := commands()
	for name := range table {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		_, _ = fmt.Fprintf(w, "  %-11s %s\n", name, table[name].about)
	}
}

// flags parses options that may stand before or after the other arguments, and returns those others.
func flags(args []string, define func(*flag.FlagSet)) ([]string, error) {
	fs := flag.NewFlagSet("", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	define(fs)
	var rest []string
	for {
		if err := fs.Parse(args); err != nil {
			return nil, usageError{err}
		}
		args = fs.Args()
		if len(args) == 0 {
			return rest, nil
		}
		if parsed := len(fs.Args()); parsed > 0 && args[0] == "--" {
			return append(rest, args[1:]...), nil
		}
		rest, args = append(rest, args[0]), args[1:]
	}
}

// configFlag adds --config.
func configFlag(fs *flag.FlagSet, path *string) {
	fs.StringVar(path, "config", "", "configuration file")
}

// noMore refuses arguments that a command does not take.
func noMore(rest []string) error {
	if len(rest) > 0 {
		return usagef("unexpected argument %q", strings.Join(rest, " "))
	}
	return nil
}

// invalid is an error about what the user gave us.
func invalid(format string, args ...any) error {
	return barometer.Errorf(barometer.Invalid, format, args...)
}
