package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/ext"
	"github.com/ClickHouse/clickhouse-go/v2/lib/column"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"barometer/internal/barometer"
)

// WriteReadings stores readings. It may be repeated: a reading is identified by organisation, scope and time. An error
// of kind Unavailable or Exhausted is worth repeating.
func (s *Store) WriteReadings(ctx context.Context, readings []barometer.Reading) error {
	return s.insert(ctx, "write readings", "INSERT INTO readings (organisation, scope, at, pressure, low, high, tendency, word, "+
		"provisional, blind, coverage, posts, negative, severe, expected, days)", len(readings), func(b driver.Batch, i int) error {
		r := readings[i]
		if r.Blind { // there is no number that could be believed
			r.Pressure, r.Low, r.High = 0, 0, 0
		}
		for _, v := range []float64{r.Pressure, r.Low, r.High} {
			if math.IsNaN(v) || v < 0 || v > 100 {
				return fmt.Errorf("reading of %s at %v: %v is not within 0 and 100", r.Organisation, r.At, v)
			}
		}
		return b.Append(r.Organisation, r.Scope, r.At.UTC(), r.Pressure, r.Low, r.High, r.Tendency, r.Word, r.Provisional, r.Blind,
			r.Coverage, r.Posts, r.Negative, r.Severe, r.Expected, uint16(min(r.Days, math.MaxUint16)))
	})
}

// insert writes n rows as one block.
func (s *Store) insert(ctx context.Context, doing, sql string, n int, row func(b driver.Batch, i int) error) error {
	if n == 0 {
		return nil
	}
	batch, err := s.db.PrepareBatch(ctx, sql)
	if err != nil {
		return classify(doing, err)
	}
	defer batch.Close() //nolint:errcheck // Send has closed it when all went well
	for i := range n {
		if err := row(batch, i); err != nil {
			return fmt.Errorf("store: %s: %w", doing, err)
		}
	}
	return classify(doing, batch.Send())
}

const maxReadings = 20_000

// Readings returns the readings of a scope in [from, to), oldest first, at most 20,000. The scope "" is the whole
// organisation.
func (s *Store) Readings(ctx context.Context, organisation, scope string, from, to time.Time) ([]barometer.Reading, error) {
	return s.readings(ctx, "readings", organisation, scope, clickhouse.Named("from_ms", milliseconds(from, 0)),
		clickhouse.Named("to_ms", milliseconds(to, latest*1000)), clickhouse.Named("limit", maxReadings))
}

// ReadingAt returns the reading that was the current one at a time, or an error of kind NotFound. The zero time is now.
func (s *Store) ReadingAt(ctx context.Context, organisation, scope string, at time.Time) (barometer.Reading, error) {
	all, err := s.readings(ctx, "reading_at", organisation, scope, clickhouse.Named("at_ms", milliseconds(at, latest*1000)))
	if err != nil {
		return barometer.Reading{}, err
	}
	if len(all) == 0 {
		return barometer.Reading{}, barometer.Errorf(barometer.NotFound, "no reading of %q by then", organisation)
	}
	return all[0], nil
}

// NewReadings returns the readings of the organisation that were stored after a time, oldest first, at most limit. A
// tick that was repeated stores its readings again.
func (s *Store) NewReadings(ctx context.Context, organisation string, after time.Time, limit int) ([]barometer.Reading, error) {
	return s.readings(ctx, "new_readings", organisation, "", clickhouse.Named("after_ms", milliseconds(after, 0)), clickhouse.Named("limit", limit))
}

func (s *Store) readings(ctx context.Context, name, organisation, scope string, values ...any) ([]barometer.Reading, error) {
	values = append(values, clickhouse.Named("organisation", organisation), clickhouse.Named("scope", scope))
	found, err := s.db.Query(s.reading(ctx), query(name), values...)
	if err != nil {
		return nil, classify(name, err)
	}
	defer found.Close() //nolint:errcheck // read to the end
	var all []barometer.Reading
	for found.Next() {
		r := barometer.Reading{Organisation: organisation, Scope: scope}
		var days uint16
		err := found.Scan(&r.At, &r.Pressure, &r.Low, &r.High, &r.Tendency, &r.Word, &r.Provisional, &r.Blind, &r.Coverage, &r.Posts,
			&r.Negative, &r.Severe, &r.Expected, &days)
		if err != nil {
			return nil, classify(name, err)
		}
		r.At, r.Days = r.At.UTC(), uint32(days)
		all = append(all, r)
	}
	return all, classify(name, found.Err())
}

