package analyze

import (
	"math"
	"strings"
	"unicode"
	"unicode/utf8"
)

// scanner writes the tokens of one field after another into a document.
type scanner struct {
	doc      *document
	sentence uint16
	first    int // index of the first token of the sentence
	base     tokenFlags
	quoted   bool
	singles  int  // length of the run of one-letter words that ends here
	spaced   bool // the field holds a run of four or more
}

// scan appends the tokens of s. Every byte is looked at once; only words with characters outside ASCII leave the fast
// loop.
func (sc *scanner) scan(s string, base tokenFlags) {
	if len(s) > maxScan {
		s = s[:maxScan]
		for len(s) > 0 && !utf8.RuneStart(s[len(s)-1]) {
			s = s[:len(s)-1]
		}
		if n := len(s); n > 0 && s[n-1] >= utf8.RuneSelf {
			s = s[:n-1]
		}
	}
	from := len(sc.doc.tokens)
	sc.base, sc.quoted, sc.singles, sc.spaced, sc.first = base, false, 0, false, from
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case asciiFold[c] != 0:
			if (c|0x20 == 'h' || c|0x20 == 'w') && isURL(s[i:]) {
				i = sc.url(s, i)
			} else {
				i = sc.word(s, i)
			}
		case c == ' ':
			i++
		case c >= utf8.RuneSelf:
			i = sc.wide(s, i)
		default:
			i = sc.punctuation(s, i)
		}
	}
	sc.endSentence(0)
	if sc.spaced {
		sc.joinSpaced(from)
	}
}

// emit adds a token whose folded bytes have just been appended.
func (sc *scanner) emit(kind tokenKind, start, end, fstart int, flags tokenFlags) {
	d := sc.doc
	flags |= sc.base
	if sc.quoted {
		flags |= flagQuoted
	}
	if len(d.tokens) == sc.first {
		flags |= flagStart
	}
	h := hash(d.folded[fstart:])
	d.tokens = append(d.tokens, token{
		hash: h, stem: h, kind: kind, flags: flags, sentence: sc.sentence,
		start: uint32(start), end: uint32(end), fstart: uint32(fstart), fend: uint32(len(d.folded)),
	})
	d.folded = append(d.folded, ' ')
}

// word reads a word or number that begins at i and returns where it ends.
func (sc *scanner) word(s string, i int) int {
	d := sc.doc
	fstart := len(d.folded)
	f := d.folded
	start, letters, capitals, digits := i, 0, 0, 0
	var flags tokenFlags
	wide := false
loop:
	for i < len(s) {
		c := s[i]
		if l := asciiFold[c]; l != 0 {
			if c <= '9' {
				digits++
			} else {
				letters++
				if c < 'a' {
					capitals++
				}
				if n := len(f); n-fstart >= 2 && f[n-1] == l && f[n-2] == l {
					flags |= flagSqueezed // soooo -> soo
					i++
					continue
				}
			}
			f = append(f, l)
			i++
			continue
		}
		switch {
		case c >= utf8.RuneSelf:
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == '’' || r == 'ʼ' {
				if joinsLetters(s, i, n) {
					i += n
					continue
				}
				break loop
			}
			g, ok := foldRune(f, r)
			if !ok || isWideStandalone(r) {
				break loop
			}
			f, wide = g, true
			letters++
			if unicode.IsUpper(r) {
				capitals++
			}
			sc.countScript(r)
			i += n
		case c == '\'' && joinsLetters(s, i, 1):
			i++ // don't -> dont
		case c == '&' && i-start <= 2 && digits == 0 && i+1 < len(s) && asciiFold[s[i+1]] >= 'a':
			f = append(f, '&') // A&E
			i++
		case (c == '.' || c == ',' || c == ':') && letters == 0 && digits > 0 && i+1 < len(s) && s[i+1]-'0' < 10:
			f = append(f, c) // 3.5, 10:30
			i++
		case c == '.' && letters <= 4 && digits == 0 && isInitialism(s, start, i):
			i++ // N.H.S. -> nhs, z.B. -> zb
		default:
			break loop
		}
	}
	if wide && isMixedScript(f[fstart:]) {
		f = f[:fstart+len(foldLookalikes(f[fstart:]))]
	}
	d.folded = f
	d.letters += letters
	d.capitals += capitals
	if !wide {
		d.latin += letters
	}
	if len(f) == fstart {
		return i
	}
	kind := kindWord
	if letters == 0 {
		kind = kindNumber
	}
	if isCapital(s[start:]) {
		flags |= flagCapital
		if letters > 1 && capitals == letters {
			flags |= flagAllCaps
		}
	}
	sc.emit(kind, start, i, fstart, flags)
	if letters == 1 && digits == 0 {
		sc.singles++
		sc.spaced = sc.spaced || sc.singles >= 4
	} else {
		sc.singles = 0
	}
	return i
}

