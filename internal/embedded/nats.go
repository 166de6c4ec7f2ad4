package embedded

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"barometer/internal/barometer"
	"barometer/internal/service"

	"github.com/nats-io/nats-server/v2/server"
	"golang.org/x/crypto/bcrypt"
)

const (
	natsStop       = 2 * time.Second
	natsMaxPayload = 8 << 20
)

// NATSConfig says where the embedded NATS keeps its data and how much of it. Zero fields take their defaults.
type NATSConfig struct {
	DataDir   string       `yaml:"-"`          // files go to DataDir/nats; the port and the credentials beside them
	Port      int          `yaml:"port"`       // on loopback; 0 draws one and keeps it for the next start
	MaxStore  int64        `yaml:"max_store"`  // bytes on disk for all streams together; default 16 GiB
	MaxMemory int64        `yaml:"max_memory"` // bytes for streams in memory; default 64 MiB
	Log       *slog.Logger `yaml:"-"`          // default: discard
}

// Validate reports the first setting that cannot work.
func (c NATSConfig) Validate() error {
	switch {
	case c.DataDir == "":
		return barometer.Errorf(barometer.Invalid, "embedded nats: no data directory")
	case c.Port < 0 || c.Port > 65535:
		return barometer.Errorf(barometer.Invalid, "embedded nats: port %d: want 0 to 65535", c.Port)
	case c.MaxStore < 0 || c.MaxMemory < 0:
		return barometer.Errorf(barometer.Invalid, "embedded nats: limits must not be negative")
	}
	return nil
}

// NATS is a running server inside this process.
type NATS struct {
	server   *server.Server
	url      string
	user     string
	password string
}

// StartNATS starts a server that listens on loopback alone, asks for a password, and acknowledges a message only after
// an fsync: there is no second server to hold a copy. It returns when clients can connect; recovering a large store
// can take seconds. The caller holds the lock of the data directory.
func StartNATS(ctx context.Context, c NATSConfig) (*NATS, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if c.MaxStore == 0 {
		c.MaxStore = 16 << 30
	}
	if c.MaxMemory == 0 {
		c.MaxMemory = 64 << 20
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	user, err := loadOrCreateSecret(c.DataDir, "nats.user")
	if err != nil {
		return nil, fmt.Errorf("start nats: %w", err)
	}
	password, err := loadOrCreateSecret(c.DataDir, "nats.password")
	if err != nil {
		return nil, fmt.Errorf("start nats: %w", err)
	}
	port, err := natsPort(c)
	if err != nil {
		return nil, fmt.Errorf("start nats: %w", err)
	}
	// The server warns of a password that it is given as it is. The cost is the least: 130 random bits need no slow hash.
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		return nil, fmt.Errorf("start nats: %w", err)
	}
	s, err := server.NewServer(&server.Options{
		ServerName:             "barometer",
		Host:                   "127.0.0.1",
		Port:                   port,
		Username:               user,
		Password:               string(hash),
		JetStream:              true,
		StoreDir:               filepath.Join(c.DataDir, "nats"),
		SyncAlways:             true,
		JetStreamMaxMemory:     c.MaxMemory,
		JetStreamMaxStore:      c.MaxStore,
		MaxPayload:             natsMaxPayload,
		NoSigs:                 true, // signals belong to the process around it
		DisableJetStreamBanner: true,
	})
	if err != nil {
		return nil, fmt.Errorf("start nats: %w", err)
	}
	log := &natsLog{log: c.Log.With("engine", "nats"), fatal: make(chan string, 1)}
	s.SetLoggerV2(log, false, false, false)
	go s.Start()
	n := &NATS{server: s, user: user, password: password}
	for !s.ReadyForConnections(50 * time.Millisecond) {
		select {
		case reason := <-log.fatal:
			_ = n.Close()
			return nil, barometer.Errorf(barometer.Unavailable, "start nats: %s", reason)
		case <-ctx.Done():
			_ = n.Close()
			return nil, fmt.Errorf("start nats: %w", ctx.Err())
		default:
		}
	}
	n.url = "nats://" + s.Addr().String()
	return n, nil
}

// URL is the address to connect to, without credentials.
func (n *NATS) URL() string { return n.url }

// User is the name to connect with.
func (n *NATS) User() string { return n.user }

// Password is the password to connect with.
func (n *NATS) Password() service.Secret { return service.NewSecret(n.password) }

// Close stops the server within two seconds. Clients should be closed before: what they have in flight is not answered.
func (n *NATS) Close() error {
	done := make(chan struct{})
	go func() {
		n.server.Shutdown()
		n.server.WaitForShutdown()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-time.After(natsStop):
		return barometer.Errorf(barometer.Unavailable, "close nats: did not stop within %s", natsStop)
	}
}

// natsPort returns the configured port, or the one of the last start if it is still free, or a new one. Clients of a
// server that comes back, perhaps in other processes, reconnect to the port they know. The port is kept in the data
// directory for the next start and for other processes to find.
func natsPort(c NATSConfig) (int, error) {
	path := filepath.Join(c.DataDir, "nats.port")
	port := c.Port
	if port == 0 {
		port = lastPort(path)
	}
	if port == 0 {
		var err error
		if port, err = freePort(0); err != nil {
			return 0, fmt.Errorf("find a port: %w", err)
		}
	}
	if err := writePrivate(path, []byte(strconv.Itoa(port)+"\n")); err != nil {
		return 0, fmt.Errorf("keep the port: %w", err)
	}
	return port, nil
}

// lastPort returns the port kept in the file, or 0 if there is none or something else listens on it now.
func lastPort(path string) int {
	b, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	port, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil {
		return 0
	}
	if _, err := freePort(port); err != nil {
		return 0
	}
	return port
}

// freePort returns the port if nothing listens on it, or any free one for 0.
func freePort(port int) (int, error) {
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return 0, err
	}
	port = l.Addr().(*net.TCPAddr).Port
	return port, l.Close()
}

// natsLog passes the server's messages to slog. What the server calls a notice is detail here.
type natsLog struct {
	log   *slog.Logger
	fatal chan string
}

func (l *natsLog) Noticef(format string, v ...any) { l.log.Debug(fmt.Sprintf(format, v...)) }
func (l *natsLog) Warnf(format string, v ...any)   { l.log.Warn(fmt.Sprintf(format, v...)) }
func (l *natsLog) Errorf(format string, v ...any)  { l.log.Error(fmt.Sprintf(format, v...)) }
func (l *natsLog) Debugf(string, ...any)           {}
func (l *natsLog) Tracef(string, ...any)           {}

// Fatalf must not end the process, as the server's own logger would: StartNATS returns the reason as an error.
func (l *natsLog) Fatalf(format string, v ...any) {
	reason := fmt.Sprintf(format, v...)
	l.log.Error(reason)
	select {
	case l.fatal <- reason:
	default:
	}
}
