package web

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"barometer/internal/barometer"
)

// issueRow is an issue in a list.
type issueRow struct {
	barometer.IssueRecord
	Path, EvidencePath string
	State              stateWord
	Alert              bool
	Numbers            string // "observed 23, expected 4.1"
	Verdict            *barometer.Verdict
}

// issueStates are how the states of an issue are said and coloured.
var issueStates = map[string]stateWord{
	"new":      {"New", "orange", "just noticed", 1},
	"rising":   {"Rising", "red", "more posts than in the window before", 0},
	"peaking":  {"Peaking", "orange", "near its highest rate, no longer rising", 2},
	"fading":   {"Fading", "yellow", "fewer posts than before", 3},
	"resolved": {"Resolved", "grey", "a week back within what was ordinary before", 4},
	"reopened": {"Reopened", "orange", "it came back", 1},
}

func issueState(state string) stateWord {
	if w, ok := issueStates[state]; ok {
		return w
	}
	return stateWord{Word: upperFirst(state), Tag: "grey"}
}

func newIssueRow(r *barometer.IssueRecord, verdicts []barometer.Verdict) issueRow {
	row := issueRow{
		IssueRecord: *r, Path: issuePath(r.Organisation, r.ID), State: issueState(r.State), Alert: r.Tier == "alert",
		Numbers: "observed " + fewDigits(r.Observed) + ", expected " + fewDigits(r.Expected), Verdict: LastVerdict(verdicts, r.ID, time.Time{}),
	}
	if r.Evidence != "" {
		row.EvidencePath = evidencePath(r.Organisation, r.Evidence)
	}
	return row
}

func issuePath(organisation, id string) string {
	return "/o/" + url.PathEscape(organisation) + "/issues/" + url.PathEscape(id)
}

func evidencePath(organisation, address string) string {
	return "/v1/organisations/" + url.PathEscape(organisation) + "/evidence/" + address
}

// shownResolved is how long after its end an issue stays in the list.
const shownResolved = 90 * 24 * time.Hour

type issuesPage struct {
	Open, Resolved []issueRow
	Precision      []precisionRow
	Reading        readingView
	Coverage       coverage
	Now            time.Time
	Atom, JSON     string
}

// precisionRow says how often a tier was right, in words.
type precisionRow struct {
	barometer.Precision
	Name, Words, Counts string
}

func precisionRows(all []barometer.Precision) []precisionRow {
	var rows []precisionRow
	for _, p := range all {
		row := precisionRow{Precision: p, Name: upperFirst(p.Tier)}
		row.Words = "nobody has judged one yet"
		if p.Judged > 0 {
			row.Words = fmt.Sprintf("%s were true (95%% interval %.0f to %.0f%%)", shareWord(p.Share), math.Floor(100*p.Low), math.Ceil(100*p.High))
			var counts []string
			for _, v := range verdictWords {
				if n := p.Verdicts[v.Value]; n > 0 {
					counts = append(counts, fmt.Sprintf("%d %s", n, strings.ToLower(v.Word)))
				}
			}
			row.Counts = strings.Join(counts, ", ")
		}
		rows = append(rows, row)
	}
	return rows
}

// Issues lists what emerged: what goes on, most urgent first, and what is over.
func (p *Pages) Issues(w http.ResponseWriter, r *http.Request) {
	o, zone, err := p.organisation(r)
	if err != nil {
		p.failWith(w, r, err)
		return
	}
	now := p.deps.Now().In(zone)
	body := issuesPage{Now: now, Atom: feedPath(o.ID, "atom"), JSON: feedPath(o.ID, "json")}
	var all []barometer.IssueRecord
	var verdicts []barometer.Verdict
	var precision []barometer.Precision
	var sources []barometer.SourceStatus
	g, ctx := errgroup.WithContext(r.Context())
	g.Go(func() (err error) { all, err = p.deps.Store.Issues(ctx, o.ID, time.Time{}, nil); return err })
	g.Go(func() (err error) { verdicts, err = p.deps.Store.Verdicts(ctx, o.ID, ""); return err })
	g.Go(func() (err error) { precision, err = p.deps.Store.Precision(ctx, o.ID); return err })
	g.Go(func() (err error) { sources, err = p.deps.Store.Sources(ctx); return err })
	g.Go(func() (err error) { body.Reading, err = p.reading(ctx, o, now); return err })
	if err := g.Wait(); err != nil {
		p.failWith(w, r, err)
		return
	}
	SortByUrgency(all)
	for i := range all {
		row := newIssueRow(&all[i], verdicts)
		switch {
		case row.IssueRecord.State != "resolved":
			body.Open = append(body.Open, row)
		case now.Sub(row.At) < shownResolved:
			body.Resolved = append(body.Resolved, row)
		}
	}
	slices.SortStableFunc(body.Resolved, func(a, b issueRow) int { return b.At.Compare(a.At) })
	body.Precision = precisionRows(precision)
	body.Coverage = newCoverage(sources, now)
	p.render(w, r, "issues", page{Title: "Issues", Organisation: &o, Section: "issues", Body: body})
}

