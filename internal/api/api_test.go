package api

import (
	"log/slog"
	"testing"
	"time"

	"barometer/internal/barometer"
)

// newServer is a server on what the memory holds, at a fixed time.
func newServer(t testing.TB, cfg Config, m *memory) *Server {
	t.Helper()
	s, err := New(cfg, Deps{
		Store:         m,
		Organisations: func() []barometer.Organisation { return []barometer.Organisation{marram, kelo} },
		Concerns:      func() []barometer.Concern { return taxonomy },
		Log:           slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	s.now = func() time.Time { return fixedNow }
	return s
}
