package query

import (
	"errors"
	"strings"
	"testing"

	"barometer/internal/barometer"
)

func TestStringWritesTheTree(t *testing.T) {
	for src, want := range map[string]string{
		"a b":                            "a AND b",
		"a AND b OR c d":                 "a AND b OR c AND d",
		"a (b OR c)":                     "a AND (b OR c)",
		"(a b) c":                        "a AND b AND c",
		"a OR (b OR c)":                  "a OR b OR c",
		"a NOT (b c)":                    "a AND NOT (b AND c)",
		"a AND NOT b NEAR/3 c":           "a AND NOT b NEAR/3 c",
		"(a OR b) NEAR/2 “c  d”":         `(a OR b) NEAR/2 "c d"`,
		"title:(a OR exact:B) lang:DE":   "(title:a OR title:exact:B) AND lang:DE",
		"stem.de:(a b*c)":                "",
		"stem:a stem.de:b":               "stem:a AND stem.de:b",
		"lang:(de OR fi)":                "lang:de OR lang:fi",
		"and or not":                     "and AND or AND not",
		"NOT (NOT a)":                    "NOT (NOT a)",
		"10:30 A&E #tag @user@host.org ": "10:30 AND A&E AND #tag AND @user@host.org",
	} {
		q, err := Parse(src)
		if want == "" {
			if barometer.KindOf(err) != barometer.Invalid {
				t.Errorf("%s: %v", src, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", src, err)
		} else if q.String() != want {
			t.Errorf("%s:\n got %s\nwant %s", src, q, want)
		}
	}
}

func TestErrorsPointAtTheColumnAndSayWhatToDo(t *testing.T) {
	for _, c := range []struct {
		src    string
		column int
		says   string
	}{
		{"", 1, "a word is expected"},
		{"a AND", 6, "a word is expected"},
		{"ä (b OR", 8, "a word is expected"},
		{"ä (b OR c", 3, "add )"},
		{"a ) b", 3, "remove it"},
		{"()", 2, "closing bracket"},
		{`ward "open`, 6, "add \""},
		{"a OR OR b", 6, `write "or"`},
		{"a NOT NOT b", 7, "NOT twice"},
		{"a NEAR b", 3, "NEAR/5"},
		{"a NEAR/0 b", 3, "from 1 to 100"},
		{"a NEAR/3 (b c)", 10, "NEAR needs"},
		{"a NEAR/3 lang:de", 10, "NEAR needs"},
		{"a NEAR/3 b NEAR/3 c", 12, "NEAR joins two"},
		{"tilte:a", 1, "did you mean title:?"},
		{"langs:de", 1, "did you mean lang:?"},
		{"foo:bar", 1, "the fields are title:"},
		{"https://example.org/x", 1, "site:example.org"},
		{"a www.example.org", 3, "site:example.org"},
		{"title: a", 1, "nothing follows title:"},
		{"site:", 1, "nothing follows site:"},
		{"a lang:german", 8, "two or three letters"},
		{"site:example.org/page", 6, "for a page write url:"},
		{"url:/a", 5, "at least 3 characters"},
		{"title:lang:de", 7, "cannot stand within"},
		{"exact:stem:a", 7, "contradict"},
		{"stem.xx:a", 1, `no stems for "xx"`},
		{"stem:wait*", 6, "contradict"},
		{"a*", 1, "at least 2 characters"},
		{"wa*ing", 1, "only at the end"},
		{"*ing", 1, "only at the end"},
		{"a -b", 3, "NOT b"},
		{"a & b", 3, "no letters"},
		{`""`, 1, "no letters"},
		{"NOT a", 1, "every post that lacks"},
		{"a OR NOT b", 6, "every post that lacks"},
		{"a OR (NOT b NOT c)", 7, "every post that lacks"},
		{strings.Repeat("(", 60) + "a", 51, "more than 50 brackets"},
	} {
		_, err := Parse(c.src)
		var syntax *SyntaxError
		if !errors.As(err, &syntax) {
			t.Errorf("%s: %v is no syntax error", c.src, err)
			continue
		}
		if barometer.KindOf(err) != barometer.Invalid || syntax.Column != c.column || !strings.Contains(syntax.Text, c.says) {
			t.Errorf("%s: got %v\nwant column %d: ...%s...", c.src, err, c.column, c.says)
		}
	}
	for _, src := range []string{"a\xff", strings.Repeat("a ", maxLength)} {
		if _, err := Parse(src); barometer.KindOf(err) != barometer.Invalid {
			t.Errorf("%.10q: %v", src, err)
		}
	}
	if _, err := Parse("author:jane"); barometer.KindOf(err) != barometer.Refused {
		t.Errorf("author: %v", err)
	}
}

func TestCaretStandsUnderTheColumn(t *testing.T) {
	_, err := Parse("Überfüllt AND tilte:a")
	var syntax *SyntaxError
	if !errors.As(err, &syntax) {
		t.Fatal(err)
	}
	want := "Überfüllt AND tilte:a\n" +
		"              ^"
	if got := syntax.Caret(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestExplainSaysItInWords(t *testing.T) {
	q := mustParse(t, `(title:"waiting time*" OR stem.de:Wartezeit OR #wait) NOT (staff NEAR/3 exact:NHS) site:www.example.org lang:DE about:"Example Air"`)
	const want = `posts with
  all of:
    any of:
      the phrase “waiting time…” in the title
      the word “Wartezeit” in any inflection (de)
      the hashtag “#wait”
    but not:
      both of these, in either order, with at most 3 words between them:
        the word “staff”
        the word “NHS” exactly as written
    the site example.org or one below it
    the declared language de
    an archive's note that it is about “example air”
`
	if got := q.Explain(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	terms := strings.Join(q.Terms(), " | ")
	if terms != `title:"waiting time*" | stem.de:Wartezeit | #wait | site:www.example.org | lang:DE | about:"Example Air"` {
		t.Errorf("terms: %s", terms)
	}
}

var parseSeeds = []string{
	"a b", `(a OR "b c*") NOT d`, "a NEAR/3 (b OR c)", "title:(exact:Ä OR stem.de:Öl)", "lang:(de OR fi) site:x.org", "#tag @u@h.org 😀",
	"NOT (NOT a)", "“x” y", "St Mary’s", "a**", "url:\"/a b\"", "about:x", "((", "stem:\"a #b\"", "\u00ad", "title:title:a", "\"AND\"",
	"ŉ a", "site:(a OR b)", "exact:\"a’b\"",
}

// FuzzParse holds that no input panics, that a parsed query's normal form is a query with the same normal form and the
// same explanation, and that an error points into the source.
func FuzzParse(f *testing.F) {
	for _, s := range parseSeeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, src string) {
		q, err := Parse(src)
		if err != nil {
			var syntax *SyntaxError
			if errors.As(err, &syntax) && (syntax.Column < 1 || syntax.Column > len([]rune(src))+1) {
				t.Fatalf("%q: column %d", src, syntax.Column)
			}
			return
		}
		normal := q.String()
		if len(normal) > maxLength {
			return // fields written out for each term may outgrow the bound
		}
		again, err := Parse(normal)
		if err != nil {
			t.Fatalf("%q is written %q, which does not parse: %v", src, normal, err)
		}
		if again.String() != normal || again.Explain() != q.Explain() {
			t.Fatalf("%q is written %q, then %q", src, normal, again)
		}
		if _, err := NewSet([]Named{{"a", q}}); err != nil {
			t.Fatalf("%q: %v", src, err)
		}
		_ = GuardPerson(q)
	})
}
