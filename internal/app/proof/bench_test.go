package proof

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"barometer/internal/barometer"
	"barometer/internal/store"
	"barometer/internal/stream"
	"barometer/internal/testkit"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// transport is the way of a mention with the gate and the analysis left out: publisher, JetStream, consumer, writer,
// ClickHouse, and the roll-ups beside it. What a message becomes is decided by the same calls as in the product.
type transport struct {
	publisher *stream.Publisher
	stored    chan int // mentions acknowledged, a delivery at a time
	conn      driver.Conn
	engine    int // process of ClickHouse; everything else runs in this one
}

// newTransport starts everything in this process but ClickHouse. It ends with the benchmark.
func newTransport(b *testing.B) *transport {
	b.Helper()
	log := slog.New(slog.DiscardHandler)
	config := testkit.NATS(b)
	config.MaxBytes = 2 << 30
	s, err := stream.Open(b.Context(), config, log, nil)
	if err != nil {
		b.Fatal(err)
	}
	at := testkit.ClickHouse(b)
	db, err := store.Open(store.Config{Addr: at.Addr, User: at.User, Password: at.Password, Database: at.Name})
	if err != nil {
		b.Fatal(err)
	}
	if err := db.Migrate(b.Context()); err != nil {
		b.Fatal(err)
	}
	writer, err := store.NewWriter(db, store.WriterConfig{}, log)
	if err != nil {
		b.Fatal(err)
	}
	consumer, err := s.Consumer(stream.ConsumerConfig{})
	if err != nil {
		b.Fatal(err)
	}
	t := &transport{publisher: s.Publisher(), stored: make(chan int, 4096), conn: at.Dial(b, at.Name), engine: at.Server.Pid()}
	ctx, stop := context.WithCancel(context.Background())
	var parts sync.WaitGroup
	parts.Go(func() {
		_ = consumer.Run(ctx, func(ctx context.Context, d *stream.Delivery) { t.pass(ctx, b, writer, d) })
	})
	parts.Go(func() {
		if err := writer.Run(ctx); err != nil {
			b.Errorf("writer: %v", err)
		}
	})
	parts.Go(func() {
		if err := store.NewRoller(db, log).Run(ctx); err != nil {
			b.Errorf("roll-ups: %v", err)
		}
	})
	b.Cleanup(func() {
		stop()
		parts.Wait()
		_ = s.Close()
		_ = db.Close()
	})
	return t
}

// pass stores a delivery with a judgement that costs nothing.
func (t *transport) pass(ctx context.Context, b *testing.B, w *store.Writer, d *stream.Delivery) {
	rows := make([]barometer.Analysed, len(d.Mentions))
	for i := range d.Mentions {
		rows[i] = barometer.Analysed{Mention: d.Mentions[i], Analysis: barometer.Analysis{Lang: "en", LangConfidence: 1,
			Sentiment: barometer.Sentiment{Label: barometer.Neutral, Neutral: 1}, Abuse: barometer.Abuse{Target: barometer.TargetNone}, Pipeline: "none"}}
	}
	err := w.Write(ctx, rows, func(err error) {
		if err == nil {
			err = d.Ack()
		}
		if err != nil {
			b.Errorf("store: %v", err)
		}
		t.stored <- len(rows)
	})
	if err != nil && ctx.Err() == nil {
		b.Errorf("write: %v", err)
	}
}

// benchMentions makes mentions of five trusts, of the size of social posts, dated evenly over the days before now.
func benchMentions(run string, from, n, days int) []barometer.Mention {
	now := time.Now().UTC().Truncate(time.Second)
	out := make([]barometer.Mention, n)
	for i := range out {
		k := from + i
		trust := trusts[k%len(trusts)]
		out[i] = barometer.Mention{ID: barometer.DeriveID(run, strconv.Itoa(k)), Source: "source-" + strconv.Itoa(k%12), Kind: "feed",
			URL: "https://talk.example/posts/" + strconv.Itoa(k), Site: "talk.example", Author: barometer.Pseudonym(k%40_000 + 1),
			Text: fmt.Sprintf("Waited %d hours at %s with my dad and nobody told us anything, not even when it would be our turn.", k%97, trust),
			Lang: "en", PublishedAt: now.Add(-time.Duration(k*7919%(days*24*3600)) * time.Second), DateQuality: barometer.DateExact, SeenAt: now,
			Matches: []barometer.Match{{Organisation: trust, Hits: []barometer.Hit{{Term: trust, Start: 16, End: 16 + len(trust)}}}}}
	}
	return out
}

// BenchmarkTransport isolates stream and store: how many mentions a second go from Publish to an acknowledged, durable
// row when nothing is analysed. Four publishers send 500 at a time, as archives do. "live" is dated in the last day;
// "history" is spread over 60 days, so that nearly all roll-ups are rebuilt all the time. The processor time of everything
// together, ClickHouse and fsync included, says what a machine without other work would do.
func BenchmarkTransport(b *testing.B) {
	b.Run("live", func(b *testing.B) { benchTransport(b, 1) })
	b.Run("history", func(b *testing.B) { benchTransport(b, 60) })
}

