package analyze

import (
	"testing"

	"barometer/internal/barometer"
)

func TestSeverityIsThatOfTheWorstStatement(t *testing.T) {
	p := newPipeline(t)
	for _, c := range []struct {
		lang, text string
		low, high  uint8
	}{
		{"en", "Lovely staff, spotless ward, thank you all so much!", 0, 0},
		{"en", "The toast was soggy and the tea was cold, rather poor.", 1, 2},
		{"en", "Terrible. Waited nine hours in A&E with my son and nobody came.", 2, 3},
		{"en", "The nurses were wonderful and I thank them, but my father died because nobody answered the bell.", 5, 5},
		{"en", "Thank you to the team. One thing: I was given the wrong medication twice.", 4, 4},
		{"en", "Great care overall, though a carer slapped my mother on Tuesday.", 5, 5},
		{"en", "Nobody died, nobody was hurt, just a power cut.", 0, 1},
		{"en", "She nearly died on that ward.", 4, 4},
		{"en", "If this goes on somebody will die.", 4, 4},
		{"en", "You saved my life, I would have died without you. Thank you!", 0, 2},
		{"en", "The cake in the canteen is to die for.", 0, 1},
		{"en", "I was bored to death in the waiting room.", 0, 2},
		{"en", "I know where you live and I will kill that doctor.", 5, 5},
		{"en", "Mum passed away peacefully in the hospice, thank you for the kindness.", 2, 3},
		{"en", "Misdiagnosed twice, and in agony for a week.", 3, 4},
		{"en", "After my stroke they were wonderful, excellent service, thank you.", 0, 1},
		{"de", "Tolles Team, vielen Dank für die gute Betreuung!", 0, 0},
		{"de", "Vielen Dank an die Schwestern. Leider ist mein Vater gestorben, weil der Herzinfarkt übersehen wurde.", 5, 5},
		{"de", "Meine Mutter lag drei Stunden im eigenen Urin.", 4, 4},
		{"de", "Ich weiß wo du wohnst, du wirst es bereuen.", 5, 5},
		{"de", "Niemand ist gestorben, nur der Strom fiel aus.", 0, 1},
		{"de", "Der Pfleger hat ihr ein falsches Medikament gegeben.", 4, 4},
		{"de", "Sie haben mir das Leben gerettet, ohne euch wäre ich gestorben. Danke!", 0, 2},
		{"de", "Ich bin todmüde nach der Nachtschicht.", 0, 1},
		{"fi", "Kiitos kaikille, erinomaista hoitoa!", 0, 0},
		{"fi", "Hoitajat olivat ihania, mutta isäni kuoli, koska ambulanssi ei tullut.", 5, 5},
		{"fi", "Äidille annettiin väärää lääkettä.", 4, 4},
		{"fi", "Kukaan ei kuollut eikä loukkaantunut.", 0, 1},
		{"fi", "Tapan sinut, tiedän missä asut.", 5, 5},
		{"fi", "Nauroin niin että olin kuolla nauruun.", 0, 1},
		{"fi", "Te pelastitte henkeni, ilman teitä olisin kuollut.", 0, 2},
	} {
		var out barometer.Analysis
		p.Analyze(&Input{Text: c.text, Lang: c.lang}, &out)
		if out.Severity < c.low || out.Severity > c.high {
			t.Errorf("%q: severity %d, want %d to %d (sentiment %s, lang %s)", c.text, out.Severity, c.low, c.high, out.Sentiment.Label, out.Lang)
		}
	}
}

// TestSeverityAgreesWithCriticality compares severity with the criticality that people gave to patients' comments: the
// more critical, the more severe on average.
func TestSeverityAgreesWithCriticality(t *testing.T) {
	p := newPipeline(t)
	sum, n := map[string]float64{}, map[string]float64{}
	var out barometer.Analysis
	for _, c := range criticality(t) {
		p.Analyze(&Input{Text: c.Text, Lang: "en"}, &out)
		sum[c.Criticality] += float64(out.Severity)
		n[c.Criticality]++
	}
	before := 0.0
	for _, k := range []string{"4", "3", "0", "-1", "-2", "-3", "-4"} {
		mean := sum[k] / max(1, n[k])
		t.Logf("criticality %2s: %4.0f comments, mean severity %.3f", k, n[k], mean)
		if k[0] == '-' && mean <= before {
			t.Errorf("criticality %s: mean severity %.3f, not above %.3f", k, mean, before)
		}
		before = max(before, mean)
	}
}
