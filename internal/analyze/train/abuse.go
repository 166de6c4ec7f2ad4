package train

import (
	"path/filepath"

	"barometer/internal/analyze/models"
)

var abuseHeads = []struct {
	name    string
	corpora []corpus
}{
	{"en", []corpus{
		{"abuse/en.offensive.train.jsonl", "en", "tweets", 1, false},
		{"abuse/en.offensive.val.jsonl", "en", "tweets", 1, true},
	}},
	{"de", []corpus{{"abuse/de.germeval2018.train.jsonl", "de", "tweets", 1, false}}},
}

var abuseFit = spec{
	shape:   models.Shape{WordBits: 17, CharBits: 17, CharMin: 3, CharMax: 5, Negation: false, Bigrams: true},
	classes: 2, l2: 1e-4, iterations: 60,
}

func abuseSamples(dir string, corpora []corpus) ([]sample, error) {
	var out []sample
	var count [2]float32
	published := false
	for _, c := range corpora {
		published = published || c.held
	}
	for _, c := range corpora {
		rows, err := readRows(filepath.Join(dir, c.path))
		if err != nil {
			return nil, err
		}
		for i := range rows {
			class := 0
			if rows[i].Label != "other" {
				class = 1
			}
			count[class]++
			out = append(out, sample{
				text: rows[i].Text, lang: c.lang, target: oneHot(class, 2), weight: c.weight,
				held: c.held || !published && inTenth(rows[i].ID),
			})
		}
	}
	for i := range out {
		x := &out[i]
		for class, t := range x.target {
			if t == 1 {
				x.weight *= (count[0] + count[1]) / 2 / count[class]
			}
		}
	}
	return out, nil
}
