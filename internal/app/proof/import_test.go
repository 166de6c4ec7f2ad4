package proof

import (
	"compress/gzip"
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"barometer/internal/store"
)

// TestImport imports an archive, imports it again in every way, and imports another one that is interrupted in the
// middle: each time the totals are those of the files.
func TestImport(t *testing.T) {
	dir := t.TempDir()
	s := &system{tb: t, dir: dir}
	config := s.write("barometer.yaml", organisations(trusts...), "workers: {ack_wait: 2s}\n")
	c := newCampaign(t, dir, 4, 2, 0)
	c.grow(4000)
	first, second := c.archives[0].path, c.archives[1].path
	arguments := func(file string, more ...string) []string {
		return append([]string{"import", "--config", config, "--space", platform, file}, more...)
	}

	run(t, dir, "import-1", arguments(first)...)
	once := totals(t, dir, config, "totals-1")
	run(t, dir, "import-2", arguments(first)...)
	run(t, dir, "import-3", arguments(first, "--again")...)
	if twice := totals(t, dir, config, "totals-2"); !same(once, twice) {
		t.Errorf("importing twice changed the totals from %+v to %+v", once, twice)
	}

	p := start(t, dir, "import-4", arguments(second)...)
	eventually(t, time.Minute, "the import has begun", func() error {
		select {
		case <-p.done:
			t.Fatalf("the import ended before it was killed: %v", p.err)
		default:
		}
		return filled(filepath.Join(s.stateDir(), "nats", "jetstream"), 64<<10)
	})
	p.kill()
	run(t, dir, "import-5", arguments(second)...)
	all := totals(t, dir, config, "totals-3")
	if int(all.Rows) != c.truth.rows() || !all.Exact() || all.Stale > 0 {
		t.Errorf("after an interrupted import there are %+v, want %d rows", all, c.truth.rows())
	}
}

// TestImportOfTweets imports a real archive and compares the API's daily counts of every organisation with those of
// the file.
func TestImportOfTweets(t *testing.T) {
	file := filepath.Join(shared(t), "data", "streams", "airlines-2015-02.jsonl.gz")
	perDay := tweetsPerDay(t, file)
	dir := t.TempDir()
	state, address := filepath.Join(dir, "state"), freeAddress(t)
	config, err := filepath.Abs("../../../deploy/examples/airlines.yaml")
	if err != nil {
		t.Fatal(err)
	}
	run(t, dir, "import-1", "import", "--config", config, "--data", state, file)
	run(t, dir, "import-2", "import", "--config", config, "--data", state, "--again", file)
	start(t, dir, "run", "run", "--config", config, "--data", state, "--listen", address)
	base := "http://" + address
	eventually(t, time.Minute, "the API answers", func() error { return reachable(base + "/readyz") })
	for id, name := range map[string]string{"american": "American", "delta": "Delta", "southwest": "Southwest", "united": "United",
		"us-airways": "US Airways", "virgin-america": "Virgin America"} {
		got := series(t, base, id, url.Values{"step": {"day"}, "time_zone": {"UTC"}, "from": {"2015-02-01T00:00:00Z"}, "to": {"2015-03-15T00:00:00Z"}})
		want := perDay[name]
		if len(want) == 0 || len(got) != len(want) {
			t.Errorf("%s: %d days with tweets, want %d", name, len(got), len(want))
		}
		total := 0
		for day, ids := range want {
			total += len(ids)
			if got[day] != uint64(len(ids)) {
				t.Errorf("%s on %s: %d tweets, want %d", name, day.Format(time.DateOnly), got[day], len(ids))
			}
		}
		t.Logf("%s: %d tweets on %d days", name, total, len(want))
	}
}

// tweetsPerDay counts distinct tweets straight from the file, by organisation and day.
func tweetsPerDay(t *testing.T, file string) map[string]map[time.Time]map[string]bool {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // only read
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]map[time.Time]map[string]bool{}
	for d := json.NewDecoder(z); d.More(); {
		var r struct {
			ID, Organisation string
			PublishedAt      time.Time `json:"published_at"`
		}
		if err := d.Decode(&r); err != nil {
			t.Fatal(err)
		}
		day := r.PublishedAt.UTC().Truncate(24 * time.Hour)
		if out[r.Organisation] == nil {
			out[r.Organisation] = map[time.Time]map[string]bool{}
		}
		if out[r.Organisation][day] == nil {
			out[r.Organisation][day] = map[string]bool{}
		}
		out[r.Organisation][day][r.ID] = true
	}
	return out
}

// totals asks the operator's command.
func totals(t *testing.T, dir, config, name string) store.Totals {
	t.Helper()
	var out store.Totals
	if err := json.Unmarshal([]byte(run(t, dir, name, "totals", "--config", config)), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// same compares totals in all but the space on disk, which merges change.
func same(a, b store.Totals) bool {
	a.DiskBytes, b.DiskBytes = 0, 0
	return a == b
}

// filled returns nil when the files under dir hold so many bytes.
func filled(dir string, bytes int64) error {
	var sum int64
	err := filepath.WalkDir(dir, func(_ string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		if info, err := e.Info(); err == nil {
			sum += info.Size()
		}
		return nil
	})
	if err == nil && sum < bytes {
		err = os.ErrNotExist
	}
	return err
}

// shared returns the folder with data that is not part of the project, or skips the test.
func shared(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("BAROMETER_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "..", "shared")
	}
	if _, err := os.Stat(filepath.Join(dir, "data", "streams")); err != nil {
		t.Skip("the shared data is not there: " + strings.TrimPrefix(err.Error(), "stat "))
	}
	return dir
}