// milliseconds since 1970, or those of a time that was not given.
func milliseconds(t time.Time, zero int64) int64 {
	if t.IsZero() {
		return zero
	}
	return min(max(t.UnixMilli(), 0), latest*1000)
}

// FirstMention returns the hour of an organisation's earliest mention that the roll-ups know, or the zero time.
func (s *Store) FirstMention(ctx context.Context, organisation string) (time.Time, error) {
	var hour time.Time
	err := s.db.QueryRow(s.reading(ctx), query("first_hour"), clickhouse.Named("organisation", organisation)).Scan(&hour)
	if err != nil || hour.Unix() == 0 {
		return time.Time{}, classify("first mention", err)
	}
	return hour.UTC(), nil
}

// WriteIssues stores what is known of issues at a tick. It may be repeated: a row is identified by organisation, issue,
// time, state and tier. The details of transitions are kept for ever, others until the next ones come. Texts and
// addresses of posts in the details are not stored; Issue reads them from the mentions.
func (s *Store) WriteIssues(ctx context.Context, records []barometer.IssueRecord) error {
	type detail struct {
		record *barometer.IssueRecord
		moment time.Time
		body   string
	}
	var details []detail
	for i := range records {
		r := &records[i]
		if len(r.Detail) == 0 {
			continue
		}
		body, err := withoutTexts(r.Detail)
		if err != nil {
			return fmt.Errorf("store: write issues: detail of %s: %w", r.ID, err)
		}
		details = append(details, detail{r, time.Unix(0, 0).UTC(), string(body)})
		if r.Transition {
			details = append(details, detail{r, r.At.UTC(), string(body)})
		}
	}
	// Details first: an issue that is listed can be opened.
	err := s.insert(ctx, "write issue details", "INSERT INTO issue_details (organisation, id, moment, at, detail)", len(details),
		func(b driver.Batch, i int) error {
			d := details[i]
			return b.Append(d.record.Organisation, d.record.ID, d.moment, d.record.At.UTC(), d.body)
		})
	if err != nil {
		return err
	}
	return s.insert(ctx, "write issues", "INSERT INTO issues (organisation, id, at, state, tier, transition, name, since, posts, observed, "+
		"expected, p, evidence)", len(records), func(b driver.Batch, i int) error {
		r := &records[i]
		return b.Append(r.Organisation, r.ID, r.At.UTC(), r.State, r.Tier, r.Transition, r.Name, r.Since.UTC(), r.Posts, r.Observed,
			r.Expected, r.P, r.Evidence)
	})
}

// Issues returns the issues of an organisation as they were known at a time (the zero time is now), those that changed
// last first, without details. Without states all are returned.
func (s *Store) Issues(ctx context.Context, organisation string, asKnownAt time.Time, states []string) ([]barometer.IssueRecord, error) {
	return s.issues(ctx, "issues", organisation, clickhouse.Named("id", ""), clickhouse.Named("at_ms", milliseconds(asKnownAt, latest*1000)),
		clickhouse.Named("states", append([]string{}, states...)))
}

// Issue returns an issue with its details as it was known at a time (the zero time is now), or an error of kind
// NotFound. Its representative posts have the texts that the mentions have now: of one that was deleted only the id is
// left.
func (s *Store) Issue(ctx context.Context, organisation, id string, asKnownAt time.Time) (barometer.IssueRecord, error) {
	at := clickhouse.Named("at_ms", milliseconds(asKnownAt, latest*1000))
	found, err := s.issues(ctx, "issues", organisation, clickhouse.Named("id", id), at, clickhouse.Named("states", []string{}))
	if err != nil {
		return barometer.IssueRecord{}, err
	}
	if len(found) == 0 || id == "" {
		return barometer.IssueRecord{}, barometer.Errorf(barometer.NotFound, "no issue %q of organisation %q by then", id, organisation)
	}
	record := found[0]
	rows, err := s.db.Query(s.reading(ctx), query("issue_detail"), clickhouse.Named("organisation", organisation), clickhouse.Named("id", id), at)
	if err != nil {
		return record, classify("issue detail", err)
	}
	defer rows.Close() //nolint:errcheck // read to the end
	for rows.Next() {
		var detail string
		if err := rows.Scan(&detail); err != nil {
			return record, classify("issue detail", err)
		}
		record.Detail = json.RawMessage(detail)
	}
	if err := rows.Err(); err != nil || len(record.Detail) == 0 {
		return record, classify("issue detail", err)
	}
	record.Detail, err = s.withTexts(ctx, organisation, record.Detail)
	return record, err
}

