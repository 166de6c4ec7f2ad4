package web

import (
	"fmt"
	"html/template"
	"math"
	"net/url"
	"strconv"
	"strings"
	"time"

	"barometer/internal/barometer"
)

// localMinute is how a time in the organisation's zone stands in the address of a page.
const localMinute = "2006-01-02T15:04"

var languages = map[string]string{
	"ar": "Arabic", "bg": "Bulgarian", "bn": "Bengali", "cs": "Czech", "cy": "Welsh", "da": "Danish", "de": "German",
	"el": "Greek", "en": "English", "es": "Spanish", "et": "Estonian", "fa": "Persian", "fi": "Finnish", "fr": "French",
	"gu": "Gujarati", "he": "Hebrew", "hi": "Hindi", "hu": "Hungarian", "it": "Italian", "ja": "Japanese", "ko": "Korean",
	"lt": "Lithuanian", "lv": "Latvian", "nb": "Norwegian", "nl": "Dutch", "no": "Norwegian", "pa": "Punjabi", "pl": "Polish",
	"pt": "Portuguese", "ro": "Romanian", "ru": "Russian", "se": "Northern Sami", "sk": "Slovak", "sl": "Slovenian",
	"so": "Somali", "sv": "Swedish", "tr": "Turkish", "uk": "Ukrainian", "ur": "Urdu", "zh": "Chinese",
	"other": "Other language", "": "Language unknown",
}

func language(code string) string {
	if name, ok := languages[code]; ok {
		return name
	}
	return strings.ToUpper(code)
}

// langAttr is the lang attribute of a text, or "" where the language is not known.
func langAttr(code string) string {
	if code == "other" || len(code) != 2 {
		return ""
	}
	return code
}

var severities = []string{"None", "Slight", "Moderate", "Serious", "Severe", "Gravest"}

// severity says the level in words.
func severity(level uint8) string {
	return severities[min(int(level), len(severities)-1)]
}

var severityMeanings = []string{
	"nothing to worry about",
	"an annoyance",
	"a complaint about a service",
	"harm to somebody's experience or dignity",
	"danger to health or safety",
	"death, safeguarding or a threat",
}

func severityMeaning(level uint8) string {
	return severityMeanings[min(int(level), len(severityMeanings)-1)]
}

func sentimentName(label string) string {
	for _, s := range sentiments {
		if s.Label == label {
			return s.Word
		}
	}
	return label
}

func sentimentTag(label string) string {
	switch label {
	case barometer.Negative:
		return "neg"
	case barometer.Positive:
		return "pos"
	case barometer.Neutral:
		return "neu"
	}
	return "unc"
}

// weight shows a reason's weight with a true minus sign.
func weight(w float32) string {
	s := strconv.FormatFloat(math.Abs(float64(w)), 'f', 1, 32)
	if w < 0 {
		return "−" + s
	}
	return "+" + s
}

// shareWord shows a probability or a share in whole per cent, and keeps a small one from looking like none.
func shareWord(f float64) string {
	switch p := f * 100; {
	case f <= 0:
		return "0%"
	case p < 1:
		return "under 1%"
	case f < 1 && p > 99:
		return "over 99%"
	default:
		return strconv.FormatFloat(math.Round(p), 'f', 0, 64) + "%"
	}
}

func plural[N uint64 | uint32 | int](n N, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return thousands(uint64(n)) + " " + word + "s"
}

func thousands(n uint64) string {
	s := strconv.FormatUint(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// change says how a count compares with the one before, without a percentage: of small numbers it says nothing.
type change struct{ Arrow, Words string }

func newChange(now, before uint64) change {
	switch {
	case now > before && before == 0:
		return change{"↑", "none before"}
	case now > before:
		return change{"↑", "was " + thousands(before)}
	case now < before:
		return change{"↓", "was " + thousands(before)}
	case now == 0:
		return change{"", "none before either"}
	}
	return change{"→", "as before"}
}

func redactionName(kind string) string {
	if name, ok := map[string]string{
		"email": "e-mail address", "phone": "telephone number", "nhs_number": "NHS number", "handle": "user name",
		"name": "person's name", "postcode": "postcode", "url": "web address", "date_of_birth": "date of birth",
	}[kind]; ok {
		return name
	}
	return strings.ReplaceAll(kind, "_", " ")
}

var dateQualities = map[barometer.DateQuality]string{
	barometer.DateExact:   "the platform's own time",
	barometer.DateStated:  "as the source states it",
	barometer.DateBounded: "the stated time was absurd; moved to the nearest believable one",
	barometer.DateSeen:    "not stated; when we first saw it",
}

// when says a time; the year only where it is not this one.
func when(t, now time.Time) string {
	if t.IsZero() {
		return "never"
	}
	t = t.In(now.Location())
	if t.Year() != now.Year() {
		return t.Format("Mon 2 Jan 2006, 15:04")
	}
	return t.Format("Mon 2 Jan, 15:04")
}

func (p *Pages) funcs() template.FuncMap {
	return template.FuncMap{
		"asset":           func(name string) string { return p.names[name] },
		"orgPath":         func(o *barometer.Organisation) string { return "/o/" + url.PathEscape(o.ID) },
		"language":        language,
		"langAttr":        langAttr,
		"severity":        severity,
		"severityMeaning": severityMeaning,
		"sentimentName":   sentimentName,
		"sentimentTag":    sentimentTag,
		"weight":          weight,
		"share":           shareWord,
		"share32":         func(f float32) string { return shareWord(float64(f)) },
		"thousands":       thousands,
		"copies":          func(n uint32) string { return thousands(uint64(n)) },
		"redactionName":   redactionName,
		"dateQuality":     func(q barometer.DateQuality) string { return dateQualities[q] },
		"when":            when,
		"rfc3339":         func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"sentiments":      func() []sentimentWord { return sentiments },
		"lower":           strings.ToLower,
		"brief":           func(m mentionView, now time.Time) brief { return brief{m, now} },
		"level":           func(n uint8) int { return int(n) },
		"few":             fewDigits,
		"upperFirst":      upperFirst,
		"sentence":        sentence,
		"issueItem":       func(r issueRow, now time.Time) issueItem { return issueItem{r, now} },
		"hex":             func(n uint64) string { return fmt.Sprintf("%016x", n) },
	}
}

// sentence makes a whole one of a phrase.
func sentence(s string) string {
	if s == "" {
		return s
	}
	return upperFirst(strings.TrimSuffix(s, ".")) + "."
}

// issueItem is an issue in a list.
type issueItem struct {
	Issue issueRow
	Now   time.Time
}

// brief is a mention in a short list.
type brief struct {
	Mention mentionView
	Now     time.Time
}
