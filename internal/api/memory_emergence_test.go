package api

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"time"

	"barometer/internal/barometer"
)

// emerged is what the memory holds of readings, issues and judgements.
type emerged struct {
	readings    []barometer.Reading     // oldest first
	known       []barometer.IssueRecord // oldest first
	bundles     map[string]barometer.Evidence
	verdicts    []barometer.Verdict // newest first
	corrections []barometer.Correction
	judged      []barometer.Precision
}

func (m *memory) Readings(ctx context.Context, organisation, scope string, from, to time.Time) ([]barometer.Reading, error) {
	_, err := m.ask(ctx)
	var all []barometer.Reading
	for _, r := range m.readings {
		if r.Organisation == organisation && r.Scope == scope && !r.At.Before(from) && r.At.Before(to) {
			all = append(all, r)
		}
	}
	return all, err
}

func (m *memory) ReadingAt(ctx context.Context, organisation, scope string, at time.Time) (barometer.Reading, error) {
	if _, err := m.ask(ctx); err != nil {
		return barometer.Reading{}, err
	}
	for _, r := range slices.Backward(m.readings) {
		if r.Organisation == organisation && r.Scope == scope && (at.IsZero() || !r.At.After(at)) {
			return r, nil
		}
	}
	return barometer.Reading{}, barometer.Errorf(barometer.NotFound, "no reading")
}

func (m *memory) NewReadings(ctx context.Context, organisation string, after time.Time, limit int) ([]barometer.Reading, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := slices.DeleteFunc(slices.Clone(m.readings), func(r barometer.Reading) bool { return r.Organisation != organisation || !r.At.After(after) })
	return all[:min(len(all), limit)], m.err
}

func (m *memory) records(keep func(*barometer.IssueRecord) bool) []barometer.IssueRecord {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(m.known), func(r barometer.IssueRecord) bool { return !keep(&r) })
}

func (m *memory) Issues(ctx context.Context, organisation string, at time.Time, states []string) ([]barometer.IssueRecord, error) {
	_, err := m.ask(ctx)
	latest := map[string]barometer.IssueRecord{}
	for _, r := range m.records(func(r *barometer.IssueRecord) bool {
		return r.Organisation == organisation && (at.IsZero() || !r.At.After(at))
	}) {
		latest[r.ID] = r
	}
	var all []barometer.IssueRecord
	for _, r := range latest {
		if len(states) == 0 || slices.Contains(states, r.State) {
			all = append(all, r)
		}
	}
	slices.SortFunc(all, func(a, b barometer.IssueRecord) int { return cmp.Compare(a.ID, b.ID) })
	return all, err
}

func (m *memory) IssueHistory(ctx context.Context, organisation, id string, at time.Time) ([]barometer.IssueRecord, error) {
	_, err := m.ask(ctx)
	return m.records(func(r *barometer.IssueRecord) bool {
		return r.Organisation == organisation && r.ID == id && (at.IsZero() || !r.At.After(at))
	}), err
}

func (m *memory) Issue(ctx context.Context, organisation, id string, at time.Time) (barometer.IssueRecord, error) {
	all, err := m.IssueHistory(ctx, organisation, id, at)
	if err == nil && len(all) == 0 {
		err = barometer.Errorf(barometer.NotFound, "no issue %q", id)
	}
	if err != nil {
		return barometer.IssueRecord{}, err
	}
	return all[len(all)-1], nil
}

func (m *memory) Transitions(ctx context.Context, organisation string, from, to time.Time, limit int) ([]barometer.IssueRecord, error) {
	_, err := m.ask(ctx)
	all := m.records(func(r *barometer.IssueRecord) bool {
		return r.Organisation == organisation && r.Transition && !r.At.Before(from) && r.At.Before(to)
	})
	slices.Reverse(all)
	return all[:min(len(all), limit)], err
}

func (m *memory) NewTransitions(_ context.Context, organisation string, after time.Time, limit int) ([]barometer.IssueRecord, error) {
	all := m.records(func(r *barometer.IssueRecord) bool {
		return r.Organisation == organisation && r.Transition && r.At.After(after)
	})
	return all[:min(len(all), limit)], m.err
}

func (m *memory) Evidence(ctx context.Context, address string) (barometer.Evidence, error) {
	_, err := m.ask(ctx)
	e, ok := m.bundles[address]
	if err == nil && !ok {
		err = barometer.Errorf(barometer.NotFound, "no evidence")
	}
	return e, err
}

func (m *memory) FirstMention(ctx context.Context, organisation string) (time.Time, error) {
	rows, err := m.ask(ctx)
	for _, r := range slices.Backward(rows) {
		if r.Organisation == organisation {
			return r.PublishedAt, err
		}
	}
	return time.Time{}, err
}

