package emergence

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"time"

	"barometer/internal/emergence/stats"
)

// burst is a term that occurs more often than its past explains.
type burst struct {
	key      uint64
	posts    []*post // all of the window with the term, by time
	n        int     // distinct authors
	expected float64
	p        float64
	proof    TermEvidence
	after    int64 // begin of the window in which it was strongest, or 0 for all of it
	dist     stats.NegBin
}

// excess is the share of the term's posts that its past does not explain: about the probability that a post with the
// term belongs to what is new.
func (b *burst) excess() float64 { return max(0, 1-b.expected/float64(b.n)) }

const (
	leastPosts   = 3    // no term is tested on fewer authors
	watchPosts   = 4    // so many people must have said it in words of their own before it is watched ...
	alertPosts   = 6    // ... and before it is an alert
	priorCount   = .5   // a term never seen before counts as half a post ...
	priorPosts   = 2000 // ... in so many
	quickWindow  = 6 * 3600 * 1000
	thinLanguage = 200 // posts of a language below which its words are looked up in the others too
	warmer       = 10  // terms with p-values so many times that of a watched one may support others
	quickLift    = 4   // the window of six hours asks for more: shares of terms differ between morning and night
)

// predictive returns the distribution of the number of posts with a term among n posts, from its decayed count in its
// decayed exposure: a gamma posterior of the rate, which makes the count negative binomial, widened by phi.
func predictive(count, exposure, phi float64, n int) stats.NegBin {
	// The prior fades as the term becomes known: it must make a new word possible, not pull down a common one.
	prior := 1 / (1 + count)
	mean := (count + priorCount*prior) / (exposure + priorPosts*prior) * float64(n)
	inverse := 1/(count+priorCount) + (phi-1)/max(mean, 1)
	return stats.NegBin{Mean: mean, Phi: 1 + mean*inverse}
}

// past returns the decayed count and exposure that a term is judged by.
func (e *Engine) past(key uint64, lang, text string) (count, exposure float64) {
	count, exposure = e.vocab.count(key, e.day), e.vocab.exposure(lang, e.day)
	if exposure < thinLanguage && lang != anyLang {
		return e.borrow(text, count, exposure)
	}
	return count, exposure
}

// borrow returns count and exposure of a term in the language that knows it best, for one that is hardly known: a short
// post taken for the wrong language must not make a common word look new.
func (e *Engine) borrow(text string, a, x float64) (count, posts float64) {
	best := a / max(x, 1)
	for _, l := range slices.Sorted(maps.Keys(e.vocab.exposures)) {
		other := e.vocab.exposure(l, e.day)
		if l == anyLang || other < thinLanguage {
			continue
		}
		if c := e.vocab.count(termHash(l, text), e.day); c/other > best {
			a, x, best = c, other, c/other
		}
	}
	return a, x
}