func feedPath(organisation, format string) string {
	return "/v1/organisations/" + url.PathEscape(organisation) + "/feed." + format
}

// reading fetches the current reading with the weeks before it.
func (p *Pages) reading(ctx context.Context, o barometer.Organisation, now time.Time) (readingView, error) {
	past, err := p.deps.Store.Readings(ctx, o.ID, "", now.AddDate(0, 0, -readingDays).UTC(), now.Add(time.Hour).UTC())
	if err != nil {
		return readingView{}, err
	}
	r, err := p.deps.Store.ReadingAt(ctx, o.ID, "", time.Time{})
	var v readingView
	switch {
	case err == nil:
		v = newReadingView(&r, "", past, now)
	case barometer.KindOf(err) == barometer.NotFound:
		first, err := p.deps.Store.FirstMention(ctx, o.ID)
		if err != nil {
			return v, err
		}
		v = newReadingView(nil, WarmUp(first, now, p.deps.Warmup), past, now)
	default:
		return v, err
	}
	v.Href = "/v1/organisations/" + url.PathEscape(o.ID) + "/readings?format=csv"
	return v, nil
}

// bundle is what the page of an issue reads of its evidence.
type bundle struct {
	Terms  *termEvidence    `json:"terms"`
	Series []seriesEvidence `json:"series"`
	Posts  []postEvidence   `json:"posts"`
}

// termEvidence is a group of terms, of which the first is the one that was noticed.
type termEvidence struct {
	Terms []oneTerm `json:"terms"`
	P     float64   `json:"p"` // of all of them together
	Tests int       `json:"tests"`
}

type oneTerm struct {
	Term     string  `json:"term"`
	Hours    int     `json:"hours"`
	Observed float64 `json:"observed"` // distinct authors
	Expected float64 `json:"expected"`
	Phi      float64 `json:"phi"`
	P        float64 `json:"p"`
}

type seriesEvidence struct {
	Series   string  `json:"series"` // such as concern:parking site:forum.example; empty for all
	Measure  string  `json:"measure"`
	Test     string  `json:"test"` // 6 hours, 24 hours or day
	Observed float64 `json:"observed"`
	Expected float64 `json:"expected"`
	Phi      float64 `json:"phi"`
	P        float64 `json:"p"`
}

type postEvidence struct {
	At time.Time `json:"at"`
}

// seed is the term that was noticed, or nil.
func (b *bundle) seed() *oneTerm {
	if b.Terms == nil || len(b.Terms.Terms) == 0 {
		return nil
	}
	return &b.Terms.Terms[0]
}

type issuePage struct {
	issueRow
	Detail       barometer.IssueDetail
	Spread       []spread
	Curve        curve
	Why          []string
	Tested       string
	Told         []issuePost
	Steps        []stepRow
	Verdicts     []barometer.Verdict
	VerdictWords []verdictWord
	Chosen       string
	MayJudge     bool
	Precision    precisionRow
	At           time.Time // as known then; zero is now
	Now          time.Time
}

type spread struct {
	Name   string
	Shares []shareRow
}

type shareRow struct {
	Name  string
	Posts uint32
	Width string
}

