package proof

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"barometer/internal/barometer"
	"barometer/internal/world"
)

// leaked are the invalid-by-design identifiers of the demonstration, as somebody would look for them.
var leaked = []string{"999 000 0018", "9990000018", "07700 900123", "07700900123", "m.example@example.org"}

// told is what the API says of a mention.
type told struct {
	Source      string
	URL         string
	Text        string
	PublishedAt time.Time `json:"published_at"`
	Lang        string
	CopyGroup   string `json:"copy_group"`
	Abuse       barometer.Abuse
}

// TestWorld runs the demonstration as a newcomer gets it and compares the API's answers with what the invented world
// knows of itself.
func TestWorld(t *testing.T) {
	dir := t.TempDir()
	state, address := filepath.Join(dir, "state"), freeAddress(t)
	// The opening posts of the first minutes lie behind us, so that the truth up to now stands still.
	began := time.Now().UTC().Truncate(time.Second)
	c := world.Config{Seed: 1, Epoch: began.Add(-time.Hour)}
	b, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(state, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(state, "demonstration.json"), b, 0o600); err != nil {
		t.Fatal(err)
	}
	p := start(t, dir, "run", "run", "--data", state, "--listen", address)
	base := "http://" + address
	w := world.New(c)
	byGUID, truth := map[string]world.Post{}, map[string]uint64{}
	perDay := map[string]map[time.Time]uint64{}
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	for _, post := range w.Posts(w.Start(), began) {
		byGUID[post.GUID] = post
		if !post.Mentions {
			continue
		}
		y, m, d := post.At.In(london).Date()
		day := time.Date(y, m, d, 0, 0, 0, 0, london).UTC()
		for _, key := range []string{"", post.Feed} {
			truth[key]++
			if perDay[key] == nil {
				perDay[key] = map[time.Time]uint64{}
			}
			perDay[key][day]++
		}
	}

	eventually(t, time.Minute, "the API answers", func() error { return reachable(base + "/readyz") })
	window := url.Values{"from": {w.Start().Add(-24 * time.Hour).Format(time.RFC3339)}, "to": {began.Format(time.RFC3339)}, "step": {"day"}}
	eventually(t, 2*time.Minute, "the history is stored", func() error {
		var n uint64
		for _, count := range series(t, base, world.TrustID, window) {
			n += count
		}
		if n != truth[""] {
			return fmt.Errorf("%d mentions, want %d", n, truth[""])
		}
		return nil
	})
	for key, want := range perDay {
		question := url.Values{}
		for k, v := range window {
			question[k] = v
		}
		if key != "" {
			question.Set("source", key)
		}
		got := series(t, base, world.TrustID, question)
		for day, n := range want {
			if got[day] != n {
				t.Errorf("source %q on %s: %d mentions, want %d", key, day.Format(time.DateOnly), got[day], n)
			}
		}
		if len(got) != len(want) {
			t.Errorf("source %q has %d days with mentions, want %d", key, len(got), len(want))
		}
	}
	t.Logf("%d mentions from %d sources on %d days as the world made them", truth[""], len(truth)-1, len(perDay[""]))

	mentions := allMentions(t, base, window)
	if uint64(len(mentions)) != truth[""] {
		t.Errorf("the API lists %d mentions, want %d", len(mentions), truth[""])
	}
	checkJudgements(t, mentions, byGUID)
	checkSilence(t, base)
	checkLeaks(t, base, state)
	if took := p.stop(t, syscall.SIGINT); took > 5*time.Second {
		t.Errorf("stopping took %v", took)
	}
	checkFiles(t, state) // what was in buffers is on disk now
}

// allMentions pages through the mentions, and looks for leaks in every answer.
func allMentions(t *testing.T, base string, window url.Values) []told {
	t.Helper()
	var all []told
	question := url.Values{"limit": {"500"}, "from": window["from"], "to": window["to"]}
	for {
		var page struct {
			Mentions []told
			Next     string
		}
		body := get(t, base+"/v1/organisations/"+world.TrustID+"/mentions?"+question.Encode())
		noLeak(t, "a page of mentions", body)
		if err := json.Unmarshal(body, &page); err != nil {
			t.Fatal(err)
		}
		all = append(all, page.Mentions...)
		if page.Next == "" {
			return all
		}
		question.Set("cursor", page.Next)
	}
}

