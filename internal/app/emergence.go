package app

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"barometer/internal/analyze"
	"barometer/internal/barometer"
	"barometer/internal/emergence"
	"barometer/internal/service"
	"barometer/internal/store"
	"barometer/internal/stream"
)

// The watch over emergence: one process leads, the others stand by.
const (
	watchHistory = 150 * 24 * time.Hour // read at the start of a lead: what is ordinary, and issues that may come back
	watchEvery   = 2 * time.Second      // between two looks at what was stored
	watchSettle  = 5 * time.Second      // a tick waits this long, so that what was stored before it can be read
	watchOverlap = 10 * time.Second     // rows become visible a little out of order
	watchBatch   = 5000
	watchLate    = 48 * time.Hour   // what is published longer ago than this when it is stored is history
	watchBacklog = 10 * time.Minute // what a source brings so soon after its first post was stored is what it had in store
	watchRebuild = 50               // so many posts of history that come after the start change what is ordinary
)

// findings keeps what the engines find, under keys by which a repetition changes nothing. *store.Store does.
type findings interface {
	WriteEvidence(ctx context.Context, bundles []barometer.Evidence) error
	WriteIssues(ctx context.Context, records []barometer.IssueRecord) error
	WriteReadings(ctx context.Context, readings []barometer.Reading) error
}

// watcher runs an engine for every organisation over what the store holds, and stores what the engines find. It keeps no
// state of its own: who takes the lead reads the history again, and the same history gives the same results, which
// replace themselves in the store.
type watcher struct {
	db            *store.Store
	findings      findings
	pipeline      *analyze.Pipeline
	organisations func() []barometer.Organisation
	cfg           emergence.Config
	log           *slog.Logger
}

// watched is the engine of one organisation and how far it was fed.
type watched struct {
	engine *emergence.Engine
	until  time.Time // by the store's clock
	ticked time.Time

	first    map[string]time.Time  // when the first post of a source was stored
	known    map[barometer.ID]bool // history seen at the start or since
	late     int                   // posts of history that came after the start
	lastLate time.Time
}

// startWatch adds the watch over emergence to the group: whichever process holds the lease computes.
func startWatch(c *Config, g *service.Group, s *stream.Stream, db *store.Store, p *analyze.Pipeline, known *catalogue, log *slog.Logger) {
	w := &watcher{db: db, findings: db, pipeline: p, organisations: known.Organisations, cfg: c.Emergence, log: log}
	w.cfg.Details = true
	w.cfg.ConcernNames = concernNames(p)
	lease := s.Lease("emergence")
	g.Go("emergence", func(ctx context.Context) error { return lease.Run(ctx, w.lead) })
}

// concernNames are the English names of concerns, which issues are called by.
func concernNames(p *analyze.Pipeline) map[string]string {
	names := map[string]string{}
	for _, c := range p.Concerns() {
		names[c.ID] = c.Name["en"]
	}
	return names
}

