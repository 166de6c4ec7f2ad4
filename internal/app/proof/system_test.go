package proof

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"barometer/internal/barometer"
	"barometer/internal/embedded"
	"barometer/internal/store"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// system is a set of processes on shared engines, and what is needed to look into them.
type system struct {
	tb               testing.TB
	dir              string
	nats, clickhouse *supervised
	engines          string // the engines as a part of a configuration file
}

// startEngines hosts both engines in processes of their own.
func startEngines(tb testing.TB, dir string) *system {
	tb.Helper()
	s := &system{tb: tb, dir: dir}
	s.nats = keep(tb, dir, "nats", "nats", "--data", s.natsDir())
	s.clickhouse = keep(tb, dir, "clickhouse", "clickhouse", "--data", s.clickhouseDir())
	var at struct {
		NATS struct {
			URL, User, Password string
		}
		ClickHouse struct {
			Addr, User, Password string
		}
	}
	for _, name := range []string{"nats", "clickhouse"} {
		line := firstLine(tb, filepath.Join(dir, name+".out"))
		if err := json.Unmarshal([]byte(line), &at); err != nil {
			tb.Fatalf("%s says %q: %v", name, line, err)
		}
	}
	s.engines = fmt.Sprintf("nats: {url: %q, user: %q, password: %q}\nclickhouse: {addr: %q, user: %q, password: %q}\n",
		at.NATS.URL, at.NATS.User, at.NATS.Password, at.ClickHouse.Addr, at.ClickHouse.User, at.ClickHouse.Password)
	return s
}

// The data directories: of the engines that are hosted apart, and of everything else.
func (s *system) natsDir() string       { return filepath.Join(s.dir, "nats") }
func (s *system) clickhouseDir() string { return filepath.Join(s.dir, "clickhouse") }
func (s *system) stateDir() string      { return filepath.Join(s.dir, "state") }

// firstLine waits for the first line that a process writes.
func firstLine(tb testing.TB, path string) string {
	tb.Helper()
	var line string
	eventually(tb, time.Minute, "first line of "+filepath.Base(path), func() error {
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var whole bool
		if line, _, whole = strings.Cut(string(b), "\n"); !whole {
			return fmt.Errorf("not there yet")
		}
		return nil
	})
	return line
}

// eventually repeats check until it returns nil, and fails the test with its last error.
func eventually(tb testing.TB, within time.Duration, what string, check func() error) {
	tb.Helper()
	deadline := time.Now().Add(within)
	for {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			tb.Fatalf("%s: not within %v: %v", what, within, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// write writes a configuration file with the engines and the parts.
func (s *system) write(name string, parts ...string) string {
	s.tb.Helper()
	path := filepath.Join(s.dir, name)
	text := fmt.Sprintf("data_dir: %s\n", s.stateDir()) + s.engines + strings.Join(parts, "")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		s.tb.Fatal(err)
	}
	return path
}

// organisations lists trusts as a part of a configuration file.
func organisations(ids ...string) string {
	out := "organisations:\n"
	for _, id := range ids {
		out += fmt.Sprintf("  - {id: %s, name: %s trust, query: %s}\n", id, id, id)
	}
	return out
}

// sources lists what the campaign lets flow as a part of a configuration file.
func (c *campaign) sources(feedInterval time.Duration) string {
	out := "sources:\n"
	for _, a := range c.archives {
		out += fmt.Sprintf("  - {id: %s, kind: archive, path: %s, space: %s, interval: 1s}\n", a.id, a.path, platform)
	}
	for _, f := range c.feeds {
		out += fmt.Sprintf("  - {id: %s, kind: feed, url: %s/%s, space: %s, interval: %s}\n", f.id, c.server.URL, f.id, f.id, feedInterval)
	}
	u, err := url.Parse(c.server.URL)
	if err != nil {
		c.tb.Fatal(err)
	}
	return out + fmt.Sprintf("http: {allow_private: [%q]}\n", u.Host)
}

// freeAddress returns a loopback address that nothing listens on.
func freeAddress(tb testing.TB) string {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // it was never used
	return l.Addr().String()
}

// warehouse opens the ClickHouse that some process runs on the data directory, for what the API does not tell.
func warehouse(tb testing.TB, dataDir string) (*store.Store, driver.Conn) {
	tb.Helper()
	at, err := embedded.FindClickHouse(dataDir)
	if err != nil {
		tb.Fatal(err)
	}
	s, err := store.Open(store.Config{Addr: at.HostPort, User: at.User, Password: at.Password.Reveal()})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = s.Close() })
	conn, err := clickhouse.Open(&clickhouse.Options{Addr: []string{at.HostPort},
		Auth: clickhouse.Auth{Username: at.User, Password: at.Password.Reveal(), Database: "barometer"}})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = conn.Close() })
	return s, conn
}

