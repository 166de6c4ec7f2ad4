package api

import (
	"context"
	"slices"
	"time"

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
	now, total, err := s.concernTotals(ctx, f)
	if err != nil {
		return nil, err
	}
	before := f
	before.From, before.To = f.From.Add(-f.To.Sub(f.From)), f.From
	then, totalBefore, err := s.concernTotals(ctx, before)
	if err != nil {
		return nil, err
	}
	out := &concernCountsOutput{}
	out.Body.From, out.Body.To, out.Body.Mentions, out.Body.Previous = f.From, f.To, total, totalBefore
	out.Body.Concerns = []ConcernCount{}
	for _, c := range s.deps.Concerns() {
		out.Body.Concerns = append(out.Body.Concerns, ConcernCount{
			Concern: c,
			Count:   now[c.ID], Share: share(now[c.ID], total),
			Previous: then[c.ID], PreviousShare: share(then[c.ID], totalBefore),
		})
	}
	slices.SortStableFunc(out.Body.Concerns, func(a, b ConcernCount) int {
		return int(int64(b.Count) - int64(a.Count))
	})
	return out, nil
}

// concernTotals counts by concern, and all mentions whatever their concern.
func (s *Server) concernTotals(ctx context.Context, f barometer.Filter) (map[string]uint64, uint64, error) {
	points, err := s.deps.Store.Series(ctx, barometer.SeriesRequest{Filter: f, By: barometer.ByConcern, Step: barometer.StepWeek})
	if err != nil {
		return nil, 0, err
	}
	counts, totals := map[string]uint64{}, map[time.Time]uint64{}
	for _, p := range points {
		counts[p.Key] += p.Count
		totals[p.Time] = p.Total
	}
	var total uint64
	for _, n := range totals {
		total += n
	}
	return counts, total, nil
}

func share(part, whole uint64) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}
