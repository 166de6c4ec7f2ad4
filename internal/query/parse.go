package query

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"barometer/internal/barometer"
)

// Bounds of a query. They keep a mistake or an attack from costing every post, and are far above any real query.
const (
	maxLength = 16384 // bytes
	maxDepth  = 50    // brackets within brackets
	maxTerms  = 2000
	maxNear   = 100
)

// SyntaxError says where a query is wrong and what to do. Parse returns it inside an error of kind barometer.Invalid.
type SyntaxError struct {
	Source string
	Column int // 1 for the first character
	Text   string
}

// Error implements error.
func (e *SyntaxError) Error() string { return fmt.Sprintf("column %d: %s", e.Column, e.Text) }

// Caret returns the line of the query with a caret beneath the column.
func (e *SyntaxError) Caret() string {
	line := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, e.Source)
	return line + "\n" + strings.Repeat(" ", e.Column-1) + "^"
}

// Parse reads a query. An error is of kind Invalid, holds a *SyntaxError, and says what to do instead; only a query that
// asks for an author is of kind Refused.
func Parse(src string) (*Query, error) {
	p := parser{src: src}
	switch {
	case len(src) > maxLength:
		return nil, barometer.Errorf(barometer.Invalid, "parse query: %d bytes long, at most %d are allowed", len(src), maxLength)
	case !utf8.ValidString(src):
		return nil, barometer.Errorf(barometer.Invalid, "parse query: not valid UTF-8")
	}
	root, err := p.parse()
	if err != nil {
		return nil, err
	}
	return &Query{root: root}, nil
}

// parser is a recursive descent over the grammar in the package comment. The first failure is kept in err and every
// step after it returns at once.
type parser struct {
	src   string
	pos   int
	depth int
	terms int
	err   error
}

// context is what the fields before a bracket say about the terms within.
type context struct {
	title bool
	exact bool
	langs []string
	fact  string
}

func (p *parser) parse() (node, error) {
	root := p.either(context{})
	if p.err == nil && p.skip() < len(p.src) {
		p.fail(p.pos, "a closing bracket without an opening one; remove it")
	}
	if p.err == nil {
		if _, ok := need(root, false); !ok {
			p.fail(blame(root), "this part matches every post that lacks the words after NOT; say with AND what the posts must have")
		}
	}
	return root, p.err
}

// blame returns the byte offset of the first NOT without which the node would ask for something.
func blame(n node) int {
	switch n := n.(type) {
	case not:
		return n.at
	case all:
		return blameFirst(n)
	case either:
		return blameFirst(n)
	}
	return 0
}

func blameFirst(parts []node) int {
	for _, part := range parts {
		if _, ok := need(part, false); !ok {
			return blame(part)
		}
	}
	return 0
}

// fail keeps the first error and moves to the end, so that every loop ends.
func (p *parser) fail(at int, format string, args ...any) node {
	return p.reject(barometer.Invalid, at, format, args...)
}

func (p *parser) reject(kind barometer.Kind, at int, format string, args ...any) node {
	if p.err == nil {
		e := &SyntaxError{Source: p.src, Column: utf8.RuneCountInString(p.src[:at]) + 1, Text: fmt.Sprintf(format, args...)}
		p.err = barometer.Errorf(kind, "parse query: %w", e)
	}
	p.pos = len(p.src)
	return either(nil)
}

// skip moves over space and returns the new position.
func (p *parser) skip() int {
	for p.pos < len(p.src) {
		r, n := utf8.DecodeRuneInString(p.src[p.pos:])
		if !unicode.IsSpace(r) {
			break
		}
		p.pos += n
	}
	return p.pos
}

func quote(r rune) bool { return r == '"' || r == '“' || r == '”' || r == '„' }

// run returns the characters from the position up to space, a bracket or a quotation mark.
func (p *parser) run() string {
	rest := p.src[p.pos:]
	end := strings.IndexFunc(rest, func(r rune) bool { return unicode.IsSpace(r) || r == '(' || r == ')' || quote(r) })
	if end < 0 {
		return rest
	}
	return rest[:end]
}

// operator reports whether the given operator comes next.
func (p *parser) operator(name string) bool {
	p.skip()
	return p.run() == name
}

func (p *parser) either(c context) node {
	parts := flatten[either](nil, p.all(c))
	for p.err == nil && p.operator("OR") {
		p.pos += len("OR")
		parts = flatten(parts, p.all(c))
	}
	if len(parts) == 1 {
		return parts[0]
	}
	return parts
}

func (p *parser) all(c context) node {
	parts := flatten[all](nil, p.item(c))
	for p.err == nil {
		switch {
		case p.operator("AND"):
			p.pos += len("AND")
		case p.skip() == len(p.src), p.src[p.pos] == ')', p.operator("OR"):
			if len(parts) == 1 {
				return parts[0]
			}
			return parts
		}
		parts = flatten(parts, p.item(c))
	}
	return parts
}

