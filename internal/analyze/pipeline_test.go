package analyze

import (
	"reflect"
	"slices"
	"sync"
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

// TestAnalyzeIsTheSameFromManyGoroutines checks that workers share nothing that they write.
func TestAnalyzeIsTheSameFromManyGoroutines(t *testing.T) {
	p := newPipeline(t)
	want := make([]*barometer.Analysis, len(samplePosts))
	for i, s := range samplePosts {
		want[i] = analyse(p, "", s)
	}
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for n := range 200 {
				i := (g + n) % len(samplePosts)
				if got := analyse(p, "", samplePosts[i]); !reflect.DeepEqual(got, want[i]) {
					t.Errorf("%q: %+v, want %+v", samplePosts[i], got, want[i])
				}
			}
		})
	}
	wg.Wait()
}

// TestAnalyzeOverwrites checks that an Analysis that is used again keeps nothing of the text before.
func TestAnalyzeOverwrites(t *testing.T) {
	p := newPipeline(t)
	var used barometer.Analysis
	for _, s := range append(samplePosts, "", "ok") {
		p.Analyze(&Input{Text: s}, &used)
		fresh := analyse(p, "", s)
		if len(used.Concerns) != len(fresh.Concerns) || len(used.Terms) != len(fresh.Terms) || used.Severity != fresh.Severity || used.CopyGroup != fresh.CopyGroup {
			t.Errorf("%q: used %+v, fresh %+v", s, used, fresh)
		}
		for i := range used.Concerns {
			if used.Concerns[i].ID != fresh.Concerns[i].ID || !slices.Equal(used.Concerns[i].Reasons, fresh.Concerns[i].Reasons) {
				t.Errorf("%q: used %+v, fresh %+v", s, used.Concerns[i], fresh.Concerns[i])
			}
		}
	}
}

// TestLeakedIdentifiersAreAConcern checks that what the gate redacted is told to those who must know.
func TestLeakedIdentifiersAreAConcern(t *testing.T) {
	p := newPipeline(t)
	var out barometer.Analysis
	in := &Input{Text: "My mum, [nhs number], is still on the ward.", Lang: "en", Redactions: []barometer.Redaction{{Kind: "nhs_number"}}}
	p.Analyze(in, &out)
	if !slices.Contains(concernIDs(&out), "confidential_information") {
		t.Errorf("concerns %v", concernIDs(&out))
	}
	in.Redactions[0].Kind = "handle"
	p.Analyze(in, &out)
	if slices.Contains(concernIDs(&out), "confidential_information") {
		t.Error("a handle is no leak")
	}
}
