package train

import (
	"cmp"
	"maps"
	"math"
	"path/filepath"
	"slices"

	"barometer/internal/analyze/models"
)

// leastExamples is how many comments a theme needs to be learnt; rarer ones are left to terms and rules.
const leastExamples = 9

var themeFit = spec{
	shape:       models.Shape{WordBits: 15, CharBits: 15, CharMin: 3, CharMax: 5, Bigrams: true},
	l2:          1e-4,
	iterations:  80,
	independent: true,
}

// themeSamples reads the patients' comments with their themes.
func themeSamples(dir string) (samples []sample, labels []string, err error) {
	rows, err := readRows(filepath.Join(dir, "concerns/nhs-feedback.v6.jsonl"))
	if err != nil {
		return nil, nil, err
	}
	count := map[string]int{}
	for i := range rows {
		for _, t := range rows[i].Topics {
			count[t]++
		}
	}
	labels = slices.SortedFunc(maps.Keys(count), func(a, b string) int {
		return cmp.Or(cmp.Compare(count[b], count[a]), cmp.Compare(a, b))
	})
	for len(labels) > 0 && count[labels[len(labels)-1]] < leastExamples {
		labels = labels[:len(labels)-1]
	}
	for i := range rows {
		target := make([]float32, len(labels))
		for _, t := range rows[i].Topics {
			if k := slices.Index(labels, t); k >= 0 {
				target[k] = 1
			}
		}
		samples = append(samples, sample{text: rows[i].Text, lang: "en", target: target, weight: 1, held: inTenth(rows[i].ID)})
	}
	return samples, labels, nil
}

// themeFolds is how many parts the comments are cut into to choose limits.
const themeFolds = 5

func (t *trainer) themes() error {
	samples, labels, err := themeSamples(t.data)
	if err != nil {
		return err
	}
	s := themeFit
	s.classes = len(labels)
	scores := make([][]float32, len(samples))
	for f := range themeFolds {
		for i := range samples {
			samples[i].held = i%themeFolds == f
		}
		for i, v := range score(fit(s, samples), samples) {
			if v != nil {
				scores[i] = v
			}
		}
	}
	for i := range samples {
		samples[i].held = false
	}
	m := fit(s, samples)
	m.Labels = labels
	m.Limits = make([]float32, len(labels))
	var tp, fp, fn, macro float64
	for k := range labels {
		limit, a, b, c := bestLimit(scores, samples, k)
		m.Limits[k] = limit
		tp, fp, fn = tp+a, fp+b, fn+c
		macro += 2 * a / (2*a + b + c)
		t.say("  %-60s n %4.0f precision %.2f recall %.2f limit %.2f", labels[k], a+c, a/max(1, a+b), a/max(1, a+c), limit)
	}
	t.say("themes: micro-F1 %.1f, macro-F1 %.1f of %d themes, limits chosen on the same folds", 200*tp/(2*tp+fp+fn), 100*macro/float64(len(labels)), len(labels))
	return t.save("themes", m)
}

// bestLimit returns the probability from which theme k is reported so that F1 is best, with its counts.
func bestLimit(scores [][]float32, samples []sample, k int) (limit float32, tp, fp, fn float64) {
	best := -1.0
	for l := float32(0.05); l < 0.9; l += 0.025 {
		var a, b, c float64
		for i := range samples {
			said := 1/(1+math.Exp(-float64(scores[i][k]))) >= float64(l)
			switch is := samples[i].target[k] == 1; {
			case said && is:
				a++
			case said:
				b++
			case is:
				c++
			}
		}
		if f1 := 2 * a / (2*a + b + c); f1 > best {
			best, limit, tp, fp, fn = f1, l, a, b, c
		}
	}
	return limit, tp, fp, fn
}
