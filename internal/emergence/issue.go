package emergence

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"math"
	"slices"
	"time"

	"barometer/internal/barometer"
)

// State is where an issue is in its life.
type State string

// The states of an issue.
const (
	StateNew      State = "new"      // just found
	StateRising   State = "rising"   // more posts than in the window before, beyond chance
	StatePeaking  State = "peaking"  // neither rising nor falling, near its highest rate
	StateFading   State = "fading"   // fewer than before, beyond chance, and below half its highest rate
	StateResolved State = "resolved" // a week back at what was ordinary before
	StateReopened State = "reopened" // back within 90 days of being resolved
)

// Tier says how sure the detection is.
type Tier string

// The tiers.
const (
	Watch Tier = "watch" // a term beyond its p-value: a few false ones a month
	Alert Tier = "alert" // beyond the false discovery rate over the whole vocabulary, or over all series
)

// Issue is something that emerged.
type Issue struct {
	ID           string        `json:"id"` // derived from the organisation and the first post: equal in every replay
	Name         string        `json:"name"`
	Tier         Tier          `json:"tier"`
	State        State         `json:"state"`
	Since        time.Time     `json:"since"`      // first post
	Detected     time.Time     `json:"detected"`   // first tick
	Updated      time.Time     `json:"updated"`    // last change
	FirstPost    barometer.ID  `json:"first_post"` // the earliest known
	Terms        []IssueTerm   `json:"terms"`      // strongest first
	Series       []Contributor `json:"series"`     // rising series that it explains
	Posts        int           `json:"posts"`      // members that are not copies
	Copies       int           `json:"copies"`
	Rate         int           `json:"rate"`     // members in the last 24 hours
	Peak         int           `json:"peak"`     // highest Rate
	Observed     int           `json:"observed"` // of the strongest evidence so far
	Expected     float64       `json:"expected"`
	P            float64       `json:"p"`
	Q            float64       `json:"q"`
	Evidence     string        `json:"evidence,omitempty"` // address of the latest bundle
	BySource     []Share       `json:"by_source"`
	BySite       []Share       `json:"by_site"`
	ByLang       []Share       `json:"by_lang"`
	ByConcern    []Share       `json:"by_concern"`
	Posted       []PostRef     `json:"representative"` // at most ten, diverse, by distinct authors
	Transitions  []Transition  `json:"transitions"`
	Organisation string        `json:"organisation"`

	life life
}

// IssueTerm is a term of an issue.
type IssueTerm struct {
	Surface string  `json:"term"`
	Weight  float64 `json:"weight"` // share of the posts with it that the past does not explain, fading when it is no longer flagged
	P       float64 `json:"p"`
	key     uint64
	lexeme  string
}

// Contributor is a series that rose with an issue.
type Contributor struct {
	Series   string  `json:"series"` // such as "parking", "parking by site forum.example"
	Observed float64 `json:"observed"`
	Expected float64 `json:"expected"`
	P        float64 `json:"p"`
	Q        float64 `json:"q"`
}

// Share counts the members of an issue by a property.
type Share struct {
	Key   string `json:"key"`
	Posts int    `json:"posts"`
}

// PostRef is a post as evidence, redacted.
type PostRef struct {
	ID     barometer.ID `json:"id"`
	At     time.Time    `json:"at"`
	Source string       `json:"source"`
	Site   string       `json:"site,omitempty"`
	URL    string       `json:"url,omitempty"`
	Lang   string       `json:"lang"`
	Title  string       `json:"title,omitempty"`
	Text   string       `json:"text"`
}

// Transition is a step in the life of an issue.
type Transition struct {
	At       time.Time `json:"at"`
	From     State     `json:"from,omitempty"`
	To       State     `json:"to"`
	Tier     Tier      `json:"tier"`
	Reason   string    `json:"reason"`
	Evidence string    `json:"evidence,omitempty"`
}

