package models

import (
	"unicode"
	"unicode/utf8"
)

// Kind says what a token is.
type Kind uint8

// The kinds of token.
const (
	Word     Kind = iota // letters, digits and inner apostrophes; also each word of a hashtag
	Emoji                // one pictograph, without skin tone or joiner
	Emoticon             // ":)" without its nose and repetitions
	Punct                // "!", "!!", "?", "??", "!?", "…"
	Handle               // @somebody, all alike
	Link                 // a web address, all alike
	Break                // other punctuation: ends the reach of a negation, is no feature itself
)

// Token is a unit of a text. Start and End are byte offsets in the text that was parsed.
type Token struct {
	Hash       uint64 // of the folded form
	Start, End int32
	from, to   int32 // the folded form in Doc.folded
	Kind       Kind
	Negated    bool
	Caps       bool // written in capitals, three letters or more
	Stretched  bool // soooo
	Tag        bool // part of a hashtag
}

// Doc is a tokenised text. It is scratch: Parse reuses its memory, and a Doc is used by one goroutine at a time.
type Doc struct {
	Text   string
	Tokens []Token
	folded []rune
	scripts
}

// scripts counts letters.
type scripts struct{ latin, arabic, devanagari, cyrillic, greek, hebrew, han, other int }

// MaxBytes is how much of a text is read: what follows does not change what a post is about, and a post of 100 KB
// must not cost a hundred times one of 1 KB.
const MaxBytes = 8 << 10

const (
	prime    = 0x9E3779B97F4A7C15
	wordSeed = 0x243F6A8885A308D3
)

// mix spreads the bits of a rolling hash: its high bits choose a bucket.
func mix(h uint64) uint64 {
	h ^= h >> 32
	h *= 0xD6E8FEB86659FD93
	h ^= h >> 32
	return h
}

func hashString(s string) uint64 {
	h := uint64(wordSeed)
	for _, r := range s {
		h = (h ^ uint64(r)) * prime
	}
	return mix(h)
}

var (
	handleHash = hashString("@user")
	linkHash   = hashString("http://")
)

// Parse splits text into tokens. Folding is lower case, digits to 0, letters repeated three times or more to two;
// the entities that platforms leave in texts (&amp; and its like) are read as what they stand for.
func (d *Doc) Parse(text string) {
	if len(text) > MaxBytes {
		cut := MaxBytes
		for cut > 0 && !utf8.RuneStart(text[cut]) {
			cut--
		}
		text = text[:cut]
	}
	d.Text = text
	d.Tokens = d.Tokens[:0]
	d.folded = d.folded[:0]
	d.scripts = scripts{}
	for i := 0; i < len(text); {
		c := text[i]
		switch {
		case c == ' ' || c == '\n' || c == '\t' || c == '\r':
			i++
		case c == '@' && i+1 < len(text) && isHandleByte(text[i+1]):
			j := i + 1
			for j < len(text) && isHandleByte(text[j]) {
				j++
			}
			d.add(Token{Hash: handleHash, Start: int32(i), End: int32(j), Kind: Handle})
			i = j
		case c == '#' && i+1 < len(text):
			i = d.word(i+1, true)
		case c == '&':
			i = d.entity(i)
		case c >= utf8.RuneSelf || isLetterByte(c) || isDigitByte(c):
			if n := linkLen(text[i:]); n > 0 {
				d.add(Token{Hash: linkHash, Start: int32(i), End: int32(i + n), Kind: Link})
				i += n
				continue
			}
			if n := d.emoticon(i); n > 0 {
				i += n
				continue
			}
			i = d.word(i, false)
		default:
			if n := d.emoticon(i); n > 0 {
				i += n
				continue
			}
			i = d.punct(i)
		}
	}
}

func (d *Doc) add(t Token) { d.Tokens = append(d.Tokens, t) }

