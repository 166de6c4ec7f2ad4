package web

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"barometer/internal/barometer"
)

// coverage says whether we can hear, worst source first.
type coverage struct {
	Sources []sourceView
	Heard   int // healthy
	New     int // of these, without an expectation yet: silence would not be noticed
	All     int // of those that should be heard: without the disabled ones
	Unheard []string
	Now     time.Time
}

type sourceView struct {
	barometer.SourceStatus
	Label string // name, or the id where it has none
	State stateWord
	At    time.Time // in the organisation's zone
	Last  time.Time // zero where nothing was ever heard
}

// stateWord is how a state is said and coloured.
type stateWord struct {
	Word, Tag, Meaning string
	rank               int
}

var stateWords = map[barometer.SourceState]stateWord{
	barometer.SourceBlind:    {"Cannot be heard", "red", "cannot be reached or read", 0},
	barometer.SourceSilent:   {"Silent", "orange", "reachable, but far fewer posts than usual", 1},
	barometer.SourceWaiting:  {"Waiting", "yellow", "not asked yet", 2},
	barometer.SourceHealthy:  {"Heard", "green", "delivers as expected", 3},
	barometer.SourceDisabled: {"Switched off", "grey", "switched off, or gone for good", 4},
}

func newCoverage(all []barometer.SourceStatus, now time.Time) coverage {
	c := coverage{Now: now}
	for _, s := range all {
		word, ok := stateWords[s.State]
		if !ok {
			word = stateWord{Word: string(s.State), Tag: "grey"}
		}
		if s.State == barometer.SourceHealthy && s.Expected == 0 {
			word.Meaning = "answers; what is usual is not known yet"
		}
		v := sourceView{SourceStatus: s, Label: cmp.Or(s.Name, s.Source), State: word, At: s.At.In(now.Location())}
		if !s.LastPostAt.IsZero() {
			v.Last = s.LastPostAt.In(now.Location())
		}
		c.Sources = append(c.Sources, v)
	}
	slices.SortStableFunc(c.Sources, func(a, b sourceView) int {
		return cmp.Or(a.State.rank-b.State.rank, strings.Compare(a.Label, b.Label))
	})
	for _, s := range c.Sources {
		switch s.SourceStatus.State {
		case barometer.SourceDisabled:
			continue
		case barometer.SourceHealthy:
			c.Heard++
			if s.Expected == 0 {
				c.New++
			}
		case barometer.SourceBlind, barometer.SourceSilent:
			c.Unheard = append(c.Unheard, s.Label)
		}
		c.All++
	}
	return c
}

// Deaf says that somebody would be missed.
func (c coverage) Deaf() bool { return len(c.Unheard) > 0 || c.All == 0 }

// Sentence says in words what can be heard.
func (c coverage) Sentence() string {
	switch {
	case c.All == 0:
		return "No source is being listened to."
	case len(c.Unheard) == 0 && c.Heard == c.All:
		if c.New > 0 {
			of := ""
			if c.New < c.All {
				of = fmt.Sprintf(" for %d of them", c.New)
			}
			return allOf(c.All, "answers", "answer") + ". How much is usual is not known yet" + of + ", so silence would go unnoticed."
		}
		return allOf(c.All, "is heard", "are heard") + "."
	case len(c.Unheard) == 0:
		return fmt.Sprintf("%d of %d sources have been heard so far.", c.Heard, c.All)
	case c.All == 1:
		return "The only source cannot be heard as usual."
	case len(c.Unheard) == 1:
		return fmt.Sprintf("1 of %d sources cannot be heard as usual.", c.All)
	}
	return fmt.Sprintf("%d of %d sources cannot be heard as usual.", len(c.Unheard), c.All)
}

func allOf(n int, one, many string) string {
	if n == 1 {
		return "The only source " + one
	}
	return fmt.Sprintf("All %d sources %s", n, many)
}

// Note says the same in a few words.
func (c coverage) Note() string {
	switch {
	case c.Deaf():
		return "figures may be too low"
	case c.New > 0:
		return "usual volume not known yet"
	case c.Heard < c.All:
		return "the others were not asked yet"
	}
	return "as usual"
}

// shownSources is how many the overview lists, the worst first.
const shownSources = 6

// Worst are the sources that the overview lists.
func (c coverage) Worst() []sourceView { return c.Sources[:min(len(c.Sources), shownSources)] }
