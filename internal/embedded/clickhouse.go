package embedded

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	"barometer/internal/barometer"
)

// ClickHouseHostCommand is the first argument that makes a process of this binary the host of ClickHouse: the program
// passes the arguments after it to ServeClickHouse. People do not type it; StartClickHouse does.
const ClickHouseHostCommand = "clickhouse-host"

const (
	clickHouseUser  = "barometer"
	startTimeout    = 60 * time.Second // a large data directory loads its parts first
	stopTimeout     = 1500 * time.Millisecond
	firstRestart    = 100 * time.Millisecond
	slowestRestart  = 5 * time.Second
	restartForgiven = time.Minute // after that long in good health the next restart is quick again
)

// ClickHouseConfig says where the embedded ClickHouse lives. DataDir is required; the rest has useful zero values.
type ClickHouseConfig struct {
	DataDir   string       `yaml:"-"`          // directory of this installation, locked by the caller
	Binary    string       `yaml:"-"`          // program that knows ClickHouseHostCommand; zero: this one
	Port      int          `yaml:"port"`       // loopback port of the native protocol; zero: a random one, kept in DataDir
	MaxMemory int64        `yaml:"max_memory"` // bytes the server may use; zero: 4 GB
	Log       *slog.Logger `yaml:"-"`          // zero: the default logger
}

// Validate reports the first setting that cannot work.
func (c *ClickHouseConfig) Validate() error {
	switch {
	case c.DataDir == "":
		return barometer.Errorf(barometer.Invalid, "clickhouse: no data directory")
	case c.Port < 0 || c.Port > 65535:
		return barometer.Errorf(barometer.Invalid, "clickhouse: port %d: want 0 to 65535", c.Port)
	case c.MaxMemory < 0 || c.MaxMemory > 0 && c.MaxMemory < 512<<20:
		return barometer.Errorf(barometer.Invalid, "clickhouse: max_memory %d: want at least 512 MiB, or 0 for 4 GB", c.MaxMemory)
	}
	return nil
}

// ClickHouse is a running embedded server. It keeps its address when its process dies and is started again, so that
// clients reconnect.
type ClickHouse struct {
	addr     string
	password string
	log      *slog.Logger
	command  func() *exec.Cmd

	stop    chan struct{} // closed by Close
	stopped chan struct{} // closed when the last process is gone

	mu      sync.Mutex
	process *os.Process // of the running child, or nil
}

// StartClickHouse starts the server and returns when it answers its user and refuses everybody else. It runs until
// Close, or until the calling process dies. The context bounds the start alone.
func StartClickHouse(ctx context.Context, cfg ClickHouseConfig) (*ClickHouse, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	dir, err := filepath.Abs(cfg.DataDir) // the server resolves relative paths against a directory of its own
	if err != nil {
		return nil, fmt.Errorf("start clickhouse: %w", err)
	}
	cfg.DataDir = dir
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	if cfg.MaxMemory == 0 {
		cfg.MaxMemory = 4_000_000_000
	}
	data := filepath.Join(dir, "clickhouse")
	if err := os.MkdirAll(data, 0o700); err != nil {
		return nil, fmt.Errorf("start clickhouse: %w", err)
	}
	password, err := loadOrCreateSecret(dir, "clickhouse.password")
	if err != nil {
		return nil, fmt.Errorf("start clickhouse: %w", err)
	}
	port, err := choosePort(cfg.Port, filepath.Join(dir, "clickhouse.port"))
	if err != nil {
		return nil, fmt.Errorf("start clickhouse: %w", err)
	}
	config := filepath.Join(dir, "clickhouse.xml")
	if err := writeServerConfig(config, password, cfg.MaxMemory); err != nil {
		return nil, fmt.Errorf("start clickhouse: %w", err)
	}
	command, err := hostCommand(ctx, cfg, serverArguments(config, data, port))
	if err != nil {
		return nil, fmt.Errorf("start clickhouse: %w", err)
	}
	c := &ClickHouse{
		addr:     net.JoinHostPort("127.0.0.1", strconv.Itoa(port)),
		password: password,
		log:      cfg.Log,
		command:  command,
		stop:     make(chan struct{}),
		stopped:  make(chan struct{}),
	}
	first := make(chan error, 1)
	go c.supervise(first)
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if err := c.await(ctx, first); err != nil {
		c.Close() //nolint:errcheck // the first error says more
		return nil, fmt.Errorf("start clickhouse: %w", err)
	}
	return c, nil
}

// Addr returns host:port of the native protocol on loopback. No other listener is opened.
func (c *ClickHouse) Addr() string { return c.addr }

// User returns the one user that can log in.
func (c *ClickHouse) User() string { return clickHouseUser }

// Password returns the password of User.
func (c *ClickHouse) Password() string { return c.password }

// Pid returns the process id of the server, or 0 while none runs. Crash tests kill it.
func (c *ClickHouse) Pid() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.process == nil {
		return 0
	}
	return c.process.Pid
}

// Close stops the server, cleanly if it can within two seconds. What it has acknowledged is on disk either way. Close
// database clients first: the server waits for them.
func (c *ClickHouse) Close() error {
	c.mu.Lock()
	select {
	case <-c.stop:
	default:
		close(c.stop)
	}
	c.mu.Unlock()
	<-c.stopped
	return nil
}

