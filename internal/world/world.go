package world

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"sort"
	"sync"
	"time"
)

// HistoryDays is how many days of the world lie before its epoch.
const HistoryDays = 90

// feedCap is the most items that a feed shows; readers of feeds rarely accept more than 2,000.
const feedCap = 1900

// Config fixes a world. Two worlds of equal configuration are equal.
type Config struct {
	Seed  uint64
	Epoch time.Time // the moment of the first start; the history ends and live posts begin here
}

// Format is how a feed is written.
type Format string

// The formats of feeds.
const (
	RSS  Format = "rss"
	Atom Format = "atom"
	JSON Format = "json"
)

// Feed is an invented place where people write.
type Feed struct {
	ID     string // also its path: /feeds/ID
	Title  string
	Format Format
	Lang   string
	Site   string // invented host name of the links in it

	perDay    float64 // mean posts on an ordinary weekday
	elsewhere float64 // share of posts that have nothing to do with the trust
	untilDay  int     // the last day with posts, or 0: it falls silent afterwards
}

// Post is one invented post with its truth.
type Post struct {
	Feed   string
	GUID   string
	At     time.Time
	Lang   string
	Title  string
	Text   string
	Author string

	Mentions  bool   // whether it is about the trust
	Topic     string // concern, or "none"
	Sentiment string // negative, neutral or positive
	Planted   string // name of the happening it belongs to, or ""
	CopyOf    string // GUID of the post it repeats, or ""
	Abuse     bool   // abuses staff
	Leak      string // kind of identifier in it, or ""
}

// World generates posts. It is safe for concurrent use.
type World struct {
	config Config
	day0   time.Time // midnight UTC of the first day of the history

	mu   sync.Mutex
	days map[int][]Post // all posts of a day, by time
}

// New returns the world of the configuration.
func New(c Config) *World {
	epochDay := c.Epoch.UTC().Truncate(24 * time.Hour)
	return &World{config: c, day0: epochDay.AddDate(0, 0, -HistoryDays), days: map[int][]Post{}}
}

// Name of the trust, and the query that finds it.
const (
	TrustID    = "larkmere"
	TrustName  = "Larkmere Hospitals Trust"
	TrustQuery = `larkmere OR lerchensee OR kiurujärv* OR #larkmere`
)

// Feeds lists the places of the world.
func Feeds() []Feed {
	return []Feed{
		{ID: "echo", Title: "Larkmere Echo", Format: RSS, Lang: "en", Site: "echo.example", perDay: 9, elsewhere: .4},
		{ID: "echo-comments", Title: "Comments on the Larkmere Echo", Format: RSS, Lang: "en", Site: "echo.example", perDay: 14, elsewhere: .1},
		{ID: "patients-forum", Title: "Patients' forum", Format: Atom, Lang: "en", Site: "forum.example", perDay: 19, elsewhere: .05},
		{ID: "town-talk", Title: "Town talk", Format: JSON, Lang: "en", Site: "talk.example", perDay: 19, elsewhere: .2},
		{ID: "carers", Title: "Carers' corner", Format: JSON, Lang: "en", Site: "carers.example", perDay: 10},
		{ID: "wire", Title: "County wire", Format: RSS, Lang: "en", Site: "wire.example", perDay: 2, elsewhere: .5},
		{ID: "harbour-radio", Title: "Harbour radio news", Format: RSS, Lang: "en", Site: "radio.example", perDay: 2, elsewhere: .5},
		{ID: "parents", Title: "Parents of Larkmere", Format: Atom, Lang: "en", Site: "parents.example", perDay: 7, untilDay: 83},
		{ID: "tagblatt", Title: "Lerchenseer Tagblatt", Format: RSS, Lang: "de", Site: "tagblatt.example", perDay: 7, elsewhere: .4},
		{ID: "patientenforum", Title: "Patientenforum Lerchensee", Format: Atom, Lang: "de", Site: "patientenforum.example", perDay: 17, elsewhere: .05},
		{ID: "dorfplatz", Title: "Dorfplatz", Format: JSON, Lang: "de", Site: "dorfplatz.example", perDay: 9, elsewhere: .2},
		{ID: "sanomat", Title: "Kiurun Sanomat", Format: RSS, Lang: "fi", Site: "sanomat.example", perDay: 5, elsewhere: .4},
		{ID: "potilasfoorumi", Title: "Potilasfoorumi", Format: Atom, Lang: "fi", Site: "potilasfoorumi.example", perDay: 14, elsewhere: .05},
		{ID: "tori", Title: "Kiurun tori", Format: JSON, Lang: "fi", Site: "tori.example", perDay: 7, elsewhere: .2},
	}
}

// Posts returns all posts with from <= At < to, by time.
func (w *World) Posts(from, to time.Time) []Post {
	var out []Post
	first := max(0, w.dayOf(from))
	for d := first; d <= w.dayOf(to); d++ {
		for _, p := range w.day(d) {
			if !p.At.Before(from) && p.At.Before(to) {
				out = append(out, p)
			}
		}
	}
	return out
}

// Start is the beginning of the world's history.
func (w *World) Start() time.Time { return w.day0 }

