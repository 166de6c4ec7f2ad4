package emergence

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"barometer/internal/barometer"
	"barometer/internal/emergence/stats"
)

// Version names the rules of this package. It stands in every bundle and changes when a judgement could.
const Version = "emergence-1"

// Evidence is all that is needed to compute an alert again. It is frozen when an issue changes its state, and known by
// the hash of its canonical form, so that it cannot be changed afterwards.
type Evidence struct {
	Version      string           `json:"version"`
	Pipelines    []string         `json:"pipelines"` // versions of the analysis of its posts
	Organisation string           `json:"organisation"`
	Issue        string           `json:"issue"`
	Name         string           `json:"name"`
	At           time.Time        `json:"at"`
	State        State            `json:"state"`
	Tier         Tier             `json:"tier"`
	Parameters   Parameters       `json:"parameters"`
	Terms        *TermJudgement   `json:"terms,omitempty"` // the strongest so far
	Series       []SeriesEvidence `json:"series,omitempty"`
	Posts        []PostEvidence   `json:"posts"`    // of the last 48 hours, the newest 500
	Members      int              `json:"members"`  // of the last 48 hours
	Coverage     float64          `json:"coverage"` // share of the last 24 hours that could be heard
}

// Parameters are the settings that a judgement depends on.
type Parameters struct {
	WatchP  float64 `json:"watch_p"`
	AlertQ  float64 `json:"alert_q"`
	SeriesQ float64 `json:"series_q"`
}

// TermJudgement holds how the terms of a group were judged at one tick.
type TermJudgement struct {
	At    time.Time      `json:"at"`
	Terms []TermEvidence `json:"terms"`           // the first is the seed
	Steps []Support      `json:"steps,omitempty"` // terms that added evidence of their own
	P     float64        `json:"p"`
	All   []float64      `json:"all"`   // p-values of all groups of the tick
	Tests int            `json:"tests"` // terms that were under test
	Q     float64        `json:"q"`
}

// TermEvidence holds what the p-value of a term is computed from.
type TermEvidence struct {
	Term     string  `json:"term"`
	Lang     string  `json:"lang"`     // "*" for a hashtag: it is counted against all posts
	Hours    int     `json:"hours"`    // the window, 24 or 6
	Observed int     `json:"observed"` // distinct authors
	Count    float64 `json:"count"`    // decayed number of posts with it in the past
	Exposure float64 `json:"exposure"` // decayed number of posts in the past
	Size     int     `json:"size"`     // posts in the window
	Phi      float64 `json:"phi"`
	Expected float64 `json:"expected"`
	P        float64 `json:"p"` // twice the tail probability, for there are two windows
}

// Support is what a term says in the posts that hold none of the terms before it.
type Support struct {
	Term     int     `json:"term"`     // index into Terms
	Observed int     `json:"observed"` // distinct authors of such posts
	Left     float64 `json:"left"`     // share of the window's posts that hold none of the terms before it
	Tried    int     `json:"tried"`    // terms of which this one was the best
	P        float64 `json:"p"`        // times Tried
}

// SeriesEvidence holds what the p-value of a series is computed from.
type SeriesEvidence struct {
	Series   string    `json:"series"`
	Measure  string    `json:"measure"`
	Test     string    `json:"test"`     // "6 hours", "24 hours" or "day"
	Baseline []float64 `json:"baseline"` // counts of the same hours on earlier days, newest first; for "day" all days up to the tested one
	Observed float64   `json:"observed"`
	Expected float64   `json:"expected"`
	Phi      float64   `json:"phi"`
	Free     float64   `json:"free,omitempty"` // degrees of freedom of Phi
	Day      *DayInput `json:"day,omitempty"`
	P        float64   `json:"p"`
	Q        float64   `json:"q"`
}

// DayInput is what the test of whole days looks at besides the counts.
type DayInput struct {
	First    time.Weekday `json:"first"`
	Masked   []bool       `json:"masked"`
	Weight   []float64    `json:"weight"`
	Exposure []float64    `json:"exposure,omitempty"`
}

// PostEvidence is a post by its id and the hash of its redacted text. Of a post that was deleted since, this is all that
// is left.
type PostEvidence struct {
	ID   barometer.ID `json:"id"`
	Hash string       `json:"hash"` // SHA-256 of title, a zero byte and text, hexadecimal
	At   time.Time    `json:"at"`
}

// HashText is the hash by which evidence knows a text.
func HashText(title, text string) string {
	h := hashText(title, text)
	return hex.EncodeToString(h[:])
}

func hashText(title, text string) [32]byte { return sha256.Sum256([]byte(title + "\x00" + text)) }

// Canonical returns the bundle's bytes: JSON with the fields in the order of their declaration and no space between.
func (v *Evidence) Canonical() []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("emergence: evidence with a value that JSON cannot hold: %v", err)) // all numbers are finite
	}
	return b
}

// Address is the SHA-256 of the canonical bytes, hexadecimal.
func (v *Evidence) Address() string {
	h := sha256.Sum256(v.Canonical())
	return hex.EncodeToString(h[:])
}

