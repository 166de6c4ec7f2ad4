package proof

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"barometer/internal/barometer"
)

// trusts are the organisations of a campaign: a word that only their posts hold.
var trusts = []string{"alderbrook", "birchholme", "cedarwick", "dunmarsh", "elmstead"}

// phrases are what people write about them. {} is where the trust's name goes.
var phrases = []struct{ lang, text string }{
	{"en", "Waited five hours at {} with my dad and nobody told us anything."},
	{"en", "The nurses at {} were wonderful with our little one, thank you all."},
	{"en", "Car park at {} is full again and the machine ate my coins."},
	{"en", "{} cancelled the operation for the third time, I am losing hope."},
	{"en", "Does anyone know the visiting hours at {} over the holidays?"},
	{"de", "Sechs Stunden in der Notaufnahme von {} und niemand hat uns etwas gesagt."},
	{"de", "Die Pflege in {} war freundlich, danke an das ganze Team."},
	{"de", "In {} ist das Zimmer schmutzig und das Essen kalt."},
	{"fi", "Päivystys {} oli aivan täynnä ja jonotimme koko yön."},
	{"fi", "Kiitos {} henkilökunnalle hyvästä hoidosta."},
}

// expected is what has to be stored of one post.
type expected struct {
	trusts  []string
	at      time.Time
	mark    string // the last word of the newest text
	deleted bool
}

// truth is what a campaign has sent, by id. It is complete when everything was sent.
type truth map[barometer.ID]*expected

// rows is the number of rows, one for each trust of a post.
func (t truth) rows() int {
	n := 0
	for _, e := range t {
		if !e.deleted {
			n += len(e.trusts)
		}
	}
	return n
}

// hours counts the posts of a trust by the hour.
func (t truth) hours(trust string) map[time.Time]uint64 {
	out := map[time.Time]uint64{}
	for _, e := range t {
		if !e.deleted && slices.Contains(e.trusts, trust) {
			out[e.at.Truncate(time.Hour)]++
		}
	}
	return out
}

// campaign invents posts and lets them flow: through archive files that grow, and through feeds whose items appear, are
// edited and are dated anew. Equal seeds give equal posts.
type campaign struct {
	tb    testing.TB
	rng   *rand.Rand
	truth truth
	sent  int // posts, with those that matter to nobody

	archives []*archive
	feeds    []*liveFeed
	server   *httptest.Server
	from     time.Time // posts are dated in the 60 days from here
}

// archive is a growing file of JSON Lines. All archives share the identities of one platform, so that a post in two of
// them is one post.
type archive struct {
	id   string
	path string
}

const (
	platform     = "campaign"
	campaignDays = 60
)

func newCampaign(tb testing.TB, dir string, seed uint64, archives, feeds int) *campaign {
	tb.Helper()
	c := &campaign{tb: tb, rng: rand.New(rand.NewPCG(seed, 0)), truth: truth{},
		from: time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -campaignDays)}
	mux := http.NewServeMux()
	for i := range feeds {
		f := &liveFeed{id: fmt.Sprintf("feed-%02d", i)}
		c.feeds = append(c.feeds, f)
		mux.Handle("GET /"+f.id, f)
	}
	c.server = httptest.NewServer(mux)
	tb.Cleanup(c.server.Close)
	for i := range archives {
		a := &archive{id: fmt.Sprintf("archive-%d", i)}
		a.path = filepath.Join(dir, a.id+".jsonl")
		if err := os.WriteFile(a.path, nil, 0o600); err != nil {
			tb.Fatal(err)
		}
		c.archives = append(c.archives, a)
	}
	return c
}

// invent makes a post and its truth. One in five is about nobody we listen for.
func (c *campaign) invent(mark string) (text, lang string, e *expected) {
	p := phrases[c.rng.IntN(len(phrases))]
	e = &expected{mark: mark, at: c.from.Add(time.Duration(c.rng.IntN(campaignDays*24*3600)) * time.Second)}
	switch n := c.rng.IntN(20); {
	case n < 4:
		return strings.ReplaceAll(p.text, "{}", "nowhere") + " " + mark, p.lang, e
	case n < 17:
		e.trusts = []string{trusts[c.rng.IntN(len(trusts))]}
	default:
		first := c.rng.IntN(len(trusts))
		e.trusts = []string{trusts[first], trusts[(first+1+c.rng.IntN(len(trusts)-1))%len(trusts)]}
	}
	return strings.ReplaceAll(p.text, "{}", strings.Join(e.trusts, " / ")) + " " + mark, p.lang, e
}