// life is what an issue is decided on.
type life struct {
	Members   map[barometer.ID]member // the last 48 hours
	Hours     map[int64]int           // members by hour since 1970
	SeenHours int64                   // nothing below is kept in Hours
	Opened    int64
	Changed   int64
	Rate0     int // members when it was found
	Named     int // posts of the group that gave it its name
	Calm      int64
	Node      string // series that it was opened for
	Measure   string
	IsSeries  bool
	Terms     *TermJudgement   // the strongest
	Alarms    []SeriesEvidence // latest of each series
	Recent    []*post          // newest members that may represent it, by time
	Counts    [4]map[string]int
}

// member is a post of an issue: when it was published, in Unix milliseconds, and the hash of its text.
type member struct {
	At   int64
	Hash [32]byte
}

const (
	resolveAfter = 7 * 24 * time.Hour
	reopenWithin = 90 * 24 * time.Hour
	newFor       = 24 * time.Hour
	kept         = 48 * time.Hour
	mostIssues   = 500
	mostRecent   = 60
	mostTerms    = 40
	settle       = 6 * hourMillis
	hourMillis   = int64(time.Hour / time.Millisecond)
)

// issueID derives the id from the organisation and the first evidence.
func issueID(organisation string, first barometer.ID) string {
	h := sha256.New()
	h.Write([]byte("issue\x00" + organisation + "\x00"))
	h.Write(first[:])
	return hex.EncodeToString(h.Sum(nil)[:12])
}

// weights maps the terms of an issue, for membership.
func (i *Issue) weight(hashes []uint64) float64 {
	s := 0.0
	for k := range i.Terms {
		if slices.Contains(hashes, i.Terms[k].key) {
			s += memberWeight(i.Terms[k].Weight)
		}
	}
	return s
}

// join makes p a member, unless it is one.
func (i *Issue) join(p *post) {
	l := &i.life
	if _, ok := l.Members[p.ID]; ok {
		return
	}
	l.Members[p.ID] = member{p.at, hashText(p.Title, p.Text)}
	l.Hours[p.at/hourMillis]++
	i.Posts++
	i.Copies += p.copies
	if t := time.UnixMilli(p.at).UTC(); i.Since.IsZero() || t.Before(i.Since) || t.Equal(i.Since) && bytes.Compare(p.ID[:], i.FirstPost[:]) < 0 {
		i.Since, i.FirstPost = t, p.ID
	}
	for k, v := range [3]string{p.Source, p.Site, p.Lang} {
		if v != "" {
			l.Counts[k][v]++
		}
	}
	for _, c := range p.Concerns {
		l.Counts[3][c]++
	}
	l.Recent = insert(l.Recent, p)
	if len(l.Recent) > mostRecent { // the first ones stay: they show how it began
		l.Recent = slices.Delete(l.Recent, 10, 11)
	}
}

// between counts members published in (from, to], in whole hours.
func (i *Issue) between(from, to int64) int {
	n := 0
	for h, c := range i.life.Hours {
		if t := h*hourMillis + hourMillis/2; t > from && t <= to {
			n += c
		}
	}
	return n
}

// evidence keeps the latest alarm of each series.
func (l *life) evidence(a *alarm) {
	x := a.SeriesEvidence
	if k := slices.IndexFunc(l.Alarms, func(y SeriesEvidence) bool { return y.Series == x.Series && y.Measure == x.Measure }); k >= 0 {
		l.Alarms[k] = x
	} else if len(l.Alarms) < mostContributors {
		l.Alarms = append(l.Alarms, x)
	}
}

// forget drops what no decision needs any more.
func (i *Issue) forget(now int64) {
	for id, m := range i.life.Members {
		if m.At < now-kept.Milliseconds() {
			delete(i.life.Members, id)
		}
	}
	for h := range i.life.Hours {
		if h*hourMillis < now-9*24*hourMillis {
			delete(i.life.Hours, h)
		}
	}
}

// ratioBounds returns bounds, each with 95 % confidence, of the ratio of two rates of which a and b posts were seen in
// equal times: the posterior of a share under Jeffreys' prior, by its normal approximation on the logit scale.
func ratioBounds(a, b int) (low, high float64) {
	x, y := float64(a)+.5, float64(b)+.5
	mid, se := math.Log(x/y), math.Sqrt(1/x+1/y)
	return math.Exp(mid - 1.645*se), math.Exp(mid + 1.645*se)
}

