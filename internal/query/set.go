package query

import (
	"slices"
	"strings"

	"barometer/internal/barometer"
	"barometer/internal/text"
)

// Named is the query of one organisation.
type Named struct {
	ID    string
	Query *Query
}

// Set matches the queries of all organisations against a post in one pass over its words: each word is looked up once in
// what all queries ask for, and only a query for which something it needs occurred is evaluated. It is immutable and safe
// for any number of goroutines, each with its own Result.
type Set struct {
	ids   []string
	roots []*compiled
	wakes [][]int32 // by element: the queries to evaluate when it occurs
	looks []look    // by element: what is checked after its key was found

	words, tags, handles index
	stems                map[string]map[string][]int32 // language, stem: elements
	facts                map[string]map[string][]int32 // field, value: elements
	urls                 []urlLook
}

// look is the check of an element beyond its key.
type look struct {
	exact  string // the surface it must have, or ""
	prefix bool
}

type urlLook struct {
	value   []byte
	element int32
}

// index finds the elements for a folded word.
type index struct {
	whole    map[string][]int32
	prefixes map[[2]byte][]prefixLook
	ends     [1 << 13]uint64 // which pairs of (first and last byte, length) occur among whole words: most lookups end here
	begins   [1 << 10]uint64 // which first two bytes occur among prefixes
}

type prefixLook struct {
	key      string
	elements []int32
}

// The operations of a compiled node.
const (
	opTerm = iota
	opFact
	opAll
	opEither
	opNot
	opNear
)

// compiled is a node whose words are numbers of elements.
type compiled struct {
	op       uint8
	title    bool // the term is looked for in the title only
	n        int32
	parts    []*compiled
	elements []int32
	term     *term
}

// NewSet compiles the queries. An id twice is an error of kind Conflict.
func NewSet(queries []Named) (*Set, error) {
	b := builder{
		Set: &Set{
			words: newIndex(), tags: newIndex(), handles: newIndex(),
			stems: map[string]map[string][]int32{}, facts: map[string]map[string][]int32{},
		},
		known: map[string]int32{},
	}
	for _, q := range queries {
		if slices.Contains(b.ids, q.ID) {
			return nil, barometer.Errorf(barometer.Conflict, "two queries for organisation %q", q.ID)
		}
		b.ids = append(b.ids, q.ID)
		b.roots = append(b.roots, b.compile(q.Query.root))
	}
	for i, q := range queries { // after all are compiled: which word is rare depends on all
		needed, _ := need(q.Query.root, false) // Parse saw to it that there are some
		for _, t := range needed {
			e := b.rarest(t)
			if !slices.Contains(b.wakes[e], int32(i)) {
				b.wakes[e] = append(b.wakes[e], int32(i))
			}
		}
	}
	return b.Set, nil
}

// builder numbers the elements of all queries, equal ones once.
type builder struct {
	*Set
	known map[string]int32
	uses  []int // by element: how many terms hold it
}

func (b *builder) compile(n node) *compiled {
	switch n := n.(type) {
	case *term:
		if n.fact() {
			return &compiled{op: opFact, elements: []int32{b.fact(n)}, term: n}
		}
		c := &compiled{op: opTerm, title: n.field == inTitle, term: n}
		for _, e := range n.elements {
			number := b.element(n, e)
			b.uses[number]++
			c.elements = append(c.elements, number)
		}
		return c
	case all:
		return &compiled{op: opAll, parts: b.compileAll(n)}
	case either:
		return &compiled{op: opEither, parts: b.compileAll(n)}
	case not:
		return &compiled{op: opNot, parts: b.compileAll([]node{n.part})}
	case near:
		return &compiled{op: opNear, n: int32(n.n), parts: b.compileAll([]node{n.a, n.b})}
	}
	return &compiled{op: opEither}
}

func (b *builder) compileAll(parts []node) []*compiled {
	out := make([]*compiled, len(parts))
	for i, part := range parts {
		out[i] = b.compile(part)
	}
	return out
}

// rarest returns the element of a term that is expected to wake the fewest queries in vain: the one that fewest terms
// hold (of "Example hospital" not what all hospitals have), then the longest.
func (b *builder) rarest(t *term) int32 {
	if t.fact() {
		return b.fact(t)
	}
	best, length := b.element(t, t.elements[0]), len(t.elements[0].keys[0])
	for _, e := range t.elements[1:] {
		n, l := b.element(t, e), len(e.keys[0])
		if b.uses[n] < b.uses[best] || b.uses[n] == b.uses[best] && l > length {
			best, length = n, l
		}
	}
	return best
}

// number returns the number of what the identity describes, and whether it is new.
func (b *builder) number(identity ...string) (int32, bool) {
	id := strings.Join(identity, "\x00")
	if n, ok := b.known[id]; ok {
		return n, false
	}
	n := int32(len(b.wakes))
	b.known[id] = n
	b.wakes = append(b.wakes, nil)
	b.looks = append(b.looks, look{})
	b.uses = append(b.uses, 0)
	return n, true
}