// Open reads a bundle and checks its address and its numbers. The error says what does not follow from what.
func Open(address string, body []byte) (*Evidence, error) {
	if h := sha256.Sum256(body); hex.EncodeToString(h[:]) != address {
		return nil, barometer.Errorf(barometer.Invalid, "evidence %s: the content is not the one of this address", address)
	}
	var v Evidence
	if err := json.Unmarshal(body, &v); err != nil {
		return nil, barometer.Errorf(barometer.Invalid, "evidence %s: %w", address, err)
	}
	if err := Verify(&v); err != nil {
		return nil, fmt.Errorf("evidence %s: %w", address, err)
	}
	return &v, nil
}

// Verify computes every expected value, p and q of a bundle again, and compares them bit for bit.
func Verify(v *Evidence) error {
	if v.Version != Version {
		return barometer.Errorf(barometer.Invalid, "made by %s, which this program does not know", v.Version)
	}
	if v.Terms != nil {
		if err := v.Terms.verify(); err != nil {
			return err
		}
	}
	for i := range v.Series {
		if err := v.Series[i].verify(); err != nil {
			return err
		}
	}
	return nil
}

func (j *TermJudgement) verify() error {
	if len(j.Terms) == 0 {
		return barometer.Errorf(barometer.Invalid, "a judgement of terms without a term")
	}
	for i, t := range j.Terms {
		d := predictive(t.Count, t.Exposure, t.Phi, t.Size)
		if p := min(1, 2*d.Tail(t.Observed)); p != t.P || d.Mean != t.Expected {
			return barometer.Errorf(barometer.Invalid, "term %q: expected %v and p %v follow, not %v and %v", t.Term, d.Mean, p, t.Expected, t.P)
		}
		if t.P < j.Terms[0].P {
			return barometer.Errorf(barometer.Invalid, "term %d is stronger than the seed", i)
		}
	}
	p, logs := j.Terms[0].P, logOf(j.Terms[0].P)
	for n, s := range j.Steps {
		if s.Term < 0 || s.Term >= len(j.Terms) {
			return barometer.Errorf(barometer.Invalid, "support of a term that is not there")
		}
		t := &j.Terms[s.Term]
		alone := aloneP(predictive(t.Count, t.Exposure, t.Phi, t.Size), s.Left, s.Observed) * float64(s.Tried)
		if alone != s.P {
			return barometer.Errorf(barometer.Invalid, "support of %q: p %v follows, not %v", t.Term, alone, s.P)
		}
		logs += logOf(alone)
		p = min(p, fisher(logs, n+2))
	}
	if p != j.P {
		return barometer.Errorf(barometer.Invalid, "terms together: p %v follows, not %v", p, j.P)
	}
	k := slices.Index(j.All, j.P)
	if k < 0 || j.Tests < len(j.All) {
		return barometer.Errorf(barometer.Invalid, "the judgement is not among those of its tick")
	}
	if q := min(1, stats.BenjaminiHochberg(j.All, j.Tests-len(j.All))[k]); q != j.Q {
		return barometer.Errorf(barometer.Invalid, "terms together: q %v follows, not %v", q, j.Q)
	}
	return nil
}

func (s *SeriesEvidence) verify() error {
	var p, expected float64
	if s.Test == "day" {
		d := s.Day
		if d == nil || len(s.Baseline) == 0 || len(d.Masked) != len(s.Baseline) || len(d.Weight) != len(s.Baseline) || d.Exposure != nil && len(d.Exposure) != len(s.Baseline) {
			return barometer.Errorf(barometer.Invalid, "series %q: days of unequal number", s.Series)
		}
		v := stats.Daily(stats.Series{Counts: s.Baseline, First: d.First, Masked: d.Masked, Weight: d.Weight, Exposure: d.Exposure},
			len(s.Baseline)-1, stats.ShockOptions{})
		p, expected = v.P, v.Shock.Expected
	} else {
		if len(s.Baseline) < 2 || s.Free <= 0 || s.Phi < 1 {
			return barometer.Errorf(barometer.Invalid, "series %q: no baseline", s.Series)
		}
		p, expected = pulseP(s.Baseline, s.Observed, s.Phi, s.Free)
	}
	if p != s.P || expected != s.Expected {
		return barometer.Errorf(barometer.Invalid, "series %q: expected %v and p %v follow, not %v and %v", s.Series, expected, p, s.Expected, s.P)
	}
	return nil
}

const mostEvidence = 500

// freeze makes the evidence of an issue as it is.
func (e *Engine) freeze(i *Issue, now int64) *Evidence {
	hour := now / hourMillis
	v := &Evidence{Version: Version, Pipelines: []string{}, Organisation: e.org.ID, Issue: i.ID, Name: i.Name, At: time.UnixMilli(now).UTC(),
		State: i.State, Tier: i.Tier, Parameters: Parameters{e.cfg.WatchP, e.cfg.AlertQ, e.cfg.SeriesQ}, Terms: i.life.Terms,
		Series: slices.Clone(i.life.Alarms), Posts: []PostEvidence{}, Coverage: e.series.heard(hour-24, hour)}
	ids := i.members()
	v.Members = len(ids)
	for _, id := range ids[max(0, len(ids)-mostEvidence):] {
		m := i.life.Members[id]
		v.Posts = append(v.Posts, PostEvidence{ID: id, Hash: hex.EncodeToString(m.Hash[:]), At: time.UnixMilli(m.At).UTC()})
	}
	for _, p := range i.life.Recent {
		if p.Pipeline != "" && !slices.Contains(v.Pipelines, p.Pipeline) {
			v.Pipelines = append(v.Pipelines, p.Pipeline)
		}
	}
	slices.Sort(v.Pipelines)
	return v
}
