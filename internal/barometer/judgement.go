package barometer

import "time"

// Precision says how often the issues of a tier were worth telling, by the last verdict of people on each.
type Precision struct {
	Tier     string            `json:"tier"`
	Judged   uint64            `json:"judged"`   // issues with a verdict
	True     uint64            `json:"true"`     // of these, with the verdict "true"
	Share    float64           `json:"share"`    // True / Judged, or 0 where nothing is judged
	Low      float64           `json:"low"`      // 95 % interval of the share (Wilson 1927); 0 to 1 where nothing is judged
	High     float64           `json:"high"`     //
	Verdicts map[string]uint64 `json:"verdicts"` // issues by verdict
}

// Agreement says how often the pipeline's own judgement is the one that people gave, of the mentions that they labelled.
type Agreement struct {
	Field  string  `json:"field"`
	Labels uint64  `json:"labels"` // mentions that people labelled
	Agreed uint64  `json:"agreed"` // of these, labelled as the pipeline had
	Share  float64 `json:"share"`  // Agreed / Labels, or 0 where there are none
	Low    float64 `json:"low"`    // 95 % interval of the share (Wilson 1927)
	High   float64 `json:"high"`   //
}

// The fields that people can correct.
const (
	FieldSentiment = "sentiment" // a label of sentiment
	FieldConcerns  = "concerns"  // ids in order, separated by commas, or NoConcerns
	FieldSeverity  = "severity"  // 0 to 5
	FieldAbuse     = "abuse"     // staff, other or none
	FieldLang      = "lang"      // ISO 639-1, or other
)

// NoConcerns is the value of a correction that says: about nothing in the taxonomy.
const NoConcerns = "none"

// Labelled is a mention with the labels that people gave it: a line of training or evaluation data. A field that nobody
// labelled is absent.
type Labelled struct {
	ID        ID        `json:"id"`
	Title     string    `json:"title,omitempty"`
	Text      string    `json:"text"`
	Lang      string    `json:"lang"` // as labelled, or else as found
	Sentiment string    `json:"sentiment,omitempty"`
	Concerns  *[]string `json:"concerns,omitempty"` // empty: labelled as having none
	Severity  *uint8    `json:"severity,omitempty"`
	Abuse     string    `json:"abuse,omitempty"`
}

// IssueDetail is what the detail of an IssueRecord holds.
type IssueDetail struct {
	Terms          []IssueTerm       `json:"terms"`  // strongest first
	Series         []IssueSeries     `json:"series"` // rising series that the issue explains
	Copies         uint32            `json:"copies"` // posts that repeat a member; they are not counted
	Rate           uint32            `json:"rate"`   // posts of the last 24 hours
	Peak           uint32            `json:"peak"`   // highest rate so far
	Detected       time.Time         `json:"detected,omitzero"`
	BySource       []IssueShare      `json:"by_source"`
	BySite         []IssueShare      `json:"by_site"`
	ByLang         []IssueShare      `json:"by_lang"`
	ByConcern      []IssueShare      `json:"by_concern"`
	Representative []IssuePost       `json:"representative"` // diverse, by distinct authors
	Transitions    []IssueTransition `json:"transitions"`    // oldest first
}

// IssueTerm is a word or phrase of an issue.
type IssueTerm struct {
	Term   string  `json:"term"`
	Weight float64 `json:"weight"` // share of the posts with it that the past does not explain
	P      float64 `json:"p"`
}

// IssueSeries is a series that rose with an issue.
type IssueSeries struct {
	Series   string  `json:"series"` // in words
	Observed float64 `json:"observed"`
	Expected float64 `json:"expected"`
	P        float64 `json:"p"`
	Q        float64 `json:"q"`
}

// IssueShare counts the posts of an issue by a property.
type IssueShare struct {
	Key   string `json:"key"`
	Posts uint32 `json:"posts"`
}

// IssuePost is a post that represents an issue, redacted. Of one that was deleted since, the id is all that is left.
type IssuePost struct {
	ID      ID        `json:"id"`
	At      time.Time `json:"at"`
	Source  string    `json:"source"`
	Site    string    `json:"site,omitempty"`
	URL     string    `json:"url,omitempty"`
	Lang    string    `json:"lang"`
	Title   string    `json:"title,omitempty"`
	Text    string    `json:"text"`
	Deleted bool      `json:"deleted,omitempty"`
}

// IssueTransition is a step in the life of an issue.
type IssueTransition struct {
	At       time.Time `json:"at"`
	From     string    `json:"from,omitempty"`
	To       string    `json:"to"`
	Tier     string    `json:"tier"`
	Reason   string    `json:"reason"`
	Evidence string    `json:"evidence,omitempty"`
}
