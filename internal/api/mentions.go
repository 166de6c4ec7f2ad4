package api

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"barometer/internal/barometer"
)

// mentionReader is the store's view of mentions.
type mentionReader interface {
	Mentions(ctx context.Context, f barometer.Filter, p barometer.Page) (rows []barometer.Stored, next string, err error)
	Mention(ctx context.Context, organisation string, id barometer.ID) (barometer.Stored, error)
}

// Mention is a mention as callers see it. It leaves out the author's pseudonym, so that nobody can put together what
// one author wrote.
type Mention struct {
	ID             string                 `json:"id" doc:"32 hexadecimal digits, the same for ever"`
	Organisation   string                 `json:"organisation"`
	Source         string                 `json:"source" doc:"Id of the source that heard it first"`
	Kind           string                 `json:"kind" doc:"Kind of the source"`
	Site           string                 `json:"site,omitempty"`
	URL            string                 `json:"url,omitempty"`
	Title          string                 `json:"title,omitempty" doc:"Redacted"`
	Text           string                 `json:"text" doc:"Redacted"`
	PublishedAt    time.Time              `json:"published_at"`
	DateQuality    barometer.DateQuality  `json:"date_quality" enum:"exact,stated,bounded,seen"`
	SeenAt         time.Time              `json:"seen_at"`
	StoredAt       time.Time              `json:"stored_at"`
	RepostOf       string                 `json:"repost_of,omitempty" doc:"Id of the repeated post"`
	Lang           string                 `json:"lang"`
	LangConfidence float32                `json:"lang_confidence"`
	Sentiment      barometer.Sentiment    `json:"sentiment"`
	Concerns       []barometer.ConcernTag `json:"concerns"`
	Severity       uint8                  `json:"severity" doc:"0 nothing to 5 death, safeguarding or threat; by the worst statement"`
	Abuse          barometer.Abuse        `json:"abuse"`
	CopyGroup      string                 `json:"copy_group" doc:"16 hexadecimal digits, equal for copies and near copies"`
	Copies         uint32                 `json:"copies" doc:"Mentions in the copy group within a week of this one, itself included"`
	Hits           []barometer.Hit        `json:"hits" doc:"Where the organisation's query matched, in characters"`
	Redactions     []barometer.Redaction  `json:"redactions" doc:"What was removed where, in characters of the original"`
	Pipeline       string                 `json:"pipeline" doc:"Version of everything that judged"`

	Corrections []barometer.Correction `json:"corrections" doc:"What people say it should have been; filters and counts go by the pipeline"`
}

func view(row *barometer.Stored) Mention {
	m := Mention{
		ID: row.ID.String(), Organisation: row.Organisation, Source: row.Source, Kind: row.Kind, Site: row.Site, URL: row.URL,
		Title: row.Title, Text: row.Text,
		PublishedAt: row.PublishedAt.UTC(), DateQuality: row.DateQuality, SeenAt: row.SeenAt.UTC(), StoredAt: row.StoredAt.UTC(),
		RepostOf: row.RepostOf,
		Lang:     row.Analysis.Lang, LangConfidence: row.LangConfidence,
		Sentiment: row.Sentiment, Concerns: row.Concerns, Severity: row.Severity, Abuse: row.Abuse,
		CopyGroup: fmt.Sprintf("%016x", row.CopyGroup), Copies: row.Copies,
		Hits:     []barometer.Hit{},
		Pipeline: row.Pipeline,
	}
	for _, match := range row.Matches {
		m.Hits = append(m.Hits, match.Hits...)
	}
	m.Corrections = append([]barometer.Correction{}, row.Corrections...)
	m.Redactions = append([]barometer.Redaction{}, row.Redactions...)
	// A list is a list, also when it is empty.
	if m.Concerns == nil {
		m.Concerns = []barometer.ConcernTag{}
	}
	if m.Sentiment.Reasons == nil {
		m.Sentiment.Reasons = []barometer.Reason{}
	}
	return m
}

type mentionsInput struct {
	OrganisationInput
	FilterInput
	Cursor string `query:"cursor" maxLength:"200" doc:"next of the page before"`
	Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"50"`
}

type mentionsOutput struct {
	Link string `header:"Link" doc:"The next page, as rel=next"`
	Body struct {
		Mentions []Mention `json:"mentions"`
		Next     string    `json:"next,omitempty" doc:"Cursor of the next page; absent on the last"`
	}
}

func (s *Server) listMentions(ctx context.Context, in *mentionsInput) (*mentionsOutput, error) {
	o, err := s.organisation(ctx, in.Organisation)
	if err != nil {
		return nil, err
	}
	f, err := in.filter(o.ID)
	if err != nil {
		return nil, err
	}
	rows, next, err := s.deps.Store.Mentions(ctx, f, barometer.Page{Cursor: in.Cursor, Limit: in.Limit})
	if err != nil {
		return nil, err
	}
	out := &mentionsOutput{}
	out.Body.Next = next
	out.Body.Mentions = make([]Mention, len(rows))
	for i := range rows {
		out.Body.Mentions[i] = view(&rows[i])
	}
	if next != "" {
		q := in.query()
		q.Set("cursor", next)
		q.Set("limit", strconv.Itoa(in.Limit))
		out.Link = fmt.Sprintf("</v1/organisations/%s/mentions?%s>; rel=\"next\"", url.PathEscape(o.ID), q.Encode())
	}
	return out, nil
}

// query writes the filter as a caller would.
func (in *FilterInput) query() url.Values {
	q := url.Values{}
	set := func(name, value string) {
		if value != "" {
			q.Set(name, value)
		}
	}
	if !in.From.IsZero() {
		q.Set("from", in.From.UTC().Format(time.RFC3339Nano))
	}
	if !in.To.IsZero() {
		q.Set("to", in.To.UTC().Format(time.RFC3339Nano))
	}
	set("q", in.Text)
	for name, values := range map[string][]string{
		"lang": in.Langs, "sentiment": in.Sentiments, "concern": in.Concerns, "source": in.Sources, "site": in.Sites,
	} {
		if len(values) > 0 {
			q[name] = values
		}
	}
	if in.MinSeverity > 0 {
		q.Set("min_severity", strconv.Itoa(int(in.MinSeverity)))
	}
	if in.MinAbuse > 0 {
		q.Set("min_abuse", strconv.FormatFloat(float64(in.MinAbuse), 'g', -1, 32))
	}
	set("copy_group", in.CopyGroup)
	if in.Copies == "first" {
		q.Set("copies", in.Copies)
	}
	return q
}

type mentionInput struct {
	OrganisationInput
	ID string `path:"id" pattern:"^[0-9a-f]{32}$" doc:"Id of the mention"`
}

type mentionOutput struct {
	Body Mention
}

func (s *Server) getMention(ctx context.Context, in *mentionInput) (*mentionOutput, error) {
	o, err := s.organisation(ctx, in.Organisation)
	if err != nil {
		return nil, err
	}
	id, err := barometer.ParseID(in.ID)
	if err != nil {
		return nil, err
	}
	row, err := s.deps.Store.Mention(ctx, o.ID, id)
	if err != nil {
		return nil, err
	}
	return &mentionOutput{Body: view(&row)}, nil
}
