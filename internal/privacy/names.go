package privacy

// name handles a word as what may stand before a person's name, or as its beginning.
func (s *scan) name(i int) {
	t := &s.toks[i]
	c := t.class
	if c&isMonth != 0 && i+1 < len(s.toks) && s.toks[i+1].kind == tokNumber {
		s.monthDate(i)
	}
	if c&(isTitle|isTitleShort|isRole|isRoleWide|isRoleDE|isKin|isKinDE|isNaming|isSign) != 0 {
		s.called(i)
	}
	if c&isFirst != 0 && t.shape == capital {
		s.bareName(i)
	}
}

// proof is how much a word before a name says about it.
type proof int

const (
	listedOnly proof = iota // the name, or its first part, must be a known one
	pairOnly                // two capitals will do as well
	anyCapital              // one capital is enough
)

// called reads the name after a title, a role, a relation or "name:".
func (s *scan) called(i int) {
	c := s.toks[i].class
	j := i + 1
	need := listedOnly
	switch {
	case c&isTitle != 0 && !s.everyday(i):
		need = anyCapital
	case c&isTitleShort != 0 && s.punct(j) == '.':
		need = anyCapital
	case c&(isTitle|isTitleShort) != 0:
		need = listedOnly
	case c&isRole != 0:
		need = anyCapital
	case c&isKin != 0:
		need = pairOnly
		if s.nearest(i, isPossessive, 2) != 0 {
			need = anyCapital
		}
	case c&(isRoleWide|isRoleDE|isNaming) != 0:
		need = pairOnly
	}
	// what may stand between: full stops, further titles, "name is", a colon or a comma
	for j < len(s.toks) && j < i+8 {
		n := &s.toks[j]
		if n.newline && c&isSign == 0 && c&isNaming == 0 {
			return
		}
		if n.kind == tokPunct {
			switch b := s.b[n.start]; {
			case b == '.' && (c&(isTitle|isTitleShort|isSign) != 0):
			case b == ':' || b == '(' || b == '"' || b == '-':
			case b == ',' && c&(isKin|isKinDE|isSign|isNaming|isRole|isRoleWide|isRoleDE) != 0:
				if c&isSign == 0 && need == anyCapital {
					need = pairOnly
				}
			default:
				return
			}
			j++
			continue
		}
		if n.kind == tokNumber {
			return
		}
		if n.class&(isTitle|isTitleShort|isTitleMore|isRole|isRoleDE|isNaming) != 0 && n.class&(isFirst|isSur) == 0 {
			if n.class&(isTitle|isTitleMore) != 0 && need < anyCapital && c&isNaming == 0 {
				return // that title speaks for itself
			}
			if c&(isTitle|isTitleShort) == 0 || n.class&(isRole|isRoleDE|isNaming) != 0 {
				return // it has its own turn
			}
			j++
			continue
		}
		if c&isNaming != 0 && (s.is(j, "is") || s.is(j, "was") || s.is(j, "on") || s.is(j, "ist") || s.is(j, "war") || s.is(j, "oli") || s.is(j, "lautet")) {
			j++
			continue
		}
		break
	}
	if end, ok := s.personAt(j, need); ok {
		s.add(PersonName, int(s.toks[j].start), end, c&(isTitle|isRole|isRoleDE|isKin) != 0)
	}
}

// everyday says whether a title is used as a noun: "meine Frau", "the doctor", "MS", "miss the bus".
func (s *scan) everyday(i int) bool {
	switch {
	case s.is(i, "frau"), s.is(i, "doctor"), s.is(i, "doktor"), s.is(i, "lady"), s.is(i, "doc"):
		return s.nearest(i, isPossessive, 1) != 0 && !s.is(i, "doctor") || s.toks[i].shape == lower && s.is(i, "lady")
	case s.is(i, "ms"):
		return s.toks[i].shape == upper
	case s.is(i, "miss"), s.is(i, "lord"), s.is(i, "mister"):
		return s.toks[i].shape == lower
	}
	return false
}

// personAt reads a name that begins at token j: given names, initials, particles, surname.
func (s *scan) personAt(j int, need proof) (end int, ok bool) {
	parts, listed, firsts := 0, 0, 0
	last := -1
	prevEnd := int32(-1)
	for k := j; k < len(s.toks) && parts < 4; k++ {
		t := &s.toks[k]
		if prevEnd >= 0 && (t.newline || t.start > prevEnd+1) {
			break
		}
		if t.kind == tokPunct {
			if s.b[t.start] == '.' && last == k-1 && last >= 0 && s.toks[last].shape == initial {
				prevEnd = t.end
				continue
			}
			break
		}
		if t.kind != tokWord || t.glued {
			break
		}
		switch {
		case t.shape == initial && !s.is(k, "i") && (k+1 < len(s.toks)):
			parts++
			last = k
		case t.class&isParticle != 0 && t.shape == lower && k+1 < len(s.toks) && s.toks[k+1].shape == capital && (parts > 0 || need == anyCapital):
			prevEnd = t.end
			continue
		case s.namePart(t, parts, need, listed):
			parts++
			last = k
			if t.class&(isFirst|isSur) != 0 || s.finnishSurname(t) {
				listed++
			}
			if t.class&isFirst != 0 {
				firsts++
			}
		default:
			k = len(s.toks)
			continue
		}
		prevEnd = t.end
	}
	if last < 0 || s.toks[last].shape == initial && parts == 1 {
		return 0, false
	}
	if s.placeAfter(last, need) || parts > 1 && s.institution(j, j+1) {
		return 0, false
	}
	switch {
	case need == listedOnly:
		ok = listed > 0
	case need == pairOnly:
		ok = listed > 0 && (parts > 1 || !s.weak(j)) || parts > 1
	default:
		ok = listed > 0 || parts > 1 || !s.locative(last)
	}
	end = int(s.toks[last].end)
	if e := end - 2; e > 0 && s.b[e] == '\'' && s.b[e+1] == 's' {
		end = e
	}
	return end, ok
}

