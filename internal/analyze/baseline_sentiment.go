package analyze

import (
	"math"
	"strings"

	"barometer/internal/barometer"
)

// baselineSentiment adds up the valence of words and emoji, turned round by negation. It is the measure for anything
// better.
type baselineSentiment struct {
	valence map[uint64]float32
}

// baselineValence are folded words with a valence from -3 to 3, by size.
var baselineValence = []struct {
	valence float32
	words   string
}{
	{3, "excellent amazing outstanding brilliant fantastic wonderful superb love hervorragend fantastisch grossartig wunderbar liebe erinomainen loistava mahtava upea rakastan ihana ❤ 😍 🥰 ❤️"},
	{2, "great good happy kind caring helpful friendly professional thank thanks grateful best lovely recommend gut super toll freundlich danke dankbar kompetent hilfsbereit beste kiitos hyva hyvin ystavallinen ammattitaitoinen paras kiitollinen iloinen 😊 😀 👍 🎉 👏 🙏 :) :-) :D <3"},
	{1, "nice better ok fine clean easy quick nett schnell sauber besser okay mukava nopea siisti helppo parempi 🙂 ;)"},
	{-1, "slow late problem problems wait waiting concern worried langsam spat problem probleme sorge warten hidas myohassa ongelma ongelmia huoli odottaa 😕 :/"},
	{-2, "bad poor worse rude dirty angry disappointed sad pain cancelled failed broken unacceptable schlecht unfreundlich schmutzig enttauscht traurig schmerzen abgesagt kaputt argerlich huono tyly likainen pettynyt surullinen kipu peruttu rikki vihainen 😢 😭 😡 👎 🙁 :( :-( "},
	{-3, "terrible awful horrible disgusting disgraceful appalling worst hate shocking neglect dangerous schrecklich furchtbar katastrophe katastrophal skandal schlimm schlimmste hasse gefahrlich unverschamt kauhea hirvea jarkyttava pahin inhottava vaarallinen hapea vihaan 🤬 🤮"},
}

func newBaselineSentiment() *baselineSentiment {
	b := &baselineSentiment{valence: map[uint64]float32{}}
	for _, g := range baselineValence {
		for _, w := range strings.Fields(g.words) {
			b.valence[hash([]byte(w))] = g.valence
		}
	}
	return b
}

func (b *baselineSentiment) analyze(doc *document, out *analysis) {
	sum := float32(0)
	s := &out.Sentiment
	for i := range doc.tokens {
		t := &doc.tokens[i]
		v, ok := b.valence[t.hash]
		if !ok {
			continue
		}
		if t.is(flagNegated) {
			v *= -0.7
		}
		sum += v
		if len(s.Reasons) < 5 {
			s.Reasons = append(s.Reasons, barometer.Reason{Term: doc.surface(t), Weight: v / 2})
		}
	}
	pos, neg, neu := math.Exp(float64(sum)/2), math.Exp(-float64(sum)/2), 1.5
	total := pos + neg + neu
	s.Positive, s.Negative = float32(pos/total), float32(neg/total)
	s.Neutral = 1 - s.Positive - s.Negative
	s.Score = s.Positive - s.Negative
	switch {
	case doc.lang == langOther && len(s.Reasons) == 0:
		s.Label = barometer.Uncertain
	case s.Positive > s.Neutral && s.Positive > s.Negative:
		s.Label = barometer.Positive
	case s.Negative > s.Neutral && s.Negative > s.Positive:
		s.Label = barometer.Negative
	default:
		s.Label = barometer.Neutral
	}
}

// splitWords splits at spaces.
func splitWords(s string) []string { return strings.Fields(s) }
