package emergence

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"

	"barometer/internal/barometer"
)

// Engine watches one organisation. It is not safe for concurrent use: one goroutine adds and ticks.
type Engine struct {
	org  barometer.Organisation
	cfg  Config
	zone *time.Location

	state
}

// state is everything that a snapshot holds.
type state struct {
	pending  []Observation          // added, not yet taken by a tick
	seen     map[barometer.ID]int64 // posts taken, until a second delivery is no longer expected
	contents map[uint64]content     // copies are known by them
	window   *window
	vocab    *vocabulary
	bursting map[uint64]string // terms that burst at the last look, with their language
	series   *series
	issues   []*Issue // by time of detection

	Dispersion dispersion
	First      int64 // Unix milliseconds of the first post, 0 before
	Last       int64 // of the last step
	day        int   // of the last step, counted from First
	Closed     int64 // local day of the last test of a whole day
	Late       int   // posts that came too late for the window
}

// content is when a text was last seen, and the post that counts for it.
type content struct {
	Last  int64
	First barometer.ID
}

const (
	seenFor    = 5 * 24 * time.Hour
	copiesFor  = 14 * 24 * time.Hour
	dayMillis  = 24 * hourMillis
	mostSeen   = 1_000_000
	linkLength = 200
)

// New returns an engine for an organisation. An error is the configuration's (kind Invalid).
func New(org barometer.Organisation, cfg Config) (*Engine, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	zone, err := time.LoadLocation(org.TimeZone)
	if err != nil {
		return nil, barometer.Errorf(barometer.Invalid, "organisation %s: time zone %q: %w", org.ID, org.TimeZone, err)
	}
	e := &Engine{org: org, cfg: cfg.withDefaults(), zone: zone}
	e.state = state{
		seen: map[barometer.ID]int64{}, contents: map[uint64]content{}, window: newWindow(), vocab: newVocabulary(e.cfg.MaxTerms),
		bursting: map[uint64]string{}, series: newSeries(),
	}
	return e, nil
}

// Add hands observations over, in any order. They count from the first tick at or after they were published and had
// arrived. A post that was added before is ignored.
func (e *Engine) Add(obs ...Observation) { e.pending = append(e.pending, obs...) }

// Result is what ticks found.
type Result struct {
	Transitions []Event             // of issues, in order
	Readings    []barometer.Reading // of the organisation, one an hour
	Details     []barometer.Reading // of its sites, languages and concerns, one an hour each, with Config.Details
}

// Event is a transition of an issue with the issue as it was then.
type Event struct {
	Transition
	Issue    *Issue         // a copy: it does not change any more
	Members  []barometer.ID // posts of the last 48 hours, oldest first
	Evidence *Evidence
}

// Tick computes everything up to a time: each step of the grid of Config.TickEvery that was not computed before, in
// order. A tick that comes late catches up, one that comes twice does nothing.
func (e *Engine) Tick(at time.Time) Result {
	var r Result
	every := e.cfg.TickEvery.Milliseconds()
	now := at.UnixMilli() / every * every
	slices.SortFunc(e.pending, func(a, b Observation) int {
		if c := a.known().Compare(b.known()); c != 0 {
			return c
		}
		return bytes.Compare(a.ID[:], b.ID[:])
	})
	if e.Last == 0 {
		if len(e.pending) == 0 || e.pending[0].known().UnixMilli() > now {
			return r
		}
		e.Last = e.pending[0].known().UnixMilli() / every * every
	}
	for step := e.Last + every; step <= now; step += every {
		e.step(step, &r)
	}
	return r
}