func (b *builder) fact(t *term) int32 {
	n, fresh := b.number("fact", t.field, t.value)
	switch {
	case !fresh:
	case t.field == inURL:
		b.urls = append(b.urls, urlLook{[]byte(t.value), n})
	default:
		if b.facts[t.field] == nil {
			b.facts[t.field] = map[string][]int32{}
		}
		b.facts[t.field][t.value] = append(b.facts[t.field][t.value], n)
	}
	return n
}

func (b *builder) element(t *term, e element) int32 {
	mode := "word"
	l := look{prefix: e.prefix}
	switch {
	case t.langs != nil && e.sign == 0:
		mode = "stem " + strings.Join(t.langs, " ")
	case t.exact:
		mode, l.exact = "exact", e.surface
	}
	if e.prefix {
		mode += "*"
	}
	surface := strings.Join(e.keys, " ")
	if t.exact {
		surface = e.surface
	}
	n, fresh := b.number(mode, string(e.sign), surface)
	if !fresh {
		return n
	}
	b.looks[n] = l
	if t.langs != nil && e.sign == 0 {
		for i, lang := range t.langs {
			if b.stems[lang] == nil {
				b.stems[lang] = map[string][]int32{}
			}
			b.stems[lang][e.keys[i]] = append(b.stems[lang][e.keys[i]], n)
		}
		return n
	}
	ix := &b.words
	switch e.sign {
	case '#':
		ix = &b.tags
	case '@':
		ix = &b.handles
	}
	for _, key := range e.keys {
		ix.add(key, e.prefix, n)
	}
	return n
}

func newIndex() index {
	return index{whole: map[string][]int32{}, prefixes: map[[2]byte][]prefixLook{}}
}

// add makes the index find element n under the key.
func (ix *index) add(key string, prefix bool, n int32) {
	if !prefix {
		ix.whole[key] = append(ix.whole[key], n)
		h := ends(key)
		ix.ends[h>>6] |= 1 << (h & 63)
		return
	}
	two := [2]byte{key[0], key[1]}
	bucket := ix.prefixes[two]
	i := slices.IndexFunc(bucket, func(p prefixLook) bool { return p.key == key })
	if i < 0 {
		i = len(bucket)
		bucket = append(bucket, prefixLook{key: key})
	}
	bucket[i].elements = append(bucket[i].elements, n)
	ix.prefixes[two] = bucket
	h := uint16(two[0])<<8 | uint16(two[1])
	ix.begins[h>>6] |= 1 << (h & 63)
}

// ends hashes what is cheap to see of a word: its first, middle and last byte and its length.
func ends[S string | []byte](s S) uint32 {
	n := len(s)
	if n == 0 {
		return 0
	}
	h := uint32(s[0]) | uint32(s[n-1])<<8 | uint32(s[n/2])<<16 | uint32(n)<<24
	return h * 2654435761 >> (32 - 19)
}

// Doc is a post as queries see it.
type Doc struct {
	Title  string
	Text   string
	Site   string // host name, lower case
	Lang   string // as declared: "de", "de-AT", or ""
	Source string // id of the configured source
	Kind   string // the source's kind
	About  string // the organisation an archive says the post was collected for
	URL    string
}

// DocOf returns what queries see of a post.
func DocOf(p *barometer.Post) Doc {
	return Doc{
		Title: p.Title, Text: p.Text, Site: p.Site, Lang: p.Lang, Source: p.Source, Kind: p.Kind, About: p.About, URL: p.URL,
	}
}

// Match finds the organisations whose queries the document matches, in the order of NewSet, and puts them into r.Matches.
// It allocates only for matches, once r has grown to the size of the documents.
func (s *Set) Match(d *Doc, r *Result) {
	r.begin(s)
	if len(s.facts) > 0 || len(s.urls) > 0 {
		r.facts(d)
	}
	r.scan(d.Title)
	r.pos += fieldGap
	r.textFrom = r.pos
	r.scan(d.Text)
	if len(r.woken) == 0 {
		return
	}
	slices.Sort(r.woken)
	for _, q := range r.woken {
		if root := s.roots[q]; r.holds(root) {
			r.Matches = append(r.Matches, barometer.Match{Organisation: s.ids[q], Hits: r.hits(root, d)})
		}
	}
}

// stemKeys appends the elements that the word matches by stem.
func (s *Set) stemKeys(dst []int32, word string) []int32 {
	lower := strings.ToLower(word)
	for lang, elements := range s.stems {
		for _, e := range elements[fold(text.Stem(lang, lower))] {
			if !slices.Contains(dst, e) {
				dst = append(dst, e)
			}
		}
	}
	return dst
}
