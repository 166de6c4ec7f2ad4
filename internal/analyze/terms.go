package analyze

import (
	"slices"
	"strings"

	"barometer/internal/barometer"
)

// maxTerms is how many terms are kept of one text. A short post has fewer; of a long one the terms that it repeats are
// kept, then those it begins with.
const maxTerms = 64

// maxCandidates bounds what is looked at in a long text.
const maxCandidates = 4096

// termStep lists the words, phrases of two and three words, hashtags, names and parts of compounds of a text, for the
// detection of what nobody configured. Each is listed once. The key is made of folded stems, so that inflected forms
// are counted together; the surface is as written.
type termStep struct {
	stops [languages]map[uint64]struct{}
	heads [languages][]string // stems that compounds end in, longest first
}

// candidate is a term on the way: tokens [from, to), or a part of a token's stem.
type candidate struct {
	hash       uint64
	from, to   int32
	part       string // of a compound, or ""
	start, end int32  // of the part in the token, in bytes of the stem
	count      int32
}

type termScratch struct {
	stop       []bool
	candidates []candidate
	slots      []int32 // hash table over candidates: index+1
	order      []int32
	keys       []byte
	ends       []int32
}

func newTermStep() *termStep {
	s := &termStep{stops: stopSets()}
	for l, words := range map[language]string{langDE: germanHeads, langFI: finnishHeads} {
		heads := strings.Fields(words)
		for _, h := range heads {
			heads = append(heads, strings.TrimRight(h, "aeiouy"))
		}
		heads = slices.DeleteFunc(heads, func(h string) bool { return len(h) < 3 })
		slices.SortFunc(heads, func(a, b string) int {
			if len(a) != len(b) {
				return len(b) - len(a)
			}
			return strings.Compare(a, b)
		})
		s.heads[l] = slices.Compact(heads)
	}
	return s
}

func (s *termStep) analyze(doc *document, out *analysis) {
	sc := &doc.terms
	sc.candidates, sc.stop = sc.candidates[:0], sc.stop[:0]
	if sc.slots == nil {
		sc.slots = make([]int32, 2*maxCandidates)
	}
	stops := s.stops[doc.lang]
	for i := range doc.tokens {
		_, stop := stops[doc.tokens[i].hash]
		sc.stop = append(sc.stop, stop || doc.tokens[i].fend-doc.tokens[i].fstart < 2)
	}
	for i := range doc.tokens {
		if len(sc.candidates) > maxCandidates-8 {
			break
		}
		s.from(doc, i)
	}
	for i := range sc.candidates { // leave the table empty for the next text
		sc.clear(sc.candidates[i].hash)
	}
	s.write(doc, out)
}

// from adds the terms that begin with token i.
func (s *termStep) from(doc *document, i int) {
	sc := &doc.terms
	t := &doc.tokens[i]
	switch t.kind {
	case kindHashtag:
		sc.add(candidate{hash: mix(t.hash, '#'), from: int32(i), to: int32(i + 1)})
		return
	case kindWord, kindTagPart:
	default:
		return
	}
	if sc.stop[i] {
		return
	}
	if t.fend-t.fstart >= 3 {
		sc.add(candidate{hash: t.stem, from: int32(i), to: int32(i + 1)})
	}
	s.compound(doc, i)
	h := t.stem
	for n := 1; n < 3 && i+n < len(doc.tokens) && !doc.tokens[i+n-1].is(flagClauseEnd); n++ {
		next := &doc.tokens[i+n]
		if next.sentence != t.sentence || (next.kind != t.kind && (next.kind != kindNumber || t.kind != kindWord)) {
			break
		}
		h = mix(h, next.stem)
		if !sc.stop[i+n] {
			sc.add(candidate{hash: h, from: int32(i), to: int32(i + n + 1)})
		}
	}
	if n := nameLength(doc, i); n > 3 {
		h = t.stem
		for j := i + 1; j < i+n; j++ {
			h = mix(h, doc.tokens[j].stem)
		}
		sc.add(candidate{hash: h, from: int32(i), to: int32(i + n)})
	}
}

// nameLength returns how many tokens from i on look like a name, such as "Royal College of Nursing": capitalised words
// with small connecting words between them. Phrases of up to three words are terms anyway.
func nameLength(doc *document, i int) int {
	capital := func(j int) bool {
		return j < len(doc.tokens) && doc.tokens[j].kind == kindWord && doc.tokens[j].is(flagCapital)
	}
	if !capital(i) || (i > 0 && capital(i-1) && doc.tokens[i-1].sentence == doc.tokens[i].sentence && !doc.tokens[i-1].is(flagClauseEnd)) {
		return 0
	}
	n := 1
	for n < 6 && !doc.tokens[i+n-1].is(flagClauseEnd) {
		switch {
		case capital(i + n):
			n++
		case capital(i+n+1) && isConnector(doc.word(&doc.tokens[i+n])) && !doc.tokens[i+n].is(flagClauseEnd):
			n += 2
		default:
			return n
		}
	}
	return n
}

