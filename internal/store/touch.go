package store

import (
	"context"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"barometer/internal/barometer"
)

// hourKey names one roll-up.
type hourKey struct {
	organisation string
	hour         time.Time // UTC
}

type hours map[hourKey]bool

func (h hours) add(more hours) {
	for key := range more {
		h[key] = true
	}
}

func hoursOf(rows []row) hours {
	all := hours{}
	for i := range rows {
		all[hourKey{rows[i].organisation, rows[i].published.Truncate(time.Hour)}] = true
	}
	return all
}

// touch records that the roll-ups of the hours have to be rebuilt. The server stamps the time: it is the clock that
// versions of roll-ups are taken from.
func (w *Writer) touch(ctx context.Context, touched hours) error {
	if len(touched) == 0 {
		return nil
	}
	return w.until(ctx, "record touched hours", func(ctx context.Context) error {
		batch, err := w.store.db.PrepareBatch(ctx, "INSERT INTO touched (organisation, hour)")
		if err != nil {
			return err
		}
		defer batch.Close() //nolint:errcheck // Send has closed it when all went well
		for key := range touched {
			if err := batch.Append(key.organisation, key.hour); err != nil {
				return err
			}
		}
		return batch.Send()
	})
}

// tombstones returns those of the ids that were deleted at their source.
func (w *Writer) tombstones(ctx context.Context, ids []barometer.ID) (map[barometer.ID]bool, error) {
	gone := map[barometer.ID]bool{}
	if len(ids) == 0 {
		return gone, nil
	}
	err := w.until(ctx, "look for tombstones", func(ctx context.Context) error {
		found, err := w.store.db.Query(withIDs(ctx, ids), query("tombstones"))
		if err != nil {
			return err
		}
		defer found.Close() //nolint:errcheck // read to the end
		for found.Next() {
			var id string
			if err := found.Scan(&id); err != nil {
				return err
			}
			gone[barometer.ID([]byte(id))] = true
		}
		return found.Err()
	})
	return gone, err
}

// remove takes every row of the ids out of the tables, really. See the package's doc for the order.
func (w *Writer) remove(ctx context.Context, ids []barometer.ID) error {
	if len(ids) == 0 {
		return nil
	}
	if err := w.until(ctx, "write tombstones", func(ctx context.Context) error {
		return w.store.db.Exec(withIDs(ctx, ids), query("write_tombstones"))
	}); err != nil {
		return err
	}
	touched := hours{}
	if err := w.until(ctx, "read tombstones", func(ctx context.Context) error {
		return w.scanHours(withIDs(ctx, ids), query("tombstone_hours"), touched)
	}); err != nil {
		return err
	}
	if len(touched) > 0 { // none of the ids was ever stored otherwise
		digits := make([]string, len(ids))
		for i, id := range ids {
			digits[i] = id.String()
		}
		if err := w.until(ctx, "remove rows", func(ctx context.Context) error {
			return w.store.db.Exec(mutating(ctx), query("remove_rows"), clickhouse.Named("ids", digits))
		}); err != nil {
			return err
		}
	}
	return w.touch(ctx, touched)
}

// mutating waits for a mutation to be applied: until then the rows are there.
func mutating(ctx context.Context) context.Context {
	return clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{"mutations_sync": 1}))
}

// hoursOfRows returns the hours in which rows of the ids stand.
func (w *Writer) hoursOfRows(ctx context.Context, ids []barometer.ID) (hours, error) {
	all := hours{}
	err := w.until(ctx, "look for hours", func(ctx context.Context) error {
		return w.scanHours(withIDs(ctx, ids), query("hours_of_rows"), all)
	})
	return all, err
}

func (w *Writer) scanHours(ctx context.Context, sql string, into hours) error {
	found, err := w.store.db.Query(ctx, sql)
	if err != nil {
		return err
	}
	defer found.Close() //nolint:errcheck // read to the end
	for found.Next() {
		var key hourKey
		if err := found.Scan(&key.organisation, &key.hour); err != nil {
			return err
		}
		key.hour = key.hour.UTC()
		into[key] = true
	}
	return found.Err()
}
