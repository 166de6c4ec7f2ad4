package classify

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"barometer/internal/barometer"
)

// Classifier judges posts; *Client is the real one. It returns as many judgements as docs or an error, and gives up when
// the context ends.
type Classifier interface {
	Classify(ctx context.Context, docs []Doc) (Reply, error)
}

// leastSure is the probability that the best class needs for the label to be more than "uncertain".
const leastSure = 0.4

// Cascade lets a classifier judge the posts that the configuration chooses. It is safe for concurrent use.
type Cascade struct {
	config     Config
	classifier Classifier
	log        *slog.Logger
	metrics    *metrics

	mu      sync.Mutex
	credit  float64 // posts that may be asked about now
	breaker breaker
}

// NewCascade returns a cascade of a valid, enabled configuration. Its metrics go to reg, unless that is nil.
func NewCascade(c Config, classifier Classifier, reg prometheus.Registerer, log *slog.Logger) *Cascade {
	return &Cascade{config: c.withDefaults(), classifier: classifier, log: log, metrics: newMetrics(reg)}
}

// Apply asks about the rows that are worth it and writes the answers over their sentiment. Where there is no answer, for
// whatever reason, the row stays as it was. It takes at most the configured timeout.
func (c *Cascade) Apply(ctx context.Context, rows []barometer.Analysed) {
	chosen := c.choose(rows)
	if len(chosen) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, c.config.Timeout)
	defer cancel()
	until, _ := ctx.Deadline()
	for len(chosen) > 0 {
		n := min(len(chosen), c.config.Batch)
		start := time.Now()
		if !c.ask(ctx, rows, chosen[:n]) {
			return
		}
		chosen = chosen[n:]
		if time.Until(until) < time.Since(start) { // the next one would not be answered either
			c.metrics.posts.WithLabelValues("late").Add(float64(len(chosen)))
			return
		}
	}
}

// choose returns the indices of the rows to ask about, the least sure first, and pays for them.
func (c *Cascade) choose(rows []barometer.Analysed) []int {
	var chosen []int
	posts := 0
	for i := range rows {
		r := &rows[i]
		if r.Deleted {
			continue
		}
		posts++
		if c.config.Mode == ModeAll || r.Sentiment.Label == barometer.Uncertain || float64(best(&r.Sentiment)) < c.config.Below {
			chosen = append(chosen, i)
		}
	}
	slices.SortStableFunc(chosen, func(a, b int) int { return cmp.Compare(best(&rows[a].Sentiment), best(&rows[b].Sentiment)) })

	c.mu.Lock()
	// What a quiet time leaves over is kept for two requests, so that posts that come one by one are asked about too.
	c.credit = min(c.credit+c.config.Share*float64(posts), max(c.config.Share*float64(posts), float64(2*c.config.Batch)))
	affordable := min(len(chosen), int(c.credit+1e-9))
	c.credit -= float64(affordable)
	c.mu.Unlock()
	c.metrics.posts.WithLabelValues("over_share").Add(float64(len(chosen) - affordable))
	return chosen[:affordable]
}

// ask has one request answered. It says whether it is worth going on.
func (c *Cascade) ask(ctx context.Context, rows []barometer.Analysed, chosen []int) bool {
	c.mu.Lock()
	allowed := c.breaker.allow(time.Now())
	c.mu.Unlock()
	if !allowed {
		c.metrics.posts.WithLabelValues("paused").Add(float64(len(chosen)))
		return false
	}
	docs := make([]Doc, len(chosen))
	for i, at := range chosen {
		r := &rows[at]
		docs[i] = Doc{Title: r.Title, Text: r.Text, Lang: r.Analysis.Lang}
	}
	start := time.Now()
	reply, err := c.classifier.Classify(ctx, docs)
	c.metrics.seconds.Observe(time.Since(start).Seconds())

	c.mu.Lock()
	resumed, pause := false, time.Duration(0)
	switch {
	case err == nil:
		resumed = c.breaker.succeed()
	case errors.Is(ctx.Err(), context.Canceled): // we are stopping: that says nothing about the plug-in
		c.breaker.abandon()
	default:
		pause = c.breaker.fail(time.Now())
	}
	c.mu.Unlock()
	switch {
	case err != nil:
		c.metrics.posts.WithLabelValues("failed").Add(float64(len(chosen)))
		if pause > 0 {
			c.log.Warn("classifier is not asked for a while, the built-in judgement stands", "pause", pause, "error", err)
		}
		return false
	case resumed:
		c.log.Info("classifier answers again", "model", reply.Model, "version", reply.Version)
	}
	for i, at := range chosen {
		if overwrite(&rows[at].Analysis, reply.Dists[i], reply.Model, reply.Version) {
			c.metrics.changed.Inc()
		}
	}
	c.metrics.posts.WithLabelValues("answered").Add(float64(len(chosen)))
	return true
}

// overwrite puts the classifier's judgement in place of ours and says whether the label changed. The one reason given is
// the model itself, with what it added to the log-odds of the likeliest class: the terms that moved the built-in model
// are no reasons for what another one says.
func overwrite(a *barometer.Analysis, d Dist, model, version string) bool {
	before := [3]float32{a.Sentiment.Negative, a.Sentiment.Neutral, a.Sentiment.Positive}
	after := [3]float32{d.Negative, d.Neutral, d.Positive}
	labels := [3]string{barometer.Negative, barometer.Neutral, barometer.Positive}
	top := slices.Index(after[:], max(after[0], after[1], after[2]))
	label := labels[top]
	if after[top] < leastSure {
		label = barometer.Uncertain
	}
	changed := label != a.Sentiment.Label
	a.Sentiment = barometer.Sentiment{
		Label: label, Negative: after[0], Neutral: after[1], Positive: after[2], Score: after[2] - after[0],
		Reasons: []barometer.Reason{{Term: "[" + model + "]", Weight: logOdds(after[top]) - logOdds(before[top])}},
	}
	a.Pipeline += "+" + model + "@" + version
	return changed
}

func best(s *barometer.Sentiment) float32 { return max(s.Negative, s.Neutral, s.Positive) }

// logOdds of a probability, bounded so that certainty stays a number.
func logOdds(p float32) float32 {
	const least = 1e-4
	q := min(max(float64(p), least), 1-least)
	return float32(math.Log(q / (1 - q)))
}
