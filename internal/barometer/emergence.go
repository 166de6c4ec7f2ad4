package barometer

import (
	"encoding/json"
	"time"
)

// Reading is the barometer at a time: where today stands among this organisation's ordinary days, 0 to 100. 50 is an
// ordinary day; 97 means that 3 % of ordinary days look like this.
type Reading struct {
	Organisation string    `json:"organisation"`
	Scope        string    `json:"scope,omitempty"` // "" is the organisation; else "concern:ID" or "site:NAME"
	At           time.Time `json:"at"`
	Pressure     float64   `json:"pressure"`
	Low          float64   `json:"low"`      // 95 % interval, from uncertain parameters and small counts
	High         float64   `json:"high"`     //
	Tendency     string    `json:"tendency"` // rising, steady or falling
	Word         string    `json:"word"`     // calm, ordinary, unsettled or stormy
	Provisional  bool      `json:"provisional,omitempty"`
	Blind        bool      `json:"blind"` // we could not hear: the pressure is not to be trusted

	// What it is made of: the 24 hours before At.
	Coverage float64 `json:"coverage"` // share of them that could be heard, 0 to 1
	Posts    uint32  `json:"posts"`    // mentions
	Negative uint32  `json:"negative"` // of these, negative
	Severe   uint32  `json:"severe"`   // of these, about harm
	Expected float64 `json:"expected"` // negative mentions on an ordinary day
	Days     uint32  `json:"days"`     // ordinary days that it is compared with
}

// IssueRecord is an issue as it was known at a time: one record for each transition, and one for its latest state.
type IssueRecord struct {
	Organisation string          `json:"organisation"`
	ID           string          `json:"id"`
	At           time.Time       `json:"at"` // of this knowledge
	Name         string          `json:"name"`
	State        string          `json:"state"` // new, rising, peaking, fading, resolved or reopened
	Tier         string          `json:"tier"`  // watch or alert
	Since        time.Time       `json:"since"` // first post
	Posts        uint32          `json:"posts"`
	Observed     float64         `json:"observed"`
	Expected     float64         `json:"expected"`
	P            float64         `json:"p"`
	Evidence     string          `json:"evidence,omitempty"` // address of the frozen bundle
	Transition   bool            `json:"-"`                  // false: only the numbers moved
	Detail       json.RawMessage `json:"detail,omitempty"`   // terms, contributors, spread, representative posts, history
}

// Evidence is a frozen bundle: known by the SHA-256 of its bytes, so that it cannot change.
type Evidence struct {
	Address      string
	Organisation string
	Issue        string
	At           time.Time
	Body         json.RawMessage
}

// The verdicts of people on an issue.
const (
	VerdictTrue       = "true"
	VerdictKnown      = "known"
	VerdictCampaign   = "campaign"
	VerdictIrrelevant = "irrelevant"
	VerdictDuplicate  = "duplicate"
)

// Verdict is what somebody decided about an issue. The last one counts.
type Verdict struct {
	Organisation string    `json:"organisation"`
	Issue        string    `json:"issue"`
	At           time.Time `json:"at"`
	Verdict      string    `json:"verdict"`
	Reason       string    `json:"reason"`
	By           string    `json:"by"` // name of the API key, a role
}

// Correction is what somebody says an analysis should have been. The last one for a field counts.
type Correction struct {
	Organisation string    `json:"organisation"`
	Mention      ID        `json:"mention"`
	At           time.Time `json:"at"`
	Field        string    `json:"field"` // sentiment, concerns, severity, abuse or lang
	Value        string    `json:"value"` // a label; several concerns separated by commas
	Was          string    `json:"was"`   // what the pipeline had said, with its version
	By           string    `json:"by"`
}
