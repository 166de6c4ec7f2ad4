package testkit

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"barometer/internal/embedded"
	"barometer/internal/stream"
)

var (
	prefixes   atomic.Uint64
	natsServer = sync.OnceValues(func() (*embedded.NATS, error) {
		dir, err := os.MkdirTemp("", "barometer-nats-*")
		if err != nil {
			return nil, err
		}
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		n, err := embedded.StartNATS(ctx, embedded.NATSConfig{DataDir: dir, MaxStore: 1 << 40})
		engines = append(engines, func() {
			if n != nil {
				_ = n.Close() // the directory goes anyway
			}
			_ = os.RemoveAll(dir) // a temporary directory
		})
		return n, err
	})
)

// NATS returns the configuration of a stream on the server that all tests of the binary share, with a prefix of its own,
// small limits and quick leases. The first call starts the server, which syncs to disk as in production; Main stops it.
func NATS(tb testing.TB) stream.Config {
	tb.Helper()
	server, err := natsServer()
	if err != nil {
		tb.Fatalf("start nats: %v", err)
	}
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, tb.Name())
	return stream.Config{
		URL:          server.URL(),
		User:         server.User(),
		Password:     server.Password(),
		Prefix:       fmt.Sprintf("%.48s-%d", name, prefixes.Add(1)),
		MaxBytes:     64 << 20,
		DeadMaxBytes: 16 << 20,
		LeaseTTL:     time.Second,
	}
}
