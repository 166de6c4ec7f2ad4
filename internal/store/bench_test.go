package store

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"barometer/internal/barometer"
)

var (
	benchEnd  = time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	benchSpan = 2 * 365 * 24 * time.Hour
)

// generator makes rows whose sizes and distributions are those of social posts: a text of 106 bytes in the mean, drawn
// word by word from a vocabulary with the frequencies of a language, three languages, five organisations of unequal size
// over two years, in the order in which they are heard. Every term has its weight, as models have it. Every tenth post is
// a copy of one of the last texts that are copied: ten times in the mean, within days.
type generator struct {
	rng   *rand.Rand
	group [64]uint64 // copy groups that are spreading
	words []string
	draw  *rand.Zipf
	terms *rand.Zipf
	n     uint64
	from  time.Time
	step  time.Duration // between two posts
}

func newGenerator(seed uint64, rows int) *generator {
	rng := rand.New(rand.NewPCG(seed, 1))
	syllables := strings.Fields("an be ca de en fo gr hu in ka lo mi nu or pa qui re sta to un ver wa zu sch ein ung heit lla sta inen")
	g := &generator{rng: rng, from: benchEnd.Add(-benchSpan), step: benchSpan / time.Duration(rows)}
	for range 40_000 {
		var word strings.Builder
		for range 1 + rng.IntN(4) {
			word.WriteString(syllables[rng.IntN(len(syllables))])
		}
		g.words = append(g.words, word.String())
	}
	g.draw = rand.NewZipf(rng, 1.07, 4, uint64(len(g.words)-1))
	g.terms = rand.NewZipf(rng, 1.1, 8, 2999)
	return g
}

func (g *generator) reasons(most int) []barometer.Reason {
	reasons := make([]barometer.Reason, g.rng.IntN(most+1))
	for i := range reasons {
		n := g.terms.Uint64()
		reasons[i] = barometer.Reason{Term: g.words[n], Weight: float32(int(n*2654435761%300)-100) / 100}
	}
	return reasons
}

func (g *generator) next() barometer.Analysed {
	r := g.rng
	g.n++
	var text strings.Builder
	for want := 40 + r.IntN(132); text.Len() < want; {
		text.WriteString(g.words[g.draw.Uint64()])
		text.WriteByte(' ')
	}
	var id barometer.ID
	binary.BigEndian.PutUint64(id[:], r.Uint64())
	binary.BigEndian.PutUint64(id[8:], r.Uint64())
	published := g.from.Add(time.Duration(g.n-1)*g.step - time.Duration(r.ExpFloat64()*float64(time.Hour))) // heard late
	negative := r.Float32()
	a := barometer.Analysed{
		Mention: barometer.Mention{
			ID: id, Source: "source-" + strconv.Itoa(r.IntN(12)), Kind: "feed", Site: fmt.Sprintf("site-%d.example", r.IntN(500)),
			URL: fmt.Sprintf("https://site.example/status/%d", 1_000_000_000+g.n*977), Text: text.String(), Lang: "en",
			Author: barometer.Pseudonym(r.Uint64N(1_000_000) * 0x9e3779b97f4a7c15), PublishedAt: published,
			DateQuality: barometer.DateExact, SeenAt: published.Add(time.Duration(r.IntN(60_000)) * time.Millisecond),
			Matches: []barometer.Match{{
				Organisation: "trust-" + strconv.Itoa(min(r.IntN(10), 4)), Hits: []barometer.Hit{{Term: "trust", Start: r.IntN(60), End: 70}},
			}},
		},
		Analysis: barometer.Analysis{
			Lang: []string{"en", "en", "en", "de", "fi"}[r.IntN(5)], LangConfidence: float32(90+r.IntN(10)) / 100,
			Sentiment: barometer.Sentiment{
				Label: []string{"negative", "negative", "neutral", "positive", "uncertain"}[r.IntN(5)], Negative: negative,
				Positive: (1 - negative) * r.Float32(), Reasons: g.reasons(5),
			},
			Severity: uint8(max(r.IntN(12)-6, 0)), Abuse: barometer.Abuse{Probability: float32(r.IntN(100)) / 1000, Target: "none"},
			CopyGroup: r.Uint64(), Pipeline: "2026.1",
		},
	}
	if r.IntN(10) == 0 {
		group := &g.group[r.IntN(len(g.group))]
		if *group == 0 || r.IntN(10) == 0 {
			*group = a.CopyGroup
		}
		a.CopyGroup = *group
	}
	for range max(r.IntN(4)-1, 0) {
		framework := "Access to care"
		a.Concerns = append(a.Concerns, barometer.ConcernTag{
			ID: "concern-" + strconv.Itoa(min(r.IntN(35), r.IntN(35))), Framework: &framework, Probability: r.Float32(), Reasons: g.reasons(2),
		})
	}
	return a
}

