package analyze

import (
	"barometer/internal/analyze/models"
	"barometer/internal/barometer"
)

// analysis is the type that steps write to; each step owns the fields its entry in steps names.
type analysis = barometer.Analysis

// analyzer is one step. It is called by many goroutines at once, each with its own document: what it keeps must not
// change after construction, and what it needs to write on belongs to the document.
type analyzer interface {
	// analyze reads what earlier steps found in doc and writes its own part of doc or out. Slices of out come in with
	// length 0 and whatever capacity the caller's last use left: append to them.
	analyze(doc *document, out *analysis)
}

// step is an entry of the pipeline. A change of behaviour must show in the version: raise it with the code, and let it
// hash the data the step reads.
type step struct {
	name    string
	version string
	analyzer
}

// steps returns the pipeline in order.
func steps(tax *taxonomy, set *models.Set) []step {
	return []step{
		{"language", "1+" + set.Version, languageStep{set}},                          // doc.lang, Lang, LangConfidence
		{"stems", "1", stemStep{}},                                                   // doc.stems, stem hashes
		{"negation", "1", negationStep{}},                                            // flagNegated
		{"sentiment", "1+" + set.Version, sentimentStep{set}},                        // Sentiment
		{"concerns", "1+" + tax.version, newConcernStep(tax, newTrainedThemes(set))}, // Concerns
		{"severity", "1", newSeverityStep(tax)},                                      // Severity
		{"abuse", "1+" + set.Version, newAbuseStep(set)},                             // Abuse
		{"copies", "1", copyStep{}},                                                  // CopyGroup
		{"terms", "1", newTermStep()},                                                // Terms
	}
}