// difference compares all stored rows with the truth. It is empty when they agree.
type difference struct {
	Rows                                       int // current rows
	Lost, Doubled, Unknown, Misdated, Outdated int
	Example                                    string
}

func (d difference) exact() bool {
	return d.Lost == 0 && d.Doubled == 0 && d.Unknown == 0 && d.Misdated == 0 && d.Outdated == 0
}

func (t truth) compare(tb testing.TB, conn driver.Conn) difference {
	tb.Helper()
	found, err := conn.Query(tb.Context(), "SELECT organisation, id, published_at, text FROM mentions FINAL")
	if err != nil {
		tb.Fatal(err)
	}
	defer found.Close() //nolint:errcheck // read to the end
	var d difference
	type key struct {
		trust string
		id    barometer.ID
	}
	seen := map[key]bool{}
	for found.Next() {
		var trust, id, text string
		var at time.Time
		if err := found.Scan(&trust, &id, &at, &text); err != nil {
			tb.Fatal(err)
		}
		d.Rows++
		k := key{trust, barometer.ID([]byte(id))}
		e := t[k.id]
		problem := ""
		switch {
		case e == nil || e.deleted || !contains(e.trusts, trust):
			d.Unknown++
			problem = "was not sent, or was deleted"
		case seen[k]:
			d.Doubled++
			problem = "stands there twice"
		case !at.Equal(e.at):
			d.Misdated++
			problem = fmt.Sprintf("is dated %s, want %s", at, e.at)
		case !strings.HasSuffix(text, e.mark):
			d.Outdated++
			problem = fmt.Sprintf("says %q, want ... %q", text, e.mark)
		}
		if problem != "" && d.Example == "" {
			d.Example = fmt.Sprintf("%s %s %s", trust, k.id, problem)
		}
		seen[k] = true
	}
	if err := found.Err(); err != nil {
		tb.Fatal(err)
	}
	for id, e := range t {
		for _, trust := range e.trusts {
			if !e.deleted && !seen[key{trust, id}] {
				d.Lost++
				if d.Example == "" {
					d.Example = fmt.Sprintf("%s %s ... %s is not there", trust, id, e.mark)
				}
			}
		}
	}
	return d
}

func contains(all []string, one string) bool {
	for _, s := range all {
		if s == one {
			return true
		}
	}
	return false
}

// fetch reads an answer of the API.
func fetch(tb testing.TB, address string, into any) {
	tb.Helper()
	res, err := http.Get(address)
	if err != nil {
		tb.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // only read
	if res.StatusCode != http.StatusOK {
		tb.Fatalf("%s: %s", address, res.Status)
	}
	if err := json.NewDecoder(res.Body).Decode(into); err != nil {
		tb.Fatalf("%s: %v", address, err)
	}
}

// series asks the API for the counts of an organisation that are not zero, by the start of their bucket.
func series(tb testing.TB, base, organisation string, question url.Values) map[time.Time]uint64 {
	tb.Helper()
	var answer struct {
		Points []struct {
			Time  time.Time
			Count uint64
		}
	}
	fetch(tb, base+"/v1/organisations/"+organisation+"/series?"+question.Encode(), &answer)
	out := map[time.Time]uint64{}
	for _, p := range answer.Points {
		if p.Count > 0 {
			out[p.Time.UTC()] = p.Count
		}
	}
	return out
}

// reachable asks an address and returns nil when the answer is 200.
func reachable(address string) error {
	res, err := http.Get(address)
	if err != nil {
		return err
	}
	defer res.Body.Close() //nolint:errcheck // only the status counts
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s", res.Status)
	}
	return nil
}
