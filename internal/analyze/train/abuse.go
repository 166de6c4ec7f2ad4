package train

import (
	"path/filepath"

	"barometer/internal/analyze/models"
)

// abuseHeads are the models of abuse. Where there are no labelled posts, as in Finnish, "any" judges by the words of our
// own lists alone, with what English and German say about how many of them make abuse.
var abuseHeads = []struct {
	name    string
	lexicon []string
	fit     spec
	corpora []corpus
}{
	{"en", []string{"en", "abuse.en"}, abuseFit, []corpus{
		{"abuse/en.offensive.train.jsonl", "en", "tweets", 1, false, 0},
		{"abuse/en.offensive.val.jsonl", "en", "tweets", 1, true, 0},
	}},
	{"de", []string{"de", "abuse.de"}, abuseFit, []corpus{{"abuse/de.germeval2018.train.jsonl", "de", "tweets", 1, false, 0}}},
	{"any", []string{"abuse.fi", "abuse.de", "abuse.en"}, spec{classes: 2, l2: 1e-4, iterations: 60}, []corpus{
		{"abuse/en.offensive.train.jsonl", "en", "tweets", 1, false, 0},
		{"abuse/de.germeval2018.train.jsonl", "de", "tweets", 1, false, 0},
	}},
}

var abuseFit = spec{
	shape:   models.Shape{WordBits: 17, CharBits: 17, CharMin: 3, CharMax: 5, Bigrams: true},
	classes: 2, l2: 3e-4, iterations: 60,
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
