package store

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/ClickHouse/clickhouse-go/v2"

	"barometer/internal/barometer"
)

// condition is a restriction in SQL with its bound values. The text is always one of the constants of this file: what
// callers ask for travels in the values alone.
type condition struct {
	sql    []string
	values []any
}

func (c *condition) and(sql string, values ...any) {
	c.sql = append(c.sql, sql)
	c.values = append(c.values, values...)
}

// in puts the conditions where a query has its placeholder.
func (c *condition) in(sql string) string {
	return strings.Replace(sql, "/* filter */", strings.Join(c.sql, "\n    AND "), 1)
}

const (
	earliest = 0
	latest   = 1<<32 - 1 // the last second that a row can have
)

// restrict gives the conditions of a filter on rows of mentions, without the dimension that is split by.
func restrict(f *barometer.Filter, except string) (*condition, error) {
	c := &condition{}
	c.and("organisation = {organisation:String}", clickhouse.Named("organisation", f.Organisation))
	from, to := span(f)
	c.and("published_at >= fromUnixTimestamp({from:Int64})", clickhouse.Named("from", from))
	c.and("published_at < fromUnixTimestamp({to:Int64})", clickhouse.Named("to", to))
	if err := restrictText(c, f.Text); err != nil {
		return nil, err
	}
	list := func(dimension, sql, name string, values []string) {
		if len(values) > 0 && dimension != except {
			c.and(sql, clickhouse.Named(name, values))
		}
	}
	list(barometer.ByLang, "lang IN {langs:Array(String)}", "langs", f.Langs)
	list(barometer.BySentiment, "sentiment IN {sentiments:Array(String)}", "sentiments", f.Sentiments)
	list(barometer.ByConcern, "hasAny(concerns, {concerns:Array(String)})", "concerns", f.Concerns)
	list(barometer.BySource, "source IN {sources:Array(String)}", "sources", f.Sources)
	list("site", "site IN {sites:Array(String)}", "sites", f.Sites)
	if f.MinSeverity > 0 && except != barometer.BySeverity {
		c.and("severity >= {min_severity:UInt8}", clickhouse.Named("min_severity", int(f.MinSeverity)))
	}
	if f.MinAbuse > 0 {
		c.and("abuse >= {min_abuse:UInt16}", clickhouse.Named("min_abuse", int(tenThousandths(f.MinAbuse))))
	}
	if f.CopyGroup != 0 {
		c.and("copy_group = {copy_group:UInt64}", clickhouse.Named("copy_group", f.CopyGroup))
	}
	if f.FirstOfCopy {
		c.firstOfCopy()
	}
	return c, nil
}

// firstOfCopy keeps the earliest mention of each copy group. Only the groups of mentions that the conditions so far
// select are looked at.
func (c *condition) firstOfCopy() {
	c.and(strings.Replace(query("first_of_copy"), "/* others */", strings.Join(c.sql, " AND "), 1))
}

// span returns the half-open range of seconds that a filter asks for. Rows are kept to the second below, so a bound
// within a second is moved up to the next one, which is exact for both ends.
func span(f *barometer.Filter) (from, to int64) {
	from, to = earliest, latest
	if !f.From.IsZero() {
		from = min(max(secondsUp(f.From), earliest), latest)
	}
	if !f.To.IsZero() {
		to = min(max(secondsUp(f.To), earliest), latest)
	}
	return from, to
}

func secondsUp(t time.Time) int64 {
	seconds := t.Unix()
	if t.Nanosecond() > 0 {
		seconds++
	}
	return seconds
}

const (
	maxTextLen = 1000
	maxWords   = 32
	maxPhrases = 8
)

// restrictText asks for all words and phrases of a search. The words are found in the index; a phrase is found by its
// words first and then compared.
func restrictText(c *condition, search string) error {
	if strings.TrimSpace(search) == "" {
		return nil
	}
	if len(search) > maxTextLen || !utf8.ValidString(search) {
		return barometer.Errorf(barometer.Invalid, "text: want at most %d bytes of UTF-8", maxTextLen)
	}
	found, phrases := splitSearch(search)
	if len(found) == 0 {
		return barometer.Errorf(barometer.Invalid, "text: %q has no word to look for", search)
	}
	if len(found) > maxWords || len(phrases) > maxPhrases {
		return barometer.Errorf(barometer.Invalid, "text: want at most %d words and %d phrases", maxWords, maxPhrases)
	}
	c.and("hasAllTokens(folded, {words:Array(String)})", clickhouse.Named("words", found))
	if len(phrases) > 0 {
		c.and("arrayAll(phrase -> position(folded, phrase) > 0, {phrases:Array(String)})", clickhouse.Named("phrases", phrases))
	}
	return nil
}

// separators are the signs beyond ASCII that part words, as the column `folded` of mentions has them: quotation marks,
// dashes, spaces and the usual emoji. Neither they nor ASCII signs can be looked for alone.
const separators = "“”„‟‘’‚‛«»‹›–—‐‑‒―…·•†‡′″¡¿¶§©®™°\u00a0\u00ad\u200b\u200d\u2009\u202f\ufe0f、。，！？：；（）「」😀😁😂😃😄😅😆😇😈😉😊😋😌😍😎😏😐😑😒😓😔😕😖😗😘😙😚😛😜😝😞😟😠😡😢😣😤😥😦😧😨😩😪😫😬😭😮😯😰😱😲😳😴😵😶😷😸😹😺😻😼😽😾😿🙀🙁🙂🙃🙄🙅🙆🙇🙈🙉🙊🙋🙌🙍🙎🙏❤♥★☆✅❌❗❓⚠☹☺👍👎👏💪👀🔥💔💙💜💚💯🎉🤔🤗🤣🤡🤦🤷🤬🤮🥰🥲🥺🚑🏥👇👉👆🚨➡"

// splitSearch returns the distinct words, split as the index splits them, and the phrases of more than one word, folded as
// the column is.
func splitSearch(search string) (found, phrases []string) {
	search = strings.NewReplacer("“", `"`, "”", `"`, "„", `"`).Replace(strings.ToLower(search))
	seen := map[string]bool{}
	for i, part := range strings.Split(search, `"`) {
		tokens := strings.FieldsFunc(part, between)
		for _, token := range tokens {
			if !seen[token] {
				seen[token] = true
				found = append(found, token)
			}
		}
		phrase := strings.Join(strings.Fields(strings.Map(blank, part)), " ")
		if i%2 == 1 && len(tokens) > 0 && phrase != tokens[0] {
			phrases = append(phrases, phrase)
		}
	}
	return found, phrases
}

// between reports whether the index separates words at r: at every ASCII character that is no letter or digit, and at
// the separators. All other characters are parts of words.
func between(r rune) bool {
	if r < utf8.RuneSelf {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	}
	return strings.ContainsRune(separators, r)
}

func blank(r rune) rune {
	if r >= utf8.RuneSelf && strings.ContainsRune(separators, r) {
		return ' '
	}
	return r
}

// replaceKey puts the name of a dimension, a constant of keyOf, where a query has its placeholder.
func replaceKey(sql, key string) string {
	return strings.Replace(sql, "/* key */", key, 1)
}
