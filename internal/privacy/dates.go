package privacy

// date handles a token that begins a date. It reports true when the text is a date, so that nothing else takes it for a
// phone number; it is an identifier when a word calls it a birthday.
func (s *scan) date(i int) bool {
	end, last, ok := s.parseDate(i)
	p := int(s.toks[i].start)
	if !ok {
		s.compactDate(i)
		return false
	}
	switch {
	case s.born(i):
		s.add(DateOfBirth, p, end, true)
	case s.bornAfter(last):
		s.add(DateOfBirth, p, end, true)
	}
	return true
}

// compactDate finds "DOB 120356": six or eight digits right after the word.
func (s *scan) compactDate(i int) {
	k := &s.k
	d := k.digits()
	if d != 6 && d != 8 || k.spaced(d) != 0 || s.nearest(i, isDOB, 3) == 0 || int(s.toks[i].end-s.toks[i].start) != d {
		return
	}
	if validDate(two(k.c[:]), two(k.c[2:]), 2000) || d == 8 && validDate(two(k.c[6:]), two(k.c[4:]), 2000) {
		s.add(DateOfBirth, int(s.toks[i].start), int(s.toks[i].end), true)
	}
}

// number returns the value of token i when it is a number of at most four digits.
func (s *scan) number(i int) (v, digits int, ok bool) {
	if i >= len(s.toks) || s.toks[i].kind != tokNumber {
		return 0, 0, false
	}
	w := s.text(i)
	if len(w) > 4 {
		return 0, 0, false
	}
	for _, c := range w {
		v = v*10 + int(c-'0')
	}
	return v, len(w), true
}

// punct returns the character of token i, or 0.
func (s *scan) punct(i int) byte {
	if i >= len(s.toks) || s.toks[i].kind != tokPunct {
		return 0
	}
	return s.b[s.toks[i].start]
}

// parseDate reads a date at token i and returns its end and its last token.
func (s *scan) parseDate(i int) (end, last int, ok bool) {
	a, an, ok := s.number(i)
	if !ok {
		return 0, 0, false
	}
	if sep := s.punct(i + 1); sep == '.' || sep == '/' || sep == '-' {
		b, bn, ok2 := s.number(i + 2)
		c, cn, ok3 := s.number(i + 4)
		if ok2 && ok3 && s.punct(i+3) == sep && bn <= 2 {
			switch {
			case an == 4 && cn <= 2:
				ok = plausibleYear(a, an) && validDate(c, b, 2000)
			case an <= 2 && (cn == 4 || cn == 2):
				ok = plausibleYear(c, cn) && (validDate(a, b, 2000) || validDate(b, a, 2000))
			default:
				ok = false
			}
			if e := int(s.toks[i+4].end); ok && (e >= len(s.b) || !isAlnum(s.b[e])) {
				return e, i + 4, true
			}
			return 0, 0, false
		}
	}
	if b, bn, ok2 := s.number(i + 1); ok2 && an <= 2 && bn <= 2 { // 12 03 1956
		if c, cn, ok3 := s.number(i + 2); ok3 && cn == 4 && plausibleYear(c, cn) && validDate(a, b, 2000) && s.nearest(i, isDOB, 4) != 0 {
			return int(s.toks[i+2].end), i + 2, true
		}
	}
	if an > 2 || a < 1 || a > 31 {
		return 0, 0, false
	}
	j := i + 1
	if j < len(s.toks) && s.toks[j].glued && s.toks[j].kind == tokWord { // 12th
		j++
	}
	if s.punct(j) == '.' {
		j++
	}
	if s.is(j, "of") {
		j++
	}
	if s.punct(j) == '-' {
		j++
	}
	if j >= len(s.toks) || s.toks[j].class&isMonth == 0 {
		return 0, 0, false
	}
	return s.yearAfter(j)
}

// yearAfter reads the year after the month (or the day) at token j.
func (s *scan) yearAfter(j int) (end, last int, ok bool) {
	j++
	for s.punct(j) == ',' || s.punct(j) == '.' || s.punct(j) == '\'' || s.punct(j) == '-' {
		j++
	}
	if y, n, isNum := s.number(j); isNum && (n == 4 && plausibleYear(y, n) || n == 2) {
		return int(s.toks[j].end), j, true
	}
	return 0, 0, false
}

func plausibleYear(y, digits int) bool { return digits == 2 || digits == 4 && y >= 1880 && y <= 2100 }

// monthDate finds "March 12, 1956" at a month's name.
func (s *scan) monthDate(i int) {
	d, n, ok := s.number(i + 1)
	if !ok || n > 2 || d < 1 || d > 31 {
		return
	}
	j := i + 1
	if j+1 < len(s.toks) && s.toks[j+1].glued {
		j++
	}
	if end, last, ok := s.yearAfter(j); ok && (s.born(i) || s.bornAfter(last)) {
		s.add(DateOfBirth, int(s.toks[i].start), end, true)
	}
}

// born says whether the words before token i call it a birthday.
func (s *scan) born(i int) bool {
	p := int(s.toks[i].start)
	if s.byteAt(p-1) == '*' || s.byteAt(p-1) == ' ' && s.byteAt(p-2) == '*' {
		return true // the genealogists' star
	}
	for j := i - 1; j >= 0 && j >= i-9; j-- {
		t := &s.toks[j]
		switch {
		case t.class&isDOB != 0:
			return true
		case t.class&isEvent != 0:
			return false
		case t.kind == tokPunct:
			switch s.b[t.start] {
			case '!', ';', '?':
				return false
			case '.':
				if j == i-1 && j > 0 && (s.is(j-1, "s") || s.is(j-1, "b") || s.is(j-1, "synt") || s.is(j-1, "geb")) {
					return true
				}
				if j+1 < i && s.toks[j+1].shape == capital && j > 0 && s.toks[j-1].class&isDOB == 0 && s.toks[j-1].end-s.toks[j-1].start > 4 {
					return false
				}
			}
		}
	}
	return i > 0 && (s.is(i-1, "b") || s.is(i-1, "s")) && s.toks[i-1].shape == lower && !s.toks[i-1].glued && s.byteAt(int(s.toks[i-1].start)-1) != '\''
}

// bornAfter says whether the words right after a date call it a birthday.
func (s *scan) bornAfter(last int) bool {
	for j := last + 1; j < len(s.toks) && j <= last+4; j++ {
		t := &s.toks[j]
		if t.class&isDOB != 0 {
			return !s.is(j, "born") || j <= last+2
		}
		if c := s.b[t.start]; t.kind == tokPunct && c != '(' && c != '-' && c != '[' || t.kind == tokNumber || t.class&isEvent != 0 {
			return false
		}
	}
	return false
}
