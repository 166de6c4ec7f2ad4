package store

import (
	"context"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"barometer/internal/barometer"
)

// WriteHealth stores observations of sources. It may be repeated: an observation is identified by source and time. An
// error of kind Unavailable or Exhausted is worth repeating.
func (s *Store) WriteHealth(ctx context.Context, observations []barometer.SourceHealth) error {
	if len(observations) == 0 {
		return nil
	}
	batch, err := s.db.PrepareBatch(ctx, "INSERT INTO health "+
		"(source, kind, name, at, state, reason, posts, mentions, expected, latency_us, last_post_at)")
	if err != nil {
		return classify("write health", err)
	}
	defer batch.Close() //nolint:errcheck // Send has closed it when all went well
	for _, o := range observations {
		last := o.LastPostAt
		if last.IsZero() {
			last = time.Unix(0, 0)
		}
		err := batch.Append(o.Source, o.Kind, o.Name, o.At.UTC(), string(o.State), o.Reason, o.Posts, o.Mentions, o.Expected,
			uint64(max(o.Latency, 0).Microseconds()), last.UTC())
		if err != nil {
			return classify("write health", err)
		}
	}
	return classify("write health", batch.Send())
}

// Sources returns the latest health of every source that was ever observed, in the order of their ids, with what the
// roll-ups count for it. HeardShare is the share of the last 24 hours in which the source could be reached and read: an
// observation holds until the next one, and time before the first counts as not heard.
func (s *Store) Sources(ctx context.Context) ([]barometer.SourceStatus, error) {
	found, err := s.db.Query(s.reading(ctx), query("sources"), clickhouse.Named("now_ms", time.Now().UnixMilli()))
	if err != nil {
		return nil, classify("sources", err)
	}
	defer found.Close() //nolint:errcheck // read to the end
	var all []barometer.SourceStatus
	for found.Next() {
		var status barometer.SourceStatus
		var state string
		var latency uint64
		err := found.Scan(&status.Source, &status.Kind, &status.Name, &status.At, &state, &status.Reason, &status.Posts,
			&status.Mentions, &status.Expected, &latency, &status.LastPostAt, &status.Mentions24h, &status.Mentions28d, &status.HeardShare)
		if err != nil {
			return nil, classify("sources", err)
		}
		status.State = barometer.SourceState(state)
		status.Latency = time.Duration(latency) * time.Microsecond
		status.At, status.LastPostAt = status.At.UTC(), status.LastPostAt.UTC()
		if status.LastPostAt.Unix() == 0 {
			status.LastPostAt = time.Time{}
		}
		all = append(all, status)
	}
	return all, classify("sources", found.Err())
}

// Heard returns for each hour since a time the share, 0 to 1, of the sources observed in it that could be reached and read
// at least once. Hours without an observation are absent: nothing is known of them.
func (s *Store) Heard(ctx context.Context, from time.Time) (map[time.Time]float64, error) {
	found, err := s.db.Query(s.reading(ctx), query("heard_hours"), clickhouse.Named("from_ms", from.UnixMilli()))
	if err != nil {
		return nil, classify("heard", err)
	}
	defer found.Close() //nolint:errcheck // read to the end
	hours := map[time.Time]float64{}
	for found.Next() {
		var hour time.Time
		var share float64
		if err := found.Scan(&hour, &share); err != nil {
			return nil, classify("heard", err)
		}
		hours[hour.UTC()] = share
	}
	return hours, classify("heard", found.Err())
}
