package analyze

import "barometer/internal/barometer"

// severityStep grades the worst statement of a text from 0, nothing, to 5: death, safeguarding, threats.
type severityStep struct{}

func newSeverityStep() severityStep { return severityStep{} }

func (severityStep) analyze(doc *document, out *analysis) {
	if out.Sentiment.Label == barometer.Negative {
		out.Severity = 1
	}
	out.Severity = max(out.Severity, doc.severity)
}
