package privacy

import "net/netip"

// compact is what follows a position with the separators taken out: letters in upper case and digits.
type compact struct {
	c   [36]byte
	end [36]int32 // byte after the character in the view
	sep [36]byte  // separator before the character, 0 for none
	n   int
}

func isSep(c byte) bool { return c == ' ' || c == '-' || c == '.' || c == '/' }

// read fills k from p on. Up to three separators may stand together (" - ").
func (k *compact) read(b []byte, p int) {
	k.n = 0
	sep := byte(0)
	for run := 0; p < len(b) && k.n < len(k.c); p++ {
		c := b[p]
		switch {
		case isDigit(c) || c >= 'A' && c <= 'Z':
		case c >= 'a' && c <= 'z':
			c -= 'a' - 'A'
		case isSep(c) && run < 3:
			run++
			if sep == 0 || c != ' ' {
				sep = c
			}
			continue
		default:
			return
		}
		k.c[k.n], k.sep[k.n], k.end[k.n] = c, sep, int32(p+1)
		k.n++
		sep, run = 0, 0
	}
}

// shape reports whether the characters fit a pattern of 'A' (letter), '9' (digit) and '*' (either), and whether
// something else follows the last of them.
func (k *compact) shape(b []byte, pattern string) bool {
	if k.n < len(pattern) {
		return false
	}
	for i := range pattern {
		digit := isDigit(k.c[i])
		if pattern[i] == '9' && !digit || pattern[i] == 'A' && digit {
			return false
		}
	}
	end := int(k.end[len(pattern)-1])
	return end >= len(b) || !isAlnum(b[end])
}

// digits counts the leading digits.
func (k *compact) digits() int {
	n := 0
	for n < k.n && isDigit(k.c[n]) {
		n++
	}
	return n
}

// spaced says where separators stand among the first n characters: bit i for one before character i.
func (k *compact) spaced(n int) (bits uint32) {
	for i := 1; i < n; i++ {
		if k.sep[i] != 0 {
			bits |= 1 << i
		}
	}
	return bits
}

const (
	space334   = 1<<3 | 1<<6
	space64    = 1 << 6
	thousands  = 1<<1 | 1<<4 | 1<<7
	space2333  = 1<<2 | 1<<5 | 1<<8
	nines      = "9999999999999999999"
	nationalID = isNHS | isCHI | isHC | isKVNR | isSteuer | isRVNR | isHetu | isNINO | isIBAN | isCard
	context    = nationalID | isPhone | isOrder | isDOB
)

// atDigits looks at a number that begins a run of letters and digits.
func (s *scan) atDigits(i int) {
	t := s.toks[i]
	p := int(t.start)
	k := &s.k
	k.read(s.b, p)
	before := s.nearest(i, context, 6)
	if t.inURL {
		before = s.nearest(i, context, 3)
	}
	s.hetu(p, before)
	if s.date(i) {
		return
	}
	if k.shape(s.b, "99999999A999") && rvnrCheck(k.c[:12]) && before&isOrder == 0 {
		s.add(RVNR, p, int(k.end[11]), before&isRVNR != 0)
	}
	if t.inURL && before&(nationalID|isPhone) == 0 {
		return // a long id in an address says nothing
	}
	s.tenDigits(i, before)
	s.elevenDigits(p, before)
	s.card(p, before)
	s.ipv4(i)
	if !s.ipv6(p) {
		s.phone(i)
	}
}

// tenDigits finds NHS, CHI and Health and Care numbers. The check digit alone lets every eleventh number pass, so an
// unspaced run needs a word that says what it is.
func (s *scan) tenDigits(i int, before class) {
	k := &s.k
	bits := k.spaced(min(10, k.n))
	if !k.shape(s.b, nines[:10]) || before&isOrder != 0 || bits == thousands {
		return
	}
	p := int(s.toks[i].start)
	valid := mod11(k.c[:10])
	day, month := two(k.c[0:]), two(k.c[2:])
	kind, fits := NHSNumber, k.c[0] >= '4'
	switch {
	case before&isNHS != 0:
		fits = true
	case before&isCHI != 0:
		kind, fits = CHINumber, true
	case before&isHC != 0:
		kind, fits = HCNumber, true
	case k.c[0] == '3' && k.c[1] >= '2':
		kind, fits = HCNumber, true
	case validDate(day, month, 2000):
		kind, fits = CHINumber, bits != 0 && before&isPhone == 0
	}
	named := before&(isNHS|isCHI|isHC) != 0
	sound := bits == space334 || bits == space64 && kind == CHINumber
	switch {
	case valid && named, valid && fits && sound && s.byteAt(p-1) != '+':
		s.add(kind, p, int(k.end[9]), named)
	case named && (bits == 0 || sound) && k.c[0] != '0' && (s.nearest(i, isNumWord, 3) != 0 || s.nearest(i, isNHS|isCHI|isHC, 2) != 0):
		s.add(kind, p, int(k.end[9]), true) // called so, with a slip of the pen: still somebody's
	case valid && bits == 0 && fits && s.nearest(i, isNumWord, 3) != 0 && s.nearest(i, isRoleWide|isRoleDE|isClinical, 5) != 0:
		s.add(kind, p, int(k.end[9]), false) // "patient number 4857773456"
	}
}

