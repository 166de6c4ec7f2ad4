package analyze

import "bytes"

// negationScope is how many words after a negation it may reach, if no clause ends before.
const negationScope = 4

// negationStep marks the words that a negation reaches. In German and Dutch the negation also follows what it negates
// ("funktioniert nicht"), so the word before it is marked too.
type negationStep struct{}

func (negationStep) analyze(doc *document, _ *analysis) {
	reach := 0
	for i := range doc.tokens {
		t := &doc.tokens[i]
		if t.is(flagStart) {
			reach = 0
		}
		switch {
		case t.kind == kindWord && isNegator(doc.lang, doc.word(t)):
			reach = negationScope
			if (doc.lang == langDE || doc.lang == langNL) && i > 0 && !t.is(flagStart) && !doc.tokens[i-1].is(flagClauseEnd) {
				doc.tokens[i-1].flags |= flagNegated
			}
		case reach > 0:
			t.flags |= flagNegated
			reach--
		}
		if t.is(flagClauseEnd) {
			reach = 0
		}
	}
}

// isNegator says whether a folded word negates in the language. English contractions count in every language where
// they are no word, because posts mix languages.
func isNegator(lang language, w []byte) bool {
	if len(w) < 2 || len(w) > 9 {
		return false
	}
	switch lang {
	case langDE:
		switch string(w) {
		case "nicht", "nie", "niemals", "nix", "nichts", "ohne", "weder", "noch", "kaum", "niemand", "nirgends", "keinerlei":
			return true
		}
		return len(w) <= 7 && bytes.HasPrefix(w, []byte("kein"))
	case langFI:
		switch string(w) {
		case "ei", "en", "et", "emme", "ette", "eivat", "eika", "enka", "etka", "ala", "alkaa", "ilman", "eipa", "enpa", "eihan", "tuskin":
			return true
		}
		return false
	case langSV:
		switch string(w) {
		case "inte", "ej", "aldrig", "ingen", "inget", "inga", "utan", "varken", "knappt":
			return true
		}
		return false
	case langFR:
		switch string(w) {
		case "ne", "pas", "jamais", "rien", "sans", "ni", "aucun", "aucune", "personne", "guere":
			return true
		}
		return false
	case langES:
		switch string(w) {
		case "no", "nunca", "jamas", "sin", "ni", "nada", "nadie", "tampoco", "ningun", "ninguna":
			return true
		}
		return false
	case langIT:
		switch string(w) {
		case "non", "mai", "senza", "ne", "niente", "nulla", "nessuno", "nessuna", "neanche", "nemmeno":
			return true
		}
		return false
	case langPT:
		switch string(w) {
		case "nao", "nunca", "jamais", "sem", "nem", "nada", "ninguem", "nenhum", "nenhuma":
			return true
		}
		return false
	case langNL:
		switch string(w) {
		case "niet", "geen", "nooit", "zonder", "niks", "niets", "niemand", "noch", "nergens":
			return true
		}
		return false
	case langPL:
		switch string(w) {
		case "nie", "nigdy", "bez", "ani", "zaden", "zadna", "nikt", "nic":
			return true
		}
		return false
	case langAR:
		switch string(w) {
		case "لا", "لم", "لن", "ليس", "ما", "غير", "بدون":
			return true
		}
		return false
	case langHI:
		switch string(w) {
		case "नहीं", "नही", "मत", "न", "बिना", "nahi", "nahin", "mat":
			return true
		}
		return false
	}
	switch string(w) {
	case "not", "no", "never", "none", "nor", "neither", "nothing", "nobody", "nowhere", "without", "cannot", "cant", "dont",
		"doesnt", "didnt", "isnt", "arent", "wasnt", "werent", "wont", "wouldnt", "shouldnt", "couldnt", "hasnt", "havent",
		"hadnt", "aint", "mustnt", "neednt", "hardly", "barely", "scarcely", "lacks", "lack":
		return true
	}
	return false
}
