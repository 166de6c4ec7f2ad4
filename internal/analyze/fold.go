package analyze

import (
	"encoding/binary"
	"math/bits"
	"unicode"
	"unicode/utf8"
)

// asciiFold gives the folded form of the ASCII characters that words are made of, and 0 for all others.
var asciiFold = func() (t [256]byte) {
	for c := byte('0'); c <= '9'; c++ {
		t[c] = c
	}
	for c := byte('a'); c <= 'z'; c++ {
		t[c], t[c-32] = c, c
	}
	return t
}()

// latinFold gives the folded form of U+00C0 to U+017F, where accents are dropped, so that "Krankenhäuser" and
// "krankenhauser" or "lääkäri" and "laakari" are one word. "" marks a character that is not part of a word (× and ÷).
var latinFold = func() (t [0x180 - 0xC0]string) {
	fill := func(folded, letters string) {
		for _, r := range letters {
			t[r-0xC0] = folded
		}
	}
	fill("a", "ÀÁÂÃÄÅàáâãäåĀāĂăĄą")
	fill("ae", "Ææ")
	fill("c", "ÇçĆćĈĉĊċČč")
	fill("d", "ÐðĎďĐđ")
	fill("e", "ÈÉÊËèéêëĒēĔĕĖėĘęĚě")
	fill("g", "ĜĝĞğĠġĢģ")
	fill("h", "ĤĥĦħ")
	fill("i", "ÌÍÎÏìíîïĨĩĪīĬĭĮįİı")
	fill("ij", "\u0132\u0133")
	fill("j", "Ĵĵ")
	fill("k", "\u0136\u0137\u0138")
	fill("l", "\u0139\u013a\u013b\u013c\u013d\u013e\u013f\u0140\u0141\u0142")
	fill("n", "ÑñŃńŅņŇňŊŋ")
	fill("o", "ÒÓÔÕÖØòóôõöøŌōŎŏŐő")
	fill("oe", "Œœ")
	fill("r", "ŔŕŖŗŘř")
	fill("s", "ŚśŜŝŞşŠšſ")
	fill("ss", "ß")
	fill("t", "ŢţŤťŦŧ")
	fill("th", "Þþ")
	fill("u", "ÙÚÛÜùúûüŨũŪūŬŭŮůŰűŲų")
	fill("w", "Ŵŵ")
	fill("y", "ÝýÿŶŷŸ")
	fill("z", "ŹźŻżŽž")
	return t
}()

// lookalikes are Cyrillic and Greek small letters that are drawn like Latin ones. They are replaced only in words that
// also hold Latin letters: nobody writes such a word by accident.
var lookalikes = map[rune]byte{
	'а': 'a', 'в': 'b', 'с': 'c', 'ԁ': 'd', 'е': 'e', 'һ': 'h', 'і': 'i', 'ї': 'i', 'ј': 'j', 'к': 'k', 'ӏ': 'l', 'м': 'm',
	'н': 'h', 'о': 'o', 'р': 'p', 'ԛ': 'q', 'ѕ': 's', 'т': 't', 'у': 'y', 'ѵ': 'v', 'ԝ': 'w', 'х': 'x', 'ё': 'e',
	'α': 'a', 'ε': 'e', 'ι': 'i', 'κ': 'k', 'ν': 'v', 'ο': 'o', 'ρ': 'p', 'τ': 't', 'υ': 'u', 'χ': 'x',
}

// foldRune appends the folded form of a letter, digit or mark outside ASCII, and says whether it is part of a word.
func foldRune(dst []byte, r rune) ([]byte, bool) {
	switch {
	case r >= 0xC0 && r < 0x180:
		f := latinFold[r-0xC0]
		return append(dst, f...), f != ""
	case r >= 0x300 && r < 0x370, r == 0x200D, r == 0x200C, r == 0x200B, r == 0xAD, r == 0xFEFF, r == 0x2060:
		return dst, true // combining accents and invisible characters vanish inside a word
	case r >= 0xFF10 && r <= 0xFF5A: // full-width forms
		f := asciiFold[byte(r-0xFEE0)]
		if f == 0 {
			return dst, false
		}
		return append(dst, f), true
	case r >= 0x1D400 && r < 0x1D6A4: // mathematical alphabets, used as fancy type
		k := (r - 0x1D400) % 52 % 26
		return append(dst, 'a'+byte(k)), true
	case r >= 0x1E00 && r < 0x1F00:
		return foldDecomposed(dst, r), true
	case unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.M, r):
		return utf8.AppendRune(dst, unicode.ToLower(r)), true
	}
	return dst, false
}