// lead watches until ctx ends. It is what a leader does under its lease.
func (w *watcher) lead(ctx context.Context, _ uint64) error {
	engines := map[string]*watched{}
	for {
		for _, org := range w.organisations() {
			if err := w.watch(ctx, org, engines); err != nil {
				if ctx.Err() != nil {
					return nil //nolint:nilerr // asked to stop
				}
				if barometer.KindOf(err) != barometer.Unavailable {
					return fmt.Errorf("watch %s: %w", org.ID, err)
				}
				w.log.Warn("emergence waits for the store", "organisation", org.ID, "error", err)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(watchEvery):
		}
	}
}

// watch feeds one organisation's engine with what is new, and ticks it when the grid says so.
func (w *watcher) watch(ctx context.Context, org barometer.Organisation, engines map[string]*watched) error {
	e := engines[org.ID]
	if e == nil {
		var err error
		if e, err = w.begin(ctx, org); err != nil {
			return err
		}
		engines[org.ID] = e
	}
	now := time.Now().UTC()
	if err := w.feed(ctx, org.ID, e); err != nil {
		return err
	}
	if e.late >= watchRebuild { // an import: begin anew with all of it, once it has come to an end
		if now.Sub(e.lastLate) > watchSettle {
			delete(engines, org.ID)
		}
		return nil
	}
	at := now.Add(-watchSettle)
	if at.Truncate(time.Minute).Equal(e.ticked) {
		return nil
	}
	e.ticked = at.Truncate(time.Minute)
	if err := w.cover(ctx, e.engine, at.Add(-2*time.Hour)); err != nil {
		return err
	}
	return w.record(ctx, org.ID, e.engine, e.engine.Tick(at))
}

// begin builds an engine from the stored history.
func (w *watcher) begin(ctx context.Context, org barometer.Organisation) (*watched, error) {
	engine, err := emergence.New(org, w.cfg)
	if err != nil {
		return nil, err
	}
	e := &watched{engine: engine, until: time.Now().UTC().Add(-watchOverlap), known: map[barometer.ID]bool{}, first: map[string]time.Time{}}
	from := time.Now().UTC().Add(-watchHistory).Truncate(time.Hour)
	started, n := time.Now(), 0
	worker := w.pipeline.NewWorker()
	var history []emergence.Observation
	err = w.db.Export(ctx, barometer.Filter{Organisation: org.ID, From: from}, func(s barometer.Stored) error {
		n++
		e.know(&s)
		if at, ok := e.first[s.Source]; !ok || s.StoredAt.Before(at) {
			e.first[s.Source] = s.StoredAt
		}
		history = append(history, w.observe(worker, &s))
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the history: %w", err)
	}
	for i := range history { // now that the first of every source is known
		e.backlog(&history[i])
	}
	engine.Add(history...)
	if err := w.cover(ctx, engine, from); err != nil {
		return nil, err
	}
	w.log.Info("emergence begins", "organisation", org.ID, "mentions", n, "took", time.Since(started).Round(time.Millisecond).String())
	return e, nil
}

// cover tells the engine in which hours since a time sources could not be heard, so that they do not pass for calm.
func (w *watcher) cover(ctx context.Context, engine *emergence.Engine, from time.Time) error {
	hours, err := w.db.Heard(ctx, from.Truncate(time.Hour))
	if err != nil {
		return fmt.Errorf("read what could be heard: %w", err)
	}
	for hour, share := range hours {
		engine.Coverage(hour, share)
	}
	return nil
}

// feed gives the engine what was stored since the last look.
func (w *watcher) feed(ctx context.Context, organisation string, e *watched) error {
	worker := w.pipeline.NewWorker()
	for {
		rows, err := w.db.Since(ctx, organisation, e.until, watchBatch)
		if err != nil {
			return fmt.Errorf("read what is new: %w", err)
		}
		for i := range rows {
			o := w.observe(worker, &rows[i])
			if _, ok := e.first[o.Source]; !ok {
				e.first[o.Source] = rows[i].StoredAt
			}
			if e.history(&rows[i]) {
				e.late++
				e.lastLate = time.Now().UTC()
			}
			e.backlog(&o)
			e.engine.Add(o)
		}
		if len(rows) < watchBatch {
			if n := len(rows); n > 0 {
				if at := rows[n-1].StoredAt.Add(-watchOverlap); at.After(e.until) {
					e.until = at
				}
			}
			return nil
		}
		e.until = rows[len(rows)-1].StoredAt
	}
}

// history reports whether a post changes the past: it is old, or of a source's backlog, and was not known.
func (e *watched) history(s *barometer.Stored) bool {
	age := s.StoredAt.Sub(s.PublishedAt)
	backlog := age > watchBacklog && !s.StoredAt.After(e.first[s.Source].Add(watchBacklog))
	if age <= watchLate && !backlog || e.known[s.ID] {
		return false
	}
	e.know(s)
	return true
}

// know remembers a post as long as looks at what is new may bring it again.
func (e *watched) know(s *barometer.Stored) {
	if time.Since(s.StoredAt) < time.Hour {
		e.known[s.ID] = true
	}
}

// backlog takes a post that a source brought along at its first read for one that was known when it was published: nobody
// listened then, but the source has kept it.
func (e *watched) backlog(o *emergence.Observation) {
	if !o.ArrivedAt.IsZero() && !o.ArrivedAt.After(e.first[o.Source].Add(watchBacklog)) && o.ArrivedAt.Sub(o.At) > watchBacklog {
		o.ArrivedAt = time.Time{}
	}
}

// observe is the observation of a stored mention. Terms are not stored: they are found again in the redacted text.
func (w *watcher) observe(worker *analyze.Worker, s *barometer.Stored) emergence.Observation {
	var again barometer.Analysis
	worker.Analyze(inputOf(&s.Mention), &again)
	s.Terms = again.Terms
	return emergence.Observe(s)
}

// record stores what a tick found. Evidence goes first: nobody may see an alert whose evidence is not there yet.
func (w *watcher) record(ctx context.Context, organisation string, engine *emergence.Engine, r emergence.Result) error {
	var bundles []barometer.Evidence
	var issues []barometer.IssueRecord
	for i := range r.Transitions {
		t := &r.Transitions[i]
		record, err := issueRecord(organisation, t.Issue, t.At)
		if err != nil {
			return err
		}
		record.Transition, record.State, record.Tier = true, string(t.To), string(t.Tier)
		if t.Transition.Evidence != "" {
			record.Evidence = t.Transition.Evidence
		}
		issues = append(issues, record)
		if t.Evidence != nil {
			bundles = append(bundles, barometer.Evidence{Address: t.Evidence.Address(), Organisation: organisation, Issue: t.Issue.ID,
				At: t.At, Body: t.Evidence.Canonical()})
		}
		level := slog.LevelInfo
		if time.Since(t.At) > time.Hour { // history that is computed again
			level = slog.LevelDebug
		}
		w.log.Log(ctx, level, "issue", "organisation", organisation, "issue", t.Issue.ID, "state", t.To, "tier", t.Tier)
	}
	if len(r.Transitions) > 0 || len(r.Readings) > 0 { // the numbers of open issues move without a transition
		at := latest(r)
		for _, issue := range engine.Issues() {
			record, err := issueRecord(organisation, issue, at)
			if err != nil {
				return err
			}
			issues = append(issues, record)
		}
	}
	readings := slices.Concat(r.Readings, r.Details)
	if err := w.findings.WriteEvidence(ctx, bundles); err != nil {
		return fmt.Errorf("store evidence: %w", err)
	}
	if err := w.findings.WriteIssues(ctx, issues); err != nil {
		return fmt.Errorf("store issues: %w", err)
	}
	if err := w.findings.WriteReadings(ctx, readings); err != nil {
		return fmt.Errorf("store readings: %w", err)
	}
	return nil
}

// latest is the time up to which a result knows everything.
func latest(r emergence.Result) (at time.Time) {
	for i := range r.Transitions {
		if t := r.Transitions[i].At; t.After(at) {
			at = t
		}
	}
	for i := range r.Readings {
		if t := r.Readings[i].At; t.After(at) {
			at = t
		}
	}
	return at
}

func issueRecord(organisation string, i *emergence.Issue, at time.Time) (barometer.IssueRecord, error) {
	detail, err := json.Marshal(i)
	if err != nil {
		return barometer.IssueRecord{}, fmt.Errorf("encode issue %s: %w", i.ID, err)
	}
	return barometer.IssueRecord{Organisation: organisation, ID: i.ID, At: at, Name: i.Name, State: string(i.State), Tier: string(i.Tier),
		Since: i.Since, Posts: uint32(i.Posts), Observed: float64(i.Observed), Expected: i.Expected, P: i.P, Evidence: i.Evidence,
		Detail: detail}, nil
}
