package analyze

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A term of the taxonomy is one or more words, each of which may say how it is compared (after folding):
//
//	word       that word
//	word*      words that begin with it: Finnish cases, German compounds
//	*word      words that end with it; *word* words that hold it
//	stem:word  words with the same stem in the term's language
//	_          any one word
//
// The words stand side by side in one sentence; punctuation between them does not matter. '*' needs at least four
// letters beside it, unless the term has a whole word too.

type compare uint8

// leastOpen is how many letters '*' needs beside it.
const leastOpen = 4

const (
	compareWord compare = iota
	compareStem
	comparePrefix
	compareSuffix
	compareInside
	compareAny
)

// element is a word of a term.
type element struct {
	text    []byte
	hash    uint64
	compare compare
}

// phrase is a term ready to be matched. anchor is the element it is looked up by.
type phrase struct {
	elements []element
	anchor   int
	lang     language // langOther: counts in every language
	distinct bool     // long enough to be no word of another language
	id       int32    // the caller's
}

// found is a place where a phrase matched: tokens [from, to).
type found struct {
	id, from, to int32
}

// matcher finds all of many phrases in a document in one pass over its tokens. A bitmap answers most tokens with one
// look; a token that passes it is looked up by its hash, its stem, its first bytes and, where it is long, its middle.
type matcher struct {
	inWords, inStems, inStarts, inMiddles filter
	words, stems                          table // by hash
	starts, middles                       table // by the first four bytes
}

// filter is a set of 32-bit keys that answers "perhaps" or "no", in 8 KiB so that it stays in the fastest cache.
type filter [1 << 10]uint64

func (f *filter) add(k uint32)      { f[k>>22] |= 1 << (k >> 16 & 63) }
func (f *filter) has(k uint32) bool { return f[k>>22]>>(k>>16&63)&1 != 0 }

// table maps hashes to phrases by open addressing: a lookup is one or two reads.
type table struct {
	keys    []uint64
	phrases [][]*phrase
}

func newTable(m map[uint64][]*phrase) table {
	size := 16
	for size < 3*len(m) {
		size *= 2
	}
	t := table{make([]uint64, size), make([][]*phrase, size)}
	for h, ps := range m {
		i := h & uint64(size-1)
		for t.phrases[i] != nil {
			i = (i + 1) & uint64(size-1)
		}
		t.keys[i], t.phrases[i] = h, ps
	}
	return t
}

func (t *table) get(h uint64) []*phrase {
	mask := uint64(len(t.keys) - 1)
	for i := h & mask; t.phrases[i] != nil; i = (i + 1) & mask {
		if t.keys[i] == h {
			return t.phrases[i]
		}
	}
	return nil
}

// four returns the first four bytes of b as a number.
func four(b []byte) uint32 { return binary.LittleEndian.Uint32(b) }

// spread scatters four bytes over 32 bits.
func spread(v uint32) uint32 { return v * 0x9E3779B1 }

// top is the half of a hash that filters look at; tables look at the other end.
func top(h uint64) uint32 { return uint32(h >> 32) }

func newMatcher(phrases []*phrase) *matcher {
	m := &matcher{}
	words, stems, starts, middles := map[uint64][]*phrase{}, map[uint64][]*phrase{}, map[uint64][]*phrase{}, map[uint64][]*phrase{}
	for _, p := range phrases {
		switch e := &p.elements[p.anchor]; e.compare {
		case compareWord:
			m.inWords.add(top(e.hash))
			words[e.hash] = append(words[e.hash], p)
		case compareStem:
			m.inStems.add(top(e.hash))
			stems[e.hash] = append(stems[e.hash], p)
		case comparePrefix:
			k := spread(four(e.text))
			m.inStarts.add(k)
			starts[uint64(k)] = append(starts[uint64(k)], p)
		default:
			k := spread(four(e.text))
			m.inMiddles.add(k)
			middles[uint64(k)] = append(middles[uint64(k)], p)
		}
	}
	m.words, m.stems, m.starts, m.middles = newTable(words), newTable(stems), newTable(starts), newTable(middles)
	return m
}

// maxFound bounds the places that are looked at in a long text: who reads them compares each with each.
const maxFound = 1000

// match appends to dst where phrases occur in doc, in the order of their anchors.
func (m *matcher) match(doc *document, dst []found) []found {
	for i := range doc.tokens {
		if len(dst) > maxFound {
			break
		}
		t := &doc.tokens[i]
		if m.inWords.has(top(t.hash)) {
			for _, p := range m.words.get(t.hash) {
				dst = p.verify(doc, i, dst)
			}
		}
		if m.inStems.has(top(t.stem)) {
			for _, p := range m.stems.get(t.stem) {
				dst = p.verify(doc, i, dst)
			}
		}
		n := t.fend - t.fstart
		if n < leastOpen || t.kind == kindURL || t.kind == kindRedacted {
			continue
		}
		w := doc.folded[t.fstart:t.fend]
		if k := spread(four(w)); m.inStarts.has(k) {
			for _, p := range m.starts.get(uint64(k)) {
				if bytes.HasPrefix(w, p.elements[p.anchor].text) {
					dst = p.verify(doc, i, dst)
				}
			}
		}
		if n > leastOpen+1 {
			dst = m.inside(doc, i, w, dst)
		}
	}
	return dst
}