// IssueHistory returns all that was known of an issue up to a time (the zero time is now), oldest first, without
// details. Records that are no transitions only say that the numbers moved.
func (s *Store) IssueHistory(ctx context.Context, organisation, id string, asKnownAt time.Time) ([]barometer.IssueRecord, error) {
	return s.issues(ctx, "issue_history", organisation, clickhouse.Named("id", id), clickhouse.Named("at_ms", milliseconds(asKnownAt, latest*1000)))
}

// Transitions returns the transitions of all issues in [from, to), newest first, at most limit.
func (s *Store) Transitions(ctx context.Context, organisation string, from, to time.Time, limit int) ([]barometer.IssueRecord, error) {
	return s.issues(ctx, "transitions", organisation, clickhouse.Named("from_ms", milliseconds(from, 0)),
		clickhouse.Named("to_ms", milliseconds(to, latest*1000)), clickhouse.Named("limit", limit))
}

// NewTransitions returns transitions that were stored after a time, oldest first, at most limit. A tick that was
// repeated stores its transitions again.
func (s *Store) NewTransitions(ctx context.Context, organisation string, after time.Time, limit int) ([]barometer.IssueRecord, error) {
	return s.issues(ctx, "new_transitions", organisation, clickhouse.Named("after_ms", milliseconds(after, 0)), clickhouse.Named("limit", limit))
}

func (s *Store) issues(ctx context.Context, name, organisation string, values ...any) ([]barometer.IssueRecord, error) {
	found, err := s.db.Query(s.reading(ctx), query(name), append(values, clickhouse.Named("organisation", organisation))...)
	if err != nil {
		return nil, classify(name, err)
	}
	defer found.Close() //nolint:errcheck // read to the end
	var all []barometer.IssueRecord
	for found.Next() {
		var r barometer.IssueRecord
		err := found.Scan(&r.Organisation, &r.ID, &r.At, &r.Name, &r.State, &r.Tier, &r.Since, &r.Posts, &r.Observed, &r.Expected, &r.P,
			&r.Evidence, &r.Transition)
		if err != nil {
			return nil, classify(name, err)
		}
		r.At, r.Since = r.At.UTC(), r.Since.UTC()
		all = append(all, r)
	}
	return all, classify(name, found.Err())
}

// representative is the field of a detail that holds posts.
const representative = "representative"

// eachPost lets change edit every representative post of a detail. All other fields stay as they are.
func eachPost(detail json.RawMessage, change func(post map[string]any) error) (json.RawMessage, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(detail, &fields); err != nil {
		return nil, err
	}
	if fields[representative] == nil {
		return detail, nil
	}
	var posts []map[string]any
	if err := json.Unmarshal(fields[representative], &posts); err != nil {
		return nil, fmt.Errorf("%s: %w", representative, err)
	}
	for _, post := range posts {
		if err := change(post); err != nil {
			return nil, fmt.Errorf("%s: %w", representative, err)
		}
	}
	var err error
	if fields[representative], err = json.Marshal(posts); err != nil {
		return nil, err
	}
	return json.Marshal(fields)
}

func withoutTexts(detail json.RawMessage) (json.RawMessage, error) {
	return eachPost(detail, func(post map[string]any) error {
		if _, _, err := postKey(post); err != nil {
			return err // it could not be found again
		}
		delete(post, "title")
		delete(post, "text")
		delete(post, "url")
		return nil
	})
}