func (s *scan) weak(i int) bool { return s.toks[i].class&isWeak != 0 }

// namePart says whether a word can be the next part of a name.
func (s *scan) namePart(t *token, parts int, need proof, listed int) bool {
	known := t.class&(isFirst|isSur) != 0
	switch t.shape {
	case capital:
		return known && t.class&(isNotName|isMonth) == 0 || t.class&(isNotName|isMonth|isTitle|isPlace|isRoleDE|isKinDE|isNaming|isSign) == 0 ||
			known && parts == 0 && need == anyCapital && t.class&isNotName == 0 || known && parts > 0 && t.class&isFirst == 0
	case lower, upper: // people who do not bother about capitals: only known names
		if t.class&(isNotName|isMonth|isWeak) != 0 && (parts == 0 || t.class&isSur == 0) {
			return false
		}
		return known && (parts == 0 || listed > 0)
	}
	return false
}

// finnishSurname recognises the most common ending of Finnish surnames, inflected or not.
func (s *scan) finnishSurname(t *token) bool {
	w := s.b[t.start:t.end]
	if t.shape != capital || len(w) < 6 {
		return false
	}
	for _, e := range [...]string{"nen", "sen", "selle", "selta", "ista", "sella", "lä", "län", "nkoski", "mäki", "niemi"} {
		if len(w) > len(e)+3 && string(w[len(w)-len(e):]) == e {
			return true
		}
	}
	return false
}

// locative recognises a Finnish place: "hoitaja Helsingissä", "lääkäri Tampereelta".
func (s *scan) locative(i int) bool {
	w := s.text(i)
	for _, ending := range [...]string{"ssa", "ssä", "sta", "stä", "lla", "llä", "lta", "ltä"} {
		if len(w) > len(ending)+3 && string(w[len(w)-len(ending):]) == ending {
			return true
		}
	}
	return false
}

// placeAfter says whether what follows the name makes it a place: "Mary Seacole Ward", "Dr Gray's Hospital".
func (s *scan) placeAfter(last int, need proof) bool {
	n := last + 1
	if n >= len(s.toks) || s.toks[n].kind != tokWord || s.toks[n].start > s.toks[last].end+1 {
		return false
	}
	t := &s.toks[n]
	if t.class&isPlace == 0 || t.shape == lower && !s.is(n, "hospital") {
		return false
	}
	return need != anyCapital || !s.is(n, "ward") && !s.is(n, "station") && !s.is(n, "unit") && !s.is(n, "surgery") && !s.is(n, "practice")
}

// institution says whether the two words are a well-known institution or a historical name.
func (s *scan) institution(i, j int) bool {
	if j >= len(s.toks) {
		return false
	}
	a, b := s.text(i), s.text(j)
	if len(a)+len(b)+1 > len(s.low) {
		return false
	}
	n := 0
	for _, c := range a {
		s.low[n] = c | 0x20
		n++
	}
	s.low[n] = ' '
	n++
	for _, c := range b {
		s.low[n] = c | 0x20
		n++
	}
	return s.r.lex.known[string(s.low[:n])]
}

// pairAt says whether a known given name at token i and the word after it make a name.
func (s *scan) pairAt(i int) bool {
	if i+1 >= len(s.toks) || s.toks[i+1].start > s.toks[i].end+2 || s.toks[i+1].newline {
		return false
	}
	end, ok := s.personAt(i, pairOnly)
	return ok && end > int(s.toks[i].end)
}

// bareName finds a known given name and a capitalised word after it, in a clinical text or beside another identifier, and
// not in public office.
func (s *scan) bareName(i int) {
	t := &s.toks[i]
	if t.glued || s.byteAt(int(t.start)-1) == '#' || s.byteAt(int(t.start)-1) == '@' || !s.pairAt(i) {
		return
	}
	if i > 0 {
		p := &s.toks[i-1]
		if p.class&isPublic != 0 || s.nearest(i, isPublic, 3) != 0 {
			return
		}
		if p.shape == capital && p.class&(isFirst|isPlace|isNotName) == 0 && p.end+1 == t.start && p.kind == tokWord && !p.newline && i > 1 && p.class == 0 {
			return // inside a longer proper name
		}
	}
	if s.weak(i) && s.toks[i+1].class&isSur == 0 {
		return
	}
	end, _ := s.personAt(i, pairOnly)
	s.found = append(s.found, Finding{Kind: PersonName, Start: int(t.start), End: end, pending: !s.clinical()})
}

// clinical says whether the text speaks of care, asked once.
func (s *scan) clinical() bool {
	if s.clin == 0 {
		s.clin = -1
		for i := range s.toks {
			if s.toks[i].class&isClinical != 0 {
				s.clin = 1
				break
			}
		}
	}
	return s.clin > 0
}
