package service

import (
	"io"
	"log/slog"
	"os"
	"strings"

	"barometer/internal/barometer"
)

const hidden = "[hidden]"

// maxSecretBytes bounds what file: may point to; a private key has a few kilobytes.
const maxSecretBytes = 64 << 10

// Secret is a setting that must not be printed. In a configuration file it is written as env:NAME (an environment
// variable) or file:/path (a file, without its trailing line break); the value itself is refused there, because
// configuration files get copied, shown and committed. Formatting, logging or encoding a Secret gives "[hidden]". The
// zero Secret is no secret.
type Secret struct{ value string }

// NewSecret hides a value that the program made itself.
func NewSecret(value string) Secret { return Secret{value} }

// Reveal returns the value, for the one place that needs it.
func (s Secret) Reveal() string { return s.value }

// IsZero says that there is no secret.
func (s Secret) IsZero() bool { return s.value == "" }

// String implements fmt.Stringer and hides the value.
func (s Secret) String() string {
	if s.IsZero() {
		return ""
	}
	return hidden
}

// GoString implements fmt.GoStringer and hides the value.
func (s Secret) GoString() string { return "service.Secret(" + s.String() + ")" }

// LogValue implements slog.LogValuer and hides the value.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText implements encoding.TextMarshaler and hides the value.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText fetches the value from where the reference env:NAME or file:/path points.
func (s *Secret) UnmarshalText(text []byte) error {
	kind, where, found := strings.Cut(strings.TrimSpace(string(text)), ":")
	switch {
	case len(text) == 0:
		*s = Secret{}
		return nil
	case found && kind == "env":
		value, ok := os.LookupEnv(where)
		if !ok || value == "" {
			return barometer.Errorf(barometer.Invalid, "secret: environment variable %q is not set", where)
		}
		*s = Secret{value}
		return nil
	case found && kind == "file":
		f, err := os.Open(where)
		if err != nil {
			return barometer.Errorf(barometer.Invalid, "secret: %w", err)
		}
		defer f.Close() //nolint:errcheck // only read
		b, err := io.ReadAll(io.LimitReader(f, maxSecretBytes))
		if err != nil {
			return barometer.Errorf(barometer.Invalid, "secret: %w", err)
		}
		*s = Secret{strings.TrimRight(string(b), "\r\n")}
		if s.IsZero() {
			return barometer.Errorf(barometer.Invalid, "secret: file %s is empty", where)
		}
		return nil
	default: // the text may be the secret itself: it is not repeated
		return barometer.Errorf(barometer.Invalid, "secret: want env:NAME or file:/path, not the secret itself")
	}
}
