package query

import (
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"barometer/internal/barometer"
	"barometer/internal/text"
)

// fields are the names that may stand before a colon, in the order in which a message lists them.
var fields = []string{"title", "exact", "stem", "site", "lang", "source", "kind", "about", "url"}

// stemmed are the languages of stem: without a language.
var stemmed = []string{"en", "de", "fi"}

// field reads the name of a field into the context of what follows.
func (p *parser) field(c context, at int, name string) context {
	lower := strings.ToLower(name)
	base, lang, dotted := strings.Cut(lower, ".")
	switch {
	case base == "stem" && dotted:
		if !text.CanStem(lang) {
			p.fail(at, "%s: there are no stems for %q; use stem.de, stem.en, stem.fi, stem.sv, stem.fr, stem.es, stem.it, stem.pt or stem.nl", name, lang)
		}
		c.langs = []string{lang}
	case lower == "stem":
		c.langs = stemmed
	case lower == "exact":
		c.exact = true
	case lower == inTitle:
		c.title = true
	case slices.Contains(fields, lower):
		if c.title || c.exact || c.langs != nil {
			p.fail(at, "%s: cannot stand within title:, exact: or stem:; put it beside them", name)
		}
		c.fact = lower
	case lower == "author" || lower == "from" || lower == "user":
		p.reject(barometer.Refused, at, "%s: is not offered: this listens for what is said about a service, not for what one person says", name)
	case lower == "http" || lower == "https":
		p.fail(at, "an address is not a word; for posts from a site write site:example.org, for an address url:\"example.org/page\"")
	default:
		p.fail(at, "there is no field %s:%s; the fields are %s:. To look for the text itself put it in quotation marks",
			name, suggestion(lower), strings.Join(fields, ": "))
	}
	if c.exact && c.langs != nil {
		p.fail(at, "exact: and stem: contradict each other; use one of them")
	}
	return c
}

// suggestion names the field that a misspelt one probably means.
func suggestion(name string) string {
	for _, f := range fields {
		if len(name) > 1 && (strings.HasPrefix(f, name) || strings.HasPrefix(name, f) || sameLetters(name, f)) {
			return " (did you mean " + f + ":?)"
		}
	}
	return ""
}

// sameLetters reports whether two names differ in the order of their letters only, or in one letter.
func sameLetters(a, b string) bool {
	if len(a) == len(b) {
		differ := 0
		for i := range len(a) {
			if a[i] != b[i] {
				differ++
			}
		}
		if differ == 1 {
			return true
		}
	}
	x, y := []byte(a), []byte(b)
	slices.Sort(x)
	slices.Sort(y)
	return string(x) == string(y)
}

// leaf builds the term of a word or of what stood in quotation marks.
func (p *parser) leaf(c context, at int, raw string, quoted bool) node {
	if p.terms++; p.terms > maxTerms {
		return p.fail(at, "more than %d terms; split the query", maxTerms)
	}
	raw = norm.NFC.String(raw)
	t := &term{exact: c.exact, langs: c.langs, source: raw}
	if quoted {
		t.source = `"` + raw + `"`
	}
	switch {
	case c.exact:
		t.source = "exact:" + t.source
	case slices.Equal(c.langs, stemmed):
		t.source = "stem:" + t.source
	case c.langs != nil:
		t.source = "stem." + c.langs[0] + ":" + t.source
	}
	if c.title {
		t.field = inTitle
		t.source = "title:" + t.source
	}
	if c.fact != "" {
		t.field = c.fact
		t.source = c.fact + ":" + t.source
		return p.fact(t, at, raw)
	}
	if t.elements = p.elements(t, at, raw); len(t.elements) == 0 && p.err == nil {
		return p.fail(at, "%s has no letters, digits or emoji to look for", t.source)
	}
	return t
}