// live decides on the state of an issue at a time.
func (i *Issue) live(now int64) (State, string) {
	day := span.Milliseconds()
	i.Rate = i.between(now-day, now)
	i.Peak = max(i.Peak, i.Rate)
	age := now - i.life.Opened
	// A young issue is compared over shorter windows, or nothing could be said of it for two days.
	w := min(day, max(3*hourMillis, (now-i.Since.UnixMilli())/2))
	recent, before := i.between(now-w, now), i.between(now-2*w, now-w)
	low, high := ratioBounds(recent, before)
	if i.Rate > i.calmRate() {
		i.life.Calm = now
	}
	switch i.State {
	case StateResolved:
		if i.Rate >= max(leastPosts, 2*i.calmRate()) {
			return StateReopened, "it came back"
		}
		return StateResolved, ""
	case StateNew, StateReopened:
		if age >= 3*hourMillis && low > 1 && i.Rate >= i.life.Rate0*3/2 {
			return StateRising, "more posts than in the window before"
		}
		if now-i.life.Changed < newFor.Milliseconds() {
			return i.State, ""
		}
	}
	// What moves back and forth within hours is not news.
	if now-i.life.Changed < settle && now-i.life.Calm < resolveAfter.Milliseconds() && i.State != StateNew && i.State != StateReopened {
		return i.State, ""
	}
	switch {
	case now-i.life.Calm >= resolveAfter.Milliseconds():
		return StateResolved, "a week within what was ordinary before"
	case low > 1 && i.Rate >= leastPosts:
		return StateRising, "more posts than in the window before"
	case high < 1 && i.Rate*2 < i.Peak:
		return StateFading, "fewer posts than before, below half of the highest rate"
	case low <= 1 && high >= 1 && i.Rate*5 >= i.Peak*4:
		return StatePeaking, "no longer rising, near the highest rate"
	case i.Rate*4 < i.Peak && i.State != StateFading:
		return StateFading, "below a quarter of the highest rate"
	}
	return i.State, ""
}

// calmRate is the upper end of what its terms brought in a day before it emerged.
func (i *Issue) calmRate() int {
	return int(math.Ceil(i.Expected + 2*math.Sqrt(i.Expected+.25)))
}

// overlap is how far a group and an issue share posts: the share of the smaller set.
func (i *Issue) overlap(g *group) float64 {
	n := 0
	for _, p := range g.posts {
		if _, ok := i.life.Members[p.ID]; ok {
			n++
		}
	}
	if n == 0 {
		return 0
	}
	return float64(n) / float64(min(len(g.posts), len(i.life.Members)))
}

// jaccard is the weighted similarity of the terms of a group and an issue.
func (i *Issue) jaccard(g *group) float64 {
	var both, either float64
	for _, t := range i.Terms {
		either += t.Weight
	}
	for _, t := range g.terms {
		k := slices.IndexFunc(i.Terms, func(x IssueTerm) bool { return x.key == t.key })
		if k < 0 {
			either += t.excess
			continue
		}
		both += min(t.excess, i.Terms[k].Weight)
		either += max(t.excess, i.Terms[k].Weight) - i.Terms[k].Weight
	}
	if either == 0 {
		return 0
	}
	return both / either
}

// cosine compares the weights of the terms as vectors.
func (i *Issue) cosine(g *group) float64 {
	var dot, a, b float64
	for _, t := range i.Terms {
		a += t.Weight * t.Weight
	}
	for _, t := range g.terms {
		b += t.excess * t.excess
		if k := slices.IndexFunc(i.Terms, func(x IssueTerm) bool { return x.key == t.key }); k >= 0 {
			dot += t.excess * i.Terms[k].Weight
		}
	}
	if dot == 0 {
		return 0
	}
	return dot / math.Sqrt(a*b)
}

