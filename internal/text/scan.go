package text

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Kind says what a token is.
type Kind uint8

// The kinds of token.
const (
	Word    Kind = iota + 1 // letters, digits and marks, with inner apostrophes: "don't", "Wartezeit", "2nd"
	Number                  // digits, with inner . , : between digits: "111", "3.5", "10:30"
	Hashtag                 // "#parking", the sign included
	Handle                  // "@trust", "@trust@example.social", "@trust.example.org", the sign included
	URL                     // "https://..." or "www....", without the punctuation that follows it
	Emoji                   // one emoji with its modifiers and joined parts, or a flag
)

// Token is a piece of text: the half-open byte range [Start, End) of the scanned string.
type Token struct {
	Start, End int
	Kind       Kind
}

// Scanner finds the tokens of a string in order. Everything between tokens (space, punctuation, symbols, invalid UTF-8) is
// a separator; a hyphen and an underscore separate too. A character of a script without spaces between words (Han, kana)
// is a token of its own. It does not allocate.
type Scanner struct {
	s    string
	pos  int
	word bool // the character before pos belongs to a word
}

// Scan returns a scanner at the start of s.
func Scan(s string) Scanner { return Scanner{s: s} }

// Next returns the next token, or false at the end.
func (sc *Scanner) Next() (Token, bool) {
	s := sc.s
	for sc.pos < len(s) {
		start := sc.pos
		c := s[start]
		if c < utf8.RuneSelf {
			switch class := asciiClass[c]; {
			case class == letter:
				if (c|0x20 == 'h' || c|0x20 == 'w') && !sc.word {
					if end := urlEnd(s, start); end > 0 {
						return sc.token(start, end, URL)
					}
				}
				return sc.token(start, wordEnd(s, start+1), Word)
			case class == digit:
				return sc.number(start)
			case c == '#' && !sc.word:
				if end, ok := tagEnd(s, start+1); ok {
					return sc.token(start, end, Hashtag)
				}
			case c == '@' && !sc.word:
				if end := handleEnd(s, start+1); end > 0 {
					return sc.token(start, end, Handle)
				}
			}
			sc.pos, sc.word = start+1, false
			continue
		}
		r, n := utf8.DecodeRuneInString(s[start:])
		switch {
		case ideograph(r):
			return sc.token(start, start+n, Word)
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			return sc.token(start, wordEnd(s, start+n), Word)
		case emoji(r):
			return sc.token(start, emojiEnd(s, start+n, r), Emoji)
		}
		sc.pos, sc.word = start+n, false
	}
	return Token{}, false
}

func (sc *Scanner) token(start, end int, k Kind) (Token, bool) {
	sc.pos, sc.word = end, k == Word || k == Number
	return Token{start, end, k}, true
}

// number reads digits with inner separators; letters that follow make it a word ("2nd", "4x4").
func (sc *Scanner) number(start int) (Token, bool) {
	s, i := sc.s, start+1
	for i < len(s) {
		c := s[i]
		if c < utf8.RuneSelf && asciiClass[c] == digit {
			i++
			continue
		}
		if (c == '.' || c == ',' || c == ':') && i+1 < len(s) && '0' <= s[i+1] && s[i+1] <= '9' {
			i += 2
			continue
		}
		break
	}
	if end := wordEnd(s, i); end > i {
		return sc.token(start, end, Word)
	}
	return sc.token(start, i, Number)
}

const (
	separator = iota
	letter
	digit
)

var asciiClass = func() (t [utf8.RuneSelf]uint8) {
	for c := range t {
		switch {
		case 'a' <= c|0x20 && c|0x20 <= 'z':
			t[c] = letter
		case '0' <= c && c <= '9':
			t[c] = digit
		}
	}
	return t
}()

// wordEnd returns where the word that includes the byte before i ends.
func wordEnd(s string, i int) int {
	for i < len(s) {
		c := s[i]
		if c < utf8.RuneSelf {
			if asciiClass[c] != separator {
				i++
				continue
			}
			if c != '\'' || !letterAt(s, i+1) {
				return i
			}
			i++ // an inner apostrophe
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == '’' || r == 'ʼ':
			if !letterAt(s, i+n) {
				return i
			}
		case r == 0xAD || r == 0x200C || r == 0x200D || r == 0x2060:
			if !letterAt(s, i+n) { // a soft hyphen or joiner holds a word together, but does not end it
				return i
			}
		case ideograph(r) || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r):
			return i
		}
		i += n
	}
	return i
}

