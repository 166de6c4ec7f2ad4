package web

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"barometer/internal/barometer"
)

// severe is from where a mention is put before people without being asked for.
const severe = 4

const (
	topConcerns  = 8
	severeShown  = 5
	newestShown  = 6
	excerptRunes = 220
	shownIssues  = 4
)

type overview struct {
	Period   period
	Periods  []periodLink
	Latest   *periodLink // to the newest mention, when it is older than the period
	Coverage coverage
	Reading  readingView
	Issues   []issueRow // open ones, most urgent first
	More     int        // open issues that are not shown
	Chart    chart
	Mentions uint64
	Change   change
	Negative figure
	Severe   figure
	Concerns []concernRow
	Gravest  []mentionView
	Newest   []mentionView
	Live     string // address of the stream
	AllOf    string // address of the period's mentions
	SevereOf string
}

type periodLink struct {
	Label, Href string
	Current     bool
}

// figure is a number with what it was before.
type figure struct{ Value, Note string }

type concernRow struct {
	Name, Group string
	Count       uint64
	Share       float64
	Width       string // of its bar, per cent of the most frequent
	Change      change
	Href        string
}

// Overview is the first page of an organisation: can we hear, how much is said, how it feels, what it is about.
func (p *Pages) Overview(w http.ResponseWriter, r *http.Request) {
	o, zone, err := p.organisation(r)
	if err != nil {
		p.failWith(w, r, err)
		return
	}
	now := p.deps.Now().In(zone)
	at, until := upTo(r.URL.Query().Get("until"), now)
	v, err := p.overview(r.Context(), o, newPeriod(r.URL.Query().Get("period"), at).ending(until))
	if err != nil {
		p.failWith(w, r, err)
		return
	}
	v.Coverage.Now = now
	p.render(w, r, "overview", page{Title: o.Name, Organisation: &o, Section: "overview", Body: v})
}

func (p *Pages) overview(ctx context.Context, o barometer.Organisation, per period) (*overview, error) {
	var (
		feeling, feelingBefore, concerns, concernsBefore, gravity, gravityBefore []barometer.SeriesPoint
		gravest, newest                                                          []barometer.Stored
		sources                                                                  []barometer.SourceStatus
		open                                                                     []barometer.IssueRecord
		verdicts                                                                 []barometer.Verdict
		now                                                                      readingView
	)
	current := barometer.Filter{Organisation: o.ID, From: per.From.UTC(), To: per.To.UTC()}
	before := barometer.Filter{Organisation: o.ID, From: per.PriorFrom.UTC(), To: per.PriorTo.UTC()}
	g, gctx := errgroup.WithContext(ctx)
	for _, q := range []struct {
		into *[]barometer.SeriesPoint
		f    barometer.Filter
		by   string
		step string
	}{
		{&feeling, current, barometer.BySentiment, per.Step},
		{&feelingBefore, before, barometer.BySentiment, barometer.StepWeek},
		{&concerns, current, barometer.ByConcern, barometer.StepWeek},
		{&concernsBefore, before, barometer.ByConcern, barometer.StepWeek},
		{&gravity, current, barometer.BySeverity, barometer.StepWeek},
		{&gravityBefore, before, barometer.BySeverity, barometer.StepWeek},
	} {
		g.Go(func() (err error) {
			*q.into, err = p.deps.Store.Series(gctx, barometer.SeriesRequest{Filter: q.f, By: q.by, Step: q.step, TimeZone: o.TimeZone})
			return err
		})
	}
	g.Go(func() (err error) {
		f := current
		f.MinSeverity, f.FirstOfCopy = severe, true
		gravest, _, err = p.deps.Store.Mentions(gctx, f, barometer.Page{Limit: severeShown})
		return err
	})
	g.Go(func() (err error) {
		newest, _, err = p.deps.Store.Mentions(gctx, barometer.Filter{Organisation: o.ID}, barometer.Page{Limit: newestShown})
		return err
	})
	g.Go(func() (err error) {
		sources, err = p.deps.Store.Sources(gctx)
		return err
	})
	g.Go(func() (err error) { now, err = p.reading(gctx, o, p.deps.Now().In(per.To.Location())); return err })
	g.Go(func() (err error) { open, err = p.deps.Store.Issues(gctx, o.ID, time.Time{}, OpenStates); return err })
	g.Go(func() (err error) { verdicts, err = p.deps.Store.Verdicts(gctx, o.ID, ""); return err })
	if err := g.Wait(); err != nil {
		return nil, err
	}

	base := "/o/" + url.PathEscape(o.ID)
	span := url.Values{"from": {per.From.Format(localMinute)}, "to": {per.To.Format(localMinute)}}
	counts, countsBefore := sums(feeling), sums(feelingBefore)
	v := &overview{
		Period:   per,
		Reading:  now,
		Coverage: newCoverage(sources, per.To),
		Chart:    newChart(o.ID, feeling, per),
		Mentions: total(counts),
		Change:   newChange(total(counts), total(countsBefore)),
		Negative: shareFigure(counts, countsBefore),
		Severe:   severeFigure(sums(gravity), sums(gravityBefore)),
		Concerns: p.concernRows(concerns, concernsBefore, total(counts), base, span),
		Live:     "/v1/organisations/" + url.PathEscape(o.ID) + "/live",
		AllOf:    base + "/mentions?" + span.Encode(),
		SevereOf: base + "/mentions?" + with(span, "min_severity", strconv.Itoa(severe)).Encode(),
	}
	for _, choice := range periods {
		v.Periods = append(v.Periods, periodLink{Label: choice.label, Href: base + per.query(choice.key), Current: choice.key == per.Key})
	}
	if len(newest) > 0 && newest[0].PublishedAt.Before(per.From) {
		at := newest[0].PublishedAt.In(per.From.Location())
		v.Latest = &periodLink{Label: at.Format("2 January 2006"), Href: base + "?period=28d&until=" + at.Format(time.DateOnly)}
	}
	SortByUrgency(open)
	v.More = max(len(open)-shownIssues, 0)
	for i := range open[:len(open)-v.More] {
		v.Issues = append(v.Issues, newIssueRow(&open[i], verdicts))
	}
	names := p.concernNames()
	for i := range gravest {
		v.Gravest = append(v.Gravest, newMentionView(&gravest[i], names, nil).excerpt(excerptRunes))
	}
	for i := range newest {
		v.Newest = append(v.Newest, newMentionView(&newest[i], names, nil).excerpt(excerptRunes))
	}
	return v, nil
}