// step computes one moment of the grid.
func (e *Engine) step(now int64, r *Result) {
	every := e.cfg.TickEvery.Milliseconds()
	fresh := e.take(now)
	if e.First == 0 && len(fresh) > 0 {
		e.First = fresh[0].At.UnixMilli()
	}
	day := int((now - e.First) / dayMillis)
	if e.First == 0 {
		day = 0
	}
	if day > e.day {
		e.learnDispersion()
		e.day = day
		e.daily(now)
	}
	for _, p := range e.window.leave(now - dayMillis) {
		e.learn(p)
	}
	e.series.advance(e, now)
	for i := range fresh {
		e.observe(&fresh[i], now)
	}
	e.Last = now
	warm := e.First != 0 && now-e.First >= e.cfg.Warmup.Milliseconds()
	if warm {
		e.detect(now, r)
		e.live(now, r)
	} else {
		clear(e.window.touched)
	}
	if e.First != 0 && now%hourMillis < every && (warm || now-e.First >= leastDays*dayMillis) {
		e.read(now, r)
	}
}

// take removes from pending, and returns by time of publication, what is known at a step. Pending is sorted.
func (e *Engine) take(now int64) []Observation {
	n, _ := slices.BinarySearchFunc(e.pending, now+1, func(o Observation, t int64) int { return cmp.Compare(o.known().UnixMilli(), t) })
	fresh := slices.Clone(e.pending[:n])
	e.pending = e.pending[n:]
	slices.SortFunc(fresh, func(a, b Observation) int {
		if c := a.At.Compare(b.At); c != 0 {
			return c
		}
		return bytes.Compare(a.ID[:], b.ID[:])
	})
	return fresh
}

// observe takes one post in.
func (e *Engine) observe(o *Observation, now int64) {
	if _, ok := e.seen[o.ID]; ok {
		return
	}
	e.seen[o.ID] = now
	p := newPost(o)
	if e.isCopy(p, now) {
		return
	}
	e.series.count(e, p)
	for _, i := range e.issues {
		if i.State != StateResolved || now-i.life.Changed < reopenWithin.Milliseconds() {
			if i.takes(p) {
				i.join(p)
			}
		}
	}
	if p.at <= now-dayMillis {
		e.Late++
		e.learn(p)
		return
	}
	if len(e.window.posts) >= e.cfg.MaxPosts { // the oldest makes room
		for _, old := range e.window.leave(e.window.posts[0].at) {
			e.learn(old)
		}
	}
	e.window.add(p)
}

func newPost(o *Observation) *post {
	p := &post{Observation: *o, at: o.At.UnixMilli(), author: uint64(o.Author), hashes: make([]uint64, len(o.Terms)), links: links(o.Text, o.URL)}
	if p.author == 0 {
		p.author = mixHash(binary.LittleEndian.Uint64(o.ID[:8]), binary.LittleEndian.Uint64(o.ID[8:]))
	}
	for i, t := range o.Terms {
		p.hashes[i] = termHash(o.Lang, t.Key)
	}
	return p
}

// isCopy says whether the text, or the post it repeats, was seen before. The first of them counts the copies.
func (e *Engine) isCopy(p *post, now int64) bool {
	var keys []uint64
	if p.CopyGroup != 0 {
		keys = append(keys, p.CopyGroup)
	}
	if p.RepostOf != "" {
		keys = append(keys, termHash("", p.RepostOf))
	}
	first, found := p.ID, false
	for _, k := range keys {
		if c, ok := e.contents[k]; ok {
			first, found = c.First, true
			break
		}
	}
	if q := e.window.nearCopy(p); q != nil && !found {
		first, found = q.ID, true
	}
	for _, k := range append(keys, termHash("", p.ID.String())) {
		c, ok := e.contents[k]
		if !ok {
			c.First = first
		}
		c.Last = max(c.Last, now)
		e.contents[k] = c
	}
	if found {
		for _, q := range e.window.posts {
			if q.ID == first {
				q.copies++
			}
		}
		for _, i := range e.issues {
			if _, ok := i.life.Members[first]; ok {
				i.Copies++
			}
		}
	}
	return found
}

// learn moves a post from the news into the past.
func (e *Engine) learn(p *post) {
	day := max(0, int((p.at-e.First)/dayMillis)+1) // it is learnt the day after
	day = min(day, e.day)
	e.vocab.learnPost(p.Lang, day)
	e.vocab.learnPost(anyLang, day)
	for _, h := range p.hashes {
		e.vocab.learn(h, day)
	}
}

