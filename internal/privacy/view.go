package privacy

import (
	"unicode"
	"unicode/utf8"
)

// view is a text as it is searched: exotic digits, spaces, dashes and full-width letters as ASCII, invisible characters
// left out. off maps every byte of it to the original; it is empty while both are the same.
type view struct {
	b    []byte
	off  []int32
	orig string
}

// plainTo returns the searched form of a rune, or r itself; drop says that it is invisible.
func plainTo(r rune) (to rune, drop bool) {
	switch {
	case r == 0x00a0, r >= 0x2000 && r <= 0x200a, r == 0x202f, r == 0x205f, r == 0x3000, r == 0x2028, r == 0x2029:
		return ' ', false
	case r == 0x00ad, r >= 0x200b && r <= 0x200f, r >= 0x202a && r <= 0x202e, r >= 0x2060 && r <= 0x2069, r == 0xfeff,
		r == 0xfe0f, r == 0x180e:
		return r, true
	case r >= 0x2010 && r <= 0x2015, r == 0x2212, r == 0xfe58, r == 0xfe63, r == 0x2043:
		return '-', false
	case r >= 0xff01 && r <= 0xff5e:
		return r - 0xff01 + '!', false
	case r == 0x2019, r == 0x2018, r == 0x02bc:
		return '\'', false
	case r == 0x2024, r == 0x3002:
		return '.', false
	case r >= 0x1d7ce && r <= 0x1d7ff:
		return '0' + (r-0x1d7ce)%10, false
	case r > 0x600 && unicode.Is(unicode.Nd, r):
		return '0' + digitValue(r), false
	}
	return r, false
}

// digitValue counts down to the zero of the block: decimal digits stand in runs of ten.
func digitValue(r rune) rune {
	v := rune(0)
	for v < 9 && unicode.Is(unicode.Nd, r-v-1) {
		v++
	}
	return v
}