// same says whether a group is about the issue.
func (i *Issue) same(g *group, now int64) bool {
	if i.life.IsSeries {
		return i.life.Node != all && i.State != StateResolved && i.covers(g) >= .5
	}
	return i.overlap(g) >= .3 || i.jaccard(g) >= .3 || i.cosine(g) >= .5 ||
		now-i.life.Changed < resolveAfter.Milliseconds() && i.State != StateResolved && i.touches(g) >= .3
}

// contains says whether a younger issue is part of this one: they share a good part of the smaller one's posts.
func (i *Issue) contains(younger *Issue) bool {
	if i.life.IsSeries || younger.life.IsSeries || i.State == StateResolved || younger.State == StateResolved {
		return false
	}
	n := 0
	for id := range younger.life.Members {
		if _, ok := i.life.Members[id]; ok {
			n++
		}
	}
	return n >= watchPosts && float64(n) >= .3*float64(min(len(i.life.Members), len(younger.life.Members)))
}

// takeTerms takes over the terms of an issue that is part of this one, and its evidence where that is stronger.
func (i *Issue) takeTerms(younger *Issue) {
	for _, t := range younger.Terms {
		if !slices.ContainsFunc(i.Terms, func(x IssueTerm) bool { return x.key == t.key }) {
			i.Terms = append(i.Terms, t)
		}
	}
	i.sortTerms()
	if younger.P < i.P {
		i.P, i.Q, i.Observed, i.Expected, i.life.Terms = younger.P, younger.Q, younger.Observed, younger.Expected, younger.life.Terms
	}
}

func (i *Issue) sortTerms() {
	slices.SortFunc(i.Terms, func(a, b IssueTerm) int {
		if c := cmp.Compare(a.P, b.P); c != 0 {
			return c
		}
		return cmp.Compare(a.key, b.key)
	})
	i.Terms = i.Terms[:min(len(i.Terms), mostTerms)]
}

// covers is the share of a group's posts that count for the series that the issue was opened for.
func (i *Issue) covers(g *group) float64 {
	n := 0.0
	for _, p := range g.posts {
		if counts(i.life.Node, i.life.Measure, p) {
			n++
		}
	}
	return n / float64(len(g.posts))
}

// takes says whether a new post belongs to the issue.
func (i *Issue) takes(p *post) bool {
	if i.life.IsSeries {
		return counts(i.life.Node, i.life.Measure, p)
	}
	return i.weight(p.hashes) >= 1
}

// touches is the share of a group's posts that hold a term of the issue.
func (i *Issue) touches(g *group) float64 {
	n := 0
	for _, p := range g.posts {
		if i.weight(p.hashes) >= .5 {
			n++
		}
	}
	lexeme := slices.ContainsFunc(g.terms, func(t groupTerm) bool {
		return slices.ContainsFunc(i.Terms, func(x IssueTerm) bool { return alike(x.lexeme, t.lexeme) && x.Weight >= .5 })
	})
	if lexeme {
		return 1
	}
	return float64(n) / float64(len(g.posts))
}

// absorb takes over what a group adds.
func (i *Issue) absorb(g *group) {
	for k := range i.Terms {
		i.Terms[k].Weight *= .995 // a tick that does not flag a term makes it count less, slowly
	}
	for _, t := range g.terms {
		k := slices.IndexFunc(i.Terms, func(x IssueTerm) bool { return x.key == t.key })
		if k < 0 {
			i.Terms = append(i.Terms, IssueTerm{Surface: t.surface, Weight: t.excess, P: t.p, key: t.key, lexeme: t.lexeme})
			continue
		}
		i.Terms[k].Weight = max(i.Terms[k].Weight, t.excess)
		i.Terms[k].P = min(i.Terms[k].P, t.p)
		i.Terms[k].Surface = t.surface
	}
	i.sortTerms()
	if g.p <= i.P {
		i.P, i.Q, i.Observed, i.Expected = g.p, min(g.q, i.Q), g.observed, g.expected
		i.life.Terms = &g.judgement
	}
	i.Q = min(i.Q, g.q)
	for _, p := range g.posts {
		i.join(p)
	}
}

// IsOfSeries says whether the issue began with a rising series rather than with terms.
func (i *Issue) IsOfSeries() bool { return len(i.Terms) == 0 }
