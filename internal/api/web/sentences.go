package web

import (
	"fmt"
	"math"

	"barometer/internal/barometer"
)

// StateWord is how the state of an issue is said.
func StateWord(state string) string { return issueState(state).Word }

// IssueSentence says in a sentence what is known of an issue.
func IssueSentence(r *barometer.IssueRecord) string {
	return fmt.Sprintf("%s so far, the first one on %s. Observed %s where %s would be ordinary; by chance %s. State: %s. Tier: %s.",
		plural(r.Posts, "post"), r.Since.UTC().Format("2 January 2006, 15:04 MST"), fewDigits(r.Observed), fewDigits(r.Expected), chanceTimes(r.P),
		r.State, r.Tier)
}

// ReadingTitle says a reading in a few words.
func ReadingTitle(r *barometer.Reading) string {
	if r.Blind {
		return "Barometer: we cannot hear"
	}
	return fmt.Sprintf("Barometer: %s, %.0f of 100, %s", r.Word, math.Round(r.Pressure), r.Tendency)
}

// ReadingSentence says what a reading is made of.
func ReadingSentence(r *barometer.Reading) string {
	if r.Blind {
		return shareWord(r.Coverage) + " of the last 24 hours could be heard. That is too little for a reading: silence is not calm."
	}
	s := calmer(r.Pressure) + " " + madeOf(r)
	if r.Provisional {
		s += " Provisional: fewer than 28 ordinary days are known."
	}
	return s
}

// madeOf says in numbers what a pressure comes from.
func madeOf(r *barometer.Reading) string {
	return fmt.Sprintf("%s in 24 hours, %s negative where %s would be ordinary, %s about harm.", plural(r.Posts, "mention"),
		thousands(uint64(r.Negative)), fewDigits(r.Expected), thousands(uint64(r.Severe)))
}
