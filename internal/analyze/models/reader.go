package models

import (
	"math"
	"slices"
)

// Reader applies the models to one text at a time. It remembers what it computed for frequent words, so keep it; it
// is used by one goroutine at a time.
type Reader struct {
	set   *Set
	doc   Doc
	memos map[*Linear]*memo
	out   [maxClasses]float32

	heads   [2]*Linear // sentiment heads of the current text
	shares  [2]float32
	traces  [2]trace
	reasons []Reason
	pieces  []themePiece
	best    []int
}

// NewReader returns a reader of a set.
func NewReader(s *Set) *Reader { return &Reader{set: s, memos: map[*Linear]*memo{}} }

// Reset takes a text apart.
func (r *Reader) Reset(title, text string) {
	if title != "" {
		text = title + "\n" + text
	}
	r.doc.Parse(text)
}

func (r *Reader) memo(m *Linear) *memo {
	mem := r.memos[m]
	if mem == nil {
		mem = newMemo(m.Classes)
		r.memos[m] = mem
	}
	return mem
}

func (r *Reader) score(m *Linear) []float32 {
	out := r.out[:m.Classes]
	m.score(&r.doc, r.memo(m), out, nil)
	return out
}

// Other is the language of a text in none of the languages that the product names.
const Other = "other"

// declaredLogOdds is what a platform's declaration of a language adds to its log-odds: people write in several
// languages and leave the setting alone, so it decides only what the words leave open.
const declaredLogOdds = 2.5

// The labelled Hindi posts are to a good part romanised and mixed with English, so the model takes short English posts for
// Hindi; among the posts that the product hears romanised Hindi is rare. English is the commonest language of posts in
// Latin letters, and what people write words of other languages in.
const (
	romanisedLogOdds = 4.0
	englishLogOdds   = 0.5
)

// Language returns the ISO 639-1 code of the text's language, or Other, and how sure that is. Declared is a prior.
func (r *Reader) Language(declared string) (code string, confidence float32) {
	d := &r.doc
	plain := false
	for i := range d.Tokens {
		if t := &d.Tokens[i]; t.Kind == Word && !t.Tag {
			plain = true
			break
		}
	}
	if !plain { // nothing but hashtags: read those
		for i := range d.Tokens {
			d.Tokens[i].Tag = false
		}
	}
	letters := d.latin + d.arabic + d.devanagari + d.cyrillic + d.greek + d.hebrew + d.han + d.scripts.other
	if letters == 0 {
		if declared != "" && slices.Contains(r.set.Language.Labels, declared) {
			return declared, 0.5
		}
		return Other, 0.5
	}
	if foreign := d.cyrillic + d.greek + d.hebrew + d.han + d.scripts.other; 2*foreign > letters {
		return Other, 0.99
	}
	m := r.set.Language
	p := r.score(m)
	for c, label := range m.Labels {
		switch {
		case label == declared:
			p[c] += declaredLogOdds
		case label == "ar" && d.arabic == 0, label == "hi" && 2*d.devanagari < letters && d.latin == 0:
			p[c] -= 20
		case label == "hi" && 2*d.devanagari < letters:
			p[c] -= romanisedLogOdds
		case label == "en":
			p[c] += englishLogOdds
		}
		if d.arabic*2 > letters && label != "ar" && label != Other || d.devanagari*2 > letters && label != "hi" {
			p[c] -= 20
		}
	}
	softmax(p)
	other := float32(0)
	best := -1
	for c, label := range m.Labels {
		if label == Other {
			other += p[c]
		} else if best < 0 || p[c] > p[best] {
			best = c
		}
	}
	if other > p[best] {
		return Other, other
	}
	return m.Labels[best], p[best]
}

// Sentiment returns the probabilities of negative, neutral and positive for a text in the language. Known is false
// where no model was trained on the language and the answer rests on what languages share.
func (r *Reader) Sentiment(lang string) (p [3]float32, known bool) {
	r.doc.Negate(lang)
	r.heads, r.shares = [2]*Linear{}, [2]float32{1, 0}
	if r.heads[0], known = r.set.Sentence[lang], true; r.heads[0] == nil {
		r.heads[0], known = r.set.Sentence["any"], false
	}
	if lang == "en" {
		gate := r.score(r.set.Gate)
		softmax(gate)
		r.heads[1], r.shares = r.set.Sentence["en.comments"], [2]float32{gate[0], gate[1]}
	}
	for h, m := range r.heads {
		if m == nil || r.shares[h] < 0.02 {
			continue
		}
		s := r.out[:m.Classes]
		r.traces[h].pieces = r.traces[h].pieces[:0]
		m.score(&r.doc, r.memo(m), s, &r.traces[h])
		softmax(s)
		for c := range p {
			p[c] += r.shares[h] * s[c]
		}
	}
	sum := p[0] + p[1] + p[2]
	for c := range p {
		p[c] /= sum
	}
	return p, known
}

// Abuse returns the probability that a text abuses somebody. For a language without labelled posts it rests on words
// alone.
func (r *Reader) Abuse(lang string) float32 {
	m := r.set.Abuse[lang]
	if m == nil {
		m = r.set.Abuse["any"]
	}
	s := r.score(m)
	return sigmoid(s[1] - s[0])
}

// Scorer applies one model alone, for training and evaluation.
type Scorer struct {
	m   *Linear
	mem *memo
	doc Doc
	out []float32
}

// NewScorer returns a scorer of a model.
func NewScorer(m *Linear) *Scorer {
	return &Scorer{m: m, mem: newMemo(m.Classes), out: make([]float32, m.Classes)}
}

// Score returns the calibrated scores of a text, valid until the next call.
func (s *Scorer) Score(text, lang string) []float32 {
	s.doc.Parse(text)
	s.doc.Negate(lang)
	s.m.score(&s.doc, s.mem, s.out, nil)
	return s.out
}

func softmax(s []float32) {
	top := s[0]
	for _, v := range s[1:] {
		top = max(top, v)
	}
	sum := float32(0)
	for i, v := range s {
		s[i] = float32(math.Exp(float64(v - top)))
		sum += s[i]
	}
	for i := range s {
		s[i] /= sum
	}
}

func sigmoid(x float32) float32 { return float32(1 / (1 + math.Exp(-float64(x)))) }
