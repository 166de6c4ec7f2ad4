package analyze

import (
	"strings"
	"testing"
)

// tokensOf writes tokens as folded words, with a mark for their kind and '|' where sentences end.
func tokensOf(title, text string) string {
	var doc document
	doc.reset(&Input{Title: title, Text: text})
	marks := map[tokenKind]string{kindNumber: "0:", kindHashtag: "#", kindTagPart: "~", kindHandle: "@", kindURL: "<", kindEmoji: "e:", kindRedacted: "r:"}
	var b strings.Builder
	for i := range doc.tokens {
		t := &doc.tokens[i]
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(marks[t.kind] + string(doc.word(t)))
		if t.is(flagEnd) {
			b.WriteString(" |")
		}
	}
	return b.String()
}

func TestTokens(t *testing.T) {
	for _, c := range []struct{ title, text, want string }{
		{"", "I waited 5 hours.", "i waited 0:5 hours |"},
		{"A title", "A text. And more", "a title | a text | and more |"},
		{"", "Dr. Smith came at 10:30. He paid 3.50, not 4,000", "dr smith came at 0:10:30 | he paid 0:3.50 not 0:4,000 |"},
		{"", "Don’t can't o'clock 'quoted'", "dont cant oclock quoted |"},
		{"", "A&E at St Mary's, R&D", "a&e at st marys r&d |"},
		{"", "N.H.S. cuts, z.B. heute. Ja", "nhs cuts zb heute | ja |"},
		{"", "Krankenhäuser, Straße, ÄRZTE", "krankenhauser strasse arzte |"},
		{"", "Lääkäriin pääsy", "laakariin paasy |"},
		{"", "sooooo goooood 1000", "soo good 0:1000 |"},
		{"", "#NursesStrike #nhs #Save_Our_NHS2024 #NHSPay", "#nursesstrike ~nurses ~strike #nhs #saveournhs2024 ~save ~our ~nhs ~2024 #nhspay ~nhs ~pay |"},
		{"", "@user.name: see https://x.org/a?b=c. Or www.y.de!", "@username see <url | or <url |"},
		{"", "good 👍🏽 bad :-( love <3 http://a.b/c", "good e:👍 bad e::-( love e:<3 <url |"},
		{"", "call [phone] or [nhs number], [sic]", "call r:[phone] or r:[nhs number] sic |"},
		{"", "u s e l e s s staff, plan b", "useless staff plan b |"},
		{"", "uѕeless ｐａｒｋ 𝐩𝐚𝐫𝐤 par\u200bking", "useless park park parking |"},
		{"", "В больнице", "в больнице |"},
		{"", "医院", "医 院 |"},
		{"", "What?! Really...", "what | really |"},
		{"", "follow-up visit - late", "follow up visit late |"},
	} {
		if got := tokensOf(c.title, c.text); got != c.want {
			t.Errorf("%q %q:\n got %s\nwant %s", c.title, c.text, got, c.want)
		}
	}
}

func TestNegationReachesToTheEndOfItsClause(t *testing.T) {
	for _, c := range []struct {
		lang       language
		text, want string
	}{
		{langEN, "They did not listen to me, which was bad", "listen to me"},
		{langEN, "I can't fault the staff. Great", "fault the staff"},
		{langDE, "Der Automat funktioniert nicht richtig", "funktioniert richtig"},
		{langDE, "Keine Betten frei, schlimm", "betten frei"},
		{langFI, "Lääkäri ei kuunnellut minua lainkaan", "kuunnellut minua lainkaan"},
		{langFI, "En ole tyytyväinen, mutta kiitos", "ole tyytyvainen"},
	} {
		var doc document
		doc.reset(&Input{Text: c.text})
		doc.lang = c.lang
		negationStep{}.analyze(&doc, nil)
		var words []string
		for i := range doc.tokens {
			if doc.tokens[i].is(flagNegated) {
				words = append(words, string(doc.word(&doc.tokens[i])))
			}
		}
		if got := strings.Join(words, " "); got != c.want {
			t.Errorf("%q: negated %q, want %q", c.text, got, c.want)
		}
	}
}
