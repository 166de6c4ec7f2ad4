package store

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"barometer/internal/barometer"
)

const maxBuckets = 20_000

// Series counts mentions over time. Every bucket of [From, To) is present for every key that occurs in it or is asked
// for by the filter, in the order of time and key. Buckets are those of the time zone: a day in spring has 23 hours. The
// first and last bucket count what lies within From and To alone. Total counts the mentions of the bucket that match the
// filter whatever their key, that is without the filter's restriction on the dimension that is split by.
//
// A mention can have several concerns: split by concern, the counts of a bucket may exceed its total.
func (s *Store) Series(ctx context.Context, q barometer.SeriesRequest) ([]barometer.SeriesPoint, error) {
	starts, err := buckets(&q)
	if err != nil {
		return nil, err
	}
	c, sql, err := seriesQuery(&q, starts)
	if err != nil {
		return nil, err
	}
	found, err := s.db.Query(s.reading(ctx), c.in(sql), append(c.values, clickhouse.Named("starts", unixSeconds(starts)))...)
	if err != nil {
		return nil, classify("series", err)
	}
	defer found.Close() //nolint:errcheck // read to the end
	counts := newTally(q.By, wantedKeys(&q))
	for found.Next() {
		var start int64
		var key string
		var n uint64
		if err := found.Scan(&start, &key, &n); err != nil {
			return nil, classify("series", err)
		}
		counts.add(start, key, n)
	}
	if err := found.Err(); err != nil {
		return nil, classify("series", err)
	}
	return counts.points(starts), nil
}

// buckets returns the starts of the buckets from From to To.
func buckets(q *barometer.SeriesRequest) ([]time.Time, error) {
	zone, err := time.LoadLocation(q.TimeZone)
	if err != nil || q.TimeZone == "Local" {
		return nil, barometer.Errorf(barometer.Invalid, "time zone %q: want a name such as Europe/London", q.TimeZone)
	}
	if q.From.IsZero() || q.To.IsZero() || !q.From.Before(q.To) {
		return nil, barometer.Errorf(barometer.Invalid, "series: want from and to, from before to")
	}
	from := q.From.In(zone)
	var next func(time.Time) time.Time
	var at time.Time
	switch q.Step {
	case barometer.StepHour:
		at = q.From.UTC().Truncate(time.Hour)
		next = func(t time.Time) time.Time { return t.Add(time.Hour) }
	case barometer.StepDay:
		at = time.Date(from.Year(), from.Month(), from.Day(), 0, 0, 0, 0, zone)
		next = func(t time.Time) time.Time { return time.Date(t.Year(), t.Month(), t.Day()+1, 0, 0, 0, 0, zone) }
	case barometer.StepWeek:
		monday := from.Day() - (int(from.Weekday())+6)%7
		at = time.Date(from.Year(), from.Month(), monday, 0, 0, 0, 0, zone)
		next = func(t time.Time) time.Time { return time.Date(t.Year(), t.Month(), t.Day()+7, 0, 0, 0, 0, zone) }
	default:
		return nil, barometer.Errorf(barometer.Invalid, "step %q: want hour, day or week", q.Step)
	}
	var starts []time.Time
	for ; at.Before(q.To); at = next(at) {
		if len(starts) == maxBuckets {
			return nil, barometer.Errorf(barometer.Invalid, "series: more than %d buckets: ask for less time or a longer step", maxBuckets)
		}
		starts = append(starts, at.UTC())
	}
	return starts, nil
}

// keyOf is how rows and roll-up cells name the value of each dimension.
var keyOf = map[string]string{
	"":                    "''",
	barometer.ByLang:      "toString(lang)",
	barometer.BySentiment: "toString(sentiment)",
	barometer.ByConcern:   "toString(concern)",
	barometer.BySource:    "toString(source)",
	barometer.BySeverity:  "toString(severity)",
}

func wantedKeys(q *barometer.SeriesRequest) []string {
	switch q.By {
	case barometer.ByLang:
		return q.Langs
	case barometer.BySentiment:
		return q.Sentiments
	case barometer.ByConcern:
		return q.Concerns
	case barometer.BySource:
		return q.Sources
	}
	return nil
}

