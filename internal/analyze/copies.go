package analyze

import "math"

// copyStep gives each text a copy group that depends on nothing but its words: links, handles, case, punctuation and
// "RT @somebody:" do not count. A short text's group is the hash of its words. A long text's group is that of two
// passages picked by their hashes, so that copies with a new headline or another ending nearly always keep it.
// Copies owns what needs a memory: near copies whose groups differ.
type copyStep struct{}

// longText is from how many words on two passages stand for the whole text.
const longText = 40

// passage is the length, in words, of what stands for a long text.
const passage = 5

func (copyStep) analyze(doc *document, out *analysis) { out.CopyGroup = doc.copyGroup() }

func (d *document) copyGroup() uint64 {
	words := d.contentWords()
	if len(words) < longText {
		h := uint64(len(words))
		for _, w := range words {
			h = mix(h, w)
		}
		return h
	}
	first, second := uint64(math.MaxUint64), uint64(math.MaxUint64)
	for i := passage; i <= len(words); i++ {
		h := uint64(passage)
		for _, w := range words[i-passage : i] {
			h = mix(h, w)
		}
		first = min(first, h)
		second = min(second, mix(h, 0x5bd1e995))
	}
	return mix(first, second)
}

// contentWords returns the hashes of the words that make a text what it says, in order: without handles, links and
// emoji, without the "RT" and "via" of repeats, and without the last word of a text that was cut off in its middle.
func (d *document) contentWords() []uint64 {
	d.content = d.content[:0]
	for i := range d.tokens {
		t := &d.tokens[i]
		switch t.kind {
		case kindWord, kindNumber, kindHashtag, kindRedacted:
		default:
			continue
		}
		if t.kind == kindWord && i+1 < len(d.tokens) && d.tokens[i+1].kind == kindHandle {
			if w := d.word(t); string(w) == "rt" || string(w) == "via" || string(w) == "mt" {
				continue
			}
		}
		d.content = append(d.content, t.hash)
	}
	if n := len(d.content); n > 3 && d.truncated() {
		d.content = d.content[:n-1]
	}
	return d.content
}

// truncated says whether the text ends in an ellipsis, perhaps followed by a link.
func (d *document) truncated() bool {
	s := d.in.Text
	for i := len(d.tokens) - 1; i >= 0 && !d.tokens[i].is(flagTitle); i-- {
		if t := &d.tokens[i]; t.kind != kindURL {
			s = s[t.end:]
			break
		}
	}
	dots := 0
	for _, r := range s {
		switch r {
		case '…':
			return true
		case '.':
			if dots++; dots == 3 {
				return true
			}
		default:
			dots = 0
		}
	}
	return false
}
