package store

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/ext"
	"github.com/ClickHouse/clickhouse-go/v2/lib/column"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"barometer/internal/barometer"
)

const (
	maxPage     = 500
	exportChunk = 5000
)

// Mentions returns a page of the mentions that a filter selects, newest first, and the cursor of the next page, or ""
// after the last one. Mentions of one second are in the order of their ids.
func (s *Store) Mentions(ctx context.Context, f barometer.Filter, p barometer.Page) (page []barometer.Stored, next string, err error) {
	if p.Limit < 1 || p.Limit > maxPage {
		return nil, "", barometer.Errorf(barometer.Invalid, "limit %d: want 1 to %d", p.Limit, maxPage)
	}
	var after *position
	if p.Cursor != "" {
		at, err := parseCursor(p.Cursor)
		if err != nil {
			return nil, "", err
		}
		after = &at
	}
	ctx = s.reading(ctx)
	page, last, err := s.page(ctx, &f, after, p.Limit)
	if err != nil {
		return nil, "", err
	}
	if err := s.complete(ctx, f.Organisation, page); err != nil {
		return nil, "", err
	}
	if last != nil {
		next = last.String()
	}
	return page, next, nil
}

// page returns up to n mentions after a position, and the position to go on from, or nil at the end. Keys are selected
// first and rows fetched for them alone: a search must not read what it does not show.
func (s *Store) page(ctx context.Context, f *barometer.Filter, after *position, n int) ([]barometer.Stored, *position, error) {
	var page []barometer.Stored
	for {
		keys, err := s.candidates(ctx, f, after, n)
		if err != nil || len(keys) == 0 {
			return page, nil, err
		}
		rows, err := s.rows(ctx, f, keys)
		if err != nil {
			return nil, nil, err
		}
		room := n - len(page)
		if len(rows) > room {
			page = append(page, rows[:room]...)
			last := &page[len(page)-1]
			return page, &position{last.PublishedAt, last.ID}, nil
		}
		page = append(page, rows...)
		after = &keys[len(keys)-1]
		switch {
		case len(keys) < n:
			return page, nil, nil
		case len(page) == n:
			return page, after, nil
		}
		// Some candidates were older versions of rows that do not match any more: look further.
	}
}

// candidates returns the newest keys of rows that match, some of them perhaps by an older version. It looks at the
// last days first and then at ever longer times before, because most pages are full long before all months are read.
func (s *Store) candidates(ctx context.Context, f *barometer.Filter, after *position, n int) ([]position, error) {
	c, err := restrict(f, "")
	if err != nil {
		return nil, err
	}
	from, to := span(f)
	if after != nil {
		to = min(to, after.published.Unix()+1)
		c.and("(published_at < fromUnixTimestamp({after:Int64}) OR id < unhex({after_id:String}))",
			clickhouse.Named("after", after.published.Unix()), clickhouse.Named("after_id", after.id.String()))
	}
	sql := c.in(query("mentions"))
	var keys []position
	width := int64(2 * 24 * 60 * 60)
	start := min(to, time.Now().Unix())
	for to > from && len(keys) < n {
		start = max(start-width, from)
		values := append(slices.Clip(c.values), clickhouse.Named("window_from", start), clickhouse.Named("window_to", to),
			clickhouse.Named("limit", n-len(keys)))
		if keys, err = s.appendKeys(ctx, keys, sql, values); err != nil {
			return nil, classify("mentions", err)
		}
		to = start
		width *= 8
	}
	return keys, nil
}

func (s *Store) appendKeys(ctx context.Context, keys []position, sql string, values []any) ([]position, error) {
	found, err := s.db.Query(ctx, sql, values...)
	if err != nil {
		return nil, err
	}
	defer found.Close() //nolint:errcheck // read to the end
	for found.Next() {
		var key position
		var id string
		if err := found.Scan(&key.published, &id); err != nil {
			return nil, err
		}
		key.id = barometer.ID([]byte(id))
		keys = append(keys, key)
	}
	return keys, found.Err()
}

// rows returns the current rows of the keys that match the filter, newest first.
func (s *Store) rows(ctx context.Context, f *barometer.Filter, keys []position) ([]barometer.Stored, error) {
	current := *f
	current.FirstOfCopy = false // does not change with a row's version
	c, err := restrict(&current, "")
	if err != nil {
		return nil, err
	}
	rows := make([]barometer.Stored, 0, len(keys))
	err = s.each(withKeys(ctx, keys), c.in(query("rows")), c.values, func(row *barometer.Stored) error {
		rows = append(rows, *row)
		return nil
	})
	return rows, classify("rows", err)
}

