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
		keys, end, err := s.candidates(ctx, f, after, n)
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
		case end:
			return page, nil, nil
		case len(page) == n:
			return page, after, nil
		}
		// Some candidates were older versions of rows that do not match any more: look further.
	}
}

// candidates returns up to n of the newest keys of rows that match, some of them perhaps by an older version, and whether
// they are all that are left. It looks at the last days first and then at ever longer times before, because most pages
// are full long before all months are read. A key may stand in several rows; they are told apart here, because the
// server would read everything to tell them apart.
func (s *Store) candidates(ctx context.Context, f *barometer.Filter, after *position, n int) (keys []position, end bool, err error) {
	each := *f
	each.FirstOfCopy = false
	c, err := restrict(&each, "")
	if err != nil {
		return nil, false, err
	}
	from, to := span(f)
	if after != nil {
		to = min(to, after.published.Unix()+1)
		c.and("(published_at < fromUnixTimestamp({after:Int64}) OR id < unhex({after_id:String}))",
			clickhouse.Named("after", after.published.Unix()), clickhouse.Named("after_id", after.id.String()))
	}
	c.and("published_at >= fromUnixTimestamp({window_from:Int64})")
	c.and("published_at < fromUnixTimestamp({window_to:Int64})")
	if f.FirstOfCopy {
		c.firstOfCopy()
	}
	sql := c.in(query("mentions"))
	width := int64(2 * 24 * 60 * 60)
	start := min(to, time.Now().Unix())
	for to > from {
		start = max(start-width, from)
		values := append(slices.Clip(c.values), clickhouse.Named("window_from", start), clickhouse.Named("window_to", to),
			clickhouse.Named("limit", n-len(keys)))
		if keys, err = s.appendKeys(ctx, keys, sql, values); err != nil {
			return nil, false, classify("mentions", err)
		}
		if len(keys) == n {
			return slices.Compact(keys), false, nil
		}
		to = start
		width *= 8
	}
	return slices.Compact(keys), true, nil
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

// copyReach is how many days before and after a mention its copies are counted. Copies follow each other within days;
// a count over all time would read all time.
const copyReach = 7

// copyKey is a copy group on a day, counted from 1970.
type copyKey struct {
	group uint64
	day   int64
}

func dayOf(t time.Time) int64 { return t.Unix() / (24 * 60 * 60) }

// countCopies fills in how many mentions of the organisation stand in each one's copy group.
func (s *Store) countCopies(ctx context.Context, organisation string, rows []barometer.Stored) error {
	groups, days := map[uint64]bool{}, map[int64]bool{}
	for i := range rows {
		if group := rows[i].CopyGroup; group != 0 {
			groups[group] = true
			for day := dayOf(rows[i].PublishedAt) - copyReach; day <= dayOf(rows[i].PublishedAt)+copyReach; day++ {
				days[day] = true
			}
		}
	}
	counts := map[copyKey]uint64{}
	if len(groups) > 0 {
		if err := s.copies(ctx, organisation, groups, days, counts); err != nil {
			return classify("copies", err)
		}
	}
	for i := range rows {
		n := uint64(0)
		for day := dayOf(rows[i].PublishedAt) - copyReach; day <= dayOf(rows[i].PublishedAt)+copyReach; day++ {
			n += counts[copyKey{rows[i].CopyGroup, day}]
		}
		rows[i].Copies = uint32(max(n, 1))
	}
	return nil
}

func (s *Store) copies(ctx context.Context, organisation string, groups map[uint64]bool, days map[int64]bool, counts map[copyKey]uint64) error {
	wanted, err := ext.NewTable("wanted", ext.Column("copy_group", column.Type("UInt64")))
	if err != nil {
		return err
	}
	for group := range groups {
		if err := wanted.Append(group); err != nil {
			return err
		}
	}
	near, err := ext.NewTable("days", ext.Column("day", column.Type("Date")))
	if err != nil {
		return err
	}
	for day := range days {
		if err := near.Append(time.Unix(day*24*60*60, 0).UTC()); err != nil {
			return err
		}
	}
	found, err := s.db.Query(clickhouse.Context(ctx, clickhouse.WithExternalTable(wanted, near)), query("copies"),
		clickhouse.Named("organisation", organisation))
	if err != nil {
		return err
	}
	defer found.Close() //nolint:errcheck // read to the end
	for found.Next() {
		var group, n uint64
		var day time.Time
		if err := found.Scan(&group, &day, &n); err != nil {
			return err
		}
		counts[copyKey{group, dayOf(day)}] = n
	}
	return found.Err()
}

// each scans the rows of a query.
func (s *Store) each(ctx context.Context, sql string, values []any, yield func(*barometer.Stored) error) error {
	found, err := s.db.Query(ctx, sql, values...)
	if err != nil {
		return err
	}
	for found.Next() {
		var row barometer.Stored
		if err = scanRow(found, &row); err != nil {
			break
		}
		if err = yield(&row); err != nil {
			break
		}
	}
	return errors.Join(err, found.Err(), found.Close())
}

// scanRow reads a row whose columns are those of rows.sql.
func scanRow(rows driver.Rows, out *barometer.Stored) error {
	var id, quality, details string
	var author uint64
	var negative, positive, abuse uint16
	var concerns []string
	err := rows.Scan(&out.Organisation, &out.PublishedAt, &id, &out.SeenAt, &quality, &out.Source, &out.Kind, &out.Site,
		&out.URL, &out.Title, &out.Text, &author, &out.Analysis.Lang, &out.Sentiment.Label, &negative, &positive, &concerns,
		&out.Severity, &abuse, &out.CopyGroup, &out.Pipeline, &details, &out.StoredAt)
	if err != nil {
		return err
	}
	out.ID = barometer.ID([]byte(id))
	out.PublishedAt, out.SeenAt, out.StoredAt = out.PublishedAt.UTC(), out.SeenAt.UTC(), out.StoredAt.UTC()
	out.DateQuality = barometer.DateQuality(quality)
	out.Author = barometer.Pseudonym(author)
	out.Sentiment.Negative, out.Sentiment.Positive = float32(negative)/10000, float32(positive)/10000
	out.Sentiment.Neutral = float32(max(10000-int(negative)-int(positive), 0)) / 10000
	out.Sentiment.Score = float32(int(positive)-int(negative)) / 10000
	out.Concerns = make([]barometer.ConcernTag, len(concerns))
	for i, concern := range concerns {
		out.Concerns[i].ID = concern
	}
	out.Abuse.Probability = float32(abuse) / 10000
	return unpackDetails(details, out)
}
