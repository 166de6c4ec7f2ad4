package emergence

import (
	"math"
)

// vocabulary holds how often each term occurred in the past, with exponential forgetting. Terms are known by the hash of
// language and key; two terms in a million share one by chance, which costs a little sensitivity for both.
//
// It is a table of sets of eight slots, 16 bytes a slot. A full set makes room by the rule of Space-Saving (Metwally and
// others 2005): the newcomer takes the slot and the count of the rarest, so that a count errs only upwards, which can
// hide a rise but never invents one.
type vocabulary struct {
	slots     []slot
	used      int
	most      int // bound on len(slots)
	exposures map[string]*exposure
}

type slot struct {
	key uint64 // 0 is empty
	a   float32
	day uint16 // a is as of this day, counted from the engine's first
	_   uint16
}

// exposure is how many posts of a language the counts come from, forgotten at the same pace.
type exposure struct {
	E   float64
	Day uint16
}

const (
	setSize    = 8
	decayRate  = .05 // a day: the past weighs as 20 days
	tooRare    = .05 // decayed counts below are dropped when a set is full or the table grows
	firstSlots = 1 << 12
)

// fades[d] is what is left after d days.
var fades = func() (f [512]float32) {
	for d := range f {
		f[d] = float32(math.Exp(-decayRate * float64(d)))
	}
	return f
}()

func fade(days int) float32 {
	if days <= 0 {
		return 1
	}
	return fades[min(days, len(fades)-1)]
}

func newVocabulary(most int) *vocabulary {
	size := firstSlots
	for size*2 <= most {
		size *= 2
	}
	return &vocabulary{slots: make([]slot, min(firstSlots, size)), most: size, exposures: map[string]*exposure{}}
}

func (v *vocabulary) set(key uint64) []slot {
	n := uint64(len(v.slots) / setSize)
	i := (key * 0x9e3779b97f4a7c15 >> 20) & (n - 1)
	return v.slots[i*setSize : (i+1)*setSize]
}

// count returns the decayed count of a term on a day.
func (v *vocabulary) count(key uint64, day int) float64 {
	for _, s := range v.set(key) {
		if s.key == key {
			return float64(s.a * fade(day-int(s.day)))
		}
	}
	return 0
}

// exposure returns the decayed number of posts of a language on a day.
func (v *vocabulary) exposure(lang string, day int) float64 {
	x := v.exposures[lang]
	if x == nil {
		return 0
	}
	return x.E * float64(fade(day-int(x.Day)))
}

// learnPost counts a post of a language.
func (v *vocabulary) learnPost(lang string, day int) {
	x := v.exposures[lang]
	if x == nil {
		x = &exposure{Day: uint16(day)}
		v.exposures[lang] = x
	}
	if d := day - int(x.Day); d >= 0 {
		x.E, x.Day = x.E*float64(fade(d))+1, uint16(day)
	} else {
		x.E += float64(fade(-d))
	}
}

// learn counts a term.
func (v *vocabulary) learn(key uint64, day int) {
	if v.used > len(v.slots)*5/8 && len(v.slots) < v.most {
		v.grow(day)
	}
	set := v.set(key)
	free, rarest := -1, 0
	least := float32(math.Inf(1))
	for i := range set {
		s := &set[i]
		if s.key == key {
			if d := day - int(s.day); d >= 0 {
				s.a, s.day = s.a*fade(d)+1, uint16(day)
			} else {
				s.a += fade(-d)
			}
			return
		}
		if s.key == 0 {
			if free < 0 {
				free = i
			}
			continue
		}
		if a := s.a * fade(day-int(s.day)); a < least {
			least, rarest = a, i
		}
	}
	switch {
	case free >= 0:
		set[free] = slot{key: key, a: 1, day: uint16(day)}
		v.used++
	case least < tooRare:
		set[rarest] = slot{key: key, a: 1, day: uint16(day)}
	default:
		set[rarest] = slot{key: key, a: least + 1, day: uint16(day)}
	}
}

// grow doubles the table and leaves behind what has faded.
func (v *vocabulary) grow(day int) {
	old := v.slots
	v.slots, v.used = make([]slot, 2*len(old)), 0
	for _, s := range old {
		if s.key != 0 && s.a*fade(day-int(s.day)) >= tooRare {
			v.place(s)
		}
	}
}

func (v *vocabulary) place(s slot) {
	set := v.set(s.key)
	for i := range set {
		if set[i].key == 0 {
			set[i] = s
			v.used++
			return
		}
	}
}

// prune drops what has faded, so that the size of the vocabulary, over which false discoveries are controlled, is that
// of what is alive.
func (v *vocabulary) prune(day int) {
	for i := range v.slots {
		if s := &v.slots[i]; s.key != 0 && s.a*fade(day-int(s.day)) < tooRare {
			*s = slot{}
			v.used--
		}
	}
}

// termHash is FNV-1a over language and key. Hashtags are the same word in every language.
func termHash(lang, key string) uint64 {
	const prime = 1099511628211
	h := uint64(14695981039346656037)
	if len(key) == 0 || key[0] != '#' {
		for i := range len(lang) {
			h = (h ^ uint64(lang[i])) * prime
		}
	}
	h = (h ^ 0xff) * prime
	for i := range len(key) {
		h = (h ^ uint64(key[i])) * prime
	}
	return h | 1 // 0 means an empty slot
}
