package models

import (
	"math"
	"slices"
	"strings"
	"testing"
)

func load(t testing.TB) *Set {
	t.Helper()
	s, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestLanguageOfShortPosts(t *testing.T) {
	r := NewReader(load(t))
	for text, want := range map[string]string{
		"Four hours in A&E and still no doctor":                  "en",
		"Wartezeit in der Notaufnahme mal wieder sechs Stunden":  "de",
		"Päivystyksessä meni koko yö, kukaan ei kertonut mitään": "fi",
		"Väntade sex timmar på akuten":                           "sv",
		"Trois heures d'attente aux urgences":                    "fr",
		"Seis horas esperando en urgencias":                      "es",
		"Ho aspettato tre ore al pronto soccorso":                "it",
		"Esperei seis horas no hospital e não fui atendida":      "pt",
		"Drie uur gewacht bij de huisarts":                       "nl",
		"Czekałem trzy godziny w szpitalu":                       "pl",
		"انتظرت ثلاث ساعات في المستشفى":                          "ar",
		"अस्पताल में तीन घंटे इंतजार किया":                       "hi",
		"В больнице опять нет мест":                              Other,
		"医院的停车场总是满的":                                             Other,
		"Der var alt for lang ventetid på skadestuen":            Other,
		"kiitos":                            "fi",
		"danke @user https://example.org/x": "de",
	} {
		r.Reset("", text)
		if got, p := r.Language(""); got != want {
			t.Errorf("%q is %s (%.2f), want %s", text, got, p, want)
		}
	}
}

func TestDeclaredLanguageDecidesWhatWordsLeaveOpen(t *testing.T) {
	r := NewReader(load(t))
	r.Reset("", "😀😀")
	if got, _ := r.Language("fi"); got != "fi" {
		t.Errorf("emoji declared Finnish are %s", got)
	}
	r.Reset("", "The nurses on this ward were lovely and the doctor explained everything to us")
	if got, _ := r.Language("de"); got != "en" {
		t.Errorf("an English sentence declared German is %s", got)
	}
}

func TestProbabilitiesSumToOne(t *testing.T) {
	r := NewReader(load(t))
	for _, lang := range []string{"en", "de", "fi", "fr", "sv", Other} {
		for _, text := range []string{"", "!!!", "😡", "Great staff, thank you", strings.Repeat("awful ", 3000)} {
			r.Reset("", text)
			p, _ := r.Sentiment(lang)
			if sum := p[0] + p[1] + p[2]; math.Abs(float64(sum)-1) > 1e-5 || p[0] < 0 || p[1] < 0 || p[2] < 0 {
				t.Errorf("%s %.20q: %v sums to %f", lang, text, p, sum)
			}
		}
	}
}

// The promise of a reason: take its term out of the text and the log-odds lose about its weight.
func TestReasonsAreWhatTheTextLosesWithoutThem(t *testing.T) {
	r := NewReader(load(t))
	for _, c := range []struct{ lang, text string }{
		{"en", "The nurses were lovely but parking was awful and I felt ignored"},
		{"en", "Absolutely brilliant team on the maternity ward"},
		{"en", "@user worst customer service ever, never again"},
		{"de", "Die Pflege war wunderbar aber das Essen schrecklich"},
		{"fi", "Hoitajat olivat ihania mutta ruoka oli kamalaa"},
		{"fr", "Personnel adorable mais une attente horrible"},
		{"it", "Medici bravissimi ma attesa vergognosa"},
	} {
		r.Reset("", c.text)
		p, _ := r.Sentiment(c.lang)
		class := slices.Index(p[:], slices.Max(p[:]))
		reasons := slices.Clone(r.Reasons(class, 5))
		if len(reasons) == 0 {
			t.Errorf("%q: no reasons", c.text)
		}
		before := odds(p, class)
		for _, reason := range reasons {
			words := slices.DeleteFunc(strings.Fields(c.text), func(w string) bool { return strings.Trim(w, ",.") == reason.Term })
			r.Reset("", strings.Join(words, " "))
			q, _ := r.Sentiment(c.lang)
			moved := before - odds(q, class)
			if moved*float64(reason.Weight) <= 0 {
				t.Errorf("%q: without %q the log-odds move by %.2f, the reason says %.2f", c.text, reason.Term, moved, reason.Weight)
			}
		}
	}
}

func odds(p [3]float32, class int) float64 {
	return math.Log(float64(p[class]) / float64(1-p[class]))
}

func TestSameTextSameAnswerWhateverCameBefore(t *testing.T) {
	const text = "Waited ages but the doctor was kind"
	fresh, used := NewReader(load(t)), NewReader(load(t))
	for _, other := range []string{"danke schön", "terrible terrible", strings.Repeat("x", 20000), "kiitos"} {
		used.Reset("", other)
		used.Sentiment("en")
		used.Reasons(0, 5)
	}
	fresh.Reset("", text)
	used.Reset("", text)
	a, _ := fresh.Sentiment("en")
	b, _ := used.Sentiment("en")
	if a != b {
		t.Errorf("fresh reader says %v, used one %v", a, b)
	}
}

func TestTokens(t *testing.T) {
	var d Doc
	d.Parse("@nhs Sooooo #NotHappy :-) http://a.b/c &amp; WAITED 12 hours!! 👍🏽 don’t")
	var got []string
	for i := range d.Tokens {
		tok := &d.Tokens[i]
		s := d.Text[tok.Start:tok.End]
		switch tok.Kind {
		case Word:
			s = string(d.folded[tok.from:tok.to])
		case Handle:
			s = "<handle>"
		case Link:
			s = "<link>"
		}
		got = append(got, s)
	}
	want := []string{"<handle>", "soo", "not", "happy", ":-)", "<link>", "waited", "00", "hours", "!!", "👍", "don't"}
	if !slices.Equal(got, want) {
		t.Errorf("tokens %q, want %q", got, want)
	}
}

func TestDecodeReadsWhatEncodeWrote(t *testing.T) {
	m := load(t).Sentence["de"]
	b, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	back, err := Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	again, err := back.Encode()
	if err != nil || !slices.Equal(b, again) {
		t.Errorf("a model that was read is written differently (%v)", err)
	}
}

func FuzzDecode(f *testing.F) {
	m := &Linear{Shape: Shape{WordBits: 1}, Classes: 2, Words: make([]byte, 4), WordScale: []float32{1, 1}, CharScale: []float32{1, 1}, Bias: []float32{0, 0}}
	b, err := m.Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte{})
	f.Add(b[:len(b)/2])
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := Decode(b)
		if err != nil {
			return
		}
		NewScorer(m).Score("any text will do", "en")
	})
}