// elevenDigits finds tax numbers.
func (s *scan) elevenDigits(p int, before class) {
	k := &s.k
	if !k.shape(s.b, nines[:11]) {
		return
	}
	named := before&isSteuer != 0
	if named || before&isOrder == 0 && k.spaced(11) == space2333 && steuerCheck(k.c[:11]) {
		s.add(SteuerID, p, int(k.end[10]), named)
	}
}

// card finds payment cards: the longest sound number, unless a word says that it is an order.
func (s *scan) card(p int, before class) {
	k := &s.k
	for n := min(19, k.digits()); n >= 13; n-- {
		if !k.shape(s.b, nines[:n]) || !cardIIN(k.c[:n]) || !luhn(k.c[:n]) {
			continue
		}
		if n < k.n && k.sep[n] == '.' && isDigit(k.c[n]) {
			continue // a decimal
		}
		if before&isOrder == 0 {
			s.add(Card, p, int(k.end[n-1]), before&isCard != 0)
		}
		return
	}
}

// hetu finds a Finnish personal identity code: its seventh character is a century sign, so separators are read as
// written.
func (s *scan) hetu(p int, before class) {
	if s.k.n < 10 || s.k.digits() < 6 || s.k.spaced(6) != 0 {
		return
	}
	q := p + 6
	if s.byteAt(q) == ' ' {
		q++
	}
	sign := s.byteAt(q)
	switch upper := sign &^ 0x20; {
	case sign == '-' || sign == '+':
	case upper >= 'A' && upper <= 'F', upper >= 'U' && upper <= 'Y':
	default:
		return
	}
	q++
	if s.byteAt(q) == ' ' {
		q++
	}
	if q+4 > len(s.b) || q+4 < len(s.b) && isAlnum(s.b[q+4]) {
		return
	}
	var c [10]byte
	copy(c[:], s.b[p:p+6])
	copy(c[6:], s.b[q:q+4])
	for i := 6; i < 9; i++ {
		if !isDigit(c[i]) {
			return
		}
	}
	if c[9] >= 'a' {
		c[9] -= 'a' - 'A'
	}
	named := before&(isHetu|isDOB) != 0
	if hetuCheck(c[:]) || before&isHetu != 0 && validDate(two(c[:]), two(c[2:]), 2000) {
		s.add(Henkilotunnus, p, q+4, named)
	}
}

// ipv4 finds four octets that are no version number and no part of something longer.
func (s *scan) ipv4(i int) {
	if i+6 >= len(s.toks) {
		return
	}
	start, end := int(s.toks[i].start), int(s.toks[i+6].end)
	if end-start > 15 || end-start < 7 || s.byteAt(start-1) == '.' {
		return
	}
	if s.byteAt(end) == '.' && isDigit(s.byteAt(end+1)) || s.byteAt(end) != 0 && isAlnum(s.byteAt(end)) {
		return
	}
	if _, err := netip.ParseAddr(string(s.b[start:end])); err != nil {
		return
	}
	if s.nearest(i, isVersion, 3) == 0 {
		s.add(IPAddress, start, end, true)
	}
}

// ipv6 finds an address of at least two colons; clock times and hardware addresses do not parse as one.
func (s *scan) ipv6(p int) bool {
	end, colons := p, 0
	for end < len(s.b) && end-p < 48 && (isHex(s.b[end]) || s.b[end] == ':' || s.b[end] == '.' && colons > 1) {
		if s.b[end] == ':' {
			colons++
		}
		end++
	}
	for end > p && (s.b[end-1] == '.' || s.b[end-1] == ':' && (end < 2 || s.b[end-2] != ':')) {
		end--
	}
	if colons < 2 || end-p < 5 || end < len(s.b) && isAlnum(s.b[end]) {
		return false
	}
	if _, err := netip.ParseAddr(string(s.b[p:end])); err != nil {
		return false
	}
	s.add(IPAddress, p, end, true)
	return true
}

func isHex(c byte) bool { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' }
