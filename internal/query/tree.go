package query

import (
	"fmt"
	"strings"
)

// Query is a parsed query. It is immutable and may be shared.
type Query struct {
	root node
}

// node is one of all, any, not, near and *term.
type node any

type (
	all    []node // every part must hold
	either []node // one part must hold
	not    struct {
		part node
		at   int // byte offset of NOT in the source
	}
	near struct {
		a, b node // *term, or either of *term
		n    int
	}
)

// The fields of a term. A term without a field is looked for in title and text; those with a value rather than words are
// facts about the post.
const (
	inTitle  = "title"
	ofSite   = "site"
	ofLang   = "lang"
	ofSource = "source"
	ofKind   = "kind"
	about    = "about"
	inURL    = "url"
)

// term is a leaf: a word or phrase to look for, or a fact about the post.
type term struct {
	source   string // as it is written, fields included
	field    string
	value    string // of a fact, in the form it is compared in
	elements []element
	exact    bool
	langs    []string // of stem:
}

func (t *term) fact() bool { return t.field != "" && t.field != inTitle }

// element is one word of a term.
type element struct {
	surface string // as written, without # or @
	sign    byte   // '#', '@' or 0
	prefix  bool
	keys    []string // folded spellings, one of which must occur; for stem: one stem for each language
}

// Terms returns the terms that the query looks for, as written and in order, without those under NOT.
func (q *Query) Terms() []string {
	var out []string
	for _, t := range positive(q.root, nil) {
		out = append(out, t.source)
	}
	return out
}

func positive(n node, dst []*term) []*term {
	switch n := n.(type) {
	case *term:
		return append(dst, n)
	case all:
		for _, part := range n {
			dst = positive(part, dst)
		}
	case either:
		for _, part := range n {
			dst = positive(part, dst)
		}
	case near:
		return positive(n.b, positive(n.a, dst))
	}
	return dst
}

// String returns the query in a normal form, with AND and brackets written out. Parsing it gives the same query.
func (q *Query) String() string { return write(q.root, 0) }

// write renders a node in a place that binds with the given strength: 0 the whole query, 1 a part of OR, 2 a part of AND,
// 3 what NOT negates, 4 a side of NEAR.
func write(n node, binding int) string {
	var s string
	var own int
	switch n := n.(type) {
	case *term:
		return n.source
	case either:
		s = join(n, " OR ", 0)
	case all:
		s, own = join(n, " AND ", 1), 1
	case not:
		s, own = "NOT "+write(n.part, 3), 2
	case near:
		s, own = write(n.a, 4)+fmt.Sprintf(" NEAR/%d ", n.n)+write(n.b, 4), 3
	}
	if own < binding {
		return "(" + s + ")"
	}
	return s
}

func join(parts []node, op string, binding int) string {
	out := make([]string, len(parts))
	for i, part := range parts {
		out[i] = write(part, binding+1)
	}
	return strings.Join(out, op)
}

// Explain says in words what the query matches, one condition a line, parts indented.
func (q *Query) Explain() string {
	var b strings.Builder
	b.WriteString("posts with\n")
	explain(&b, q.root, 1)
	return b.String()
}

func explain(b *strings.Builder, n node, depth int) {
	line := func(s string) {
		b.WriteString(strings.Repeat("  ", depth))
		b.WriteString(s)
		b.WriteByte('\n')
	}
	parts := func(parts []node) {
		for _, part := range parts {
			explain(b, part, depth+1)
		}
	}
	switch n := n.(type) {
	case *term:
		line(n.words())
	case all:
		line("all of:")
		parts(n)
	case either:
		line("any of:")
		parts(n)
	case not:
		line("but not:")
		parts([]node{n.part})
	case near:
		line(fmt.Sprintf("both of these, in either order, with at most %d words between them:", n.n))
		parts([]node{n.a, n.b})
	}
}

// words says what a term matches.
func (t *term) words() string {
	switch t.field {
	case ofSite:
		return "the site " + t.value + " or one below it"
	case ofLang:
		return "the declared language " + t.value
	case ofSource:
		return "the source " + t.value
	case ofKind:
		return "a source of kind " + t.value
	case about:
		return "an archive's note that it is about “" + t.value + "”"
	case inURL:
		return "an address that contains “" + t.value + "”"
	}
	shown := make([]string, len(t.elements))
	for i, e := range t.elements {
		if e.sign != 0 {
			shown[i] = string(e.sign)
		}
		shown[i] += e.surface
		if e.prefix {
			shown[i] += "…"
		}
	}
	what := "“" + strings.Join(shown, " ") + "”"
	e := t.elements[0]
	switch {
	case len(t.elements) > 1:
		what = "the phrase " + what
	case e.sign == '#':
		what = "the hashtag " + what
	case e.sign == '@':
		what = "the handle " + what
	case e.prefix:
		what = "a word that begins like " + what
	default:
		what = "the word " + what
	}
	if len(t.langs) > 0 {
		what += " in any inflection (" + strings.Join(t.langs, ", ") + ")"
	}
	if t.exact {
		what += " exactly as written"
	}
	if t.field == inTitle {
		what += " in the title"
	}
	return what
}
