// Package analyze says what one text is about and how it feels: language, sentiment, abuse, concerns, severity, copy
// group and terms, each judgement with the terms that moved it.
//
// It owns the tokens of a text, the steps in their order (steps.go), the concern taxonomy's matching, and the models.
// It does not read sources, redact, store or count over time: what develops over time belongs to emergence.
//
// The promise it keeps: an Analysis is a pure function of the text, the declared language and the pipeline version.
// The same post gives the same judgement on every machine, today and in a replay, and the version changes whenever a
// step, a model or the taxonomy does.
package analyze