type issuePost struct {
	barometer.IssuePost
	Title, Text []segment
	Cut         bool
	Link, Path  string
}

type stepRow struct {
	barometer.IssueTransition
	Word, Tag, EvidencePath, ThenPath string
}

// Issue is one issue: why it was raised, how it went, where it is told, and what people think of it.
func (p *Pages) Issue(w http.ResponseWriter, r *http.Request) {
	o, zone, err := p.organisation(r)
	if err != nil {
		p.failWith(w, r, err)
		return
	}
	now := p.deps.Now().In(zone)
	var at time.Time
	if raw := r.URL.Query().Get("at"); raw != "" {
		if at, err = time.Parse(time.RFC3339, raw); err != nil {
			p.failWith(w, r, barometer.Errorf(barometer.Invalid, "at %q: want a time such as 2026-11-21T08:00:00Z", raw))
			return
		}
	}
	body, err := p.issue(r.Context(), o, r.PathValue("issue"), at, now)
	if err != nil {
		p.failWith(w, r, err)
		return
	}
	body.MayJudge = at.IsZero() && p.deps.MayJudge(r.Context())
	p.render(w, r, "issue", page{Title: body.Name, Organisation: &o, Section: "issues", Body: body})
}

func (p *Pages) issue(ctx context.Context, o barometer.Organisation, id string, at, now time.Time) (*issuePage, error) {
	record, err := p.deps.Store.Issue(ctx, o.ID, id, at)
	if err != nil {
		return nil, err
	}
	history, err := p.deps.Store.IssueHistory(ctx, o.ID, id, at)
	if err != nil {
		return nil, err
	}
	verdicts, err := p.deps.Store.Verdicts(ctx, o.ID, id)
	if err != nil {
		return nil, err
	}
	precision, err := p.deps.Store.Precision(ctx, o.ID)
	if err != nil {
		return nil, err
	}
	v := &issuePage{issueRow: newIssueRow(&record, verdicts), Verdicts: verdicts, VerdictWords: verdictWords, At: at, Now: now}
	if v.Detail, err = DecodeDetail(record.Detail); err != nil {
		return nil, err
	}
	if v.Verdict != nil {
		v.Chosen = v.Verdict.Verdict
	}
	for _, row := range precisionRows(precision) {
		if row.Tier == record.Tier {
			v.Precision = row
		}
	}
	// What was frozen first shows how it began, what was frozen last why it is told.
	first, last := &bundle{}, &bundle{}
	for i, step := range history {
		if step.Evidence == "" {
			continue
		}
		if first, err = p.evidence(ctx, o.ID, step.Evidence); err != nil {
			return nil, err
		}
		history = history[i:]
		break
	}
	if record.Evidence != "" {
		if last, err = p.evidence(ctx, o.ID, record.Evidence); err != nil {
			return nil, err
		}
	}
	v.Why, v.Tested = whyWords(&record, last, p.concernNames())
	end := now
	if !at.IsZero() {
		end = at.In(now.Location())
	}
	if record.State == "resolved" && record.At.Before(end) {
		end = record.At.In(now.Location())
	}
	v.Curve = newCurve(history, first, last, record.Since, end)
	names := p.concernNames()
	v.Spread = spreads(&v.Detail, names)
	for _, post := range v.Detail.Representative {
		shown := issuePost{IssuePost: post, Link: safeLink(post.URL), Path: "/o/" + url.PathEscape(o.ID) + "/mentions/" + post.ID.String()}
		var words []string
		for _, t := range v.Detail.Terms {
			words = append(words, searchWords(`"`+t.Term+`"`)...)
		}
		shown.Title = mark(post.Title, nil, words)
		shown.Text, shown.Cut = cut(mark(post.Text, nil, words), listRunes)
		v.Told = append(v.Told, shown)
	}
	for _, t := range slices.Backward(v.Detail.Transitions) {
		word := issueState(t.To)
		row := stepRow{IssueTransition: t, Word: word.Word, Tag: word.Tag, ThenPath: v.Path + "?at=" + url.QueryEscape(t.At.UTC().Format(time.RFC3339))}
		if t.Evidence != "" {
			row.EvidencePath = evidencePath(o.ID, t.Evidence)
		}
		v.Steps = append(v.Steps, row)
	}
	return v, nil
}

