package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"barometer/internal/api/web"
	"barometer/internal/barometer"
)

// judgements is what the store keeps of people's decisions.
type judgements interface {
	WriteVerdict(ctx context.Context, v barometer.Verdict) error
	Verdicts(ctx context.Context, organisation, issue string) ([]barometer.Verdict, error)
	Precision(ctx context.Context, organisation string) ([]barometer.Precision, error)
	WriteCorrection(ctx context.Context, c barometer.Correction) error
	Corrections(ctx context.Context, organisation string) ([]barometer.Correction, error)
	Labelled(ctx context.Context, organisation string, yield func(barometer.Labelled) error) error
	CorrectionStats(ctx context.Context, organisation string) ([]barometer.Agreement, error)
}

// crossOrigin keeps other sites from writing with the browser of somebody who may: on the loopback there is no key that
// they would lack, and a browser sends the password of basic authentication along by itself.
var crossOrigin http.CrossOriginProtection

// mayWrite refuses a request that would change something, unless it comes from somebody who may and means it.
func (s *Server) mayWrite(r *http.Request, who *principal) *huma.ErrorModel {
	if err := crossOrigin.Check(r); err != nil {
		return problem(http.StatusForbidden, "this request was made by a page of another site")
	}
	if !who.judges {
		return problem(http.StatusForbidden, "verdicts and corrections need a key with the role analyst or operator")
	}
	kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	if strings.HasPrefix(r.URL.Path, "/v1/") && !strings.EqualFold(strings.TrimSpace(kind), "application/json") {
		return problem(http.StatusUnsupportedMediaType, "want a body of the type application/json")
	}
	return nil
}

// post describes an operation that changes something.
func post(id, path, summary string) huma.Operation {
	op := get(id, path, summary)
	op.Method = http.MethodPost
	op.Errors = append(op.Errors, http.StatusForbidden, http.StatusUnsupportedMediaType)
	op.Description = "Needs a key with the role analyst or operator. The answer to every question is made anew afterwards."
	return op
}

type verdictInput struct {
	OrganisationInput
	IssueInput
	Body struct {
		Verdict string `json:"verdict" enum:"true,known,campaign,irrelevant,duplicate" doc:"true: worth telling. known: so, but no news. campaign: organised. irrelevant: nothing. duplicate: told already"`
		Reason  string `json:"reason,omitempty" maxLength:"1000" doc:"Why, in words; without personal data"`
	}
}

type verdictOutput struct {
	Body barometer.Verdict
}

func (s *Server) postVerdict(ctx context.Context, in *verdictInput) (*verdictOutput, error) {
	v, err := s.judge(ctx, in.Organisation, in.Issue, in.Body.Verdict, in.Body.Reason)
	return &verdictOutput{Body: v}, err
}

const maxReason = 1000

// judge keeps a verdict on an issue that there is.
func (s *Server) judge(ctx context.Context, organisation, issue, verdict, reason string) (barometer.Verdict, error) {
	o, err := s.organisation(ctx, organisation)
	if err != nil {
		return barometer.Verdict{}, err
	}
	if !web.KnownVerdict(verdict) {
		return barometer.Verdict{}, barometer.Errorf(barometer.Invalid, "verdict %q: want true, known, campaign, irrelevant or duplicate", verdict)
	}
	reason = strings.TrimSpace(reason)
	if !utf8.ValidString(reason) || utf8.RuneCountInString(reason) > maxReason {
		return barometer.Verdict{}, barometer.Errorf(barometer.Invalid, "reason: want at most %d characters of plain text", maxReason)
	}
	if _, err := s.deps.Store.Issue(ctx, o.ID, issue, time.Time{}); err != nil {
		return barometer.Verdict{}, err
	}
	v := barometer.Verdict{Organisation: o.ID, Issue: issue, At: s.now().UTC().Truncate(time.Millisecond), Verdict: verdict, Reason: reason, By: principalOf(ctx).name}
	if err := s.deps.Store.WriteVerdict(ctx, v); err != nil {
		return v, err
	}
	s.written.Add(1)
	return v, nil
}

type precisionOutput struct {
	Body struct {
		Tiers []barometer.Precision `json:"tiers" doc:"By the last verdict on each issue; an issue counts for the highest tier it reached"`
	}
}

func (s *Server) getPrecision(ctx context.Context, in *OrganisationInput) (*precisionOutput, error) {
	o, err := s.organisation(ctx, in.Organisation)
	if err != nil {
		return nil, err
	}
	out := &precisionOutput{}
	out.Body.Tiers, err = s.deps.Store.Precision(ctx, o.ID)
	return out, err
}

