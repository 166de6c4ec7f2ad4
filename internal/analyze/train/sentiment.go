package train

import (
	"hash/fnv"
	"path/filepath"

	"barometer/internal/analyze/models"
)

// The classes of sentiment, in the order of the models.
const (
	negative = iota
	neutral
	positive
)

var sentimentClass = map[string]int{"negative": negative, "neutral": neutral, "positive": positive}

// corpus is a labelled file with a weight against the other corpora of its head.
type corpus struct {
	path   string
	lang   string
	domain string
	weight float32
	held   bool // a published development split: held back while choosing, learnt in the end
	from   int  // rows before this one are left out
}

// heads are the sentiment models and what each learns from. English has two, because patients' comments and tweets say
// neutral things in different ways; a gate weighs them.
var heads = []struct {
	name    string
	lexicon []string
	fit     spec
	corpora []corpus
}{
	{"en", []string{"en"}, wide, []corpus{
		{"sentiment/en.semeval2013-16.jsonl.gz", "en", "tweets", 1, false, 0},
		{"sentiment/en.hutto.tweets.jsonl", "en", "hutto", 1, false, 0},
		{"streams/airlines-2015-02.jsonl.gz", "en", "airlines", 0.3, false, 0},
	}},
	{"en.comments", []string{"en"}, small, []corpus{
		{"concerns/nhs-feedback.v6.jsonl", "en", "comments", 1, false, 0},
	}},
	{"de", []string{"de"}, small, []corpus{
		{"sentiment/de.umsab.train.jsonl", "de", "umsab", 1, false, 0},
		{"sentiment/de.umsab.val.jsonl", "de", "umsab", 1, true, 0},
		{"sentiment/de.potts.train.jsonl", "de", "potts", 1, false, 0},
		{"sentiment/de.potts.dev.jsonl", "de", "potts", 1, true, 0},
	}},
	{"fi", []string{"fi"}, small, []corpus{{"sentiment/fi.xed.jsonl.gz", "fi", "films", 1, false, 0}}},
	{"fr", []string{"fr"}, small, umsab("fr")},
	{"it", []string{"it"}, small, umsab("it")},
	{"es", []string{"es"}, small, umsab("es")},
	{"pt", []string{"pt"}, small, umsab("pt")},
	{"ar", []string{"ar"}, small, umsab("ar")},
	{"hi", []string{"en", "hi"}, small, []corpus{
		// The labels of the first rows are not in step with their texts.
		{"sentiment/hi.umsab.train.jsonl", "hi", "umsab", 1, false, 900},
		{"sentiment/en.hutto.tweets.jsonl", "en", "hutto", 0.3, false, 0},
	}},
	{"any", []string{"ar", "hi", "pl", "nl", "sv", "pt", "it", "es", "fr", "fi", "de", "en"}, small, append(append([]corpus{
		{"sentiment/de.potts.train.jsonl", "de", "potts", 0.5, false, 0},
		{"sentiment/de.umsab.train.jsonl", "de", "de", 1, false, 0},
		{"sentiment/en.hutto.tweets.jsonl", "en", "hutto", 1, false, 0},
		{"sentiment/fi.xed.jsonl.gz", "fi", "films", 0.5, false, 0},
	}, append(umsab("fr"), umsab("it")...)...), append(umsab("es"), umsab("pt")...)...)},
}

func umsab(lang string) []corpus {
	return []corpus{
		{"sentiment/" + lang + ".umsab.train.jsonl", lang, "umsab", 1, false, 0},
		{"sentiment/" + lang + ".umsab.val.jsonl", lang, "umsab", 1, true, 0},
	}
}

var sentimentShape = models.Shape{WordBits: 18, CharBits: 18, CharMin: 3, CharMax: 5, Negation: true, Bigrams: true}

// Two ways of fitting: many posts are learnt in a few early-stopped passes, few posts to the optimum.
var (
	wide  = spec{shape: sentimentShape, classes: 3, passes: 4, rate: 0.1}
	small = spec{shape: narrow(sentimentShape), classes: 3, l2: 3e-4, iterations: 60}
)

func narrow(s models.Shape) models.Shape {
	s.WordBits, s.CharBits = 16, 17
	return s
}

// sentimentSamples reads the corpora of a head; classes of a corpus weigh the same, because macro-averages and rare
// complaints matter, not the mix that a corpus happened to have.
func sentimentSamples(dir string, corpora []corpus) ([]sample, error) {
	var out []sample
	domains := map[string]int{}
	var count [][3]float32
	for _, c := range corpora {
		rows, err := readRows(filepath.Join(dir, c.path))
		if err != nil {
			return nil, err
		}
		if _, ok := domains[c.domain]; !ok {
			domains[c.domain] = len(count)
			count = append(count, [3]float32{})
		}
		domain := domains[c.domain]
		split := !c.held
		for _, other := range corpora {
			split = split && !(other.held && other.domain == c.domain)
		}
		for i := range rows {
			class, ok := classify(&rows[i])
			if !ok || i < c.from {
				continue
			}
			out = append(out, sample{
				text: rows[i].Text, lang: c.lang, target: oneHot(class, 3), weight: c.weight, domain: domain,
				held: c.held || split && inTenth(rows[i].ID),
			})
			count[domain][class]++
		}
	}
	for i := range out {
		x := &out[i]
		n := count[x.domain]
		for class, t := range x.target {
			if t == 1 {
				x.weight *= (n[0] + n[1] + n[2]) / 3 / n[class]
			}
		}
	}
	return out, nil
}

// classify returns the class of a row: a word, or a number from 1 (very positive) to 5 (very negative).
func classify(r *row) (int, bool) {
	switch v := r.Label.(type) {
	case string:
		class, ok := sentimentClass[v]
		return class, ok
	case float64:
		switch {
		case v <= 2:
			return positive, true
		case v == 3:
			return neutral, true
		}
		return negative, true
	}
	return 0, false
}

// inTenth picks a fixed tenth of rows by their id, to be held back.
func inTenth(id string) bool {
	h := fnv.New32a()
	_, _ = h.Write([]byte(id))
	return h.Sum32()%10 == 0
}
