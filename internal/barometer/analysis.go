package barometer

import "time"

// The sentiment labels. Uncertain is an honest answer, not a fourth class: the three probabilities are always given.
const (
	Negative  = "negative"
	Neutral   = "neutral"
	Positive  = "positive"
	Uncertain = "uncertain"
)

// Reason is a term that moved a judgement, with sign and size (log-odds, positive speaks for the judgement).
type Reason struct {
	Term   string  `json:"term"`
	Weight float32 `json:"weight"`
}

// Sentiment of a text. Negative, Neutral and Positive are probabilities that sum to 1; Score is Positive - Negative.
type Sentiment struct {
	Label    string   `json:"label"`
	Negative float32  `json:"negative"`
	Neutral  float32  `json:"neutral"`
	Positive float32  `json:"positive"`
	Score    float32  `json:"score"`
	Reasons  []Reason `json:"reasons"`
}

// ConcernTag says that a text is about a kind of worry in the taxonomy.
type ConcernTag struct {
	ID          string   `json:"id"`
	Framework   *string  `json:"framework"` // exact NHS patient-experience theme, or null
	Probability float32  `json:"probability"`
	Reasons     []Reason `json:"reasons"`
}

// The targets of abuse.
const (
	TargetStaff = "staff"
	TargetOther = "other"
	TargetNone  = "none"
)

// Abuse of people in a text; criticism of a service is not abuse.
type Abuse struct {
	Probability float32 `json:"probability"`
	Target      string  `json:"target"` // staff, other or none
}

// Term is a word, phrase or hashtag of a text, for the detection of what nobody configured.
type Term struct {
	Key     string `json:"key"`     // stemmed and folded: what is counted
	Surface string `json:"surface"` // as written: what is shown
}

// Analysis is what the pipeline makes of one text. It is a pure function of the text, the declared language and the
// pipeline version.
type Analysis struct {
	Lang           string       `json:"lang"` // ISO 639-1, or "other"
	LangConfidence float32      `json:"lang_confidence"`
	Sentiment      Sentiment    `json:"sentiment"`
	Concerns       []ConcernTag `json:"concerns"`
	Severity       uint8        `json:"severity"` // 0 nothing .. 5 death, safeguarding, threat; by the worst statement
	Abuse          Abuse        `json:"abuse"`
	CopyGroup      uint64       `json:"copy_group"` // equal for copies and near copies of one text
	Terms          []Term       `json:"terms,omitempty"`
	Pipeline       string       `json:"pipeline"` // version of all steps, models and the taxonomy
}

// Analysed is a mention with its analysis: one or more rows of the store, one for each organisation.
type Analysed struct {
	Mention
	Analysis
}

// Concern is an entry of the taxonomy (deploy/concerns.yaml).
type Concern struct {
	ID        string            `json:"id"`
	Name      map[string]string `json:"name"` // by language: en, de, fi
	Framework string            `json:"framework,omitempty"`
	Group     string            `json:"group"`
	Severity  uint8             `json:"severity"` // least severity of a post with this concern in a complaint
	Route     string            `json:"route"`    // who acts on it: a team's role, never a person
}

// Organisation is what is listened for.
type Organisation struct {
	ID       string   `json:"id"`
	Name     string   `json:"name"`
	Aliases  []string `json:"aliases,omitempty"`
	Handles  []string `json:"handles,omitempty"`
	Sites    []string `json:"sites,omitempty"`
	Query    string   `json:"query"`
	TimeZone string   `json:"time_zone"` // IANA name; days are counted in it
}

// SourceState says whether we can hear a source.
type SourceState string

// The states of a source.
const (
	SourceHealthy  SourceState = "healthy"
	SourceSilent   SourceState = "silent"   // reachable, but far fewer posts than expected
	SourceBlind    SourceState = "blind"    // cannot be reached or read
	SourceDisabled SourceState = "disabled" // switched off, or gone for good (410)
	SourceWaiting  SourceState = "waiting"  // not polled yet
)

// SourceHealth is one observation of a source after a poll or at a tick.
type SourceHealth struct {
	Source     string        `json:"source"`
	Kind       string        `json:"kind"`
	Name       string        `json:"name"`
	At         time.Time     `json:"at"`
	State      SourceState   `json:"state"`
	Reason     string        `json:"reason,omitempty"` // in words, without addresses of persons or secrets
	Posts      uint32        `json:"posts"`            // delivered in this poll
	Mentions   uint32        `json:"mentions"`         // of these, passed the gate as new
	Expected   float32       `json:"expected"`         // posts expected in a day, or 0 when not known yet
	Latency    time.Duration `json:"latency_ns"`
	LastPostAt time.Time     `json:"last_post_at,omitzero"`
}
