package query

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"barometer/internal/barometer"
	"barometer/internal/text"
)

const (
	fieldGap     = 1 << 10 // positions between title and text: more than any NEAR reaches
	maxHits      = 100     // hits reported for one organisation; they are for highlighting, not for counting
	maxStemCache = 1 << 14 // words whose stems are remembered

	longestStemmed = 100 // bytes; longer runs of letters are not words and have no stem
)

// Result receives the matches of one document and is the scratch space of matching. The zero value is ready; it is not
// safe for two goroutines. Matches is fresh for each document: it may be kept.
type Result struct {
	Matches []barometer.Match

	set      *Set
	epoch    uint32
	seen     []seen   // by element
	evaluate []uint32 // by query: the epoch in which it was woken
	woken    []int32
	places   []place
	pos      int32 // of the next word
	textFrom int32 // position of the first word of the text
	buf      []byte
	stems    map[string][]int32 // by word: elements it matches by stem
	spans    [2][]span
	ends     []int32
	cursors  []int32
	found    []found
}

// seen is where an element occurs in this document: a list of places, in order of position.
type seen struct {
	epoch       uint32
	first, last int32
}

type place struct {
	pos        int32
	start, end int32 // bytes in its field
	next       int32 // the next place of the element, or -1
}

// span is a place of a whole term: positions [from, to], bytes [start, end).
type span struct {
	from, to   int32
	start, end int32
	term       *term
}

type found struct {
	span
	title bool
}

// begin forgets the last document.
func (r *Result) begin(s *Set) {
	r.Matches = nil
	if r.set != s {
		*r = Result{set: s, seen: make([]seen, len(s.looks)), evaluate: make([]uint32, len(s.ids))}
	}
	if r.epoch++; r.epoch == 0 { // after four thousand million documents
		clear(r.seen)
		clear(r.evaluate)
		r.epoch = 1
	}
	r.woken, r.places, r.pos, r.textFrom = r.woken[:0], r.places[:0], 0, 0
}

// facts notes what is known about the document apart from its words.
func (r *Result) facts(d *Doc) {
	s := r.set
	if sites := s.facts[ofSite]; sites != nil {
		host := r.fold(strings.TrimPrefix(d.Site, "www."))
		for {
			r.know(sites[string(host)])
			dot := slices.Index(host, '.')
			if dot < 0 {
				break
			}
			host = host[dot+1:]
		}
	}
	lang, _, _ := strings.Cut(d.Lang, "-")
	r.factOf(ofLang, lang)
	r.factOf(ofSource, d.Source)
	r.factOf(ofKind, d.Kind)
	r.factOf(about, strings.TrimSpace(d.About))
	if len(s.urls) > 0 && d.URL != "" {
		url := r.fold(d.URL)
		for _, u := range s.urls {
			if bytes.Contains(url, u.value) {
				r.know([]int32{u.element})
			}
		}
	}
}

func (r *Result) factOf(field, value string) {
	if values := r.set.facts[field]; values != nil && value != "" {
		r.know(values[string(r.fold(value))])
	}
}

func (r *Result) know(elements []int32) {
	for _, e := range elements {
		r.seen[e] = seen{epoch: r.epoch}
		r.wake(e)
	}
}

func (r *Result) wake(e int32) {
	for _, q := range r.set.wakes[e] {
		if r.evaluate[q] != r.epoch {
			r.evaluate[q] = r.epoch
			r.woken = append(r.woken, q)
		}
	}
}

func (r *Result) fold(s string) []byte {
	r.buf = text.Fold(r.buf[:0], s)
	return r.buf
}

// scan looks up every word of a field.
func (r *Result) scan(s string) {
	sc := text.Scan(s)
	for tok, ok := sc.Next(); ok; tok, ok = sc.Next() {
		switch tok.Kind {
		case text.Word:
			folded := r.fold(s[tok.Start:tok.End])
			if slices.Contains(folded, '\'') {
				r.apart(s, tok)
				continue
			}
			r.word(s, tok, folded)
			if len(r.set.stems) > 0 {
				r.stem(s, tok)
			}
		case text.URL: // its parts are not words, but it stands between them
		case text.Hashtag:
			tok.Start++
			folded := r.fold(s[tok.Start:tok.End])
			r.word(s, tok, folded)
			r.look(&r.set.tags, s, tok, folded)
			if len(r.set.stems) > 0 {
				r.stem(s, tok)
			}
		case text.Handle:
			tok.Start++
			folded := r.fold(s[tok.Start:tok.End])
			for _, stop := range []string{"", ".@", ".@-"} { // @trust.example.org and @trust@server are @trust too
				end := tok.End
				if stop != "" {
					cut := strings.IndexAny(s[tok.Start:tok.End], stop)
					if cut < 0 || tok.Start+cut == end {
						continue
					}
					end = tok.Start + cut
				}
				part := folded[:end-tok.Start] // handles are ASCII: folding keeps their length
				r.word(s, text.Token{Start: tok.Start, End: end}, part)
				r.look(&r.set.handles, s, text.Token{Start: tok.Start, End: end}, part)
			}
		default:
			r.word(s, tok, r.fold(s[tok.Start:tok.End]))
		}
		r.pos++
	}
}

