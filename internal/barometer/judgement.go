package barometer

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
