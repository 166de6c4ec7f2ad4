package emergence

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"barometer/internal/emergence/stats"
)

// group is a set of terms that burst together, and the posts they burst in.
type group struct {
	terms     []groupTerm // strongest first
	posts     []*post     // by time
	distinct  int         // authors with wordings of their own
	lang      string      // most frequent among the posts
	p, q      float64
	judgement TermJudgement // of its strongest part
	observed  int
	expected  float64
}

type groupTerm struct {
	key     uint64
	lexeme  string // key without what only a hashtag or a language changes
	surface string
	excess  float64
	p       float64
}

const (
	contained      = .5  // a term joins the seed when at least half the posts of the rarer one hold both ...
	attachLift     = 5   // ... and they meet so many times more often than by chance
	samePosts      = .3  // two groups that share so much of the smaller one's posts are one
	sameWording    = .6  // two posts that share so many of their terms say the same in the same words
	enoughWordings = 12  // no rule asks for more
	everyday       = .15 // a word in more of the posts of a language than this names nothing and is no news
	leastExcess    = .9  // a single term makes a post a member when it is so rarely explained by the past; else it takes two
)

// groups joins bursting terms around the strongest ones. Only the seed attracts: joining terms by chains of overlaps
// lets a large event run into the general vocabulary and disappear in it.
func (e *Engine) groups(bursts []burst, at time.Time) []*group {
	total := float64(len(e.window.posts))
	taken := make([]bool, len(bursts))
	var out []*group
	for i := range bursts {
		if taken[i] {
			continue
		}
		taken[i] = true
		seed := &bursts[i]
		members := []*burst{seed}
		for j := i + 1; j < len(bursts); j++ {
			if taken[j] {
				continue
			}
			both := shared(seed.posts, bursts[j].posts)
			less := float64(min(len(seed.posts), len(bursts[j].posts)))
			lift := both * total / (float64(len(seed.posts)) * float64(len(bursts[j].posts)))
			most := total / float64(max(len(seed.posts), len(bursts[j].posts))) // the lift of a term that is always with the other
			if both/less >= contained && lift > min(attachLift, .8*most) {
				taken[j] = true
				members = append(members, &bursts[j])
			}
		}
		if g := form(members); g.p <= e.cfg.WatchP {
			out = append(out, g)
		}
	}
	out = joinGroups(out)
	for _, g := range out {
		g.distinct = wordings(g.posts)
	}
	out = slices.DeleteFunc(out, func(g *group) bool { return g.distinct < watchPosts })
	e.adjust(out, at)
	return out
}

// shared counts the posts in both lists, which are sorted by time.
func shared(a, b []*post) float64 {
	n, i, j := 0, 0, 0
	for i < len(a) && j < len(b) {
		switch c := earlier(a[i], b[j]); {
		case c < 0:
			i++
		case c > 0:
			j++
		default:
			n++
			i++
			j++
		}
	}
	return float64(n)
}

// form makes a group of bursts: its posts are those with a telling term, or with two that tell something.
func form(members []*burst) *group {
	g := &group{}
	score := map[*post]float64{}
	for _, b := range members {
		x := b.excess()
		for _, p := range b.posts {
			score[p] += memberWeight(x)
		}
		t := groupTerm{key: b.key, excess: x, p: b.p}
		t.surface, t.lexeme = surface(b.key, b.posts)
		g.terms = append(g.terms, t)
	}
	g.judgement = judge(members)
	g.p = g.judgement.P
	for p, s := range score {
		if s >= 1 {
			g.posts = append(g.posts, p)
		}
	}
	if len(g.posts) < watchPosts { // nothing but a term that has a past: take the posts with it
		g.terms[0].excess = leastExcess
		g.posts = slices.Clone(members[0].posts)
	}
	slices.SortFunc(g.posts, earlier)
	g.observed, g.expected = members[0].n, members[0].expected
	g.lang = mainLanguage(g.posts)
	return g
}

// judge computes the p-value of the terms of a group together: the strongest term, and what the others say in posts that
// do not hold it, by Fisher's method. Posts are counted once, so that terms that always come together add nothing to each
// other. The best supporter is paid for by the number of those that were tried.
func judge(members []*burst) TermJudgement {
	j := TermJudgement{Terms: make([]TermEvidence, len(members)), P: members[0].p}
	for i, b := range members {
		j.Terms[i] = b.proof
		j.Terms[i].Term, _ = surface(b.key, b.posts)
	}
	logs, used := logOf(j.P), []*burst{members[0]}
	for range 2 {
		best := Support{P: 1}
		for i, b := range members[1:] {
			if slices.Contains(used, b) {
				continue
			}
			n, left := b.without(used)
			tried := len(members) - len(used)
			if p := aloneP(b.dist, left, n) * float64(tried); p < best.P {
				best = Support{Term: i + 1, Observed: n, Left: left, Tried: tried, P: p}
			}
		}
		if best.Tried == 0 {
			break
		}
		j.Steps = append(j.Steps, best)
		used = append(used, members[best.Term])
		logs += logOf(best.P)
		j.P = min(j.P, fisher(logs, len(used)))
	}
	return j
}

