package models

import (
	"cmp"
	"math"
	"slices"
)

// trace keeps what each token added to a score of at most three classes, so that the score without one of them can be
// told without reading the text again.
type trace struct {
	all    parts
	pieces []piece
}

// maxTraced bounds how many tokens of a long text are looked at for reasons.
const maxTraced = 256

type piece struct {
	token          int32
	slot           int32
	nWords, nChars int32
	words, chars   [3]int32
	valence        float32
}

// add starts the piece of a token; nil once there are too many.
func (tr *trace) add(token int) *piece {
	if len(tr.pieces) == maxTraced {
		return nil
	}
	tr.pieces = append(tr.pieces, piece{token: int32(token)})
	return &tr.pieces[len(tr.pieces)-1]
}

// without returns the parts of the score that remain when the i-th traced token had not been written: its own n-grams
// go, its neighbours become neighbours.
func (m *Linear) without(d *Doc, tr *trace, i int, p *parts) {
	pc := &tr.pieces[i]
	for c := range m.Classes { // not the whole struct, which has room for many classes
		p.words[c] = tr.all.words[c] - pc.words[c]
		p.chars[c] = tr.all.chars[c] - pc.chars[c]
	}
	p.nWords = tr.all.nWords - pc.nWords
	p.nChars = tr.all.nChars - pc.nChars
	p.sense = tr.all.sense
	if m.Bigrams {
		key := func(j int) uint64 { return m.key(&d.Tokens[tr.pieces[j].token]) }
		before, after := i > 0, i+1 < len(tr.pieces)
		if before {
			m.move(p, m.bigram(key(i-1), key(i)), -1)
		}
		if after {
			m.move(p, m.bigram(key(i), key(i+1)), -1)
		}
		if before && after {
			m.move(p, m.bigram(key(i-1), key(i+1)), 1)
		}
	}
	if m.Sensed != nil {
		units := p.sense.units - 1
		if pc.valence != 0 {
			p.sense = sense{}
			for j := range tr.pieces {
				if j != i {
					p.sense.add(tr.pieces[j].valence)
				}
			}
		}
		p.sense.units = units
	}
}

// move adds or removes a row of the words table.
func (m *Linear) move(p *parts, row uint32, sign int32) {
	k := m.Classes
	for c, v := range m.Words[int(row)*k : int(row)*k+k] {
		p.words[c] += sign * int32(int8(v))
	}
	p.nWords += sign
}

// Reason is a part of a text that moved a score: what the log-odds would lose without it.
type Reason struct {
	Term   string
	Weight float32
}

// leastWeight is the least change of the log-odds that is a reason.
const leastWeight = 0.05

// Reasons returns up to most parts of the text last given to Sentiment that moved it towards class against the other
// two, by size. The slice is valid until the next call.
func (r *Reader) Reasons(class, most int) []Reason {
	r.reasons = r.reasons[:0]
	d, h := &r.doc, 0
	if r.shares[1] > 0.5 {
		h = 1
	}
	m, tr := r.heads[h], &r.traces[h]
	out := r.out[:m.Classes]
	m.finish(&tr.all, out)
	all := logOdds(out, class)
	var p parts
	for _, i := range r.likely(m, tr, class, most+3) {
		t := &d.Tokens[tr.pieces[i].token]
		if t.Kind == Handle || t.Kind == Link {
			continue
		}
		m.without(d, tr, i, &p)
		m.finish(&p, out)
		w := (all - logOdds(out, class)) * r.shares[h]
		if math.Abs(float64(w)) >= leastWeight {
			r.reasons = append(r.reasons, Reason{Term: d.Text[t.Start:t.End], Weight: w})
		}
	}
	slices.SortStableFunc(r.reasons, func(a, b Reason) int {
		return cmp.Compare(math.Abs(float64(b.Weight)), math.Abs(float64(a.Weight)))
	})
	if len(r.reasons) > most {
		r.reasons = r.reasons[:most]
	}
	return r.reasons
}

// likely returns the most tokens whose own weights speak loudest for or against a class, in the order of the text: only
// for these is the score without them worked out.
func (r *Reader) likely(m *Linear, tr *trace, class, most int) []int {
	r.best = r.best[:0]
	if len(tr.pieces) <= most {
		for i := range tr.pieces {
			r.best = append(r.best, i)
		}
		return r.best
	}
	var size [maxTraced]float32
	for i := range tr.pieces {
		pc := &tr.pieces[i]
		own := float32(0)
		for c := range m.Classes {
			v := float32(pc.words[c])*m.WordScale[c] + float32(pc.chars[c])*m.CharScale[c]/4
			if c == class {
				own += v * float32(m.Classes-1)
			} else {
				own -= v
			}
		}
		size[i] = max(own, -own) + 8*max(pc.valence, -pc.valence)*m.sensed()
		k := len(r.best)
		if k == most && size[r.best[k-1]] >= size[i] {
			continue
		}
		if k < most {
			r.best = append(r.best, i)
		} else {
			k--
			r.best[k] = i
		}
		for ; k > 0 && size[r.best[k-1]] < size[i]; k-- {
			r.best[k], r.best[k-1] = r.best[k-1], r.best[k]
		}
	}
	slices.Sort(r.best)
	return r.best
}

// sensed is 1 for a model that reads a lexicon, whose words are always looked at first, and 0 for others.
func (m *Linear) sensed() float32 {
	if m.Sensed != nil {
		return 1
	}
	return 0
}

// logOdds of class against all others.
func logOdds(s []float32, class int) float32 {
	rest := 0.0
	for c, v := range s {
		if c != class {
			rest += math.Exp(float64(v - s[class]))
		}
	}
	return float32(-math.Log(rest + 1e-12))
}
