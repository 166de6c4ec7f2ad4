package main

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"barometer/internal/barometer"
	"barometer/internal/classify"
)

func loadTiny(tb testing.TB) *model {
	tb.Helper()
	m, err := loadModel(modelConfig{folder: writeTiny(tb, nil), file: "model.onnx", maxTokens: 128})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(m.close)
	return m
}

func near(d classify.Dist, want [3]float64) bool {
	for i, p := range []float32{d.Negative, d.Neutral, d.Positive} {
		if !(math.Abs(float64(p)-want[i]) < 1e-5) {
			return false
		}
	}
	return true
}

func TestModelSaysWhatItsNumbersSay(t *testing.T) {
	m := loadTiny(t)
	cases := []struct {
		text      string
		bad, good float64
	}{
		{"Lovely", 0, 2},
		{"the ward was FILTHY.", 3, 0},
		{"lovely nurses, filthy ward", 3, 3},
		{"", 0, 0},
		{"😀 ännü 漢字", 0, 0},
		{strings.Repeat("lovely ", 5), 0, 10},
		{strings.Repeat("ward ", 36) + "lovely lovely", 0, 4}, // 38 words and the two marks: all that it reads
		{strings.Repeat("ward ", 36) + "lovely lovely filthy filthy", 0, 4},    // what is beyond is not read
		{strings.Repeat("ward ", 3000) + "filthy", 0, 0},                       // however long it is
		{"[PAD] lovely", 9, 2 - 9},                                             // a mark in the text is taken as one, as the reference tokenizer does
		{"nurses nurses nurses", 0, 3},                                         // words in two pieces
		{"waiting waiting waiting waiting waiting waiting waiting", 0.7, 0},    //
		{"lovely lovely lovely lovely lovely lovely lovely lovely hm", 0, 16},  //
		{"filthy filthy filthy filthy filthy filthy filthy filthy hmm", 24, 0}, //
		{"ward", 0, 0},
		{"filthy", 3, 0},
		{"lovely ward", 0, 2},
		{"filthy ward", 3, 0},
	}
	var texts []string
	for _, c := range cases { // each alone
		texts = append(texts, c.text)
		got, err := m.classify([]string{c.text})
		if err != nil {
			t.Fatalf("%.40q: %v", c.text, err)
		}
		if want := tinyAnswer(c.bad, c.good); !near(got[0], want) {
			t.Errorf("%.40q: %+v, want %v", c.text, got[0], want)
		}
	}
	got, err := m.classify(texts) // and all together: more than a batch, of different lengths
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range cases {
		if want := tinyAnswer(c.bad, c.good); !near(got[i], want) {
			t.Errorf("among others, %.40q: %+v, want %v", c.text, got[i], want)
		}
	}
}

