package api

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"barometer/internal/api/web"
	"barometer/internal/barometer"
)

// emergenceReader is the store's view of readings, issues and their evidence. A zero time asks for what is known now.
type emergenceReader interface {
	ReadingAt(ctx context.Context, organisation, scope string, at time.Time) (barometer.Reading, error)
	Readings(ctx context.Context, organisation, scope string, from, to time.Time) ([]barometer.Reading, error)
	Issues(ctx context.Context, organisation string, asKnownAt time.Time, states []string) ([]barometer.IssueRecord, error)
	Issue(ctx context.Context, organisation, id string, asKnownAt time.Time) (barometer.IssueRecord, error)
	IssueHistory(ctx context.Context, organisation, id string, asKnownAt time.Time) ([]barometer.IssueRecord, error)
	Transitions(ctx context.Context, organisation string, from, to time.Time, limit int) ([]barometer.IssueRecord, error)
	Evidence(ctx context.Context, address string) (barometer.Evidence, error)
	FirstMention(ctx context.Context, organisation string) (time.Time, error)
}

// Reading is the barometer at a time. It has no pressure while blind: silence is not calm, and no number would say so.
type Reading struct {
	Organisation string    `json:"organisation"`
	Scope        string    `json:"scope" doc:"Empty for the whole organisation, else concern:ID or site:NAME"`
	At           time.Time `json:"at"`
	Pressure     *float64  `json:"pressure" doc:"0 to 100: the share of ordinary days that are calmer, in per cent; null while blind"`
	Low          *float64  `json:"low" doc:"95 % interval of the pressure"`
	High         *float64  `json:"high"`
	Tendency     string    `json:"tendency" doc:"Against the 24 hours before: rising, steady or falling"`
	Word         string    `json:"word" doc:"calm, ordinary, unsettled, stormy, or blind"`
	Provisional  bool      `json:"provisional" doc:"Fewer than 28 ordinary days are known"`
	Blind        bool      `json:"blind" doc:"Less than half of the 24 hours could be heard"`
	Coverage     float64   `json:"coverage" doc:"Share of the 24 hours that could be heard, 0 to 1"`
	Posts        uint32    `json:"posts" doc:"Mentions in the 24 hours"`
	Negative     uint32    `json:"negative"`
	Severe       uint32    `json:"severe" doc:"Mentions about harm"`
	Expected     float64   `json:"expected" doc:"Negative mentions on an ordinary day"`
	Days         uint32    `json:"days" doc:"Ordinary days that it is compared with"`
}

func viewReading(r *barometer.Reading) Reading {
	v := Reading{
		Organisation: r.Organisation, Scope: r.Scope, At: r.At.UTC(), Tendency: r.Tendency, Word: r.Word, Provisional: r.Provisional, Blind: r.Blind,
		Coverage: r.Coverage, Posts: r.Posts, Negative: r.Negative, Severe: r.Severe, Expected: r.Expected, Days: r.Days,
	}
	if !r.Blind {
		v.Pressure, v.Low, v.High = &r.Pressure, &r.Low, &r.High
	}
	return v
}

// ScopeInput chooses a reading.
type ScopeInput struct {
	Scope string `query:"scope" maxLength:"200" pattern:"^$|^(concern|site):.+" doc:"concern:ID or site:NAME; without it the whole organisation"`
}

// AtInput asks for the past as it was known then.
type AtInput struct {
	At time.Time `query:"at" doc:"As it was known at this time; without it, now"`
}

type readingInput struct {
	OrganisationInput
	ScopeInput
	AtInput
}

type readingOutput struct {
	Body Reading
}

// getReading answers with the current reading, or says why there is none: a number that nothing stands behind would be
// taken for calm.
func (s *Server) getReading(ctx context.Context, in *readingInput) (*readingOutput, error) {
	o, err := s.organisation(ctx, in.Organisation)
	if err != nil {
		return nil, err
	}
	r, err := s.deps.Store.ReadingAt(ctx, o.ID, in.Scope, in.At)
	if barometer.KindOf(err) == barometer.NotFound {
		return nil, s.noReading(ctx, o.ID, in.At)
	}
	if err != nil {
		return nil, err
	}
	return &readingOutput{Body: viewReading(&r)}, nil
}

func (s *Server) noReading(ctx context.Context, organisation string, at time.Time) error {
	if !at.IsZero() {
		return barometer.Errorf(barometer.NotFound, "there was no reading by %s", at.UTC().Format(time.RFC3339))
	}
	first, err := s.deps.Store.FirstMention(ctx, organisation)
	if err != nil {
		return err
	}
	return barometer.Errorf(barometer.NotFound, "there is no reading yet: %s", web.WarmUp(first, s.now(), s.deps.Warmup))
}

type readingsInput struct {
	OrganisationInput
	ScopeInput
	From   time.Time `query:"from" doc:"Readings at or after this time"`
	To     time.Time `query:"to" doc:"Readings before this time"`
	Format string    `query:"format" enum:"json,csv" doc:"Same as the Accept header, for those who cannot send one"`
	Accept string    `header:"Accept" hidden:"true"`
}

