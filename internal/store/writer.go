package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/ext"
	"github.com/ClickHouse/clickhouse-go/v2/lib/column"

	"barometer/internal/barometer"
)

// WriterConfig bounds the batches of a Writer. The zero value is the measured best for one machine.
type WriterConfig struct {
	Rows   int           `yaml:"rows"`   // most mentions in a batch; zero: 10,000
	Linger time.Duration `yaml:"linger"` // longest wait for a batch to fill; zero: 1 s
}

// Validate reports the first setting that cannot work.
func (c *WriterConfig) Validate() error {
	switch {
	case c.Rows < 0 || c.Rows > 100_000:
		return barometer.Errorf(barometer.Invalid, "writer.rows %d: want 1 to 100000, or 0 for 10000", c.Rows)
	case c.Linger < 0 || c.Linger > time.Minute:
		return barometer.Errorf(barometer.Invalid, "writer.linger %v: want at most 1m, or 0 for 1s", c.Linger)
	}
	return nil
}

const (
	attemptTime  = time.Minute      // for one answer of the server
	drainTime    = 10 * time.Second // for the last batch at shutdown
	firstRetry   = 100 * time.Millisecond
	slowestRetry = 5 * time.Second
)

// Writer stores mentions in batches.
type Writer struct {
	store *Store
	cfg   WriterConfig
	log   *slog.Logger
	queue chan delivery
	ended chan struct{} // closed when Run has returned
}

type delivery struct {
	mentions []barometer.Analysed
	done     func(error)
}

// NewWriter returns a writer that does nothing until Run. A nil logger is the default one.
func NewWriter(s *Store, cfg WriterConfig, log *slog.Logger) (*Writer, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if cfg.Rows == 0 {
		cfg.Rows = 10_000
	}
	if cfg.Linger == 0 {
		cfg.Linger = time.Second
	}
	if log == nil {
		log = slog.Default()
	}
	return &Writer{store: s, cfg: cfg, log: log, queue: make(chan delivery, 64), ended: make(chan struct{})}, nil
}

// Write hands mentions over and returns when they are queued, which blocks while the store is behind. The writer keeps
// the slice until it calls done, once and from another goroutine: with nil when all rows and the record of the hours
// that they touch are durable, or with an error when the writer stops before it can know that; then the mentions have
// to be delivered again. done must not block. When Write returns an error, done is not called.
func (w *Writer) Write(ctx context.Context, mentions []barometer.Analysed, done func(error)) error {
	for i := range mentions {
		if err := mentions[i].Check(); err != nil {
			return fmt.Errorf("write: %w", err)
		}
	}
	select {
	case <-w.ended: // a queue with room must not swallow what nobody will take from it
		return stopped()
	default:
	}
	select {
	case w.queue <- delivery{mentions, done}:
		select {
		case <-w.ended: // between the look and the hand-over: Run may have looked at the queue for the last time
			for late := w.queued(); len(late) > 0; late = w.queued() {
				finish(late, stopped())
			}
		default:
		}
		return nil
	case <-w.ended:
		return stopped()
	case <-ctx.Done():
		return ctx.Err()
	}
}

func stopped() error {
	return barometer.Errorf(barometer.Unavailable, "write: the writer has stopped")
}

// Run stores what is written until ctx ends, then what is queued, as far as that takes at most ten seconds. It returns
// early, with an error that is not of kind Unavailable, when the tables are not what this program expects.
func (w *Writer) Run(ctx context.Context) error {
	var err error
	for err == nil && ctx.Err() == nil {
		err = w.flush(ctx, w.gather(ctx))
	}
	close(w.ended)
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer cancel()
	for {
		batch := w.queued()
		if len(batch) == 0 {
			return err
		}
		if err != nil {
			finish(batch, err)
			continue
		}
		err = w.flush(last, batch)
	}
}

// gather waits for a first delivery and then for a full batch or the end of the linger time.
func (w *Writer) gather(ctx context.Context) []delivery {
	var batch []delivery
	var full <-chan time.Time
	n := 0
	for n < w.cfg.Rows {
		select {
		case d := <-w.queue:
			batch = append(batch, d)
			n += len(d.mentions)
			if full == nil {
				timer := time.NewTimer(w.cfg.Linger)
				defer timer.Stop()
				full = timer.C
			}
		case <-full:
			return batch
		case <-ctx.Done():
			return batch
		}
	}
	return batch
}

