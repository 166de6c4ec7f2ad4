package models

import (
	"cmp"
	"math"
	"slices"
)

// ThemeLogOdds appends the log-odds of each theme, in the order of Set.Themes.Labels, which is trained on English.
func (r *Reader) ThemeLogOdds(dst []float32) []float32 {
	r.doc.Negate("en")
	return append(dst, r.score(r.set.Themes)...)
}

// Comment returns how likely the text last given to Sentiment, in English, is a patient's comment on their care, the
// kind of text that themes were learnt from, and not any other post.
func (r *Reader) Comment() float32 { return r.shares[1] }

// themePiece is what one token adds to one theme.
type themePiece struct {
	token          int32
	words, chars   int32
	nWords, nChars int32
}

// ThemeReasons returns up to most parts of the text last given to ThemeLogOdds that speak for a theme, by size: what its
// log-odds would lose without them. The slice is valid until the next call.
func (r *Reader) ThemeReasons(theme, most int) []Reason {
	r.reasons = r.reasons[:0]
	m, d := r.set.Themes, &r.doc
	mem, k := r.memo(m), m.Classes
	pieces := r.pieces[:0]
	var all themePiece
	for i := range d.Tokens {
		t := &d.Tokens[i]
		if t.Kind == Break || m.skip(t) || len(pieces) == maxTraced {
			continue
		}
		p := themePiece{token: int32(i)}
		if m.WordBits > 0 {
			var rows [3]uint32
			for _, row := range m.appendWord(rows[:0], t, m.key(t)) {
				p.words += int32(int8(m.Words[int(row)*k+theme]))
				p.nWords++
			}
			if n := len(pieces); m.Bigrams && n > 0 {
				all.words += m.pair(d, &pieces[n-1], &p, theme)
				all.nWords++
			}
		}
		if t.Kind == Word && m.CharBits > 0 {
			slot := m.word(d, t, mem)
			p.chars, p.nChars = int32(mem.sums[slot*k+theme]), int32(mem.count[slot])
		}
		all.words, all.nWords, all.chars, all.nChars = all.words+p.words, all.nWords+p.nWords, all.chars+p.chars, all.nChars+p.nChars
		pieces = append(pieces, p)
	}
	r.pieces = pieces
	whole := m.themeScore(&all, theme)
	for i := range pieces {
		t := &d.Tokens[pieces[i].token]
		if t.Kind == Handle || t.Kind == Link {
			continue
		}
		rest, p := all, &pieces[i]
		rest.words, rest.nWords, rest.chars, rest.nChars = rest.words-p.words, rest.nWords-p.nWords, rest.chars-p.chars, rest.nChars-p.nChars
		if m.Bigrams && m.WordBits > 0 {
			before, after := i > 0, i+1 < len(pieces)
			if before {
				rest.words -= m.pair(d, &pieces[i-1], p, theme)
				rest.nWords--
			}
			if after {
				rest.words -= m.pair(d, p, &pieces[i+1], theme)
				rest.nWords--
			}
			if before && after {
				rest.words += m.pair(d, &pieces[i-1], &pieces[i+1], theme)
				rest.nWords++
			}
		}
		if w := whole - m.themeScore(&rest, theme); w >= leastWeight {
			r.reasons = append(r.reasons, Reason{Term: d.Text[t.Start:t.End], Weight: w})
		}
	}
	slices.SortStableFunc(r.reasons, func(a, b Reason) int { return cmp.Compare(b.Weight, a.Weight) })
	return r.reasons[:min(most, len(r.reasons))]
}

// pair is the weight of two neighbours for a theme.
func (m *Linear) pair(d *Doc, a, b *themePiece, theme int) int32 {
	row := m.bigram(m.key(&d.Tokens[a.token]), m.key(&d.Tokens[b.token]))
	return int32(int8(m.Words[int(row)*m.Classes+theme]))
}

// themeScore is finish for one class of a model without a lexicon.
func (m *Linear) themeScore(p *themePiece, theme int) float32 {
	s := m.Bias[theme] + float32(p.words)*m.WordScale[theme]*rootOf(p.nWords) + float32(p.chars)*m.CharScale[theme]*rootOf(p.nChars)
	if m.Temper != nil {
		s = s*m.Temper[theme] + m.Shift[theme]
	}
	return s
}

// rootOf is what a sum over n n-grams is multiplied by.
func rootOf(n int32) float32 { return 1 / float32(math.Sqrt(float64(n)+1)) }
