package app

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"barometer/internal/analyze"
	"barometer/internal/barometer"
	"barometer/internal/classify"
	"barometer/internal/service"
	"barometer/internal/store"
	"barometer/internal/stream"

	"github.com/prometheus/client_golang/prometheus"
)

// retryAfter is how long a delivery waits whose rows could not be stored.
const retryAfter = 2 * time.Second

// startAnalyze adds the analysis stage to the group: mentions are taken from the stream, analysed and stored; roll-ups
// are rebuilt by whichever process leads; observations of sources are stored.
func startAnalyze(c *Config, g *service.Group, s *stream.Stream, db *store.Store, p *analyze.Pipeline, log *slog.Logger, reg prometheus.Registerer) error {
	writer, err := store.NewWriter(db, c.Writer, log)
	if err != nil {
		return fmt.Errorf("writer: %w", err)
	}
	consumer, err := s.Consumer(c.Workers)
	if err != nil {
		return fmt.Errorf("workers: %w", err)
	}
	judges := &judges{pipeline: p, copies: analyze.NewCopies(copiesMemory)}
	if c.Classifier.Enabled() {
		judges.cascade = classify.NewCascade(c.Classifier, classify.NewClient(s, c.Classifier.Subject), reg, log)
	}
	g.Go("writer", writer.Run)
	g.Go("health", func(ctx context.Context) error {
		return s.RunHealth(ctx, db.WriteHealth)
	})
	roller := store.NewRoller(db, log)
	lease := s.Lease("rollups")
	g.Go("roll-ups", func(ctx context.Context) error {
		return lease.Run(ctx, func(ctx context.Context, _ uint64) error { return roller.Run(ctx) })
	})
	g.Go("analysis", func(ctx context.Context) error {
		return consumer.Run(ctx, func(ctx context.Context, d *stream.Delivery) {
			deliver(ctx, judges, writer, d, log)
		})
	})
	return nil
}

// deliver analyses one message and hands it to the writer. It is acknowledged when its rows are durable, and given back
// when they are not.
func deliver(ctx context.Context, j *judges, w *store.Writer, d *stream.Delivery, log *slog.Logger) {
	settle := func(err error) {
		if err == nil {
			err = d.Ack()
		} else {
			err = d.Retry(retryAfter)
		}
		if err != nil { // it comes again by itself
			log.Warn("delivery not settled", "mentions", len(d.Mentions), "error", err)
		}
	}
	if err := w.Write(ctx, j.judge(ctx, d.Mentions), settle); err != nil {
		settle(err)
	}
}

// judges are all that have a say in an analysis: the pipeline, a plug-in where one is configured, and the memory of
// recent texts that near copies are recognised by. That memory is of this process; exact copies have the same group in
// every process, because the group of a text alone is a function of the text.
type judges struct {
	pipeline *analyze.Pipeline
	cascade  *classify.Cascade // nil without a plug-in

	mu     sync.Mutex
	copies *analyze.Copies
}

func (j *judges) judge(ctx context.Context, mentions []barometer.Mention) []barometer.Analysed {
	rows := analyzeAll(j.pipeline, mentions)
	if j.cascade != nil {
		j.cascade.Apply(ctx, rows)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	for i := range rows {
		if !rows[i].Deleted {
			regroup(j.copies, &rows[i])
		}
	}
	return rows
}

func analyzeAll(p *analyze.Pipeline, mentions []barometer.Mention) []barometer.Analysed {
	out := make([]barometer.Analysed, len(mentions))
	worker := p.NewWorker()
	for i := range mentions {
		m := &mentions[i]
		out[i].Mention = *m
		if !m.Deleted {
			worker.Analyze(inputOf(m), &out[i].Analysis)
		}
	}
	return out
}
