package web

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"barometer/internal/barometer"
)

// segment is a piece of a text and why it is marked: "" not at all, "hit" the organisation's query, "search" what the
// reader searched for.
type segment struct{ Text, Mark string }

func fieldHits(hits []barometer.Hit, field string) []barometer.Hit {
	var own []barometer.Hit
	for _, h := range hits {
		if h.Field == field {
			own = append(own, h)
		}
	}
	return own
}

// mark splits text where hits (in characters) and words begin and end. A hit outside of the text, as after an edit, is
// cut to it. Where both apply the reader's own words win.
func mark(text string, hits []barometer.Hit, words []string) []segment {
	runes := []rune(text)
	marks := make([]byte, len(runes))
	for _, h := range hits {
		for i := max(h.Start, 0); i < min(h.End, len(runes)); i++ {
			marks[i] = 'h'
		}
	}
	if len(words) > 0 {
		folded := make([]rune, len(runes))
		for i, r := range runes {
			folded[i] = fold(r)
		}
		for _, w := range words {
			markWord(folded, []rune(w), marks)
		}
	}
	names := map[byte]string{0: "", 'h': "hit", 's': "search"}
	var all []segment
	for start := 0; start < len(runes); {
		end := start + 1
		for end < len(runes) && marks[end] == marks[start] {
			end++
		}
		all = append(all, segment{Text: string(runes[start:end]), Mark: names[marks[start]]})
		start = end
	}
	return all
}

func markWord(text, word []rune, marks []byte) {
	letter := func(i int) bool {
		return i >= 0 && i < len(text) && (unicode.IsLetter(text[i]) || unicode.IsDigit(text[i]))
	}
	for i := 0; i+len(word) <= len(text); i++ {
		if slices.Equal(text[i:i+len(word)], word) && !letter(i-1) && !letter(i+len(word)) {
			for k := range word {
				marks[i+k] = 's'
			}
		}
	}
}

// fold makes one character comparable without case and accents, one for one so that places stay.
func fold(r rune) rune {
	for _, base := range norm.NFD.String(string(unicode.ToLower(r))) {
		return base
	}
	return r
}

// searchWords reads a search as the store does: words, and phrases in quotes.
func searchWords(search string) []string {
	var words []string
	for i, part := range strings.Split(search, `"`) {
		folded := strings.Map(fold, part)
		if i%2 == 1 {
			if folded = strings.TrimSpace(folded); folded != "" {
				words = append(words, folded)
			}
			continue
		}
		words = append(words, strings.FieldsFunc(folded, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })...)
	}
	return words
}

// cut keeps the first characters of a text, up to the end of a word where one is near.
func cut(segments []segment, runes int) ([]segment, bool) {
	var kept []segment
	for _, s := range segments {
		text := []rune(s.Text)
		if len(text) <= runes {
			runes -= len(text)
			kept = append(kept, s)
			continue
		}
		end := runes
		for back := end; back >= max(end-20, 0); back-- {
			if unicode.IsSpace(text[back]) {
				end = back
				break
			}
		}
		if end > 0 {
			kept = append(kept, segment{Text: string(text[:end]), Mark: s.Mark})
		}
		return kept, true
	}
	return kept, false
}
