package store

import (
	"context"
	"reflect"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"barometer/internal/barometer"
	"barometer/internal/testkit"
)

func TestEverythingOfAMentionComesBack(t *testing.T) {
	s := open(t)
	framework := "Access and waiting"
	in := barometer.Analysed{
		Mention: barometer.Mention{
			ID: barometer.DeriveID("x", "1"), Source: "feed-1", Kind: "feed", URL: "https://example.org/ä?b=c", Site: "example.org",
			Title: "Überlastet", Text: "Zwölf Stunden gewartet 😡 in [hospital]", Lang: "de", Author: 0xfedcba9876543210,
			RepostOf: barometer.DeriveID("x", "0").String(), PublishedAt: monday, DateQuality: barometer.DateStated,
			SeenAt: monday.Add(1500 * time.Millisecond),
			Matches: []barometer.Match{
				{Organisation: "other"},
				{Organisation: "trust", Hits: []barometer.Hit{{Term: "hospital", Start: 3, End: 9}, {Term: "trust", Field: "title", Start: 0, End: 5}}},
			},
			Redactions: []barometer.Redaction{{Kind: "email", Start: 10, End: 20}, {Kind: "phone", Field: "title", Start: 1, End: 2}},
		},
		Analysis: barometer.Analysis{
			Lang: "de", LangConfidence: 0.9876,
			Sentiment: barometer.Sentiment{Label: "negative", Negative: 0.7, Neutral: 0.25, Positive: 0.05, Score: -0.65,
				Reasons: []barometer.Reason{{Term: "gewartet", Weight: 1.25}, {Term: "😡", Weight: -0.5}}},
			Concerns: []barometer.ConcernTag{
				{ID: "waiting", Framework: &framework, Probability: 0.9, Reasons: []barometer.Reason{{Term: "stunden", Weight: 2}}},
				{ID: "staffing", Probability: 0.1, Reasons: []barometer.Reason{}},
				{ID: "parking", Probability: 1, Reasons: []barometer.Reason{{Term: "a", Weight: 0.01}, {Term: "b", Weight: -3}}},
			},
			Severity: 3, Abuse: barometer.Abuse{Probability: 0.01, Target: "staff"}, CopyGroup: 1<<63 + 7, Pipeline: "v1",
		},
	}
	write(t, startWriter(t, s), in)
	got, err := s.Mention(t.Context(), "trust", in.ID)
	if err != nil {
		t.Fatal(err)
	}
	if age := time.Since(got.StoredAt); age < -time.Second || age > time.Minute {
		t.Errorf("stored %v ago", age)
	}
	want := barometer.Stored{Organisation: "trust", Analysed: in, StoredAt: got.StoredAt, Copies: 1}
	want.Matches = in.Matches[1:]
	if !reflect.DeepEqual(got, want) {
		t.Errorf("came back as\n%+v\nwant\n%+v", got, want)
	}
	if _, err := s.Mention(t.Context(), "trust", barometer.ID{1}); barometer.KindOf(err) != barometer.NotFound {
		t.Errorf("a mention that is not there: %v", err)
	}
	if totals := exact(t, s); totals.Rows != 2 || totals.Mentions != 1 {
		t.Errorf("%+v; want a row for each of two organisations", totals)
	}
}

func TestDeliveringAgainChangesNothing(t *testing.T) {
	s := open(t)
	w := startWriter(t, s)
	a, b := mention(1), mention(2)
	write(t, w, a, b, a)
	write(t, w, b)
	write(t, w, b, a)
	if totals := exact(t, s); totals.Rows != 2 {
		t.Errorf("%+v; want 2 rows", totals)
	}
}

func TestABatchMaySpanAllTime(t *testing.T) {
	s := open(t)
	mentions := make([]barometer.Analysed, 130)
	for n := range mentions {
		mentions[n] = mention(n)
		mentions[n].PublishedAt = time.Date(1990, time.Month(3*n+1), 1, 0, 0, 0, 0, time.UTC)
	}
	write(t, startWriter(t, s), mentions...)
	if totals := exact(t, s); totals.Rows != 130 {
		t.Errorf("%+v; want 130 rows", totals)
	}
}

func TestTheNewestDeliveryWins(t *testing.T) {
	s := open(t)
	w := startWriter(t, s)
	old, edited := mention(1), mention(1)
	edited.Text, edited.Sentiment.Label, edited.SeenAt = "Thank you", barometer.Positive, old.SeenAt.Add(time.Hour)
	write(t, w, edited, old) // within a batch
	write(t, w, old)         // and a late delivery of the old text
	rows := all(t, s, barometer.Filter{})
	if len(rows) != 1 || rows[0].Text != "Thank you" {
		t.Fatalf("%+v; want the edited text alone", rows)
	}
	if rows := all(t, s, barometer.Filter{Sentiments: []string{barometer.Negative}}); len(rows) != 0 {
		t.Errorf("found by the sentiment that it had: %+v", rows)
	}
	exact(t, s)
}

