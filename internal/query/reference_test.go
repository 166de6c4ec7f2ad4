package query

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"barometer/internal/text"
)

// This file evaluates queries the slow, obvious way, straight from the language's description: every term is tried at
// every word. The set must agree with it.

// refWord is a word of a document with all the ways it can be asked for.
type refWord struct {
	field     string
	surfaces  []string
	signs     string // "#" or "@" or ""
	unmatched bool   // an address: it only takes a place
}

func refWords(field, s string) (out []refWord) {
	sc := text.Scan(s)
	for tok, ok := sc.Next(); ok; tok, ok = sc.Next() {
		surface := s[tok.Start:tok.End]
		switch tok.Kind {
		case text.URL:
			out = append(out, refWord{field: field, unmatched: true})
		case text.Hashtag:
			out = append(out, refWord{field: field, surfaces: []string{surface[1:]}, signs: "#"})
		case text.Handle:
			w := refWord{field: field, surfaces: []string{surface[1:]}, signs: "@"}
			for _, stops := range []string{".@", ".@-"} {
				if i := strings.IndexAny(surface[1:], stops); i >= 0 {
					w.surfaces = append(w.surfaces, surface[1:1+i])
				}
			}
			out = append(out, w)
		case text.Word:
			for _, part := range strings.FieldsFunc(surface, func(r rune) bool { return r == '\'' || r == '’' || r == 'ʼ' }) {
				out = append(out, refWord{field: field, surfaces: []string{part}})
			}
		default:
			out = append(out, refWord{field: field, surfaces: []string{surface}})
		}
	}
	return out
}

func (w refWord) is(t *term, e element) bool {
	if w.unmatched || e.sign != 0 && w.signs != string(e.sign) {
		return false
	}
	return slices.ContainsFunc(w.surfaces, func(surface string) bool {
		switch {
		case t.langs != nil && e.sign == 0:
			if w.signs == "@" {
				return false
			}
			return slices.ContainsFunc(t.langs, func(lang string) bool {
				return fold(text.Stem(lang, strings.ToLower(surface))) == fold(text.Stem(lang, strings.ToLower(e.surface)))
			})
		case t.exact:
			return surface == e.surface || e.prefix && strings.HasPrefix(surface, e.surface)
		}
		for _, want := range []string{fold(e.surface), string(text.FoldLong(nil, e.surface))} {
			if fold(surface) == want || e.prefix && strings.HasPrefix(fold(surface), want) {
				return true
			}
		}
		return false
	})
}

type refSpan struct {
	field    string
	from, to int
}

func refSpans(n node, words []refWord) (out []refSpan) {
	if alternatives, ok := n.(either); ok {
		for _, part := range alternatives {
			out = append(out, refSpans(part, words)...)
		}
		return out
	}
	t := n.(*term)
	for i := range words {
		whole := i+len(t.elements) <= len(words)
		for j := 0; whole && j < len(t.elements); j++ {
			w := words[i+j]
			whole = w.is(t, t.elements[j]) && w.field == words[i].field && (t.field != inTitle || w.field == "title")
		}
		if whole {
			out = append(out, refSpan{words[i].field, i, i + len(t.elements) - 1})
		}
	}
	return out
}

func refHolds(n node, d *Doc, words []refWord) bool {
	switch n := n.(type) {
	case all:
		return !slices.ContainsFunc(n, func(part node) bool { return !refHolds(part, d, words) })
	case either:
		return slices.ContainsFunc(n, func(part node) bool { return refHolds(part, d, words) })
	case not:
		return !refHolds(n.part, d, words)
	case near:
		for _, a := range refSpans(n.a, words) {
			for _, b := range refSpans(n.b, words) {
				between := max(b.from-a.to, a.from-b.to) - 1
				if a.field == b.field && between >= 0 && between <= n.n {
					return true
				}
			}
		}
		return false
	case *term:
		switch n.field {
		case ofSite:
			return d.Site == n.value || strings.HasSuffix(d.Site, "."+n.value)
		case ofLang:
			return d.Lang == n.value
		case about:
			return fold(d.About) == n.value
		case "", inTitle:
			return len(refSpans(n, words)) > 0
		}
	}
	panic(fmt.Sprintf("no reference for %T", n))
}

