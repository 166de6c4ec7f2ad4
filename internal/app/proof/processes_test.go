package proof

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// newcomer is an organisation that a reload adds.
const newcomer = "fernhill"

// TestSeparateProcesses runs every stage in a process of its own on engines that are started separately, kills one of
// two analyzers for good in the middle, and gives the ingest a bad and then a good new configuration.
func TestSeparateProcesses(t *testing.T) {
	dir := t.TempDir()
	s := startEngines(t, dir)
	c := newCampaign(t, dir, 2, 2, 2)
	address := freeAddress(t)
	parts := []string{c.sources(time.Second), "workers: {ack_wait: 3s}\napi: {listen: " + address + "}\n"}
	config := s.write("barometer.yaml", append(parts, organisations(trusts...))...)
	ingest := start(t, dir, "ingest", "ingest", "--config", config)
	victim := start(t, dir, "analyze-1", "analyze", "--config", config)
	start(t, dir, "analyze-2", "analyze", "--config", config)
	api := start(t, dir, "api", "api", "--config", config)
	base := "http://" + address
	eventually(t, time.Minute, "the API answers", func() error { return reachable(base + "/readyz") })

	c.grow(1000)
	c.appear(100)
	time.Sleep(500 * time.Millisecond)
	c.grow(1000)
	victim.kill()
	c.remove(10)
	c.appear(100)

	// A file that cannot work changes nothing and says so.
	s.write("barometer.yaml", append(parts, "organisations: [{id: fernhill, name: Fernhill, qery: fernhill}]\n")...)
	reload(t, s, ingest, "ingest", "reload failed, the configuration in use is unchanged")
	reload(t, s, api, "api", "reload failed, the configuration in use is unchanged")
	c.grow(500)

	// A good one adds an organisation and a source, and the rest goes on.
	extra := &archive{id: "archive-extra", path: filepath.Join(dir, "archive-extra.jsonl")}
	if err := os.WriteFile(extra.path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	c.archives = append(c.archives, extra)
	s.write("barometer.yaml", c.sources(time.Second), parts[1], organisations(append(trusts, newcomer)...))
	reload(t, s, ingest, "ingest", "configuration reloaded")
	reload(t, s, api, "api", "configuration reloaded")
	c.grow(500)
	c.about(newcomer, 50)
	c.appear(50)
	c.seal()

	settle(t, c, s.natsDir(), s.clickhouseDir())
	_, conn := warehouse(t, s.clickhouseDir())
	if d := c.truth.compare(t, conn); !d.exact() {
		t.Errorf("what is stored is not what was sent: %+v", d)
	}
	compareHours(t, base, c, append(trusts, newcomer)...)
	for _, p := range []*process{ingest, api} {
		if took := p.stop(t, syscall.SIGTERM); took > 5*time.Second {
			t.Errorf("stopping took %v", took)
		}
	}
}

// reload sends SIGHUP and waits until the process has said what it made of it.
func reload(t *testing.T, s *system, p *process, name, answer string) {
	t.Helper()
	log := filepath.Join(s.dir, name+".log")
	count := func() int {
		b, err := os.ReadFile(log)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Count(string(b), answer)
	}
	before := count()
	if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	eventually(t, 20*time.Second, name+" answers "+answer, func() error {
		select {
		case <-p.done:
			t.Fatalf("%s ended: %v", name, p.err)
		default:
		}
		if count() == before {
			return fmt.Errorf("it says nothing")
		}
		return nil
	})
}

// TestStopAndStart interrupts the whole system in one process while posts flow, twice, and lets it go on.
func TestStopAndStart(t *testing.T) {
	dir := t.TempDir()
	c := newCampaign(t, dir, 3, 2, 2)
	address := freeAddress(t)
	s := &system{tb: t, dir: dir} // no engines of others: the process runs its own
	config := s.write("barometer.yaml", organisations(trusts...), c.sources(time.Second), "api: {listen: "+address+"}\n")
	base := "http://" + address
	for i := range 3 {
		p := start(t, dir, "run", "run", "--config", config)
		eventually(t, time.Minute, "the API answers", func() error { return reachable(base + "/readyz") })
		c.grow(1500)
		c.appear(60)
		if i == 2 {
			c.seal()
			settle(t, c, s.stateDir(), s.stateDir())
			_, conn := warehouse(t, s.stateDir())
			if d := c.truth.compare(t, conn); !d.exact() {
				t.Errorf("what is stored is not what was sent: %+v", d)
			}
			compareHours(t, base, c, trusts...)
		} else {
			time.Sleep(time.Duration(i) * 700 * time.Millisecond) // once at once, once in the middle of it
		}
		if took := p.stop(t, os.Interrupt); took > 5*time.Second {
			t.Errorf("stop %d took %v", i, took)
		} else {
			t.Logf("stop %d took %v", i, took.Round(time.Millisecond))
		}
	}
}
