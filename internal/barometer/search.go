package barometer

import "time"

// Filter selects mentions of one organisation. Zero fields do not restrict; values within a list are alternatives,
// fields restrict together.
type Filter struct {
	Organisation string
	From, To     time.Time // published in [From, To)
	Text         string    // words that all must occur, and "quoted phrases"
	Langs        []string
	Sentiments   []string // labels
	Concerns     []string // concern ids
	Sources      []string // source ids
	Sites        []string
	MinSeverity  uint8
	MinAbuse     float32 // least probability of abuse
	CopyGroup    uint64
	FirstOfCopy  bool // only the earliest mention of each copy group
}

// Page asks for a part of a list, newest first.
type Page struct {
	Cursor string // from the previous page, or ""
	Limit  int    // 1 to 500
}

// Stored is a row of the store: a mention as one organisation sees it. Matches holds that organisation's match alone.
type Stored struct {
	Organisation string `json:"organisation"`
	Analysed
	StoredAt time.Time `json:"stored_at"`
	Copies   uint32    `json:"copies"` // mentions in its copy group for this organisation within a week of it, itself included

	Corrections []Correction `json:"corrections,omitempty"` // what people say: the analysis stays as the pipeline made it
}

// The steps of a series.
const (
	StepHour = "hour"
	StepDay  = "day"
	StepWeek = "week" // ISO weeks, from Monday
)

// The dimensions a series can be split by; "" is one series of all.
const (
	ByLang      = "lang"
	BySentiment = "sentiment"
	ByConcern   = "concern"
	BySource    = "source"
	BySeverity  = "severity"
)

// SeriesRequest asks for counts over time. Days and weeks are those of TimeZone. Filter.Text, Sites, MinAbuse,
// CopyGroup and FirstOfCopy are answered from rows, everything else from the hourly roll-ups.
type SeriesRequest struct {
	Filter
	By       string
	Step     string
	TimeZone string // IANA name, or "" for UTC
}

// SeriesPoint is one bucket of one series. Buckets without mentions are present with a zero count.
type SeriesPoint struct {
	Time  time.Time `json:"time"`  // start of the bucket, UTC
	Key   string    `json:"key"`   // value of the dimension, "" when not split
	Count uint64    `json:"count"` // mentions
	Total uint64    `json:"total"` // mentions in the bucket whatever their key: Count / Total is the share
}

// SourceStatus is the latest health of a source with what the store knows of its volume.
type SourceStatus struct {
	SourceHealth
	Mentions24h uint64  `json:"mentions_24h"`
	Mentions28d uint64  `json:"mentions_28d"`
	HeardShare  float32 `json:"heard_share"` // share of the last 24 hours in which the source could be heard, 0 to 1
}