func FuzzReader(f *testing.F) {
	f.Add("", "plain")
	f.Add("title", "#a #B_c @d :( \xff\xfe &lt;3 ’’ 👨‍👩‍👧 ﷽ ก็")
	f.Add("", "http://\xc3www.x8D=D<3>:'(")
	r := NewReader(load(f))
	f.Fuzz(func(t *testing.T, title, text string) {
		r.Reset(title, text)
		lang, p := r.Language("")
		if p < 0 || p > 1 {
			t.Errorf("confidence %f", p)
		}
		q, _ := r.Sentiment(lang)
		if !(q[0] >= 0 && q[1] >= 0 && q[2] >= 0) {
			t.Errorf("sentiment %v", q)
		}
		for _, reason := range r.Reasons(0, 5) {
			if !strings.Contains(title+"\n"+text, reason.Term) {
				t.Errorf("reason %q is not in the text", reason.Term)
			}
		}
		if a := r.Abuse(lang); !(a >= 0 && a <= 1) {
			t.Errorf("abuse %f", a)
		}
	})
}

var posts = []string{
	"Waited four hours in A&E with my mum last night, nobody told us anything. The staff were lovely, though.",
	"Seit drei Stunden in der Notaufnahme, kein Arzt weit und breit. Die Pflege gibt alles, aber es fehlt Personal.",
	"Päivystyksessä meni viisi tuntia, hoitajia oli liian vähän ja kukaan ei kertonut mitään. Lääkäri ystävällinen.",
	"Car park machine at the hospital is broken AGAIN and now they want to fine me. Absolute joke @trust #parking",
}

// BenchmarkLanguage isolates tokens and language.
func BenchmarkLanguage(b *testing.B) {
	r := NewReader(load(b))
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		r.Reset("", posts[i%len(posts)])
		r.Language("")
	}
}

// BenchmarkSentiment isolates sentiment and its reasons, given tokens.
func BenchmarkSentiment(b *testing.B) {
	langs := []string{"en", "de", "fi", "en"}
	rs := make([]*Reader, len(posts))
	for i := range rs {
		rs[i] = NewReader(load(b))
		rs[i].Reset("", posts[i])
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		r := rs[i%len(posts)]
		r.Sentiment(langs[i%len(posts)])
		r.Reasons(0, 5)
	}
}

// BenchmarkLoad measures reading all embedded models.
func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		if _, err := read(); err != nil {
			b.Fatal(err)
		}
	}
}