func TestWhatIsWrongWithAFolderIsSaid(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(config map[string]any)
		after  func(dir string) error
		labels string
		want   string
	}{
		{"no network", nil, func(dir string) error { return os.Remove(filepath.Join(dir, "model.onnx")) }, "", "model.onnx"},
		{"no tokenizer", nil, func(dir string) error { return os.Remove(filepath.Join(dir, "tokenizer.json")) }, "", "tokenizer.json"},
		{"no configuration", nil, func(dir string) error { return os.Remove(filepath.Join(dir, "config.json")) }, "", "config.json"},
		{"a network of other bytes", nil, func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "model.onnx"), []byte("not a network"), 0o600)
		}, "", "load model"},
		{"a configuration of other bytes", nil, func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "config.json"), []byte("{"), 0o600)
		}, "", "config.json"},
		{"labels that do not speak", func(c map[string]any) {
			c["id2label"] = map[string]string{"0": "LABEL_0", "1": "LABEL_1", "2": "LABEL_2"}
		}, nil, "", `"LABEL_0" does not say`},
		{"two labels for three outputs", func(c map[string]any) { c["id2label"] = map[string]string{"0": "negative", "1": "positive"} }, nil, "", "number of logits"},
		{"no labels", func(c map[string]any) { delete(c, "id2label") }, nil, "", "no classifier of sentiment"},
		{"many labels at once", func(c map[string]any) { c["problem_type"] = "multi_label_classification" }, nil, "", "problem_type"},
		{"hardly any positions", func(c map[string]any) { c["max_position_embeddings"] = 2 }, nil, "", "max-tokens"},
		{"a label that is not there", nil, nil, "LABEL_9=negative", `no label "label_9"`},
		{"a class that is not there", nil, nil, "NEGATIVE=angry", `"NEGATIVE=angry"`},
	} {
		dir := writeTiny(t, c.change)
		if c.after != nil {
			if err := c.after(dir); err != nil {
				t.Fatal(err)
			}
		}
		m, err := loadModel(modelConfig{folder: dir, file: "model.onnx", labels: c.labels, maxTokens: 128})
		if err == nil {
			m.close()
			t.Errorf("%s: loaded", c.name)
			continue
		}
		if barometer.KindOf(err) != barometer.Invalid || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

func TestVersionFollowsWhatAnswersDependOn(t *testing.T) {
	dir := writeTiny(t, nil)
	base := modelConfig{folder: dir, file: "model.onnx", maxTokens: 128}
	seen := map[string]string{}
	note := func(what string, c modelConfig) {
		v, err := hashFiles(c)
		if err != nil {
			t.Fatal(err)
		}
		if other, ok := seen[v]; ok {
			t.Errorf("%s has the version of %s", what, other)
		}
		seen[v] = what
	}
	note("the model", base)
	short := base
	short.maxTokens = 16
	note("reading less", short)
	swapped := base
	swapped.labels = "NEGATIVE=positive,positive=negative"
	note("other labels", swapped)
	if err := os.WriteFile(filepath.Join(dir, "tokenizer.json"), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	note("another tokenizer", base)
}

func TestRobertaReadsTwoTokensLess(t *testing.T) {
	for model, want := range map[string]int{"xlm-roberta": 512, "roberta": 512, "bert": 512, "camembert": 512} {
		if got, err := (modelFile{ModelType: model, Positions: 514}).tokens(600); err != nil || got != want {
			t.Errorf("%s with 514 positions reads %d, want %d (%v)", model, got, want, err)
		}
	}
	if got, _ := (modelFile{ModelType: "roberta", Positions: 130}).tokens(600); got != 128 {
		t.Errorf("roberta with 130 positions reads %d, want 128", got)
	}
}

func TestLabelsOfPublishedModels(t *testing.T) {
	stars := map[int]string{0: "1 star", 1: "2 stars", 2: "3 stars", 3: "4 stars", 4: "5 stars"}
	l, err := newLabels(stars, "")
	if err != nil {
		t.Fatal(err)
	}
	if d := l.dist([]float32{0.1, 0.2, 0.3, 0.25, 0.15}); math.Abs(float64(d.Negative)-0.3) > 1e-6 || d.Neutral != 0.3 || math.Abs(float64(d.Positive)-0.4) > 1e-6 {
		t.Errorf("stars: %+v", d)
	}
	l, err = newLabels(map[int]string{0: "LABEL_0", 1: "LABEL_1"}, "LABEL_1=positive, label_0=negative")
	if err != nil {
		t.Fatal(err)
	}
	if d := l.dist([]float32{0.9, 0.1}); d != (classify.Dist{Negative: 0.9, Positive: 0.1}) {
		t.Errorf("two classes: %+v", d)
	}
	if got, want := l.String(), "LABEL_0=negative,LABEL_1=positive"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// BenchmarkTiny isolates what stands around a network: tokens, batches, shapes. A real one costs a hundred times more.
func BenchmarkTiny(b *testing.B) {
	m := loadTiny(b)
	texts := make([]string, 32)
	for i := range texts {
		texts[i] = "Waiting waiting on the ward, it was filthy. The nurses were lovely, though. " + strings.Repeat("x ", i%7)
	}
	posts := 0
	for b.Loop() {
		if _, err := m.classify(texts); err != nil {
			b.Fatal(err)
		}
		posts += len(texts)
	}
	b.ReportMetric(float64(posts)/b.Elapsed().Seconds(), "posts/s")
}
