package analyze

import (
	"math"
	"strings"
	"testing"

	"barometer/internal/barometer"
)

func TestEvaluateCountsRightAnswers(t *testing.T) {
	p := newPipeline(t)
	scores, err := p.Evaluate(strings.NewReader(`
{"text":"Wonderful nurses, thank you so much for your kindness!","lang":"en","label":"positive"}
{"text":"Absolutely terrible, the worst hospital I have ever been to.","lang":"en","label":5}
{"text":"Furchtbar, nie wieder in dieses Krankenhaus, eine Katastrophe.","lang":"de","label":"positive"}
{"text":"Waited four hours and nobody came to see us.","lang":"en","topics":["Timeliness of care"]}
`))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]struct {
		n        int
		accuracy float64
	}{
		"language ": {4, 1}, "language en": {3, 1}, "language de": {1, 1},
		"sentiment ": {3, 2. / 3}, "sentiment en": {2, 1}, "sentiment de": {1, 0},
	}
	seen := 0
	for _, s := range scores {
		w, ok := want[s.Task+" "+s.Lang]
		if !ok {
			continue
		}
		seen++
		if s.N != w.n || math.Abs(s.Accuracy.Value-w.accuracy) > 1e-9 {
			t.Errorf("%s %q: %d rows, accuracy %.3f, want %d and %.3f", s.Task, s.Lang, s.N, s.Accuracy.Value, w.n, w.accuracy)
		}
		if s.Accuracy.Low > s.Accuracy.Value || s.Accuracy.High < s.Accuracy.Value {
			t.Errorf("%s %q: accuracy %.3f outside its interval %.3f to %.3f", s.Task, s.Lang, s.Accuracy.Value, s.Accuracy.Low, s.Accuracy.High)
		}
	}
	if seen != len(want) {
		t.Errorf("%d of %d scores are there: %+v", seen, len(want), scores)
	}
}

func TestEvaluateSaysWhichLineIsWrong(t *testing.T) {
	p := newPipeline(t)
	for _, c := range []struct{ file, want string }{
		{"{\"text\":\"a\",\"label\":\"neutral\"}\n{\"text\":\"b\",\"label\":\"cheerful\"}\n", "line 2"},
		{"{\"text\":\"a\",\"label\":9}\n", "1 to 5"},
		{"not json\n", "line 1"},
	} {
		_, err := p.Evaluate(strings.NewReader(c.file))
		if barometer.KindOf(err) != barometer.Invalid || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: error %v of kind %v, want one that says %q", c.file, err, barometer.KindOf(err), c.want)
		}
	}
}

func TestMacroF1OfKnownCounts(t *testing.T) {
	e := &exam{classes: []string{"a", "b"}}
	e.rows = []judged{
		{truth: []int{0}, said: []int{0}}, {truth: []int{0}, said: []int{1}}, {truth: []int{1}, said: []int{1}}, {truth: []int{1}, said: []int{1}},
	}
	// a: precision 1, recall 1/2, F1 2/3; b: precision 2/3, recall 1, F1 4/5.
	got := e.measure([]int{0, 1, 2, 3}, false)
	for k, want := range []float64{0.75, 0.75, (2./3 + 4./5) / 2, 0.75} {
		if math.Abs(got[k]-want) > 1e-9 {
			t.Errorf("figure %d is %.4f, want %.4f", k, got[k], want)
		}
	}
}