// Readings is the barometer over time, oldest first.
type Readings struct {
	Readings []Reading `json:"readings"`
}

const readingsLimit = 366 * 24 * time.Hour

func readingsOperation(api huma.API, path string) huma.Operation {
	op := get("listReadings", path, "Readings over time, one an hour; CSV too")
	op.Description = "Without times: the last 28 days. An hour without a reading is absent."
	op.Responses = map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{
		"application/json": {Schema: api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[Readings](), true, "Readings")},
		"text/csv":         {Schema: &huma.Schema{Type: huma.TypeString}},
	}}}
	return op
}

func (s *Server) listReadings(ctx context.Context, in *readingsInput) (*huma.StreamResponse, error) {
	o, err := s.organisation(ctx, in.Organisation)
	if err != nil {
		return nil, err
	}
	f := barometer.Filter{From: in.From, To: in.To}
	if err := s.bounded(&f, readingsLimit); err != nil {
		return nil, err
	}
	all, err := s.deps.Store.Readings(ctx, o.ID, in.Scope, f.From, f.To)
	if err != nil {
		return nil, err
	}
	list := Readings{Readings: make([]Reading, len(all))}
	for i := range all {
		list.Readings[i] = viewReading(&all[i])
	}
	asCSV := in.Format == "csv" || in.Format == "" && strings.Contains(in.Accept, "text/csv")
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		if asCSV {
			hc.SetHeader("Content-Type", "text/csv; charset=utf-8")
			hc.SetHeader("Content-Disposition", fmt.Sprintf(`attachment; filename="%s-readings.csv"`, fileName(o.ID)))
			hc.SetStatus(http.StatusOK)
			list.csv(csv.NewWriter(hc.BodyWriter()))
			return
		}
		hc.SetHeader("Content-Type", "application/json")
		hc.SetStatus(http.StatusOK)
		_ = json.NewEncoder(hc.BodyWriter()).Encode(list) // the client has gone; there is nobody to tell
	}}, nil
}

func (l Readings) csv(out *csv.Writer) {
	number := func(f *float64) string {
		if f == nil {
			return ""
		}
		return strconv.FormatFloat(*f, 'f', 2, 64)
	}
	_ = out.Write([]string{"at", "pressure", "low", "high", "tendency", "word", "provisional", "blind", "coverage", "posts", "negative", "severe", "expected", "days"})
	for i := range l.Readings {
		r := &l.Readings[i]
		_ = out.Write([]string{
			r.At.Format(time.RFC3339), number(r.Pressure), number(r.Low), number(r.High), r.Tendency, r.Word, strconv.FormatBool(r.Provisional),
			strconv.FormatBool(r.Blind), number(&r.Coverage), strconv.Itoa(int(r.Posts)), strconv.Itoa(int(r.Negative)), strconv.Itoa(int(r.Severe)),
			number(&r.Expected), strconv.Itoa(int(r.Days)),
		})
	}
	out.Flush() // into memory: it cannot fail
}

// Issue is something that emerged, as it was known at a time.
type Issue struct {
	ID       string             `json:"id" doc:"The same for ever, and in every replay"`
	Name     string             `json:"name" doc:"Made of its terms"`
	State    string             `json:"state" enum:"new,rising,peaking,fading,resolved,reopened"`
	Tier     string             `json:"tier" enum:"watch,alert"`
	Since    time.Time          `json:"since" doc:"Its first post"`
	At       time.Time          `json:"at" doc:"When this was known"`
	Posts    uint32             `json:"posts" doc:"Posts so far, copies not counted"`
	Observed float64            `json:"observed" doc:"Of its strongest evidence: what was counted"`
	Expected float64            `json:"expected" doc:"What was to be expected instead"`
	P        float64            `json:"p" doc:"Probability of so many or more under what is ordinary"`
	Evidence string             `json:"evidence,omitempty" doc:"Address of the frozen evidence"`
	Verdict  *barometer.Verdict `json:"verdict,omitempty" doc:"What people decided last"`
}

func viewIssue(r *barometer.IssueRecord) Issue {
	return Issue{
		ID: r.ID, Name: r.Name, State: r.State, Tier: r.Tier, Since: r.Since.UTC(), At: r.At.UTC(), Posts: r.Posts,
		Observed: r.Observed, Expected: r.Expected, P: r.P, Evidence: r.Evidence,
	}
}

type issuesInput struct {
	OrganisationInput
	AtInput
	States []string `query:"state,explode" enum:"new,rising,peaking,fading,resolved,reopened" maxItems:"6" doc:"Without it: all but resolved ones"`
	Tier   string   `query:"tier" enum:"watch,alert"`
}

type issuesOutput struct {
	Body struct {
		Issues []Issue `json:"issues" doc:"Most urgent first"`
	}
}