// joinSpaced replaces each run of four or more one-letter words, as in "u s e l e s s", by the word they spell. Only
// texts that hold such a run pay for it.
func (sc *scanner) joinSpaced(from int) {
	d := sc.doc
	old := append([]token(nil), d.tokens[from:]...)
	base := old[0].fstart
	folded := append([]byte(nil), d.folded[base:]...)
	d.tokens, d.folded = d.tokens[:from], d.folded[:base]
	isSingle := func(t *token) bool {
		return t.kind == kindWord && utf8.RuneCount(folded[t.fstart-base:t.fend-base]) == 1
	}
	for i := 0; i < len(old); {
		n := 1
		for isSingle(&old[i]) && i+n < len(old) && isSingle(&old[i+n]) && !old[i+n-1].is(flagClauseEnd) {
			n++
		}
		if n < 4 {
			n = 1
		}
		t := old[i]
		fstart := len(d.folded)
		for _, o := range old[i : i+n] {
			d.folded = append(d.folded, folded[o.fstart-base:o.fend-base]...)
			t.end = o.end
			t.flags |= o.flags & (flagEnd | flagClauseEnd)
		}
		if n > 1 {
			t.flags |= flagSpaced
		}
		t.fstart, t.fend = uint32(fstart), uint32(len(d.folded))
		t.hash = hash(d.folded[fstart:])
		t.stem = t.hash
		d.folded = append(d.folded, ' ')
		d.tokens = append(d.tokens, t)
		i += n
	}
}

// wide reads whatever begins with a character outside ASCII at i.
func (sc *scanner) wide(s string, i int) int {
	r, n := utf8.DecodeRuneInString(s[i:])
	switch r {
	case '“', '„', '«':
		sc.quoted = true
		return i + n
	case '”', '»':
		sc.quoted = false
		return i + n
	case '…', '。', '।', '؟', '！', '？':
		mark := byte('.')
		switch r {
		case '؟', '？':
			mark = '?'
		case '！':
			mark = '!'
		}
		sc.endSentence(mark)
		return i + n
	case '–', '—', '،', '、', '，':
		sc.endClause()
		return i + n
	}
	d := sc.doc
	if isEmoji(r) {
		fstart := len(d.folded)
		d.folded = append(d.folded, s[i:i+n]...)
		end := i + n
		for end < len(s) { // skin tone, presentation and joined parts belong to the emoji
			m, k := utf8.DecodeRuneInString(s[end:])
			if m != 0xFE0F && m != 0x200D && (m < 0x1F3FB || m > 0x1F3FF) {
				break
			}
			end += k
			if m == 0x200D && end < len(s) {
				if j, k := utf8.DecodeRuneInString(s[end:]); isEmoji(j) {
					end += k
				}
			}
		}
		sc.emit(kindEmoji, i, end, fstart, 0)
		return end
	}
	if isWideStandalone(r) {
		fstart := len(d.folded)
		d.folded = append(d.folded, s[i:i+n]...)
		d.letters++
		d.east++
		sc.emit(kindWord, i, i+n, fstart, 0)
		return i + n
	}
	if g, ok := foldRune(d.folded, r); ok && len(g) > len(d.folded) {
		return sc.word(s, i)
	}
	return i + n
}