// evidence reads a bundle. One that was not kept leaves the page without its numbers, as does one that a version with
// other rules has frozen: what it meant cannot be told from its form alone.
func (p *Pages) evidence(ctx context.Context, organisation, address string) (*bundle, error) {
	e, err := p.deps.Store.Evidence(ctx, address)
	if barometer.KindOf(err) == barometer.NotFound {
		return &bundle{}, nil
	}
	if err != nil {
		return nil, err
	}
	if e.Organisation != organisation {
		return nil, fmt.Errorf("evidence %s belongs to another organisation", address)
	}
	b := &bundle{}
	if json.Unmarshal(e.Body, b) != nil {
		b = &bundle{} // without what was read before it failed
	}
	return b, nil
}

// whyWords explains in sentences what the evidence says.
func whyWords(r *barometer.IssueRecord, b *bundle, concerns map[string]string) (why []string, tested string) {
	if t := b.seed(); t != nil {
		why = append(why, fmt.Sprintf("In %s, %s different authors wrote “%s”, where %s would be ordinary. By chance, so many or more come up %s.",
			plural(max(t.Hours, 1), "hour"), fewDigits(t.Observed), t.Term, fewDigits(t.Expected), chanceTimes(t.P)))
		if more := b.Terms.Terms[1:]; len(more) > 0 && b.Terms.P < t.P {
			also := "“" + more[0].Term + "”"
			if len(more) > 1 {
				also += " and " + plural(len(more)-1, "other term")
			}
			why = append(why, fmt.Sprintf("Together with %s: %s.", also, chanceTimes(b.Terms.P)))
		}
		if b.Terms.Tests > 0 {
			tested = plural(b.Terms.Tests, "term") + " were tested at the same time; that is allowed for."
		}
	}
	for _, s := range b.Series[:min(len(b.Series), 2)] {
		in := s.Test
		if in == "day" {
			in = "a day"
		}
		why = append(why, fmt.Sprintf("In %s, %s %s, where %s would be ordinary. By chance, so many or more come up %s.", in, fewDigits(s.Observed),
			seriesWords(s.Series, s.Measure, concerns), fewDigits(s.Expected), chanceTimes(s.P)))
	}
	if len(why) == 0 {
		why = []string{fmt.Sprintf("%s were counted where %s would be ordinary. By chance, so many or more come up %s.", fewDigits(r.Observed),
			fewDigits(r.Expected), chanceTimes(r.P))}
	}
	return why, tested
}

// seriesWords says what a series counts.
func seriesWords(key, measure string, concerns map[string]string) string {
	words := cmp.Or(measure, "mentions")
	for part := range strings.FieldsSeq(key) {
		dimension, value, _ := strings.Cut(part, ":")
		switch dimension {
		case "concern":
			words += " about " + strings.ToLower(cmp.Or(concerns[value], value))
		case "site":
			words += " on " + value
		case "lang":
			words += " in " + language(value)
		case "kind":
			words += " in sources of the kind " + value
		}
	}
	return words
}

func chanceTimes(p float64) string {
	words := chance(p)
	if strings.HasPrefix(words, "less") {
		return words + " times"
	}
	return "once" + strings.TrimPrefix(words, "1") + " times"
}

func spreads(d *barometer.IssueDetail, concerns map[string]string) []spread {
	var all []spread
	add := func(name string, shares []barometer.IssueShare, word func(string) string) {
		if len(shares) == 0 {
			return
		}
		s := spread{Name: name}
		top := max(shares[0].Posts, 1)
		for _, one := range shares[:min(len(shares), 6)] {
			s.Shares = append(s.Shares, shareRow{word(one.Key), one.Posts, percent(100 * float64(one.Posts) / float64(top))})
		}
		all = append(all, s)
	}
	same := func(s string) string { return s }
	add("Sites", d.BySite, same)
	add("Sources", d.BySource, same)
	add("Languages", d.ByLang, language)
	add("Concerns", d.ByConcern, func(id string) string {
		if n := concerns[id]; n != "" {
			return n
		}
		return id
	})
	return all
}