func (s *Server) listIssues(ctx context.Context, in *issuesInput) (*issuesOutput, error) {
	o, err := s.organisation(ctx, in.Organisation)
	if err != nil {
		return nil, err
	}
	states := in.States
	if len(states) == 0 {
		states = web.OpenStates
	}
	all, err := s.deps.Store.Issues(ctx, o.ID, in.At, states)
	if err != nil {
		return nil, err
	}
	verdicts, err := s.deps.Store.Verdicts(ctx, o.ID, "")
	if err != nil {
		return nil, err
	}
	web.SortByUrgency(all)
	out := &issuesOutput{}
	out.Body.Issues = []Issue{}
	for i := range all {
		if in.Tier == "" || all[i].Tier == in.Tier {
			v := viewIssue(&all[i])
			v.Verdict = web.LastVerdict(verdicts, v.ID, in.At)
			out.Body.Issues = append(out.Body.Issues, v)
		}
	}
	return out, nil
}

// IssueInput names an issue in the path.
type IssueInput struct {
	Issue string `path:"issue" pattern:"^[0-9a-f]{1,64}$" doc:"Id of the issue"`
}

type issueInput struct {
	OrganisationInput
	IssueInput
	AtInput
}

// IssueStep is what was known of an issue at a time.
type IssueStep struct {
	At         time.Time `json:"at"`
	State      string    `json:"state"`
	Tier       string    `json:"tier"`
	Posts      uint32    `json:"posts" doc:"So far"`
	Observed   float64   `json:"observed"`
	Expected   float64   `json:"expected"`
	P          float64   `json:"p"`
	Evidence   string    `json:"evidence,omitempty"`
	Transition bool      `json:"transition" doc:"False: only the numbers moved"`
}

// IssueBody is an issue with everything that is known of it.
type IssueBody struct {
	Issue
	barometer.IssueDetail
	History  []IssueStep         `json:"history" doc:"Oldest first"`
	Verdicts []barometer.Verdict `json:"verdicts" doc:"Newest first"`
}

type issueOutput struct {
	Body IssueBody
}

func (s *Server) getIssue(ctx context.Context, in *issueInput) (*issueOutput, error) {
	o, err := s.organisation(ctx, in.Organisation)
	if err != nil {
		return nil, err
	}
	record, err := s.deps.Store.Issue(ctx, o.ID, in.Issue, in.At)
	if err != nil {
		return nil, err
	}
	history, err := s.deps.Store.IssueHistory(ctx, o.ID, in.Issue, in.At)
	if err != nil {
		return nil, err
	}
	verdicts, err := s.deps.Store.Verdicts(ctx, o.ID, in.Issue)
	if err != nil {
		return nil, err
	}
	body := IssueBody{Issue: viewIssue(&record), History: []IssueStep{}, Verdicts: []barometer.Verdict{}}
	if body.IssueDetail, err = web.DecodeDetail(record.Detail); err != nil {
		return nil, err
	}
	for i := range history {
		h := &history[i]
		body.History = append(body.History, IssueStep{At: h.At, State: h.State, Tier: h.Tier, Posts: h.Posts, Observed: h.Observed,
			Expected: h.Expected, P: h.P, Evidence: h.Evidence, Transition: h.Transition})
	}
	body.Verdicts = append(body.Verdicts, slices.DeleteFunc(verdicts, func(v barometer.Verdict) bool { return !in.At.IsZero() && v.At.After(in.At) })...)
	body.Verdict = web.LastVerdict(body.Verdicts, record.ID, in.At)
	return &issueOutput{Body: body}, nil
}

type evidenceInput struct {
	OrganisationInput
	Address string `path:"address" pattern:"^[0-9a-f]{64}$" doc:"SHA-256 of the bundle"`
}

func evidenceOperation(path string) huma.Operation {
	op := get("getEvidence", path, "A frozen bundle of evidence, bit for bit")
	op.Description = "The SHA-256 of the bytes is the address. Posts stand in it by id and by the hash of their redacted text."
	op.Responses = map[string]*huma.Response{"200": {Description: "The bundle", Content: map[string]*huma.MediaType{
		"application/json": {Schema: &huma.Schema{Type: huma.TypeObject}},
	}}}
	return op
}

func (s *Server) getEvidence(ctx context.Context, in *evidenceInput) (*huma.StreamResponse, error) {
	o, err := s.organisation(ctx, in.Organisation)
	if err != nil {
		return nil, err
	}
	e, err := s.deps.Store.Evidence(ctx, in.Address)
	if err == nil && e.Organisation != o.ID {
		err = barometer.Errorf(barometer.NotFound, "no evidence with the address %q", in.Address)
	}
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		hc.SetHeader("Content-Type", "application/json")
		hc.SetHeader("Content-Disposition", fmt.Sprintf(`attachment; filename="evidence-%s.json"`, in.Address[:12]))
		hc.SetStatus(http.StatusOK)
		_, _ = hc.BodyWriter().Write(e.Body) // into memory: it cannot fail
	}}, nil
}
