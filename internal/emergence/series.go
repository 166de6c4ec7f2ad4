package emergence

import (
	"math/bits"
	"slices"
	"strings"
	"time"
)

// series holds counts over time: by day, in the organisation's time zone, for every series, and by hour for those that
// are watched within the day. It remembers what could be heard and which days are left out as known campaigns.
type series struct {
	Nodes     map[string]*node
	Concerns  []string         // bit numbers of concerns in node.Masks
	Heard     map[int64]uint8  // hour -> share that could be heard in percent; absent is all
	Campaigns []Period         // what happened in them does not count as ordinary
	Authors   map[uint64]int64 // author and concern -> day of the last post that counted
	Hour      int64            // hours up to this one are cleared and counted
	Day       int64
	Alarms    batches
}

// node is one series: all mentions, a concern, or a part of either.
type node struct {
	Key   string
	Days  []cell // ring by local day
	Hours []cell // ring by hour; nil for those that are tested once a day
	Masks []uint64
	Since int64 // hour of its first post
}

// cell counts posts that are not copies, one per author, concern and day.
type cell struct{ N, Neg, Sev uint16 }

const (
	ringHours   = 64 * 24
	ringDays    = 72
	mostHourly  = 256 // series that are also kept by the hour
	mostSources = 64
)

// all is the series of all mentions.
const all = ""

func newSeries() *series {
	return &series{Nodes: map[string]*node{}, Heard: map[int64]uint8{}, Authors: map[uint64]int64{}}
}