type archiveRecord struct {
	ID          string `json:"id"`
	Text        string `json:"text,omitempty"`
	Lang        string `json:"lang,omitempty"`
	Author      string `json:"author,omitempty"`
	URL         string `json:"url,omitempty"`
	PublishedAt string `json:"published_at,omitempty"`
	Deleted     bool   `json:"deleted,omitempty"`
}

// grow appends posts to the archives. Two in a hundred stand in two archives.
func (c *campaign) grow(posts int) {
	lines := make([]bytes.Buffer, len(c.archives))
	for range posts {
		native := "post-" + strconv.Itoa(c.sent)
		text, lang, e := c.invent("note" + strconv.Itoa(c.sent))
		c.sent++
		if e.trusts != nil {
			c.truth[barometer.DeriveID(platform, native)] = e
		}
		r := archiveRecord{ID: native, Text: text, Lang: lang, Author: "writer" + strconv.Itoa(c.rng.IntN(5000)),
			URL: "https://talk.example/" + native, PublishedAt: e.at.Format(time.RFC3339)}
		k := c.rng.IntN(len(c.archives))
		c.put(&lines[k], r)
		if c.rng.IntN(50) == 0 {
			c.put(&lines[(k+1)%len(c.archives)], r)
		}
	}
	c.append(lines)
}

// about appends posts about one organisation to the newest archive.
func (c *campaign) about(organisation string, posts int) {
	lines := make([]bytes.Buffer, len(c.archives))
	for range posts {
		native, mark := "post-"+strconv.Itoa(c.sent), "note"+strconv.Itoa(c.sent)
		c.sent++
		e := &expected{trusts: []string{organisation}, mark: mark, at: c.from.Add(time.Duration(c.rng.IntN(campaignDays*24*3600)) * time.Second)}
		c.truth[barometer.DeriveID(platform, native)] = e
		c.put(&lines[len(lines)-1], archiveRecord{ID: native, Text: "Nobody told us anything at " + organisation + " " + mark, PublishedAt: e.at.Format(time.RFC3339)})
	}
	c.append(lines)
}

// remove reports n of the posts so far as deleted by their platform.
func (c *campaign) remove(n int) {
	lines := make([]bytes.Buffer, len(c.archives))
	for range n {
		native := "post-" + strconv.Itoa(c.rng.IntN(c.sent))
		e := c.truth[barometer.DeriveID(platform, native)]
		if e == nil || e.deleted {
			continue
		}
		e.deleted = true
		c.put(&lines[c.rng.IntN(len(lines))], archiveRecord{ID: native, Deleted: true})
	}
	c.append(lines)
}

// seal appends a last post to every archive. An archive is read in order, so when they are stored, all before was read.
func (c *campaign) seal() {
	lines := make([]bytes.Buffer, len(c.archives))
	for i, a := range c.archives {
		native := "last-of-" + a.id
		e := &expected{trusts: trusts[:1], at: c.from.Add(time.Hour), mark: "sealed"}
		c.truth[barometer.DeriveID(platform, native)] = e
		c.sent++
		c.put(&lines[i], archiveRecord{ID: native, Text: "The last word about " + trusts[0] + " sealed", PublishedAt: e.at.Format(time.RFC3339)})
	}
	c.append(lines)
}

func (c *campaign) put(lines *bytes.Buffer, r archiveRecord) {
	b, err := json.Marshal(r)
	if err != nil {
		c.tb.Fatal(err)
	}
	lines.Write(append(b, '\n'))
}