// apart looks up the parts of a word with apostrophes, each at a position of its own.
func (r *Result) apart(s string, tok text.Token) {
	for more := true; more; {
		var part text.Token
		if part, tok, more = cutPart(s, tok); part.Start == part.End {
			continue
		}
		r.word(s, part, r.fold(s[part.Start:part.End]))
		if len(r.set.stems) > 0 {
			r.stem(s, part)
		}
		r.pos++
	}
}

func (r *Result) word(s string, tok text.Token, folded []byte) { r.look(&r.set.words, s, tok, folded) }

// look notes the elements of an index that the folded word matches.
func (r *Result) look(ix *index, s string, tok text.Token, folded []byte) {
	if h := ends(folded); ix.ends[h>>6]&(1<<(h&63)) != 0 {
		for _, e := range ix.whole[string(folded)] {
			r.note(e, s, tok)
		}
	}
	if len(folded) < 2 {
		return
	}
	if h := uint16(folded[0])<<8 | uint16(folded[1]); ix.begins[h>>6]&(1<<(h&63)) != 0 {
		for _, p := range ix.prefixes[[2]byte{folded[0], folded[1]}] {
			if len(folded) >= len(p.key) && string(folded[:len(p.key)]) == p.key {
				for _, e := range p.elements {
					r.note(e, s, tok)
				}
			}
		}
	}
}

// stem notes the elements that a word matches by stem.
func (r *Result) stem(s string, tok text.Token) {
	word := s[tok.Start:tok.End]
	if len(word) > longestStemmed {
		return
	}
	elements, ok := r.stems[word]
	if !ok {
		elements = r.set.stemKeys(nil, word)
		if r.stems == nil || len(r.stems) >= maxStemCache {
			r.stems = make(map[string][]int32)
		}
		r.stems[strings.Clone(word)] = elements
	}
	for _, e := range elements {
		r.note(e, s, tok)
	}
}

// note records that an element occurs at the current position.
func (r *Result) note(e int32, s string, tok text.Token) {
	if l := r.set.looks[e]; l.exact != "" {
		surface := s[tok.Start:tok.End]
		if surface != l.exact && (!l.prefix || !strings.HasPrefix(surface, l.exact)) {
			return
		}
	}
	at := &r.seen[e]
	n := int32(len(r.places))
	switch {
	case at.epoch != r.epoch:
		*at = seen{epoch: r.epoch, first: n}
		r.wake(e)
	case r.places[at.last].pos == r.pos:
		return // the whole handle matched, and its first part too
	default:
		r.places[at.last].next = n
	}
	at.last = n
	r.places = append(r.places, place{pos: r.pos, start: int32(tok.Start), end: int32(tok.End), next: -1})
}

// holds reports whether the node is true of the document.
func (r *Result) holds(c *compiled) bool {
	switch c.op {
	case opFact:
		return r.seen[c.elements[0]].epoch == r.epoch
	case opTerm:
		if len(c.elements) == 1 {
			at := r.seen[c.elements[0]]
			return at.epoch == r.epoch && (!c.title || r.places[at.first].pos < r.textFrom)
		}
		return r.each(c, func(span) bool { return false })
	case opAll:
		for _, part := range c.parts {
			if !r.holds(part) {
				return false
			}
		}
		return true
	case opEither:
		for _, part := range c.parts {
			if r.holds(part) {
				return true
			}
		}
		return false
	case opNot:
		return !r.holds(c.parts[0])
	}
	r.gather(c)
	return r.close(0, c.n, func(span) bool { return false })
}

