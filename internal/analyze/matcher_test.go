package analyze

import "testing"

func matchAll(t *testing.T, lang language, term, text string) int {
	t.Helper()
	ps, err := parseTerm(lang, term, 0)
	if err != nil {
		t.Fatalf("%s: %v", term, err)
	}
	var doc document
	doc.reset(&Input{Text: text})
	doc.lang, doc.langSure = lang, true
	stemStep{}.analyze(&doc, nil)
	return len(newMatcher(ps).match(&doc, nil))
}

func TestTermsMatch(t *testing.T) {
	for _, c := range []struct {
		lang       language
		term, text string
		want       int
	}{
		{langEN, "waiting list", "The WAITING-LIST, again", 1},
		{langEN, "waiting list", "I was waiting. List it", 0},
		{langEN, "waiting list*", "waiting lists and waiting listings", 2},
		{langEN, "stem:wait _ hours", "we waited nine hours, they wait 3 hours", 2},
		{langEN, "a&e", "A&E and A & E", 1},
		{langEN, "don't care", "They dont care, they don’t care", 2},
		{langEN, "strike", "#NursesStrike now", 1},
		{langEN, "x-ray*", "lost X-rays", 1},
		{langEN, "café", "the cafe", 1},
		{langDE, "parkgebühr*", "Parkgebühren, PARKGEBUEHREN und Parkgebuhr", 3},
		{langDE, "*wartezeit*", "Notaufnahmewartezeiten", 1},
		{langDE, "*notaufnahme", "Zentralnotaufnahme, Notaufnahmen", 1},
		{langDE, "stem:krankenhaus", "die Krankenhäuser", 1},
		{langDE, "straße", "die Strasse", 1},
		{langFI, "odotusai*", "odotusaikojen pituus, odotusaika", 2},
		{langFI, "hoitojono*", "hoitojonoissa", 1},
		{langFI, "lääkärin", "laakarin luona", 1},
	} {
		if got := matchAll(t, c.lang, c.term, c.text); got != c.want {
			t.Errorf("%q in %q: %d matches, want %d", c.term, c.text, got, c.want)
		}
	}
}

func TestTermsThatCannotBeMatchedAreRefused(t *testing.T) {
	for _, term := range []string{"", "_", "ab*", "*", "stem:", "!!", "*a-b*", "wa*it", "https://example.org"} {
		if ps, err := parseTerm(langEN, term, 0); err == nil {
			t.Errorf("%q was taken: %+v", term, ps[0].elements)
		}
	}
}

// BenchmarkMatcher isolates the phrase matcher with 5,000 phrases on posts that are taken apart already.
func BenchmarkMatcher(b *testing.B) {
	w := newWriter(7)
	var phrases []*phrase
	for i := range 5000 {
		term := invented(w.z.Uint64() + 50)
		switch i % 5 {
		case 0:
			term += " " + invented(w.z.Uint64())
		case 1:
			term += " " + invented(w.z.Uint64()) + " " + invented(w.z.Uint64())
		case 2:
			term += "ban*"
		case 3:
			term = "*" + term + "ban"
		}
		ps, err := parseTerm(langEN, term, int32(i))
		if err != nil {
			b.Fatal(err)
		}
		phrases = append(phrases, ps...)
	}
	m := newMatcher(phrases)
	docs := make([]document, 200)
	for i := range docs {
		docs[i].reset(&Input{Text: w.text(17)})
	}
	var fs []found
	i, hits := 0, 0
	b.ReportAllocs()
	for b.Loop() {
		fs = m.match(&docs[i%len(docs)], fs[:0])
		hits += len(fs)
		i++
	}
	b.ReportMetric(float64(hits)/float64(i), "hits/post")
}

// BenchmarkTaxonomy isolates the shipped taxonomy's terms on posts that are taken apart already.
func BenchmarkTaxonomy(b *testing.B) {
	p := newPipeline(b)
	m := newMatcher(p.tax.phrases)
	docs := make([]document, len(samplePosts))
	for i := range docs {
		docs[i].reset(&Input{Text: samplePosts[i]})
		docs[i].lang = langEN
		stemStep{}.analyze(&docs[i], nil)
	}
	var fs []found
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		fs = m.match(&docs[i%len(docs)], fs[:0])
		i++
	}
	b.ReportMetric(float64(len(p.tax.phrases)), "phrases")
}
