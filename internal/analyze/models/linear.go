package models

import (
	"maps"
	"math"
	"slices"
	"strings"
)

// Linear is a linear classifier over hashed n-grams of words and of characters, with eight-bit weights. Each of the
// two tables counts for what it says on average: its sum is divided by the root of the number of n-grams.
type Linear struct {
	Shape
	Labels     []string // of the classes
	Classes    int
	Words      []byte // int8 [row][class]
	Chars      []byte
	WordScale  []float32 // by class: what one step of a weight is worth
	CharScale  []float32
	Bias       []float32 // by class
	Sensed     []float32 // [signal][class], or nil where the model reads no lexicon
	LexiconKey []uint32  // sorted
	Valence    []byte    // int8 by key, in quarters

	// Limits are the probabilities from which independent classes are reported, or nil.
	Limits []float32

	// Temper and Shift turn scores into calibrated log-odds: a*score + b, by class.
	Temper, Shift []float32

	lexicon map[uint32]int8
}

// maxClasses bounds the classes of a model: a score's sums live on the stack.
const maxClasses = 48

// memoSlots is the size of a memo. Half of all words in posts are among the commonest few hundred.
const memoSlots = 1 << 12

// memo remembers, for one model and one goroutine, what recent words add to a score.
type memo struct {
	hash    []uint64
	count   []int16
	valence []int8
	sums    []int16 // [slot][class]: character n-grams
}

func newMemo(classes int) *memo {
	return &memo{
		hash: make([]uint64, memoSlots), count: make([]int16, memoSlots), valence: make([]int8, memoSlots),
		sums: make([]int16, memoSlots*classes),
	}
}

// word returns the slot of a word, filled.
func (m *Linear) word(d *Doc, t *Token, mem *memo) int {
	slot := int(t.Hash & (memoSlots - 1))
	if mem.hash[slot] == t.Hash {
		return slot
	}
	mem.hash[slot], mem.count[slot], mem.valence[slot] = t.Hash, 0, 0
	if m.lexicon != nil {
		mem.valence[slot] = m.look(d, t)
	}
	if m.CharBits == 0 {
		return slot
	}
	k := m.Classes
	sums := mem.sums[slot*k : slot*k+k : slot*k+k]
	clear(sums)
	var buf [maxWord + 2]rune
	word := bounded(&buf, d, t)
	lo, hi := int(m.CharMin), int(m.CharMax)
	count := int16(0)
	for i := range word {
		h := uint64(charSeed)
		for j := i; j < len(word) && j-i < hi; j++ {
			h = (h ^ uint64(word[j])) * prime
			if j-i+1 < lo {
				continue
			}
			count++
			row := int(bucket(mix(h), m.CharBits)) * k
			w := m.Chars[row : row+k : row+k]
			for c, v := range w {
				sums[c] += int16(int8(v))
			}
		}
	}
	mem.count[slot] = count
	return slot
}

// parts are the sums of a score before they are divided and added up.
type parts struct {
	words, chars   [maxClasses]int32
	nWords, nChars int32
	sense          sense
}

// gather adds a document up. With a trace, it also keeps what each token adds.
func (m *Linear) gather(d *Doc, mem *memo, p *parts, tr *trace) {
	k := m.Classes
	var prev uint64
	for i := range d.Tokens {
		t := &d.Tokens[i]
		if t.Kind == Break || m.skip(t) {
			continue
		}
		var pc *piece
		if tr != nil {
			pc = tr.add(i)
		}
		if m.WordBits > 0 {
			key := m.key(t)
			var rows [3]uint32
			for _, r := range m.appendWord(rows[:0], t, key) {
				m.addRow(p, pc, int(r)*k)
			}
			if m.Bigrams && prev != 0 {
				row := int(m.bigram(prev, key)) * k
				for c, v := range m.Words[row : row+k] {
					p.words[c] += int32(int8(v))
				}
				p.nWords++
			}
			prev = key
		}
		v := int8(0)
		if t.Kind == Word {
			slot := m.word(d, t, mem)
			n := int32(mem.count[slot])
			p.nChars += n
			for c, v := range mem.sums[slot*k : slot*k+k] {
				p.chars[c] += int32(v)
			}
			if pc != nil {
				pc.slot, pc.nChars = int32(slot), n
				for c, v := range mem.sums[slot*k : slot*k+k] {
					pc.chars[c] = int32(v)
				}
			}
			v = mem.valence[slot]
		} else if m.lexicon != nil {
			v = m.lexicon[uint32(t.Hash)]
		}
		if m.Sensed != nil {
			f := valence(v, t.Negated)
			p.sense.add(f)
			if pc != nil {
				pc.valence = f
			}
		}
	}
}

func (m *Linear) addRow(p *parts, pc *piece, row int) {
	k := m.Classes
	p.nWords++
	for c, v := range m.Words[row : row+k] {
		p.words[c] += int32(int8(v))
	}
	if pc != nil {
		pc.nWords++
		for c, v := range m.Words[row : row+k] {
			pc.words[c] += int32(int8(v))
		}
	}
}