func (m *memory) WriteVerdict(_ context.Context, v barometer.Verdict) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.verdicts = append([]barometer.Verdict{v}, m.verdicts...)
	return m.err
}

func (m *memory) Verdicts(ctx context.Context, organisation, issue string) ([]barometer.Verdict, error) {
	_, err := m.ask(ctx)
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(m.verdicts), func(v barometer.Verdict) bool {
		return v.Organisation != organisation || issue != "" && v.Issue != issue
	}), err
}

func (m *memory) Precision(ctx context.Context, _ string) ([]barometer.Precision, error) {
	_, err := m.ask(ctx)
	return m.judged, err
}

func (m *memory) WriteCorrection(_ context.Context, c barometer.Correction) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.corrections = append([]barometer.Correction{c}, m.corrections...)
	for i := range m.rows {
		if m.rows[i].ID == c.Mention {
			m.rows[i].Corrections = append(m.rows[i].Corrections, c)
		}
	}
	return m.err
}

func (m *memory) Corrections(ctx context.Context, _ string) ([]barometer.Correction, error) {
	_, err := m.ask(ctx)
	return m.corrections, err
}

func (m *memory) Labelled(context.Context, string, func(barometer.Labelled) error) error {
	return m.err
}

func (m *memory) CorrectionStats(ctx context.Context, _ string) ([]barometer.Agreement, error) {
	_, err := m.ask(ctx)
	return []barometer.Agreement{{Field: barometer.FieldSentiment, Labels: 40, Agreed: 31, Share: .775, Low: .625, High: .877}}, err
}

