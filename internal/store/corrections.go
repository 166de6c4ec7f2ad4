package store

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/ext"
	"github.com/ClickHouse/clickhouse-go/v2/lib/column"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"golang.org/x/sync/errgroup"

	"barometer/internal/barometer"
)

// WriteVerdict stores what somebody decided about an issue.
func (s *Store) WriteVerdict(ctx context.Context, v barometer.Verdict) error {
	return s.insert(ctx, "write verdict", "INSERT INTO verdicts (organisation, issue, at, verdict, reason, by)", 1,
		func(b driver.Batch, _ int) error {
			return b.Append(v.Organisation, v.Issue, v.At.UTC(), v.Verdict, v.Reason, v.By)
		})
}

// Verdicts returns all verdicts on an issue, or on all issues where issue is "", newest first. The newest of an issue
// counts.
func (s *Store) Verdicts(ctx context.Context, organisation, issue string) ([]barometer.Verdict, error) {
	found, err := s.db.Query(s.reading(ctx), query("verdicts"), clickhouse.Named("organisation", organisation), clickhouse.Named("issue", issue))
	if err != nil {
		return nil, classify("verdicts", err)
	}
	defer found.Close() //nolint:errcheck // read to the end
	var all []barometer.Verdict
	for found.Next() {
		v := barometer.Verdict{Organisation: organisation}
		if err := found.Scan(&v.Issue, &v.At, &v.Verdict, &v.Reason, &v.By); err != nil {
			return nil, classify("verdicts", err)
		}
		v.At = v.At.UTC()
		all = append(all, v)
	}
	return all, classify("verdicts", found.Err())
}

// Precision returns for the tiers alert and watch how many of the issues that people judged were true. An issue counts
// for the highest tier that it reached. Share and interval are those of the verdict "true" among all verdicts.
func (s *Store) Precision(ctx context.Context, organisation string) ([]barometer.Precision, error) {
	tiers := []barometer.Precision{{Tier: "alert", Verdicts: map[string]uint64{}}, {Tier: "watch", Verdicts: map[string]uint64{}}}
	found, err := s.db.Query(s.reading(ctx), query("precision"), clickhouse.Named("organisation", organisation))
	if err != nil {
		return nil, classify("precision", err)
	}
	defer found.Close() //nolint:errcheck // read to the end
	for found.Next() {
		var tier, verdict string
		var n uint64
		if err := found.Scan(&tier, &verdict, &n); err != nil {
			return nil, classify("precision", err)
		}
		for i := range tiers {
			if tiers[i].Tier == tier {
				tiers[i].Verdicts[verdict] = n
				tiers[i].Judged += n
			}
		}
	}
	for i := range tiers {
		t := &tiers[i]
		t.True = t.Verdicts[barometer.VerdictTrue]
		t.Share, t.Low, t.High = wilson(t.True, t.Judged)
	}
	return tiers, classify("precision", found.Err())
}

// wilson returns a share and its 95 % interval (Wilson 1927): it stays within 0 and 1, and is honest about few cases.
func wilson(k, n uint64) (share, low, high float64) {
	if n == 0 {
		return 0, 0, 1
	}
	const z = 1.959964
	p, m := float64(k)/float64(n), float64(n)
	middle := (p + z*z/(2*m)) / (1 + z*z/m)
	half := z / (1 + z*z/m) * math.Sqrt(p*(1-p)/m+z*z/(4*m*m))
	return p, max(middle-half, 0), min(middle+half, 1)
}

// WriteCorrection stores what somebody says that an analysis should have been. Was begins with the value that the
// pipeline had given, followed by a space and the pipeline's version.
func (s *Store) WriteCorrection(ctx context.Context, c barometer.Correction) error {
	return s.insert(ctx, "write correction", "INSERT INTO corrections (organisation, mention, field, at, value, was, by)", 1,
		func(b driver.Batch, _ int) error {
			return b.Append(c.Organisation, string(c.Mention[:]), c.Field, c.At.UTC(), c.Value, c.Was, c.By)
		})
}

const maxCorrections = 10_000

// Corrections returns the corrections that count, newest first, at most 10,000. Those of deleted mentions are gone.
func (s *Store) Corrections(ctx context.Context, organisation string) ([]barometer.Correction, error) {
	return s.corrections(ctx, "corrections", organisation, clickhouse.Named("limit", maxCorrections))
}