func isLetterByte(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
func isDigitByte(c byte) bool  { return c >= '0' && c <= '9' }
func isHandleByte(c byte) bool { return isLetterByte(c) || isDigitByte(c) || c == '_' }

// linkLen returns the length of the web address at the start of s, or 0. A bare "http" is one too: corpora shorten
// addresses to it.
func linkLen(s string) int {
	if len(s) < 4 || (s[0]|0x20 != 'h' && s[0]|0x20 != 'w') {
		return 0
	}
	n := 0
	switch {
	case hasFold(s, "http://"):
		n = 7
	case hasFold(s, "https://"):
		n = 8
	case hasFold(s, "www."):
		n = 4
	case s[:4] == "http" && (len(s) == 4 || !isHandleByte(s[4])):
		return 4
	default:
		return 0
	}
	for n < len(s) && s[n] > ' ' {
		if s[n] >= utf8.RuneSelf {
			if r, _ := utf8.DecodeRuneInString(s[n:]); r == '…' || unicode.IsSpace(r) || isEmoji(r) {
				break
			}
		}
		n++
	}
	return n
}

func hasFold(s, prefix string) bool {
	if len(s) < len(prefix) {
		return false
	}
	for i := range len(prefix) {
		c := s[i]
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		if c != prefix[i] {
			return false
		}
	}
	return true
}

var entities = []struct {
	name string
	r    rune
}{{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&#39;", '\''}, {"&nbsp;", ' '}}

func (d *Doc) entity(i int) int {
	s := d.Text[i:]
	if hasFold(s, "&lt;3") {
		d.add(Token{Hash: hashString("<3"), Start: int32(i), End: int32(i + 5), Kind: Emoticon})
		return i + 5
	}
	for _, e := range entities {
		if hasFold(s, e.name) {
			return i + len(e.name)
		}
	}
	return i + 1
}

// emoticon adds the emoticon that starts at i and returns its length, or 0.
func (d *Doc) emoticon(i int) int {
	s := d.Text[i:]
	if len(s) < 2 {
		return 0
	}
	eyes := s[0]
	switch eyes {
	case '<':
		if s[1] == '3' {
			d.add(Token{Hash: hashString("<3"), Start: int32(i), End: int32(i + 2), Kind: Emoticon})
			return 2
		}
		return 0
	case ':', ';', '=':
	case 'x', 'X', '8':
		if i > 0 && isHandleByte(d.Text[i-1]) {
			return 0
		}
	default:
		return 0
	}
	n := 1
	switch s[n] {
	case '-', '\'', '^', 'o', '"', '*', '~':
		if n+1 < len(s) && mouth(s[n+1]) != 0 {
			if s[n] == '\'' || s[n] == '"' {
				eyes = '\''
			}
			n++
		}
	}
	m := mouth(s[n])
	if m == 0 {
		return 0
	}
	if letterEyes := eyes|0x20 == 'x' || eyes == '8'; letterEyes && (m != 'd' && m != ')') {
		return 0
	}
	last := s[n]
	for n < len(s) && s[n] == last {
		n++
	}
	if n < len(s) && isHandleByte(s[n]) && (isHandleByte(last) || last == '/') {
		return 0 // a word or an address, not a face
	}
	h := mix((wordSeed ^ uint64(eyes|0x20)<<8 ^ uint64(m)) * prime)
	d.add(Token{Hash: h, Start: int32(i), End: int32(i + n), Kind: Emoticon})
	return n
}

// mouth folds the mouths of emoticons to one letter each, or 0.
func mouth(c byte) byte {
	switch c {
	case ')', ']', '}', '>':
		return ')'
	case '(', '[', '{', '<', 'c', 'C':
		return '('
	case 'd', 'D':
		return 'd'
	case 'p', 'P', 'b':
		return 'p'
	case '/', '\\', 's', 'S', '|':
		return '/'
	case 'o', 'O', '0':
		return 'o'
	case '*', 'x', '3', '@', '$':
		return c
	}
	return 0
}

func (d *Doc) punct(i int) int {
	s := d.Text
	bang, query, dots, j := 0, 0, 0, i
	for ; j < len(s); j++ {
		switch s[j] {
		case '!':
			bang++
			continue
		case '?':
			query++
			continue
		case '.':
			dots++
			continue
		}
		break
	}
	t := Token{Start: int32(i), End: int32(max(j, i+1)), Kind: Punct}
	switch {
	case bang > 0 && query > 0:
		t.Hash = hashString("!?")
	case bang > 1:
		t.Hash = hashString("!!")
	case bang == 1:
		t.Hash = hashString("!")
	case query > 1:
		t.Hash = hashString("??")
	case query == 1:
		t.Hash = hashString("?")
	case dots > 1:
		t.Hash = hashString("…")
	default:
		t.Kind = Break
		if dots == 0 {
			j = i + 1
		}
	}
	d.add(t)
	return j
}

// word adds the words that start at i: one, or several when a hashtag is written in camel case. It also handles the
// runes that are no letters: emoji are tokens, other signs are breaks.
func (d *Doc) word(i int, tag bool) int {
	s := d.Text
	t := Token{Start: int32(i), from: int32(len(d.folded)), Tag: tag}
	h := uint64(wordSeed)
	var last, before rune
	upper, letters, runes := 0, 0, 0
	prevLower := false
	for i < len(s) {
		var r rune
		w := 1
		c := s[i]
		isUpper := false
		switch {
		case c >= 'a' && c <= 'z':
			r = rune(c)
			letters++
			d.latin++
		case c >= 'A' && c <= 'Z':
			isUpper = true
			r = rune(c | 0x20)
			letters++
			d.latin++
		case isDigitByte(c):
			r = '0'
		case c == '\'':
			if runes == 0 || i+1 >= len(s) || (!isLetterByte(s[i+1]) && s[i+1] < utf8.RuneSelf) {
				goto done
			}
			r = '\''
		case c == '_' && tag:
			i++
			goto done
		case c < utf8.RuneSelf:
			goto done
		default:
			r, w = utf8.DecodeRuneInString(s[i:])
			switch {
			case r == '’' || r == '‘' || r == 'ʼ':
				if runes == 0 || i+w >= len(s) || (!isLetterByte(s[i+w]) && s[i+w] < utf8.RuneSelf) {
					goto done
				}
				r = '\''
			case unicode.IsLetter(r):
				if isWide(r) && runes > 0 {
					goto done
				}
				low := unicode.ToLower(r)
				isUpper = low != r
				r = low
				letters++
				d.countScript(r)
			case unicode.Is(unicode.M, r) && runes > 0 && r != 0xFE0F && r != 0x20E3:
				d.folded = append(d.folded, r)
				h = (h ^ uint64(r)) * prime
				i += w
				continue
			case unicode.IsDigit(r):
				r = '0'
			default:
				goto done
			}
		}
		if tag && isUpper && prevLower {
			goto done
		}
		if isUpper {
			upper++
		}
		prevLower = !isUpper && r != '0' && r != '\''
		i += w
		runes++
		if r == last && r == before {
			if r != '0' {
				t.Stretched = true
			}
			continue
		}
		before, last = last, r
		d.folded = append(d.folded, r)
		h = (h ^ uint64(r)) * prime
		if isWide(r) {
			goto done
		}
	}
done:
	if runes == 0 {
		return d.sign(i)
	}
	t.End, t.to = int32(i), int32(len(d.folded))
	t.Hash = mix(h)
	t.Caps = upper >= 3 && upper == letters
	d.add(t)
	if tag && i < len(s) && (isLetterByte(s[i]) || isDigitByte(s[i])) {
		return d.word(i, true)
	}
	return i
}

// sign reads one rune that is no letter.
func (d *Doc) sign(i int) int {
	if i >= len(d.Text) {
		return i
	}
	r, w := utf8.DecodeRuneInString(d.Text[i:])
	switch {
	case w == 1:
		if r == utf8.RuneError {
			return i + 1
		}
		return d.punct(i)
	case r == '…':
		d.add(Token{Hash: hashString("…"), Start: int32(i), End: int32(i + w), Kind: Punct})
	case isEmoji(r):
		d.add(Token{Hash: mix((wordSeed ^ uint64(r)) * prime), Start: int32(i), End: int32(i + w), Kind: Emoji})
	case unicode.IsPunct(r):
		d.add(Token{Start: int32(i), End: int32(i + w), Kind: Break})
	}
	return i + w
}

func isEmoji(r rune) bool {
	switch {
	case r >= 0x1F3FB && r <= 0x1F3FF: // skin tones
		return false
	case r >= 0x1F300 && r <= 0x1FAFF, r >= 0x2600 && r <= 0x27BF, r >= 0x1F1E6 && r <= 0x1F1FF,
		r == 0x2B50, r == 0x2764, r == 0x203C, r == 0x2049:
		return true
	}
	return false
}

// isWide reports scripts without spaces between words, where every letter is a token.
func isWide(r rune) bool {
	return r >= 0x2E80 && r <= 0x9FFF || r >= 0xAC00 && r <= 0xD7AF || r >= 0x20000 || r >= 0x0E00 && r <= 0x0EFF
}

func (d *Doc) countScript(r rune) {
	switch {
	case r < 0x250 || r >= 0x1E00 && r < 0x1F00:
		d.latin++
	case r >= 0x600 && r < 0x780 || r >= 0xFB50 && r < 0xFF00:
		d.arabic++
	case r >= 0x900 && r < 0x980:
		d.devanagari++
	case r >= 0x400 && r < 0x530:
		d.cyrillic++
	case r >= 0x370 && r < 0x400:
		d.greek++
	case r >= 0x590 && r < 0x600:
		d.hebrew++
	case isWide(r):
		d.han++
	default:
		d.scripts.other++
	}
}
