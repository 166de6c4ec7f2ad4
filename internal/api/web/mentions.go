package web

import (
	"cmp"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"barometer/internal/barometer"
)

const (
	pageSize       = 25
	listRunes      = 700
	maxSearchRunes = 500
	shownReasons   = 4
	abuseShown     = 0.5 // from this probability a mention is flagged
)

// mentionView is a mention as people read it.
type mentionView struct {
	Row         barometer.Stored
	Title, Text []segment
	Cut         bool // the text goes on
	Language    string
	Concerns    []concernTag
	Why         []barometer.Reason // strongest first
	Abusive     bool
	Feeling     barometer.Sentiment // as people corrected it, or else as the pipeline has it
	Tags        []string            // names of concerns, as people corrected them
	Gravity     uint8
	Corrected   map[string]bool // fields of which people say otherwise
	Link        string          // to the source, or "" where there is no safe one
	Path        string          // of its own page
}

type concernTag struct {
	Name string
	barometer.ConcernTag
}

func newMentionView(row *barometer.Stored, names map[string]string, search []string) mentionView {
	var hits []barometer.Hit
	for _, m := range row.Matches {
		hits = append(hits, m.Hits...)
	}
	v := mentionView{
		Row:      *row,
		Title:    mark(row.Title, fieldHits(hits, "title"), search),
		Text:     mark(row.Text, fieldHits(hits, ""), search),
		Language: row.Analysis.Lang,
		Why:      reasons(row.Sentiment.Reasons),
		Abusive:  row.Abuse.Probability >= abuseShown,
		Link:     safeLink(row.URL),
		Path:     "/o/" + url.PathEscape(row.Organisation) + "/mentions/" + row.ID.String(),
	}
	for _, c := range row.Concerns {
		v.Concerns = append(v.Concerns, concernTag{Name: cmp.Or(names[c.ID], c.ID), ConcernTag: c}) // perhaps of an older taxonomy
	}
	v.correct(names)
	return v
}

// correct shows what people say instead of what the pipeline made of it. The reasons stay those of the pipeline.
func (v *mentionView) correct(names map[string]string) {
	v.Feeling, v.Tags, v.Gravity, v.Corrected = v.Row.Sentiment, nil, v.Row.Severity, map[string]bool{}
	for _, c := range v.Concerns {
		v.Tags = append(v.Tags, c.Name)
	}
	for _, c := range v.Row.Corrections {
		v.Corrected[c.Field] = c.Value != Judged(&v.Row, c.Field)
		switch c.Field {
		case barometer.FieldSentiment:
			v.Feeling.Label = c.Value
		case barometer.FieldConcerns:
			v.Tags = nil
			if c.Value != barometer.NoConcerns {
				for _, id := range strings.Split(c.Value, ",") {
					v.Tags = append(v.Tags, cmp.Or(names[id], id))
				}
			}
		case barometer.FieldSeverity:
			if n, err := strconv.ParseUint(c.Value, 10, 8); err == nil {
				v.Gravity = uint8(n)
			}
		case barometer.FieldAbuse:
			v.Abusive = c.Value != barometer.TargetNone
		case barometer.FieldLang:
			v.Language = c.Value
		}
	}
}

// reasons adds up what one word says at several places, strongest first. What would show as 0.0 is left out.
func reasons(all []barometer.Reason) []barometer.Reason {
	var sum []barometer.Reason
	for _, r := range all {
		at := slices.IndexFunc(sum, func(s barometer.Reason) bool { return strings.EqualFold(s.Term, r.Term) })
		if at < 0 {
			sum = append(sum, r)
			continue
		}
		sum[at].Weight += r.Weight
	}
	sum = slices.DeleteFunc(sum, func(r barometer.Reason) bool { return abs(r.Weight) < .05 })
	slices.SortStableFunc(sum, func(a, b barometer.Reason) int { return cmp.Compare(abs(b.Weight), abs(a.Weight)) })
	return sum
}

func abs(f float32) float32 { return max(f, -f) }

// excerpt cuts the text for a list.
func (v mentionView) excerpt(runes int) mentionView {
	v.Text, v.Cut = cut(v.Text, runes)
	v.Why = v.Why[:min(len(v.Why), shownReasons)]
	return v
}

// safeLink keeps a stored address from being anything but a web page.
func safeLink(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" {
		return ""
	}
	return u.String()
}

// mentionsPage is the list with its filters.
type mentionsPage struct {
	Rows     []mentionView
	Next     string // address of the next page
	First    string // address of the first page, where this is another
	Form     mentionsForm
	Chips    []chip
	Choices  choices
	Coverage coverage
	Exports  []periodLink
	Span     string // in words
	Now      time.Time
}

