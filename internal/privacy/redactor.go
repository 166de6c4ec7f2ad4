package privacy

import (
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"barometer/internal/barometer"
)

// Config says where phone numbers are at home and what is public.
type Config struct {
	Regions []string `yaml:"regions"`       // whose national phone numbers are known, ISO 3166; empty: GB, DE, FI
	Handles []string `yaml:"allow_handles"` // public accounts that stay readable, with or without "@"
	Phones  []string `yaml:"allow_phones"`  // published numbers that stay readable, as people write them
}

// Validate reports the first setting that cannot work.
func (c Config) Validate() error {
	for _, r := range c.Regions {
		if !knownRegion(r) {
			return barometer.Errorf(barometer.Invalid, "regions: %q is no country code with phone numbers, such as GB", r)
		}
	}
	return nil
}

// Redactor finds and replaces identifiers. It is safe for concurrent use and never changes.
type Redactor struct {
	lex     *lexicon
	regions []string
	handles map[string]bool
	phones  map[string]bool // national significant digits, no leading zero
	scratch sync.Pool
}

// NewRedactor returns a Redactor, or an error of kind Invalid.
func NewRedactor(c Config) (*Redactor, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	r := &Redactor{lex: words(), regions: c.Regions, handles: map[string]bool{}, phones: map[string]bool{}}
	if len(r.regions) == 0 {
		r.regions = []string{"GB", "DE", "FI"}
	}
	for _, h := range c.Handles {
		r.handles[strings.ToLower(strings.TrimPrefix(h, "@"))] = true
	}
	for _, p := range slices.Concat(helplines, c.Phones) {
		r.phones[r.nationalKey(p)] = true
	}
	r.scratch.New = func() any { return new(scan) }
	return r, nil
}

// Finding is an identifier in a text: bytes Start to End.
type Finding struct {
	Kind       string
	Start, End int
	keep       int  // bytes at the start that stay readable
	sure       bool // confirmed by a word beside it
	pending    bool // a postcode that still needs a person, or a name that needs an identifier
	alone      bool // did not find it
}

// scan is the state of one search; it is reused.
type scan struct {
	r     *Redactor
	view  view
	b     []byte
	toks  []token
	found []Finding
	k     compact
	low   [64]byte
	asked int  // phone numbers looked at
	past  int  // where the last phone number ended
	clin  int8 // whether the text is clinical: 0 not asked yet, 1 yes, -1 no
}

// Find returns the identifiers in s by position, without overlaps. It returns nil and allocates nothing when there are
// none.
func (r *Redactor) Find(s string) []Finding {
	sc := r.scratch.Get().(*scan)
	sc.run(r, s)
	var out []Finding
	if len(sc.found) > 0 {
		out = slices.Clone(sc.found)
	}
	sc.view.orig = ""
	if cap(sc.b) <= 1<<20 { // a rare giant does not stay for ever
		r.scratch.Put(sc)
	}
	return out
}

func (s *scan) run(r *Redactor, text string) {
	s.r, s.found, s.clin, s.past, s.asked = r, s.found[:0], 0, 0, 0
	s.view.build(text)
	s.b = s.view.b
	s.toks = tokenize(s.b, s.toks[:0])
	for i := range s.toks {
		if t := &s.toks[i]; t.kind == tokWord {
			t.class = r.lex.lookup(s.b[t.start:t.end], &s.low)
		}
	}
	s.phrases()
	for i := range s.toks {
		t := &s.toks[i]
		switch t.kind {
		case tokNumber:
			if !t.glued {
				s.atDigits(i)
			}
		case tokWord:
			s.atWord(i)
		default:
			switch s.b[t.start] {
			case '@':
				s.atSign(i)
			case '+':
				s.phone(i)
			case '(':
				if i+1 < len(s.toks) && s.toks[i+1].kind == tokNumber {
					s.phone(i)
				}
			}
		}
	}
	s.resolve()
}

// phrases gives words the class of the phrase they close.
func (s *scan) phrases() {
	for i := range s.toks {
		if i < 1 || s.toks[i].kind != tokWord {
			continue
		}
		switch t := &s.toks[i]; {
		case s.is(i, "birth") && (s.is(i-1, "of") || s.is(i-1, "and")), s.is(i, "date") && s.is(i-1, "birth"):
			t.class = t.class&^isEvent | isDOB
		case s.is(i, "insurance") && s.is(i-1, "national"):
			t.class |= isNINO
		case s.is(i, "care") && i > 1 && s.is(i-2, "health") && i+1 < len(s.toks) && s.toks[i+1].class&isNumWord != 0:
			t.class |= isHC
		case s.is(i, "c") && s.b[s.toks[i-1].start] == '&' && i > 1 && s.is(i-2, "h"):
			t.class |= isHC
		}
	}
}

// is compares a token with an ASCII word, whatever the case.
func (s *scan) is(i int, word string) bool {
	if i < 0 || i >= len(s.toks) {
		return false
	}
	w := s.text(i)
	if len(w) != len(word) {
		return false
	}
	for j := range w {
		if w[j]|0x20 != word[j] {
			return false
		}
	}
	return true
}

func (s *scan) text(i int) []byte { return s.b[s.toks[i].start:s.toks[i].end] }

// byteAt returns the byte at p, or 0 outside of the text.
func (s *scan) byteAt(p int) byte {
	if p < 0 || p >= len(s.b) {
		return 0
	}
	return s.b[p]
}

