package analyze

import "barometer/internal/barometer"

type termScratch struct{}

// termStep lists the words of a text for the detection of what nobody configured.
type termStep struct{}

func newTermStep() termStep { return termStep{} }

func (termStep) analyze(doc *document, out *analysis) {
	for i := range doc.tokens {
		t := &doc.tokens[i]
		if t.kind == kindWord && t.fend-t.fstart > 3 && len(out.Terms) < 64 {
			out.Terms = append(out.Terms, barometer.Term{Key: doc.stems[i], Surface: doc.surface(t)})
		}
	}
}
