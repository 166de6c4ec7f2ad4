package gate

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"barometer/internal/barometer"
	"barometer/internal/privacy"
)

// author is who wrote a post, as far as the words can give them away. The zero value is nobody.
type author struct {
	handle string // lower case, without "@" and server
	name   string // lower case, two words or more
}

// officeWords in a display name say that it is no person's.
var officeWords = []string{"news", "hospital", "trust", "nhs", "klinik", "krankenhaus", "sairaala", "council", "editor", "redaktion",
	"toimitus", "staff", "reporter", "admin", "team", "press", "times", "guardian", "bbc", "university", "zeitung", "sanomat", "service"}

// authorOf leaves out organisations: their names are what posts are about.
func authorOf(p *barometer.Post, public map[string]bool) (a author) {
	handle := bareHandle(p.AuthorID)
	name := strings.ToLower(strings.TrimSpace(p.AuthorName))
	if public[handle] || public[name] {
		return author{}
	}
	if short, _, ok := strings.Cut(handle, "@"); ok {
		handle = short
	}
	if len(handle) >= 3 && strings.Trim(handle, "0123456789") != "" && !strings.ContainsAny(handle, " /:") {
		a.handle = handle
	}
	if words := strings.Fields(name); len(words) >= 2 && len(words) <= 5 {
		for _, o := range officeWords {
			for _, w := range words {
				if w == o {
					return a
				}
			}
		}
		a.name = name
	}
	return a
}

func bareHandle(h string) string {
	return strings.ToLower(strings.TrimPrefix(strings.TrimSpace(h), "@"))
}

// in finds the author's name and handle in a text.
func (a author) in(s string) (found []privacy.Finding) {
	folded := strings.ToLower(s)
	if len(folded) != len(s) {
		folded = s // a rare letter changes its length: compare as written
	}
	found = occurrences(found, folded, a.name, privacy.PersonName)
	return occurrences(found, folded, a.handle, privacy.Handle)
}

// occurrences appends where word stands in s by itself. A preceding "@" belongs to it.
func occurrences(found []privacy.Finding, s, word, kind string) []privacy.Finding {
	if word == "" {
		return found
	}
	for from := 0; ; {
		i := strings.Index(s[from:], word)
		if i < 0 {
			return found
		}
		start := from + i
		end := start + len(word)
		from = end
		before, _ := utf8.DecodeLastRuneInString(s[:start])
		after, _ := utf8.DecodeRuneInString(s[end:])
		if wordRune(before) || wordRune(after) {
			continue
		}
		if before == '@' {
			start--
		}
		found = append(found, privacy.Finding{Kind: kind, Start: start, End: end})
	}
}

func wordRune(r rune) bool {
	return r != utf8.RuneError && (r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r))
}