// finish turns parts into calibrated scores.
func (m *Linear) finish(p *parts, out []float32) {
	k := m.Classes
	wn, cn := 1/float32(math.Sqrt(float64(p.nWords)+1)), 1/float32(math.Sqrt(float64(p.nChars)+1))
	for c := range k {
		out[c] = m.Bias[c] + float32(p.words[c])*m.WordScale[c]*wn + float32(p.chars[c])*m.CharScale[c]*cn
	}
	if m.Sensed != nil {
		for i, v := range p.sense.signals() {
			if v != 0 {
				for c := range k {
					out[c] += v * m.Sensed[i*k+c]
				}
			}
		}
	}
	if m.Temper != nil {
		for c := range k {
			out[c] = out[c]*m.Temper[c] + m.Shift[c]
		}
	}
}

// score writes the calibrated score of each class for a document that was parsed and, if the model minds negation,
// negated.
func (m *Linear) score(d *Doc, mem *memo, out []float32, tr *trace) {
	var p parts
	m.gather(d, mem, &p, tr)
	m.finish(&p, out)
	if tr != nil {
		tr.all = p
	}
}

// Signals is the number of sums over the lexicon that a model reads.
const Signals = 12

// sense adds up what the lexicon says of the tokens of a text.
type sense struct {
	good, bad         float32
	goods, bads       float32 // how many
	best, worst, last float32
	units             int32
}

func (s *sense) add(v float32) {
	s.units++
	switch {
	case v > 0:
		s.good += v
		s.goods++
		s.best = max(s.best, v)
		s.last = v
	case v < 0:
		s.bad -= v
		s.bads++
		s.worst = max(s.worst, -v)
		s.last = v
	}
}

// signals scales the sums to about the size of the other features.
func (s *sense) signals() [Signals]float32 {
	sum := float64(s.good - s.bad)
	n := 2 / float32(math.Sqrt(float64(s.units)+1))
	f := [Signals]float32{
		s.good / 4, s.bad / 4, s.goods / 2, s.bads / 2, s.best / 3, s.worst / 3, s.last / 3,
		float32(sum / math.Sqrt(sum*sum+15)), s.good * n, s.bad * n, 0, 0,
	}
	if s.goods == 0 && s.bads == 0 {
		f[10] = 1
	}
	if s.goods > 0 && s.bads > 0 {
		f[11] = 1
	}
	return f
}

// valence turns quarters into the scale of the lexicon. "not good" is bad, but less than "bad".
func valence(quarters int8, negated bool) float32 {
	if negated {
		return float32(quarters) * -0.15
	}
	return float32(quarters) / 4
}

// Sense returns the lexicon's signals of a document, for training.
func (m *Linear) Sense(d *Doc) [Signals]float32 {
	var s sense
	for i := range d.Tokens {
		if t := &d.Tokens[i]; t.Kind != Break && !m.skip(t) {
			s.add(valence(m.look(d, t), t.Negated))
		}
	}
	return s.signals()
}

// look returns what the lexicon says of a token, in quarters. An entry for the whole word goes before one for its
// beginning, a longer beginning before a shorter one.
func (m *Linear) look(d *Doc, t *Token) int8 {
	v, ok := m.lexicon[uint32(t.Hash)]
	if ok || t.Kind != Word {
		return v
	}
	h := uint64(wordSeed)
	for i, r := range d.folded[t.from:t.to] {
		h = (h ^ uint64(r)) * prime
		if i >= leastStem-1 {
			if p, ok := m.lexicon[uint32(mix(h^stemSeed))]; ok {
				v = p
			}
		}
	}
	return v
}

// leastStem is the least number of letters of an entry that stands for all words that begin so.
const leastStem = 3

const stemSeed = 0x9216D5D98979FB1B

// SetLexicon gives the model a lexicon: valence from -5 to 5 by folded word; "word*" stands for all words that begin
// so.
func (m *Linear) SetLexicon(words map[string]float32) {
	m.LexiconKey, m.Valence, m.lexicon = nil, nil, make(map[uint32]int8, len(words))
	var d Doc
	for w, v := range words {
		key := uint64(0)
		if stem, ok := strings.CutSuffix(w, "*"); ok && len(stem) >= leastStem {
			h := uint64(wordSeed)
			for _, r := range stem {
				h = (h ^ uint64(r)) * prime
			}
			key = mix(h ^ stemSeed)
		} else if d.Parse(w); len(d.Tokens) == 1 {
			key = d.Tokens[0].Hash
		} else {
			continue
		}
		q := int8(math.Round(float64(v) * 4))
		// Two spellings may fold to one word: the smaller value wins, whatever the order.
		if old, ok := m.lexicon[uint32(key)]; !ok || q < old {
			m.lexicon[uint32(key)] = q
		}
	}
	m.LexiconKey = slices.Sorted(maps.Keys(m.lexicon))
	for _, k := range m.LexiconKey {
		m.Valence = append(m.Valence, byte(m.lexicon[k]))
	}
}
