package analyze

import (
	"barometer/internal/analyze/models"
	"barometer/internal/barometer"
)

// sentimentStep judges a text as negative, neutral or positive with the model of its language.
type sentimentStep struct{ set *models.Set }

// maxSentimentReasons is how many terms are given for a judgement.
const maxSentimentReasons = 5

// leastKnown and leastForeign are the probabilities that the best class needs for the label to be more than
// "uncertain": among languages that a model was trained on, and among others, where it only knows what languages share.
const (
	leastKnown   = 0.36
	leastForeign = 0.6
)

var sentimentLabels = [3]string{barometer.Negative, barometer.Neutral, barometer.Positive}

func (s sentimentStep) analyze(doc *document, out *analysis) {
	r := doc.model.read(s.set, doc.in)
	p, known := r.Sentiment(out.Lang)
	best := 0
	for c := range p {
		if p[c] > p[best] {
			best = c
		}
	}
	o := &out.Sentiment
	o.Negative, o.Neutral, o.Positive = p[0], p[1], p[2]
	o.Score = p[2] - p[0]
	o.Label = sentimentLabels[best]
	reasons := r.Reasons(best, maxSentimentReasons)
	if known && p[best] < leastKnown || !known && (p[best] < leastForeign || len(reasons) == 0 || 2*doc.latin < doc.letters) {
		o.Label = barometer.Uncertain
	}
	for _, x := range reasons {
		o.Reasons = append(o.Reasons, barometer.Reason{Term: x.Term, Weight: x.Weight})
	}
}
