package analyze

import (
	"math/bits"
	"strings"

	"barometer/internal/text"
)

// stemStep fills in the stems of the document's words, and hashes of them, in the language that was found.
type stemStep struct{}

func (stemStep) analyze(doc *document, _ *analysis) {
	lang := doc.lang
	code := lang.String()
	stems := text.CanStem(code)
	for i := range doc.tokens {
		t := &doc.tokens[i]
		if !stems || (t.kind != kindWord && t.kind != kindTagPart) || t.fend-t.fstart < 3 {
			doc.stems = append(doc.stems, "")
			continue
		}
		s := doc.stemmer.stem(lang, code, t.hash, doc.word(t))
		t.stem = s.hash
		doc.stems = append(doc.stems, s.stem)
	}
}

// stemmer remembers the stems of recent words: language is repetitive, and stemming is the dearest thing that happens
// to a word. It is a plain table that forgets on collision, so its size is fixed and its answers do not depend on what
// it saw before.
type stemmer struct {
	table []stemmed // a power of two long; nil until used
}

type stemmed struct {
	word, hash uint64
	stem       string
	lang       language
}

const stemTableBits = 14

func (s *stemmer) stem(lang language, code string, wordHash uint64, word []byte) *stemmed {
	if s.table == nil {
		s.table = make([]stemmed, 1<<stemTableBits)
	}
	e := &s.table[bits.RotateLeft64(wordHash, int(lang)*5)>>(64-stemTableBits)]
	if e.word != wordHash || e.lang != lang || e.stem == "" {
		stem := stemOf(lang, code, string(word))
		*e = stemmed{word: wordHash, hash: hash([]byte(stem)), stem: stem, lang: lang}
	}
	return e
}

// stemOf returns the stem of a folded word. Snowball's Finnish stems still tell case forms of one noun apart
// (leikkaus, leikkauks-, leikkaust-; sairaal-, sairaalo-): long ones are cut to what the forms share.
func stemOf(lang language, code, word string) string {
	stem := text.Stem(code, word)
	if lang != langFI || len(stem) < 7 {
		return stem
	}
	switch n := len(stem); stem[n-3:] {
	case "uks", "yks", "ust", "yst":
		return stem[:n-2] + "s"
	default:
		return strings.TrimRight(stem, "aeiouy")
	}
}

// stemHash is the hash that a token of this folded word has as its stem.
func stemHash(lang language, word string) uint64 {
	if code := lang.String(); len(word) >= 3 && text.CanStem(code) {
		word = stemOf(lang, code, word)
	}
	return hash([]byte(word))
}
