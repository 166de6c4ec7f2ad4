package embedded

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"barometer/internal/barometer"
)

func startClickHouse(t *testing.T, dir string) *ClickHouse {
	t.Helper()
	c, err := StartClickHouse(t.Context(), ClickHouseConfig{DataDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func dialClickHouse(t *testing.T, c *ClickHouse) driver.Conn {
	t.Helper()
	conn, err := clickhouse.Open(&clickhouse.Options{
		Addr: []string{c.Addr()}, Auth: clickhouse.Auth{Username: c.User(), Password: c.Password()}, DialTimeout: time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

func execute(t *testing.T, conn driver.Conn, queries ...string) {
	t.Helper()
	for _, query := range queries {
		if err := conn.Exec(t.Context(), query); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
	}
}

func TestClickHouseKeepsDataAndAddressAcrossStarts(t *testing.T) {
	dir := t.TempDir()
	c := startClickHouse(t, dir)
	addr := c.Addr()
	conn := dialClickHouse(t, c)
	execute(t, conn, "CREATE DATABASE barometer ENGINE = Atomic",
		"CREATE TABLE barometer.t (a UInt8) ENGINE = MergeTree ORDER BY a", "INSERT INTO barometer.t VALUES (7)")
	_ = conn.Close()
	began := time.Now()
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("stopping took %v, want at most 2 s", took)
	}

	c = startClickHouse(t, dir)
	if c.Addr() != addr {
		t.Errorf("address %s became %s", addr, c.Addr())
	}
	conn = dialClickHouse(t, c)
	defer conn.Close() //nolint:errcheck
	var a uint8
	if err := conn.QueryRow(t.Context(), "SELECT a FROM barometer.t").Scan(&a); err != nil || a != 7 {
		t.Errorf("a = %d, %v; want 7", a, err)
	}
	for _, name := range []string{"clickhouse.password", "clickhouse.xml", "clickhouse.port"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v; want mode 0600", name, info, err)
		}
	}
}

func TestClickHouseComesBackAfterAKill(t *testing.T) {
	c := startClickHouse(t, t.TempDir())
	conn := dialClickHouse(t, c)
	defer conn.Close() //nolint:errcheck
	execute(t, conn, "CREATE DATABASE barometer ENGINE = Atomic")
	killed := c.Pid()
	if err := syscall.Kill(killed, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(20 * time.Second)
	for {
		var n uint64
		err := conn.QueryRow(t.Context(), "SELECT count() FROM system.databases WHERE name = 'barometer'").Scan(&n)
		if err == nil && n == 1 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("no answer after the kill: %d, %v", n, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
	if pid := c.Pid(); pid == killed || pid == 0 {
		t.Errorf("pid %d after the kill of %d", pid, killed)
	}
}

// Each of these would hand a stranger on the machine the data, a file or the server.
func TestClickHouseRefusesStrangers(t *testing.T) {
	c := startClickHouse(t, t.TempDir())
	owner := dialClickHouse(t, c)
	defer owner.Close() //nolint:errcheck
	execute(t, owner, "CREATE DATABASE barometer ENGINE = Atomic", "CREATE TABLE barometer.t (a UInt8) ENGINE = MergeTree ORDER BY a")

	open := func(user, password string) driver.Conn {
		conn, err := clickhouse.Open(&clickhouse.Options{
			Addr: []string{c.Addr()}, Auth: clickhouse.Auth{Username: user, Password: password}, MaxOpenConns: 1,
		})
		if err != nil {
			t.Fatal(err)
		}
		return conn
	}
	stranger := open("", "")
	defer stranger.Close() //nolint:errcheck
	for _, query := range []string{
		"SELECT * FROM barometer.t",
		"INSERT INTO barometer.t VALUES (1)",
		"CREATE TEMPORARY TABLE f (a String) ENGINE = File(LineAsString, '/etc/passwd')",
		"SELECT * FROM file('/etc/passwd', 'LineAsString')",
		"SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
		"SYSTEM STOP LISTEN TCP",
		"CREATE DATABASE mine",
	} {
		if _, ok := errors.AsType[*clickhouse.Exception](stranger.Exec(t.Context(), query)); !ok {
			t.Errorf("a stranger may %s", query)
		}
	}
	for _, query := range []string{
		"SELECT * FROM file('/etc/passwd', 'LineAsString')",
		"SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
		"CREATE TABLE barometer.f (a String) ENGINE = File(LineAsString, '/etc/passwd')",
		"CREATE DATABASE elsewhere",
		"CREATE USER u",
	} {
		if _, ok := errors.AsType[*clickhouse.Exception](owner.Exec(t.Context(), query)); !ok {
			t.Errorf("the program's own user may %s", query)
		}
	}
	wrong := open(c.User(), "wrong")
	defer wrong.Close() //nolint:errcheck
	if err := wrong.Ping(t.Context()); err == nil || !strings.Contains(err.Error(), "Authentication failed") {
		t.Errorf("wrong password: %v", err)
	}
}

func TestClickHouseSaysWhatIsMissing(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	t.Setenv(libraryEnv, filepath.Join(t.TempDir(), "none.so"))
	_, err := StartClickHouse(t.Context(), ClickHouseConfig{DataDir: t.TempDir()})
	if barometer.KindOf(err) != barometer.Unavailable || !strings.Contains(err.Error(), libraryEnv) {
		t.Errorf("without a library: %v", err)
	}
	for _, cfg := range []ClickHouseConfig{{}, {DataDir: "x", Port: -1}, {DataDir: "x", MaxMemory: 1}} {
		if _, err := StartClickHouse(t.Context(), cfg); barometer.KindOf(err) != barometer.Invalid {
			t.Errorf("%+v: %v", cfg, err)
		}
	}
}

func TestClickHouseStartThatFailsSaysWhy(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "broken.so"), []byte("not a library"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv(libraryEnv, filepath.Join(dir, "broken.so"))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	_, err := StartClickHouse(ctx, ClickHouseConfig{DataDir: dir})
	if barometer.KindOf(err) != barometer.Unavailable || !strings.Contains(err.Error(), "broken.so") {
		t.Errorf("a broken library: %v", err)
	}
}

func TestVersionAtLeast(t *testing.T) {
	for out, want := range map[string]bool{
		"ClickHouse local version 26.7.1.1100 (official build).\n": true,
		"ClickHouse local version 26.6.0.1":                        true,
		"ClickHouse local version 26.5.9.1":                        false,
		"ClickHouse local version 25.12.1.1":                       false,
		"ClickHouse client version 27.1.2":                         true,
		"command not found":                                        false,
		"":                                                         false,
	} {
		if got := versionAtLeast([]byte(out), 26, 6); got != want {
			t.Errorf("%q: %v, want %v", out, got, want)
		}
	}
}
