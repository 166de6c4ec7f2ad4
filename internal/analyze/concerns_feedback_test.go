package analyze

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"barometer/internal/barometer"
)

// sharedData returns the folder of labelled texts, or skips the test: they may not be redistributed.
func sharedData(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("BAROMETER_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared")
	}
	dir = filepath.Join(dir, "data")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("the labelled texts are not here")
	}
	return dir
}

type comment struct {
	Text        string   `json:"text"`
	Topics      []string `json:"topics"`
	Criticality string   `json:"criticality"`
}

func feedback(t testing.TB) []comment { return comments(t, "nhs-feedback.v6.jsonl") }

func criticality(t testing.TB) []comment { return comments(t, "nhs-feedback.phase1.jsonl") }

func comments(t testing.TB, name string) []comment {
	t.Helper()
	f, err := os.Open(filepath.Join(sharedData(t), "concerns", name))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	var cs []comment
	s := bufio.NewScanner(f)
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		var c comment
		if err := json.Unmarshal(s.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		cs = append(cs, c)
	}
	return cs
}

// TestTermsOnFeedback measures the taxonomy's English terms alone, without a model, against the themes that people gave
// to patients' comments.
func TestTermsOnFeedback(t *testing.T) {
	tax, err := Config{}.taxonomy()
	if err != nil {
		t.Fatal(err)
	}
	step := newConcernStep(tax, nil)
	type count struct{ right, wrong, missed int }
	counts := map[string]*count{}
	for _, c := range tax.concerns {
		if c.Framework != "" {
			counts[c.Framework] = &count{}
		}
	}
	var doc document
	var out barometer.Analysis
	for _, c := range feedback(t) {
		doc.reset(&Input{Text: c.Text})
		doc.lang, doc.langSure = langEN, true
		stemStep{}.analyze(&doc, nil)
		out.Concerns = out.Concerns[:0]
		step.analyze(&doc, &out)
		said := map[string]bool{}
		for _, tag := range out.Concerns {
			if tag.Framework != nil {
				said[*tag.Framework] = true
			}
		}
		for _, topic := range c.Topics {
			k := counts[topic]
			switch {
			case k == nil && topic != "Labelling not possible":
				t.Errorf("theme %q belongs to no concern", topic)
			case k == nil:
			case said[topic]:
				k.right++
			default:
				k.missed++
			}
		}
		for theme := range said {
			if !slices.Contains(c.Topics, theme) {
				counts[theme].wrong++
			}
		}
	}
	var all count
	macro, themes := 0.0, 0
	for _, c := range tax.concerns {
		k := counts[c.Framework]
		if k == nil {
			continue
		}
		all.right, all.wrong, all.missed = all.right+k.right, all.wrong+k.wrong, all.missed+k.missed
		f1 := 2 * float64(k.right) / max(1, float64(2*k.right+k.wrong+k.missed))
		if k.right+k.missed >= 20 {
			macro += f1
			themes++
		}
		t.Logf("%-25s cases %4d precision %.2f recall %.2f F1 %.2f", c.ID, k.right+k.missed,
			float64(k.right)/max(1, float64(k.right+k.wrong)), float64(k.right)/max(1, float64(k.right+k.missed)), f1)
	}
	micro := 2 * float64(all.right) / float64(2*all.right+all.wrong+all.missed)
	macro /= float64(themes)
	t.Logf("micro-F1 %.3f, macro-F1 %.3f over %d themes with 20 cases or more", micro, macro, themes)
	if micro < 0.51 || macro < 0.43 {
		t.Error("the terms find less than they did")
	}
}