// seriesQuery chooses between roll-ups and rows. Its SQL is put together from constants alone.
func seriesQuery(q *barometer.SeriesRequest, starts []time.Time) (*condition, string, error) {
	key, ok := keyOf[q.By]
	if !ok {
		return nil, "", barometer.Errorf(barometer.Invalid, "by %q: want lang, sentiment, concern, source or severity", q.By)
	}
	if rolledUp(q, starts) {
		c := restrictCells(q)
		return c, replaceKey(query("series_hours"), key), nil
	}
	c, err := restrict(&q.Filter, q.By)
	name := "series_rows"
	if q.By == barometer.ByConcern {
		name = "series_concern_rows"
	}
	return c, replaceKey(query(name), key), err
}

// rolledUp reports whether the roll-ups know the answer: they hold whole hours of UTC, and a mention with two concerns
// stands in two of their cells.
func rolledUp(q *barometer.SeriesRequest, starts []time.Time) bool {
	if q.Text != "" || len(q.Sites) > 0 || q.MinAbuse > 0 || q.CopyGroup != 0 || q.FirstOfCopy {
		return false
	}
	if len(q.Concerns) > 1 && q.By != barometer.ByConcern {
		return false
	}
	onTheHour := func(t time.Time) bool { return t.Equal(t.Truncate(time.Hour)) }
	if !onTheHour(q.From) || !onTheHour(q.To) {
		return false
	}
	return !slices.ContainsFunc(starts, func(t time.Time) bool { return !onTheHour(t) }) // Kathmandu is 5:45 ahead
}

// restrictCells gives the conditions of a filter on cells of roll-ups, without the dimension that is split by.
func restrictCells(q *barometer.SeriesRequest) *condition {
	c := &condition{}
	from, to := span(&q.Filter)
	c.and("organisation = {organisation:String}", clickhouse.Named("organisation", q.Organisation))
	c.and("hour >= fromUnixTimestamp({from:Int64})", clickhouse.Named("from", from))
	c.and("hour < fromUnixTimestamp({to:Int64})", clickhouse.Named("to", to))
	switch {
	case q.By == barometer.ByConcern:
	case len(q.Concerns) == 1:
		c.and("concern = {concern:String}", clickhouse.Named("concern", q.Concerns[0]))
	default:
		c.and("concern = ''")
	}
	if len(q.Langs) > 0 && q.By != barometer.ByLang {
		c.and("lang IN {langs:Array(String)}", clickhouse.Named("langs", q.Langs))
	}
	if len(q.Sentiments) > 0 && q.By != barometer.BySentiment {
		c.and("sentiment IN {sentiments:Array(String)}", clickhouse.Named("sentiments", q.Sentiments))
	}
	if len(q.Sources) > 0 && q.By != barometer.BySource {
		c.and("source IN {sources:Array(String)}", clickhouse.Named("sources", q.Sources))
	}
	if q.MinSeverity > 0 && q.By != barometer.BySeverity {
		c.and("severity >= {min_severity:UInt8}", clickhouse.Named("min_severity", int(q.MinSeverity)))
	}
	return c
}

// tally adds up counts by bucket and key.
type tally struct {
	by     string
	wanted map[string]bool // of the filter; empty: all
	counts map[int64]map[string]uint64
	totals map[int64]uint64
	keys   map[string]bool
}

func newTally(by string, wanted []string) *tally {
	t := &tally{by: by, wanted: map[string]bool{}, counts: map[int64]map[string]uint64{}, totals: map[int64]uint64{}, keys: map[string]bool{}}
	for _, key := range wanted {
		t.wanted[key], t.keys[key] = true, true
	}
	if by == "" {
		t.keys[""] = true
	}
	return t
}

// add takes a count of the database. Split by concern, the empty key counts every mention once: it is the total.
func (t *tally) add(start int64, key string, n uint64) {
	if t.by != barometer.ByConcern || key == "" {
		t.totals[start] += n
	}
	if t.by == barometer.ByConcern && key == "" || len(t.wanted) > 0 && !t.wanted[key] {
		return
	}
	if t.counts[start] == nil {
		t.counts[start] = map[string]uint64{}
	}
	t.counts[start][key] += n
	t.keys[key] = true
}

func (t *tally) points(starts []time.Time) []barometer.SeriesPoint {
	keys := make([]string, 0, len(t.keys))
	for key := range t.keys {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, cmp.Compare[string])
	points := make([]barometer.SeriesPoint, 0, len(starts)*len(keys))
	for _, start := range starts {
		at := start.Unix()
		for _, key := range keys {
			points = append(points, barometer.SeriesPoint{Time: start, Key: key, Count: t.counts[at][key], Total: t.totals[at]})
		}
	}
	return points
}
