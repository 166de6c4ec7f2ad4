package analyze

import (
	"fmt"
	"strings"

	"barometer/internal/barometer"
)

// severityStep grades the worst statement of a text from 0, nothing, to 5: death, abuse, threats. A thankful text with
// one such statement is as severe as the statement. What is denied or has not happened counts less, and a figure of
// speech does not count. In a complaint, each concern counts at least as the taxonomy says.
type severityStep struct {
	matcher  *matcher
	rules    []*severityRule // by phrase id
	concerns []barometer.Concern
	taxonomy []taxonomyTerm
}

// afraidReach is how many words before a statement "nearly", "if" and the like may stand.
const afraidReach = 8

func newSeverityStep(tax *taxonomy) *severityStep {
	s := &severityStep{concerns: tax.concerns, taxonomy: tax.terms}
	var phrases []*phrase
	for i := range severityRules {
		r := &severityRules[i]
		for term := range strings.SplitSeq(r.terms, ";") {
			ps, err := parseTerm(r.lang, term, int32(len(s.rules)))
			if err != nil {
				panic(fmt.Sprintf("severity rule %q: %v", term, err)) // the rules are part of the program
			}
			phrases = append(phrases, ps...)
			s.rules = append(s.rules, r)
		}
	}
	s.matcher = newMatcher(phrases)
	return s
}

func (s *severityStep) analyze(doc *document, out *analysis) {
	doc.statements = s.matcher.match(doc, doc.statements[:0])
	complaint := out.Sentiment.Label == barometer.Negative
	level := uint8(0)
	if complaint {
		level = 1
		for _, f := range doc.concerns.found {
			t := &s.taxonomy[f.id]
			if c := &s.concerns[t.concern]; t.kind == termStrong && c.Severity > level && !doc.tokens[f.from].is(flagNegated) && s.raised(c.ID, out) {
				level = s.lowered(doc, f, c.Severity, ruleEvent)
			}
		}
	}
	if out.Abuse.Probability >= 0.5 && out.Abuse.Target == barometer.TargetStaff {
		level = max(level, 3)
	}
	for _, f := range doc.statements {
		r := s.rules[f.id]
		if r.level <= level || s.ignored(doc, f) {
			continue
		}
		if r.level == 2 && !complaint { // needs a complaint to be one
			continue
		}
		if r.level == 3 && out.Sentiment.Label == barometer.Positive { // "after my stroke they were wonderful"
			continue
		}
		at := s.lowered(doc, f, r.level, r.kind)
		doc.threat = doc.threat || r.kind == ruleThreat && at > 0
		level = max(level, at)
	}
	out.Severity = level
}

// raised says whether the concern step kept the concern.
func (s *severityStep) raised(id string, out *analysis) bool {
	for i := range out.Concerns {
		if out.Concerns[i].ID == id {
			return true
		}
	}
	return false
}

// ignored says whether a statement stands inside a figure of speech.
func (s *severityStep) ignored(doc *document, f found) bool {
	for _, g := range doc.statements {
		if s.rules[g.id].kind == ruleIgnore && g.from < f.to && f.from < g.to {
			return true
		}
	}
	return false
}

// lowered returns the level of a statement where it stands.
func (s *severityStep) lowered(doc *document, f found, level uint8, kind ruleKind) uint8 {
	first := &doc.tokens[f.from]
	if first.is(flagNegated) {
		return 0
	}
	if kind == ruleThreat {
		return level
	}
	down := uint8(0)
	if first.is(flagQuestion) {
		down = 1
	}
	for _, g := range doc.statements {
		switch s.rules[g.id].kind {
		case ruleAfraid:
			if g.to <= f.from && f.from-g.to < afraidReach && doc.tokens[g.from].sentence == first.sentence {
				down = max(down, 1)
			}
		case ruleRescue:
			if doc.tokens[g.from].sentence == first.sentence {
				down = max(down, 3)
			}
		case ruleGentle:
			if level == 5 {
				down = max(down, 2)
			}
		}
	}
	return level - min(down, level)
}
