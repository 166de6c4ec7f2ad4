package train

import (
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"path"
	"path/filepath"
	"slices"

	"barometer/internal/analyze/models"
)

// Run trains every model from the labelled files in dataDir and writes them into outDir, where an older set is
// overwritten. What it measures on held-out texts goes to progress, a line a model. It takes some minutes on two cores;
// the same data gives the same bytes.
func Run(ctx context.Context, dataDir, outDir string, progress io.Writer) error {
	return runOnly(ctx, dataDir, outDir, "*", progress)
}

// runOnly trains the models whose name matches a pattern.
func runOnly(ctx context.Context, dataDir, outDir, only string, progress io.Writer) error {
	if err := os.MkdirAll(outDir, 0o755); err != nil {
		return fmt.Errorf("train: %w", err)
	}
	t := trainer{data: dataDir, out: outDir, progress: progress}
	steps := []struct {
		name string
		run  func() error
	}{{"language", t.language}, {"gate.en", t.gate}, {"themes", t.themes}}
	add := func(name string, run func() error) {
		steps = append(steps, struct {
			name string
			run  func() error
		}{name, run})
	}
	for _, h := range heads {
		add("sentiment."+h.name, func() error { return t.sentiment(h.name, h.lexicon, h.fit, h.corpora) })
	}
	for _, h := range abuseHeads {
		add("abuse."+h.name, func() error { return t.abuse(h.name, h.lexicon, h.fit, h.corpora) })
	}
	for _, step := range steps {
		if err := ctx.Err(); err != nil {
			return err
		}
		if ok, _ := path.Match(only, step.name); !ok {
			continue
		}
		if err := step.run(); err != nil {
			return fmt.Errorf("train %s: %w", step.name, err)
		}
	}
	return nil
}

type trainer struct {
	data, out string
	progress  io.Writer
}

func (t *trainer) save(name string, m *models.Linear) error {
	b, err := m.Encode()
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(t.out, name+".model"), b, 0o644); err != nil {
		return fmt.Errorf("save %s: %w", name, err)
	}
	return nil
}

func (t *trainer) say(format string, args ...any) {
	_, _ = fmt.Fprintf(t.progress, format+"\n", args...)
}

func (t *trainer) language() error {
	samples, err := languageSamples(t.data)
	if err != nil {
		return err
	}
	labels := make([]string, len(languageClasses))
	for c, langs := range languageClasses {
		if labels[c] = models.Other; c < namedLanguages {
			labels[c] = langs[0]
		}
	}
	fit := spec{
		shape:   models.Shape{WordBits: 15, CharBits: 16, CharMin: 2, CharMax: 4, Plain: true},
		classes: len(languageClasses), passes: 5, rate: 0.2,
	}
	return t.exclusive("language", fit, samples, labels)
}

// gate learns to tell patients' comments from tweets.
func (t *trainer) gate() error {
	var samples []sample
	for _, c := range []corpus{
		{"sentiment/en.semeval2013-16.jsonl.gz", "en", "0", 1, false, 0},
		{"streams/airlines-2015-02.jsonl.gz", "en", "0", 0.3, false, 0},
		{"abuse/en.offensive.train.jsonl", "en", "0", 0.3, false, 0},
		{"concerns/nhs-feedback.v6.jsonl", "en", "1", 4, false, 0},
		{"concerns/nhs-feedback.phase1.jsonl", "en", "1", 2, false, 0},
	} {
		rows, err := readRows(filepath.Join(t.data, c.path))
		if err != nil {
			return err
		}
		for i := range rows {
			samples = append(samples, sample{
				text: rows[i].Text, lang: "en", target: oneHot(int(c.domain[0]-'0'), 2), weight: c.weight, held: inTenth(rows[i].ID),
			})
		}
	}
	fit := spec{shape: models.Shape{WordBits: 15, CharBits: 15, CharMin: 3, CharMax: 4}, classes: 2, passes: 3, rate: 0.1}
	return t.exclusive("gate.en", fit, samples, nil)
}

