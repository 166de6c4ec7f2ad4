package main

import (
	"log/slog"
	"testing"
	"time"

	"barometer/internal/barometer"
	"barometer/internal/embedded"
)

func TestDataDirectoryIsEnoughToConnect(t *testing.T) {
	dir := t.TempDir()
	log := slog.New(slog.DiscardHandler)
	if _, err := connect(config{name: "tiny", data: dir}, log); barometer.KindOf(err) != barometer.NotFound {
		t.Errorf("where nothing was ever started: %v", err)
	}
	n, err := embedded.StartNATS(t.Context(), embedded.NATSConfig{DataDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = n.Close() }() // the directory goes anyway
	conn, err := connect(config{name: "tiny", data: dir}, log)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.FlushTimeout(10 * time.Second); err != nil {
		t.Error(err)
	}
}
