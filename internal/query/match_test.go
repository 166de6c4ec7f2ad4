package query

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"barometer/internal/barometer"
)

func mustParse(t testing.TB, src string) *Query {
	t.Helper()
	q, err := Parse(src)
	if err != nil {
		t.Fatalf("Parse(%s): %v", src, err)
	}
	return q
}

func mustSet(t testing.TB, sources ...string) *Set {
	t.Helper()
	var named []Named
	for i, src := range sources {
		named = append(named, Named{fmt.Sprint("org", i), mustParse(t, src)})
	}
	set, err := NewSet(named)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// marked renders a document with its hits in square brackets, so that expectations can be read: title | text.
func marked(d *Doc, hits []barometer.Hit) string {
	render := func(field, s string) string {
		runes := []rune(s)
		for i := len(hits) - 1; i >= 0; i-- {
			if h := hits[i]; h.Field == field {
				runes = []rune(string(runes[:h.Start]) + "[" + string(runes[h.Start:h.End]) + "]" + string(runes[h.End:]))
			}
		}
		return string(runes)
	}
	if d.Title == "" {
		return render("", d.Text)
	}
	return render("title", d.Title) + " | " + render("", d.Text)
}

func TestMatchMarksWhatMatched(t *testing.T) {
	const none = ""
	for _, c := range []struct{ query, title, text, want string }{
		// words
		{"parking", "", "No Parking, no PARKING!", "No [Parking], no [PARKING]!"},
		{"parking", "", "parkings", none},
		{"Krankenhäuser", "", "Die KRANKENHAUSER und Krankenhaeuser", "Die [KRANKENHAUSER] und [Krankenhaeuser]"},
		{"krankenhauser", "", "Viele Krankenhäuser hier", "Viele [Krankenhäuser] hier"},
		{"strasse", "", "Die Straße", "Die [Straße]"},
		{"sää", "", "saa sää", "[saa] [sää]"},
		{"exact:sää", "", "saa sää Sää", "saa [sää] Sää"},
		{"mary", "", "at St Mary's", "at St [Mary]'s"},
		{`"St Mary’s"`, "", "at St. Mary's now", "at [St. Mary's] now"},
		{"😡", "", "so angry 😡😡", "so angry [😡][😡]"},
		{"👍", "", "ok 👍🏽", "ok [👍🏽]"},
		{"111", "", "call 111, not 1111", "call [111], not 1111"},
		{"病院", "", "大きい病院です", "大きい[病院]です"},
		{"trust", "", "https://trust.example.org/trust", none},
		{"wait*", "", "wait waiting await Waited", "[wait] [waiting] await [Waited]"},
		{"exact:Wait*", "", "waits Waits", "waits [Waits]"},
		// tags and handles
		{"parking", "", "#parking #ParkingFees", "#[parking] #ParkingFees"},
		{"parking*", "", "#ParkingFees", "#[ParkingFees]"},
		{"#parking", "", "parking #Parking @parking", "parking #[Parking] @parking"},
		{"#park*", "", "parking #Parking", "parking #[Parking]"},
		{"@trust", "", "trust #trust @Trust", "trust #trust @[Trust]"},
		{"@trust", "", "@trust@example.social @trust.example.org @trusty", "@[trust]@example.social @[trust].example.org @trusty"},
		{"@trust@example.social", "", "@trust @trust@example.social", "@trust @[trust@example.social]"},
		{"trust", "", "thanks @trust.Never again", "thanks @[trust].Never again"},
		// phrases
		{`"waiting times"`, "", "Waiting-times, waiting, times; times waiting", "[Waiting-times], [waiting, times]; times waiting"},
		{`"waiting times"`, "waiting", "times", none},
		{`"car park*"`, "", "car parking", "[car parking]"},
		{`"a a b"`, "", "a a a b", "a [a a b]"},
		{"COVID-19", "", "covid 19 and covid", "[covid 19] and covid"},
		{"A&E", "", "the A&E", "the [A&E]"},
		// operators
		{"parking AND ward", "", "parking", none},
		{"parking ward", "", "ward parking", "[ward] [parking]"},
		{"parking OR ward", "", "a ward", "a [ward]"},
		{"parking NOT ward", "", "parking at the ward", none},
		{"parking NOT (ward OR food)", "", "parking here", "[parking] here"},
		{"(a b) OR c", "", "a c", "a [c]"},
		{"NOT (NOT a)", "", "a", "a"},
		// near
		{"staff NEAR/1 rude", "", "rude and staff; staff were so rude", "[rude] and [staff]; staff were so rude"},
		{"staff NEAR/2 rude", "", "staff were so rude", "[staff] were so [rude]"},
		{"staff NEAR/1 staff", "", "staff", none},
		{`(staff OR "ward sister") NEAR/1 rude`, "", "the ward sister was rude", "the [ward sister] was [rude]"},
		{"staff NEAR/9 rude", "staff", "rude", none},
		{"title:staff NEAR/5 rude", "rude staff", "rude staff", "[rude] [staff] | rude staff"},
		// fields
		{"title:ward", "The ward", "a ward", "The [ward] | a ward"},
		{"title:(ward OR food)", "none", "ward food", none},
		{`title:"ward food"`, "ward", "food ward food", none},
		// stems
		{"stem:wait", "", "waits waiting waited waiter", "[waits] [waiting] [waited] [waiter]"}, // German knows -er as an ending
		{"stem.en:wait", "", "waits waiting waited waiter", "[waits] [waiting] [waited] waiter"},
		{"stem.de:Wartezeit", "", "Die Wartezeiten und die Wartezeit", "Die [Wartezeiten] und die [Wartezeit]"},
		{"stem:sairaala", "", "sairaalassa, sairaalan", "[sairaalassa], [sairaalan]"},
		{`stem:"waiting time"`, "", "waited times", "[waited times]"},
	} {
		d := Doc{Title: c.title, Text: c.text}
		var r Result
		mustSet(t, c.query).Match(&d, &r)
		got := none
		if len(r.Matches) > 0 {
			got = marked(&d, r.Matches[0].Hits)
		}
		if got != c.want {
			t.Errorf("%s in %q | %q:\n got %q\nwant %q", c.query, c.title, c.text, got, c.want)
		}
	}
}

func TestMatchReadsFacts(t *testing.T) {
	d := Doc{
		Text: "x", Site: "news.example.org", Lang: "de-AT", Source: "local-news", Kind: "feed", About: "Example Air",
		URL: "https://news.example.org/Health/1",
	}
	for query, want := range map[string]bool{
		"site:example.org": true, "site:www.news.example.org": true, "site:https://example.org/": true, "site:ample.org": false,
		"lang:de": true, "lang:fi": false, "lang:(fi OR DE)": true, "source:local-news": true, "source:local": false, "kind:feed": true,
		`about:"example air"`: true, "about:example": false, "url:/health/": true, "url:/sport/": false,
		"x lang:de NOT kind:archive": true, "x NOT site:example.org": false,
	} {
		var r Result
		mustSet(t, query).Match(&d, &r)
		if got := len(r.Matches) == 1; got != want {
			t.Errorf("%s: %v, want %v", query, got, want)
		}
	}
}

func TestSetReportsEachOrganisationOnce(t *testing.T) {
	set := mustSet(t, "parking OR ward", "food", "parking ward", "exact:Parking")
	var r Result
	set.Match(&Doc{Text: "parking at the ward"}, &r)
	var got []string
	for _, m := range r.Matches {
		got = append(got, m.Organisation)
	}
	if strings.Join(got, " ") != "org0 org2" {
		t.Errorf("matched %v", got)
	}
	kept := r.Matches
	set.Match(&Doc{Text: "food"}, &r)
	if kept[0].Organisation != "org0" || len(r.Matches) != 1 || r.Matches[0].Organisation != "org1" {
		t.Errorf("a later document changed kept matches: %v, then %v", kept, r.Matches)
	}
	if _, err := NewSet([]Named{{"a", mustParse(t, "x")}, {"a", mustParse(t, "y")}}); barometer.KindOf(err) != barometer.Conflict {
		t.Errorf("an id twice: %v", err)
	}
}

func TestMatchDoesNotAllocateWithoutAMatch(t *testing.T) {
	set := mustSet(t, `"waiting times" site:example.org`, "stem:Wartezeit lang:fi", "staff NEAR/3 rude", "parking NOT waiting", "url:/health/ food")
	d := Doc{Title: "Waiting", Text: "Waiting parking Wartezeiten Über staff don't @trust #x " + strings.Repeat("words ", 40), Lang: "de", URL: "https://example.com/health/of/a/long/address"}
	var r Result
	if n := testing.AllocsPerRun(100, func() { set.Match(&d, &r) }); n != 0 || len(r.Matches) != 0 {
		t.Errorf("%v allocations, %d matches", n, len(r.Matches))
	}
}

// A document of one repeated word is the worst case of phrases and NEAR: the cost must stay in proportion to its length.
func TestMatchStaysLinearOnRepetition(t *testing.T) {
	set := mustSet(t, `"a a a b"`, "a NEAR/100 c", `(a OR "a a") NEAR/50 (a OR "a a a")`, "stem:a")
	d := Doc{Text: strings.Repeat("a ", 500_000)}
	var r Result
	start := time.Now()
	set.Match(&d, &r)
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("a megabyte took %v", took)
	}
	if len(r.Matches) != 2 || len(r.Matches[0].Hits) != maxHits {
		t.Errorf("%d matches", len(r.Matches))
	}
}