// emerge puts 40 days of readings and three issues into the memory: one that rises as an alert, one that is watched and
// one that is over.
func emerge(m *memory, now time.Time) {
	m.bundles = map[string]barometer.Evidence{}
	start := now.Truncate(time.Hour).AddDate(0, 0, -40)
	for i := range 40*24 + 1 {
		at := start.Add(time.Duration(i) * time.Hour)
		p := 47 + 30*math.Sin(float64(i)/29) + 9*math.Sin(float64(i)/5)
		r := barometer.Reading{
			Organisation: marram.ID, At: at, Tendency: "steady", Word: "ordinary", Coverage: 1, Posts: 21, Negative: 9, Severe: 2, Expected: 8.6,
			Days: 56, Pressure: p,
		}
		if d := 40*24 - i; d < 30 {
			r.Pressure, r.Tendency, r.Posts, r.Negative, r.Severe = 93.4-float64(d), "rising", 48, 26, 7
		}
		r.Low, r.High = max(r.Pressure-7, 0), min(r.Pressure+4, 99.7)
		switch {
		case r.Pressure >= 97:
			r.Word = "stormy"
		case r.Pressure >= 85:
			r.Word = "unsettled"
		case r.Pressure < 25:
			r.Word = "calm"
		}
		if i > 300 && i < 330 {
			r = barometer.Reading{Organisation: marram.ID, At: at, Tendency: "steady", Word: "blind", Blind: true, Coverage: .2}
		}
		m.readings = append(m.readings, r)
	}
	type step struct {
		ago         time.Duration
		state, tier string
		posts       uint32
		reason      string
	}
	issue := func(id, name string, observed, expected, p float64, since time.Duration, terms []string, steps ...step) {
		d := barometer.IssueDetail{
			Rate: steps[len(steps)-1].posts * 2 / 3, Peak: steps[len(steps)-1].posts, Copies: 4, Detected: now.Add(-steps[0].ago),
			Series:   []barometer.IssueSeries{{Series: "cleanliness by site gazette.example", Observed: observed, Expected: expected, P: p, Q: p * 40}},
			BySource: []barometer.IssueShare{{Key: "gazette", Posts: 15}, {Key: "forum", Posts: 6}},
			BySite:   []barometer.IssueShare{{Key: "gazette.example", Posts: 15}, {Key: "forum.example", Posts: 6}},
			ByLang:   []barometer.IssueShare{{Key: "en", Posts: 18}, {Key: "de", Posts: 2}, {Key: "fi", Posts: 1}}, ByConcern: []barometer.IssueShare{{Key: "cleanliness", Posts: 17}},
		}
		for i, term := range terms {
			d.Terms = append(d.Terms, barometer.IssueTerm{Term: term, Weight: .97 - .1*float64(i), P: p * math.Pow(30, float64(i))})
		}
		for i := range 4 {
			r := m.rows[i*3]
			d.Representative = append(d.Representative, barometer.IssuePost{ID: r.ID, At: r.PublishedAt, Source: r.Source, Site: r.Site, URL: r.URL, Lang: r.Analysis.Lang, Title: r.Title, Text: r.Text})
		}
		d.Representative = append(d.Representative, barometer.IssuePost{ID: barometer.DeriveID("test", "gone"), At: now.Add(-20 * time.Hour), Source: "forum", Site: "forum.example", Lang: "en", Deleted: true})
		from := ""
		for i, s := range steps {
			at := now.Add(-s.ago).Truncate(15 * time.Minute)
			posts := []map[string]any{}
			for k := range steps[0].posts {
				posts = append(posts, map[string]any{"id": barometer.DeriveID(id, fmt.Sprint(k)), "hash": "00", "at": now.Add(-since).Add(time.Duration(k) * (since - s.ago) / time.Duration(steps[0].posts))})
			}
			body, _ := json.Marshal(map[string]any{"issue": id, "at": at, "terms": map[string]any{"at": at, "p": p / 40, "q": p * 900, "tests": 4120, "terms": []map[string]any{
				{"term": terms[0], "hours": 24, "observed": observed, "expected": expected, "phi": 1.4, "p": p}, {"term": terms[1], "hours": 24, "p": p * 30},
			}}, "posts": posts, "members": len(posts)})
			sum := sha256.Sum256(body)
			address := hex.EncodeToString(sum[:])
			m.bundles[address] = barometer.Evidence{Address: address, Organisation: marram.ID, Issue: id, At: at, Body: body}
			d.Transitions = append(d.Transitions, barometer.IssueTransition{At: at, From: from, To: s.state, Tier: s.tier, Reason: s.reason, Evidence: address})
			from = s.state
			detail, _ := json.Marshal(d)
			r := barometer.IssueRecord{
				Organisation: marram.ID, ID: id, At: at, Name: name, State: s.state, Tier: s.tier, Since: now.Add(-since), Posts: s.posts, Observed: observed,
				Expected: expected, P: p, Evidence: address, Transition: true, Detail: detail,
			}
			m.known = append(m.known, r)
			until := now
			if i+1 < len(steps) {
				until = now.Add(-steps[i+1].ago)
			}
			for next := at.Add(time.Hour); next.Before(until); next = next.Add(time.Hour) { // the numbers move between transitions
				moved := r
				moved.At, moved.Transition = next, false
				if i+1 < len(steps) {
					moved.Posts += uint32(float64(steps[i+1].posts-s.posts) * float64(next.Sub(at)) / float64(until.Sub(at)))
				}
				m.known = append(m.known, moved)
			}
		}
	}
	issue("a17e00c4b2d9", "ward 6 lift, stuck", 23, 4.1, 3.2e-9, 31*time.Hour, []string{"lift", "ward 6", "stuck", "engineer", "stairs"},
		step{27 * time.Hour, "new", "watch", 8, "a group of rising terms"}, step{24 * time.Hour, "new", "alert", 12, "beyond the false discovery rate over all terms"},
		step{6 * time.Hour, "rising", "alert", 21, "more posts than in the window before"})
	issue("b2c0ffee0001", "car park barrier", 9, 1.8, 8e-6, 50*time.Hour, []string{"barrier", "car park", "ticket machine"},
		step{46 * time.Hour, "new", "watch", 7, "a group of rising terms"}, step{20 * time.Hour, "fading", "watch", 11, "fewer posts than before, below half of the highest rate"})
	issue("c3d00d1e0002", "strike ballot", 31, 6, 1e-11, 30*24*time.Hour, []string{"ballot", "strike"},
		step{29 * 24 * time.Hour, "new", "alert", 14, "a group of rising terms"}, step{27 * 24 * time.Hour, "peaking", "alert", 40, "no longer rising, near the highest rate"},
		step{19 * 24 * time.Hour, "resolved", "alert", 52, "a week within what was ordinary before"})
	slices.SortStableFunc(m.known, func(a, b barometer.IssueRecord) int { return a.At.Compare(b.At) })
	m.verdicts = []barometer.Verdict{{Organisation: marram.ID, Issue: "c3d00d1e0002", At: now.AddDate(0, 0, -26), Verdict: barometer.VerdictTrue, Reason: "Told the executives the same day.", By: "press office"}}
	m.judged = []barometer.Precision{
		{Tier: "alert", Judged: 12, True: 10, Share: .833, Low: .552, High: .953, Verdicts: map[string]uint64{"true": 10, "campaign": 1, "known": 1}},
		{Tier: "watch", Judged: 9, True: 4, Share: .444, Low: .189, High: .733, Verdicts: map[string]uint64{"true": 4, "irrelevant": 5}},
	}
}
