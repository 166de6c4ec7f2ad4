package analyze

import (
	"testing"

	"barometer/internal/barometer"
)

func newPipeline(t testing.TB) *Pipeline {
	t.Helper()
	p, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// samplePosts are invented posts of about 106 bytes, as long as the average post.
var samplePosts = []string{
	"Waited four hours in A&E with my mum last night, nobody told us anything. The staff were lovely, though.",
	"Huge thanks to the midwives on the maternity ward, you were kind and patient all night long. Amazing team!",
	"Car park machine at the hospital is broken AGAIN and now they want to fine me. Absolute joke @trust #parking",
	"Junior doctors on strike from Monday, most clinics are cancelled. Check before you travel https://example.org/1",
	"Seit drei Stunden in der Notaufnahme, kein Arzt weit und breit. Die Pflege gibt alles, aber es fehlt Personal.",
	"Die Parkgebühren am Klinikum sind eine Frechheit, und der Automat war schon wieder kaputt. Unfreundlich dazu.",
	"Vielen Dank an das Team der Kinderstation, unsere Tochter war bei euch in besten Händen. Sehr liebevoll!",
	"Päivystyksessä meni viisi tuntia, hoitajia oli liian vähän ja kukaan ei kertonut mitään. Lääkäri oli ystävällinen.",
	"Leikkausjono on jo puoli vuotta ja nyt aika peruttiin viestillä. Terveysasemalle ei saa edes yhteyttä.",
	"Just passed the new hospital wing on the bus, looks nearly finished. Opening is planned for next spring I think.",
}

// BenchmarkAnalyze measures the whole pipeline on one core with a worker and an Analysis that are used again.
func BenchmarkAnalyze(b *testing.B) {
	w := newPipeline(b).NewWorker()
	var out barometer.Analysis
	ins := make([]Input, len(samplePosts))
	bytes := 0
	for i, s := range samplePosts {
		ins[i].Text = s
		bytes += len(s)
	}
	i := 0
	b.SetBytes(int64(bytes / len(samplePosts)))
	b.ReportAllocs()
	for b.Loop() {
		w.Analyze(&ins[i%len(ins)], &out)
		i++
	}
}

// BenchmarkTokens isolates the taking apart of posts.
func BenchmarkTokens(b *testing.B) {
	var doc document
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		doc.reset(&Input{Text: samplePosts[i%len(samplePosts)]})
		i++
	}
}