func (c *campaign) append(lines []bytes.Buffer) {
	for i, a := range c.archives {
		f, err := os.OpenFile(a.path, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			c.tb.Fatal(err)
		}
		if _, err := f.Write(lines[i].Bytes()); err != nil {
			c.tb.Fatal(err)
		}
		if err := f.Close(); err != nil {
			c.tb.Fatal(err)
		}
	}
}

// appear shows posts as new items of the feeds, and edits some of those that were heard.
func (c *campaign) appear(posts int) {
	for range posts {
		f := c.feeds[c.rng.IntN(len(c.feeds))]
		native := fmt.Sprintf("%s-%d", f.id, c.sent)
		text, lang, e := c.invent("note" + strconv.Itoa(c.sent) + "edition0")
		c.sent++
		if e.trusts != nil {
			c.truth[barometer.DeriveID(f.id, native)] = e
		}
		f.show(&liveItem{id: native, text: text, lang: lang, stated: e.at, expected: e})
	}
	for _, f := range c.feeds {
		f.edit(c.rng)
	}
}

// edits counts the edits of items.
func (c *campaign) edits() int {
	n := 0
	for _, f := range c.feeds {
		f.mu.Lock()
		for _, i := range f.items {
			n += i.editions
		}
		f.mu.Unlock()
	}
	return n
}

// heard says whether the reader has kept the newest state of every feed.
func (c *campaign) heard() bool {
	for _, f := range c.feeds {
		f.mu.Lock()
		done := f.settled == f.state
		f.mu.Unlock()
		if !done {
			return false
		}
	}
	return true
}

// liveFeed is a JSON Feed whose items appear and change. A reader that comes back with the ETag of a state shows that it
// has kept that state durably; only then is an item edited, because until then its first stated date is nobody's truth.
type liveFeed struct {
	id string

	mu      sync.Mutex
	items   []*liveItem
	state   int // counts changes; the ETag
	settled int // newest state that the reader has shown to have kept
}

type liveItem struct {
	id, text, lang string
	stated         time.Time
	since          int // state in which it became as it is
	editions       int
	expected       *expected
}

func (f *liveFeed) show(i *liveItem) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.state++
	i.since = f.state
	f.items = append(f.items, i)
}

// edit changes text and stated date of some settled items. The stored date must stay the first one.
func (f *liveFeed) edit(rng *rand.Rand) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for range 1 + len(f.items)/100 {
		if len(f.items) == 0 {
			return
		}
		i := f.items[rng.IntN(len(f.items))]
		if i.since > f.settled {
			continue
		}
		f.state++
		i.since = f.state
		old := i.expected.mark
		i.editions++
		i.expected.mark = old[:strings.Index(old, "edition")] + "edition" + strconv.Itoa(i.editions)
		i.text = strings.TrimSuffix(i.text, old) + i.expected.mark
		i.stated = i.stated.Add(time.Duration(rng.IntN(72*60)-36*60) * time.Minute)
	}
}

type jsonFeed struct {
	Version string         `json:"version"`
	Title   string         `json:"title"`
	Items   []jsonFeedItem `json:"items"`
}

type jsonFeedItem struct {
	ID        string `json:"id"`
	URL       string `json:"url"`
	Text      string `json:"content_text"`
	Lang      string `json:"language"`
	Published string `json:"date_published"`
}

// ServeHTTP implements http.Handler.
func (f *liveFeed) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if kept, err := strconv.Atoi(strings.Trim(r.Header.Get("If-None-Match"), `"`)); err == nil {
		f.settled = max(f.settled, kept)
	}
	etag := strconv.Quote(strconv.Itoa(f.state))
	w.Header().Set("ETag", etag)
	if r.Header.Get("If-None-Match") == etag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	out := jsonFeed{Version: "https://jsonfeed.org/version/1.1", Title: f.id, Items: []jsonFeedItem{}}
	for _, i := range f.items {
		out.Items = append(out.Items, jsonFeedItem{ID: i.id, URL: "https://" + f.id + ".example/" + i.id, Text: i.text, Lang: i.lang,
			Published: i.stated.Format(time.RFC3339)})
	}
	w.Header().Set("Content-Type", "application/feed+json")
	_ = json.NewEncoder(w).Encode(out) // the reader may be killed while it reads
}
