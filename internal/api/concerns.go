package api

import (
	"cmp"
	"context"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"barometer/internal/barometer"
)

type concernsOutput struct {
	Body struct {
		Concerns []barometer.Concern `json:"concerns"`
	}
}

func (s *Server) listConcerns(context.Context, *struct{}) (*concernsOutput, error) {
	out := &concernsOutput{}
	out.Body.Concerns = append([]barometer.Concern{}, s.deps.Concerns()...)
	return out, nil
}

type concernCountsInput struct {
	OrganisationInput
	FilterInput
}

// ConcernCount says how often a concern came up, and how often in the same length of time before.
type ConcernCount struct {
	barometer.Concern
	Count         uint64  `json:"count"`
	Share         float64 `json:"share" doc:"Share of all mentions in the time; a mention can have several concerns"`
	Previous      uint64  `json:"previous" doc:"Count in the time of the same length before"`
	PreviousShare float64 `json:"previous_share"`
}

type concernCountsOutput struct {
	Body struct {
		From     time.Time      `json:"from"`
		To       time.Time      `json:"to"`
		Mentions uint64         `json:"mentions" doc:"All mentions in the time"`
		Previous uint64         `json:"previous" doc:"All mentions in the time before"`
		Concerns []ConcernCount `json:"concerns" doc:"Most frequent first; those nobody mentioned have a count of 0"`
	}
}

func (s *Server) countConcerns(ctx context.Context, in *concernCountsInput) (*concernCountsOutput, error) {
	o, err := s.organisation(ctx, in.Organisation)
	if err != nil {
		return nil, err
	}
	f, err := in.filter(o.ID)
	if err != nil {
		return nil, err
	}
	if err := s.bounded(&f, 366*24*time.Hour); err != nil {
		return nil, err
	}
	before := f
	before.From, before.To = f.From.Add(-f.To.Sub(f.From)), f.From
	var now, then concernTotals
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) { now, err = s.concernTotals(gctx, f); return err })
	g.Go(func() (err error) { then, err = s.concernTotals(gctx, before); return err })
	if err := g.Wait(); err != nil {
		return nil, err
	}
	out := &concernCountsOutput{}
	out.Body.From, out.Body.To, out.Body.Mentions, out.Body.Previous = f.From, f.To, now.all, then.all
	out.Body.Concerns = []ConcernCount{}
	for _, c := range s.deps.Concerns() {
		out.Body.Concerns = append(out.Body.Concerns, ConcernCount{
			Concern: c,
			Count:   now.by[c.ID], Share: share(now.by[c.ID], now.all),
			Previous: then.by[c.ID], PreviousShare: share(then.by[c.ID], then.all),
		})
	}
	slices.SortStableFunc(out.Body.Concerns, func(a, b ConcernCount) int {
		return cmp.Compare(b.Count, a.Count)
	})
	return out, nil
}

// concernTotals are counts by concern, and of all mentions whatever their concerns.
type concernTotals struct {
	by  map[string]uint64
	all uint64
}

func (s *Server) concernTotals(ctx context.Context, f barometer.Filter) (concernTotals, error) {
	t := concernTotals{by: map[string]uint64{}}
	points, err := s.deps.Store.Series(ctx, barometer.SeriesRequest{Filter: f, By: barometer.ByConcern, Step: barometer.StepWeek})
	if err != nil {
		return t, err
	}
	for _, p := range points {
		t.by[p.Key] += p.Count
	}
	f.Concerns = nil
	points, err = s.deps.Store.Series(ctx, barometer.SeriesRequest{Filter: f, Step: barometer.StepWeek})
	for _, p := range points {
		t.all += p.Count
	}
	return t, err
}

func share(part, whole uint64) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}