// withKeys sends keys along as the table `wanted` of the query.
func withKeys(ctx context.Context, keys []position) context.Context {
	table, err := ext.NewTable("wanted",
		ext.Column("published_at", column.Type("DateTime('UTC')")), ext.Column("id", column.Type("FixedString(16)")))
	if err != nil {
		panic("store: table of keys: " + err.Error()) // its shape is constant
	}
	for _, key := range keys {
		if err := table.Append(key.published, string(key.id[:])); err != nil {
			panic("store: table of keys: " + err.Error()) // both columns have one type
		}
	}
	return clickhouse.Context(ctx, clickhouse.WithExternalTable(table))
}

// Mention returns one mention as an organisation sees it, or an error of kind NotFound.
func (s *Store) Mention(ctx context.Context, organisation string, id barometer.ID) (barometer.Stored, error) {
	ctx = s.reading(ctx)
	var rows []barometer.Stored
	err := s.each(ctx, query("mention"), []any{
		clickhouse.Named("organisation", organisation), clickhouse.Named("id", id.String()),
	}, func(row *barometer.Stored) error {
		rows = append(rows, *row)
		return nil
	})
	if err != nil {
		return barometer.Stored{}, classify("mention", err)
	}
	if len(rows) == 0 {
		return barometer.Stored{}, barometer.Errorf(barometer.NotFound, "no mention %s of organisation %q", id, organisation)
	}
	if err := s.complete(ctx, organisation, rows); err != nil {
		return barometer.Stored{}, err
	}
	return rows[0], nil
}

// Since returns mentions stored after a time, in the order in which they were stored, at most limit. Rows may become
// visible a few seconds after their StoredAt, so a caller that follows asks again for a little of the past. An edited
// post is stored again.
func (s *Store) Since(ctx context.Context, organisation string, after time.Time, limit int) ([]barometer.Stored, error) {
	if limit < 1 || limit > 10*maxPage {
		return nil, barometer.Errorf(barometer.Invalid, "limit %d: want 1 to %d", limit, 10*maxPage)
	}
	ctx = s.reading(ctx)
	var rows []barometer.Stored
	err := s.each(ctx, query("since"), []any{
		clickhouse.Named("organisation", organisation),
		clickhouse.Named("after_ms", max(after.UnixMilli(), 0)),
		clickhouse.Named("limit", limit),
	}, func(row *barometer.Stored) error {
		rows = append(rows, *row)
		return nil
	})
	if err != nil {
		return nil, classify("since", err)
	}
	return rows, s.countCopies(ctx, organisation, rows)
}

// Export yields every mention that a filter selects, newest first, and stops at the first error of yield, which it
// returns as it is. It reads in chunks, each bounded as a query is; mentions that arrive or change meanwhile may or may
// not be among them, but none is yielded twice.
func (s *Store) Export(ctx context.Context, f barometer.Filter, yield func(barometer.Stored) error) error {
	ctx = s.reading(ctx)
	var after *position
	for {
		rows, next, err := s.page(ctx, &f, after, exportChunk)
		if err != nil {
			return err
		}
		if err := s.countCopies(ctx, f.Organisation, rows); err != nil {
			return err
		}
		for _, row := range rows {
			if err := yield(row); err != nil {
				return err
			}
		}
		if next == nil {
			return nil
		}
		after = next
	}
}

// countCopies fills in how many mentions of the organisation stand in each one's copy group.
func (s *Store) countCopies(ctx context.Context, organisation string, rows []barometer.Stored) error {
	groups := map[uint64]uint32{}
	for i := range rows {
		if group := rows[i].CopyGroup; group != 0 {
			groups[group] = 1
		}
	}
	if len(groups) > 0 {
		if err := s.copies(ctx, organisation, groups); err != nil {
			return classify("copies", err)
		}
	}
	for i := range rows {
		rows[i].Copies = max(groups[rows[i].CopyGroup], 1)
	}
	return nil
}

func (s *Store) copies(ctx context.Context, organisation string, groups map[uint64]uint32) error {
	table, err := ext.NewTable("wanted", ext.Column("copy_group", column.Type("UInt64")))
	if err != nil {
		return err
	}
	for group := range groups {
		if err := table.Append(group); err != nil {
			return err
		}
	}
	found, err := s.db.Query(clickhouse.Context(ctx, clickhouse.WithExternalTable(table)), query("copies"),
		clickhouse.Named("organisation", organisation))
	if err != nil {
		return err
	}
	defer found.Close() //nolint:errcheck // read to the end
	for found.Next() {
		var group uint64
		var n uint64
		if err := found.Scan(&group, &n); err != nil {
			return err
		}
		groups[group] = uint32(n)
	}
	return found.Err()
}

