package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"barometer/internal/service"
	"barometer/internal/source"
	"barometer/internal/world"
)

// demoInterval is how often the invented feeds are read: often enough to see posts trickle in.
const demoInterval = 5 * time.Second

// startDemo serves the invented world on a loopback port and completes the configuration with its trust and feeds. The
// world's seed and epoch are kept in the data directory, so that a second start goes on where the first one was.
func startDemo(c *Config, g *service.Group) error {
	w, err := loadWorld(filepath.Join(c.DataDir, "demonstration.json"), time.Now())
	if err != nil {
		return err
	}
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("serve the demonstration: %w", err)
	}
	server := &http.Server{Handler: w.Handler(time.Now), ReadHeaderTimeout: 5 * time.Second}
	g.Go("demonstration", func(ctx context.Context) error {
		stop := context.AfterFunc(ctx, func() { _ = server.Close() })
		defer stop()
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	addDemo(c, l.Addr().String())
	return nil
}

// addDemo adds the invented trust, and its feeds as served at addr.
func addDemo(c *Config, addr string) {
	c.Organisations = append(c.Organisations, Organisation{ID: world.TrustID, Name: world.TrustName, Query: world.TrustQuery,
		TimeZone: "Europe/London"})
	c.HTTP.AllowPrivate = append(c.HTTP.AllowPrivate, addr)
	for _, f := range world.Feeds() {
		c.Sources = append(c.Sources, source.Config{ID: f.ID, Kind: "feed", Name: f.Title, URL: "http://" + addr + "/feeds/" + f.ID,
			Lang: f.Lang, Interval: demoInterval, Space: "world/" + f.ID}) // the port changes, the identities must not
	}
}

func loadWorld(path string, now time.Time) (*world.World, error) {
	c := world.Config{Seed: 1, Epoch: now.UTC()}
	b, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if b, err = json.Marshal(c); err != nil {
			return nil, err
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return nil, err
		}
		if err := os.WriteFile(path, b, 0o600); err != nil {
			return nil, fmt.Errorf("keep the demonstration's epoch: %w", err)
		}
	case err != nil:
		return nil, err
	default:
		if err := json.Unmarshal(b, &c); err != nil {
			return nil, invalid("%s: %w: remove the file to begin a new demonstration", path, err)
		}
	}
	return world.New(c), nil
}
