package analyze

import "barometer/internal/analyze/models"

// languageStep names the language of a text from the n-grams of its words; what the platform declared is a prior.
type languageStep struct{ set *models.Set }

// sureLanguage is the confidence from which later steps leave out what other languages say.
const sureLanguage = 0.6

func (s languageStep) analyze(doc *document, out *analysis) {
	declared := ""
	if l := languageOf(doc.in.Lang); l != langOther {
		declared = l.String()
	}
	out.Lang, out.LangConfidence = doc.model.read(s.set, doc.in).Language(declared)
	doc.lang = languageOf(out.Lang)
	doc.langSure = out.LangConfidence > sureLanguage
}