// queued takes what is in the queue, at most a batch.
func (w *Writer) queued() []delivery {
	var batch []delivery
	for n := 0; n < w.cfg.Rows; {
		select {
		case d := <-w.queue:
			batch = append(batch, d)
			n += len(d.mentions)
		default:
			return batch
		}
	}
	return batch
}

func finish(batch []delivery, err error) {
	for _, d := range batch {
		d.done(err)
	}
}

// flush stores a batch and tells the callers. A shutdown that interrupts it is given the drain time to finish.
func (w *Writer) flush(ctx context.Context, batch []delivery) error {
	if len(batch) == 0 {
		return nil
	}
	ctx, cancel := outlive(ctx, drainTime)
	defer cancel()
	err := w.storeBatch(ctx, batch)
	finish(batch, err)
	if err != nil && ctx.Err() != nil {
		return nil // the callers know; that the process was asked to end is no fault of the store
	}
	return err
}

// outlive returns a context that ends the given time after ctx.
func outlive(ctx context.Context, grace time.Duration) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		timer := time.AfterFunc(grace, cancel)
		context.AfterFunc(longer, func() { timer.Stop() })
	})
	if deadline, ok := ctx.Deadline(); ok { // it is a bound on the work already
		stop()
		cancel()
		return context.WithDeadline(context.WithoutCancel(ctx), deadline)
	}
	return longer, func() { stop(); cancel() }
}

func (w *Writer) storeBatch(ctx context.Context, batch []delivery) error {
	var rows []row
	var deleted []barometer.ID
	var ids []barometer.ID
	for _, d := range batch {
		for i := range d.mentions {
			a := &d.mentions[i]
			ids = append(ids, a.ID)
			if a.Deleted {
				deleted = append(deleted, a.ID)
			} else {
				rows = expand(rows, a)
			}
		}
	}
	gone, err := w.tombstones(ctx, ids)
	if err != nil {
		return err
	}
	for _, id := range deleted {
		gone[id] = true
	}
	rows = newest(without(rows, gone))
	if err := w.storeRows(ctx, rows); err != nil {
		return err
	}
	// A deletion that began after the first look and ended before the insert has missed these rows.
	late, err := w.tombstones(ctx, idsOf(rows))
	if err != nil {
		return err
	}
	for id := range late {
		deleted = append(deleted, id)
	}
	return w.remove(ctx, deleted)
}

func without(rows []row, gone map[barometer.ID]bool) []row {
	kept := rows[:0]
	for _, r := range rows {
		if !gone[r.ID] {
			kept = append(kept, r)
		}
	}
	return kept
}

func idsOf(rows []row) []barometer.ID {
	ids := make([]barometer.ID, len(rows))
	for i := range rows {
		ids[i] = rows[i].ID
	}
	return ids
}

// storeRows stores rows under their first dates and records the hours that they touch.
func (w *Writer) storeRows(ctx context.Context, rows []row) error {
	if len(rows) == 0 {
		return nil
	}
	movable := movableIDs(rows)
	if err := w.keepFirstDates(ctx, rows, movable); err != nil {
		return err
	}
	if err := w.insert(ctx, newBlock(rows)); err != nil {
		return err
	}
	touched := hoursOf(rows)
	if len(movable) > 0 {
		moved, err := w.settleDates(ctx, rows, movable)
		if err != nil {
			return err
		}
		touched.add(moved)
	}
	return w.touch(ctx, touched)
}

// movableIDs are the mentions whose date another delivery may state differently.
func movableIDs(rows []row) []barometer.ID {
	var ids []barometer.ID
	for i := range rows {
		if rows[i].quality != barometer.DateExact {
			ids = append(ids, rows[i].ID)
		}
	}
	return ids
}

type firstDate struct {
	published time.Time
	quality   barometer.DateQuality
}

// keepFirstDates gives mentions that are stored already the date under which they are stored.
func (w *Writer) keepFirstDates(ctx context.Context, rows []row, movable []barometer.ID) error {
	if len(movable) == 0 {
		return nil
	}
	first := map[barometer.ID]firstDate{}
	err := w.until(ctx, "look for dates", func(ctx context.Context) error {
		clear(first)
		found, err := w.store.db.Query(withIDs(ctx, movable), query("first_dates"))
		if err != nil {
			return err
		}
		defer found.Close() //nolint:errcheck // read to the end
		for found.Next() {
			var id string
			var date firstDate
			var quality string
			if err := found.Scan(&id, &date.published, &quality); err != nil {
				return err
			}
			date.quality = barometer.DateQuality(quality)
			first[barometer.ID([]byte(id))] = date
		}
		return found.Err()
	})
	if err != nil {
		return err
	}
	for i := range rows {
		if date, ok := first[rows[i].ID]; ok {
			rows[i].published, rows[i].quality = date.published, date.quality
		}
	}
	return nil
}

