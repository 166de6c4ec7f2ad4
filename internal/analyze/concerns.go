package analyze

import (
	"math"

	"barometer/internal/barometer"
)

// themeModel is a trained classifier of the framework's themes.
type themeModel interface {
	// themes returns the exact names of the themes it knows, in the order of its scores.
	themes() []string
	// themeScores sets scores[i] to the log-odds that doc is about theme i. It returns false, and leaves scores alone,
	// for a language that it was not trained on.
	themeScores(doc *document, scores []float32) bool
	// themeReasons appends up to most parts of doc that speak for theme i, after themeScores.
	themeReasons(doc *document, i, most int, dst []barometer.Reason) []barometer.Reason
}

// The weights of a concern's terms, in log-odds. One strong term raises a concern on its own, one hint does not; what
// is said twice counts less the second time.
const (
	concernPrior = -1.4
	strongFirst  = 2.6
	strongMore   = 0.7
	hintWeight   = 0.9
	concernCap   = 4.0
)

// maxConcernReasons is how many terms are given for a concern.
const maxConcernReasons = 5

// concernStep tags a text with the concerns it is about, from the taxonomy's terms and, where there is one, the theme
// model.
type concernStep struct {
	tax      *taxonomy
	matcher  *matcher
	model    themeModel
	themeOf  []int     // theme of each concern, or -1
	limits   []float32 // of each concern with a theme
	nThemes  int
	redacted int // concern raised by identifiers that the gate found, or -1
}

type concernScratch struct {
	found  []found
	score  []float32 // by concern: weight of its terms
	strong []uint8   // by concern: strong terms seen
	other  []bool    // by concern: an excluded phrase was seen, so its words mean something else here
	scores []float32 // by theme
}

func newConcernStep(tax *taxonomy, model themeModel) *concernStep {
	s := &concernStep{tax: tax, matcher: newMatcher(tax.phrases), model: model, redacted: -1}
	theme := map[string]int{}
	if model != nil {
		for i, t := range model.themes() {
			theme[t] = i
		}
		s.nThemes = len(theme)
	}
	for i, c := range tax.concerns {
		t, known := theme[c.Framework]
		limit, useful := themeLimits[c.ID]
		if !known || !useful {
			t = -1
		}
		s.themeOf, s.limits = append(s.themeOf, t), append(s.limits, limit)
		if c.ID == "confidential_information" {
			s.redacted = i
		}
	}
	return s
}

func (s *concernStep) analyze(doc *document, out *analysis) {
	sc := &doc.concerns
	n := len(s.tax.concerns)
	if len(sc.score) != n {
		sc.score, sc.strong, sc.other, sc.scores = make([]float32, n), make([]uint8, n), make([]bool, n), make([]float32, s.nThemes)
	}
	clear(sc.score)
	clear(sc.strong)
	clear(sc.other)
	sc.found = s.exclude(sc, s.matcher.match(doc, sc.found[:0]))
	known := s.model != nil && s.model.themeScores(doc, sc.scores)
	for i := range sc.found {
		s.weigh(sc, i)
	}
	for c := range n {
		logit := concernPrior + min(sc.score[c], concernCap)
		if t := s.themeOf[c]; t >= 0 && known && !(sc.other[c] && sc.score[c] == 0) {
			logit = sc.scores[t] + min(sc.score[c], concernCap) - s.limits[c]
		} else if sc.score[c] == 0 && !(c == s.redacted && leaks(doc.in.Redactions) > 0) {
			continue
		}
		if c == s.redacted && leaks(doc.in.Redactions) > 0 {
			logit += strongFirst
		}
		if logit > 0 {
			s.tag(doc, out, c, logit, known)
		}
	}
}

// exclude drops what stands inside an excluded phrase of the same concern, and the excluded phrases themselves.
func (s *concernStep) exclude(sc *concernScratch, fs []found) []found {
	any := false
	for _, f := range fs {
		if t := &s.tax.terms[f.id]; t.kind == termExclude {
			any, sc.other[t.concern] = true, true
		}
	}
	if !any {
		return fs
	}
	kept := 0
	for i, f := range fs {
		drop := s.tax.terms[f.id].kind == termExclude
		for _, x := range fs {
			if t := s.tax.terms[x.id]; t.kind == termExclude && t.concern == s.tax.terms[f.id].concern && x.from < f.to && f.from < x.to {
				drop = true
			}
		}
		if !drop {
			fs[kept], kept = fs[i], kept+1
		}
	}
	return fs[:kept]
}

// weigh adds the weight of found term i to its concern. A term that overlaps an earlier one of the same concern, such
// as "waiting time*" inside "long waiting time*", counts once.
func (s *concernStep) weigh(sc *concernScratch, i int) float32 {
	f := sc.found[i]
	t := &s.tax.terms[f.id]
	for _, g := range sc.found[:i] {
		if s.tax.terms[g.id].concern == t.concern && g.from < f.to && f.from < g.to && s.tax.terms[g.id].kind == t.kind {
			return 0
		}
	}
	w := float32(hintWeight)
	if t.kind == termStrong {
		w = strongMore
		if sc.strong[t.concern] == 0 {
			w = strongFirst
		}
		sc.strong[t.concern]++
	}
	sc.score[t.concern] += w
	return w
}

// tag appends concern c with its reasons: the taxonomy's terms or, where the model alone raised it, the words that made
// it do so.
func (s *concernStep) tag(doc *document, out *analysis, c int, logit float32, modelled bool) {
	// The slot may hold reasons of an earlier text: their memory is used again.
	k := len(out.Concerns)
	var reasons []barometer.Reason
	if k < cap(out.Concerns) {
		reasons = out.Concerns[:k+1][k].Reasons[:0]
	}
	concern := &s.tax.concerns[c]
	tag := barometer.ConcernTag{ID: concern.ID, Probability: sigmoid(logit)}
	if concern.Framework != "" {
		tag.Framework = &concern.Framework
	}
	sc := &doc.concerns
	sc.strong[c] = 0
	for i, f := range sc.found {
		if s.tax.terms[f.id].concern != c || len(reasons) == maxConcernReasons {
			continue
		}
		if w := s.weigh(sc, i); w > 0 {
			reasons = append(reasons, barometer.Reason{Term: doc.span(&doc.tokens[f.from], &doc.tokens[f.to-1]), Weight: w})
		}
	}
	if len(reasons) == 0 && modelled && s.themeOf[c] >= 0 {
		reasons = s.model.themeReasons(doc, s.themeOf[c], maxConcernReasons, reasons)
	}
	tag.Reasons = reasons
	out.Concerns = append(out.Concerns, tag)
}

// leaks counts redactions that are somebody's identifier. Handles and names are public on most platforms; a number or
// an address is not.
func leaks(rs []barometer.Redaction) int {
	n := 0
	for i := range rs {
		switch rs[i].Kind {
		case "handle", "person_name", "email", "phone", "ip_address":
		default:
			n++
		}
	}
	return n
}

func sigmoid(x float32) float32 { return float32(1 / (1 + math.Exp(-float64(x)))) }