type agreementOutput struct {
	Body struct {
		Fields []barometer.Agreement `json:"fields"`
	}
}

// getAgreement measures the pipeline on people's own labels.
func (s *Server) getAgreement(ctx context.Context, in *OrganisationInput) (*agreementOutput, error) {
	o, err := s.organisation(ctx, in.Organisation)
	if err != nil {
		return nil, err
	}
	all, err := s.deps.Store.CorrectionStats(ctx, o.ID)
	out := &agreementOutput{}
	out.Body.Fields = append([]barometer.Agreement{}, all...)
	return out, err
}

type correctionInput struct {
	OrganisationInput
	ID   string `path:"id" pattern:"^[0-9a-f]{32}$" doc:"Id of the mention"`
	Body struct {
		Field string `json:"field" enum:"sentiment,concerns,severity,abuse,lang"`
		Value string `json:"value" maxLength:"500" doc:"sentiment: negative, neutral or positive. concerns: ids separated by commas, or none. severity: 0 to 5. abuse: staff, other or none. lang: ISO 639-1 or other. The pipeline's own value confirms it"`
	}
}

type correctionOutput struct {
	Body barometer.Correction
}

func (s *Server) postCorrection(ctx context.Context, in *correctionInput) (*correctionOutput, error) {
	id, err := barometer.ParseID(in.ID)
	if err != nil {
		return nil, err
	}
	c, err := s.correct(ctx, in.Organisation, id, in.Body.Field, in.Body.Value)
	return &correctionOutput{Body: c}, err
}

// correct keeps what somebody says that the analysis of a mention should have been.
func (s *Server) correct(ctx context.Context, organisation string, id barometer.ID, field, value string) (barometer.Correction, error) {
	o, err := s.organisation(ctx, organisation)
	if err != nil {
		return barometer.Correction{}, err
	}
	if value, err = web.CorrectionValue(field, value, s.deps.Concerns()); err != nil {
		return barometer.Correction{}, err
	}
	row, err := s.deps.Store.Mention(ctx, o.ID, id)
	if err != nil {
		return barometer.Correction{}, err
	}
	c := barometer.Correction{
		Organisation: o.ID, Mention: id, At: s.now().UTC().Truncate(time.Millisecond), Field: field, Value: value,
		Was: web.Judged(&row, field) + " " + row.Pipeline, By: principalOf(ctx).name,
	}
	if err := s.deps.Store.WriteCorrection(ctx, c); err != nil {
		return c, err
	}
	s.written.Add(1)
	return c, nil
}

type correctionsInput struct {
	OrganisationInput
	Format string `query:"format" enum:"json,jsonl" default:"json"`
}

// Corrections are what people say that analyses should have been.
type Corrections struct {
	Corrections []barometer.Correction `json:"corrections" doc:"Those that count, newest first, at most 10,000"`
}

func correctionsOperation(api huma.API, path string) huma.Operation {
	op := get("listCorrections", path, "Corrections by people; as JSON Lines, the labelled texts for evaluation and training")
	registry := api.OpenAPI().Components.Schemas
	op.Responses = map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{
		"application/json":  {Schema: registry.Schema(reflect.TypeFor[Corrections](), true, "Corrections")},
		"application/jsonl": {Schema: registry.Schema(reflect.TypeFor[barometer.Labelled](), true, "Labelled")},
	}}}
	return op
}

func (s *Server) listCorrections(ctx context.Context, in *correctionsInput) (*huma.StreamResponse, error) {
	o, err := s.organisation(ctx, in.Organisation)
	if err != nil {
		return nil, err
	}
	var body bytes.Buffer
	contentType := "application/json"
	if in.Format == "jsonl" {
		contentType = "application/jsonl"
		lines := json.NewEncoder(&body)
		lines.SetEscapeHTML(false)
		err = s.deps.Store.Labelled(ctx, o.ID, func(l barometer.Labelled) error { return lines.Encode(l) })
	} else {
		var all []barometer.Correction
		if all, err = s.deps.Store.Corrections(ctx, o.ID); err == nil {
			err = json.NewEncoder(&body).Encode(Corrections{append([]barometer.Correction{}, all...)})
		}
	}
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		hc.SetHeader("Content-Type", contentType)
		if in.Format == "jsonl" {
			hc.SetHeader("Content-Disposition", fmt.Sprintf(`attachment; filename="%s-labelled.jsonl"`, fileName(o.ID)))
		}
		hc.SetStatus(http.StatusOK)
		_, _ = hc.BodyWriter().Write(body.Bytes()) // into memory: it cannot fail
	}}, nil
}
