package train

import (
	"math"
	"slices"

	"barometer/internal/analyze/models"
)

// sample is a text with what a model should say of it.
type sample struct {
	text   string
	lang   string // for the negation words
	target []float32
	weight float32
	domain int
	held   bool // kept back from fitting, for calibration and scores
}

// spec says how a model is fitted.
type spec struct {
	shape       models.Shape
	classes     int
	l2          float64
	iterations  int
	passes      int     // of fitOnline, instead of iterations of fitLogistic
	rate, drop  float64 // of fitOnline
	independent bool    // classes do not exclude each other
	lexicon     map[string]float32
}

// features writes the sparse row of a parsed document: what Linear.Score adds up, in float.
type features struct {
	words, chars []uint32
	index        []int32
	value        []float32
}

func (f *features) of(d *models.Doc, m *models.Linear) {
	f.index, f.value = f.index[:0], f.value[:0]
	f.words, f.chars = m.Rows(d, f.words[:0], f.chars[:0])
	f.block(f.words, 0)
	base := rows(m.WordBits)
	f.block(f.chars, base)
	base += rows(m.CharBits)
	if m.LexiconKey != nil {
		for i, v := range m.Sense(d) {
			if v != 0 {
				f.index, f.value = append(f.index, int32(base+i)), append(f.value, v)
			}
		}
	}
	f.index, f.value = append(f.index, int32(base+models.Signals)), append(f.value, 1)
}

// rows is the length of a table; one of 0 bits is absent.
func rows(bits uint8) int {
	if bits == 0 {
		return 0
	}
	return 1 << bits
}

func (f *features) block(rows []uint32, base int) {
	slices.Sort(rows)
	norm := float32(1 / math.Sqrt(float64(len(rows))+1))
	for i := 0; i < len(rows); {
		j := i
		for j < len(rows) && rows[j] == rows[i] {
			j++
		}
		f.index = append(f.index, int32(base+int(rows[i])))
		f.value = append(f.value, float32(j-i)*norm)
		i = j
	}
}

// fit learns a model from the samples that are not held back.
func fit(s spec, samples []sample) *models.Linear {
	m := &models.Linear{Shape: s.shape, Classes: s.classes}
	m.SetLexicon(s.lexicon)
	var e examples
	var d models.Doc
	var f features
	for i := range samples {
		x := &samples[i]
		if x.held || x.weight == 0 {
			continue
		}
		d.Parse(x.text)
		d.Negate(x.lang)
		f.of(&d, m)
		e.add(f.index, f.value, x.target, x.weight)
	}
	dims := rows(m.WordBits) + rows(m.CharBits) + models.Signals + 1
	var w []float32
	if s.passes > 0 {
		w = fitOnline(&e, dims, s.classes, s.passes, s.rate, s.drop, 1)
	} else {
		w = fitLogistic(&e, dims, s.classes, s.l2, s.iterations, s.independent)
	}
	quantise(m, w)
	return m
}

// quantise writes float weights into a model's eight-bit tables.
func quantise(m *models.Linear, w []float32) {
	k := m.Classes
	table := func(bits uint8) (out []byte, scale []float32) {
		scale = make([]float32, k)
		if bits == 0 {
			return nil, scale
		}
		part := w[:k<<bits]
		w = w[k<<bits:]
		for i, v := range part {
			scale[i%k] = max(scale[i%k], float32(math.Abs(float64(v))))
		}
		for c := range scale {
			scale[c] = scale[c]*clip/127 + 1e-12
		}
		out = make([]byte, len(part))
		for i, v := range part {
			q := math.Round(float64(v / scale[i%k]))
			out[i] = byte(int8(max(-127, min(127, q))))
		}
		return out, scale
	}
	m.Words, m.WordScale = table(m.WordBits)
	m.Chars, m.CharScale = table(m.CharBits)
	if m.LexiconKey != nil {
		m.Sensed = slices.Clone(w[:models.Signals*k])
	}
	m.Bias = slices.Clone(w[models.Signals*k : (models.Signals+1)*k])
}

// clip is the share of the largest weight that eight bits reach: a few large weights are cut so that the many small
// ones keep their precision.
const clip = 0.6