// each calls visit for the places of a term in order until it returns false, and reports whether there was one. The
// places of the words of a phrase are walked side by side, so that its cost is their number.
func (r *Result) each(c *compiled, visit func(span) bool) bool {
	cursors := r.cursors[:0]
	for _, e := range c.elements {
		if r.seen[e].epoch != r.epoch {
			return false
		}
		cursors = append(cursors, r.seen[e].first)
	}
	r.cursors = cursors
	some := false
	for first := cursors[0]; first >= 0; first = r.places[first].next {
		from := r.places[first]
		if c.title && from.pos >= r.textFrom {
			break
		}
		last := from
		whole := true
		for i := 1; i < len(cursors); i++ {
			want := from.pos + int32(i)
			at := cursors[i]
			for at >= 0 && r.places[at].pos < want {
				at = r.places[at].next
			}
			if cursors[i] = at; at < 0 {
				return some
			}
			if r.places[at].pos != want {
				whole = false
				break
			}
			last = r.places[at]
		}
		if whole {
			some = true
			if !visit(span{from.pos, last.pos, from.start, last.end, c.term}) {
				return true
			}
		}
	}
	return some
}

// gather collects the places of both sides of a NEAR, each in order.
func (r *Result) gather(c *compiled) {
	for i, side := range c.parts {
		r.spans[i] = r.spans[i][:0]
		terms := side.parts
		if side.op == opTerm {
			terms = c.parts[i : i+1]
		}
		for _, t := range terms {
			r.each(t, func(sp span) bool {
				r.spans[i] = append(r.spans[i], sp)
				return true
			})
		}
		if len(terms) > 1 {
			slices.SortFunc(r.spans[i], func(a, b span) int { return cmp.Compare(a.from, b.from) })
		}
	}
}

// close calls visit for the places of one side that have a place of the other side near, until it returns false, and
// reports whether there was one. Two places that share a word are not near each other.
func (r *Result) close(side int, n int32, visit func(span) bool) bool {
	mine, other := r.spans[side], r.spans[1-side]
	r.ends = r.ends[:0]
	for _, sp := range other {
		r.ends = append(r.ends, sp.to)
	}
	slices.Sort(r.ends)
	some := false
	for _, sp := range mine {
		next, _ := slices.BinarySearchFunc(other, sp.to+1, func(o span, pos int32) int { return cmp.Compare(o.from, pos) })
		before, _ := slices.BinarySearch(r.ends, sp.from)
		beside := next < len(other) && other[next].from-sp.to-1 <= n || before > 0 && sp.from-r.ends[before-1]-1 <= n
		if beside {
			some = true
			if !visit(sp) {
				return true
			}
		}
	}
	return some
}

// hits returns the places that make the query true, in order, in characters.
func (r *Result) hits(root *compiled, d *Doc) []barometer.Hit {
	r.found = r.found[:0]
	r.collect(root)
	slices.SortFunc(r.found, func(a, b found) int {
		return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(b.end, a.end), cmp.Compare(a.term.source, b.term.source))
	})
	r.found = slices.CompactFunc(r.found, func(a, b found) bool {
		return a.from == b.from && a.end == b.end && a.term.source == b.term.source
	})
	if len(r.found) == 0 {
		return nil
	}
	r.found = r.found[:min(len(r.found), maxHits)]
	out := make([]barometer.Hit, len(r.found))
	var at, characters int
	for i, f := range r.found {
		s, field := d.Text, ""
		if f.title {
			s, field = d.Title, "title"
		}
		if i > 0 && r.found[i-1].title != f.title {
			at, characters = 0, 0
		}
		characters += utf8.RuneCountInString(s[at:f.start])
		at = int(f.start)
		out[i] = barometer.Hit{
			Term: f.term.source, Field: field,
			Start: characters, End: characters + utf8.RuneCountInString(s[f.start:f.end]),
		}
	}
	return out
}

// collect gathers the places of the terms in the parts that hold: of each the first ones, as many as are reported.
func (r *Result) collect(c *compiled) {
	left := maxHits
	take := func(sp span) bool {
		r.found = append(r.found, found{sp, sp.from < r.textFrom-fieldGap})
		left--
		return left > 0
	}
	switch c.op {
	case opTerm:
		r.each(c, take)
	case opAll, opEither:
		for _, part := range c.parts {
			if r.holds(part) {
				r.collect(part)
			}
		}
	case opNear:
		r.gather(c)
		r.close(0, c.n, take)
		left = maxHits
		r.close(1, c.n, take)
	}
}
