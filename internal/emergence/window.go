package emergence

import (
	"bytes"
	"slices"
	"time"
)

// post is an observation within the window of 24 hours.
type post struct {
	Observation
	at     int64 // Unix milliseconds
	hashes []uint64
	author uint64 // whom it counts for: the author, or the post itself where nobody is named
	copies int    // later posts of the same content, which count for nothing
	links  []string
}

// earlier orders posts by time, then by id.
func earlier(a, b *post) int {
	switch {
	case a.at < b.at:
		return -1
	case a.at > b.at:
		return 1
	}
	return bytes.Compare(a.ID[:], b.ID[:])
}

// window holds the posts of the last 24 hours that are not copies, by time, and for each term the posts it occurs in.
type window struct {
	posts    []*post
	postings map[uint64][]*post
	byLang   map[string]int
	touched  map[uint64]string // term -> language, of posts since the last look
}

const span = 24 * time.Hour

func newWindow() *window {
	return &window{postings: map[uint64][]*post{}, byLang: map[string]int{}, touched: map[uint64]string{}}
}

func insert(list []*post, p *post) []*post {
	i := len(list)
	for i > 0 && earlier(p, list[i-1]) < 0 {
		i--
	}
	return slices.Insert(list, i, p)
}

func (w *window) add(p *post) {
	w.posts = insert(w.posts, p)
	w.byLang[p.Lang]++
	for i, h := range p.hashes {
		w.postings[h] = insert(w.postings[h], p)
		w.touched[h] = termLang(p.Lang, p.Terms[i].Key)
	}
}

// termLang is the language whose posts a term is counted against; a hashtag is counted against all.
func termLang(lang, key string) string {
	if len(key) > 0 && key[0] == '#' {
		return anyLang
	}
	return lang
}

const anyLang = "*"

// leave removes and returns the posts published at or before the given time, oldest first.
func (w *window) leave(until int64) []*post {
	n := 0
	for n < len(w.posts) && w.posts[n].at <= until {
		n++
	}
	gone := w.posts[:n:n]
	w.posts = w.posts[n:]
	for _, p := range gone {
		w.remove(p)
	}
	return gone
}

func (w *window) remove(p *post) {
	if w.byLang[p.Lang]--; w.byLang[p.Lang] == 0 {
		delete(w.byLang, p.Lang)
	}
	for _, h := range p.hashes {
		list := w.postings[h]
		if i := slices.Index(list, p); i >= 0 {
			if len(list) == 1 {
				delete(w.postings, h)
			} else {
				w.postings[h] = slices.Delete(list, i, i+1)
			}
		}
	}
}

// size returns how many posts of a language were published after the given time.
func (w *window) size(lang string, after int64) int {
	if after == 0 && lang != anyLang {
		return w.byLang[lang]
	}
	n := 0
	for i := len(w.posts) - 1; i >= 0 && w.posts[i].at > after; i-- {
		if lang == anyLang || w.posts[i].Lang == lang {
			n++
		}
	}
	return n
}

// authors counts the distinct authors of the posts after the given time.
func authors(list []*post, after int64) int {
	n := 0
	if len(list) <= 24 {
		for i, p := range list {
			if p.at <= after {
				continue
			}
			known := false
			for _, q := range list[:i] {
				if q.at > after && q.author == p.author {
					known = true
					break
				}
			}
			if !known {
				n++
			}
		}
		return n
	}
	seen := make(map[uint64]struct{}, len(list))
	for _, p := range list {
		if p.at > after {
			seen[p.author] = struct{}{}
		}
	}
	return len(seen)
}

const (
	copyTerms   = 5  // fewer terms tell no copy from a coincidence
	copyLikes   = .8 // Jaccard similarity of terms from which on a text is a copy
	copyLookups = 30
)

// nearCopy returns a post of the window that says the same in nearly the same words, or nil. Copies are recognised
// before they come here; this is for those with a word changed that nobody noticed.
func (w *window) nearCopy(p *post) *post {
	if len(p.hashes) < copyTerms {
		return nil
	}
	rare := w.postings[p.hashes[0]]
	for _, h := range p.hashes[1:] {
		if list := w.postings[h]; len(list) > 0 && (len(list) < len(rare) || len(rare) == 0) {
			rare = list
		}
	}
	for _, q := range rare[:min(len(rare), copyLookups)] {
		if similar(p, q) >= copyLikes {
			return q
		}
	}
	return nil
}