// mentionsForm is what the filters say, as their fields have it.
type mentionsForm struct {
	Text, From, To, Lang, Sentiment, Concern, Source, Severity, Group string
	First, Abuse                                                      bool
}

// chip is one active filter with the address of the list without it.
type chip struct{ Words, Href string }

type choice struct{ Value, Label string }

type choices struct{ Langs, Sentiments, Concerns, Sources, Severities []choice }

// Mentions is the list of an organisation's mentions, newest first.
func (p *Pages) Mentions(w http.ResponseWriter, r *http.Request) {
	o, zone, err := p.organisation(r)
	if err != nil {
		p.failWith(w, r, err)
		return
	}
	now := p.deps.Now().In(zone)
	q := r.URL.Query()
	f, form, err := p.filter(q, o.ID, zone)
	if err != nil {
		p.failWith(w, r, err)
		return
	}
	rows, next, err := p.deps.Store.Mentions(r.Context(), f, barometer.Page{Cursor: q.Get("cursor"), Limit: pageSize})
	if err != nil {
		p.failWith(w, r, err)
		return
	}
	sources, err := p.deps.Store.Sources(r.Context())
	if err != nil {
		p.failWith(w, r, err)
		return
	}
	langs, err := p.deps.Store.Series(r.Context(), barometer.SeriesRequest{
		Filter: barometer.Filter{Organisation: o.ID, From: now.AddDate(0, 0, -90).UTC(), To: now.Add(time.Hour).UTC()},
		By:     barometer.ByLang, Step: barometer.StepWeek, TimeZone: o.TimeZone,
	})
	if err != nil {
		p.failWith(w, r, err)
		return
	}
	names := p.concernNames()
	body := mentionsPage{Form: form, Coverage: newCoverage(sources, now), Now: now, Span: spanWords(f, now)}
	for i := range rows {
		body.Rows = append(body.Rows, newMentionView(&rows[i], names, searchWords(f.Text)).excerpt(listRunes))
	}
	base := "/o/" + url.PathEscape(o.ID) + "/mentions"
	body.Choices = p.choices(body.Coverage, sums(langs), form)
	body.Chips = chips(base, q, form, body.Choices)
	if next != "" {
		body.Next = base + "?" + with(without(q, "cursor"), "cursor", next).Encode()
	}
	if q.Get("cursor") != "" {
		body.First = base + "?" + without(q, "cursor").Encode()
	}
	for _, format := range []choice{{"csv", "CSV"}, {"jsonl", "JSON Lines"}, {"parquet", "Parquet"}} {
		body.Exports = append(body.Exports, periodLink{
			Label: format.Label,
			Href:  "/v1/organisations/" + url.PathEscape(o.ID) + "/export?" + with(exportQuery(f), "format", format.Value).Encode(),
		})
	}
	p.render(w, r, "mentions", page{Title: "Mentions", Organisation: &o, Section: "mentions", Body: body})
}

// Mention is one mention with everything that was made of it.
func (p *Pages) Mention(w http.ResponseWriter, r *http.Request) {
	o, zone, err := p.organisation(r)
	if err != nil {
		p.failWith(w, r, err)
		return
	}
	id, err := barometer.ParseID(r.PathValue("id"))
	if err != nil {
		p.failWith(w, r, err)
		return
	}
	row, err := p.deps.Store.Mention(r.Context(), o.ID, id)
	if err != nil {
		p.failWith(w, r, err)
		return
	}
	names := p.concernNames()
	v := newMentionView(&row, names, nil)
	body := mentionPage{
		mentionView: v, Now: p.deps.Now().In(zone), MayJudge: p.deps.MayJudge(r.Context()),
		CopiesPath: "/o/" + url.PathEscape(o.ID) + "/mentions?copy_group=" + fmt.Sprintf("%016x", row.CopyGroup),
	}
	for _, s := range sentiments {
		if s.Label != barometer.Uncertain { // people are asked for what it is
			body.Feelings = append(body.Feelings, choice{s.Label, s.Word})
		}
	}
	for level := range uint8(6) {
		body.Severities = append(body.Severities, choice{strconv.Itoa(int(level)), severity(level) + ": " + severityMeaning(level)})
	}
	for _, c := range p.deps.Concerns() {
		body.AllConcerns = append(body.AllConcerns, tick{choice{c.ID, names[c.ID]}, slices.Contains(v.Tags, names[c.ID])})
	}
	slices.SortFunc(body.AllConcerns, func(a, b tick) int { return strings.Compare(a.Label, b.Label) })
	for _, c := range row.Corrections {
		body.Said = append(body.Said, correctionRow{c, correctionWords(c, names)})
	}
	stats, err := p.deps.Store.CorrectionStats(r.Context(), o.ID)
	if err != nil {
		p.failWith(w, r, err)
		return
	}
	for _, a := range stats {
		if a.Labels > 0 {
			body.Agreement = append(body.Agreement, fmt.Sprintf("%s %s of %s (95%% interval %.0f to %.0f%%)", a.Field, shareWord(a.Share),
				thousands(a.Labels), math.Floor(100*a.Low), math.Ceil(100*a.High)))
		}
	}
	p.render(w, r, "mention", page{Title: "Mention", Organisation: &o, Section: "mentions", Body: body})
}