func isConnector(w []byte) bool {
	switch string(w) {
	case "of", "the", "and", "for", "fur", "der", "des", "von", "zu", "am", "im", "und", "ja", "de", "la", "du":
		return true
	}
	return false
}

// compound adds the head and the rest of a long German or Finnish word.
func (s *termStep) compound(doc *document, i int) {
	stem := doc.stems[i]
	if s.heads[doc.lang] == nil || len(stem) < 8 {
		return
	}
	for _, head := range s.heads[doc.lang] {
		cut := len(stem) - len(head)
		if cut < 4 || stem[cut:] != head {
			continue
		}
		rest := cut
		if doc.lang == langDE && rest > 5 && stem[rest-1] == 's' && stem[rest-2] != 's' && stem[rest-2] != 'u' && stem[rest-2] != 'i' {
			rest-- // the s between parts: Versicherung-s-karte
		}
		sc := &doc.terms
		if len(head) >= 5 { // shorter heads, such as "zeit" or "haus", say too little
			sc.add(candidate{hash: hash([]byte(head)), from: int32(i), to: int32(i + 1), part: head, start: int32(cut), end: int32(len(stem))})
		}
		sc.add(candidate{hash: hash([]byte(stem[:rest])), from: int32(i), to: int32(i + 1), part: stem[:rest], start: 0, end: int32(rest)})
		return
	}
}

// add counts c, once more if it is there.
func (sc *termScratch) add(c candidate) {
	mask := uint64(len(sc.slots) - 1)
	for i := c.hash & mask; ; i = (i + 1) & mask {
		k := sc.slots[i]
		if k == 0 {
			c.count = 1
			sc.candidates = append(sc.candidates, c)
			sc.slots[i] = int32(len(sc.candidates))
			return
		}
		if sc.candidates[k-1].hash == c.hash {
			sc.candidates[k-1].count++
			return
		}
	}
}

// clear empties the slots from where h may be on. Called for every candidate, it empties the table.
func (sc *termScratch) clear(h uint64) {
	mask := uint64(len(sc.slots) - 1)
	for i := h & mask; sc.slots[i] != 0; i = (i + 1) & mask {
		sc.slots[i] = 0
	}
}

// write appends the terms to out. All keys share one string, the surfaces share the input's.
func (s *termStep) write(doc *document, out *analysis) {
	sc := &doc.terms
	sc.order = sc.order[:0]
	for i := range sc.candidates {
		sc.order = append(sc.order, int32(i))
	}
	if len(sc.order) > maxTerms {
		slices.SortFunc(sc.order, func(a, b int32) int {
			if d := sc.candidates[b].count - sc.candidates[a].count; d != 0 {
				return int(d)
			}
			return int(a - b)
		})
		sc.order = sc.order[:maxTerms]
		slices.Sort(sc.order)
	}
	sc.keys, sc.ends = sc.keys[:0], sc.ends[:0]
	for _, k := range sc.order {
		c := &sc.candidates[k]
		switch {
		case c.part != "":
			sc.keys = append(sc.keys, c.part...)
		case doc.tokens[c.from].kind == kindHashtag:
			sc.keys = append(append(sc.keys, '#'), doc.word(&doc.tokens[c.from])...)
		default:
			for j := c.from; j < c.to; j++ {
				if j > c.from {
					sc.keys = append(sc.keys, ' ')
				}
				if doc.stems[j] != "" {
					sc.keys = append(sc.keys, doc.stems[j]...)
				} else {
					sc.keys = append(sc.keys, doc.word(&doc.tokens[j])...)
				}
			}
		}
		sc.ends = append(sc.ends, int32(len(sc.keys)))
	}
	keys, begin := string(sc.keys), int32(0)
	for n, k := range sc.order {
		c := &sc.candidates[k]
		term := barometer.Term{Key: keys[begin:sc.ends[n]], Surface: doc.span(&doc.tokens[c.from], &doc.tokens[c.to-1])}
		if c.part != "" {
			term.Surface = partSurface(term.Surface, c, doc.stems[c.from])
		}
		out.Terms = append(out.Terms, term)
		begin = sc.ends[n]
	}
}

// partSurface returns the part of a compound as written. Where folding changed lengths before the part it returns the
// part of the key instead, which is readable too.
func partSurface(word string, c *candidate, stem string) string {
	chars, bytes := 0, 0
	for i := range word {
		if chars == int(c.start) {
			bytes = i
		}
		if chars == int(c.end) && c.end < int32(len(stem)) {
			return word[bytes:i]
		}
		if word[i] >= 0x80 && len(stem) == 0 {
			break
		}
		chars++
	}
	if chars < int(c.end) || strings.Contains(word, "ß") {
		return c.part
	}
	return word[bytes:]
}