func (t *trainer) sentiment(name string, lexicons []string, fit spec, corpora []corpus) error {
	samples, err := sentimentSamples(t.data, corpora)
	if err != nil {
		return err
	}
	if fit.lexicon, err = lexicon(t.data, lexicons...); err != nil {
		return err
	}
	return t.exclusive("sentiment."+name, fit, samples, nil)
}

func (t *trainer) abuse(name string, lexicons []string, fit spec, corpora []corpus) error {
	samples, err := abuseSamples(t.data, corpora)
	if err != nil {
		return err
	}
	if fit.lexicon, err = lexicon(t.data, lexicons...); err != nil {
		return err
	}
	return t.exclusive("abuse."+name, fit, samples, nil)
}

// exclusive fits a model whose classes exclude each other. What it says of texts that it has not learnt from is
// measured and calibrated first; the model that is saved has learnt from all. Few texts are cut into folds, each judged
// by a model of the others; of many, the part that is held back is enough.
func (t *trainer) exclusive(name string, s spec, samples []sample, labels []string) error {
	var scored [][]float32
	if s.passes > 0 {
		scored = score(fit(s, samples), samples)
	} else {
		scored = make([][]float32, len(samples))
		for f := range folds {
			for i := range samples {
				samples[i].held = fold(i) == f
			}
			for i, v := range score(fit(s, samples), samples) {
				if v != nil {
					scored[i] = v
				}
			}
		}
	}
	for i := range samples {
		samples[i].held = false
	}
	temper, shift := calibration(scored, samples, s.passes == 0)
	for _, v := range scored {
		for c := range v {
			v[c] = v[c]*temper[c] + shift[c]
		}
	}
	t.say("%s: %s", name, figuresOf(scored, samples))
	m := fit(s, samples)
	m.Labels, m.Temper, m.Shift = labels, temper, shift
	return t.save(name, m)
}

// folds is how many parts few texts are cut into: each part is judged by a model that did not see it.
const folds = 3

// fold puts the i-th sample into a part, whatever order a file is in.
func fold(i int) int { return int(uint64(i)*0x9E3779B97F4A7C15>>40) % folds }

// score returns the scores of the samples that are held back, nil for the others.
func score(m *models.Linear, samples []sample) [][]float32 {
	out := make([][]float32, len(samples))
	r := models.NewScorer(m)
	for i := range samples {
		if samples[i].held {
			out[i] = slices.Clone(r.Score(samples[i].text, samples[i].lang))
		}
	}
	return out
}

// figures are what is measured on held-out texts.
type figures struct {
	n                                int
	accuracy, recall, f1, calibError float64
}

func (f figures) String() string {
	return fmt.Sprintf("n %d, accuracy %.1f, macro-recall %.1f, macro-F1 %.1f, ECE %.3f", f.n, 100*f.accuracy, 100*f.recall, 100*f.f1, f.calibError)
}

// figuresOf compares scores with targets; samples without a score do not count.
func figuresOf(scores [][]float32, samples []sample) figures {
	k := len(samples[0].target)
	confusion := make([][]float64, k)
	for c := range confusion {
		confusion[c] = make([]float64, k)
	}
	var f figures
	const bins = 10
	var sure, right, in [bins]float64
	for i, s := range scores {
		if s == nil {
			continue
		}
		s = slices.Clone(s)
		softmax(s)
		best, truth := 0, 0
		for c := range s {
			if s[c] > s[best] {
				best = c
			}
			if samples[i].target[c] == 1 {
				truth = c
			}
		}
		confusion[truth][best]++
		b := min(bins-1, int(s[best]*bins))
		in[b]++
		sure[b] += float64(s[best])
		if best == truth {
			right[b]++
			f.accuracy++
		}
		f.n++
	}
	f.accuracy /= float64(f.n)
	classes := 0.0
	for c := range confusion {
		row, column := 0.0, 0.0
		for o := range confusion {
			row += confusion[c][o]
			column += confusion[o][c]
		}
		if row == 0 {
			continue
		}
		classes++
		f.recall += confusion[c][c] / row
		f.f1 += 2 * confusion[c][c] / (row + column)
	}
	f.recall, f.f1 = f.recall/classes, f.f1/classes
	for b := range in {
		f.calibError += math.Abs(sure[b]-right[b]) / float64(f.n)
	}
	return f
}
