package privacy

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"barometer/internal/barometer"
)

func TestRedactKeepsKindAndPosition(t *testing.T) {
	r := newRedactor(t, Config{Handles: []string{"@NHSLeeds"}, Phones: []string{"0113 496 0000"}})
	for _, c := range []struct{ in, want string }{
		{"nothing here", "nothing here"},
		{"Äiti, hetu 131052-308T!", "Äiti, hetu [henkilotunnus]!"},
		{"NHS number ９９９ １２３ ４５６７", "NHS number [nhs number]"}, // full width
		{"NHS no: 999\u200b123\u200b4567", "NHS no: [nhs number]"},
		{"Mrs Jane Doe, 1 High St, SW1A 1AA", "Mrs [person name], 1 High St, SW1A [uk postcode]"},
		{"St Mary's Hospital, W2 1NY", "St Mary's Hospital, W2 1NY"},
		{"@NHSLeeds @jane_d: call 0113 496 0000 or 0113 496 0123", "@NHSLeeds [handle]: call 0113 496 0000 or [phone]"},
		{"write to jane (at) example dot uk.", "write to [email]."},
		{"two: a@example.org, b@example.org", "two: [email], [email]"},
		{"IBAN DE89 3704 0044 0532 0130 00 bitte", "IBAN [iban] bitte"},
		{"🙂 geb. 12.3.1956 🙂", "🙂 geb. [date of birth] 🙂"},
	} {
		got := r.Redact(c.in)
		if got.Text != c.want {
			t.Errorf("%q:\n got %q\nwant %q", c.in, got.Text, c.want)
		}
		n := utf8.RuneCountInString(c.in)
		for _, red := range got.Redactions {
			if red.Start < 0 || red.End > n || red.Start >= red.End {
				t.Errorf("%q: redaction %+v outside of %d characters", c.in, red, n)
			}
		}
	}
	got := r.Redact("Äiti, hetu 131052-308T!").Redactions
	if len(got) != 1 || got[0] != (barometer.Redaction{Kind: Henkilotunnus, Start: 11, End: 22}) {
		t.Errorf("redactions %+v", got)
	}
}

func TestPositionFollowsTheText(t *testing.T) {
	r := newRedactor(t, Config{})
	in := "Ä ward a@example.org ward"
	red := r.Redact(in)
	for _, c := range []struct {
		start, end int
		want       string
		ok         bool
	}{{2, 6, "ward", true}, {21, 25, "ward", true}, {7, 20, "", false}, {5, 9, "", false}} {
		start, end, ok := red.Position(c.start, c.end)
		if ok != c.ok || ok && string([]rune(red.Text)[start:end]) != c.want {
			t.Errorf("[%d,%d): %d %d %v in %q", c.start, c.end, start, end, ok, red.Text)
		}
	}
}

// TestCheckDigits holds published examples against the checks, and every wrong last digit.
func TestCheckDigits(t *testing.T) {
	for name, c := range map[string]struct {
		good  string
		check func([]byte) bool
		signs string
	}{
		"NHS":       {"9434765919", mod11, "0123456789"},
		"KVNR":      {"A123456780", kvnrCheck, "0123456789"},
		"Steuer-ID": {"86095742719", steuerCheck, "0123456789"},
		"RVNR":      {"15070649C103", rvnrCheck, "0123456789"},
		"hetu":      {"131052308T", hetuCheck, hetuSigns},
		"IBAN":      {"DE89370400440532013000", mod97, "0123456789"},
		"card":      {"4111111111111111", luhn, "0123456789"},
	} {
		last := len(c.good) - 1
		for _, s := range c.signs {
			v := c.good[:last] + string(s)
			if got := c.check([]byte(v)); got != (v == c.good) {
				t.Errorf("%s %s: %v", name, v, got)
			}
		}
	}
}

func TestValidate(t *testing.T) {
	if err := (Config{Regions: []string{"UK"}}).Validate(); barometer.KindOf(err) != barometer.Invalid {
		t.Errorf("region UK: %v", err)
	}
}