// logOf keeps logarithms finite.
func logOf(p float64) float64 { return math.Log(max(p, 1e-300)) }

// fisher is the tail of the chi-square distribution of 2n degrees of freedom at -2 times the sum of n logarithms of
// p-values.
func fisher(sum float64, n int) float64 {
	term, total := 1.0, 1.0
	for i := 1; i < n; i++ {
		term *= -sum / float64(i)
		total += term
	}
	return math.Exp(sum) * total
}

// without returns the distinct authors of a term's posts that hold none of the other terms, and the share of the
// window's posts that do not hold them.
func (b *burst) without(others []*burst) (n int, left float64) {
	rest := make([]*post, 0, len(b.posts))
	covered := map[*post]bool{}
	for _, o := range others {
		for _, p := range o.posts {
			if p.at > b.after && (b.proof.Lang == anyLang || p.Lang == b.proof.Lang) {
				covered[p] = true
			}
		}
	}
	for _, p := range b.posts {
		if !covered[p] {
			rest = append(rest, p)
		}
	}
	return authors(rest, b.after), max(0, float64(b.proof.Size-len(covered))/float64(b.proof.Size))
}

// aloneP is the p-value of n authors in the share of the window that is left.
func aloneP(d stats.NegBin, left float64, n int) float64 {
	if n == 0 || left <= 0 {
		return 1
	}
	return min(1, 2*stats.NegBin{Mean: d.Mean * left, Phi: 1 + (d.Phi-1)*left}.Tail(n))
}

// memberWeight is what a term of the given excess adds to a post; a post with 1 is a member.
func memberWeight(excess float64) float64 {
	switch {
	case excess >= leastExcess:
		return 1
	case excess >= .5:
		return .5
	}
	return 0
}

// mainLanguage is the most frequent language of posts.
func mainLanguage(posts []*post) string {
	langs := map[string]int{}
	for _, p := range posts {
		langs[p.Lang]++
	}
	most := ""
	for l, n := range langs {
		if best := langs[most]; n > best || n == best && l < most {
			most = l
		}
	}
	return most
}

// joinGroups merges groups about the same posts, and across languages groups that share a link.
func joinGroups(list []*group) []*group {
	for merged := true; merged; {
		merged = false
		for i := 0; i < len(list) && !merged; i++ {
			for j := i + 1; j < len(list); j++ {
				if !sameThing(list[i], list[j]) {
					continue
				}
				list[i] = union(list[i], list[j])
				list = slices.Delete(list, j, j+1)
				merged = true
				break
			}
		}
	}
	return list
}

func sameThing(a, b *group) bool {
	if less := min(len(a.posts), len(b.posts)); less > 0 && shared(a.posts, b.posts)/float64(less) >= samePosts {
		return true
	}
	for _, t := range a.terms {
		if slices.ContainsFunc(b.terms, func(u groupTerm) bool { return alike(t.lexeme, u.lexeme) }) {
			return true
		}
	}
	return a.lang != b.lang && shareLink(a.posts, b.posts)
}

// alike says whether two lexemes are about the same: #haze and haze, Guatemala in two languages, or #boulderflood and
// boulder.
func alike(a, b string) bool {
	x, y := strings.TrimPrefix(a, "#"), strings.TrimPrefix(b, "#")
	return x == y || x != a && len(y) >= 4 && strings.Contains(x, y) || y != b && len(x) >= 4 && strings.Contains(y, x)
}

// shareLink says whether the same address stands in posts of both groups.
func shareLink(a, b []*post) bool {
	links := map[string]bool{}
	for _, p := range a {
		for _, l := range p.links {
			links[l] = true
		}
	}
	for _, p := range b {
		for _, l := range p.links {
			if links[l] {
				return true
			}
		}
	}
	return false
}

