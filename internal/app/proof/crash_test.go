package proof

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"barometer/internal/embedded"
	"barometer/internal/store"
	"barometer/internal/stream"
)

// number reads a size of a campaign from the environment.
func number(tb testing.TB, name string, otherwise int) int {
	tb.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		tb.Fatalf("%s=%q: want a number", name, text)
	}
	return n
}

// TestCrashCampaign kills processes at random moments while posts flow, and then counts. The defaults are a small one
// for every run of the tests; BAROMETER_CRASH_POSTS, _KILLS and _SEED make it as long as one likes.
func TestCrashCampaign(t *testing.T) {
	posts := number(t, "BAROMETER_CRASH_POSTS", 5_000)
	kills := number(t, "BAROMETER_CRASH_KILLS", 6)
	seed := uint64(number(t, "BAROMETER_CRASH_SEED", 1))
	ackWait, longestPause := 3*time.Second, time.Second
	if kills >= 50 {
		ackWait, longestPause = 10*time.Second, 4*time.Second
	}
	began := time.Now()
	dir := t.TempDir()
	s := startEngines(t, dir)
	c := newCampaign(t, dir, seed, 4, max(2, posts/12_500))
	config := s.write("barometer.yaml", organisations(trusts...), c.sources(2*time.Second), fmt.Sprintf("workers: {ack_wait: %s}\n", ackWait))
	ingest := keep(t, dir, "ingest", "ingest", "--config", config)
	analyzers := []*supervised{
		keep(t, dir, "analyze-1", "analyze", "--config", config),
		keep(t, dir, "analyze-2", "analyze", "--config", config),
	}
	for _, name := range []string{"ingest", "analyze-1", "analyze-2"} {
		eventually(t, time.Minute, name+" has started", func() error {
			if !strings.Contains(said(dir, name, 1<<20), "started") {
				return fmt.Errorf("it says %s", said(dir, name, 300))
			}
			return nil
		})
	}
	killed := map[string]int{}
	targets := []struct {
		name string
		kill func() bool
	}{
		{"ingest", func() bool { ingest.kill(); return true }},
		{"analyze-1", func() bool { analyzers[0].kill(); return true }},
		{"nats", func() bool { s.nats.kill(); return true }},
		{"analyze-2", func() bool { analyzers[1].kill(); return true }},
		{"clickhouse", s.clickhouse.killChild},
	}

	// Nine in ten posts come through archives. After each kill a share of them appears, so that the next kill finds the
	// way full.
	rng := rand.New(rand.NewPCG(seed, 1))
	order := make([]int, 0, kills+len(targets))
	for len(order) < kills {
		order = append(order, rng.Perm(len(targets))...)
	}
	for i := range kills {
		share := posts*(i+1)/kills - posts*i/kills
		c.grow(share * 9 / 10)
		c.appear(share - share*9/10)
		if i%5 == 4 {
			c.remove(max(10, posts/2000))
		}
		time.Sleep(longestPause/10 + time.Duration(rng.Int64N(int64(longestPause))))
		target := targets[order[i]]
		eventually(t, time.Minute, "kill "+target.name, func() error {
			if !target.kill() {
				return fmt.Errorf("it does not run")
			}
			return nil
		})
		killed[target.name]++
	}
	c.seal()
	flowed := time.Since(began)

	db := settle(t, c, s.natsDir(), s.clickhouseDir())
	_, conn := warehouse(t, s.clickhouseDir())
	d := c.truth.compare(t, conn)
	totals, err := db.Verify(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	checkHours(t, s, c)

	t.Logf("seed %d: %d posts, %d edits, %d deletions, %d kills in %v, drained after %v", seed, c.sent, c.edits(), totals.Deleted, kills,
		flowed.Round(time.Second), (time.Since(began) - flowed).Round(time.Second))
	for _, x := range targets {
		t.Logf("  %-11s killed %3d times", x.name, killed[x.name])
	}
	for _, x := range append([]*supervised{ingest, s.nats, s.clickhouse}, analyzers...) {
		t.Logf("  %-11s started %2d times, ended by itself %d times", x.name, x.starts, x.unasked)
	}
	t.Logf("  rows expected %d, stored %d, lost %d, doubled %d, unknown %d, misdated %d, outdated %d", c.truth.rows(), d.Rows, d.Lost, d.Doubled, d.Unknown, d.Misdated, d.Outdated)
	t.Logf("  store: %+v", totals)
	if !d.exact() || d.Rows != c.truth.rows() {
		t.Errorf("what is stored is not what was sent: %+v", d)
	}
	if !totals.Exact() || totals.Stale != 0 || int(totals.RolledUp) != c.truth.rows() {
		t.Errorf("roll-ups are not what the rows say: %+v", totals)
	}
}

// settle waits until everything that the campaign has sent is read, the stream is empty and the running processes have
// brought the roll-ups up to date. The engines may have one data directory or two.
func settle(t *testing.T, c *campaign, natsDir, clickhouseDir string) *store.Store {
	t.Helper()
	at, err := embedded.FindNATS(natsDir)
	if err != nil {
		t.Fatal(err)
	}
	st, err := stream.Open(t.Context(), stream.Config{URL: "nats://" + at.HostPort, User: at.User, Password: at.Password}, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close() //nolint:errcheck // only looked at
	var db *store.Store
	within := time.Minute + time.Duration(c.sent)*time.Millisecond
	eventually(t, within, "everything is read and stored", func() error {
		if !c.heard() {
			return fmt.Errorf("a feed was not read to its newest state")
		}
		if db == nil {
			db, _ = warehouse(t, clickhouseDir)
		}
		totals, err := db.Verify(t.Context())
		if err != nil {
			return err
		}
		state, err := st.State(t.Context())
		if err != nil {
			return err
		}
		if state.Dead > 0 {
			t.Fatalf("%d messages were parked", state.Dead)
		}
		if n := int(totals.Rows); n != c.truth.rows() || state.Messages > 0 {
			return fmt.Errorf("%d rows of %d, %d messages wait", n, c.truth.rows(), state.Messages)
		}
		if !totals.Exact() || totals.Stale > 0 {
			return fmt.Errorf("roll-ups are behind: %+v", totals)
		}
		return nil
	})
	return db
}

// checkHours asks an API process for every organisation's counts by the hour and by the day.
func checkHours(t *testing.T, s *system, c *campaign) {
	t.Helper()
	address := freeAddress(t)
	config := s.write("api.yaml", organisations(trusts...), "api: {listen: "+address+"}\n")
	start(t, s.dir, "api", "api", "--config", config)
	base := "http://" + address
	eventually(t, time.Minute, "the API answers", func() error {
		return reachable(base + "/readyz")
	})
	compareHours(t, base, c, trusts...)
}

// compareHours compares the API's counts of organisations by the hour with the truth.
func compareHours(t *testing.T, base string, c *campaign, organisations ...string) {
	t.Helper()
	for _, trust := range organisations {
		got := series(t, base, trust, url.Values{"step": {"hour"}, "from": {c.from.Format(time.RFC3339)},
			"to": {c.from.AddDate(0, 0, campaignDays+1).Format(time.RFC3339)}})
		want := c.truth.hours(trust)
		var wrong []string
		for hour, n := range want {
			if got[hour] != n {
				wrong = append(wrong, fmt.Sprintf("%s: %d, want %d", hour.Format(time.RFC3339), got[hour], n))
			}
		}
		if len(wrong) > 0 || len(got) != len(want) {
			t.Errorf("%s: %d hours with posts, want %d; %d differ, such as %s", trust, len(got), len(want), len(wrong), strings.Join(wrong[:min(3, len(wrong))], "; "))
		}
	}
}
