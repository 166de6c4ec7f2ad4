package emergence

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"math"
	"time"

	"barometer/internal/barometer"
)

// Options of a back-test.
type Options struct {
	Config
	Organisation barometer.Organisation
	Readings     bool                         // emit the readings too, one an hour
	Campaigns    []Period                     // known campaigns: the days weigh nothing in what is ordinary
	Name         func(id barometer.ID) string // how posts are called in the output; nil gives their ids
}

// Period is a half-open span of time.
type Period struct{ From, To time.Time }

// Line is a line that a back-test gives out: a transition of an issue, or a reading. Its JSON has the fields of the one
// or of the other.
type Line struct {
	At      time.Time
	Issue   *IssueLine
	Reading *barometer.Reading
}

// IssueLine is a transition of an issue.
type IssueLine struct {
	Tier     Tier     `json:"tier"`
	ID       string   `json:"issue"`
	Name     string   `json:"name"`
	State    State    `json:"state"`
	Terms    []string `json:"terms"`    // strongest first
	Posts    []string `json:"posts"`    // of the last 48 hours, oldest first, at most 500
	Observed float64  `json:"observed"` // of the strongest evidence: authors with the term, or posts of the series
	Expected float64  `json:"expected"` // of them
	P        float64  `json:"p"`
}

const mostLinePosts = 500

// MarshalJSON writes the line as "at", "event" and the fields of the event.
func (l Line) MarshalJSON() ([]byte, error) {
	if l.Issue != nil {
		return json.Marshal(struct {
			At    time.Time `json:"at"`
			Event string    `json:"event"`
			*IssueLine
		}{l.At, "issue", l.Issue})
	}
	return json.Marshal(struct {
		At    time.Time `json:"at"`
		Event string    `json:"event"`
		*barometer.Reading
	}{l.At, "reading", l.Reading})
}

// Backtest replays observations through an Engine as they would have come in, and emits what it would have said. The
// observations come by time of publication; one that comes too late for its tick counts at the next.
func Backtest(ctx context.Context, posts iter.Seq2[Observation, error], o Options, emit func(Line) error) error {
	e, err := New(o.Organisation, o.Config)
	if err != nil {
		return err
	}
	for _, c := range o.Campaigns {
		e.Campaign(c.From, c.To)
	}
	every := e.cfg.TickEvery
	var next time.Time
	for obs, err := range posts {
		if err != nil {
			return fmt.Errorf("read posts: %w", err)
		}
		if next.IsZero() {
			next = obs.known().Truncate(every).Add(every)
		}
		if obs.known().After(next) { // everything up to next is here: tick up to the last step before this post
			next = obs.known().Add(-time.Millisecond).Truncate(every)
			if err := emitResult(e.Tick(next), o, emit); err != nil {
				return err
			}
			next = next.Add(every)
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		e.Add(obs)
	}
	if next.IsZero() {
		return nil
	}
	return emitResult(e.Tick(next), o, emit)
}

func emitResult(r Result, o Options, emit func(Line) error) error {
	name := o.Name
	if name == nil {
		name = barometer.ID.String
	}
	k := 0
	for i := range r.Transitions {
		t := &r.Transitions[i]
		for ; o.Readings && k < len(r.Readings) && r.Readings[k].At.Before(t.At); k++ {
			if err := emit(Line{At: r.Readings[k].At, Reading: &r.Readings[k]}); err != nil {
				return err
			}
		}
		line := &IssueLine{Tier: t.Tier, ID: t.Issue.ID, Name: t.Issue.Name, State: t.To, Terms: []string{}, Posts: []string{},
			Observed: float64(t.Issue.Observed), Expected: t.Issue.Expected, P: t.Issue.P}
		for _, x := range t.Issue.Terms[:min(len(t.Issue.Terms), 12)] {
			line.Terms = append(line.Terms, x.Surface)
		}
		for _, id := range t.Members[max(0, len(t.Members)-mostLinePosts):] {
			line.Posts = append(line.Posts, name(id))
		}
		if err := emit(Line{At: t.At, Issue: line}); err != nil {
			return err
		}
	}
	for ; o.Readings && k < len(r.Readings); k++ {
		if err := emit(Line{At: r.Readings[k].At, Reading: &r.Readings[k]}); err != nil {
			return err
		}
	}
	return nil
}

// Incident is something that happened, as somebody labelled it.
type Incident struct {
	Name  string    `json:"name"`
	Onset time.Time `json:"onset"`
	End   time.Time `json:"end"`
}

// Score says how well a back-test did on labelled incidents.
type Score struct {
	Found      int             `json:"found"`
	Missed     []string        `json:"missed"`
	Lead       []time.Duration `json:"lead_ns"`      // from onset to the first transition, of those found
	FalseAWeek float64         `json:"false_a_week"` // new issues outside all incidents
	Weeks      float64         `json:"weeks"`
}

// Judge compares the issues of a back-test with labelled incidents over a period. A new issue at or after an onset and
// not after the end counts for that incident; one outside all of them is a false alarm.
func Judge(lines []Line, incidents []Incident, over Period) Score {
	s := Score{Missed: []string{}, Lead: []time.Duration{}, Weeks: over.To.Sub(over.From).Hours() / 168}
	first := make([]time.Duration, len(incidents))
	for i := range first {
		first[i] = math.MaxInt64
	}
	wrong := 0
	for _, l := range lines {
		if l.Issue == nil || l.Issue.State != StateNew || l.At.Before(over.From) || !l.At.Before(over.To) {
			continue
		}
		hit := false
		for i, x := range incidents {
			if !l.At.Before(x.Onset) && !l.At.After(x.End) {
				first[i], hit = min(first[i], l.At.Sub(x.Onset)), true
			}
		}
		if !hit {
			wrong++
		}
	}
	for i, d := range first {
		if d == math.MaxInt64 {
			s.Missed = append(s.Missed, incidents[i].Name)
			continue
		}
		s.Found++
		s.Lead = append(s.Lead, d)
	}
	if s.Weeks > 0 {
		s.FalseAWeek = float64(wrong) / s.Weeks
	}
	return s
}
