package query

// need returns terms of which at least one must match for the node to hold (or, under negation, to fail), so that a set
// looks at a query only when one of them did. It returns false when there are none: the node holds for a post that
// matches no term at all. Of several choices it takes the one that fewer posts are expected to match.
func need(n node, negated bool) ([]*term, bool) {
	switch n := n.(type) {
	case *term:
		return []*term{n}, !negated
	case not:
		return need(n.part, !negated)
	case near:
		if negated {
			return nil, false
		}
		return cheapest([]node{n.a, n.b}, false)
	case all:
		if negated {
			return union(n, true)
		}
		return cheapest(n, false)
	case either:
		if negated {
			return cheapest(n, true)
		}
		return union(n, false)
	}
	return nil, false
}

func union(parts []node, negated bool) (out []*term, ok bool) {
	for _, part := range parts {
		terms, ok := need(part, negated)
		if !ok {
			return nil, false
		}
		out = append(out, terms...)
	}
	return out, true
}

func cheapest(parts []node, negated bool) (best []*term, found bool) {
	for _, part := range parts {
		if terms, ok := need(part, negated); ok && (!found || cost(terms) < cost(best)) {
			best, found = terms, true
		}
	}
	return best, found
}

// cost guesses how often one of the terms matches: long words seldom, facts such as the language nearly always.
func cost(terms []*term) int {
	sum := 0
	for _, t := range terms {
		switch t.field {
		case "", inTitle:
			longest := 0
			for _, e := range t.elements {
				longest = max(longest, len(e.surface))
			}
			sum += 2 + 20/max(longest, 1)
		case ofSite, about, inURL:
			sum += 100
		default:
			sum += 10000
		}
	}
	return sum
}