// each scans the rows of a query of storedColumns.
func (s *Store) each(ctx context.Context, sql string, values []any, yield func(*barometer.Stored) error) error {
	found, err := s.db.Query(ctx, sql, values...)
	if err != nil {
		return err
	}
	var scan scanner
	for found.Next() {
		var row barometer.Stored
		if err = scan.row(found, &row); err != nil {
			break
		}
		if err = yield(&row); err != nil {
			break
		}
	}
	return errors.Join(err, found.Err(), found.Close())
}

// scanner holds what a row is scanned into before it becomes words of the product. Slices are not kept between rows.
type scanner struct {
	id                                        string
	quality                                   string
	author                                    uint64
	repostOf                                  string
	hitTerms                                  []string
	hitInTitle                                []bool
	hitStarts, hitEnds                        []uint32
	redactionKinds                            []string
	redactionInTitle                          []bool
	redactionStarts, redactionEnds            []uint32
	langConfidence, negative, positive, abuse uint16
	reasonTerms                               []string
	reasonWeights                             []int16
	concerns, concernFrameworks, concernTerms []string
	concernProbs                              []uint16
	concernReasons                            []uint8
	concernWeights                            []int16
}

func (v *scanner) row(rows driver.Rows, out *barometer.Stored) error {
	*v = scanner{}
	err := rows.Scan(&out.Organisation, &out.PublishedAt, &v.id, &out.SeenAt, &v.quality, &out.Source, &out.Kind, &out.Site,
		&out.URL, &out.Title, &out.Text, &out.Mention.Lang, &v.author, &v.repostOf, &v.hitTerms, &v.hitInTitle, &v.hitStarts,
		&v.hitEnds, &v.redactionKinds, &v.redactionInTitle, &v.redactionStarts, &v.redactionEnds, &out.Analysis.Lang,
		&v.langConfidence, &out.Sentiment.Label, &v.negative, &v.positive, &v.reasonTerms, &v.reasonWeights, &v.concerns,
		&v.concernFrameworks, &v.concernProbs, &v.concernReasons, &v.concernTerms, &v.concernWeights, &out.Severity, &v.abuse,
		&out.Abuse.Target, &out.CopyGroup, &out.Pipeline, &out.StoredAt)
	if err != nil {
		return err
	}
	v.fill(out)
	return nil
}

func (v *scanner) fill(out *barometer.Stored) {
	out.ID = barometer.ID([]byte(v.id))
	out.PublishedAt, out.SeenAt, out.StoredAt = out.PublishedAt.UTC(), out.SeenAt.UTC(), out.StoredAt.UTC()
	out.DateQuality = barometer.DateQuality(v.quality)
	out.Author = barometer.Pseudonym(v.author)
	if len(v.repostOf) == len(out.ID) {
		out.RepostOf = barometer.ID([]byte(v.repostOf)).String()
	}
	hits := make([]barometer.Hit, len(v.hitTerms))
	for i := range hits {
		hits[i] = barometer.Hit{Term: v.hitTerms[i], Field: field(v.hitInTitle[i]), Start: int(v.hitStarts[i]), End: int(v.hitEnds[i])}
	}
	out.Matches = []barometer.Match{{Organisation: out.Organisation, Hits: hits}}
	for i, kind := range v.redactionKinds {
		out.Redactions = append(out.Redactions, barometer.Redaction{
			Kind: kind, Field: field(v.redactionInTitle[i]), Start: int(v.redactionStarts[i]), End: int(v.redactionEnds[i]),
		})
	}
	out.LangConfidence = float32(v.langConfidence) / 10000
	out.Sentiment.Negative, out.Sentiment.Positive = float32(v.negative)/10000, float32(v.positive)/10000
	out.Sentiment.Neutral = float32(max(10000-int(v.negative)-int(v.positive), 0)) / 10000
	out.Sentiment.Score = float32(int(v.positive)-int(v.negative)) / 10000
	out.Sentiment.Reasons = unpackReasons(v.reasonTerms, v.reasonWeights)
	out.Concerns = make([]barometer.ConcernTag, len(v.concerns))
	used := 0
	for i := range out.Concerns {
		n := min(int(v.concernReasons[i]), len(v.concernTerms)-used)
		tag := barometer.ConcernTag{
			ID: v.concerns[i], Probability: float32(v.concernProbs[i]) / 10000,
			Reasons: unpackReasons(v.concernTerms[used:used+n], v.concernWeights[used:used+n]),
		}
		used += n
		if v.concernFrameworks[i] != "" {
			tag.Framework = &v.concernFrameworks[i]
		}
		out.Concerns[i] = tag
	}
	out.Abuse.Probability = float32(v.abuse) / 10000
}

func field(inTitle bool) string {
	if inTitle {
		return "title"
	}
	return ""
}