// FuzzRedact: whatever comes, spans are sound, in order, and the rest of the text is untouched.
func FuzzRedact(f *testing.F) {
	rnd := rand.New(rand.NewPCG(3, 4))
	for lang, list := range templates {
		for _, template := range list {
			f.Add(fill(rnd, lang, template).text)
		}
	}
	f.Add("\xff\xfe@\x00+49 (0) . - +")
	f.Add("Dr. . . . J. R. R. von")
	r := newRedactor(f, Config{})
	f.Fuzz(func(t *testing.T, s string) {
		at := 0
		var want strings.Builder
		for _, x := range r.Find(s) {
			if x.Start < at || x.End <= x.Start || x.End > len(s) || x.Start+x.keep > x.End {
				t.Fatalf("%q: finding %+v after %d", s, x, at)
			}
			want.WriteString(s[at:x.Start])
			if x.keep > 0 {
				want.WriteString(s[x.Start:x.Start+x.keep] + " ")
			}
			want.WriteString(Token(x.Kind))
			at = x.End
		}
		want.WriteString(s[at:])
		if got := r.Redact(s).Text; got != want.String() {
			t.Errorf("%q became %q, want %q", s, got, want.String())
		}
	})
}

// TestHostileTextsStayCheap: a megabyte that triggers every search over and over takes seconds, not hours.
func TestHostileTextsStayCheap(t *testing.T) {
	r := newRedactor(t, Config{})
	for _, piece := range []string{"a:", "@", "a@b.cc ", "a@", "x at ", "SW1A 1AA ", "Anna Klein SW1A 1AA ", "0 ", "4111 1111 ", "Dr. ",
		"von ", "a dot ", "1.1.", "(", "+1 ", "Mrs J. ", "https://a@b.cc/", "geb. 1.1.2000 ", "0171 39200 "} {
		s := strings.Repeat(piece, (1<<18)/len(piece))
		begun := time.Now()
		r.Redact(s)
		if took := time.Since(begun); took > 10*time.Second {
			t.Errorf("%q repeated to 256 KiB took %v", piece, took)
		} else if took > 500*time.Millisecond {
			t.Logf("%q repeated to 256 KiB took %v", piece, took)
		}
	}
}

// BenchmarkFindNothing isolates the pass over posts of 106 bytes that hold no identifier: most posts.
func BenchmarkFindNothing(b *testing.B) {
	r := newRedactor(b, Config{})
	posts := []string{
		"Waited six hours in A&E with my little boy last night, the staff were lovely but there were no beds at all",
		"Seit drei Stunden in der Notaufnahme, niemand sagt etwas. Die Pflege ist am Limit, das muss sich ändern!! ",
		"Parking at the hospital costs 12.50 for 4 hours now, on 12/03/2025 it was still 9 pounds. Disgraceful, NHS",
		"Päivystyksessä taas kuusi tuntia jonoa, hoitajat tekevät parhaansa mutta heitä on aivan liian vähän töissä",
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if f := r.Find(posts[i%len(posts)]); f != nil {
			b.Fatal(show(posts[i%len(posts)], f))
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "posts/s")
}

// BenchmarkRedactMixed adds one post in ten with a handle, an address or a number.
func BenchmarkRedactMixed(b *testing.B) {
	r := newRedactor(b, Config{})
	var posts []string
	for i := range 20 {
		posts = append(posts, fmt.Sprintf("%d hours in the waiting room again and nobody tells us anything, my gran is 87 and in pain since Monday", i))
	}
	posts[3], posts[13] = "@jane_doe did you see this? Mrs Jane Doe waited for 9 hours, she is 87 and nobody came to ask her anything", "email me at jane@example.org or call 07700 900123 if you were on ward 5 last night and saw what happened 2u"
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		r.Redact(posts[i%len(posts)])
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "posts/s")
}