func (w *World) dayOf(t time.Time) int { return int(math.Floor(t.Sub(w.day0).Hours() / 24)) }

func (w *World) day(d int) []Post {
	w.mu.Lock()
	defer w.mu.Unlock()
	if posts, ok := w.days[d]; ok {
		return posts
	}
	var posts []Post
	for _, f := range Feeds() {
		posts = append(posts, w.ordinary(f, d)...)
	}
	posts = append(posts, w.planted(d)...)
	if d == HistoryDays {
		posts = append(posts, w.opening()...)
	}
	sort.SliceStable(posts, func(i, j int) bool { return posts[i].At.Before(posts[j].At) })
	w.days[d] = posts
	return posts
}

// random returns the generator of one purpose on one day: nothing that is generated elsewhere can shift it.
func (w *World) random(purpose string, day int) *rand.Rand {
	h := fnv.New64a()
	_, _ = fmt.Fprintf(h, "%s/%d", purpose, day)
	return rand.New(rand.NewPCG(w.config.Seed, h.Sum64()))
}

// weekday and hour hold the rhythm: people write on Mondays and in the evening, not at four in the morning.
var (
	weekday = [7]float64{.72, 1.18, 1.12, 1.05, 1, 1.03, .78} // from Sunday
	hour    = [24]float64{2, 1, .6, .4, .4, .8, 2, 4, 6, 6, 5.5, 5.5, 6, 5.5, 5, 5, 5.5, 6, 7, 8, 8, 7, 5, 3}
)

// moment draws a time of the day by the rhythm of the hours.
func (w *World) moment(r *rand.Rand, d int) time.Time {
	var sum float64
	for _, h := range hour {
		sum += h
	}
	x := r.Float64() * sum
	h := 0
	for h < 23 && x >= hour[h] {
		x -= hour[h]
		h++
	}
	return w.day0.AddDate(0, 0, d).Add(time.Duration(h)*time.Hour + time.Duration(r.IntN(3600))*time.Second)
}

// count draws how many posts a feed has on a day: more variable than Poisson (variance 1.4 times the mean), as real
// streams are.
func (w *World) count(r *rand.Rand, mean float64, d int) int {
	mean *= weekday[w.day0.AddDate(0, 0, d).Weekday()]
	const excess = .4
	return poisson(r, gamma(r, mean/excess)*excess)
}

func (w *World) ordinary(f Feed, d int) []Post {
	if f.untilDay > 0 && d > f.untilDay {
		return nil
	}
	r := w.random("feed "+f.ID, d)
	n := w.count(r, f.perDay, d)
	out := make([]Post, 0, n)
	for i := range n {
		p := Post{Feed: f.ID, GUID: fmt.Sprintf("%s-%d-%d", f.ID, d, i), At: w.moment(r, d), Lang: f.Lang, Author: author(r, f)}
		if r.Float64() < f.elsewhere {
			p.Topic, p.Sentiment = "none", "neutral"
			p.Text = books[f.Lang].elsewhere(r)
		} else {
			p.Mentions = true
			books[f.Lang].write(r, &p)
		}
		if f.Format == RSS && f.perDay < 12 {
			p.Title = headline(p.Text)
		}
		out = append(out, p)
	}
	return out
}

// opening plants a few ordinary posts into the minutes after the first start, so that a newcomer sees the feeds move
// without waiting for the natural rhythm of some six posts an hour.
func (w *World) opening() []Post {
	var out []Post
	feeds := Feeds()
	r := w.random("opening", HistoryDays)
	for i, after := range []int{10, 25, 45, 90, 130, 180, 240, 310, 400, 500} {
		f := feeds[[]int{2, 9, 12, 3, 10, 4, 13, 2, 9, 12}[i]]
		p := Post{Feed: f.ID, GUID: fmt.Sprintf("%s-opening-%d", f.ID, i), Lang: f.Lang, Author: author(r, f), Mentions: true,
			At: w.config.Epoch.UTC().Truncate(time.Second).Add(time.Duration(after) * time.Second)}
		books[f.Lang].write(r, &p)
		out = append(out, p)
	}
	return out
}

func author(r *rand.Rand, f Feed) string { return fmt.Sprintf("%s-reader-%03d", f.ID, r.IntN(400)) }

// poisson draws by multiplication (Knuth) for the small means used here.
func poisson(r *rand.Rand, mean float64) int {
	limit, p, n := math.Exp(-mean), 1.0, 0
	for {
		p *= r.Float64()
		if p <= limit {
			return n
		}
		n++
	}
}

// gamma draws from a gamma distribution of the given shape and scale 1 (Marsaglia and Tsang 2000).
func gamma(r *rand.Rand, shape float64) float64 {
	if shape <= 0 {
		return 0
	}
	boost := 1.0
	if shape < 1 {
		boost = math.Pow(r.Float64(), 1/shape)
		shape++
	}
	d := shape - 1.0/3
	c := 1 / math.Sqrt(9*d)
	for {
		x := r.NormFloat64()
		v := 1 + c*x
		if v <= 0 {
			continue
		}
		v = v * v * v
		if math.Log(r.Float64()) < .5*x*x+d-d*v+d*math.Log(v) {
			return d * v * boost
		}
	}
}