// A small vocabulary makes hits, repetitions and near misses frequent.
var (
	refQueryWords = strings.Fields(`a b c wait wait* wai* Häuser exact:Wait exact:wa* title:a title:wait* #a #wa* @a @a.b stem:wait
		stem.de:Häuser "a__b" "b__a__c" "a__a__b" "wa*__b" title:"a__b" stem:"wait__b" a's lang:de site:x.org about:a 😀 stem:#a a-b`)
	refTextWords = strings.Fields(`a b c a b wait waiting Wait Häuser hauser haeuser Haus #a #wait @a @a.b @a@x.org a's https://x.org/a 😀 A B a-b z`)
)

func refQuery(rng *rand.Rand, depth int) string {
	word := func() string { return strings.ReplaceAll(refQueryWords[rng.IntN(len(refQueryWords))], "__", " ") }
	textWord := func() string {
		for {
			if w := word(); !strings.HasPrefix(w, "lang:") && !strings.HasPrefix(w, "site:") && !strings.HasPrefix(w, "about:") {
				return w
			}
		}
	}
	if depth == 0 {
		return word()
	}
	switch rng.IntN(6) {
	case 0:
		return "(" + refQuery(rng, depth-1) + " AND " + refQuery(rng, depth-1) + ")"
	case 1:
		return "(" + refQuery(rng, depth-1) + " OR " + refQuery(rng, depth-1) + ")"
	case 2:
		return "(" + refQuery(rng, depth-1) + " NOT " + refQuery(rng, depth-1) + ")"
	case 3:
		return fmt.Sprintf("((%s OR %s) NEAR/%d %s)", textWord(), textWord(), 1+rng.IntN(3), textWord())
	case 4:
		return "(NOT " + refQuery(rng, depth-1) + ")"
	}
	return word()
}

func refText(rng *rand.Rand) string {
	out := make([]string, rng.IntN(12))
	for i := range out {
		out[i] = refTextWords[rng.IntN(len(refTextWords))]
	}
	return strings.Join(out, " ")
}

// checkAgainstReference draws queries and documents from a seed and compares the set with the reference.
func checkAgainstReference(t *testing.T, seed uint64) {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 7))
	var named []Named
	for len(named) < 8 {
		q, err := Parse(refQuery(rng, 3))
		if err != nil {
			continue // asks for nothing
		}
		named = append(named, Named{fmt.Sprint(len(named)), q})
	}
	set, err := NewSet(named)
	if err != nil {
		t.Fatal(err)
	}
	var r Result
	for range 8 {
		d := Doc{Title: refText(rng), Text: refText(rng), Lang: []string{"de", "en", ""}[rng.IntN(3)], Site: []string{"x.org", "a.x.org", "y.org"}[rng.IntN(3)], About: []string{"", "A", "b"}[rng.IntN(3)]}
		words := append(refWords("title", d.Title), refWords("", d.Text)...)
		set.Match(&d, &r)
		got := map[string]bool{}
		for _, m := range r.Matches {
			got[m.Organisation] = true
		}
		for _, n := range named {
			if want := refHolds(n.Query.root, &d, words); got[n.ID] != want {
				t.Fatalf("seed %d: %s on %+v: set says %v, reference %v", seed, n.Query, d, got[n.ID], want)
			}
		}
	}
}

func TestSetAgreesWithReference(t *testing.T) {
	for seed := range uint64(400) {
		checkAgainstReference(t, seed)
	}
}

// FuzzSet compares the set with the reference for any seed.
func FuzzSet(f *testing.F) {
	f.Add(uint64(1 << 40))
	f.Fuzz(checkAgainstReference)
}