// mentionPage is one mention, and the forms to correct it with.
type mentionPage struct {
	mentionView
	Now         time.Time
	CopiesPath  string
	MayJudge    bool
	Feelings    []choice
	Severities  []choice
	AllConcerns []tick
	Said        []correctionRow
	Agreement   []string // of the pipeline with people, by field
}

// tick is a box of a form.
type tick struct {
	choice
	Ticked bool
}

type correctionRow struct {
	barometer.Correction
	Words string
}

// correctionWords says a correction, and what the pipeline had said.
func correctionWords(c barometer.Correction, names map[string]string) string {
	was, _, _ := strings.Cut(c.Was, " ")
	say := func(value string) string {
		switch c.Field {
		case barometer.FieldSentiment:
			return strings.ToLower(sentimentName(value))
		case barometer.FieldSeverity:
			if n, err := strconv.ParseUint(value, 10, 8); err == nil {
				return strings.ToLower(severity(uint8(n)))
			}
		case barometer.FieldLang:
			return language(value)
		case barometer.FieldConcerns:
			ids := strings.Split(value, ",")
			for i, id := range ids {
				ids[i] = cmp.Or(names[id], id)
			}
			return strings.Join(ids, ", ")
		}
		return value
	}
	field := map[string]string{barometer.FieldLang: "Language", barometer.FieldAbuse: "Abuse of people"}[c.Field]
	if field == "" {
		field = upperFirst(c.Field)
	}
	if c.Value == was {
		return field + ": " + say(c.Value) + ", as the pipeline said"
	}
	return field + ": " + say(c.Value) + "; the pipeline said " + say(was)
}

// filter reads the address of the list. Times are the organisation's; a day as `to` includes that day.
func (p *Pages) filter(q url.Values, organisation string, zone *time.Location) (barometer.Filter, mentionsForm, error) {
	form := mentionsForm{
		Text: strings.TrimSpace(q.Get("q")), From: q.Get("from"), To: q.Get("to"), Lang: q.Get("lang"),
		Sentiment: q.Get("sentiment"), Concern: q.Get("concern"), Source: q.Get("source"), Severity: q.Get("min_severity"),
		Group: q.Get("copy_group"), First: q.Get("copies") == "first", Abuse: q.Get("abuse") != "",
	}
	f := barometer.Filter{Organisation: organisation, Text: form.Text, FirstOfCopy: form.First}
	if utf8.RuneCountInString(form.Text) > maxSearchRunes || !utf8.ValidString(form.Text) || strings.ContainsRune(form.Text, 0) {
		return f, form, barometer.Errorf(barometer.Invalid, "search with at most %d characters of plain text", maxSearchRunes)
	}
	for _, one := range []struct {
		value string
		into  *[]string
	}{{form.Lang, &f.Langs}, {form.Sentiment, &f.Sentiments}, {form.Concern, &f.Concerns}, {form.Source, &f.Sources}} {
		if one.value != "" {
			*one.into = []string{one.value}
		}
	}
	var err error
	if f.From, err = localTime(form.From, zone, false); err != nil {
		return f, form, err
	}
	if f.To, err = localTime(form.To, zone, true); err != nil {
		return f, form, err
	}
	if !f.From.IsZero() && !f.To.IsZero() && !f.From.Before(f.To) {
		return f, form, barometer.Errorf(barometer.Invalid, "the first day must not be after the last")
	}
	if form.Severity != "" {
		level, err := strconv.ParseUint(form.Severity, 10, 8)
		if err != nil || level > 5 {
			return f, form, barometer.Errorf(barometer.Invalid, "severity: want 0 to 5")
		}
		f.MinSeverity = uint8(level)
	}
	if form.Abuse {
		f.MinAbuse = abuseShown
	}
	if form.Group != "" {
		if f.CopyGroup, err = strconv.ParseUint(form.Group, 16, 64); err != nil {
			return f, form, barometer.Errorf(barometer.Invalid, "copy group: want 16 hexadecimal digits")
		}
	}
	return f, form, nil
}

