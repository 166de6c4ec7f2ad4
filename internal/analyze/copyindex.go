package analyze

import "math/bits"

// Copies remembers recent texts and gives a near copy of one of them its group: syndicated articles with another
// headline or ending, posts with a word changed, retweets that were cut off. It holds a fixed number of texts and
// forgets the oldest. What it answers depends only on the texts it was given, in order, so that after a restart giving
// it the recent rows again, oldest first, makes it answer as before. It is not safe for concurrent use.
type Copies struct {
	ring  []copyEntry
	next  int
	slots []int32          // by hash of a band or of the first words: newest entry that has it, +1; may be stale
	posts map[string]int32 // post id -> entry
	doc   document
}

// signatureSize and bandSize: texts that share 60 % of their word pairs meet in a band with a probability of 89 %, of
// 70 % with 99 %, and of 30 % with 12 %.
const (
	signatureSize = 64
	bandSize      = 4
	openingWords  = 6
)

type signature [signatureSize]uint32

type copyEntry struct {
	id      string
	group   uint64
	sig     signature
	pairs   uint32 // distinct pairs of words, nearly
	opening uint64
	used    bool
}

// NewCopies returns an index that remembers up to capacity texts, at about 600 bytes each.
func NewCopies(capacity int) *Copies {
	capacity = max(1, capacity)
	slots := 1 << bits.Len(uint(2*capacity*(signatureSize/bandSize+1)))
	return &Copies{ring: make([]copyEntry, capacity), slots: make([]int32, slots), posts: map[string]int32{}}
}

// Group returns the copy group of a text: that of the post it repeats or of the text it nearly copies, if remembered,
// or else group, which is the text's own (Analysis.CopyGroup). It remembers the text under id; "" is remembered too, but
// cannot be repeated.
func (c *Copies) Group(id string, in *Input, group uint64) uint64 {
	c.doc.reset(in)
	words := c.doc.contentWords()
	if k, ok := c.posts[in.RepostOf]; ok && in.RepostOf != "" {
		group = c.ring[k].group
	}
	e := copyEntry{id: id, group: group, used: true}
	if len(words) >= openingWords {
		for _, w := range words[:openingWords] {
			e.opening = mix(e.opening, w)
		}
		e.pairs = sign(&e.sig, words)
		if k := c.nearest(&e); k >= 0 {
			e.group = c.ring[k].group
		}
	}
	c.doc.in = nil
	c.remember(&e)
	return e.group
}

// sign fills in the signature of a text's pairs of words and returns how many pairs there are.
func sign(sig *signature, words []uint64) uint32 {
	for i := range sig {
		sig[i] = 1<<32 - 1
	}
	for i := 1; i < len(words); i++ {
		h := mix(words[i-1], words[i])
		for j := range sig { // a family of hashes from one multiplication each
			v := uint32(bits.RotateLeft64((h^seeds[j])*0x9E3779B97F4A7C15, 29) >> 32)
			sig[j] = min(sig[j], v)
		}
	}
	return uint32(len(words) - 1)
}

var seeds = func() (s [signatureSize]uint64) {
	h := uint64(0x243F6A8885A308D3)
	for i := range s {
		h = mix(h, uint64(i))
		s[i] = h
	}
	return s
}()

// nearest returns the entry that e is a near copy of, or -1.
func (c *Copies) nearest(e *copyEntry) int32 {
	best, bestShare := int32(-1), 0.0
	try := func(k int32) {
		if s := e.likeness(&c.ring[k]); s > bestShare {
			best, bestShare = k, s
		}
	}
	for b := 0; b < signatureSize; b += bandSize {
		key := e.band(b)
		if k := *c.slot(key) - 1; k >= 0 && c.ring[k].band(b) == key {
			try(k)
		}
	}
	if k := *c.slot(e.opening) - 1; k >= 0 && c.ring[k].opening == e.opening {
		try(k)
	}
	return best
}

// slot returns the place of a key. Keys may share one; who reads it compares with the entry.
func (c *Copies) slot(key uint64) *int32 { return &c.slots[key>>20&uint64(len(c.slots)-1)] }

func (e *copyEntry) band(b int) uint64 {
	h := uint64(b)
	for _, v := range e.sig[b : b+bandSize] {
		h = mix(h, uint64(v))
	}
	return h
}

// likeness returns how alike two texts are, or 0 if they are no copies: the share of common pairs of words, from 0.5 on; or,
// for texts with the same beginning, how much of the shorter one stands in the longer one, from 0.8 on.
func (e *copyEntry) likeness(o *copyEntry) float64 {
	same := 0
	for i := range e.sig {
		if e.sig[i] == o.sig[i] {
			same++
		}
	}
	j := float64(same) / signatureSize
	if j >= 0.5 {
		return j
	}
	if e.opening == o.opening && same > 0 {
		common := j / (1 + j) * float64(e.pairs+o.pairs)
		if contained := common / float64(min(e.pairs, o.pairs)); contained >= 0.8 {
			return 0.4
		}
	}
	return 0
}

// remember puts e in the place of the oldest entry.
func (c *Copies) remember(e *copyEntry) {
	k := int32(c.next)
	c.next = (c.next + 1) % len(c.ring)
	old := &c.ring[k]
	if old.used && c.posts[old.id] == k {
		delete(c.posts, old.id)
	}
	*old = *e
	if e.id != "" {
		c.posts[e.id] = k
	}
	if e.pairs > 0 {
		*c.slot(e.opening) = k + 1
		for b := 0; b < signatureSize; b += bandSize {
			*c.slot(e.band(b)) = k + 1
		}
	}
}
