package text

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestFoldMakesSpellingsEqual(t *testing.T) {
	for _, c := range []struct{ in, want, long string }{
		{"Krankenhäuser", "krankenhauser", "krankenhaeuser"},
		{"KRANKENHAUSER", "krankenhauser", "krankenhauser"},
		{"Krankenha\u0308user", "krankenhauser", "krankenhaeuser"},
		{"Straße", "strasse", "strasse"},
		{"Kranken\u00ADhaus", "krankenhaus", "krankenhaus"},
		{"Jonotusaika on pitkä", "jonotusaika on pitka", "jonotusaika on pitkae"},
		{"Ångström Œuvre Łódź", "angstrom oeuvre lodz", "angstroem oeuvre lodz"},
		{"Mary’s", "mary's", "mary's"},
		{"ﬁnal", "final", "final"},
		{"ЙОД й", "иод и", "иод и"},
		{"한국 病院 が", "한국 病院 か\u3099", "한국 病院 か\u3099"},
		{"👍🏽 ❤️", "👍 ❤", "👍 ❤"},
		{"neue Steuer", "neue steuer", "neue steuer"},
		{"a\xffb", "a?b", "a?b"},
	} {
		if got := string(Fold(nil, c.in)); got != c.want {
			t.Errorf("Fold(%q) = %q, want %q", c.in, got, c.want)
		}
		if got := string(FoldLong(nil, c.in)); got != c.long {
			t.Errorf("FoldLong(%q) = %q, want %q", c.in, got, c.long)
		}
	}
}

// tokens renders the tokens of s as kind:text, so that expectations can be read.
func tokens(s string) string {
	names := map[Kind]string{Word: "w", Number: "n", Hashtag: "tag", Handle: "at", URL: "url", Emoji: "e"}
	var out []string
	sc := Scan(s)
	for tok, ok := sc.Next(); ok; tok, ok = sc.Next() {
		out = append(out, names[tok.Kind]+":"+s[tok.Start:tok.End])
	}
	return strings.Join(out, " ")
}

func TestScannerFindsTokens(t *testing.T) {
	for in, want := range map[string]string{
		"Don't wait 4 hours, please.":                 "w:Don't w:wait n:4 w:hours w:please",
		"it’s 'quoted' and dogs'":                     "w:it’s w:quoted w:and w:dogs",
		"Wartezeit-Überschreitung in der Straße":      "w:Wartezeit w:Überschreitung w:in w:der w:Straße",
		"Kranken\u00ADhaus":                           "w:Kranken\u00ADhaus",
		"3.5 of 1,000 at 10:30. 2nd 111":              "n:3.5 w:of n:1,000 w:at n:10:30 w:2nd n:111",
		"#parking_fees #1 C#sharp #Überlastung!":      "tag:#parking_fees n:1 w:C w:sharp tag:#Überlastung",
		"@trust: hi @a@b.social, .@x.bsky.social.":    "at:@trust w:hi at:@a@b.social at:@x.bsky.social",
		"mail jane@example.org":                       "w:mail w:jane w:example w:org",
		"see https://example.org/a?b=c). Or www.x.y,": "w:see url:https://example.org/a?b=c w:Or url:www.x.y",
		"(http://e.org/a_(b)) http:// nope":           "url:http://e.org/a_(b)) w:http w:nope",
		"great👍🏽👍 👩‍⚕️ 🇫🇮🇩🇪 ❤️ ©":                     "w:great e:👍🏽 e:👍 e:👩‍⚕️ e:🇫🇮 e:🇩🇪 e:❤️",
		"病院が":              "w:病 w:院 w:が",
		"a\xffb \xf0\x9f":  "w:a w:b",
		"":                 "",
		"A&E COVID-19 x_y": "w:A w:E w:COVID n:19 w:x w:y",
	} {
		if got := tokens(in); got != want {
			t.Errorf("%q:\n got %s\nwant %s", in, got, want)
		}
	}
}

func TestStemJoinsInflectedForms(t *testing.T) {
	for _, c := range []struct{ lang, a, b string }{
		{"en", "waiting", "waits"},
		{"de", "wartezeit", "wartezeiten"},
		{"de", "krankenhaus", "krankenhauses"},
		{"fi", "sairaalassa", "sairaalan"},
		{"sv", "väntetid", "väntetider"},
		{"fr", "attendre", "attendra"},
		{"es", "hospital", "hospitales"},
		{"it", "ospedale", "ospedali"},
		{"pt", "hospitais", "hospitais"},
		{"nl", "wachttijd", "wachttijden"},
	} {
		if a, b := Stem(c.lang, c.a), Stem(c.lang, c.b); a != b {
			t.Errorf("%s: %s -> %s, %s -> %s", c.lang, c.a, a, c.b, b)
		}
	}
	if got := Stem("xx", "waiting"); got != "waiting" || CanStem("xx") {
		t.Errorf("an unknown language stemmed to %q", got)
	}
	if long := strings.Repeat("waiting", 100); Stem("en", long) != long {
		t.Error("an endless word was stemmed")
	}
}