// BenchmarkStore fills a store and asks it what the dashboard asks, one caller at a time. It says how many rows a second
// the whole way through a Writer takes (building the rows included), what a row costs on disk with its indexes and
// roll-ups, and the 95th percentile of every question. BAROMETER_BENCH_ROWS sets the number of rows: 10 million take
// some minutes. The tables are shown with -v.
func BenchmarkStore(b *testing.B) {
	rows := 200_000
	if n, err := strconv.Atoi(os.Getenv("BAROMETER_BENCH_ROWS")); err == nil {
		rows = n
	}
	s := open(b)
	began := time.Now()
	sample := fill(b, s, rows)
	rate := float64(rows) / time.Since(began).Seconds()
	began = time.Now()
	if err := NewRoller(s, nil).Catchup(b.Context()); err != nil {
		b.Fatal(inFull(err))
	}
	b.Logf("roll-ups of %d rows: %v", rows, time.Since(began).Round(time.Millisecond))
	settle(b, s)
	size := reportDisk(b, s, rows)
	for b.Loop() {
		ask(b, s, sample)
	}
	b.ReportMetric(rate, "rows/s")
	b.ReportMetric(size, "B/row")
}

func fill(b *testing.B, s *Store, rows int) barometer.Analysed {
	g := newGenerator(1, rows)
	w := startWriter(b, s)
	results := make(chan error, rows/1000+1)
	var sample barometer.Analysed
	sent := 0
	for left := rows; left > 0; {
		mentions := make([]barometer.Analysed, min(1000, left))
		for i := range mentions {
			mentions[i] = g.next()
		}
		sample = mentions[0]
		left -= len(mentions)
		if err := w.Write(b.Context(), mentions, func(err error) { results <- err }); err != nil {
			b.Fatal(err)
		}
		sent++
	}
	for range sent {
		if err := <-results; err != nil {
			b.Fatal(err)
		}
	}
	return sample
}

// settle waits until the server has merged what it wants to merge.
func settle(b *testing.B, s *Store) {
	last, since := uint64(0), time.Now()
	for time.Since(since) < 10*time.Second {
		var parts uint64
		if err := s.db.QueryRow(b.Context(), "SELECT count() FROM system.parts WHERE active AND database = currentDatabase()").Scan(&parts); err != nil {
			b.Fatal(err)
		}
		if parts != last {
			last, since = parts, time.Now()
		}
		time.Sleep(200 * time.Millisecond)
	}
	b.Logf("%d parts", last)
}

func reportDisk(b *testing.B, s *Store, rows int) float64 {
	totals, err := s.Verify(b.Context())
	if err != nil {
		b.Fatal(inFull(err))
	}
	if !totals.Exact() || totals.Rows != uint64(rows) {
		b.Errorf("%+v", totals)
	}
	found, err := s.db.Query(b.Context(), `SELECT name, bytes FROM (
		SELECT column AS name, sum(column_data_compressed_bytes + column_marks_bytes) AS bytes FROM system.parts_columns
		WHERE active AND database = currentDatabase() AND table = 'mentions' GROUP BY column
		UNION ALL SELECT 'index ' || name, data_compressed_bytes FROM system.data_skipping_indices WHERE database = currentDatabase()
		UNION ALL SELECT 'table ' || table, sum(bytes_on_disk) FROM system.parts WHERE active AND database = currentDatabase() GROUP BY table
		) ORDER BY bytes DESC LIMIT 30`)
	if err != nil {
		b.Fatal(err)
	}
	defer found.Close() //nolint:errcheck
	var table strings.Builder
	for found.Next() {
		var name string
		var bytes uint64
		if err := found.Scan(&name, &bytes); err != nil {
			b.Fatal(err)
		}
		fmt.Fprintf(&table, "\n%-24s %6.2f B/row", name, float64(bytes)/float64(rows))
	}
	b.Log(table.String())
	return float64(totals.DiskBytes) / float64(rows)
}

