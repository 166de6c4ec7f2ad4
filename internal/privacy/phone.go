package privacy

import (
	"bytes"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// helplines are published for everybody and belong to nobody.
var helplines = []string{
	"111", "112", "119", "101", "999", "110", "115", "105", "116117", "116123", "116111", "116006", "116016", "116000",
	"08001111", "08001110111", "08001110222", "08001110333", "08000116016", "08008020111", "08003010700", "03001234",
	"0800116111",
}

func knownRegion(r string) bool { return phonenumbers.GetSupportedRegions()[r] }

// fictional are ranges that regulators keep free for film and documentation; the number plans call some of them invalid.
var fictional = []string{"01632960", "07700900", "441632960", "447700900", "1555"}

// nationalKey reduces a published number to the digits that identify it, whatever prefix it is written with.
func (r *Redactor) nationalKey(p string) string {
	var d []byte
	for i := range len(p) {
		if isDigit(p[i]) {
			d = append(d, p[i])
		}
	}
	digits := strings.TrimPrefix(string(d), "00")
	for _, region := range r.regions {
		cc := phonenumbers.GetCountryCodeForRegion(region)
		if prefix := itoa(cc); (strings.HasPrefix(strings.TrimSpace(p), "+") || len(digits) < len(d)) && strings.HasPrefix(digits, prefix) {
			digits = digits[len(prefix):]
			break
		}
	}
	return strings.TrimLeft(digits, "0")
}

func itoa(n int) string {
	var b [8]byte
	i := len(b)
	for ; n > 0; n /= 10 {
		i--
		b[i] = byte('0' + n%10)
	}
	return string(b[i:])
}

// dialled is a candidate as dialled: its digits and where its groups end.
type dialled struct {
	d      [20]byte
	n      int
	groups [12]struct {
		digits int // digits up to here
		end    int // byte after the last of them
	}
	g     int
	plus  bool
	seps  [12]byte // before each group
	short bool     // no group is longer than two digits
}

// dial reads a candidate from p. Letters, commas and colons end it.
func (s *scan) dial(p int) (c dialled) {
	sep := byte(0)
	c.short = true
	if s.byteAt(p) == '+' {
		c.plus = true
		p++
	}
	for run := 0; p < len(s.b); {
		b := s.b[p]
		if isDigit(b) {
			q := p
			for q < len(s.b) && isDigit(s.b[q]) {
				q++
			}
			if c.n+q-p > 17 || c.g == len(c.groups) || q < len(s.b) && isLetterAt(s.b, q) {
				return c
			}
			if c.g > 0 && q-p == 1 && b == '0' && s.b[p-1] == '(' && s.byteAt(q) == ')' {
				p, run = q, 0
				continue
			}
			copy(c.d[c.n:], s.b[p:q])
			c.n += q - p
			c.short = c.short && q-p <= 2
			c.groups[c.g].digits, c.groups[c.g].end, c.seps[c.g] = c.n, q, sep
			c.g++
			p, run, sep = q, 0, 0
			continue
		}
		if run++; run > 3 || b != ' ' && b != '-' && b != '.' && b != '/' && b != '(' && b != ')' {
			return c
		}
		if b != ' ' || sep == 0 {
			sep = b
		}
		p++
	}
	return c
}

// phone looks for a phone number that begins at token i: a digit, a plus or an opening bracket.
func (s *scan) phone(i int) {
	t := s.toks[i]
	p := int(t.start)
	if prev := s.byteAt(p - 1); p < s.past || p > 0 && (isAlnum(prev) || prev == '+') {
		return // inside of a word, or of a number that was looked at
	}
	near := s.nearest(i, context, 4)
	called := near&isPhone != 0
	if near&(isOrder|isIBAN|isCard|isSteuer|isDOB) != 0 && !called && s.b[p] != '+' {
		return
	}
	if s.priced(p, called) {
		return
	}
	c := s.dial(p)
	if c.n < 6 || c.g == 0 {
		return
	}
	if end := s.phoneEnd(&c, called); end > 0 {
		s.add(Phone, p, end, called)
		s.past = end
	}
}

// priced says whether what stands right before p makes the digits an amount, a decimal, a clock time or a tag.
func (s *scan) priced(p int, called bool) bool {
	switch s.byteAt(p - 1) {
	case '#', '$', ',':
		return true
	case '.':
		return !called // "Tel.0171..."
	case ':':
		return isDigit(s.byteAt(p - 2))
	}
	before := s.b[:p]
	return bytes.HasSuffix(before, []byte("£")) || bytes.HasSuffix(before, []byte("€"))
}

// phoneEnd returns where the number ends, or 0 when there is none.
func (s *scan) phoneEnd(c *dialled, called bool) int {
	digits := string(c.d[:c.n])
	if s.asked++; s.asked > mostAsked {
		return longest(c)
	}
	international := c.plus || strings.HasPrefix(digits, "00")
	if c.short && !international && !called {
		return 0 // clock times, dates and scores: 08.30-16.00
	}
	if c.groups[0].digits == 1 && c.seps[1] == '.' {
		return 0 // 0.123456
	}
	if international {
		if !c.plus {
			digits = digits[2:]
		}
		cut := c.n - len(digits)
		possible := 0
		for g := c.g - 1; g >= 0; g-- {
			n := c.groups[g].digits - cut
			if n < 8 || n > 15 {
				continue
			}
			num, err := phonenumbers.Parse("+"+digits[:n], "ZZ")
			if err != nil {
				continue
			}
			if s.r.phones[s.r.nationalKey("+"+digits[:n])] {
				s.past = c.groups[g].end
				return 0
			}
			if phonenumbers.IsValidNumber(num) {
				return c.groups[g].end
			}
			if possible == 0 && (c.plus || called || c.g > 2) && phonenumbers.IsPossibleNumber(num) {
				possible = c.groups[g].end
			}
		}
		return possible
	}
	least := 9
	if called {
		least = 6
	}
	if digits[0] != '0' && !called {
		return 0
	}
	for g := c.g - 1; g >= 0; g-- {
		if s.r.phones[strings.TrimLeft(digits[:c.groups[g].digits], "0")] && c.groups[g].digits >= 3 {
			s.past = c.groups[g].end
			return 0
		}
	}
	for _, f := range fictional {
		if strings.HasPrefix(digits, f) {
			for g := range c.g {
				if c.groups[g].digits == 11 {
					return c.groups[g].end
				}
			}
		}
	}
	for _, region := range s.r.regions {
		for g := c.g - 1; g >= 0; g-- {
			n := c.groups[g].digits
			if n < least || n > 13 {
				continue
			}
			if num, err := phonenumbers.Parse(digits[:n], region); err == nil && phonenumbers.IsValidNumber(num) {
				return c.groups[g].end
			}
		}
	}
	if called { // what somebody asks to be called on is a number, assigned or not
		return longest(c)
	}
	return 0
}

// mostAsked is how many candidates of one text are held against the number plans, which costs 30 microseconds each. Past
// them everything of the right length counts as a number: a directory is private, too.
const mostAsked = 500

// longest returns the end of the longest run of groups that people could dial, or 0.
func longest(c *dialled) int {
	for g := c.g - 1; g >= 0; g-- {
		if n := c.groups[g].digits; n >= 6 && n <= 13 {
			return c.groups[g].end
		}
	}
	return 0
}
