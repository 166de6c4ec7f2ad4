package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"barometer/internal/barometer"
	"barometer/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// open returns a migrated store on a database of its own.
func open(tb testing.TB) *Store {
	tb.Helper()
	s := openEmpty(tb, testkit.ClickHouse(tb))
	if err := s.Migrate(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	return s
}

func openEmpty(tb testing.TB, db testkit.Database) *Store {
	tb.Helper()
	s, err := Open(Config{Addr: db.Addr, User: db.User, Password: db.Password, Database: db.Name})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = s.Close() })
	return s
}

// startWriter runs a writer until the end of the test.
func startWriter(tb testing.TB, s *Store) *Writer {
	tb.Helper()
	w, err := NewWriter(s, WriterConfig{Linger: time.Millisecond}, nil)
	if err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	tb.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			tb.Errorf("writer: %v", err)
		}
	})
	return w
}

// write stores mentions and waits until they are durable.
func write(tb testing.TB, w *Writer, mentions ...barometer.Analysed) {
	tb.Helper()
	stored := make(chan error, 1)
	if err := w.Write(tb.Context(), mentions, func(err error) { stored <- err }); err != nil {
		tb.Fatal(err)
	}
	if err := <-stored; err != nil {
		tb.Fatal(err)
	}
}

// exact rebuilds roll-ups and checks the promise of the store.
func exact(tb testing.TB, s *Store) Totals {
	tb.Helper()
	if err := NewRoller(s, nil).Catchup(tb.Context()); err != nil {
		tb.Fatal(inFull(err))
	}
	totals, err := s.Verify(tb.Context())
	if err != nil {
		tb.Fatal(inFull(err))
	}
	if !totals.Exact() {
		tb.Errorf("not exact: %+v", totals)
	}
	return totals
}

// monday is a moment in an ordinary week; London is an hour ahead of UTC.
var monday = time.Date(2026, 6, 1, 9, 30, 0, 0, time.UTC)

// mention returns a plain mention number n of the organisation "trust", an hour after monday for each n.
func mention(n int) barometer.Analysed {
	var id barometer.ID
	binary.BigEndian.PutUint64(id[:], uint64(n+1)*0x9e3779b97f4a7c15)
	binary.BigEndian.PutUint64(id[8:], uint64(n))
	at := monday.Add(time.Duration(n) * time.Hour)
	return barometer.Analysed{
		Mention: barometer.Mention{
			ID: id, Source: "feed-1", Kind: "feed", Site: "example.org", URL: "https://example.org/1", Text: "Waiting for hours",
			PublishedAt: at, DateQuality: barometer.DateExact, SeenAt: at.Add(time.Minute),
			Matches: []barometer.Match{{Organisation: "trust"}},
		},
		Analysis: barometer.Analysis{
			Lang: "en", LangConfidence: 0.9, Pipeline: "test",
			Sentiment: barometer.Sentiment{Label: barometer.Negative, Negative: 0.7, Neutral: 0.2, Positive: 0.1},
			Abuse:     barometer.Abuse{Target: barometer.TargetNone}, CopyGroup: uint64(n) + 1,
		},
	}
}

func all(tb testing.TB, s *Store, f barometer.Filter) []barometer.Stored {
	tb.Helper()
	if f.Organisation == "" {
		f.Organisation = "trust"
	}
	rows, next, err := s.Mentions(tb.Context(), f, barometer.Page{Limit: maxPage})
	if err != nil {
		tb.Fatal(err)
	}
	if next != "" {
		tb.Fatal("more than a page")
	}
	return rows
}

func TestEveryQueryIsUsedAndNamed(t *testing.T) {
	files, err := fs.Glob(queries, "query/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(strings.TrimPrefix(file, "query/"), ".sql")
		if strings.TrimSpace(query(name)) == "" {
			t.Errorf("%s is empty", file)
		}
	}
}

func TestConfigSaysWhatIsWrong(t *testing.T) {
	for name, cfg := range map[string]Config{
		"address":     {},
		"database":    {Addr: "a:1", Database: "x; DROP"},
		"query_time":  {Addr: "a:1", QueryTime: time.Millisecond},
		"memory":      {Addr: "a:1", QueryMemory: -1},
		"connections": {Addr: "a:1", Connections: -1},
	} {
		if _, err := Open(cfg); barometer.KindOf(err) != barometer.Invalid || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := NewWriter(nil, WriterConfig{Rows: -1}, nil); barometer.KindOf(err) != barometer.Invalid {
		t.Errorf("rows: %v", err)
	}
}

// A database may have stopped after any migration, and may hold data by then.
func TestMigrationsRunFromEveryPastState(t *testing.T) {
	migrations, err := Migrations()
	if err != nil {
		t.Fatal(err)
	}
	for past := range len(migrations) + 1 {
		s := openEmpty(t, testkit.ClickHouse(t))
		for _, m := range migrations[:past] {
			if err := s.db.Exec(t.Context(), m.SQL); err != nil {
				t.Fatalf("%s: %v", m.Name, err)
			}
		}
		if past > 0 {
			if err := s.db.Exec(t.Context(), "INSERT INTO mentions (organisation, published_at, id, text, source, sentiment, lang) "+
				"VALUES ('trust', '2026-06-01 09:30:00', unhex('00112233445566778899aabbccddeeff'), 'old', 'feed-1', 'neutral', 'en')"); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 {
			if err := s.Migrate(t.Context()); err != nil {
				t.Fatalf("after %d migrations: %v", past, err)
			}
		}
		write(t, startWriter(t, s), mention(1))
		want := 1
		if past > 0 {
			want = 2
		}
		if rows := all(t, s, barometer.Filter{}); len(rows) != want {
			t.Errorf("after %d migrations: %d rows, want %d", past, len(rows), want)
		}
	}
}

func TestAnUnreachableServerIsUnavailable(t *testing.T) {
	s, err := Open(Config{Addr: "127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close() //nolint:errcheck
	if err := s.Ping(t.Context()); barometer.KindOf(err) != barometer.Unavailable {
		t.Errorf("ping: %v", err)
	}
	if _, err := s.Sources(t.Context()); barometer.KindOf(err) != barometer.Unavailable {
		t.Errorf("sources: %v", err)
	}
}

func namedID(id barometer.ID) driver.NamedValue { return clickhouse.Named("id", id.String()) }

// inFull shows what the server said, which errors of the store keep to themselves.
func inFull(err error) error {
	if exception, ok := errors.AsType[*clickhouse.Exception](err); ok {
		return fmt.Errorf("%w: %s", err, exception.Message)
	}
	return err
}
