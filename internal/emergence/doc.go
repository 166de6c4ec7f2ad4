// Package emergence watches the analysed mentions of one organisation over time and says what is new: rising concerns,
// groups of terms nobody configured, the life of each issue, and the reading of the barometer. Every alert carries the
// evidence from which it can be computed again.
//
// It owns the state of an Engine (recent posts, vocabulary, series, issues), the rules that turn counts into
// judgements, evidence bundles and the back-test. The statistics are those of package stats. It reads no store and no
// clock: observations are added, and time passes only when a caller says so.
//
// The promise it keeps: the same observations and the same ticks give the same results, bit for bit, however the
// observations are split into batches, however late a tick comes and however often the state is saved and restored.
// The live process and the back-test run the same Engine, so a replay tells what would have been sent.
package emergence
