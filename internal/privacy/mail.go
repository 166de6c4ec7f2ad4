package privacy

import (
	"bytes"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// atSign handles '@': an address when a name and a host stand around it, else a handle.
func (s *scan) atSign(i int) {
	p := int(s.toks[i].start)
	if start, end, ok := s.address(p, p+1, false); ok {
		s.add(Email, start, end, true)
		return
	}
	s.handle(p)
}

// atObfuscated handles the word "at" (or "ät"): bracketed it always stands for '@', bare only where more speaks for it.
func (s *scan) atObfuscated(i int) {
	t := &s.toks[i]
	start, end := int(t.start), int(t.end)
	q, e := start, end
	for s.byteAt(q-1) == ' ' {
		q--
	}
	for s.byteAt(e) == ' ' {
		e++
	}
	open, closing := s.byteAt(q-1), s.byteAt(e)
	bracketed := (open == '(' || open == '[' || open == '{' || open == '<') &&
		(closing == ')' || closing == ']' || closing == '}' || closing == '>')
	if bracketed {
		if a, b, ok := s.address(q-1, e+1, false); ok {
			s.add(Email, a, b, true)
		}
		return
	}
	if a, b, ok := s.address(start, end, true); ok {
		s.add(Email, a, b, true)
	}
}

// address reads an e-mail address around the mark at [from, to).
func (s *scan) address(from, to int, bare bool) (start, end int, ok bool) {
	start, spaced := s.localStart(from)
	if start == from {
		return 0, 0, false
	}
	end, dots, words := s.hostEnd(to)
	if dots == 0 {
		return 0, 0, false
	}
	if !bare {
		local := s.b[start:from]
		if spaced && words == 0 && s.b[from] == '@' && s.byteAt(to) != ' ' && !s.mailSaid(start) && bytes.IndexByte(local, '.') < 0 {
			return 0, 0, false // "thanks @jane.bsky.social"
		}
		return start, end, true
	}
	local := bytes.TrimSpace(s.b[start:from])
	if words == 0 && !bytes.ContainsAny(local, "._0123456789") && !s.mailSaid(start) {
		return 0, 0, false // "look at example.org"
	}
	switch strings.ToLower(string(local)) {
	case "look", "me", "us", "it", "is", "are", "was", "were", "be", "here", "available", "found", "online", "more", "out", "one",
		"site", "website", "page", "up", "them", "him", "her", "info.", "day", "only", "live", "back", "go", "laugh", "that", "good",
		"staff", "nurse", "doctor", "ward", "work", "seen", "arrived", "waiting", "not", "everyone", "people", "meet":
		return 0, 0, false
	}
	return start, end, true
}

// mailSaid says whether a word like "e-mail" stands shortly before p.
func (s *scan) mailSaid(p int) bool {
	i, _ := slices.BinarySearchFunc(s.toks, p, func(t token, at int) int { return int(t.start) - at })
	return s.nearest(i, isMail, 5) != 0
}

// maxLocal and maxHost bound what is read around a mark (RFC 5321, and room for words in the place of dots).
const (
	maxLocal = 128
	maxHost  = 320
)

func isLocal(c byte) bool {
	return isAlnum(c) || c == '.' || c == '%' || c == '+' || c == '-' || c == '\''
}

// localStart walks back over the part before the mark, and over pieces joined by " dot ".
func (s *scan) localStart(p int) (start int, spaced bool) {
	q := p
	for s.byteAt(q-1) == ' ' && p-q < 2 {
		q--
	}
	spaced = q < p
	for {
		r := q
		for r > 0 && q-r < maxLocal && isLocal(s.b[r-1]) {
			if c := s.b[r-1]; c >= utf8.RuneSelf {
				if x, n := utf8.DecodeLastRune(s.b[:r]); unicode.IsLetter(x) {
					r -= n
					continue
				}
				break
			}
			r--
		}
		for r < q && (s.b[r] == '.' || s.b[r] == '-' || s.b[r] == '\'') {
			r++
		}
		if r == q {
			return p, spaced
		}
		before, ok := s.dotBefore(r)
		if !ok {
			return r, spaced
		}
		q = before
	}
}

// dotBefore reports where the word before " dot " or "(dot)" ends, when one stands right before p.
func (s *scan) dotBefore(p int) (int, bool) {
	for _, d := range dotMarks {
		if q := p - len(d); q > 0 && strings.EqualFold(string(s.b[q:p]), d) && isLocal(s.b[q-1]) {
			return q, true
		}
	}
	return 0, false
}

var dotMarks = []string{" (dot) ", " [dot] ", "(dot)", "[dot]", "{dot}", " dot ", " punkt ", "(punkt)", "[punkt]", " (punkt) ",
	" [punkt] ", " piste ", "(piste)", "[piste]", " (piste) ", " [piste] ", " . ", "(.)", "[.]"}

// hostEnd reads host labels after the mark. It counts the dots, and how many of them were written as words.
func (s *scan) hostEnd(p int) (end, dots, words int) {
	for q := p; s.byteAt(p) == ' ' && p-q < 2; {
		p++
	}
	for {
		q := p
		for q < len(s.b) && q-p < maxHost && (isAlnum(s.b[q]) && s.b[q] != '_' || s.b[q] == '-') {
			if s.b[q] >= utf8.RuneSelf {
				x, n := utf8.DecodeRune(s.b[q:])
				if !unicode.IsLetter(x) {
					break
				}
				q += n
				continue
			}
			q++
		}
		if q == p {
			return end, dots, words
		}
		if end > 0 { // after a dot
			if q-p < 2 && dots == 0 {
				return 0, 0, 0
			}
			dots++
		}
		end = q
		if s.byteAt(q) == '.' && q+1 < len(s.b) && isAlnum(s.b[q+1]) {
			p = q + 1
			continue
		}
		next, isWord := s.dotAfter(q)
		if next == 0 {
			break
		}
		if isWord {
			words++
		}
		p = next
	}
	if dots > 0 && !topLevel(s.b[:end]) {
		return 0, 0, 0
	}
	return end, dots, words
}

func (s *scan) dotAfter(p int) (int, bool) {
	for _, d := range dotMarks {
		if q := p + len(d); q < len(s.b) && strings.EqualFold(string(s.b[p:q]), d) && isLetterAt(s.b, q) {
			return q, true
		}
	}
	return 0, false
}

// topLevel says whether the last label can be a top-level domain: two or more letters.
func topLevel(host []byte) bool {
	n := 0
	for i := len(host) - 1; i >= 0 && isAlnum(host[i]); i-- {
		if isDigit(host[i]) {
			return false
		}
		n++
	}
	return n >= 2
}

// handle finds @name, with a server after it where there is one.
func (s *scan) handle(p int) {
	if c := s.byteAt(p - 1); c != 0 && (isAlnum(c) || c == '@' || c == '.') {
		return
	}
	q, letters := p+1, 0
	for q < len(s.b) && (isAlnum(s.b[q]) || s.b[q] == '.' || s.b[q] == '-') {
		if s.b[q] >= utf8.RuneSelf {
			x, n := utf8.DecodeRune(s.b[q:])
			if !unicode.IsLetter(x) {
				break
			}
			q += n
			letters++
			continue
		}
		if !isDigit(s.b[q]) && s.b[q] != '.' && s.b[q] != '-' {
			letters++
		}
		q++
	}
	for q > p+1 && (s.b[q-1] == '.' || s.b[q-1] == '-') {
		q--
	}
	name := s.b[p+1 : q]
	if letters == 0 || len(name) < 2 || isDigit(name[0]) && letters <= 2 {
		return // "@ 5pm", "3 @10"
	}
	end := q
	if s.byteAt(q) == '@' {
		if e, dots, _ := s.hostEnd(q + 1); dots > 0 {
			end = e
		}
	}
	if s.r.handles[strings.ToLower(string(name))] || s.r.handles[strings.ToLower(string(s.b[p+1:end]))] {
		return
	}
	s.add(Handle, p, end, true)
}