// build makes the view of s, reusing the buffers.
func (v *view) build(s string) {
	v.orig, v.b, v.off = s, append(v.b[:0], s...), v.off[:0]
	for i := 0; i < len(s); {
		if s[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if to, drop := plainTo(r); drop || to != r {
			v.rewrite(i)
			return
		}
		i += n
	}
}

// rewrite fills the view and its map, from the first byte that differs.
func (v *view) rewrite(from int) {
	v.b = v.b[:from]
	for i := range from {
		v.off = append(v.off, int32(i))
	}
	for i := from; i < len(v.orig); {
		r, n := utf8.DecodeRuneInString(v.orig[i:])
		to, drop := plainTo(r)
		switch {
		case drop:
		case to != r:
			v.b, v.off = append(v.b, byte(to)), append(v.off, int32(i))
		default:
			for k := range n {
				v.b, v.off = append(v.b, v.orig[i+k]), append(v.off, int32(i+k))
			}
		}
		i += n
	}
}

// original maps a range of the view to bytes of the original.
func (v *view) original(start, end int) (int, int) {
	if len(v.off) == 0 {
		return start, end
	}
	last := int(v.off[end-1])
	if utf8.RuneStart(v.orig[last]) {
		_, n := utf8.DecodeRuneInString(v.orig[last:])
		return int(v.off[start]), last + n
	}
	return int(v.off[start]), last + 1
}

// The kinds of token.
const (
	tokWord = iota
	tokNumber
	tokPunct
)

// token is a run of letters, a run of digits, or one other character. Spaces make none.
type token struct {
	start, end int32
	kind       uint8
	glued      bool // stands directly after a letter or digit
	inURL      bool
	newline    bool // first on its line
	shape      uint8
	class      class
}

// The shapes of a word.
const (
	lower   = iota
	capital // first letter upper case, a lower-case one later
	upper   // two or more letters, all upper case
	initial // one upper-case letter
)

// Byte classes of ASCII.
const (
	cOther = iota
	cSpace
	cDigit
	cLetter
)

var byteClass = func() (t [utf8.RuneSelf]uint8) {
	for c := range t {
		switch {
		case c >= '0' && c <= '9':
			t[c] = cDigit
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '_':
			t[c] = cLetter
		case c <= ' ':
			t[c] = cSpace
		}
	}
	return t
}()

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isAlnum(c byte) bool { return c >= utf8.RuneSelf || byteClass[c] >= cDigit }

func isLetterAt(b []byte, i int) bool {
	if i >= len(b) {
		return false
	}
	if b[i] < utf8.RuneSelf {
		return byteClass[b[i]] == cLetter
	}
	r, _ := utf8.DecodeRune(b[i:])
	return unicode.IsLetter(r)
}

// tokenize appends the tokens of b to toks.
func tokenize(b []byte, toks []token) []token {
	urlEnd, glued, newline := 0, false, true
	for i := 0; i < len(b); {
		c := b[i]
		if c < utf8.RuneSelf && byteClass[c] == cSpace {
			newline = newline || c == '\n'
			glued = false
			i++
			continue
		}
		t := token{start: int32(i), glued: glued, newline: newline}
		newline = false
		switch {
		case isDigit(c):
			t.kind = tokNumber
			for i < len(b) && isDigit(b[i]) {
				i++
			}
			glued = true
		case isLetterAt(b, i):
			i, t.shape = scanWord(b, i)
			glued = true
			if urlEnd <= int(t.start) && isURLStart(b, int(t.start), i) {
				urlEnd = i
				for urlEnd < len(b) && b[urlEnd] > ' ' && b[urlEnd] != '"' && b[urlEnd] != '<' && b[urlEnd] != '>' {
					urlEnd++
				}
			}
		default:
			t.kind = tokPunct
			_, n := utf8.DecodeRune(b[i:])
			i += n
			glued = false
		}
		t.end = int32(i)
		t.inURL = int(t.start) < urlEnd
		toks = append(toks, t)
	}
	return toks
}

// scanWord returns the end and the shape of the word at i. Apostrophes, hyphens and ampersands between letters belong
// to it, and so do the full stops of "d.o.b".
func scanWord(b []byte, i int) (int, uint8) {
	uppers, letters, piece := 0, 0, 0
	first := false
	for i < len(b) {
		c := b[i]
		switch {
		case c >= 'a' && c <= 'z' || c == '_':
			letters++
			piece++
			i++
		case c >= 'A' && c <= 'Z':
			uppers++
			first = first || letters == 0
			letters++
			piece++
			i++
		case c >= utf8.RuneSelf:
			r, n := utf8.DecodeRune(b[i:])
			if !unicode.IsLetter(r) && !unicode.IsMark(r) {
				return i, shapeOf(first, uppers, letters)
			}
			if unicode.IsUpper(r) {
				uppers++
				first = first || letters == 0
			}
			letters++
			piece++
			i += n
		case (c == '\'' || c == '-' || c == '&') && isLetterAt(b, i+1):
			piece = 0
			i++
		case c == '.' && piece == 1 && isLetterAt(b, i+1) && !isLetterAt(b, i+2):
			piece = 0
			i++
		default:
			return i, shapeOf(first, uppers, letters)
		}
	}
	return i, shapeOf(first, uppers, letters)
}

func shapeOf(first bool, uppers, letters int) uint8 {
	switch {
	case !first:
		return lower
	case letters == 1:
		return initial
	case uppers == letters:
		return upper
	}
	return capital
}

// isURLStart says that the word at [i, end) begins an address: "https://", "www.", "tel:", "mailto:".
func isURLStart(b []byte, i, end int) bool {
	w, rest := b[i:end], b[end:]
	switch {
	case len(rest) >= 3 && string(rest[:3]) == "://":
		return true
	case len(w) == 3 && len(rest) > 1 && rest[0] == '.' && isLetterAt(rest, 1):
		return (w[0]|0x20) == 'w' && (w[1]|0x20) == 'w' && (w[2]|0x20) == 'w'
	}
	return false
}