// punctuation reads what begins with an ASCII character that is neither letter, digit nor space.
func (sc *scanner) punctuation(s string, i int) int {
	switch c := s[i]; c {
	case '.':
		if i+1 == len(s) || s[i+1] <= ' ' || s[i+1] == '"' || s[i+1] == '.' {
			if !sc.isAbbreviation(s, i) {
				sc.endSentence('.')
			}
		}
	case '!':
		sc.doc.exclaims++
		sc.endSentence('!')
	case '?':
		sc.doc.questions++
		sc.endSentence('?')
	case '\n':
		sc.endSentence(0)
	case '"':
		sc.quoted = !sc.quoted && strings.IndexByte(s[i+1:], '"') >= 0
	case '#', '@':
		if i+1 < len(s) && (asciiFold[s[i+1]] != 0 || s[i+1] >= utf8.RuneSelf || s[i+1] == '_') {
			return sc.tag(s, i)
		}
	case '[':
		if n := placeholder(s[i:]); n > 0 {
			fstart := len(sc.doc.folded)
			sc.doc.folded = append(sc.doc.folded, s[i:i+n]...)
			sc.emit(kindRedacted, i, i+n, fstart, 0)
			return i + n
		}
		sc.endClause()
	case ',', ';', '(', ')', ']':
		sc.endClause()
	case '-':
		if i > 0 && i+1 < len(s) && s[i-1] == ' ' && (s[i+1] == ' ' || s[i+1] == '-') {
			sc.endClause()
		}
	}
	if n := emoticon(s[i:]); n > 0 && (i == 0 || asciiFold[s[i-1]] == 0) {
		fstart := len(sc.doc.folded)
		sc.doc.folded = append(sc.doc.folded, s[i:i+n]...)
		sc.emit(kindEmoji, i, i+n, fstart, 0)
		return i + n
	}
	if s[i] == ':' {
		sc.endClause()
	}
	return i + 1
}

// tag reads a hashtag or handle at i. A hashtag written in CamelCase or with underscores is followed by its words.
func (sc *scanner) tag(s string, i int) int {
	d := sc.doc
	fstart, end := len(d.folded), i+1
	f := d.folded
	var cuts [16]int // where words inside the hashtag begin
	parts, prev := 0, byte('_')
	for end < len(s) {
		c := s[end]
		class := byte('a')
		if l := asciiFold[c]; l != 0 {
			switch {
			case c <= '9':
				class = '0'
			case c <= 'Z':
				class = 'A'
			}
			f = append(f, l)
			end++
		} else if c == '_' || (s[i] == '@' && (c == '.' || c == '-') && end+1 < len(s) && asciiFold[s[end+1]] != 0) {
			class = '_'
			end++
		} else if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[end:])
			g, ok := foldRune(f, r)
			if !ok {
				break
			}
			if unicode.IsUpper(r) {
				class = 'A'
			}
			f = g
			end += n
		} else {
			break
		}
		if class != '_' && (class == 'A' && prev != 'A' || class == '0' && prev != '0' || class == 'a' && prev == '0' || prev == '_') {
			if parts < len(cuts) {
				cuts[parts] = end - 1
				if c >= utf8.RuneSelf {
					cuts[parts] = lastRuneStart(s, end)
				}
				parts++
			}
		}
		if class == 'a' && prev == 'A' && parts > 0 && end-2 > cuts[parts-1] && parts < len(cuts) && s[end-2] < utf8.RuneSelf && c < utf8.RuneSelf {
			cuts[parts] = end - 2 // NHSStrike -> nhs strike
			parts++
		}
		prev = class
	}
	if len(f) == fstart {
		return i + 1
	}
	d.folded = f
	kind := kindHashtag
	if s[i] == '@' {
		kind = kindHandle
	}
	sc.emit(kind, i, end, fstart, 0)
	if kind == kindHashtag && parts > 1 {
		for p := range parts {
			to := end
			if p+1 < parts {
				to = cuts[p+1]
			}
			fstart = len(d.folded)
			for j := cuts[p]; j < to; {
				r, n := utf8.DecodeRuneInString(s[j:])
				if r < utf8.RuneSelf {
					if l := asciiFold[r]; l != 0 {
						d.folded = append(d.folded, l)
					}
				} else {
					d.folded, _ = foldRune(d.folded, r)
				}
				j += n
			}
			if len(d.folded) > fstart {
				sc.emit(kindTagPart, cuts[p], to, fstart, 0)
			}
		}
	}
	return end
}