// foldDecomposed folds Latin Extended Additional (Vietnamese, mostly), where upper and lower case alternate and a block
// of neighbours shares a base letter.
func foldDecomposed(dst []byte, r rune) []byte {
	blocks := [...]struct {
		from rune
		base byte
	}{
		{0x1E00, 'a'}, {0x1E02, 'b'}, {0x1E08, 'c'}, {0x1E0A, 'd'}, {0x1E14, 'e'}, {0x1E1E, 'f'}, {0x1E20, 'g'}, {0x1E22, 'h'},
		{0x1E2C, 'i'}, {0x1E30, 'k'}, {0x1E36, 'l'}, {0x1E3E, 'm'}, {0x1E44, 'n'}, {0x1E4C, 'o'}, {0x1E54, 'p'}, {0x1E58, 'r'},
		{0x1E60, 's'}, {0x1E6A, 't'}, {0x1E72, 'u'}, {0x1E7C, 'v'}, {0x1E80, 'w'}, {0x1E8A, 'x'}, {0x1E8E, 'y'}, {0x1E90, 'z'},
		{0x1EA0, 'a'}, {0x1EB8, 'e'}, {0x1EC8, 'i'}, {0x1ECC, 'o'}, {0x1EE4, 'u'}, {0x1EF2, 'y'}, {0x1EFA, 0},
	}
	base := byte(0)
	for _, b := range blocks {
		if r < b.from {
			break
		}
		base = b.base
	}
	switch {
	case r == 0x1E9E: // capital sharp s
		return append(dst, "ss"...)
	case base == 0:
		return utf8.AppendRune(dst, unicode.ToLower(r))
	}
	return append(dst, base)
}

// isMixedScript says whether a folded word holds ASCII letters beside Cyrillic or Greek ones.
func isMixedScript(word []byte) bool {
	latin, other := false, false
	for _, c := range word {
		latin = latin || (c >= 'a' && c <= 'z')
		other = other || (c >= 0xCD && c <= 0xD4) // lead bytes of Greek and Cyrillic
	}
	return latin && other
}

// foldLookalikes replaces look-alike letters in word, in place, and returns the shorter word.
func foldLookalikes(word []byte) []byte {
	w := 0
	for i := 0; i < len(word); {
		r, n := utf8.DecodeRune(word[i:])
		if l, ok := lookalikes[r]; ok {
			word[w] = l
			w++
		} else {
			w += copy(word[w:], word[i:i+n])
		}
		i += n
	}
	return word[:w]
}

// hash is the 64-bit hash of folded bytes that tokens, n-grams, taxonomy terms and models share. It is part of what a
// trained model means: changing it makes every model meaningless.
func hash(b []byte) uint64 {
	h := uint64(len(b)) * 0x9E3779B97F4A7C15
	for len(b) >= 8 {
		h = mix(h, binary.LittleEndian.Uint64(b))
		b = b[8:]
	}
	if len(b) > 0 {
		var tail uint64
		for i, c := range b {
			tail |= uint64(c) << (8 * i)
		}
		h = mix(h, tail)
	}
	return h
}

// mix joins two hashes in order: mix(a, b) is not mix(b, a).
func mix(h, v uint64) uint64 {
	hi, lo := bits.Mul64(h^v^0xD6E8FEB86659FD93, 0xA0761D6478BD642F+v<<1|1)
	return hi ^ lo ^ bits.RotateLeft64(h, 23)
}