func TestAStatedDateThatChangesKeepsOneRowUnderTheFirstDate(t *testing.T) {
	s := open(t)
	w := startWriter(t, s)
	first := mention(1)
	first.DateQuality = barometer.DateStated
	write(t, w, first)
	for i, move := range []time.Duration{-48 * time.Hour, 40 * 24 * time.Hour, time.Second} {
		again := first
		again.PublishedAt = first.PublishedAt.Add(move)
		again.SeenAt = first.SeenAt.Add(time.Duration(i+1) * time.Hour)
		again.Text = "edited"
		write(t, w, again)
	}
	rows := all(t, s, barometer.Filter{})
	if len(rows) != 1 || !rows[0].PublishedAt.Equal(first.PublishedAt) || rows[0].Text != "edited" {
		t.Errorf("%+v; want one edited row of %v", rows, first.PublishedAt)
	}
	exact(t, s)
}

// Two writers each look for the post before the other has stored it.
func TestTwoWritersSettleOnOneDate(t *testing.T) {
	s := open(t)
	w := startWriter(t, s)
	early, late := mention(1), mention(1)
	early.DateQuality, late.DateQuality = barometer.DateStated, barometer.DateStated
	late.PublishedAt, late.SeenAt = early.PublishedAt.Add(50*24*time.Hour), early.SeenAt.Add(time.Second)
	late.Text = "newer"
	if err := w.insert(t.Context(), newBlock(expand(nil, &late))); err != nil { // as the other writer would, between look and insert
		t.Fatal(err)
	}
	rows := expand(nil, &early)
	if err := w.insert(t.Context(), newBlock(rows)); err != nil {
		t.Fatal(err)
	}
	lost, err := w.settleDates(t.Context(), expand(nil, &late), []barometer.ID{late.ID})
	if err != nil {
		t.Fatal(err)
	}
	if !lost[hourKey{"trust", late.PublishedAt.Truncate(time.Hour)}] {
		t.Errorf("hours to rebuild: %v", lost)
	}
	if err := w.touch(t.Context(), lost); err != nil {
		t.Fatal(err)
	}
	got := all(t, s, barometer.Filter{})
	if len(got) != 1 || !got[0].PublishedAt.Equal(early.PublishedAt) || got[0].Text != "newer" {
		t.Errorf("%+v; want the newer text under the earlier date", got)
	}
	exact(t, s)
}

func TestDeletionRemovesRowsForGood(t *testing.T) {
	s := open(t)
	w := startWriter(t, s)
	gone, stays, never := mention(1), mention(2), mention(3)
	gone.Matches = append(gone.Matches, barometer.Match{Organisation: "other"})
	stays.PublishedAt = gone.PublishedAt
	write(t, w, gone, stays)
	exact(t, s)
	tombstone := func(id barometer.ID) barometer.Analysed {
		return barometer.Analysed{Mention: barometer.Mention{ID: id, Source: "feed-1", Deleted: true}}
	}
	write(t, w, tombstone(gone.ID), tombstone(never.ID))
	for range 2 {
		if rows := all(t, s, barometer.Filter{}); len(rows) != 1 || rows[0].ID != stays.ID {
			t.Errorf("%d rows of trust", len(rows))
		}
		if rows := all(t, s, barometer.Filter{Organisation: "other"}); len(rows) != 0 {
			t.Errorf("%d rows of other", len(rows))
		}
		totals := exact(t, s)
		if totals.Rows != 1 || totals.Deleted != 2 || totals.Restored != 0 {
			t.Errorf("%+v", totals)
		}
		write(t, w, gone, never, tombstone(gone.ID)) // delivered late, and deleted again
	}
	var raw uint64
	if err := s.db.QueryRow(t.Context(), "SELECT count() FROM mentions WHERE id = unhex({id:String}) SETTINGS apply_deleted_mask = 0",
		namedID(gone.ID)).Scan(&raw); err != nil || raw != 0 {
		t.Errorf("%d rows are masked, not removed (%v)", raw, err)
	}
}

// A deletion that died after removing the rows is delivered again and must still know the hours.
func TestAnInterruptedDeletionIsFinished(t *testing.T) {
	s := open(t)
	w := startWriter(t, s)
	m := mention(1)
	write(t, w, m)
	exact(t, s)
	if err := s.db.Exec(withIDs(t.Context(), []barometer.ID{m.ID}), query("write_tombstones")); err != nil {
		t.Fatal(err)
	}
	if err := s.db.Exec(mutating(t.Context()), "ALTER TABLE mentions DELETE WHERE 1"); err != nil {
		t.Fatal(err)
	}
	write(t, w, barometer.Analysed{Mention: barometer.Mention{ID: m.ID, Source: "feed-1", Deleted: true}})
	if totals := exact(t, s); totals.Rows != 0 || totals.RolledUp != 0 {
		t.Errorf("%+v; want nothing left", totals)
	}
}

