package train

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"barometer/internal/analyze/models"
)

func TestMinimiseFindsTheLeastOfAQuadratic(t *testing.T) {
	x := make([]float32, 3)
	minimise(x, 100, func(x, g []float32) float64 {
		v := 0.0
		for i, want := range []float32{3, -2, 0.5} {
			d, steep := x[i]-want, float32(i*10+1)
			v += float64(steep * d * d)
			g[i] = 2 * steep * d
		}
		return v
	})
	for i, want := range []float32{3, -2, 0.5} {
		if math.Abs(float64(x[i]-want)) > 0.01 {
			t.Errorf("x[%d] = %.3f, want %.3f", i, x[i], want)
		}
	}
}

// toy is a language in which "good" is positive, "bad" is negative and nothing else means anything.
func toy(n int) []sample {
	var out []sample
	for i := range n {
		word, class := [3]string{"bad", "table", "good"}[i%3], i%3
		out = append(out, sample{
			text: fmt.Sprintf("the %s thing number%d", word, i*7919%101), lang: "en", target: oneHot(class, 3), weight: 1, held: fold(i) == 0,
		})
	}
	return out
}

func TestBothWaysOfFittingLearn(t *testing.T) {
	shape := models.Shape{WordBits: 10, CharBits: 10, CharMin: 3, CharMax: 4, Bigrams: true}
	for name, s := range map[string]spec{
		"passes":  {shape: shape, classes: 3, passes: 4, rate: 0.2},
		"optimum": {shape: shape, classes: 3, l2: 1e-4, iterations: 40},
	} {
		samples := toy(600)
		if f := figuresOf(score(fit(s, samples), samples), samples); f.n == 0 || f.accuracy < 0.99 {
			t.Errorf("%s: %s", name, f)
		}
	}
}

func TestCalibrationUndoesOverconfidence(t *testing.T) {
	// Of ten texts with a score of 8 for their class, two are of another: 8 should be log(0.8/0.1), about 2.1.
	var samples []sample
	var scores [][]float32
	for i := range 300 {
		class := i % 3
		said := class
		if i%10 >= 8 {
			said = (class + 1 + i%2) % 3
		}
		s := make([]float32, 3)
		s[said] = 8
		scores = append(scores, s)
		samples = append(samples, sample{target: oneHot(class, 3), weight: 1})
	}
	temper, _ := calibration(scores, samples, false)
	p := []float32{8 * temper[0], 0, 0}
	softmax(p)
	if p[0] < 0.75 || p[0] > 0.85 {
		t.Errorf("a class that is right in 80 %% of cases is said with %.2f", p[0])
	}
}

func TestSameDataSameBytes(t *testing.T) {
	dir := t.TempDir()
	var lines bytes.Buffer
	for i, s := range toy(120) {
		fmt.Fprintf(&lines, "{\"id\":\"%d\",\"text\":%q,\"lang\":\"de\",\"label\":%q}\n", i, s.text, [3]string{"negative", "neutral", "positive"}[i%3])
	}
	for _, name := range []string{"sentiment/de.umsab.train.jsonl", "sentiment/de.umsab.val.jsonl", "sentiment/de.potts.train.jsonl", "sentiment/de.potts.dev.jsonl"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), lines.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var files [2][]byte
	for i := range files {
		out := t.TempDir()
		var said bytes.Buffer
		if err := runOnly(t.Context(), dir, out, "sentiment.de", &said); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(filepath.Join(out, "sentiment.de.model"))
		if err != nil {
			t.Fatal(err)
		}
		files[i] = b
	}
	if !bytes.Equal(files[0], files[1]) {
		t.Error("two runs over the same data wrote different bytes")
	}
}

func TestLexiconsCanBeRead(t *testing.T) {
	names, err := ownLexicons.ReadDir("lexicon")
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range names {
		lang := n.Name()[:len(n.Name())-len(".txt")]
		if afinnLanguages[lang] {
			continue // also needs the data directory
		}
		words, err := lexicon("", lang)
		if err != nil || len(words) < 100 {
			t.Errorf("%s: %d words, %v", lang, len(words), err)
		}
	}
}

func TestEveryNamedLanguageHasWords(t *testing.T) {
	v, err := readVocabularies()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range languageClasses {
		for _, l := range c {
			if l != "hi" && (v[l] == nil || len(v[l].words) < 1000) {
				t.Errorf("%s has too few words", l)
			}
		}
	}
}