// supervise runs the server again whenever it ends, until Close. The end of the first process is reported to first.
func (c *ClickHouse) supervise(first chan<- error) {
	defer close(c.stopped)
	runtime.LockOSThread() // Linux ends the child with the thread that started it: keep this one
	defer runtime.UnlockOSThread()
	pause := firstRestart
	for {
		began := time.Now()
		err := c.runOnce()
		select {
		case first <- err:
		default:
		}
		select {
		case <-c.stop:
			return
		default:
		}
		if time.Since(began) > restartForgiven {
			pause = firstRestart
		}
		c.log.Error("clickhouse ended, starting it again", "error", endOf(err), "pause", pause)
		select {
		case <-c.stop:
			return
		case <-time.After(pause):
		}
		pause = min(2*pause, slowestRestart)
	}
}

// runOnce runs one server process to its end. The server reads its standard input and ends when that is closed, which
// the operating system does when this process dies.
func (c *ClickHouse) runOnce() error {
	cmd := c.command()
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	var said tail
	cmd.Stderr = &said
	tieToParent(cmd)
	if err := cmd.Start(); err != nil {
		return err
	}
	c.mu.Lock()
	c.process = cmd.Process
	c.mu.Unlock()
	ended := make(chan struct{})
	closer := make(chan struct{})
	go func() {
		defer close(closer)
		select {
		case <-ended:
			return
		case <-c.stop:
		}
		_ = stdin.Close() // the request to end; an error means that it has ended
		select {
		case <-ended:
		case <-time.After(stopTimeout):
			_ = cmd.Process.Kill() // an error means that it has ended
		}
	}()
	err = cmd.Wait()
	close(ended)
	<-closer
	c.mu.Lock()
	c.process = nil
	c.mu.Unlock()
	if err == nil {
		err = errors.New("the server ended by itself")
	}
	return &serverEndError{err: err, said: said.String()}
}

// serverEndError is the end of a server process. What the server said may quote a query and with it a text, so it is shown
// only when the first start fails, before there are any.
type serverEndError struct {
	err  error
	said string
}

func (e *serverEndError) Error() string {
	if e.said == "" {
		return e.err.Error()
	}
	return e.err.Error() + ": " + e.said
}

func (e *serverEndError) Unwrap() error { return e.err }

func endOf(err error) error {
	if end, ok := errors.AsType[*serverEndError](err); ok {
		return end.err
	}
	return err
}

// tail keeps the last bytes written to it.
type tail struct {
	mu  sync.Mutex
	buf []byte
}

func (t *tail) Write(p []byte) (int, error) {
	const keep = 4096
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, p...)
	if n := len(t.buf) - keep; n > 0 {
		t.buf = append(t.buf[:0], t.buf[n:]...)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.buf))
}

// choosePort returns the port asked for, or the one in the file if it is free, or a new random one, which it keeps in
// the file.
func choosePort(want int, file string) (int, error) {
	if want != 0 {
		return want, nil
	}
	b, err := os.ReadFile(file)
	if err == nil {
		if port, err := strconv.Atoi(strings.TrimSpace(string(b))); err == nil && port > 0 && portIsFree(port) {
			return port, nil
		}
	}
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("choose port: %w", err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	if err := l.Close(); err != nil {
		return 0, fmt.Errorf("choose port: %w", err)
	}
	if err := writePrivate(file, fmt.Appendln(nil, port)); err != nil {
		return 0, fmt.Errorf("keep port: %w", err)
	}
	return port, nil
}

func portIsFree(port int) bool {
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return false
	}
	return l.Close() == nil
}

// hostCommand finds what can run the server: an installed clickhouse that is new enough, or this program with the
// library.
func hostCommand(ctx context.Context, cfg ClickHouseConfig, args []string) (func() *exec.Cmd, error) {
	if installed, err := exec.LookPath("clickhouse"); err == nil && installedIsNewEnough(ctx, installed) {
		return func() *exec.Cmd {
			return exec.Command(installed, append([]string{"local"}, args...)...) //nolint:noctx // Close ends it, in its own time
		}, nil
	}
	library, err := findLibrary(cfg.DataDir)
	if err != nil {
		return nil, err
	}
	binary := cfg.Binary
	if binary == "" {
		if binary, err = os.Executable(); err != nil {
			return nil, err
		}
	}
	return func() *exec.Cmd {
		cmd := exec.Command(binary, append([]string{ClickHouseHostCommand}, args...)...) //nolint:noctx // as above
		cmd.Env = append(os.Environ(), libraryEnv+"="+library)
		return cmd
	}, nil
}

// installedIsNewEnough reports whether the program can listen without being a server: 26.6 and newer.
func installedIsNewEnough(ctx context.Context, program string) bool {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, program, "local", "--version").Output()
	return err == nil && versionAtLeast(out, 26, 6)
}

// versionAtLeast finds the first word of the form major.minor... and compares it.
func versionAtLeast(out []byte, major, minor int) bool {
	for word := range bytes.FieldsSeq(out) {
		parts := strings.SplitN(string(word), ".", 3)
		if len(parts) < 2 {
			continue
		}
		a, errA := strconv.Atoi(parts[0])
		b, errB := strconv.Atoi(parts[1])
		if errA == nil && errB == nil {
			return a > major || a == major && b >= minor
		}
	}
	return false
}
