package api

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"barometer/internal/barometer"
)

// OrganisationInput names the organisation in the path. It is exported, as FilterInput is, because the description of
// the interface is made by reflection, which passes over embedded types that are not.
type OrganisationInput struct {
	Organisation string `path:"organisation" maxLength:"100" doc:"Id of the organisation"`
}

// FilterInput narrows mentions. There is deliberately no parameter for an author.
type FilterInput struct {
	From        time.Time `query:"from" doc:"Published at or after this time"`
	To          time.Time `query:"to" doc:"Published before this time"`
	Text        string    `query:"q" maxLength:"500" doc:"Words that all must occur, and \"quoted phrases\""`
	Langs       []string  `query:"lang,explode" maxItems:"20" doc:"Languages, ISO 639-1 or other"`
	Sentiments  []string  `query:"sentiment,explode" enum:"negative,neutral,positive,uncertain" maxItems:"4"`
	Concerns    []string  `query:"concern,explode" maxItems:"50" doc:"Ids of concerns"`
	Sources     []string  `query:"source,explode" maxItems:"50" doc:"Ids of sources"`
	Sites       []string  `query:"site,explode" maxItems:"50" doc:"Host names, without www."`
	MinSeverity uint8     `query:"min_severity" maximum:"5" doc:"Least severity, 0 to 5"`
	MinAbuse    float32   `query:"min_abuse" minimum:"0" maximum:"1" doc:"Least probability that people are abused"`
	CopyGroup   string    `query:"copy_group" pattern:"^[0-9a-f]{16}$" doc:"Copies and near copies of one text"`
	Copies      string    `query:"copies" enum:"all,first" default:"all" doc:"first keeps the earliest mention of each copy group"`
}

func (in *FilterInput) filter(organisation string) (barometer.Filter, error) {
	f := barometer.Filter{
		Organisation: organisation,
		From:         in.From.UTC(), To: in.To.UTC(),
		Text:  strings.TrimSpace(in.Text),
		Langs: in.Langs, Sentiments: in.Sentiments, Concerns: in.Concerns, Sources: in.Sources, Sites: in.Sites,
		MinSeverity: in.MinSeverity, MinAbuse: in.MinAbuse,
		FirstOfCopy: in.Copies == "first",
	}
	if in.CopyGroup != "" {
		f.CopyGroup, _ = strconv.ParseUint(in.CopyGroup, 16, 64) // the pattern has seen it
	}
	if !utf8.ValidString(f.Text) || strings.ContainsRune(f.Text, 0) {
		return f, barometer.Errorf(barometer.Invalid, "q: want valid UTF-8 without NUL")
	}
	return f, checkTime(f)
}

func checkTime(f barometer.Filter) error {
	if !f.From.IsZero() && !f.To.IsZero() && !f.From.Before(f.To) {
		return barometer.Errorf(barometer.Invalid, "from: want a time before to")
	}
	return nil
}

// defaultTime is the range of questions that need one and give none: the last 28 days, up to the end of this hour, since
// the store answers whole hours from its roll-ups.
const defaultTime = 28 * 24 * time.Hour

// bounded fills in the time of a question that needs one, and refuses more than limit.
func (s *Server) bounded(f *barometer.Filter, limit time.Duration) error {
	if f.To.IsZero() {
		f.To = s.now().UTC().Truncate(time.Hour).Add(time.Hour)
	}
	if f.From.IsZero() {
		f.From = f.To.Add(-defaultTime)
	}
	if err := checkTime(*f); err != nil {
		return err
	}
	if f.To.Sub(f.From) > limit {
		return barometer.Errorf(barometer.Invalid, "from, to: want at most %d days at once", int(limit.Hours()/24))
	}
	return nil
}