func letterAt(s string, i int) bool {
	if i >= len(s) {
		return false
	}
	if c := s[i]; c < utf8.RuneSelf {
		return asciiClass[c] == letter
	}
	r, _ := utf8.DecodeRuneInString(s[i:])
	return unicode.IsLetter(r) && !ideograph(r)
}

// tagEnd returns where the hashtag whose name begins at i ends, and whether it is one: a name of digits only ("#1") is not.
func tagEnd(s string, i int) (end int, ok bool) {
	for j, r := range s[i:] {
		if unicode.IsLetter(r) {
			ok = true
		} else if r != '_' && !unicode.IsDigit(r) && !unicode.IsMark(r) {
			return i + j, ok
		}
	}
	return len(s), ok
}

// handleEnd returns where the handle whose name begins at i ends, or 0 when there is none. A dot, a hyphen and an @ belong
// to it when a name goes on behind them, as in the addresses of the Fediverse and of AT Protocol.
func handleEnd(s string, i int) int {
	start := i
	for i < len(s) {
		c := s[i]
		if c >= utf8.RuneSelf {
			break
		}
		if c == '_' || asciiClass[c] != separator {
			i++
			continue
		}
		inner := (c == '.' || c == '-' || c == '@') && i > start && i+1 < len(s) && s[i+1] < utf8.RuneSelf && asciiClass[s[i+1]] != separator
		if !inner {
			break
		}
		i++
	}
	if i == start {
		return 0
	}
	return i
}

// urlEnd returns where the address that begins at i ends, or 0 when there is none.
func urlEnd(s string, i int) int {
	rest := s[i:]
	var host int
	switch {
	case hasPrefixFold(rest, "https://"):
		host = 8
	case hasPrefixFold(rest, "http://"):
		host = 7
	case hasPrefixFold(rest, "www."):
		host = 4
	default:
		return 0
	}
	end := strings.IndexFunc(rest, func(r rune) bool {
		return unicode.IsSpace(r) || r == '<' || r == '>' || r == '"' || r == '“' || r == '”' || r == utf8.RuneError
	})
	if end < 0 {
		end = len(rest)
	}
	trimmed := strings.TrimRight(rest[:end], ".,;:!?'’…*_~|")
	if strings.HasSuffix(trimmed, ")") && !strings.Contains(trimmed, "(") {
		trimmed = strings.TrimRight(trimmed, ").,;:!?")
	}
	if len(trimmed) <= host {
		return 0
	}
	return i + len(trimmed)
}

func hasPrefixFold(s, lower string) bool {
	if len(s) < len(lower) {
		return false
	}
	for i := range len(lower) {
		if c := s[i]; c != lower[i] && (c >= utf8.RuneSelf || lowerASCII[c] != lower[i]) {
			return false
		}
	}
	return true
}

func ideograph(r rune) bool {
	return r >= 0x3041 && (r <= 0x30FF || 0x3400 <= r && r <= 0x9FFF || 0xF900 <= r && r <= 0xFAFF || 0x20000 <= r && r <= 0x3FFFF)
}

func regional(r rune) bool { return 0x1F1E6 <= r && r <= 0x1F1FF }

// emoji reports whether a character is shown as a picture. Arrows, digits and signs such as © are left out: alone they are
// text.
func emoji(r rune) bool {
	switch {
	case r < 0x231A:
		return false
	case r <= 0x27BF:
		return r >= 0x2600 || r <= 0x231B || 0x23E9 <= r && r <= 0x23FA
	case r < 0x1F000:
		return r == 0x2B50 || r == 0x2B55 || r == 0x2B1B || r == 0x2B1C
	}
	return r <= 0x1FAFF && (r < 0x1F3FB || r > 0x1F3FF)
}

// emojiEnd returns where the emoji whose first character is r and ends at i ends: modifiers and parts joined to it belong
// to it, and the second half of a flag.
func emojiEnd(s string, i int, r rune) int {
	if regional(r) {
		if next, n := utf8.DecodeRuneInString(s[i:]); regional(next) {
			return i + n
		}
		return i
	}
	for i < len(s) {
		next, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case next == 0xFE0F || 0x1F3FB <= next && next <= 0x1F3FF || next == 0x20E3:
			i += n
		case next == 0x200D:
			part, m := utf8.DecodeRuneInString(s[i+n:])
			if !emoji(part) && part != 0x2640 && part != 0x2642 {
				return i
			}
			i += n + m
		default:
			return i
		}
	}
	return i
}
