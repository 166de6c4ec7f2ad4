package classify

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"barometer/internal/barometer"
)

// answers is a Classifier that is a function.
type answers func(ctx context.Context, docs []Doc) (Reply, error)

func (f answers) Classify(ctx context.Context, docs []Doc) (Reply, error) { return f(ctx, docs) }

// negative finds everything negative.
func negative(_ context.Context, docs []Doc) (Reply, error) {
	return Reply{Model: "clinic", Version: "v1", Dists: slices.Repeat([]Dist{{0.8, 0.15, 0.05}}, len(docs))}, nil
}

// row is a post that the built-in model finds positive with probability p.
func row(p float32) barometer.Analysed {
	rest := (1 - p) / 2
	return barometer.Analysed{
		Mention: barometer.Mention{Text: "a post"},
		Analysis: barometer.Analysis{Lang: "en", Pipeline: "abc", Sentiment: barometer.Sentiment{
			Label: barometer.Positive, Negative: rest, Neutral: rest, Positive: p, Score: p - rest,
			Reasons: []barometer.Reason{{Term: "lovely", Weight: 1}},
		}},
	}
}

func newCascade(c Config, f answers) *Cascade {
	c.Subject = "test"
	return NewCascade(c, f, nil, slog.New(slog.DiscardHandler))
}

// counted returns how many posts the cascade counted with an outcome.
func counted(t *testing.T, c *Cascade, outcome string) float64 {
	t.Helper()
	reg := prometheus.NewRegistry()
	reg.MustRegister(c.metrics.posts)
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if m.GetLabel()[0].GetValue() == outcome {
				return m.GetCounter().GetValue()
			}
		}
	}
	return 0
}

// asked returns which rows the plug-in judged.
func asked(rows []barometer.Analysed) (at []int) {
	for i := range rows {
		if strings.HasSuffix(rows[i].Pipeline, "+clinic@v1") {
			at = append(at, i)
		}
	}
	return at
}

func TestOnlyUnsurePostsAreAskedAbout(t *testing.T) {
	rows := []barometer.Analysed{row(0.9), row(0.5), row(0.61), row(0.59), row(0.9), {}}
	rows[4].Sentiment.Label = barometer.Uncertain // unsure for a reason of its own
	rows[5].Deleted = true
	newCascade(Config{Share: 1}, negative).Apply(t.Context(), rows)
	if got := asked(rows); !slices.Equal(got, []int{1, 3, 4}) {
		t.Errorf("asked about %v, want 1, 3 and 4", got)
	}
	newCascade(Config{Mode: ModeAll}, negative).Apply(t.Context(), rows)
	if rows[0].Pipeline != "abc+clinic@v1" || rows[5].Pipeline != "" {
		t.Errorf("in mode all: pipelines %q and, of a deleted one, %q", rows[0].Pipeline, rows[5].Pipeline)
	}
}

func TestAnAnswerReplacesTheJudgementAndSaysWhose(t *testing.T) {
	rows := []barometer.Analysed{row(0.5)}
	newCascade(Config{Share: 1}, negative).Apply(t.Context(), rows)
	s := rows[0].Sentiment
	if s.Label != barometer.Negative || s.Negative != 0.8 || s.Neutral != 0.15 || s.Positive != 0.05 || math.Abs(float64(s.Score)+0.75) > 1e-6 {
		t.Errorf("sentiment %+v", s)
	}
	// From 0.25 to 0.8: log(0.8/0.2) - log(0.25/0.75) = 2.485.
	if len(s.Reasons) != 1 || s.Reasons[0].Term != "[clinic]" || math.Abs(float64(s.Reasons[0].Weight)-2.485) > 0.001 {
		t.Errorf("reasons %+v", s.Reasons)
	}
	if rows[0].Analysis.Lang != "en" {
		t.Error("the rest of the analysis changed")
	}
}

func TestAnUnsureAnswerIsUncertain(t *testing.T) {
	rows := []barometer.Analysed{row(0.5)}
	newCascade(Config{Share: 1}, func(context.Context, []Doc) (Reply, error) {
		return Reply{Model: "clinic", Version: "v1", Dists: []Dist{{0.34, 0.33, 0.33}}}, nil
	}).Apply(t.Context(), rows)
	if got := rows[0].Sentiment.Label; got != barometer.Uncertain {
		t.Errorf("label %s, want uncertain", got)
	}
}