// checkJudgements compares languages, copies and abuse with the truth.
func checkJudgements(t *testing.T, mentions []told, byGUID map[string]world.Post) {
	t.Helper()
	group := map[string]string{}
	right := 0
	var abusive, found, flagged int
	for _, m := range mentions {
		guid := m.URL[lastSlash(m.URL)+1:]
		truth, ok := byGUID[guid]
		if !ok || truth.Feed != m.Source || !truth.At.Equal(m.PublishedAt) {
			t.Fatalf("the API tells of %s from %s at %s, which is not in the world", guid, m.Source, m.PublishedAt)
		}
		group[guid] = m.CopyGroup
		if m.Lang == truth.Lang {
			right++
		}
		is := m.Abuse.Probability >= .5
		if is {
			flagged++
		}
		if truth.Abuse {
			abusive++
			if is {
				found++
			}
		}
	}
	if share := float64(right) / float64(len(mentions)); share < .95 {
		t.Errorf("the language of %.1f %% is right, want 95 %%", 100*share)
	} else {
		t.Logf("the language of %.1f %% is right", 100*share)
	}
	pairs, together := map[string]int{}, map[string]int{}
	for guid, g := range group {
		post := byGUID[guid]
		if post.CopyOf == "" {
			continue
		}
		pairs[post.Planted]++
		if group[post.CopyOf] == g {
			together[post.Planted]++
		}
	}
	for _, planted := range []string{world.Petition, world.Syndicated} {
		if pairs[planted] == 0 || together[planted]*10 < pairs[planted]*8 {
			t.Errorf("%s: %d of %d copies are in the group of their original, want 80 %%", planted, together[planted], pairs[planted])
		} else {
			t.Logf("%s: %d of %d copies are in the group of their original", planted, together[planted], pairs[planted])
		}
	}
	t.Logf("abuse: %d of %d posts that abuse staff are flagged, and %d others", found, abusive, flagged-found)
	if found == 0 {
		t.Error("no post that abuses staff is flagged")
	}
}

// checkSilence expects the source that fell silent to be shown as such, and all others as healthy.
func checkSilence(t *testing.T, base string) {
	t.Helper()
	var answer struct{ Sources []barometer.SourceStatus }
	fetch(t, base+"/v1/sources", &answer)
	if len(answer.Sources) != len(world.Feeds()) {
		t.Errorf("the API knows %d sources, want %d", len(answer.Sources), len(world.Feeds()))
	}
	for _, s := range answer.Sources {
		want := barometer.SourceHealthy
		if s.Source == "parents" {
			want = barometer.SourceSilent
		}
		if s.State != want {
			t.Errorf("source %s is %s (%s), want %s", s.Source, s.State, s.Reason, want)
		}
	}
}

// checkLeaks looks for the leaked identifiers in every kind of answer.
func checkLeaks(t *testing.T, base, state string) {
	t.Helper()
	organisation := base + "/v1/organisations/" + world.TrustID
	for _, address := range []string{
		organisation + "/export?format=csv", organisation + "/export?format=jsonl", base + "/metrics",
		base + "/o/" + world.TrustID, base + "/o/" + world.TrustID + "/mentions?q=discharge+letter",
	} {
		noLeak(t, address, get(t, address))
	}
	_, conn := warehouse(t, state)
	var texts, leaks uint64
	if err := conn.QueryRow(t.Context(), `SELECT count(), countIf(multiSearchAny(concat(title, ' ', text, ' ', url, ' ', details), ?)) FROM mentions`, leaked).Scan(&texts, &leaks); err != nil {
		t.Fatal(err)
	}
	if texts == 0 || leaks > 0 {
		t.Errorf("%d of %d stored rows hold a leaked identifier", leaks, texts)
	}
}

// checkFiles looks for the leaked identifiers in the files of the stream and in everything else that is not compressed.
func checkFiles(t *testing.T, state string) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(state, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		files++
		noLeak(t, path, b)
		return nil
	})
	if err != nil || files == 0 {
		t.Errorf("looked into %d files: %v", files, err)
	}
}

func noLeak(t *testing.T, where string, b []byte) {
	t.Helper()
	for _, identifier := range leaked {
		if bytes.Contains(b, []byte(identifier)) {
			t.Errorf("%s holds the identifier %s", where, identifier)
		}
	}
}

func get(t *testing.T, address string) []byte {
	t.Helper()
	res, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // only read
	var b bytes.Buffer
	if _, err := b.ReadFrom(res.Body); err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s", address, res.Status)
	}
	return b.Bytes()
}

func lastSlash(s string) int { return bytes.LastIndexByte([]byte(s), '/') }