func ask(b *testing.B, s *Store, sample barometer.Analysed) {
	var read atomic.Uint64
	ctx := clickhouse.Context(b.Context(), clickhouse.WithProgress(func(p *clickhouse.Progress) { read.Add(p.Rows) }))
	end := benchEnd
	organisation := "trust-4" // 60 in 100 mentions are its
	last := func(days int) barometer.Filter {
		return barometer.Filter{Organisation: organisation, From: end.AddDate(0, 0, -days), To: end}
	}
	with := func(f barometer.Filter, change func(*barometer.Filter)) barometer.Filter { change(&f); return f }
	list := func(f barometer.Filter) func() error {
		return func() error { _, _, err := s.Mentions(ctx, f, barometer.Page{Limit: 50}); return err }
	}
	series := func(f barometer.Filter, by, step string) func() error {
		return func() error {
			_, err := s.Series(ctx, barometer.SeriesRequest{Filter: f, By: by, Step: step, TimeZone: "Europe/London"})
			return err
		}
	}
	words := strings.Fields(sample.Text)
	questions := []struct {
		name string
		ask  func() error
	}{
		{"mentions-newest", list(last(90))},
		{"mentions-unbounded", list(barometer.Filter{Organisation: organisation})},
		{"mentions-filtered", list(with(last(90), func(f *barometer.Filter) { f.Sentiments, f.Concerns = []string{"negative"}, []string{"concern-3"} }))},
		{"mentions-severe", list(with(last(90), func(f *barometer.Filter) { f.MinSeverity = 5 }))},
		{"mentions-brief", list(with(last(7), func(f *barometer.Filter) { f.MinSeverity, f.FirstOfCopy = 4, true }))},
		{"mentions-first-copies", list(with(last(90), func(f *barometer.Filter) { f.FirstOfCopy = true }))},
		{"mentions-one-group", list(barometer.Filter{Organisation: organisation, CopyGroup: sample.CopyGroup})},
		{"search-common", list(with(last(730), func(f *barometer.Filter) { f.Text = words[0] }))},
		{"search-three-words", list(with(last(730), func(f *barometer.Filter) { f.Text = strings.Join(words[:min(3, len(words))], " ") }))},
		{"search-nothing", list(with(last(730), func(f *barometer.Filter) { f.Text = "xyzzy" }))},
		{"mention", func() error { _, err := s.Mention(ctx, sample.Matches[0].Organisation, sample.ID); return err }},
		{"since", func() error { _, err := s.Since(ctx, organisation, time.Now(), 500); return err }},
		{"series-day-sentiment", series(last(90), barometer.BySentiment, barometer.StepDay)},
		{"series-day-concern", series(last(90), barometer.ByConcern, barometer.StepDay)},
		{"series-hour-week", series(last(7), "", barometer.StepHour)},
		{"series-week-2-years", series(last(730), barometer.ByConcern, barometer.StepWeek)},
		{"series-rows-site", series(with(last(90), func(f *barometer.Filter) { f.Sites = []string{"site-7.example"} }), "", barometer.StepDay)},
		{"sources", func() error { _, err := s.Sources(ctx); return err }},
	}
	var table strings.Builder
	for _, q := range questions {
		var took []time.Duration
		read.Store(0)
		for range 30 {
			began := time.Now()
			if err := q.ask(); err != nil {
				b.Fatalf("%s: %v", q.name, inFull(err))
			}
			took = append(took, time.Since(began))
		}
		slices.Sort(took)
		fmt.Fprintf(&table, "\n%-22s p50 %6.1f ms, p95 %6.1f ms, %9d rows read", q.name,
			took[15].Seconds()*1000, took[28].Seconds()*1000, read.Load()/30)
	}
	b.Log(table.String())
}
