package analyze

// baselineLanguage tells languages apart by their commonest words and their script. It is the simplest thing that
// works on a full sentence, and the measure for anything better.
type baselineLanguage struct {
	words map[uint64][]language
}

// baselineWords are folded function words, by language.
var baselineWords = map[language]string{
	langEN: "the and to of is in that it was for on you with have this are not but at they be my so we as from your just had me all been were what there would about which when has their will our can more out if no up one her his dont its who she he",
	langDE: "der die und das ist nicht ich zu den mit es ein auf eine wir sie er auch wie von fur im dem sind war hat so dass bei noch aus nur einen wird aber haben kann oder mehr nach wenn uns zum zur vor doch wurde einer keine mir sich sehr seit",
	langFI: "ja on ei se etta han mutta kun niin en mina olen ovat oli nyt sita tai myos kuin ole voi joka mita jos tama minun siis vain kaikki sen olisi ihan vaan sitten siella taas hyva mika naita mukaan jo viela nain meilla sairaalassa",
	langSV: "och att det som en pa ar av for med den till inte om har de ett jag men var sig fran vi kan nar sa mycket eller nu hon han bara skulle detta blir alla dom ska mig hade",
	langFR: "le la les de des et est un une que qui dans pas pour sur je il ce avec plus vous au par mais nous sont du ne se tout ca mon ma cette ont si elle fait comme aux",
	langES: "el la los las de que y en un una es por con no para se del lo al como mas su pero me le ya esta muy todo hay ser sin mi porque cuando este son yo tiene han",
	langIT: "il la di che e un una per non con sono del si le da in lo gli ma anche come mi piu della questo al ha alla ho dei nel tutto ci cosa perche se io ti fatto essere molto",
	langPT: "o a os as de que e um uma nao com para em do da por se no na mais eu mas foi ao como ele voce dos das tem muito ja esta isso meu quando sem ser so vai pra",
	langNL: "de het een en van is dat niet in op te ik voor met zijn er die aan ook je maar bij naar wat heb om dan nog wel als uit geen hebben mijn heeft we ze worden meer nu",
	langPL: "i w nie na sie z do to ze jest o jak a co ale po tak za od czy juz tylko mnie jego dla przez byl ma bardzo moze kiedy tym przy jestem sa mi go",
}

func newBaselineLanguage() *baselineLanguage {
	b := &baselineLanguage{words: map[uint64][]language{}}
	for l := range languages {
		for _, w := range splitWords(baselineWords[l]) {
			h := hash([]byte(w))
			b.words[h] = append(b.words[h], l)
		}
	}
	return b
}

func (b *baselineLanguage) analyze(doc *document, out *analysis) {
	var score [languages]float32
	score[languageOf(doc.in.Lang)] += 1
	score[langOther] = 0.1
	total := float32(0.1)
	for i := range doc.tokens {
		if doc.tokens[i].kind != kindWord {
			continue
		}
		for _, l := range b.words[doc.tokens[i].hash] {
			score[l] += 1
		}
	}
	switch n := doc.letters; {
	case doc.arabic*2 > n:
		score[langAR] += 5
	case doc.indic*2 > n:
		score[langHI] += 5
	case (doc.cyrillic+doc.greek+doc.east)*2 > n:
		score[langOther] += 20
	}
	best := langOther
	for l, s := range score {
		total += s
		if s > score[best] {
			best = language(l)
		}
	}
	doc.lang = best
	out.Lang = best.String()
	out.LangConfidence = score[best] / total
	doc.langSure = out.LangConfidence > 0.6
}