func union(a, b *group) *group {
	g := &group{terms: append(slices.Clone(a.terms), b.terms...), p: a.p, observed: a.observed, expected: a.expected, judgement: a.judgement}
	slices.SortStableFunc(g.terms, func(x, y groupTerm) int { return cmp.Compare(x.p, y.p) })
	if b.p < a.p {
		g.p, g.observed, g.expected, g.judgement = b.p, b.observed, b.expected, b.judgement
	}
	g.posts = append(slices.Clone(a.posts), b.posts...)
	slices.SortFunc(g.posts, earlier)
	g.posts = slices.Compact(g.posts)
	g.lang = mainLanguage(g.posts)
	return g
}

// wordings counts the distinct authors who wrote in words of their own, up to a number that is enough for every
// decision: near copies count once, whoever posts them, and so do all posts of one author.
func wordings(posts []*post) int {
	var kept []*post
	seen := map[uint64]bool{}
	for _, p := range posts {
		if seen[p.author] {
			continue
		}
		fresh := true
		for _, k := range kept {
			if similar(p, k) >= sameWording {
				fresh = false
				break
			}
		}
		if fresh {
			kept = append(kept, p)
			seen[p.author] = true
			if len(kept) == enoughWordings {
				break
			}
		}
	}
	return len(kept)
}

// similar is the Jaccard similarity of the terms of two posts.
func similar(a, b *post) float64 {
	n := 0
	for _, h := range a.hashes {
		if slices.Contains(b.hashes, h) {
			n++
		}
	}
	if n == 0 {
		return 0
	}
	return float64(n) / float64(len(a.hashes)+len(b.hashes)-n)
}

// surface returns the most frequent spelling of a term, and its lexeme.
func surface(key uint64, posts []*post) (string, string) {
	counts := map[string]int{}
	best, lexeme := "", ""
	for _, p := range posts {
		if i := slices.Index(p.hashes, key); i >= 0 {
			s := p.Terms[i].Surface
			counts[s]++
			if counts[s] > counts[best] || counts[s] == counts[best] && s < best {
				best, lexeme = s, lexemes.Replace(p.Terms[i].Key)
			}
		}
	}
	return best, lexeme
}

var lexemes = strings.NewReplacer(" ", "")

// nameOf returns the term that tells the group best from the past and covers most of it: log-odds with an informative
// prior in standard errors (Monroe, Colaresi and Quinn 2008) times coverage. Of terms nearly as good the longest wins.
func (e *Engine) nameOf(g *group) string {
	if len(g.posts) == 0 {
		return ""
	}
	counts := map[uint64]int{}
	terms := map[uint64]*post{}
	for _, p := range g.posts {
		for _, h := range p.hashes {
			counts[h]++
			if terms[h] == nil {
				terms[h] = p
			}
		}
	}
	type named struct {
		key   uint64
		score float64
		ngram int
		text  string // key in words
	}
	var all []named
	best := 0.0
	for h, n := range counts {
		if n < 2 {
			continue
		}
		i := slices.Index(terms[h].hashes, h)
		key := terms[h].Terms[i].Key
		lang := termLang(terms[h].Lang, key)
		a, x := e.vocab.count(h, e.day), e.vocab.exposure(lang, e.day)
		in, size := float64(n), float64(len(g.posts))
		past := (a + .1) / (x + 500) // rate in the past
		z := (math.Log((in+past)/(size-in+1)) - math.Log(past/(1-past))) / math.Sqrt(1/(in+past)+1/(a+.5))
		s := z * in / size
		if e.commonplace(key, lang) {
			continue
		}
		all = append(all, named{key: h, score: s, ngram: 1 + strings.Count(key, " "), text: key})
		best = max(best, s)
	}
	slices.SortFunc(all, func(a, b named) int {
		if c := cmp.Compare(b.score, a.score); c != 0 {
			return c
		}
		return cmp.Compare(a.key, b.key)
	})
	if len(all) == 0 {
		if len(g.terms) == 0 {
			return ""
		}
		return g.terms[0].surface
	}
	pick := all[0]
	for _, c := range all[1:] {
		longer := c.ngram > pick.ngram || c.ngram == pick.ngram && c.score >= .95*pick.score && len(c.text) > len(pick.text) && strings.Contains(c.text, pick.text)
		if c.score >= .7*best && longer {
			pick = c
		}
	}
	name, _ := surface(pick.key, g.posts)
	return name
}

// commonplace says whether a term holds a word that stands in many posts anyway, such as the organisation's name.
func (e *Engine) commonplace(key, lang string) bool {
	x := e.vocab.exposure(lang, e.day)
	for _, w := range strings.Fields(key) {
		if e.vocab.count(termHash(lang, w), e.day) > everyday*x && x > 0 {
			return true
		}
	}
	return false
}