func TestTheShareIsKeptWhateverTheSizeOfBatches(t *testing.T) {
	for _, size := range []int{1, 7, 200} {
		c := newCascade(Config{Share: 0.2}, negative)
		posts, judged := 0, 0
		for posts < 10_000 {
			rows := make([]barometer.Analysed, size)
			for i := range rows {
				rows[i] = row(0.5)
			}
			c.Apply(t.Context(), rows)
			posts += size
			judged += len(asked(rows))
		}
		if share := float64(judged) / float64(posts); share > 0.2 || share < 0.195 {
			t.Errorf("batches of %d: %.3f of the posts were asked about, want 0.2", size, share)
		}
	}
}

func TestTheLeastSureComeFirst(t *testing.T) {
	var rows []barometer.Analysed
	for i := range 10 {
		rows = append(rows, row(0.59-float32(i)/100))
	}
	newCascade(Config{Share: 0.3}, negative).Apply(t.Context(), rows)
	if got := asked(rows); !slices.Equal(got, []int{7, 8, 9}) {
		t.Errorf("asked about %v, want the three least sure: 7, 8 and 9", got)
	}
}

func TestASlowPlugInCostsTheTimeoutAndNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		requests := 0
		c := newCascade(Config{Mode: ModeAll, Batch: 10, Timeout: 2 * time.Second}, func(ctx context.Context, docs []Doc) (Reply, error) {
			requests++
			select {
			case <-time.After(900 * time.Millisecond):
				return negative(ctx, docs)
			case <-ctx.Done():
				return Reply{}, ctx.Err()
			}
		})
		rows := slices.Repeat([]barometer.Analysed{row(0.5)}, 50)
		start := time.Now()
		c.Apply(t.Context(), rows)
		if took := time.Since(start); took != 1800*time.Millisecond || requests != 2 || len(asked(rows)) != 20 {
			t.Errorf("%s, %d requests, %d rows judged; want 1.8s, 2, 20: a third would not be answered in time", took, requests, len(asked(rows)))
		}
		if late := counted(t, c, "late"); late != 30 {
			t.Errorf("%g posts counted as late, want 30", late)
		}
	})
}

func TestADeadPlugInIsLeftAloneAndFoundAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		requests, broken := 0, true
		c := newCascade(Config{Mode: ModeAll}, func(ctx context.Context, docs []Doc) (Reply, error) {
			requests++
			if broken {
				return Reply{}, errors.New("gone")
			}
			return negative(ctx, docs)
		})
		apply := func() []barometer.Analysed {
			rows := []barometer.Analysed{row(0.5)}
			c.Apply(t.Context(), rows)
			return rows
		}
		for range 60 { // a minute: three failures, then after 5, 10 and 20 seconds; the next would be after 40
			if len(asked(apply())) != 0 {
				t.Fatal("judged by a dead plug-in")
			}
			time.Sleep(time.Second)
		}
		if requests != 6 {
			t.Errorf("%d requests in a minute, want 6", requests)
		}
		broken = false
		time.Sleep(longestPause)
		for range 2 {
			if len(asked(apply())) != 1 {
				t.Error("the plug-in came back and is not asked")
			}
		}
	})
}

func TestStoppingSaysNothingAboutThePlugIn(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c := newCascade(Config{Mode: ModeAll}, func(ctx context.Context, _ []Doc) (Reply, error) { return Reply{}, ctx.Err() })
	for range 2 * failuresToPause {
		c.Apply(ctx, []barometer.Analysed{row(0.5)})
	}
	if !c.breaker.until.IsZero() {
		t.Error("being stopped counts as failures of the plug-in")
	}
}

func TestBreakerLetsOneTryAfterAPause(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	var b breaker
	for range failuresToPause {
		b.fail(now)
	}
	if b.allow(now.Add(firstPause - 1)) {
		t.Error("asks during the pause")
	}
	now = now.Add(firstPause)
	if !b.allow(now) || b.allow(now) {
		t.Error("want exactly one try after the pause")
	}
	b.abandon()
	if !b.allow(now) {
		t.Error("a try that was given up blocks the next")
	}
	if got := b.fail(now); got != 2*firstPause {
		t.Errorf("pause %s after a failed try, want %s", got, 2*firstPause)
	}
	for range 10 {
		now = b.until
		b.allow(now)
		b.fail(now)
	}
	if b.pause != longestPause {
		t.Errorf("pause %s, want at most %s", b.pause, longestPause)
	}
}

func TestCascadeIsSafeForConcurrentUse(t *testing.T) {
	c := newCascade(Config{Share: 0.5}, negative)
	var wg sync.WaitGroup
	var mu sync.Mutex
	judged := 0
	for range 8 {
		wg.Go(func() {
			for range 100 {
				rows := slices.Repeat([]barometer.Analysed{row(0.5)}, 10)
				c.Apply(t.Context(), rows)
				mu.Lock()
				judged += len(asked(rows))
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if judged != 4000 {
		t.Errorf("%d of 8000 judged, want 4000", judged)
	}
}
