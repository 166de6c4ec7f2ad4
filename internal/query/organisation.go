package query

import (
	"strings"

	"barometer/internal/barometer"
)

// ForOrganisation returns the query of an organisation: the one it states, or, when it states none, its name, aliases,
// handles and sites, and whatever an archive says is about it. It does not judge the query: see GuardOrganisation.
func ForOrganisation(o barometer.Organisation) (*Query, error) {
	if strings.TrimSpace(o.Query) != "" {
		q, err := Parse(o.Query)
		if err != nil {
			return nil, barometer.Errorf(barometer.KindOf(err), "organisation %s: %w", o.ID, err)
		}
		return q, nil
	}
	var terms []string
	for _, name := range append([]string{o.Name}, o.Aliases...) {
		if name = plainPhrase(name); name != "" {
			terms = append(terms, `"`+name+`"`)
		}
	}
	if name := plainPhrase(o.Name); name != "" {
		terms = append(terms, `about:"`+name+`"`)
	}
	for _, h := range o.Handles {
		terms = append(terms, "@"+strings.TrimPrefix(strings.TrimSpace(h), "@"))
	}
	for _, s := range o.Sites {
		terms = append(terms, "site:"+strings.TrimSpace(s))
	}
	if len(terms) == 0 {
		return nil, barometer.Errorf(barometer.Invalid, "organisation %s: no query, and no name, alias, handle or site to make one from", o.ID)
	}
	q, err := Parse(strings.Join(terms, " OR "))
	if err != nil {
		return nil, barometer.Errorf(barometer.KindOf(err), "organisation %s: from its name, aliases, handles and sites: %w", o.ID, err)
	}
	return q, nil
}

// plainPhrase removes from a name what the language would read as its own.
func plainPhrase(name string) string {
	name = strings.Map(func(r rune) rune {
		if quote(r) || r == '*' {
			return ' '
		}
		return r
	}, name)
	return strings.Join(strings.Fields(name), " ")
}

// GuardOrganisation is GuardPerson for an organisation's query: its own handles and sites are not a person's.
func GuardOrganisation(o barometer.Organisation, q *Query) error {
	if err := GuardPerson(q, append(append([]string{}, o.Handles...), o.Sites...)...); err != nil {
		return barometer.Errorf(barometer.KindOf(err), "organisation %s: %w", o.ID, err)
	}
	return nil
}
