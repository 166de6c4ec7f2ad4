package web

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"barometer/internal/barometer"
)

// OpenStates are those of issues that go on.
var OpenStates = []string{"new", "reopened", "rising", "peaking", "fading"}

// urgency of a state: what grows comes before what has its peak, and that before what fades.
var urgency = map[string]int{"rising": 0, "new": 1, "reopened": 1, "peaking": 2, "fading": 3, "resolved": 4}

// SortByUrgency puts alerts before what is only watched, then by state, then the least expected first.
func SortByUrgency(issues []barometer.IssueRecord) {
	tier := func(r barometer.IssueRecord) int {
		if r.Tier == "alert" && r.State != "resolved" {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(issues, func(a, b barometer.IssueRecord) int {
		return cmp.Or(tier(a)-tier(b), urgency[a.State]-urgency[b.State], cmp.Compare(a.P, b.P), b.At.Compare(a.At))
	})
}

// DecodeDetail reads the detail of an issue. Lists are lists, also when they are empty.
func DecodeDetail(raw json.RawMessage) (barometer.IssueDetail, error) {
	d := barometer.IssueDetail{
		Terms: []barometer.IssueTerm{}, Series: []barometer.IssueSeries{}, BySource: []barometer.IssueShare{}, BySite: []barometer.IssueShare{},
		ByLang: []barometer.IssueShare{}, ByConcern: []barometer.IssueShare{}, Representative: []barometer.IssuePost{},
		Transitions: []barometer.IssueTransition{},
	}
	if len(raw) == 0 {
		return d, nil
	}
	if err := json.Unmarshal(raw, &d); err != nil {
		return d, fmt.Errorf("detail of an issue: %w", err)
	}
	return d, nil
}

// verdictWords are the verdicts in the order of the form, with what they mean.
var verdictWords = []verdictWord{
	{barometer.VerdictTrue, "True", "worth telling"},
	{barometer.VerdictKnown, "Known", "so, but no news"},
	{barometer.VerdictCampaign, "Campaign", "organised, by us or by others"},
	{barometer.VerdictDuplicate, "Duplicate", "told already as another issue"},
	{barometer.VerdictIrrelevant, "Irrelevant", "nothing to it, or not about us"},
}

type verdictWord struct{ Value, Word, Meaning string }

// KnownVerdict says whether a verdict is one of those there are.
func KnownVerdict(verdict string) bool {
	return slices.ContainsFunc(verdictWords, func(v verdictWord) bool { return v.Value == verdict })
}

// LastVerdict returns the newest verdict on an issue by a time (the zero time is now), or nil.
func LastVerdict(verdicts []barometer.Verdict, issue string, at time.Time) *barometer.Verdict {
	var last *barometer.Verdict
	for i := range verdicts {
		v := &verdicts[i]
		if v.Issue == issue && (at.IsZero() || !v.At.After(at)) && (last == nil || v.At.After(last.At)) {
			last = v
		}
	}
	return last
}

// WarmUp says why there is no reading or issue yet. A zero duration is 28 days.
func WarmUp(first, now time.Time, warmup time.Duration) string {
	const day = 24 * time.Hour
	if warmup == 0 {
		warmup = 28 * day
	}
	if first.IsZero() {
		return "nothing has been heard yet"
	}
	known := max(now.Sub(first), 0)
	if known >= warmup {
		return "it has not been computed"
	}
	if warmup < 2*day {
		return fmt.Sprintf("warming up, %d of %d hours are known", int(known/time.Hour), int(warmup/time.Hour))
	}
	return fmt.Sprintf("warming up, %d of %d days are known", int(known/day), int(warmup/day))
}

// abusive is the target of abuse as the pipeline sees it.
func abusive(a barometer.Abuse) string {
	if a.Probability < abuseShown {
		return barometer.TargetNone
	}
	return a.Target
}

// Judged is what the pipeline says of a field, written as a correction would.
func Judged(row *barometer.Stored, field string) string {
	switch field {
	case barometer.FieldSentiment:
		return row.Sentiment.Label
	case barometer.FieldSeverity:
		return strconv.Itoa(int(row.Severity))
	case barometer.FieldAbuse:
		return abusive(row.Abuse)
	case barometer.FieldLang:
		return row.Analysis.Lang
	}
	ids := make([]string, len(row.Concerns))
	for i, c := range row.Concerns {
		ids[i] = c.ID
	}
	return concernList(ids)
}

func concernList(ids []string) string {
	if len(ids) == 0 {
		return barometer.NoConcerns
	}
	slices.Sort(ids)
	return strings.Join(slices.Compact(ids), ",")
}

// CorrectionValue checks the value of a correction, and brings it into the one form that is stored.
func CorrectionValue(field, value string, taxonomy []barometer.Concern) (string, error) {
	value = strings.TrimSpace(value)
	oneOf := func(values ...string) (string, error) {
		if !slices.Contains(values, value) {
			return "", barometer.Errorf(barometer.Invalid, "%s %q: want %s or %s", field, value, strings.Join(values[:len(values)-1], ", "), values[len(values)-1])
		}
		return value, nil
	}
	switch field {
	case barometer.FieldSentiment:
		return oneOf(barometer.Negative, barometer.Neutral, barometer.Positive)
	case barometer.FieldSeverity:
		return oneOf("0", "1", "2", "3", "4", "5")
	case barometer.FieldAbuse:
		return oneOf(barometer.TargetStaff, barometer.TargetOther, barometer.TargetNone)
	case barometer.FieldLang:
		if value != "other" && (len(value) != 2 || strings.Trim(value, "abcdefghijklmnopqrstuvwxyz") != "") {
			return "", barometer.Errorf(barometer.Invalid, "lang %q: want two letters such as fi, or other", value)
		}
		return value, nil
	case barometer.FieldConcerns:
		if value == barometer.NoConcerns {
			return value, nil
		}
		ids := strings.Split(value, ",")
		for i, id := range ids {
			ids[i] = strings.TrimSpace(id)
			if !slices.ContainsFunc(taxonomy, func(c barometer.Concern) bool { return c.ID == ids[i] }) {
				return "", barometer.Errorf(barometer.Invalid, "concerns: %q is not in the taxonomy: want its ids, separated by commas, or none", ids[i])
			}
		}
		return concernList(ids), nil
	}
	return "", barometer.Errorf(barometer.Invalid, "field %q: want sentiment, concerns, severity, abuse or lang", field)
}
