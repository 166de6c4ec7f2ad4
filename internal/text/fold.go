package text

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// latinEnd is the end of the code points whose folding is looked up in a table: Latin-1 and the Latin extensions.
const latinEnd = 0x250

// foldTable holds the folded form of every code point below latinEnd.
var foldTable = func() (t [latinEnd]string) {
	for r := range rune(latinEnd) {
		t[r] = string(foldRune(nil, r))
	}
	return t
}()

// lowerASCII maps an ASCII byte to its lower case.
var lowerASCII = func() (t [utf8.RuneSelf]byte) {
	for c := range t {
		t[c] = byte(c)
		if 'A' <= c && c <= 'Z' {
			t[c] += 'a' - 'A'
		}
	}
	return t
}()

// Fold appends s to dst in lower case, without accents and without characters that are not seen (soft hyphens, joiners,
// variation selectors, skin tones of emoji). The package comment says what that means for German and Finnish.
// Typographic apostrophes become '. Folding a folded text changes nothing.
func Fold(dst []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= utf8.RuneSelf {
			return foldUnicode(dst, s[i:])
		}
		dst = append(dst, lowerASCII[c])
	}
	return dst
}

func foldUnicode(dst []byte, s string) []byte {
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf {
			dst = append(dst, lowerASCII[c])
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			dst = append(dst, '?') // never part of a word
		case r < latinEnd:
			dst = append(dst, foldTable[r]...)
		default:
			dst = foldRune(dst, r)
		}
		i += n
	}
	return dst
}

// FoldLong is Fold with ä, ö and ü written ae, oe and ue. It gives what Fold gives when s has none of them.
func FoldLong(dst []byte, s string) []byte {
	from := 0
	s = norm.NFC.String(s)
	for i, r := range s {
		var long string
		switch r {
		case 'ä', 'Ä':
			long = "ae"
		case 'ö', 'Ö':
			long = "oe"
		case 'ü', 'Ü':
			long = "ue"
		default:
			continue
		}
		dst = append(Fold(dst, s[from:i]), long...)
		from = i + utf8.RuneLen(r)
	}
	return Fold(dst, s[from:])
}

// foldRune appends the folded form of one code point: letters that have no decomposition by name, the others by
// compatibility decomposition without the marks.
func foldRune(dst []byte, r rune) []byte {
	switch r {
	case 'ß', 'ẞ':
		return append(dst, "ss"...)
	case 'æ', 'Æ':
		return append(dst, "ae"...)
	case 'œ', 'Œ':
		return append(dst, "oe"...)
	case 'ø', 'Ø':
		return append(dst, 'o')
	case 'ł', 'Ł':
		return append(dst, 'l')
	case 'đ', 'Đ', 'ð', 'Ð':
		return append(dst, 'd')
	case 'þ', 'Þ':
		return append(dst, "th"...)
	case 'ħ', 'Ħ':
		return append(dst, 'h')
	case 'ı', 'İ':
		return append(dst, 'i')
	case '’', '‘', 'ʼ', '＇':
		return append(dst, '\'')
	case 'ς':
		return append(dst, "σ"...)
	}
	if unseen(r) {
		return dst
	}
	var b [utf8.UTFMax]byte
	d := norm.NFKD.PropertiesString(string(utf8.AppendRune(b[:0], r))).Decomposition()
	if d == nil {
		if lower := unicode.ToLower(r); lower != r {
			return foldRune(dst, lower)
		}
		return utf8.AppendRune(dst, r)
	}
	for len(d) > 0 {
		part, n := utf8.DecodeRune(d)
		dst = foldRune(dst, part) // a full decomposition has no further one, but a part may be a letter with a name
		d = d[n:]
	}
	return dst
}

// unseen reports whether a character is dropped when folding: accents of Latin, Greek and Cyrillic letters, Arabic vowel
// marks, soft hyphen, joiners, variation selectors and skin tones. Vowel signs of Indic scripts carry the word and stay.
func unseen(r rune) bool {
	switch {
	case r < 0xAD:
		return false
	case r == 0xAD, 0x300 <= r && r <= 0x36F, 0x64B <= r && r <= 0x652, 0x200B <= r && r <= 0x200D, r == 0x2060, r == 0xFEFF,
		0xFE00 <= r && r <= 0xFE0F, 0x1F3FB <= r && r <= 0x1F3FF:
		return true
	}
	return false
}
