package analyze

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"

	"barometer/internal/barometer"
)

// Estimate is a measured figure with the interval in which 95 % of resampled files would put it.
type Estimate struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// Score is how well the pipeline does one task on one labelled file, all of it or the part in one language.
type Score struct {
	Task        string   `json:"task"` // sentiment, abuse, language or themes
	Lang        string   `json:"lang"` // "" for the whole file
	N           int      `json:"n"`
	Accuracy    Estimate `json:"accuracy"`     // themes: share of texts with exactly the right themes
	MacroRecall Estimate `json:"macro_recall"` // mean over classes
	MacroF1     Estimate `json:"macro_f1"`     // mean over classes; themes: over those with 20 or more texts
	MicroF1     Estimate `json:"micro_f1"`     // themes: over all; elsewhere equal to accuracy
	ECE         float64  `json:"ece"`          // expected calibration error of the class said, 10 bins
	Uncertain   float64  `json:"uncertain"`    // share of texts labelled uncertain; they are scored by their likeliest class
}

// labelledText is a line of a labelled file. A label is a word of sentiment ("negative", "neutral", "positive"), a number
// from 1, very positive, to 5, very negative, or a word about abuse ("offensive", "hate", "abuse", "other"). Topics are
// exact names of themes. Lang is compared with what the pipeline hears, which is not told.
type labelledText struct {
	Title  string   `json:"title"`
	Text   string   `json:"text"`
	Lang   string   `json:"lang"`
	Label  any      `json:"label"`
	Topics []string `json:"topics"`
}

// judged is a text with the classes that it has and was given. For themes it is a set of each.
type judged struct {
	truth, said []int
	confidence  float64
	uncertain   bool
}

// exam collects the judgements on one task.
type exam struct {
	classes []string
	rows    []judged
}

func (e *exam) class(name string) int {
	i := slices.Index(e.classes, name)
	if i < 0 {
		i = len(e.classes)
		e.classes = append(e.classes, name)
	}
	return i
}

// maxLine bounds a line of a labelled file.
const maxLine = 4 << 20

// Evaluate analyses every line of a labelled JSON Lines file and scores what it finds against the labels, for the whole
// file and for each language that it names. The error is of kind Invalid when a line cannot be read.
func (p *Pipeline) Evaluate(file io.Reader) ([]Score, error) {
	exams := map[[2]string]*exam{}
	var order [][2]string
	add := func(task, lang string, put func(e *exam)) {
		for _, l := range slices.Compact([]string{"", lang}) {
			key := [2]string{task, l}
			if exams[key] == nil {
				exams[key] = &exam{}
				order = append(order, key)
			}
			put(exams[key])
		}
	}
	w := p.NewWorker()
	var a barometer.Analysis
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, maxLine)
	for n := 1; lines.Scan(); n++ {
		if len(lines.Bytes()) == 0 {
			continue
		}
		var row labelledText
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			return nil, barometer.Errorf(barometer.Invalid, "read labelled line %d: %w", n, err)
		}
		w.Analyze(&Input{Title: row.Title, Text: row.Text}, &a)
		if row.Lang != "" {
			add("language", row.Lang, func(e *exam) {
				e.rows = append(e.rows, judged{
					truth: []int{e.class(row.Lang)}, said: []int{e.class(a.Lang)}, confidence: float64(a.LangConfidence),
				})
			})
			w.Analyze(&Input{Title: row.Title, Text: row.Text, Lang: row.Lang}, &a)
		}
		if err := row.judge(&a, add); err != nil {
			return nil, fmt.Errorf("read labelled line %d: %w", n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, barometer.Errorf(barometer.Invalid, "read labelled file: %w", err)
	}
	scores := make([]Score, 0, len(order))
	for _, key := range order {
		s := exams[key].score(key[0] == "themes")
		s.Task, s.Lang = key[0], key[1]
		scores = append(scores, s)
	}
	return scores, nil
}