func TestFromHTMLGivesWhatIsRead(t *testing.T) {
	for in, want := range map[string]string{
		"plain  text\n here": "plain text here",
		"<p>Fish &amp; chips</p><p>f&uuml;r <b>alle</b>!</p>":      "Fish & chips\nfür alle!",
		"a<script>var x = '<p>no</p>'</script><style>p{}</style>b": "ab",
		"<ul><li>one<li>two</ul>":                                  "one\ntwo",
		"<table><tr><td>a</td><td>b</td></tr><tr><td>c</table>":    "a b\nc",
		"x<br>y<br/>z":                             "x\ny\nz",
		"<img src=x alt='a queue'>outside":         "a queue outside",
		"broken <p unclosed":                       "broken",
		"1 < 2 &nbsp; done":                        "1 < 2 done",
		"<svg><svg><text>no</text></svg></svg>yes": "yes",
		"<html><head><title>t</title></head><body>text</body></html>":    "text",
		"<div><div>  deep </div></div>\n<div>er</div>":                   "deep\ner",
		"<select><option>no</option></select><noscript>no</noscript>yes": "yes",
	} {
		if got := FromHTML(in); got != want {
			t.Errorf("%q:\n got %q\nwant %q", in, got, want)
		}
	}
}

func FuzzScan(f *testing.F) {
	for _, s := range []string{"Don't #wait @x https://e.org 👍🏽 3.5", "\xff\xf0", "’’a’", "🇫🇮", "www.", "病a'院", "\u200d\u00ad"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		at := 0
		sc := Scan(s)
		for tok, ok := sc.Next(); ok; tok, ok = sc.Next() {
			if tok.Start < at || tok.End <= tok.Start || tok.End > len(s) {
				t.Fatalf("%q: token %+v after %d", s, tok, at)
			}
			at = tok.End
			if tok.Kind < Word || tok.Kind > Emoji {
				t.Fatalf("%q: kind %d", s, tok.Kind)
			}
			if !utf8.ValidString(s[tok.Start:tok.End]) {
				t.Fatalf("%q: token %q is not UTF-8", s, s[tok.Start:tok.End])
			}
		}
	})
}

func FuzzFold(f *testing.F) {
	for _, s := range []string{"Straße", "İ", "ǅ", "ᾳ", "ﷺ", "\xff", "a\u0308", "ϓ", "Å", "ǣ"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		once := string(Fold(nil, s))
		if twice := string(Fold(nil, once)); twice != once {
			t.Fatalf("%q folds to %q, then to %q", s, once, twice)
		}
		if !utf8.ValidString(once) {
			t.Fatalf("%q folds to invalid %q", s, once)
		}
	})
}

func FuzzFromHTML(f *testing.F) {
	for _, s := range []string{"<p>a</p>", "<script>", "</", "<img alt=", "&#x110000;", "<svg></svg></svg>x", "<!--", "<plaintext>a"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if got := FromHTML(s); strings.Contains(got, "  ") || strings.TrimSpace(got) != got {
			t.Fatalf("%q gives %q", s, got)
		}
	})
}

const sample = "Waited four hours in A&E with my mother, nobody told us anything. Parking was £12! @trust #parking https://e.org/x"

// BenchmarkScan isolates finding the tokens of one short post.
func BenchmarkScan(b *testing.B) {
	b.SetBytes(int64(len(sample)))
	b.ReportAllocs()
	for b.Loop() {
		sc := Scan(sample)
		for _, ok := sc.Next(); ok; _, ok = sc.Next() {
		}
	}
}

// BenchmarkFold isolates folding a short text with umlauts.
func BenchmarkFold(b *testing.B) {
	b.ReportAllocs()
	var buf []byte
	for b.Loop() {
		buf = Fold(buf[:0], "Die Krankenhäuser in der Straße sind überlastet, sagt die Verwaltung.")
	}
}

// BenchmarkStem isolates stemming one German word.
func BenchmarkStem(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		Stem("de", "wartezeiten")
	}
}