// daily drops what is no longer needed.
func (e *Engine) daily(now int64) {
	drop := func(age time.Duration, at int64) bool { return at < now-age.Milliseconds() }
	for id, at := range e.seen {
		if drop(seenFor, at) || len(e.seen) > mostSeen && drop(span, at) {
			delete(e.seen, id)
		}
	}
	for k, c := range e.contents {
		if drop(copiesFor, c.Last) || len(e.contents) > mostSeen && drop(span, c.Last) {
			delete(e.contents, k)
		}
	}
	if e.day%10 == 0 {
		e.vocab.prune(e.day)
	}
	e.issues = slices.DeleteFunc(e.issues, func(i *Issue) bool {
		i.forget(now)
		return i.State == StateResolved && drop(reopenWithin, i.life.Changed)
	})
	e.series.forget(e, now)
}

// detect looks for groups of bursting terms and rising series, and gives each to the issue it belongs to.
func (e *Engine) detect(now int64, r *Result) {
	if len(e.window.touched) > 0 || len(e.bursting) > 0 {
		found := e.bursts(now)
		for _, g := range e.groups(found, time.UnixMilli(now).UTC()) {
			e.attach(g, now, r)
		}
		e.mergeIssues(now, r)
	}
	if now%hourMillis < e.cfg.TickEvery.Milliseconds() {
		alarms := e.pulse(now)
		if day := e.localDay(now); day > e.Closed {
			if e.Closed > 0 {
				alarms = append(alarms, e.closeDay(now)...)
			}
			e.Closed = day
		}
		e.surge(alarms, now, r)
	}
}

// attach gives a group to the issue it continues, or opens a new one.
func (e *Engine) attach(g *group, now int64, r *Result) {
	tier := Watch
	if g.q <= e.cfg.AlertQ && g.distinct >= alertPosts {
		tier = Alert
	}
	var best *Issue
	score := 0.0
	for _, i := range e.issues {
		if !i.same(g, now) {
			continue
		}
		if s := i.overlap(g) + i.jaccard(g) + i.cosine(g); s > score {
			best, score = i, s
		}
	}
	if best == nil {
		best = &Issue{ID: issueID(e.org.ID, g.posts[0].ID), Organisation: e.org.ID, Tier: tier, P: 1, Q: 1,
			Detected: time.UnixMilli(now).UTC(), life: newLife(now)}
		best.absorb(g)
		best.Name = e.nameOf(g)
		best.life.Rate0, best.life.Named = len(g.posts), len(g.posts)
		best.Rate = best.between(now-dayMillis, now)
		best.life.Calm = now
		e.issues = append(e.issues, best)
		e.boundIssues()
		e.move(best, StateNew, "terms that the past does not explain", now, r)
		return
	}
	best.absorb(g)
	if len(g.posts) >= 2*best.life.Named && now-best.life.Opened <= 2*dayMillis {
		best.life.Named = len(g.posts)
		best.Name = e.nameOf(g) // with more evidence the name is better
	}
	if tier == Alert && best.Tier == Watch {
		best.Tier = Alert
		e.move(best, best.State, "beyond the false discovery rate over the whole vocabulary", now, r)
	}
}

// mergeIssues ends issues that turned out to be part of an older one: most of their posts are its posts too.
func (e *Engine) mergeIssues(now int64, r *Result) {
	for k := 0; k < len(e.issues); k++ {
		older := e.issues[k]
		for j := len(e.issues) - 1; j > k; j-- {
			younger := e.issues[j]
			if !older.contains(younger) {
				continue
			}
			for _, p := range e.window.posts {
				if _, ok := younger.life.Members[p.ID]; ok {
					older.join(p)
				}
			}
			older.takeTerms(younger)
			e.move(younger, StateResolved, "part of "+older.Name, now, r)
			e.issues = slices.Delete(e.issues, j, j+1)
			if younger.Tier == Alert && older.Tier == Watch {
				older.Tier = Alert
				e.move(older, older.State, "with what turned out to be part of it", now, r)
			}
		}
	}
}