func (p *Pages) concernRows(points, before []barometer.SeriesPoint, all uint64, base string, span url.Values) []concernRow {
	counts, countsBefore := sums(points), sums(before)
	var rows []concernRow
	for _, c := range p.deps.Concerns() {
		if counts[c.ID] == 0 && countsBefore[c.ID] == 0 {
			continue
		}
		rows = append(rows, concernRow{
			Name: cmp.Or(c.Name["en"], c.ID), Group: c.Group, Count: counts[c.ID],
			Change: newChange(counts[c.ID], countsBefore[c.ID]),
			Href:   base + "/mentions?" + with(span, "concern", c.ID).Encode(),
		})
	}
	slices.SortStableFunc(rows, func(a, b concernRow) int { return cmp.Compare(b.Count, a.Count) })
	rows = rows[:min(len(rows), topConcerns)]
	for i := range rows {
		if all > 0 {
			rows[i].Share = float64(rows[i].Count) / float64(all)
		}
		rows[i].Width = percent(100 * float64(rows[i].Count) / float64(max(rows[0].Count, 1)))
	}
	return rows
}

func sums(points []barometer.SeriesPoint) map[string]uint64 {
	counts := map[string]uint64{}
	for _, p := range points {
		counts[p.Key] += p.Count
	}
	return counts
}

func total(counts map[string]uint64) uint64 {
	var n uint64
	for _, c := range counts {
		n += c
	}
	return n
}

func shareFigure(now, before map[string]uint64) figure {
	all, allBefore := total(now), total(before)
	if all == 0 {
		return figure{"–", "no mentions"}
	}
	f := figure{Value: shareWord(float64(now[barometer.Negative]) / float64(all)), Note: "no mentions before"}
	if allBefore > 0 {
		f.Note = "was " + shareWord(float64(before[barometer.Negative])/float64(allBefore))
	}
	return f
}

func severeFigure(now, before map[string]uint64) figure {
	count := func(m map[string]uint64) (n uint64) {
		for level := severe; level <= 5; level++ {
			n += m[strconv.Itoa(level)]
		}
		return n
	}
	return figure{Value: thousands(count(now)), Note: newChange(count(now), count(before)).Words}
}

func with(q url.Values, name, value string) url.Values {
	out := url.Values{name: {value}}
	for k, v := range q {
		out[k] = v
	}
	return out
}
