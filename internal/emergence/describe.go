package emergence

import (
	"bytes"
	"cmp"
	"maps"
	"slices"

	"barometer/internal/barometer"
)

const mostShown = 10

// describe fills in what an issue shows: its spread and the posts that represent it.
func (i *Issue) describe() {
	l := &i.life
	i.BySource, i.BySite, i.ByLang, i.ByConcern = shares(l.Counts[0]), shares(l.Counts[1]), shares(l.Counts[2]), shares(l.Counts[3])
	i.Posted = i.Posted[:0:0]
	for _, p := range represent(l.Recent, i) {
		i.Posted = append(i.Posted, PostRef{ID: p.ID, At: p.At.UTC(), Source: p.Source, Site: p.Site, URL: p.URL, Lang: p.Lang, Title: p.Title, Text: p.Text})
	}
}

func shares(counts map[string]int) []Share {
	out := make([]Share, 0, len(counts))
	for k, n := range counts {
		out = append(out, Share{k, n})
	}
	slices.SortFunc(out, func(a, b Share) int {
		if c := cmp.Compare(b.Posts, a.Posts); c != 0 {
			return c
		}
		return cmp.Compare(a.Key, b.Key)
	})
	return out[:min(len(out), 20)]
}

// represent picks at most ten posts by distinct authors: the next is always the one that says most of the issue's terms
// and least of what is picked already (maximal marginal relevance, Carbonell and Goldstein 1998).
func represent(posts []*post, i *Issue) []*post {
	var out []*post
	for len(out) < mostShown {
		var best *post
		score := -1e9
		for _, p := range posts {
			if slices.ContainsFunc(out, func(q *post) bool { return q.author == p.author }) {
				continue
			}
			relevance, likeness := min(i.weight(p.hashes)/3, 1), 0.0
			for _, q := range out {
				likeness = max(likeness, similar(p, q))
			}
			if s := .5*relevance - .5*likeness; s > score {
				best, score = p, s
			}
		}
		if best == nil {
			break
		}
		out = append(out, best)
	}
	slices.SortFunc(out, earlier)
	return out
}

// clone returns a copy that later ticks do not change.
func (i *Issue) clone() *Issue {
	c := *i
	// Lists are never null in JSON.
	c.Terms, c.Series = append([]IssueTerm{}, i.Terms...), append([]Contributor{}, i.Series...)
	c.Transitions = append([]Transition{}, i.Transitions...)
	c.BySource, c.BySite, c.ByLang, c.ByConcern = slices.Clone(i.BySource), slices.Clone(i.BySite), slices.Clone(i.ByLang), slices.Clone(i.ByConcern)
	c.Posted = append([]PostRef{}, i.Posted...)
	c.life = life{}
	return &c
}

// members returns the posts of the last 48 hours, oldest first.
func (i *Issue) members() []barometer.ID {
	ids := slices.Collect(maps.Keys(i.life.Members))
	slices.SortFunc(ids, func(a, b barometer.ID) int {
		if c := cmp.Compare(i.life.Members[a].At, i.life.Members[b].At); c != 0 {
			return c
		}
		return bytes.Compare(a[:], b[:])
	})
	return ids
}