func newLife(now int64) life {
	l := life{Members: map[barometer.ID]member{}, Hours: map[int64]int{}, Opened: now, Changed: now}
	for k := range l.Counts {
		l.Counts[k] = map[string]int{}
	}
	return l
}

// boundIssues keeps the number of issues finite: the one that is resolved longest goes, or else the oldest.
func (e *Engine) boundIssues() {
	if len(e.issues) <= mostIssues {
		return
	}
	worst := 0
	for k, i := range e.issues {
		if i.State == StateResolved && (e.issues[worst].State != StateResolved || i.life.Changed < e.issues[worst].life.Changed) {
			worst = k
		}
	}
	e.issues = slices.Delete(e.issues, worst, worst+1)
}

// live moves issues along their life.
func (e *Engine) live(now int64, r *Result) {
	for _, i := range e.issues {
		if to, reason := i.live(now); to != i.State {
			e.move(i, to, reason, now, r)
		}
	}
}

// move records a transition.
func (e *Engine) move(i *Issue, to State, reason string, now int64, r *Result) {
	t := Transition{At: time.UnixMilli(now).UTC(), From: i.State, To: to, Tier: i.Tier, Reason: reason}
	if to == StateReopened {
		i.life.Opened, i.life.Rate0 = now, i.Rate
	}
	if to != i.State {
		i.life.Changed = now
	}
	i.State, i.Updated = to, t.At
	ev := e.freeze(i, now)
	t.Evidence = ev.Address()
	i.Evidence = t.Evidence
	i.Transitions = append(i.Transitions, t)
	if len(i.Transitions) > 200 {
		i.Transitions = slices.Delete(i.Transitions, 1, 2)
	}
	i.describe()
	r.Transitions = append(r.Transitions, Event{Transition: t, Issue: i.clone(), Members: i.members(), Evidence: ev})
}

// Issues returns all issues that are not forgotten, in order of detection. They are copies.
func (e *Engine) Issues() []*Issue {
	out := make([]*Issue, 0, len(e.issues))
	for _, i := range e.issues {
		i.describe()
		out = append(out, i.clone())
	}
	return out
}

// links returns the addresses in a text and the post's own, without queries and fragments: two posts about one page
// are about one thing, whatever their language.
func links(text, own string) []string {
	var out []string
	add := func(s string) {
		s = strings.ToLower(strings.TrimRight(s, ".,;:!?)\"'»“”…"))
		s = strings.TrimPrefix(strings.TrimPrefix(s, "https://"), "http://")
		if i := strings.IndexAny(s, "?#"); i >= 0 {
			s = s[:i]
		}
		s = strings.TrimSuffix(s, "/")
		if strings.Contains(s, "/") && len(s) <= linkLength && !slices.Contains(out, s) { // a mere host says too little
			out = append(out, s)
		}
	}
	for _, w := range strings.Fields(text) {
		if i := strings.Index(w, "http"); i >= 0 && strings.Contains(w[i:], "://") {
			add(w[i:])
		}
	}
	if own != "" {
		add(own)
	}
	return out
}

// Forget drops what was said in posts that were deleted at their source. What they counted for stays, as a count and a
// hash; their text does not.
func (e *Engine) Forget(ids ...barometer.ID) {
	for _, id := range ids {
		e.pending = slices.DeleteFunc(e.pending, func(o Observation) bool { return o.ID == id })
		e.seen[id] = e.Last
		for _, p := range e.window.posts {
			if p.ID == id {
				p.Title, p.Text, p.URL, p.links = "", "", "", nil
			}
		}
		for _, i := range e.issues {
			i.life.Recent = slices.DeleteFunc(i.life.Recent, func(p *post) bool { return p.ID == id })
		}
	}
}

// String names the engine in logs and tests.
func (e *Engine) String() string { return fmt.Sprintf("emergence of %s", e.org.ID) }

// Size returns how many terms and series are tracked.
func (e *Engine) Size() (terms, series int) { return e.vocab.used, len(e.series.Nodes) }
