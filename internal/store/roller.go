package store

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
)

const (
	rollTick   = 500 * time.Millisecond
	rollChunk  = 2000             // hours of one rebuild
	lookAtAll  = time.Minute      // how often old touches are looked at again
	touchDelay = 30 * time.Second // a touch becomes visible within that time of its stamp; older ones show in the next look at all

	// clockSlack is how far the server's clock may be set back without a touch being missed. A roll-up counts as stale
	// until its version is that much later than the touch.
	clockSlack = 300 * time.Millisecond
)

// Roller rebuilds the roll-ups of touched hours. One is enough; several at once do no harm.
type Roller struct {
	store *Store
	log   *slog.Logger
}

// NewRoller returns a roller that does nothing until Run or Catchup. A nil logger is the default one.
func NewRoller(s *Store, log *slog.Logger) *Roller {
	if log == nil {
		log = slog.Default()
	}
	return &Roller{store: s, log: log}
}

// Run rebuilds the roll-ups of touched hours within about a second of the touch, until ctx ends. While a lot is
// imported it takes at most half of the time. It returns early only when the tables are not what this program expects.
func (r *Roller) Run(ctx context.Context) error {
	var lookedAtAll time.Time
	for {
		began := time.Now()
		all := began.Sub(lookedAtAll) > lookAtAll
		since := time.Unix(0, 0)
		if !all {
			since = began.Add(-touchDelay - lookAtAll)
		}
		_, err := r.rebuildStale(ctx, since)
		switch {
		case ctx.Err() != nil:
			return nil //nolint:nilerr // what broke off because of the stop is no trouble
		case lasting(err):
			return err
		case err != nil:
			r.log.WarnContext(ctx, "roll-ups are behind, trying again", "error", err)
		case all:
			lookedAtAll = began
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(max(rollTick, time.Since(began))):
		}
	}
}

// Catchup rebuilds until no roll-up is stale: afterwards they agree with all rows whose Write was done before the call.
func (r *Roller) Catchup(ctx context.Context) error {
	for {
		n, err := r.rebuildStale(ctx, time.Unix(0, 0))
		if err != nil || n == 0 {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(clockSlack):
		}
	}
}

// rebuildStale rebuilds the roll-ups that are older than a touch since the given time and returns their number.
func (r *Roller) rebuildStale(ctx context.Context, since time.Time) (int, error) {
	stale, err := r.stale(ctx, since)
	if err != nil {
		return 0, err
	}
	done := 0
	for len(stale) > 0 {
		n := chunk(stale)
		if err := r.rebuild(ctx, stale[0].organisation, stale[:n]); err != nil {
			return done, err
		}
		done += n
		stale = stale[n:]
	}
	return done, nil
}

// chunk returns how many of the sorted keys, at most rollChunk, are of the first one's organisation.
func chunk(keys []hourKey) int {
	n := slices.IndexFunc(keys, func(k hourKey) bool { return k.organisation != keys[0].organisation })
	if n < 0 {
		n = len(keys)
	}
	return min(n, rollChunk)
}

func (r *Roller) stale(ctx context.Context, since time.Time) ([]hourKey, error) {
	found, err := r.store.db.Query(ctx, query("stale_hours"),
		clickhouse.Named("since", since.Unix()), clickhouse.Named("slack_us", clockSlack.Microseconds()))
	if err != nil {
		return nil, classify("look for stale roll-ups", err)
	}
	defer found.Close() //nolint:errcheck // read to the end
	var keys []hourKey
	for found.Next() {
		var key hourKey
		if err := found.Scan(&key.organisation, &key.hour); err != nil {
			return nil, classify("look for stale roll-ups", err)
		}
		keys = append(keys, key)
	}
	return keys, classify("look for stale roll-ups", found.Err())
}

// rebuild counts the hours of one organisation anew. The version is asked for first: whatever changes after that will
// have a later touch.
func (r *Roller) rebuild(ctx context.Context, organisation string, keys []hourKey) error {
	var version time.Time
	if err := r.store.db.QueryRow(ctx, query("version")).Scan(&version); err != nil {
		return classify("take a version", err)
	}
	times := make([]time.Time, len(keys))
	for i, key := range keys {
		times[i] = key.hour
	}
	err := r.store.db.Exec(ctx, query("rebuild_hours"),
		clickhouse.Named("organisation", organisation),
		clickhouse.Named("version", version.UnixMicro()),
		clickhouse.Named("hours", unixSeconds(times)),
		clickhouse.Named("from", slices.MinFunc(times, time.Time.Compare).Unix()),
		clickhouse.Named("to", slices.MaxFunc(times, time.Time.Compare).Add(time.Hour).Unix()),
	)
	return classify("rebuild roll-ups", err)
}

func unixSeconds(times []time.Time) []int64 {
	seconds := make([]int64, len(times))
	for i, t := range times {
		seconds[i] = t.Unix()
	}
	return seconds
}

// Totals are what the promises of the store are checked against.
type Totals struct {
	Rows      uint64 `json:"rows"`       // current rows, one for each organisation and mention
	Distinct  uint64 `json:"distinct"`   // distinct pairs of organisation and mention id
	Mentions  uint64 `json:"mentions"`   // distinct mention ids
	RolledUp  uint64 `json:"rolled_up"`  // mentions counted by the roll-ups
	Stale     uint64 `json:"stale"`      // roll-ups that have to be rebuilt
	Different uint64 `json:"different"`  // cells of roll-ups that differ from a count of the rows
	Deleted   uint64 `json:"deleted"`    // ids with a tombstone
	Restored  uint64 `json:"restored"`   // rows with a tombstone: there must be none
	DiskBytes uint64 `json:"disk_bytes"` // of all tables, indexes included
}

// Exact reports whether the totals keep the promise: rows = distinct mentions = sums of roll-ups, nothing deleted is
// left, and every roll-up is what the rows say.
func (t Totals) Exact() bool {
	return t.Rows == t.Distinct && t.Rows == t.RolledUp && t.Different == 0 && t.Restored == 0
}

// Verify counts everything. It reads the whole store, so it is for operators and tests. While mentions are written the
// parts of the answer belong to slightly different moments.
func (s *Store) Verify(ctx context.Context) (Totals, error) {
	var t Totals
	err := s.db.QueryRow(ctx, query("verify"), clickhouse.Named("slack_us", 0)).
		Scan(&t.Rows, &t.Distinct, &t.Mentions, &t.RolledUp, &t.Stale, &t.Different, &t.Deleted, &t.Restored)
	if err != nil {
		return t, classify("verify", err)
	}
	err = s.db.QueryRow(ctx, query("disk_bytes"), clickhouse.Named("database", s.cfg.Database)).Scan(&t.DiskBytes)
	return t, classify("verify", err)
}
