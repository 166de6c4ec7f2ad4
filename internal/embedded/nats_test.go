package embedded

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"barometer/internal/barometer"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

func startNATS(t *testing.T, dir string) *NATS {
	t.Helper()
	n, err := StartNATS(t.Context(), NATSConfig{DataDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = n.Close() })
	return n
}

func TestNATSKeepsPortCredentialsAndMessagesOverRestart(t *testing.T) {
	dir := t.TempDir()
	first := startNATS(t, dir)
	conn, err := nats.Connect(first.URL(), nats.UserInfo(first.User(), first.Password().Reveal()), nats.MaxReconnects(-1), nats.ReconnectWait(20*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "S", Subjects: []string{"s"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := js.Publish(t.Context(), "s", []byte("kept")); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	if err := first.Close(); err != nil || time.Since(start) > natsStop {
		t.Fatalf("close: %v after %v", err, time.Since(start))
	}
	second := startNATS(t, dir)
	if second.URL() != first.URL() || second.User() != first.User() || second.Password() != first.Password() {
		t.Error("a restart changed the address or the credentials")
	}
	msg, err := stream.GetMsg(t.Context(), 1) // the old connection finds its way back by itself
	if err != nil || string(msg.Data) != "kept" {
		t.Errorf("got %v, %v", msg, err)
	}
}

func TestNATSRefusesStrangersAndListensOnLoopbackAlone(t *testing.T) {
	n := startNATS(t, t.TempDir())
	if _, err := nats.Connect(n.URL()); !errors.Is(err, nats.ErrAuthorization) {
		t.Errorf("without a password: %v", err)
	}
	if _, err := nats.Connect(n.URL(), nats.UserInfo(n.User(), "guess")); !errors.Is(err, nats.ErrAuthorization) {
		t.Errorf("with a wrong password: %v", err)
	}
	host, _, err := net.SplitHostPort(strings.TrimPrefix(n.URL(), "nats://"))
	if err != nil || !net.ParseIP(host).IsLoopback() {
		t.Errorf("listens on %s", n.URL())
	}
	if shown := fmt.Sprintf("%v %+v", n.Password(), n.Password()); strings.Contains(shown, n.password) {
		t.Errorf("the password shows: %s", shown)
	}
}

func TestNATSTakesAnotherPortWhenItsOwnIsTaken(t *testing.T) {
	dir := t.TempDir()
	first := startNATS(t, dir)
	addr := strings.TrimPrefix(first.URL(), "nats://")
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	squatter, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer squatter.Close()
	if second := startNATS(t, dir); second.URL() == first.URL() {
		t.Error("both listen on", addr)
	}
}

func TestNATSSaysWhyItCannotStart(t *testing.T) {
	if _, err := StartNATS(t.Context(), NATSConfig{}); barometer.KindOf(err) != barometer.Invalid {
		t.Errorf("without a directory: %v", err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "nats"), []byte("a file where a directory should be"), 0o600); err != nil {
		t.Fatal(err)
	}
	if n, err := StartNATS(t.Context(), NATSConfig{DataDir: dir}); err == nil {
		_ = n.Close()
		t.Error("started without a store")
	} else if !strings.Contains(err.Error(), "nats") {
		t.Errorf("the error does not say what failed: %v", err)
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	port := taken.Addr().(*net.TCPAddr).Port
	if _, err := StartNATS(t.Context(), NATSConfig{DataDir: t.TempDir(), Port: port}); barometer.KindOf(err) != barometer.Unavailable {
		t.Errorf("configured port is taken: %v", err)
	}
}

func TestSecondProcessIsToldWhoHoldsTheDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	lock, err := LockDataDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	_, err = LockDataDir(dir)
	if barometer.KindOf(err) != barometer.Conflict || !strings.Contains(err.Error(), fmt.Sprintf("in use by process %d:", os.Getpid())) {
		t.Errorf("second lock: %v", err)
	}
	if err := lock.Release(); err != nil {
		t.Fatal(err)
	}
	again, err := LockDataDir(dir)
	if err != nil {
		t.Fatalf("after release: %v", err)
	}
	if err := again.Release(); err != nil {
		t.Error(err)
	}
}
