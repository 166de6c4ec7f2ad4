package stream_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"barometer/internal/embedded"
	"barometer/internal/service"
	"barometer/internal/stream"
)

const serverDirVariable = "BAROMETER_TEST_NATS_DIR"

// serveNATS is the body of the child process: a server in the given directory until it is killed.
func serveNATS() {
	n, err := embedded.StartNATS(context.Background(), embedded.NATSConfig{DataDir: os.Getenv(serverDirVariable)})
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	fmt.Println(n.URL(), n.User(), n.Password().Reveal())
	_, _ = os.Stdin.Read(make([]byte, 1)) // ends with the parent
}

type child struct {
	cmd                 *exec.Cmd
	url, user, password string
}

func startChild(t *testing.T, dir string) child {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), serverDirVariable+"="+dir)
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	words := strings.Fields(line)
	if err != nil || len(words) != 3 || words[0] == "error" {
		t.Fatalf("child says %q, %v", line, err)
	}
	return child{cmd, words[0], words[1], words[2]}
}

func (c child) kill(t *testing.T) {
	t.Helper()
	if err := c.cmd.Process.Kill(); err != nil {
		t.Error(err)
	}
	_ = c.cmd.Wait() // it was killed
}

// The server is killed again and again while mentions are published and consumed: what Publish said is durable arrives,
// arrives once when counted by id, and nothing that was acknowledged stays.
func TestNothingIsLostWhenTheServerIsKilled(t *testing.T) {
	const kills, batch = 8, 200
	dir := t.TempDir()
	server := startChild(t, dir)
	s := open(t, stream.Config{URL: server.url, User: server.user, Password: service.NewSecret(server.password), MaxBytes: 256 << 20})

	got := newTally()
	runConsumer(t, s, stream.ConsumerConfig{AckWait: 2 * time.Second, MaxDeliver: 1000}, func(_ context.Context, d *stream.Delivery) {
		got.add(d)
		_ = d.Ack() // lost with the server, it comes again
	})
	var published atomic.Int64
	stop, stopped := make(chan struct{}), make(chan error, 1)
	go func() {
		for n := 0; ; n += batch {
			select {
			case <-stop:
				stopped <- nil
				return
			default:
			}
			if err := s.Publisher().Publish(context.Background(), mentions(n, n+batch)); err != nil {
				stopped <- err
				return
			}
			published.Add(batch)
		}
	}()
	for range kills {
		before := published.Load()
		eventually(t, "progress", 20*time.Second, func() bool { return published.Load() > before })
		time.Sleep(rand.N(200 * time.Millisecond))
		server.kill(t)
		server = startChild(t, dir)
	}
	before := published.Load()
	eventually(t, "progress after the last kill", 20*time.Second, func() bool { return published.Load() > before })
	close(stop)
	if err := <-stopped; err != nil {
		t.Fatal(err)
	}
	total := int(published.Load())
	eventually(t, "everything published", 30*time.Second, func() bool { return got.distinct() >= total })
	eventually(t, "an empty stream", 20*time.Second, func() bool { return state(t, s).Messages == 0 })
	missing, strange := got.missing(total)
	if missing != 0 || strange != 0 {
		t.Errorf("of %d acknowledged mentions %d are missing; %d were never published", total, missing, strange)
	}
	t.Logf("%d mentions, %d kills", total, kills)
	server.kill(t)
}