func benchTransport(b *testing.B, days int) {
	const publishers, batch, batches = 4, 500, 100
	t := newTransport(b)
	b.ReportAllocs()
	round := 0
	for b.Loop() {
		round++
		began, used := time.Now(), processorTime(b, os.Getpid())+processorTime(b, t.engine)
		var sending sync.WaitGroup
		var sent atomic.Int64 // nanoseconds until the last publisher was done
		for p := range publishers {
			sending.Go(func() {
				defer func() { sent.Store(int64(time.Since(began))) }()
				for n := range batches {
					mentions := benchMentions(fmt.Sprintf("%d-%d", round, p), n*batch, batch, days)
					if err := t.publisher.Publish(b.Context(), mentions); err != nil {
						b.Errorf("publish: %v", err)
						return
					}
				}
			})
		}
		for left := publishers * batch * batches; left > 0 && !b.Failed(); {
			left -= <-t.stored
		}
		sending.Wait()
		used = processorTime(b, os.Getpid()) + processorTime(b, t.engine) - used
		b.ReportMetric(publishers*batch*batches/time.Since(began).Seconds(), "mentions/s")
		b.ReportMetric(publishers*batch*batches/time.Duration(sent.Load()).Seconds(), "published/s")
		b.ReportMetric(used.Seconds()*1e6/(publishers*batch*batches), "cpu-us/mention")
	}
}

// BenchmarkLatency says how long a mention takes from Publish until a query finds it, at a steady 2,000 mentions a
// second with nothing analysed. One probe in each 200 mentions is looked for every 20 ms.
func BenchmarkLatency(b *testing.B) {
	const rate, batch, probes = 2000, 200, 300
	t := newTransport(b)
	go func() {
		for range t.stored { //nolint:revive // only emptied
		}
	}()
	round := 0
	for b.Loop() {
		round++
		sent := make([]time.Time, probes)
		took := make([]time.Duration, 0, probes)
		var mu sync.Mutex
		var publishing sync.WaitGroup
		publishing.Go(func() {
			tick := time.NewTicker(time.Second * batch / rate)
			defer tick.Stop()
			for n := range probes {
				<-tick.C
				mentions := benchMentions("latency"+strconv.Itoa(round), n*batch, batch, 1)
				mentions[0].Matches = []barometer.Match{{Organisation: "probe-" + strconv.Itoa(round)}}
				mentions[0].Site = strconv.Itoa(n)
				mu.Lock()
				sent[n] = time.Now()
				mu.Unlock()
				if err := t.publisher.Publish(b.Context(), mentions); err != nil {
					b.Errorf("publish: %v", err)
				}
			}
		})
		seen := map[string]bool{}
		for deadline := time.Now().Add(3 * time.Minute); len(took) < probes; time.Sleep(20 * time.Millisecond) {
			if time.Now().After(deadline) {
				b.Fatalf("only %d of %d probes were found", len(took), probes)
			}
			for _, site := range t.probes(b, "probe-"+strconv.Itoa(round)) {
				if seen[site] {
					continue
				}
				seen[site] = true
				n, err := strconv.Atoi(site)
				if err != nil {
					b.Fatal(err)
				}
				mu.Lock()
				took = append(took, time.Since(sent[n]))
				mu.Unlock()
			}
		}
		publishing.Wait()
		slices.Sort(took)
		b.ReportMetric(took[probes/2].Seconds()*1000, "p50-ms")
		b.ReportMetric(took[probes*99/100].Seconds()*1000, "p99-ms")
		b.ReportMetric(rate, "mentions/s")
	}
}

func (t *transport) probes(b *testing.B, organisation string) []string {
	b.Helper()
	rows, err := t.conn.Query(b.Context(), "SELECT site FROM mentions WHERE organisation = ?", organisation)
	if err != nil {
		b.Fatal(err)
	}
	defer rows.Close() //nolint:errcheck // read to the end
	var sites []string
	for rows.Next() {
		var site string
		if err := rows.Scan(&site); err != nil {
			b.Fatal(err)
		}
		sites = append(sites, site)
	}
	return sites
}

// BenchmarkIdle runs the demonstration, waits until its history is stored and half a minute more, and says how much
// memory the whole system holds: the process and the ClickHouse that it hosts.
func BenchmarkIdle(b *testing.B) {
	dir := b.TempDir()
	state, address := filepath.Join(dir, "state"), freeAddress(b)
	p := start(b, dir, "run", "run", "--data", state, "--listen", address)
	eventually(b, time.Minute, "the API answers", func() error { return reachable("http://" + address + "/readyz") })
	db, _ := warehouse(b, state)
	last := uint64(0)
	eventually(b, 2*time.Minute, "the history is stored", func() error {
		totals, err := db.Verify(b.Context())
		if err != nil {
			return err
		}
		if grown := totals.Rows != last || totals.Rows < 10_000; grown {
			last = totals.Rows
			time.Sleep(2 * time.Second)
			return fmt.Errorf("%d rows and growing", last)
		}
		return nil
	})
	for b.Loop() {
		time.Sleep(30 * time.Second)
		process, engine := residentMiB(b, p.cmd.Process.Pid), residentMiB(b, childOf(p.cmd.Process.Pid))
		b.ReportMetric(process, "process-MiB")
		b.ReportMetric(engine, "clickhouse-MiB")
		b.ReportMetric(process+engine, "MiB")
	}
	b.ReportMetric(p.stop(b, syscall.SIGINT).Seconds(), "stop-s")
}