// flatten appends n to the parts, or the parts of n when it is of their type: (a b) c is the same as a b c.
func flatten[S interface {
	~[]node
	all | either
}](parts S, n node) S {
	if inner, ok := n.(S); ok {
		return append(parts, inner...)
	}
	return append(parts, n)
}

func (p *parser) item(c context) node {
	if !p.operator("NOT") {
		return p.near(c)
	}
	at := p.pos
	p.pos += len("NOT")
	if p.operator("NOT") {
		return p.fail(p.pos, "NOT twice; write it once or not at all")
	}
	return not{part: p.near(c), at: at}
}

func (p *parser) near(c context) node {
	start := p.skip()
	a := p.atom(c)
	at := p.skip()
	op := p.run()
	if p.err != nil || op != "NEAR" && !strings.HasPrefix(op, "NEAR/") {
		return a
	}
	n, err := strconv.Atoi(strings.TrimPrefix(op, "NEAR/"))
	if err != nil || n < 1 || n > maxNear {
		return p.fail(at, "%s: write NEAR/n with a number from 1 to %d, such as NEAR/5", op, maxNear)
	}
	p.pos += len(op)
	second := p.skip()
	b := p.atom(c)
	if p.err == nil && strings.HasPrefix(p.src[p.skip():], "NEAR") && strings.HasPrefix(p.run(), "NEAR") {
		return p.fail(p.pos, "NEAR joins two; write (a NEAR/5 b) AND (b NEAR/5 c)")
	}
	for _, operand := range []struct {
		n  node
		at int
	}{{a, start}, {b, second}} {
		if p.err == nil && !places(operand.n) {
			return p.fail(operand.at, "NEAR needs a word, a phrase, or words joined by OR in brackets on each side")
		}
	}
	return near{a, b, n}
}

// places reports whether the node has places in a text: words, or alternatives of words.
func places(n node) bool {
	switch n := n.(type) {
	case *term:
		return !n.fact()
	case either:
		for _, part := range n {
			if t, ok := part.(*term); !ok || t.fact() {
				return false
			}
		}
		return true
	}
	return false
}

func (p *parser) atom(c context) node {
	start := p.skip()
	if start == len(p.src) {
		return p.fail(start, "the query ends where a word is expected")
	}
	r, n := utf8.DecodeRuneInString(p.src[start:])
	switch {
	case r == ')':
		return p.fail(start, "a closing bracket where a word is expected")
	case r == '(':
		if p.depth++; p.depth > maxDepth {
			return p.fail(start, "more than %d brackets within each other; write the query with fewer", maxDepth)
		}
		p.pos++
		inner := p.either(c)
		if p.err != nil {
			return inner
		}
		if p.skip() == len(p.src) || p.src[p.pos] != ')' {
			return p.fail(start, "this bracket is not closed; add )")
		}
		p.pos++
		p.depth--
		return inner
	case quote(r):
		p.pos += n
		end := strings.IndexFunc(p.src[p.pos:], quote)
		if end < 0 {
			return p.fail(start, "this quotation mark is not closed; add \"")
		}
		raw := p.src[p.pos : p.pos+end]
		_, n := utf8.DecodeRuneInString(p.src[p.pos+end:])
		p.pos += end + n
		return p.leaf(c, start, strings.Join(strings.Fields(raw), " "), true)
	}
	run := p.run()
	switch {
	case run == "AND" || run == "OR" || run == "NOT" || run == "NEAR" || strings.HasPrefix(run, "NEAR/"):
		return p.fail(start, "%s where a word is expected; to look for the word itself write %q", run, strings.ToLower(run))
	case strings.HasPrefix(run, "-") && len(run) > 1:
		return p.fail(start, "to exclude a word write NOT %s", run[1:])
	}
	if name, _, ok := strings.Cut(run, ":"); ok && c.fact == "" && fieldName(name) {
		p.pos += len(name) + 1
		at := p.pos
		inner := p.field(c, start, name)
		if p.err == nil && (p.pos == len(p.src) || p.skip() != at) {
			return p.fail(start, "nothing follows %s: write it without a space, such as %s:word", name, name)
		}
		if p.err != nil {
			return either(nil)
		}
		return p.atom(inner)
	}
	p.pos += len(run)
	return p.leaf(c, start, run, false)
}

// fieldName reports whether s looks like a field: ASCII letters, with dots between.
func fieldName(s string) bool {
	for i := range len(s) {
		if c := s[i] | 0x20; (c < 'a' || c > 'z') && (s[i] != '.' || i == 0) {
			return false
		}
	}
	return s != ""
}