func lastRuneStart(s string, end int) int {
	_, n := utf8.DecodeLastRuneInString(s[:end])
	return end - n
}

// url reads an address at i.
func (sc *scanner) url(s string, i int) int {
	end := i
	for end < len(s) && s[end] > ' ' && s[end] != '"' && s[end] != '<' && s[end] != '>' && s[end] < utf8.RuneSelf {
		end++
	}
	for end > i && strings.IndexByte(".,;:!?)]}'", s[end-1]) >= 0 {
		end--
	}
	fstart := len(sc.doc.folded)
	sc.doc.folded = append(sc.doc.folded, "url"...)
	sc.emit(kindURL, i, end, fstart, 0)
	return end
}

// endClause marks the last token as the end of a clause.
func (sc *scanner) endClause() {
	if n := len(sc.doc.tokens); n > sc.first {
		sc.doc.tokens[n-1].flags |= flagClauseEnd
	}
}

// endSentence closes the sentence, which ended with mark or, for 0, without one.
func (sc *scanner) endSentence(mark byte) {
	ts := sc.doc.tokens
	if len(ts) <= sc.first {
		if n := len(ts); n > 0 && mark == '!' && ts[n-1].is(flagTitle) == (sc.base != 0) {
			for j := n - 1; j >= 0 && ts[j].sentence == ts[n-1].sentence; j-- {
				ts[j].flags |= flagExclaimed // "what?!"
			}
		}
		return
	}
	var add tokenFlags
	switch mark {
	case '!':
		add = flagExclaimed
	case '?':
		add = flagQuestion
	}
	for j := sc.first; j < len(ts); j++ {
		ts[j].flags |= add
	}
	ts[len(ts)-1].flags |= flagEnd | flagClauseEnd
	sc.first = len(ts)
	if sc.sentence < math.MaxUint16 {
		sc.sentence++
	}
}

// isAbbreviation says whether the full stop at i belongs to the last token.
func (sc *scanner) isAbbreviation(s string, i int) bool {
	if len(sc.doc.tokens) <= sc.first {
		return false
	}
	t := &sc.doc.tokens[len(sc.doc.tokens)-1]
	switch w := sc.doc.word(t); string(w) {
	case "dr", "mr", "mrs", "ms", "prof", "st", "bzw", "ca", "nr", "str", "usw", "vs", "approx", "esim", "mm", "ym", "hr", "fr":
		return true
	default:
		if len(w) == 1 {
			return t.kind == kindWord && t.is(flagCapital)
		}
		// "the N.H.S. is": an initialism goes on where a small letter follows.
		return int(t.end) == i && strings.IndexByte(s[t.start:t.end], '.') > 0 && t.kind == kindWord && i+2 < len(s) && s[i+2] >= 'a' && s[i+2] <= 'z'
	}
}

func (sc *scanner) countScript(r rune) {
	d := sc.doc
	switch {
	case r < 0x250 || (r >= 0x1E00 && r < 0x1F00):
		d.latin++
	case r >= 0x370 && r < 0x400:
		d.greek++
	case r >= 0x400 && r < 0x530:
		d.cyrillic++
	case r >= 0x600 && r < 0x780 || r >= 0xFB50 && r < 0xFE00 || r >= 0xFE70 && r < 0xFF00:
		d.arabic++
	case r >= 0x900 && r < 0xE00:
		d.indic++
	}
}
