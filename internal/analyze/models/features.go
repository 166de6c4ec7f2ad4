package models

// Features are hashed into two tables: n-grams of words, and n-grams of characters within words. A feature of a token
// depends on the token alone or on the token and the one or two before it, so that a score is a sum over tokens: that
// makes reasons exact and lets a worker remember the sums of frequent words.

// Shape is the shape of the features of a model.
type Shape struct {
	WordBits, CharBits uint8 // log2 of the tables' rows; a table of 0 bits is absent
	CharMin, CharMax   uint8 // lengths of character n-grams, word boundaries included
	Negation           bool  // words in the reach of a negator are other words
	Bigrams            bool  // pairs of neighbours are features
	Plain              bool  // words only: no hashtags, handles, links, emoji or punctuation
}

const (
	negSeed     = 0x13198A2E03707344
	bigramSeed  = 0xA4093822299F31D0
	capsSeed    = 0x452821E638D01377
	charSeed    = 0xBE5466CF34E90C6C
	stretchSeed = 0xC0AC29B7C97C50DD
)

// Rows appends the rows of all features of a document in the table of words and in that of characters, with
// repetitions: what training learns weights for is what Score adds up.
func (s *Shape) Rows(d *Doc, words, chars []uint32) (w, c []uint32) {
	var prev uint64
	for i := range d.Tokens {
		t := &d.Tokens[i]
		if t.Kind == Break || s.skip(t) {
			continue
		}
		if s.WordBits > 0 {
			key := s.key(t)
			words = s.appendWord(words, t, key)
			if s.Bigrams && prev != 0 {
				words = append(words, s.bigram(prev, key))
			}
			prev = key
		}
		if s.CharBits > 0 && t.Kind == Word {
			chars = s.appendChars(chars, d, t)
		}
	}
	return words, chars
}

// skip reports tokens that the model does not look at.
func (s *Shape) skip(t *Token) bool { return s.Plain && (t.Kind != Word || t.Tag) }

// key is the hash of a token as a feature.
func (s *Shape) key(t *Token) uint64 {
	if s.Negation && t.Negated {
		return t.Hash ^ negSeed
	}
	return t.Hash
}

func bucket(h uint64, bits uint8) uint32 { return uint32((h * prime) >> (64 - bits)) }

// appendWord appends the rows that a token has on its own.
func (s *Shape) appendWord(dst []uint32, t *Token, key uint64) []uint32 {
	dst = append(dst, bucket(key, s.WordBits))
	if t.Caps {
		dst = append(dst, bucket(key^capsSeed, s.WordBits))
	}
	if t.Stretched {
		dst = append(dst, bucket(stretchSeed, s.WordBits))
	}
	return dst
}

// bigram returns the row of two tokens side by side.
func (s *Shape) bigram(before, key uint64) uint32 {
	return bucket(mix(before*prime^key^bigramSeed), s.WordBits)
}

// appendChars appends the rows of the character features of a word.
func (s *Shape) appendChars(dst []uint32, d *Doc, t *Token) []uint32 {
	var buf [maxWord + 2]rune
	word := bounded(&buf, d, t)
	for i := range word {
		h := uint64(charSeed)
		for j := i; j < len(word) && j-i < int(s.CharMax); j++ {
			h = (h ^ uint64(word[j])) * prime
			if j-i+1 >= int(s.CharMin) {
				dst = append(dst, bucket(mix(h), s.CharBits))
			}
		}
	}
	return dst
}

// maxWord bounds the letters of a word that are looked at.
const maxWord = 32

// bounded writes a word between spaces into buf.
func bounded(buf *[maxWord + 2]rune, d *Doc, t *Token) []rune {
	f := d.folded[t.from:t.to]
	if len(f) > maxWord {
		f = f[:maxWord]
	}
	buf[0] = ' '
	n := copy(buf[1:], f) + 2
	buf[n-1] = ' '
	return buf[:n]
}
