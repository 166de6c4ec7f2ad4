package models

import "strings"

// negators lists, for each language, the words that turn round what follows. English contractions (n't) are
// recognised by their ending.
var negators = func() map[string]map[uint64]bool {
	lists := map[string]string{
		"en": "not no never none nobody nothing nowhere neither nor cannot cant dont doesnt didnt isnt wasnt wont wouldnt shouldnt couldnt aint without hardly barely scarcely lack lacks lacking stop",
		"de": "nicht nich net nix nichts kein keine keinen keiner keinem keines nie niemals niemand ohne weder kaum",
		"fi": "ei en et emme ette eivät eikä enkä etkä eivätkä älä älkää ilman tuskin en'oo eipä",
		"sv": "inte ej icke aldrig ingen inget inga utan varken knappast",
		"fr": "ne n pas jamais sans aucun aucune rien personne ni plus",
		"es": "no nunca jamás jamas sin ningún ningun ninguna nada nadie ni tampoco",
		"it": "non nn no mai senza nessun nessuno nessuna niente nulla né",
		"pt": "não nao nunca jamais sem nenhum nenhuma nada ninguém nem ñ",
		"nl": "niet geen nooit niemand niets zonder nauwelijks",
		"pl": "nie nigdy bez żaden żadna żadne nikt nic ani",
		"ar": "لا ما ليس ليست لم لن مش مو ماكو بدون غير ولا",
		"hi": "nahi nahin nhi na mat nai bina नहीं मत न ना बिना not no never dont",
	}
	out := make(map[string]map[uint64]bool, len(lists))
	for lang, words := range lists {
		m := map[uint64]bool{}
		for w := range strings.FieldsSeq(words) {
			m[hashString(w)] = true
		}
		out[lang] = m
	}
	return out
}()

// reach is how many words after a negator are negated, unless punctuation comes first.
const reach = 4

// Negate marks the words that stand within the reach of a negator of the language.
func (d *Doc) Negate(lang string) {
	list := negators[lang]
	left := 0
	for i := range d.Tokens {
		t := &d.Tokens[i]
		switch t.Kind {
		case Word:
			t.Negated = left > 0
			left--
			if list[t.Hash] || lang == "en" && d.contracted(t) {
				left = reach
			}
		case Break, Punct:
			left = 0
		}
	}
}

// contracted reports an English n't.
func (d *Doc) contracted(t *Token) bool {
	f := d.folded[t.from:t.to]
	n := len(f)
	return n > 3 && f[n-1] == 't' && f[n-2] == '\'' && f[n-3] == 'n'
}
