package privacy

import "slices"

// atWord looks at a word: as the beginning of an identifier with letters, of an obfuscated address, or beside a name.
func (s *scan) atWord(i int) {
	t := &s.toks[i]
	if !t.glued {
		if n := int(t.end - t.start); n <= 4 && s.digitSoon(int(t.end)) {
			s.lettered(i)
		}
		if n := int(t.end - t.start); n <= 4 && s.byteAt(int(t.end)) == ':' {
			s.ipv6(int(t.start))
		}
		if t.class&isAt != 0 {
			s.atObfuscated(i)
		}
	}
	if t.inURL {
		return
	}
	s.name(i)
}

// digitSoon says whether a digit stands at p or after a separator or two; an IBAN's second letter may be apart.
func (s *scan) digitSoon(p int) bool {
	for q := p; q < p+3; q++ {
		c := s.byteAt(q)
		if isDigit(c) {
			return true
		}
		if !isSep(c) {
			return false
		}
	}
	return false
}

// lettered finds identifiers that begin with letters.
func (s *scan) lettered(i int) {
	p := int(s.toks[i].start)
	k := &s.k
	k.read(s.b, p)
	if s.ipv6(p) || k.n < 5 {
		return
	}
	before := s.nearest(i, context, 6)
	s.iban(p, before)
	s.nino(i, before)
	if k.shape(s.b, "A999999999") {
		named := before&isKVNR != 0
		if named || kvnrCheck(k.c[:10]) && before&isOrder == 0 && !s.toks[i].inURL {
			s.add(KVNR, p, int(k.end[9]), named)
		}
	}
	s.postcode(i)
}

func (s *scan) iban(p int, before class) {
	k := &s.k
	if isDigit(k.c[0]) || isDigit(k.c[1]) || !isDigit(k.c[2]) || !isDigit(k.c[3]) || k.sep[1] != 0 || k.sep[2] != 0 {
		return
	}
	n := ibanLength[string(k.c[:2])]
	if n == 0 || n > k.n {
		return
	}
	end := int(k.end[n-1])
	if end < len(s.b) && isAlnum(s.b[end]) {
		return
	}
	if mod97(k.c[:n]) || before&isIBAN != 0 && k.digits() == 0 {
		s.add(IBAN, p, end, true)
	}
}

// nino finds national insurance numbers. There is no check digit: the prefix rules and the shape have to do. The
// letters of documentation (QQ) count when a word says what they are.
func (s *scan) nino(i int, before class) {
	k := &s.k
	p := int(s.toks[i].start)
	named := before&isNINO != 0
	if k.n >= 8 && named && k.shape(s.b, "AA999999") && !k.shape(s.b, "AA999999A") {
		s.add(NINO, p, int(k.end[7]), true)
		return
	}
	if !k.shape(s.b, "AA999999A") || k.sep[1] != 0 || k.c[8] > 'D' && !named {
		return
	}
	if !named && (before&isOrder != 0 || s.toks[i].inURL || !ninoPrefix(k.c[0], k.c[1]) && (k.c[0] != 'Q' || k.c[1] != 'Q')) {
		return
	}
	s.add(NINO, p, int(k.end[8]), named)
}

func ninoPrefix(a, b byte) bool {
	switch a {
	case 'D', 'F', 'I', 'Q', 'U', 'V':
		return false
	}
	switch b {
	case 'D', 'F', 'I', 'O', 'Q', 'U', 'V':
		return false
	}
	switch string([]byte{a, b}) {
	case "BG", "GB", "KN", "NK", "NT", "TN", "ZZ":
		return false
	}
	return true
}

// postcode finds a UK postcode; resolve keeps it only with a person nearby.
func (s *scan) postcode(i int) {
	k := &s.k
	t := s.toks[i]
	if t.inURL || t.end-t.start > 2 {
		return
	}
	for _, shape := range [...]string{"AA9A9AA", "AA999AA", "A9A9AA", "AA99AA", "A999AA", "A99AA"} {
		if !k.shape(s.b, shape) {
			continue
		}
		out := len(shape) - 3
		spread := 0
		for j := 1; j < len(shape); j++ {
			if k.sep[j] != 0 && (j != out || k.sep[j] != ' ' && k.sep[j] != '-') {
				return
			}
			if k.sep[j] != 0 {
				spread++
			}
		}
		for _, c := range k.c[out+1 : out+3] {
			switch c {
			case 'C', 'I', 'K', 'M', 'O', 'V':
				return // never used in the inward part
			}
		}
		end := int(k.end[len(shape)-1])
		if spread == 0 && s.b[t.start] >= 'a' {
			if s.nearest(i, isAddress, 4) == 0 {
				return
			}
		}
		s.found = append(s.found, Finding{Kind: UKPostcode, Start: int(t.start), End: end,
			keep: int(k.end[out-1]) - int(t.start), pending: true})
		return
	}
}

// besideIdentifier says whether the name at index i of the findings stands near what identifies a person, so that it is
// one.
func (s *scan) besideIdentifier(i int) bool {
	return s.foundNear(i, 80, func(f *Finding) bool {
		return f.Kind != PersonName && f.Kind != Handle && f.Kind != IPAddress
	})
}

// foundNear asks is about the findings within window bytes of the one at index i, itself left out.
func (s *scan) foundNear(i, window int, is func(*Finding) bool) bool {
	p := s.found[i]
	for j := i - 1; j >= 0 && s.found[j].Start > p.Start-2*window; j-- {
		if s.found[j].End > p.Start-window && is(&s.found[j]) {
			return true
		}
	}
	for j := i + 1; j < len(s.found) && s.found[j].Start < p.End+window; j++ {
		if is(&s.found[j]) {
			return true
		}
	}
	return false
}

// personNear says whether the postcode at index i of the findings stands near a name or near what belongs to one person.
// A postcode right after a hospital is the hospital's.
func (s *scan) personNear(i int) bool {
	if s.foundNear(i, 160, func(f *Finding) bool {
		return f.Kind != UKPostcode && f.Kind != Handle && f.Kind != IPAddress
	}) {
		return true
	}
	p := s.found[i]
	from, _ := slices.BinarySearchFunc(s.toks, p.Start-80, func(t token, at int) int { return int(t.start) - at })
	for k := from; k < len(s.toks) && int(s.toks[k].start) < p.End+80; k++ {
		t := &s.toks[k]
		if t.class&isAddress != 0 && int(t.end) <= p.Start && (s.nearest(k, isPossessive, 3) != 0 ||
			s.is(k-1, "i") || s.is(k-1, "we") || s.is(k-1, "who") || s.is(k-1, "she") || s.is(k-1, "he")) {
			return true
		}
		if t.class&isFirst != 0 && t.class&isWeak == 0 && t.shape == capital && s.pairAt(k) {
			return true
		}
	}
	return false
}