func (s *Store) corrections(ctx context.Context, name, organisation string, values ...any) ([]barometer.Correction, error) {
	found, err := s.db.Query(ctx, query(name), append(values, clickhouse.Named("organisation", organisation))...)
	if err != nil {
		return nil, classify(name, err)
	}
	defer found.Close() //nolint:errcheck // read to the end
	var all []barometer.Correction
	for found.Next() {
		c := barometer.Correction{Organisation: organisation}
		var id string
		if err := found.Scan(&id, &c.At, &c.Field, &c.Value, &c.Was, &c.By); err != nil {
			return nil, classify(name, err)
		}
		c.Mention, c.At = barometer.ID([]byte(id)), c.At.UTC()
		all = append(all, c)
	}
	return all, classify(name, found.Err())
}

// complete adds to rows of one organisation what stands in other rows and tables, asked for at the same time: they are
// different fields.
func (s *Store) complete(ctx context.Context, organisation string, rows []barometer.Stored) error {
	both, ctx := errgroup.WithContext(ctx)
	both.Go(func() error { return s.countCopies(ctx, organisation, rows) })
	both.Go(func() error { return s.correct(ctx, organisation, rows) })
	return both.Wait()
}

// correct adds to mentions of one organisation what people say about them.
func (s *Store) correct(ctx context.Context, organisation string, rows []barometer.Stored) error {
	if len(rows) == 0 {
		return nil
	}
	table, err := ext.NewTable("wanted", ext.Column("id", column.Type("FixedString(16)")))
	if err != nil {
		return fmt.Errorf("store: corrections: %w", err)
	}
	for i := range rows {
		if err := table.Append(string(rows[i].ID[:])); err != nil {
			return fmt.Errorf("store: corrections: %w", err)
		}
	}
	all, err := s.corrections(clickhouse.Context(ctx, clickhouse.WithExternalTable(table)), "corrections_of", organisation)
	if err != nil {
		return err
	}
	for _, c := range all {
		for i := range rows {
			if rows[i].ID == c.Mention {
				rows[i].Corrections = append(rows[i].Corrections, c)
			}
		}
	}
	return nil
}

// Labelled yields every mention that people labelled with the labels that count, in the order of ids, and stops at the
// first error of yield.
func (s *Store) Labelled(ctx context.Context, organisation string, yield func(barometer.Labelled) error) error {
	found, err := s.db.Query(s.reading(ctx), query("labelled"), clickhouse.Named("organisation", organisation))
	if err != nil {
		return classify("labelled", err)
	}
	defer found.Close() //nolint:errcheck // read to the end
	for found.Next() {
		var l barometer.Labelled
		var id string
		var fields, values []string
		if err := found.Scan(&id, &l.Title, &l.Text, &l.Lang, &fields, &values); err != nil {
			return classify("labelled", err)
		}
		l.ID = barometer.ID([]byte(id))
		for i, field := range fields {
			label(&l, field, values[i])
		}
		if err := yield(l); err != nil {
			return err
		}
	}
	return classify("labelled", found.Err())
}

func label(l *barometer.Labelled, field, value string) {
	switch field {
	case barometer.FieldSentiment:
		l.Sentiment = value
	case barometer.FieldConcerns:
		ids := []string{}
		if value != barometer.NoConcerns {
			ids = strings.Split(value, ",")
		}
		l.Concerns = &ids
	case barometer.FieldSeverity:
		if n, err := strconv.ParseUint(value, 10, 8); err == nil {
			level := uint8(n)
			l.Severity = &level
		}
	case barometer.FieldAbuse:
		l.Abuse = value
	case barometer.FieldLang:
		l.Lang = value
	}
}

// CorrectionStats compares the pipeline with the labels that people gave, field by field. People label what they look
// at, and more often where it is wrong, so the share says more about change over time than about all mentions.
func (s *Store) CorrectionStats(ctx context.Context, organisation string) ([]barometer.Agreement, error) {
	found, err := s.db.Query(s.reading(ctx), query("agreement"), clickhouse.Named("organisation", organisation))
	if err != nil {
		return nil, classify("agreement", err)
	}
	defer found.Close() //nolint:errcheck // read to the end
	var all []barometer.Agreement
	for found.Next() {
		var a barometer.Agreement
		if err := found.Scan(&a.Field, &a.Labels, &a.Agreed); err != nil {
			return nil, classify("agreement", err)
		}
		a.Share, a.Low, a.High = wilson(a.Agreed, a.Labels)
		all = append(all, a)
	}
	slices.SortFunc(all, func(a, b barometer.Agreement) int { return strings.Compare(a.Field, b.Field) })
	return all, classify("agreement", found.Err())
}