// settleDates looks again after the insert, because another writer may have stored one of the mentions under another
// date in the meantime. All writers settle on the earlier one. It returns the hours that lost rows.
func (w *Writer) settleDates(ctx context.Context, rows []row, movable []barometer.ID) (hours, error) {
	twice := map[barometer.ID]bool{}
	err := w.until(ctx, "look for second dates", func(ctx context.Context) error {
		found, err := w.store.db.Query(withIDs(ctx, movable), query("second_dates"))
		if err != nil {
			return err
		}
		defer found.Close() //nolint:errcheck // read to the end
		for found.Next() {
			var id string
			if err := found.Scan(&id); err != nil {
				return err
			}
			twice[barometer.ID([]byte(id))] = true
		}
		return found.Err()
	})
	if err != nil || len(twice) == 0 {
		return nil, err
	}
	var again []row
	var ids []barometer.ID
	for _, r := range rows {
		if twice[r.ID] {
			again = append(again, r)
			ids = append(ids, r.ID)
		}
	}
	if err := w.keepFirstDates(ctx, again, ids); err != nil {
		return nil, err
	}
	if err := w.insert(ctx, newBlock(again)); err != nil {
		return nil, err
	}
	lost, err := w.hoursOfRows(ctx, ids)
	if err != nil {
		return nil, err
	}
	for _, r := range again {
		if err := w.until(ctx, "remove second date", func(ctx context.Context) error {
			return w.store.db.Exec(mutating(ctx), query("remove_second_date"),
				clickhouse.Named("id", r.ID.String()), clickhouse.Named("published_at", r.published))
		}); err != nil {
			return nil, err
		}
	}
	return lost, nil
}

// insert stores a block. After an error nobody knows whether the server has it, so the same block is sent under the
// same token until the server says so.
func (w *Writer) insert(ctx context.Context, b *block) error {
	return w.until(ctx, "insert mentions", func(ctx context.Context) error {
		ctx = clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{
			"insert_deduplication_token": b.token, "max_partitions_per_insert_block": 0, // an archive may span decades
		}))
		batch, err := w.store.db.PrepareBatch(ctx, "INSERT INTO mentions ("+mentionColumns+")")
		if err != nil {
			return err
		}
		defer batch.Close() //nolint:errcheck // Send has closed it when all went well
		if err := b.appendTo(batch); err != nil {
			return fmt.Errorf("%w: %w", errBroken, err)
		}
		return batch.Send()
	})
}

// errBroken marks errors of our own that no repetition mends.
var errBroken = errors.New("broken block")

// until repeats a step until it succeeds, cannot succeed, or ctx ends.
func (w *Writer) until(ctx context.Context, doing string, step func(context.Context) error) error {
	for pause := firstRetry; ; pause = min(2*pause, slowestRetry) {
		attempt, cancel := context.WithTimeout(ctx, attemptTime)
		err := step(attempt)
		cancel()
		if err == nil {
			return nil
		}
		if errors.Is(err, errBroken) {
			return fmt.Errorf("store: %s: %w", doing, err)
		}
		err = classify(doing, err)
		if lasting(err) || ctx.Err() != nil {
			return err
		}
		w.log.WarnContext(ctx, "the store does not take writes, trying again", "doing", doing, "error", err, "pause", pause)
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause):
		}
	}
}

// withIDs sends ids along as the table `ids` of the query.
func withIDs(ctx context.Context, ids []barometer.ID) context.Context {
	table, err := ext.NewTable("ids", ext.Column("id", column.Type("FixedString(16)")))
	if err != nil {
		panic("store: table of ids: " + err.Error()) // its shape is constant
	}
	for _, id := range ids {
		if err := table.Append(string(id[:])); err != nil {
			panic("store: table of ids: " + err.Error()) // every id has 16 bytes
		}
	}
	return clickhouse.Context(ctx, clickhouse.WithExternalTable(table))
}
