package query

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"barometer/internal/barometer"
)

// maxWays bounds the ways to satisfy a query that GuardPerson looks at. Past it the brackets multiply, and each term is
// looked at alone.
const maxWays = 2000

// GuardPerson refuses a query that one post could match by a person's name alone, by one author's handle alone, or by
// standing on one person's blog: such a query watches a person, not a service. own are the handles and sites of the
// organisation itself, which are not a person's. The error is of kind Refused and says why and what to do; whether an
// approved exception exists is the caller's knowledge.
//
// Every way to satisfy the query is looked at: "Jane Smith" OR hospital is refused, "Jane Smith" AND hospital is not. A
// name is recognised by its parts (usual first names and surnames of English, German and Finnish, titles) and shape, not
// by who it is: a hospital called after a person needs a word that says what it is, as in "John Radcliffe" AND hospital.
func GuardPerson(q *Query, own ...string) error {
	known := make(map[string]bool)
	for _, o := range own {
		known[siteName(strings.TrimPrefix(fold(o), "@"))] = true
	}
	list, ok := ways(q.root)
	if !ok {
		list = nil
		for _, t := range positive(q.root, nil) {
			list = append(list, []*term{t})
		}
	}
	for _, way := range list {
		if reason := personal(way, known); reason != "" {
			return barometer.Errorf(barometer.Refused, "query refused: %s. This watches services, not people: "+
				"join it with AND to a word that says what the posts must be about (such as hospital or waiting), "+
				"or have an exception with purpose and expiry approved in the configuration", reason)
		}
	}
	return nil
}

// ways lists the sets of terms that satisfy the node, without those under NOT, or false when there are too many.
func ways(n node) ([][]*term, bool) {
	switch n := n.(type) {
	case *term:
		return [][]*term{{n}}, true
	case either:
		var out [][]*term
		for _, part := range n {
			more, ok := ways(part)
			if out = append(out, more...); !ok || len(out) > maxWays {
				return nil, false
			}
		}
		return out, true
	case near:
		return product([]node{n.a, n.b})
	case all:
		return product(n)
	}
	return [][]*term{nil}, true // NOT asks for nothing
}

func product(parts []node) ([][]*term, bool) {
	out := [][]*term{nil}
	for _, part := range parts {
		more, ok := ways(part)
		if !ok || len(out)*len(more) > maxWays {
			return nil, false
		}
		var next [][]*term
		for _, a := range out {
			for _, b := range more {
				next = append(next, append(slices.Clip(a), b...))
			}
		}
		out = next
	}
	return out, true
}

// personal says why a set of terms is about one person only, or "".
func personal(way []*term, own map[string]bool) string {
	var words, handles []string
	for _, t := range way {
		switch {
		case t.field == ofSite:
			if own[t.value] {
				return ""
			}
			for _, host := range blogHosts {
				if strings.HasSuffix(t.value, "."+host) && len(way) == 1 {
					return "site:" + t.value + " alone is the blog of one author"
				}
			}
		case t.field == about:
			words = append(words, strings.Fields(t.value)...)
		case t.field == inURL:
			words = append(words, t.value)
		case t.fact(): // language, source and kind say nothing about whom the post is about
		default:
			for _, e := range t.elements {
				switch {
				case e.sign == '@' && own[e.keys[0]]:
					return ""
				case e.sign == '@':
					handles = append(handles, "@"+e.surface)
				case e.sign == '#':
					words = append(words, humps(e.surface)...)
				default:
					words = append(words, e.surface)
				}
			}
		}
	}
	switch {
	case len(handles) > 0 && (len(words) == 0 || isName(words)):
		return handles[0] + " alone is one author (an organisation's own handles belong into its list of handles)"
	case len(words) > 0 && isName(words):
		return "“" + strings.Join(words, " ") + "” alone looks like the name of a person"
	}
	return ""
}

// isName reports whether the words together look like a personal name and nothing else.
func isName(words []string) bool {
	titled := false
	for len(words) > 0 && titles[fold(words[0])] && !shouted(words[0]) {
		titled = true
		words = words[1:]
	}
	if n := len(words); n > 0 && words[n-1] == "s" { // Jane Smith's
		words = words[:n-1]
	}
	if len(words) == 0 || len(words) > 5 {
		return false
	}
	if len(words) == 1 && joined(fold(words[0])) {
		return true
	}
	first, last := fold(words[0]), fold(words[len(words)-1])
	shaped := 0
	for _, w := range words {
		key := fold(w)
		switch {
		case services[key] && (!surnames[key] || !firstNames[first] || alsoWords[first]): // Emma Ward, but not Lily Ward
			return false
		case particles[key]:
			continue
		case !letters(w):
			return false
		}
		if capital(w) || firstNames[key] || surname(key) {
			shaped++
		} else if utf8.RuneCountInString(w) > 1 {
			return false // a word that no name has
		}
	}
	switch {
	case titled:
		return shaped > 0
	case len(words) == 1:
		return firstNames[first] && !alsoWords[first]
	}
	switch {
	case firstNames[first] && alsoWords[first]:
		return surname(last)
	case firstNames[first]:
		return true
	case surname(first) && firstNames[last]: // Meikäläinen Matti
		return true
	}
	return surname(last) && capital(words[0]) && capital(words[len(words)-1]) && shaped == len(words) && !alsoPlaces[first]
}

// joined reports whether a word is a first name and a surname written as one, as in #janesmith.
func joined(w string) bool {
	for i := 3; i < len(w)-2; i++ {
		if firstNames[w[:i]] && surname(w[i:]) {
			return true
		}
	}
	return false
}

// surname reports whether a folded word is a usual surname, or ends as most Finnish ones do.
func surname(key string) bool {
	return surnames[key] || len(key) > 6 && (strings.HasSuffix(key, "inen") || strings.HasSuffix(key, "nen")) && !services[key]
}

// capital reports whether a word begins with a capital and goes on in lower case, or is an initial.
func capital(w string) bool {
	r, n := utf8.DecodeRuneInString(w)
	return unicode.IsUpper(r) && (len(w) == n || !shouted(w))
}

func shouted(w string) bool { return utf8.RuneCountInString(w) > 1 && strings.ToUpper(w) == w }

func letters(w string) bool {
	for _, r := range w {
		if !unicode.IsLetter(r) && !unicode.IsMark(r) {
			return false
		}
	}
	return true
}

// humps splits a hashtag at underscores and before capitals: JaneSmith is two words.
func humps(tag string) []string {
	var out []string
	from := 0
	lower := false
	for i, r := range tag {
		if r == '_' || lower && unicode.IsUpper(r) {
			if from < i {
				out = append(out, tag[from:i])
			}
			from = i
			if r == '_' {
				from++
			}
		}
		lower = unicode.IsLower(r)
	}
	if from < len(tag) {
		out = append(out, tag[from:])
	}
	return out
}