// bursts tests every term that new posts brought and every one that was bursting at the last look.
func (e *Engine) bursts(now int64) []burst {
	w := e.window
	keys := make([]uint64, 0, len(w.touched)+len(e.bursting))
	for k := range e.bursting {
		if _, ok := w.touched[k]; !ok {
			w.touched[k] = e.bursting[k]
		}
	}
	for k := range w.touched {
		if len(w.postings[k]) >= leastPosts {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	sizes := map[string][2]int{}
	var out []burst
	for _, k := range keys {
		lang := w.touched[k]
		size, ok := sizes[lang]
		if !ok {
			size = [2]int{w.size(lang, 0), w.size(lang, now-quickWindow)}
			sizes[lang] = size
		}
		if b, ok := e.testTerm(k, lang, size, now); ok {
			out = append(out, b)
		}
	}
	clear(e.bursting)
	for i := range out {
		e.bursting[out[i].key] = w.touched[out[i].key]
	}
	clear(w.touched)
	slices.SortFunc(out, func(a, b burst) int {
		if c := cmp.Compare(a.p, b.p); c != 0 {
			return c
		}
		if c := cmp.Compare(b.n, a.n); c != 0 {
			return c
		}
		return cmp.Compare(a.key, b.key)
	})
	return out
}

// testTerm tests a term in the windows of 24 and of 6 hours; the smaller p-value counts, doubled, for two were tried.
func (e *Engine) testTerm(key uint64, lang string, size [2]int, now int64) (burst, bool) {
	list := e.window.postings[key]
	b := burst{key: key, posts: list, p: 1}
	var count, exposure, phi float64
	for i, after := range [2]int64{0, now - quickWindow} {
		n := authors(list, after)
		if n < leastPosts {
			continue
		}
		if phi == 0 { // only now is it worth looking up
			count, exposure = e.past(key, lang, list[0].Terms[slices.Index(list[0].hashes, key)].Key)
			phi = e.Dispersion.phi()
			if count > everyday*exposure && exposure >= thinLanguage {
				break
			}
		}
		d := predictive(count, exposure, phi, size[i])
		if float64(n) < d.Mean*1.5 || i == 1 && float64(n) < d.Mean*quickLift {
			continue
		}
		if p := min(1, 2*d.Tail(n)); p < b.p {
			b.p, b.n, b.expected, b.after, b.dist = p, n, d.Mean, after, d
			b.proof = TermEvidence{Lang: lang, Hours: [2]int{24, 6}[i], Observed: n, Count: count, Exposure: exposure, Size: size[i], Phi: phi,
				Expected: d.Mean, P: p}
		}
	}
	return b, b.p <= warmer*e.cfg.WatchP
}

// adjust sets the q-values of groups over all tracked terms: those that were not looked at because too few posts hold
// them count as tests too. Leaving them out would select on the same data.
func (e *Engine) adjust(groups []*group, at time.Time) {
	p := make([]float64, len(groups))
	for i := range groups {
		p[i] = groups[i].p
	}
	tests := max(e.vocab.used, len(e.window.postings), len(p))
	q := stats.BenjaminiHochberg(p, tests-len(p))
	for i := range groups {
		g := groups[i]
		g.q = min(q[i], 1)
		g.judgement.At, g.judgement.All, g.judgement.Tests, g.judgement.Q = at, p, tests, g.q
	}
}

// dispersion estimates how much more variable the counts of terms are than chance, for one organisation, from the
// middle 80 % of the terms: the phi at which a tenth of the terms lie in the upper tenth of their distribution. A few
// terms that really rise do not move it.
type dispersion struct {
	Above [len(phis)]float64 // decayed number of terms in the upper tenth, for each candidate
	Total float64
}

var phis = [...]float64{1, 1.25, 1.5, 1.75, 2, 2.5, 3, 4, 6}

const (
	leastPhi = 1.25 // rare terms come in clumps that the frequent ones, of which phi is estimated, do not show
	phiTerms = 300  // tests that the starting value counts as
)

func (d *dispersion) phi() float64 {
	for i := range phis {
		// Before there is data, every candidate below the least one fails.
		if phis[i] >= leastPhi && d.Above[i] <= .1*d.Total+2*math.Sqrt(.09*(d.Total+phiTerms))-2*math.Sqrt(.09*phiTerms) {
			return phis[i]
		}
	}
	return phis[len(phis)-1]
}

// learnDispersion compares, once a day, the counts of the window with what was expected of every term that is common
// enough to tell.
func (e *Engine) learnDispersion() {
	d := &e.Dispersion
	for i := range d.Above {
		d.Above[i] *= 1 - decayRate
	}
	d.Total *= 1 - decayRate
	w := e.window
	keys := make([]uint64, 0, len(w.postings))
	langs := map[uint64]string{}
	for _, p := range w.posts {
		for i, h := range p.hashes {
			if _, ok := langs[h]; !ok {
				langs[h] = termLang(p.Lang, p.Terms[i].Key)
				keys = append(keys, h)
			}
		}
	}
	slices.Sort(keys)
	for _, k := range keys {
		a, x := e.vocab.count(k, e.day), e.vocab.exposure(langs[k], e.day)
		n := w.size(langs[k], 0)
		mean := a / max(x, 1) * float64(n)
		if mean < 3 { // below, a term of the window is selected by being there
			continue
		}
		count := len(w.postings[k])
		u := float64(mixHash(k, uint64(e.day))>>11) / (1 << 53) // spreads the steps of a discrete distribution evenly
		for i, phi := range phis {
			nb := stats.NegBin{Mean: mean, Phi: 1 + mean/a + (phi - 1)}
			if nb.Tail(count+1)+u*math.Exp(nb.LogProbability(count)) < .1 {
				d.Above[i]++
			}
		}
		d.Total++
	}
}

func mixHash(a, b uint64) uint64 {
	h := a ^ b*0x9e3779b97f4a7c15
	h ^= h >> 32
	h *= 0xd6e8feb86659fd93
	h ^= h >> 32
	h *= 0xd6e8feb86659fd93
	return h ^ h>>32
}
