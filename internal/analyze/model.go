package analyze

import (
	"math"

	"barometer/internal/analyze/models"
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

// trainedThemes makes the theme model of the set speak to the concern step.
type trainedThemes struct{ set *models.Set }

func newTrainedThemes(set *models.Set) trainedThemes { return trainedThemes{set} }

func (t trainedThemes) themes() []string { return t.set.Themes.Labels }

func (t trainedThemes) themeScores(doc *document, scores []float32) bool {
	if doc.lang != langEN {
		return false
	}
	for i, p := range doc.model.read(t.set, doc.in).Themes(scores[:0]) {
		scores[i] = logit(p)
	}
	return true
}

func logit(p float32) float32 {
	const most = 1e-6
	x := min(max(float64(p), most), 1-most)
	return float32(math.Log(x / (1 - x)))
}