func localTime(s string, zone *time.Location, end bool) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if t, err := time.ParseInLocation(localMinute, s, zone); err == nil {
		return t.UTC(), nil
	}
	t, err := time.ParseInLocation(time.DateOnly, s, zone)
	if err != nil {
		return t, barometer.Errorf(barometer.Invalid, "time %q: want a day such as 2026-11-21", s)
	}
	if end {
		t = after(t, barometer.StepDay)
	}
	return t.UTC(), nil
}

func (p *Pages) choices(c coverage, langs map[string]uint64, form mentionsForm) choices {
	var all choices
	if form.Lang != "" {
		langs[form.Lang]++ // so that the form can show what it filters by
	}
	for code := range langs {
		all.Langs = append(all.Langs, choice{code, language(code)})
	}
	slices.SortFunc(all.Langs, func(a, b choice) int { return strings.Compare(a.Label, b.Label) })
	for _, s := range sentiments {
		all.Sentiments = append(all.Sentiments, choice{s.Label, s.Word})
	}
	for id, name := range p.concernNames() {
		all.Concerns = append(all.Concerns, choice{id, name})
	}
	slices.SortFunc(all.Concerns, func(a, b choice) int { return strings.Compare(a.Label, b.Label) })
	for _, s := range c.Sources {
		all.Sources = append(all.Sources, choice{s.Source, s.Label})
	}
	for level := uint8(1); level <= 5; level++ {
		all.Severities = append(all.Severities, choice{strconv.Itoa(int(level)), severity(level) + " or worse"})
	}
	return all
}

func chips(base string, q url.Values, form mentionsForm, c choices) []chip {
	var all []chip
	add := func(words string, names ...string) {
		rest := without(q, append(names, "cursor")...)
		all = append(all, chip{Words: words, Href: base + "?" + rest.Encode()})
	}
	if form.Text != "" {
		add("“"+form.Text+"”", "q")
	}
	if form.From != "" || form.To != "" {
		add("Time", "from", "to")
	}
	for _, one := range []struct {
		name, value string
		from        []choice
	}{
		{"lang", form.Lang, c.Langs}, {"sentiment", form.Sentiment, c.Sentiments}, {"concern", form.Concern, c.Concerns},
		{"source", form.Source, c.Sources}, {"min_severity", form.Severity, c.Severities},
	} {
		if one.value == "" {
			continue
		}
		label := one.value
		for _, known := range one.from {
			if known.Value == one.value {
				label = known.Label
			}
		}
		add(label, one.name)
	}
	if form.First {
		add("Copies shown once", "copies")
	}
	if form.Abuse {
		add("Abuse of people", "abuse")
	}
	if form.Group != "" {
		add("Copies of one text", "copy_group")
	}
	return all
}

func without(q url.Values, names ...string) url.Values {
	out := url.Values{}
	for k, v := range q {
		if !slices.Contains(names, k) && len(v) > 0 && v[0] != "" {
			out[k] = v
		}
	}
	return out
}

// exportQuery writes the filter as the interface under /v1 reads it.
func exportQuery(f barometer.Filter) url.Values {
	q := url.Values{}
	for name, values := range map[string][]string{"lang": f.Langs, "sentiment": f.Sentiments, "concern": f.Concerns, "source": f.Sources} {
		if len(values) > 0 {
			q[name] = values
		}
	}
	if !f.From.IsZero() {
		q.Set("from", f.From.Format(time.RFC3339))
	}
	if !f.To.IsZero() {
		q.Set("to", f.To.Format(time.RFC3339))
	}
	if f.Text != "" {
		q.Set("q", f.Text)
	}
	if f.MinSeverity > 0 {
		q.Set("min_severity", strconv.Itoa(int(f.MinSeverity)))
	}
	if f.MinAbuse > 0 {
		q.Set("min_abuse", strconv.FormatFloat(float64(f.MinAbuse), 'g', -1, 32))
	}
	if f.CopyGroup > 0 {
		q.Set("copy_group", fmt.Sprintf("%016x", f.CopyGroup))
	}
	if f.FirstOfCopy {
		q.Set("copies", "first")
	}
	return q
}

func spanWords(f barometer.Filter, now time.Time) string {
	switch {
	case f.From.IsZero() && f.To.IsZero():
		return ""
	case f.To.IsZero():
		return "from " + when(f.From, now)
	case f.From.IsZero():
		return "until " + when(f.To, now)
	}
	return "from " + when(f.From, now) + " until " + when(f.To, now)
}