// judge compares an analysis with the row's labels.
func (row *labelledText) judge(a *barometer.Analysis, add func(task, lang string, put func(e *exam))) error {
	truth := ""
	switch v := row.Label.(type) {
	case float64:
		switch {
		case v >= 1 && v <= 2:
			truth = barometer.Positive
		case v == 3:
			truth = barometer.Neutral
		case v >= 4 && v <= 5:
			truth = barometer.Negative
		default:
			return barometer.Errorf(barometer.Invalid, "label %v: want 1 to 5", v)
		}
	case string:
		truth = v
	}
	switch truth {
	case "":
	case barometer.Negative, barometer.Neutral, barometer.Positive:
		p := [3]float32{a.Sentiment.Negative, a.Sentiment.Neutral, a.Sentiment.Positive}
		best := 0
		for c := range p {
			if p[c] > p[best] {
				best = c
			}
		}
		add("sentiment", row.Lang, func(e *exam) {
			e.rows = append(e.rows, judged{
				truth: []int{e.class(truth)}, said: []int{e.class(sentimentLabels[best])},
				confidence: float64(p[best]), uncertain: a.Sentiment.Label == barometer.Uncertain,
			})
		})
	case "offensive", "hate", "abuse", "other", "none":
		names := [2]string{"no abuse", "abuse"}
		is, said, sure := 1, 0, 1-float64(a.Abuse.Probability)
		if truth == "other" || truth == "none" {
			is = 0
		}
		if a.Abuse.Probability >= abuseLevel {
			said, sure = 1, float64(a.Abuse.Probability)
		}
		add("abuse", row.Lang, func(e *exam) {
			e.rows = append(e.rows, judged{truth: []int{e.class(names[is])}, said: []int{e.class(names[said])}, confidence: sure})
		})
	default:
		return barometer.Errorf(barometer.Invalid, "label %q: want a sentiment, a number from 1 to 5, \"offensive\" or \"other\"", truth)
	}
	if row.Topics != nil {
		add("themes", row.Lang, func(e *exam) {
			var j judged
			for _, t := range row.Topics {
				j.truth = append(j.truth, e.class(t))
			}
			for _, c := range a.Concerns {
				if c.Framework != nil {
					j.said = append(j.said, e.class(*c.Framework))
				}
			}
			slices.Sort(j.truth)
			slices.Sort(j.said)
			j.truth, j.said = slices.Compact(j.truth), slices.Compact(j.said)
			e.rows = append(e.rows, j)
		})
	}
	return nil
}

// resamples is how many files are drawn from the one there is.
const resamples = 500

func (e *exam) score(sets bool) Score {
	var s Score
	s.N = len(e.rows)
	const bins = 10
	var sure, right [bins]float64
	for _, j := range e.rows {
		b := min(bins-1, int(j.confidence*bins))
		sure[b] += j.confidence
		if slices.Equal(j.truth, j.said) {
			right[b]++
		}
		if j.uncertain {
			s.Uncertain += 1 / float64(s.N)
		}
	}
	if !sets {
		for b := range sure {
			s.ECE += max(sure[b]-right[b], right[b]-sure[b]) / float64(s.N)
		}
	}
	all := make([]int, s.N)
	for i := range all {
		all[i] = i
	}
	targets := []*Estimate{&s.Accuracy, &s.MacroRecall, &s.MacroF1, &s.MicroF1}
	for k, v := range e.measure(all, sets) {
		targets[k].Value = v
	}
	draws := make([][]float64, len(targets))
	r := rand.New(rand.NewPCG(1, uint64(s.N)))
	for range resamples {
		for i := range all {
			all[i] = r.IntN(s.N)
		}
		for k, v := range e.measure(all, sets) {
			draws[k] = append(draws[k], v)
		}
	}
	for k, d := range draws {
		slices.Sort(d)
		targets[k].Low, targets[k].High = d[resamples*25/1000], d[resamples*975/1000]
	}
	return s
}

// commonTheme is how many texts a theme needs to count in the macro-average.
const commonTheme = 20

// measure returns accuracy, macro-recall, macro-F1 and micro-F1 of some of the rows.
func (e *exam) measure(rows []int, sets bool) [4]float64 {
	k := len(e.classes)
	hit, is, said := make([]float64, k), make([]float64, k), make([]float64, k)
	exact := 0.0
	for _, i := range rows {
		j := &e.rows[i]
		if slices.Equal(j.truth, j.said) {
			exact++
		}
		for _, c := range j.truth {
			is[c]++
			if slices.Contains(j.said, c) {
				hit[c]++
			}
		}
		for _, c := range j.said {
			said[c]++
		}
	}
	var recall, f1, counted, hits, sum float64
	for c := range k {
		hits += hit[c]
		sum += is[c] + said[c]
		if is[c] == 0 || sets && is[c] < commonTheme {
			continue
		}
		counted++
		recall += hit[c] / is[c]
		f1 += 2 * hit[c] / (is[c] + said[c])
	}
	counted, sum = max(counted, 1), max(sum, 1)
	return [4]float64{exact / float64(max(len(rows), 1)), recall / counted, f1 / counted, 2 * hits / sum}
}
