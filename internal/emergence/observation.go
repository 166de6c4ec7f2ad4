package emergence

import (
	"time"

	"barometer/internal/barometer"
)

// Observation is what one analysed mention contributes about one organisation. Texts are redacted and authors are
// pseudonyms: nothing else ever reaches this package.
type Observation struct {
	ID        barometer.ID
	At        time.Time // when it was published: event time, in which everything is counted
	ArrivedAt time.Time // when we had it; the zero time means at once. No tick before it takes it into account
	Lang      string
	Source    string // id of the configured source
	Kind      string // of the source
	Site      string
	URL       string
	Author    barometer.Pseudonym // zero where the source names none
	Label     string              // of the sentiment
	Negative  float32             // probability
	Severity  uint8
	Concerns  []string // ids
	Terms     []barometer.Term
	CopyGroup uint64
	RepostOf  string // id of the repeated post, as hexadecimal digits
	Title     string
	Text      string
	Pipeline  string
}

// lateness is how long after its publication a post may arrive and still count as news. One that arrives later is part
// of an import of history, and is taken as though it had been heard at once.
const lateness = 48 * time.Hour

// Observe returns what a stored mention contributes.
func Observe(s *barometer.Stored) Observation {
	o := ObserveAnalysed(&s.Analysed)
	if d := s.StoredAt.Sub(o.At); d > 0 && d <= lateness {
		o.ArrivedAt = s.StoredAt
	}
	return o
}

// ObserveAnalysed returns what an analysed mention contributes, as though it had arrived when it was published.
func ObserveAnalysed(a *barometer.Analysed) Observation {
	o := Observation{
		ID: a.ID, At: a.PublishedAt, Lang: a.Analysis.Lang, Source: a.Source, Kind: a.Kind, Site: a.Site, URL: a.URL, Author: a.Author,
		Label: a.Sentiment.Label, Negative: a.Sentiment.Negative, Severity: a.Severity, Terms: a.Terms, CopyGroup: a.CopyGroup,
		RepostOf: a.RepostOf, Title: a.Title, Text: a.Text, Pipeline: a.Pipeline,
	}
	for _, c := range a.Concerns {
		o.Concerns = append(o.Concerns, c.ID)
	}
	return o
}

// known is the moment from which a tick may use the observation.
func (o *Observation) known() time.Time {
	if o.ArrivedAt.After(o.At) {
		return o.ArrivedAt
	}
	return o.At
}

// negative says whether the post counts as negative: as labelled, and where the label is uncertain by the probability.
func (o *Observation) negative() bool {
	switch o.Label {
	case barometer.Negative:
		return true
	case barometer.Neutral, barometer.Positive:
		return false
	}
	return o.Negative >= .5
}

// severe is the least severity that counts as harm or risk to somebody.
const severe = 3
