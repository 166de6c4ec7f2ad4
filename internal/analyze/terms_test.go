package analyze

import (
	"slices"
	"strings"
	"testing"

	"barometer/internal/barometer"
)

func termsOf(t *testing.T, lang, text string) map[string]string {
	t.Helper()
	out := analyse(newPipeline(t), lang, text)
	m := map[string]string{}
	for _, term := range out.Terms {
		m[term.Key] = term.Surface
	}
	return m
}

func TestTermsOfAText(t *testing.T) {
	for _, c := range []struct {
		lang, text string
		want       []string // key=surface
		not        []string // keys
	}{
		{"en", "The parking machines at St. Mary's Hospital are broken, broken! #SaveOurWard",
			[]string{"park=parking", "park machin=parking machines", "hospit=Hospital", "broken=broken", "#saveourward=#SaveOurWard", "ward=Ward"},
			[]string{"the", "at", "broken broken", "machin at"}},
		{"en", "There is a lack of beds, says the Royal College of Emergency Medicine.",
			[]string{"lack of bed=lack of beds", "royal colleg of emerg medicin=Royal College of Emergency Medicine"},
			[]string{"lack of", "of bed", "bed say"}},
		{"de", "Die Parkhausgebühren am Klinikum Nord sind wieder gestiegen.",
			[]string{"parkhausgebuhr=Parkhausgebühren", "parkhaus=Parkhaus", "gebuhr=gebühren", "klinikum nord=Klinikum Nord"},
			[]string{"die", "am klinikum"}},
		{"fi", "Hoitojonojen pituus Oulussa on kasvanut, ja hoitojonot vain pitenevät.",
			[]string{"hoitojon=Hoitojonojen"}, []string{"ja", "vain"}},
		{"en", "My number is [phone] and @someone should see https://example.org/page, room 12 and covid 19.",
			[]string{"room 12=room 12", "covid 19=covid 19"}, []string{"phone", "someone", "url", "12", "[phone]"}},
	} {
		got := termsOf(t, c.lang, c.text)
		for _, w := range c.want {
			key, surface, _ := strings.Cut(w, "=")
			if got[key] != surface {
				t.Errorf("%q: term %q has surface %q, want %q; all: %v", c.text, key, got[key], surface, got)
			}
		}
		for _, key := range c.not {
			if s, ok := got[key]; ok {
				t.Errorf("%q: unwanted term %q (%q)", c.text, key, s)
			}
		}
	}
}

func TestInflectedFormsShareAKey(t *testing.T) {
	for _, c := range []struct{ lang, a, b string }{
		{"en", "the waiting times at the clinics", "a waiting time at the clinic"},
		{"de", "lange Wartezeiten in den Kliniken", "die lange Wartezeit vor der Klinik"},
		{"fi", "leikkausten peruutukset jatkuvat sairaaloissa", "leikkauksen peruutus sairaalassa"},
	} {
		a, b := termsOf(t, c.lang, c.a), termsOf(t, c.lang, c.b)
		shared := 0
		for k := range a {
			if _, ok := b[k]; ok {
				shared++
			}
		}
		if shared < 2 {
			t.Errorf("%s: %v and %v share %d keys", c.lang, a, b, shared)
		}
	}
}

func TestLongTextsKeepWhatTheyRepeat(t *testing.T) {
	w := newWriter(3)
	text := w.text(100)
	for range 30 {
		text += " The helipad. " + w.text(30)
	}
	out := analyse(newPipeline(t), "en", text)
	if len(out.Terms) != maxTerms || !slices.ContainsFunc(out.Terms, func(t barometer.Term) bool { return t.Key == "helipad" }) {
		t.Errorf("%d terms: %v", len(out.Terms), out.Terms)
	}
}
