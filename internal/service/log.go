package service

import (
	"io"
	"log/slog"
	"os"

	"barometer/internal/barometer"
)

// LogConfig says what is logged and how. The zero value logs from level info, as text to a terminal and as JSON
// elsewhere.
type LogConfig struct {
	Level  slog.Level `yaml:"level"`  // debug, info, warn or error
	Format string     `yaml:"format"` // text, json, or empty: by where the log goes
}

// Validate reports a format that does not exist.
func (c LogConfig) Validate() error {
	switch c.Format {
	case "", "text", "json":
		return nil
	}
	return barometer.Errorf(barometer.Invalid, "log.format %q: want text or json", c.Format)
}

// NewLogger returns a logger to w, usually standard error: standard output belongs to the data of commands.
func NewLogger(w io.Writer, c LogConfig) *slog.Logger {
	options := &slog.HandlerOptions{Level: c.Level}
	if c.Format == "text" || c.Format == "" && isTerminal(w) {
		return slog.New(slog.NewTextHandler(w, options))
	}
	return slog.New(slog.NewJSONHandler(w, options))
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
