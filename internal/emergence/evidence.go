package emergence

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
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
	Pipeline     []string         `json:"pipeline"` // of the posts
	Organisation string           `json:"organisation"`
	Issue        string           `json:"issue"`
	Name         string           `json:"name"`
	At           time.Time        `json:"at"`
	State        State            `json:"state"`
	Tier         Tier             `json:"tier"`
	Parameters   Parameters       `json:"parameters"`
	Terms        []TermEvidence   `json:"terms"`
	Series       []SeriesEvidence `json:"series,omitempty"`
	Posts        []PostEvidence   `json:"posts"`
	Members      int              `json:"members"`  // posts of the last 48 hours; at most 500 are listed
	Coverage     float64          `json:"coverage"` // share of the last 24 hours that could be heard
}

// Parameters are the settings that a judgement depends on.
type Parameters struct {
	WatchP  float64 `json:"watch_p"`
	AlertQ  float64 `json:"alert_q"`
	SeriesQ float64 `json:"series_q"`
}

// TermEvidence holds what the p-value of a term is computed from.
type TermEvidence struct {
	Term     string  `json:"term"`
	Lang     string  `json:"lang"`
	Window   string  `json:"window"`   // 24h or 6h
	Observed int     `json:"observed"` // distinct authors
	Count    float64 `json:"count"`    // decayed number of posts with it in the past
	Exposure float64 `json:"exposure"` // decayed number of posts of its language in the past
	Size     int     `json:"size"`     // posts of its language in the window
	Phi      float64 `json:"phi"`
	Expected float64 `json:"expected"`
	P        float64 `json:"p"`
	Q        float64 `json:"q"`
	Rank     int     `json:"rank"`  // among all p-values of the tick, by which q follows
	Tests    int     `json:"tests"` // terms that were under test
}

// SeriesEvidence holds what the p-value of a series is computed from.
type SeriesEvidence struct {
	Series   string    `json:"series"`
	Test     string    `json:"test"`
	Baseline []float64 `json:"baseline"`
	Observed float64   `json:"observed"`
	Expected float64   `json:"expected"`
	Phi      float64   `json:"phi"`
	P        float64   `json:"p"`
	Q        float64   `json:"q"`
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
	h := sha256.Sum256([]byte(title + "\x00" + text))
	return hex.EncodeToString(h[:])
}

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

var _ = slices.Clone[[]int]
var _ = strconv.Itoa
var _ = stats.NormalTail