// inside looks for phrases whose anchor ends token i or stands in its middle.
func (m *matcher) inside(doc *document, i int, w []byte, dst []found) []found {
	for j := 1; j+leastOpen <= len(w); j++ {
		k := spread(four(w[j:]))
		if !m.inMiddles.has(k) {
			continue
		}
		for _, p := range m.middles.get(uint64(k)) {
			e := &p.elements[p.anchor]
			if bytes.HasPrefix(w[j:], e.text) && (e.compare == compareInside || j+len(e.text) == len(w)) {
				dst = p.verify(doc, i, dst)
			}
		}
	}
	return dst
}

// verify appends p if its other elements stand around token i, which matches its anchor.
func (p *phrase) verify(doc *document, i int, dst []found) []found {
	if p.lang != langOther && p.lang != doc.lang && p.lang != doc.declared && (doc.langSure || !p.distinct) {
		return dst
	}
	from := i - p.anchor
	to := from + len(p.elements)
	if from < 0 || to > len(doc.tokens) {
		return dst
	}
	sentence := doc.tokens[i].sentence
	for j := range p.elements {
		t := &doc.tokens[from+j]
		if t.sentence != sentence || (j != p.anchor && !p.elements[j].matches(doc, t)) {
			return dst
		}
	}
	f := found{p.id, int32(from), int32(to)}
	if n := len(dst); n > 0 && dst[n-1] == f { // a middle that occurs twice in one word
		return dst
	}
	return append(dst, f)
}

func (e *element) matches(doc *document, t *token) bool {
	switch e.compare {
	case compareWord:
		return t.hash == e.hash
	case compareStem:
		return t.stem == e.hash
	case comparePrefix:
		return bytes.HasPrefix(doc.word(t), e.text)
	case compareSuffix:
		return bytes.HasSuffix(doc.word(t), e.text)
	case compareInside:
		return bytes.Contains(doc.word(t), e.text)
	default:
		return true
	}
}

// parseTerm reads a term of the taxonomy in a language. A German word with an umlaut gives a second phrase in the
// spelling with ae, oe, ue.
func parseTerm(lang language, term string, id int32) ([]*phrase, error) {
	p, err := parsePhrase(lang, term, id)
	if err != nil {
		return nil, err
	}
	ps := []*phrase{p}
	if lang == langDE {
		if spelt := germanSpelling.Replace(term); spelt != term {
			p, err := parsePhrase(lang, spelt, id)
			if err != nil {
				return nil, err
			}
			ps = append(ps, p)
		}
	}
	return ps, nil
}

var germanSpelling = strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "Ä", "Ae", "Ö", "Oe", "Ü", "Ue")

func parsePhrase(lang language, term string, id int32) (*phrase, error) {
	p := &phrase{lang: lang, id: id}
	var doc document
	rank := 0
	for _, word := range strings.Fields(term) {
		c := compareWord
		if rest, ok := strings.CutPrefix(word, "stem:"); ok {
			word, c = rest, compareStem
		} else if word == "_" {
			p.elements = append(p.elements, element{compare: compareAny})
			continue
		} else if strings.Contains(word, "*") {
			before, after := strings.HasPrefix(word, "*"), strings.HasSuffix(word, "*")
			word = strings.Trim(word, "*")
			switch {
			case before && after:
				c = compareInside
			case before:
				c = compareSuffix
			default:
				c = comparePrefix
			}
		}
		doc.reset(&Input{Text: word})
		if len(doc.tokens) == 0 || strings.Contains(word, "*") {
			return nil, fmt.Errorf("%q is not a word", word)
		}
		last := len(doc.tokens) - 1
		if c == compareInside && last > 0 {
			return nil, fmt.Errorf("%q: '*' on both sides goes with one word, without hyphens", word)
		}
		for i := range doc.tokens {
			if k := doc.tokens[i].kind; k == kindTagPart || k == kindURL {
				return nil, fmt.Errorf("%q is not a word", word)
			}
			w := slices.Clone(doc.word(&doc.tokens[i]))
			e := element{text: w, hash: doc.tokens[i].hash, compare: c}
			if (i > 0 && c == compareSuffix) || (i < last && c != compareSuffix) {
				e.compare = compareWord // of "x-ray*" only the last part is open
			}
			if e.compare == compareStem {
				e.hash = stemHash(lang, string(w))
			}
			p.elements = append(p.elements, e)
			if r := anchorRank(&e); r > rank {
				rank, p.anchor = r, len(p.elements)-1
			}
		}
	}
	length := 0
	for i := range p.elements {
		length += len(p.elements[i].text)
	}
	p.distinct = length >= 9
	switch {
	case rank == 0:
		return nil, errors.New("a term needs a word")
	case rank < anchorRank(&element{compare: compareStem}) && len(p.elements[p.anchor].text) < leastOpen:
		return nil, errors.New("'*' needs four letters or more beside it, or a whole word in the term")
	}
	return p, nil
}

// anchorRank says how well an element singles out a phrase: whole words before parts, long ones before short ones.
func anchorRank(e *element) int {
	switch e.compare {
	case compareWord:
		return 400 + len(e.text)
	case compareStem:
		return 300 + len(e.text)
	case comparePrefix:
		return 200 + len(e.text)
	case compareSuffix, compareInside:
		return 100 + len(e.text)
	}
	return 0
}

// key identifies the phrase's meaning, to find terms written twice.
func (p *phrase) key() uint64 {
	h := uint64(p.lang)
	for i := range p.elements {
		h = mix(h, p.elements[i].hash^uint64(p.elements[i].compare))
	}
	return h
}