// nearest returns the classes of the nearest token before i, within n tokens, that has one of mask.
func (s *scan) nearest(i int, mask class, n int) class {
	for j := i - 1; j >= 0 && j >= i-n; j-- {
		if c := s.toks[j].class & mask; c != 0 {
			return c
		}
		if s.toks[j].kind == tokPunct && (s.b[s.toks[j].start] == '!' || s.b[s.toks[j].start] == ';') {
			return 0
		}
	}
	return 0
}

// add records a finding given in bytes of the view.
func (s *scan) add(kind string, start, end int, sure bool) {
	s.found = append(s.found, Finding{Kind: kind, Start: start, End: end, sure: sure})
}

// resolve decides about what needs company, removes overlaps and turns positions of the view into bytes of the original.
// It stays near linear: a hostile text can hold a hundred thousand identifiers.
func (s *scan) resolve() {
	if len(s.found) == 0 {
		return
	}
	byStart := func(a, b Finding) int { return a.Start - b.Start }
	slices.SortStableFunc(s.found, byStart)
	for i := range s.found {
		if f := &s.found[i]; f.pending {
			f.alone = f.Kind == UKPostcode && !s.personNear(i) || f.Kind == PersonName && !s.besideIdentifier(i)
		}
	}
	s.found = slices.DeleteFunc(s.found, func(f Finding) bool { return f.alone })
	kept := s.found[:0]
	for i := 0; i < len(s.found); {
		j, end := i+1, s.found[i].End
		for j < len(s.found) && s.found[j].Start < end {
			end = max(end, s.found[j].End)
			j++
		}
		kept = withoutOverlaps(kept, s.found[i:j])
		i = j
	}
	slices.SortFunc(kept, byStart)
	for i := range kept {
		f := &kept[i]
		start, end := s.view.original(f.Start, f.End)
		if f.keep > 0 {
			_, keepEnd := s.view.original(f.Start, f.Start+f.keep)
			f.keep = keepEnd - start
		}
		f.Start, f.End = start, end
	}
	s.found = kept
}

// withoutOverlaps appends the best of a chain of overlapping findings: what a word confirms before what a shape suggests,
// then the longer, then the one that proves more. kept may share memory with the chain, before it.
func withoutOverlaps(kept, chain []Finding) []Finding {
	slices.SortFunc(chain, func(a, b Finding) int {
		switch {
		case a.sure != b.sure:
			if a.sure {
				return -1
			}
			return 1
		case a.End-a.Start != b.End-b.Start:
			return b.End - b.Start - (a.End - a.Start)
		case a.Kind != b.Kind:
			return rank[b.Kind] - rank[a.Kind]
		}
		return a.Start - b.Start
	})
	first := len(kept)
next:
	for _, f := range chain {
		for _, k := range kept[first:] {
			if f.Start < k.End && k.Start < f.End {
				continue next
			}
		}
		kept = append(kept, f)
	}
	return kept
}

// Redacted is a text after redaction.
type Redacted struct {
	Text       string
	Redactions []barometer.Redaction // by position, in code points of the original
	edits      []edit
}

// edit is one replacement in code points: the original range and the length of what stands there now.
type edit struct{ start, end, length int }

// Redact replaces every identifier in s, and every one of the extra findings, such as the author's own name.
func (r *Redactor) Redact(s string, extra ...Finding) Redacted {
	found := r.Find(s)
	if len(extra) > 0 {
		found = merge(found, extra)
	}
	if len(found) == 0 {
		return Redacted{Text: s}
	}
	out := Redacted{Redactions: make([]barometer.Redaction, 0, len(found)), edits: make([]edit, 0, len(found))}
	var b strings.Builder
	b.Grow(len(s) + 8*len(found))
	at, chars := 0, 0
	for _, f := range found {
		b.WriteString(s[at:f.Start])
		chars += utf8.RuneCountInString(s[at:f.Start])
		token := Token(f.Kind)
		if f.keep > 0 {
			token = s[f.Start:f.Start+f.keep] + " " + token
		}
		b.WriteString(token)
		n := utf8.RuneCountInString(s[f.Start:f.End])
		out.Redactions = append(out.Redactions, barometer.Redaction{Kind: f.Kind, Start: chars, End: chars + n})
		out.edits = append(out.edits, edit{chars, chars + n, utf8.RuneCountInString(token)})
		at, chars = f.End, chars+n
	}
	b.WriteString(s[at:])
	out.Text = b.String()
	return out
}

// merge adds the extra findings that do not overlap one that is there.
func merge(found, extra []Finding) []Finding {
	for _, e := range extra {
		if !slices.ContainsFunc(found, func(f Finding) bool { return e.Start < f.End && f.Start < e.End }) {
			found = append(found, e)
		}
	}
	slices.SortFunc(found, func(a, b Finding) int { return a.Start - b.Start })
	return found
}

// Position maps a range of code points of the original text to the redacted one. It reports false when the range
// touches something that was redacted.
func (r *Redacted) Position(start, end int) (int, int, bool) {
	shift := 0
	for _, e := range r.edits {
		if e.start >= end {
			break
		}
		if e.end > start {
			return 0, 0, false
		}
		shift += e.length - (e.end - e.start)
	}
	return start + shift, end + shift, true
}