// fact normalises the value of a fact about the post and checks its shape.
func (p *parser) fact(t *term, at int, raw string) node {
	v := fold(strings.TrimSpace(raw))
	switch t.field {
	case ofSite:
		if v = siteName(v); v == "" || strings.ContainsAny(v, "/ *?@:") {
			return p.fail(at, "site: wants the name of a site, such as site:example.org; for a page write url:")
		}
	case ofLang:
		if len(v) < 2 || len(v) > 3 || strings.Trim(v, "abcdefghijklmnopqrstuvwxyz") != "" {
			return p.fail(at, "lang: wants a language code of two or three letters, such as lang:de")
		}
	case inURL:
		if utf8.RuneCountInString(v) < 3 {
			return p.fail(at, "url: wants at least 3 characters of the address")
		}
	}
	if v == "" {
		return p.fail(at, "%s: has no value", t.field)
	}
	t.value = v
	return t
}

// siteName strips a folded site of what people copy along with it.
func siteName(s string) string {
	if _, rest, ok := strings.Cut(s, "://"); ok {
		s = rest
	}
	return strings.TrimPrefix(strings.Trim(s, "./"), "www.")
}

// elements splits what is written into the words that must follow each other.
func (p *parser) elements(t *term, at int, raw string) []element {
	var out []element
	stars := strings.Count(raw, "*")
	sc := text.Scan(raw)
	for tok, ok := sc.Next(); ok; tok, ok = sc.Next() {
		if tok.Kind == text.URL {
			p.fail(at, "an address is not a word; for posts from a site write site:example.org, for an address url:\"example.org/page\"")
			return nil
		}
		prefix := strings.HasPrefix(raw[tok.End:], "*")
		if prefix {
			stars--
		}
		from := len(out)
		for _, part := range parts(raw, tok) {
			e := element{surface: raw[part.Start:part.End], prefix: prefix && part.End == tok.End}
			switch tok.Kind {
			case text.Hashtag:
				e.sign = '#'
			case text.Handle:
				e.sign = '@'
			}
			e.keys = keys(e, t.langs)
			out = append(out, e)
		}
		if prefix {
			// the character behind a star must end the word: wa*ing is not offered
			if next := tok.End + 1; next < len(raw) {
				after := text.Scan(raw[next:])
				if follow, ok := after.Next(); ok && follow.Start == 0 {
					stars++
				}
			}
			last := out[len(out)-1]
			switch {
			case len(out) == from || utf8.RuneCountInString(last.keys[0]) < 2:
				p.fail(at, "a * needs at least 2 characters before it, or nearly every word would match")
			case t.langs != nil:
				p.fail(at, "stem: and * contradict each other; use one of them")
			}
		}
	}
	if stars > 0 {
		p.fail(at, "a * can stand only at the end of a word, such as wait*")
	}
	return out
}

// parts gives the words within a token: those around apostrophes for a word, what follows the sign for a tag or handle,
// else the token itself.
func parts(s string, tok text.Token) (out []text.Token) {
	switch tok.Kind {
	case text.Hashtag, text.Handle:
		tok.Start++
	case text.Word:
		for more := true; more; {
			var part text.Token
			if part, tok, more = cutPart(s, tok); part.Start < part.End {
				out = append(out, part)
			}
		}
		return out
	}
	return []text.Token{tok}
}

// cutPart cuts a word at its first apostrophe.
func cutPart(s string, tok text.Token) (part, rest text.Token, more bool) {
	at, n := apostrophe(s[tok.Start:tok.End])
	if at < 0 {
		return tok, text.Token{}, false
	}
	part, rest = tok, tok
	part.End = tok.Start + at
	rest.Start = part.End + n
	return part, rest, true
}

// apostrophe returns where the first apostrophe of s is and its length in bytes, or -1.
func apostrophe(s string) (at, n int) {
	for i, r := range s {
		if r == '\'' || r == '’' || r == 'ʼ' {
			return i, utf8.RuneLen(r)
		}
	}
	return -1, 0
}

// keys gives the folded forms in which an element is looked up.
func keys(e element, langs []string) []string {
	if len(langs) > 0 && e.sign == 0 {
		out := make([]string, len(langs))
		for i, lang := range langs {
			out[i] = fold(text.Stem(lang, strings.ToLower(e.surface)))
		}
		return out
	}
	out := []string{fold(e.surface)}
	if long := string(text.FoldLong(nil, e.surface)); long != out[0] {
		out = append(out, long)
	}
	return out
}

func fold(s string) string { return string(text.Fold(nil, s)) }
