package bench

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// postBytes is the length of the average public post, and of the posts here to within a few bytes.
const postBytes = 106

// clauses are invented halves of posts by language.
var clauses = map[string][]string{
	"en": {
		"waited four hours in A&E and nobody told us anything", "huge thanks to the midwives, you were so kind",
		"the car park machine is broken AGAIN", "my appointment was cancelled twice by text message",
		"lovely nurses but the ward was filthy", "can't get through on the phone, absolute joke",
		"just passed the new wing on the bus", "the surgeon explained everything very clearly :)",
		"still no results after three weeks, not good enough", "food was cold and nobody came when I called",
	},
	"de": {
		"seit drei Stunden in der Notaufnahme und kein Arzt weit und breit", "vielen Dank an das Team der Kinderstation",
		"die Parkgebühren sind eine Frechheit", "der Termin wurde schon wieder abgesagt",
		"sehr freundliche Pflege, aber viel zu wenig Personal", "am Telefon kommt man einfach nicht durch",
	},
	"fi": {
		"päivystyksessä meni viisi tuntia eikä kukaan kertonut mitään", "kiitos osaston hoitajille hyvästä hoidosta",
		"leikkausjono on jo puoli vuotta", "aika peruttiin taas viestillä", "puhelimeen ei vastaa kukaan",
	},
	"sv": {"vi väntade i fem timmar på akuten", "tack till alla sköterskor på avdelningen", "tiden blev inställd igen utan förklaring"},
	"fr": {"quatre heures d'attente aux urgences sans explication", "merci à toute l'équipe de la maternité", "le parking est beaucoup trop cher"},
	"es": {"cuatro horas esperando en urgencias y nadie dice nada", "gracias a las enfermeras de la planta", "me han cancelado la cita otra vez"},
	"it": {"quattro ore al pronto soccorso senza notizie", "grazie a tutto il personale del reparto", "hanno annullato di nuovo la visita"},
	"pt": {"quatro horas à espera nas urgências sem informação", "obrigado a toda a equipa da enfermaria", "a consulta foi cancelada outra vez"},
	"nl": {"vier uur gewacht op de spoedeisende hulp", "dank aan alle verpleegkundigen van de afdeling", "de afspraak is weer afgezegd"},
	"pl": {"cztery godziny czekania na izbie przyjęć", "dziękuję wszystkim pielęgniarkom na oddziale", "wizyta została znowu odwołana"},
}

// ourLanguages are the languages of the posts, in a fixed order.
var ourLanguages = []string{"en", "de", "fi", "sv", "fr", "es", "it", "pt", "nl", "pl"}

// posts makes n posts, the languages in turn. Every fourth word or so is drawn from thousands of invented names, because
// real posts are full of words that no cache has seen.
func posts(n int, langs ...string) []string {
	rng := rand.New(rand.NewPCG(1, postBytes))
	out := make([]string, n)
	for i := range out {
		c := clauses[langs[i%len(langs)]]
		var b strings.Builder
		for b.Len() < postBytes-12 {
			for _, w := range strings.Fields(c[rng.IntN(len(c))]) {
				b.WriteString(w)
				b.WriteByte(' ')
				if rng.IntN(6) == 0 {
					b.WriteString(invented(rng))
					b.WriteByte(' ')
				}
				if b.Len() >= postBytes-4 {
					break
				}
			}
		}
		out[i] = strings.TrimSpace(b.String())
	}
	return out
}

// invented is a word of two to four syllables.
func invented(rng *rand.Rand) string {
	const onset, vowel = "bdfghklmnprstvw", "aeiou"
	var b strings.Builder
	for range 2 + rng.IntN(3) {
		b.WriteByte(onset[rng.IntN(len(onset))])
		b.WriteByte(vowel[rng.IntN(len(vowel))])
	}
	return b.String()
}

// phraseSet makes n different phrases of one to three words, and posts of postBytes in which every second one occurs.
func phraseSet(n int) (phrases, texts []string) {
	rng := rand.New(rand.NewPCG(2, uint64(n)))
	seen := map[string]bool{}
	for len(phrases) < n {
		words := []string{invented(rng) + "x"} // 'x' occurs nowhere else: phrases begin in a word of their own
		for range rng.IntN(3) {
			words = append(words, invented(rng))
		}
		if p := strings.Join(words, " "); !seen[words[0]] {
			seen[words[0]] = true
			phrases = append(phrases, p)
		}
	}
	texts = posts(2000, "en")
	for i, t := range texts {
		t = strings.ToLower(t)
		if i%2 == 0 {
			p := phrases[rng.IntN(n)]
			cut := strings.IndexByte(t[len(t)/3:], ' ') + len(t)/3
			t = t[:cut] + " " + p + t[cut:]
			t = t[:strings.LastIndexByte(t[:min(len(t), postBytes+5)], ' ')]
		}
		texts[i] = t
	}
	return phrases, texts
}

func TestPostsAreAsLongAsTheyShouldBe(t *testing.T) {
	_, texts := phraseSet(500)
	for name, ps := range map[string][]string{"all languages": posts(5000, ourLanguages...), "English": posts(5000, "en"), "with phrases": texts} {
		bytes := 0
		for _, p := range ps {
			bytes += len(p)
			if !utf8.ValidString(p) || strings.ContainsFunc(p, unicode.IsControl) {
				t.Fatalf("%s: bad post %q", name, p)
			}
		}
		if mean := bytes / len(ps); mean < postBytes-3 || mean > postBytes+3 {
			t.Errorf("%s: %d bytes on average, want %d", name, mean, postBytes)
		}
	}
}
