package bench

import (
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/abadojack/whatlanggo"
	"github.com/jonreiter/govader"
	"github.com/pemistahl/lingua-go"

	"barometer/internal/analyze"
	"barometer/internal/analyze/models"
	"barometer/internal/barometer"
)

// BenchmarkSentiment compares the sentiment of English posts. Ours takes the post apart, tells the language and gives
// calibrated probabilities; "ours with reasons" adds the terms that moved it; "ours, everything" is the whole pipeline
// with concerns, severity, abuse, copies and terms. VADER gives one compound score.
func BenchmarkSentiment(b *testing.B) {
	texts := posts(5000, "en")
	b.Run("govader", func(b *testing.B) {
		v := govader.NewSentimentIntensityAnalyzer()
		each(b, texts, func(s string) float64 { return v.PolarityScores(s).Compound })
	})
	r := newReader(b)
	b.Run("ours", func(b *testing.B) {
		each(b, texts, func(s string) float64 {
			r.Reset("", s)
			lang, _ := r.Language("")
			p, _ := r.Sentiment(lang)
			return float64(p[2] - p[0])
		})
	})
	b.Run("ours with reasons", func(b *testing.B) {
		each(b, texts, func(s string) float64 {
			r.Reset("", s)
			lang, _ := r.Language("")
			p, _ := r.Sentiment(lang)
			best := slices.Index(p[:], max(p[0], p[1], p[2]))
			return float64(len(r.Reasons(best, 5)))
		})
	})
	b.Run("ours, everything", func(b *testing.B) {
		p, err := analyze.New(analyze.Config{})
		if err != nil {
			b.Fatal(err)
		}
		w := p.NewWorker()
		var out barometer.Analysis
		each(b, texts, func(s string) float64 {
			w.Analyze(&analyze.Input{Text: s}, &out)
			return float64(out.Sentiment.Score)
		})
	})
}

// BenchmarkLanguage compares the naming of the language among the ten of ours that are written in Latin letters; ours
// also weighs Arabic, Hindi and "other".
func BenchmarkLanguage(b *testing.B) {
	texts := posts(5000, ourLanguages...)
	b.Run("whatlanggo", func(b *testing.B) {
		o := whatlanggo.Options{Whitelist: map[whatlanggo.Lang]bool{
			whatlanggo.Eng: true, whatlanggo.Deu: true, whatlanggo.Fin: true, whatlanggo.Swe: true, whatlanggo.Fra: true,
			whatlanggo.Spa: true, whatlanggo.Ita: true, whatlanggo.Por: true, whatlanggo.Nld: true, whatlanggo.Pol: true,
		}}
		each(b, texts, func(s string) float64 { return float64(whatlanggo.DetectLangWithOptions(s, o)) })
	})
	candidates := lingua.NewLanguageDetectorBuilder().FromLanguages(lingua.English, lingua.German, lingua.Finnish, lingua.Swedish,
		lingua.French, lingua.Spanish, lingua.Italian, lingua.Portuguese, lingua.Dutch, lingua.Polish)
	b.Run("lingua low", func(b *testing.B) {
		d := candidates.WithLowAccuracyMode().WithPreloadedLanguageModels().Build()
		each(b, texts, func(s string) float64 { l, _ := d.DetectLanguageOf(s); return float64(l) })
	})
	candidates = lingua.NewLanguageDetectorBuilder().FromLanguages(lingua.English, lingua.German, lingua.Finnish, lingua.Swedish,
		lingua.French, lingua.Spanish, lingua.Italian, lingua.Portuguese, lingua.Dutch, lingua.Polish)
	b.Run("lingua high", func(b *testing.B) {
		d := candidates.WithPreloadedLanguageModels().Build()
		each(b, texts, func(s string) float64 { l, _ := d.DetectLanguageOf(s); return float64(l) })
	})
	r := newReader(b)
	b.Run("ours", func(b *testing.B) {
		each(b, texts, func(s string) float64 {
			r.Reset("", s)
			_, p := r.Language("")
			return float64(p)
		})
	})
}

func newReader(b *testing.B) *models.Reader {
	set, err := models.Load()
	if err != nil {
		b.Fatal(err)
	}
	return models.NewReader(set)
}

// each runs f over the texts in turn and fails when f says nothing at all about any of them. It reports posts per second
// of processor time, so that a busy machine does not blur the comparison.
func each(b *testing.B, texts []string, f func(string) float64) {
	answers, n := 0, 0
	b.ReportAllocs()
	start := processorTime(b)
	for b.Loop() {
		if f(texts[n%len(texts)]) != 0 {
			answers++
		}
		n++
	}
	b.ReportMetric(float64(n)/(processorTime(b)-start).Seconds(), "posts/cpu-s")
	if answers == 0 {
		b.Fatal("no answer to any post")
	}
}

// processorTime is what this process has used of all cores, the collector of garbage included.
func processorTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