func postKey(post map[string]any) (barometer.ID, time.Time, error) {
	name, _ := post["id"].(string)
	id, err := barometer.ParseID(name)
	if err != nil {
		return id, time.Time{}, err
	}
	stated, _ := post["at"].(string)
	at, err := time.Parse(time.RFC3339Nano, stated)
	return id, at, err
}

// withTexts gives representative posts their texts back. One without a row was deleted, and says so.
func (s *Store) withTexts(ctx context.Context, organisation string, detail json.RawMessage) (json.RawMessage, error) {
	const slack = 2 * 24 * 60 * 60 // the date of a post may have been settled since
	table, err := ext.NewTable("wanted", ext.Column("id", column.Type("FixedString(16)")))
	if err != nil {
		return nil, fmt.Errorf("store: issue posts: %w", err)
	}
	from, to := int64(latest), int64(earliest)
	_, err = eachPost(detail, func(post map[string]any) error {
		id, at, err := postKey(post)
		if err != nil {
			return err
		}
		from, to = min(from, at.Unix()-slack), max(to, at.Unix()+slack)
		return table.Append(string(id[:]))
	})
	if err != nil {
		return nil, fmt.Errorf("store: issue posts: %w", err)
	}
	type words struct{ url, title, text string }
	texts := map[string]words{}
	if from <= to {
		found, err := s.db.Query(clickhouse.Context(s.reading(ctx), clickhouse.WithExternalTable(table)), query("issue_posts"),
			clickhouse.Named("organisation", organisation), clickhouse.Named("from", max(from, earliest)), clickhouse.Named("to", min(to, latest)))
		if err != nil {
			return nil, classify("issue posts", err)
		}
		defer found.Close() //nolint:errcheck // read to the end
		for found.Next() {
			var id string
			var w words
			if err := found.Scan(&id, &w.url, &w.title, &w.text); err != nil {
				return nil, classify("issue posts", err)
			}
			texts[barometer.ID([]byte(id)).String()] = w
		}
		if err := found.Err(); err != nil {
			return nil, classify("issue posts", err)
		}
	}
	return eachPost(detail, func(post map[string]any) error {
		w, ok := texts[post["id"].(string)] // postKey has seen it
		if !ok {
			post["deleted"] = true
			return nil
		}
		post["url"], post["title"], post["text"] = w.url, w.title, w.text
		return nil
	})
}

// WriteEvidence stores frozen bundles. It may be repeated. A bundle whose address is not the SHA-256 of its body is
// refused.
func (s *Store) WriteEvidence(ctx context.Context, bundles []barometer.Evidence) error {
	return s.insert(ctx, "write evidence", "INSERT INTO evidence (address, organisation, issue, at, body)", len(bundles),
		func(b driver.Batch, i int) error {
			e := &bundles[i]
			if err := intact(e); err != nil {
				return err
			}
			return b.Append(e.Address, e.Organisation, e.Issue, e.At.UTC(), string(e.Body))
		})
}

// Evidence returns the bundle with an address, bit for bit as it was frozen, or an error of kind NotFound.
func (s *Store) Evidence(ctx context.Context, address string) (barometer.Evidence, error) {
	e := barometer.Evidence{Address: address}
	found, err := s.db.Query(s.reading(ctx), query("evidence"), clickhouse.Named("address", address))
	if err != nil {
		return e, classify("evidence", err)
	}
	defer found.Close() //nolint:errcheck // read to the end
	for found.Next() {
		var body string
		if err := found.Scan(&e.Organisation, &e.Issue, &e.At, &body); err != nil {
			return e, classify("evidence", err)
		}
		e.At, e.Body = e.At.UTC(), json.RawMessage(body)
	}
	if err := found.Err(); err != nil {
		return e, classify("evidence", err)
	}
	if e.Body == nil {
		return e, barometer.Errorf(barometer.NotFound, "no evidence with the address %q", address)
	}
	return e, intact(&e)
}

func intact(e *barometer.Evidence) error {
	if sum := sha256.Sum256(e.Body); hex.EncodeToString(sum[:]) != e.Address {
		return fmt.Errorf("evidence %s: its bytes have another hash", e.Address)
	}
	return nil
}
