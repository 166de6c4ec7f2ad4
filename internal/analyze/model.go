package analyze

import (
	"barometer/internal/analyze/models"
	"barometer/internal/barometer"
)

// modelScratch is what the trained models write on while they look at one document. The models have a tokenisation of
// their own, because weights mean something only for the tokens that they were trained on.
type modelScratch struct {
	reader *models.Reader
	ready  bool // reader holds the current document
}

// read gives the models the document and returns their reader. It is the only place where they see a text.
func (m *modelScratch) read(set *models.Set, in *Input) *models.Reader {
	if m.reader == nil {
		m.reader = models.NewReader(set)
	}
	if !m.ready {
		m.reader.Reset(in.Title, in.Text)
		m.ready = true
	}
	return m.reader
}

// outside is what a theme's log-odds lose in a text that is no comment on care: there the model has not learnt what words
// mean, and the taxonomy's terms must carry more.
const outside = 1.5

// trainedThemes makes the theme model of the set speak to the concern step.
type trainedThemes struct{ set *models.Set }

func newTrainedThemes(set *models.Set) trainedThemes { return trainedThemes{set} }

func (t trainedThemes) themes() []string { return t.set.Themes.Labels }

func (t trainedThemes) themeScores(doc *document, scores []float32) bool {
	if doc.lang != langEN && doc.declared != langEN {
		return false
	}
	r := doc.model.read(t.set, doc.in)
	r.ThemeLogOdds(scores[:0])
	doubt := outside * (1 - r.Comment())
	for i := range scores {
		scores[i] -= doubt
	}
	return true
}

func (t trainedThemes) themeReasons(doc *document, theme, most int, dst []barometer.Reason) []barometer.Reason {
	for _, r := range doc.model.read(t.set, doc.in).ThemeReasons(theme, most) {
		dst = append(dst, barometer.Reason{Term: r.Term, Weight: r.Weight})
	}
	return dst
}