// A deletion by another writer that falls between the look for tombstones and the insert.
func TestADeletionDuringAWriteWins(t *testing.T) {
	s := open(t)
	w := startWriter(t, s)
	m := mention(1)
	if err := w.insert(t.Context(), newBlock(expand(nil, &m))); err != nil {
		t.Fatal(err)
	}
	if err := s.db.Exec(withIDs(t.Context(), []barometer.ID{{9}}), query("write_tombstones")); err != nil {
		t.Fatal(err)
	}
	if err := s.db.Exec(t.Context(), "INSERT INTO tombstones (id, organisation, hour) VALUES (unhex({id:String}), '', 0)", namedID(m.ID)); err != nil {
		t.Fatal(err)
	}
	late, err := w.tombstones(t.Context(), []barometer.ID{m.ID})
	if err != nil || !late[m.ID] {
		t.Fatalf("%v, %v", late, err)
	}
	if err := w.remove(t.Context(), []barometer.ID{m.ID}); err != nil {
		t.Fatal(err)
	}
	if totals := exact(t, s); totals.Rows != 0 {
		t.Errorf("%+v", totals)
	}
}

func TestAStoppedWriterSaysSo(t *testing.T) {
	s := open(t)
	w, err := NewWriter(s, WriterConfig{Linger: time.Minute}, nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	stored := make(chan error, 1)
	if err := w.Write(t.Context(), []barometer.Analysed{mention(1)}, func(err error) { stored <- err }); err != nil {
		t.Fatal(err)
	}
	cancel() // long before the batch is full or old
	if err := <-stored; err != nil {
		t.Errorf("what was accepted before the stop: %v; want it stored", err)
	}
	if err := <-ended; err != nil {
		t.Errorf("run: %v", err)
	}
	if rows := all(t, s, barometer.Filter{}); len(rows) != 1 {
		t.Errorf("%d rows", len(rows))
	}
	err = w.Write(t.Context(), []barometer.Analysed{mention(2)}, func(error) { t.Error("done was called") })
	if barometer.KindOf(err) != barometer.Unavailable {
		t.Errorf("write after the end: %v", err)
	}
	if err := w.Write(t.Context(), []barometer.Analysed{{}}, nil); barometer.KindOf(err) != barometer.Invalid {
		t.Errorf("a mention without anything: %v", err)
	}
}

func TestBrokenTablesStopTheWriter(t *testing.T) {
	s := open(t)
	w, err := NewWriter(s, WriterConfig{Linger: time.Millisecond}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.db.Exec(t.Context(), "ALTER TABLE mentions DROP COLUMN severity"); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- w.Run(t.Context()) }()
	stored := make(chan error, 1)
	if err := w.Write(t.Context(), []barometer.Analysed{mention(1)}, func(err error) { stored <- err }); err != nil {
		t.Fatal(err)
	}
	if err := <-stored; err == nil {
		t.Error("the mention counts as stored")
	}
	if err := <-ended; barometer.KindOf(err) != barometer.Internal {
		t.Errorf("run: %v", err)
	}
}

// The server is killed while batches are written; every mention whose write was done is there once.
func TestKillsOfTheServerLoseAndDoubleNothing(t *testing.T) {
	db := testkit.ClickHouse(t)
	s := openEmpty(t, db)
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	w := startWriter(t, s)
	roller, stopRoller := context.WithCancel(t.Context())
	rolled := make(chan error, 1)
	go func() { rolled <- NewRoller(s, nil).Run(roller) }()

	const batches, size, kills = 60, 200, 4
	var done atomic.Int64
	results := make(chan error, batches)
	killed := make(chan struct{})
	go func() {
		defer close(killed)
		for k := range int64(kills) {
			for done.Load() < (k+1)*batches/(kills+2) {
				time.Sleep(time.Millisecond)
			}
			if pid := db.Server.Pid(); pid != 0 {
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
		}
	}()
	for b := range batches {
		mentions := make([]barometer.Analysed, size)
		for i := range mentions {
			mentions[i] = mention(b*size + i)
			mentions[i].PublishedAt = monday.Add(time.Duration(b*size+i) * time.Minute)
		}
		if err := w.Write(t.Context(), mentions, func(err error) { done.Add(1); results <- err }); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Millisecond) // so that it takes several batches
	}
	for range batches {
		if err := <-results; err != nil {
			t.Fatal(err)
		}
	}
	<-killed
	stopRoller()
	if err := <-rolled; err != nil {
		t.Errorf("roller: %v", err)
	}
	for db.Server.Pid() == 0 || s.Ping(t.Context()) != nil {
		time.Sleep(10 * time.Millisecond)
	}
	if totals := exact(t, s); totals.Rows != batches*size {
		t.Errorf("%+v; want %d rows", totals, batches*size)
	}
}