// localDay counts days in the organisation's time zone.
func (e *Engine) localDay(ms int64) int64 {
	y, m, d := time.UnixMilli(ms).In(e.zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400
}

// Coverage says which share, 0 to 1, of what is usually heard could be heard in an hour. Hours without a word count as
// heard. It must come before the tick that covers the hour, or counts from the next one on.
func (e *Engine) Coverage(hour time.Time, heard float64) {
	h := hour.UnixMilli() / hourMillis
	if heard >= 1 {
		delete(e.series.Heard, h)
		return
	}
	e.series.Heard[h] = uint8(max(heard, 0)*100 + .5)
}

// Campaign marks a time as a known campaign or event: it does not count as ordinary.
func (e *Engine) Campaign(from, to time.Time) {
	e.series.Campaigns = append(e.series.Campaigns, Period{from.UTC(), to.UTC()})
}

// heard is the mean share that could be heard in the hours [from, to).
func (s *series) heard(from, to int64) float64 {
	if len(s.Heard) == 0 || to <= from {
		return 1
	}
	missing := 0
	for h := from; h < to; h++ {
		if v, ok := s.Heard[h]; ok {
			missing += 100 - int(v)
		}
	}
	return 1 - float64(missing)/float64(100*(to-from))
}

func (s *series) campaign(from, to int64) bool {
	for _, p := range s.Campaigns {
		if p.From.UnixMilli() < to*hourMillis && p.To.UnixMilli() > from*hourMillis {
			return true
		}
	}
	return false
}

// advance makes room for the hours and days up to a moment.
func (s *series) advance(e *Engine, now int64) {
	hour, day := now/hourMillis, e.localDay(now)
	if s.Hour == 0 {
		s.Hour, s.Day = hour-ringHours+2, day-ringDays+2
	}
	for _, n := range s.Nodes {
		for h := max(s.Hour, hour-ringHours) + 1; h <= hour && n.Hours != nil; h++ {
			n.Hours[h%ringHours] = cell{}
			if n.Masks != nil {
				n.Masks[h%ringHours] = 0
			}
		}
		for d := max(s.Day, day-ringDays) + 1; d <= day; d++ {
			n.Days[d%ringDays] = cell{}
		}
	}
	s.Hour, s.Day = max(s.Hour, hour), max(s.Day, day)
}

// keys lists the series that a post counts for.
func seriesKeys(p *post) []string {
	keys := []string{all}
	if p.Site != "" {
		keys = append(keys, "site:"+p.Site)
	}
	if p.Lang != "" {
		keys = append(keys, "lang:"+p.Lang)
	}
	for _, c := range p.Concerns {
		keys = append(keys, "concern:"+c)
		if p.Site != "" {
			keys = append(keys, "concern:"+c+" site:"+p.Site)
		}
		if p.Kind != "" {
			keys = append(keys, "concern:"+c+" kind:"+p.Kind)
		}
		if p.Lang != "" {
			keys = append(keys, "concern:"+c+" lang:"+p.Lang)
		}
	}
	return keys
}

// concernOf returns the concern that a series is about, or "".
func concernOf(key string) string {
	c, ok := strings.CutPrefix(key, "concern:")
	if !ok {
		return ""
	}
	c, _, _ = strings.Cut(c, " ")
	return c
}

// count adds a post to its series. An author counts once a day for each concern, and once for having none.
func (s *series) count(e *Engine, p *post) {
	hour, day := p.at/hourMillis, e.localDay(p.at)
	if hour <= s.Hour-ringHours || day <= s.Day-ringDays || hour > s.Hour+1 {
		return // too old for any ring
	}
	fresh := map[string]bool{}
	for _, c := range append([]string{all}, p.Concerns...) {
		if c == all && len(p.Concerns) > 0 {
			continue
		}
		k := termHash(c, p.Author.String()) ^ mixHash(p.author, 7)
		if last, ok := s.Authors[k]; !ok || last != day {
			s.Authors[k] = day
			fresh[c] = true
		}
	}
	if len(fresh) == 0 {
		return
	}
	for _, key := range seriesKeys(p) {
		if c := concernOf(key); c != "" && !fresh[c] {
			continue
		}
		n := s.node(key, e.cfg.MaxSeries)
		if n == nil {
			continue
		}
		if n.Since == 0 || hour < n.Since {
			n.Since = hour
		}
		n.Days[day%ringDays].add(p)
		if n.Hours != nil {
			n.Hours[hour%ringHours].add(p)
		}
		if n.Masks != nil && p.negative() {
			for _, c := range p.Concerns {
				if bit := s.bit(c); bit >= 0 {
					n.Masks[hour%ringHours] |= 1 << bit
				}
			}
		}
	}
}

func (c *cell) add(p *post) {
	c.N = min(c.N, 65534) + 1
	if p.negative() {
		c.Neg = min(c.Neg, 65534) + 1
	}
	if p.Severity >= severe {
		c.Sev = min(c.Sev, 65534) + 1
	}
}

func (s *series) node(key string, most int) *node {
	if n := s.Nodes[key]; n != nil {
		return n
	}
	if len(s.Nodes) >= most {
		return nil
	}
	n := &node{Key: key, Days: make([]cell, ringDays)}
	if !strings.Contains(key, " ") && len(s.Nodes) < mostHourly {
		n.Hours = make([]cell, ringHours)
	}
	if key == all {
		n.Masks = make([]uint64, ringHours)
	}
	s.Nodes[key] = n
	return n
}

func (s *series) bit(concern string) int {
	i := slices.Index(s.Concerns, concern)
	if i < 0 && len(s.Concerns) < 64 {
		s.Concerns = append(s.Concerns, concern)
		i = len(s.Concerns) - 1
	}
	return i
}

// sum adds up the hours [from, to) of a node, with the number of different concerns in its negative posts.
func (n *node) sum(from, to int64) (total cell, concerns int) {
	var mask uint64
	for h := from; h < to; h++ {
		c := n.Hours[h%ringHours]
		total.N += c.N
		total.Neg += c.Neg
		total.Sev += c.Sev
		if n.Masks != nil {
			mask |= n.Masks[h%ringHours]
		}
	}
	return total, bits.OnesCount64(mask)
}

// forget drops what is over.
func (s *series) forget(e *Engine, now int64) {
	day, hour := e.localDay(now), now/hourMillis
	for k, d := range s.Authors {
		if d < day-2 {
			delete(s.Authors, k)
		}
	}
	for h := range s.Heard {
		if h < hour-ringHours {
			delete(s.Heard, h)
		}
	}
	s.Campaigns = slices.DeleteFunc(s.Campaigns, func(p Period) bool { return p.To.UnixMilli() < now-ringHours*hourMillis })
	for k, n := range s.Nodes {
		empty := true
		for _, c := range n.Days {
			empty = empty && c.N == 0
		}
		if empty {
			delete(s.Nodes, k)
		}
	}
}

// sortedNodes returns the series in a fixed order.
func (s *series) sortedNodes() []*node {
	out := make([]*node, 0, len(s.Nodes))
	for _, n := range s.Nodes {
		out = append(out, n)
	}
	slices.SortFunc(out, func(a, b *node) int { return strings.Compare(a.Key, b.Key) })
	return out
}
