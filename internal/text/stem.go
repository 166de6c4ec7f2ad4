package text

import (
	"sync"

	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/dutch"
	"github.com/blevesearch/snowballstem/english"
	"github.com/blevesearch/snowballstem/finnish"
	"github.com/blevesearch/snowballstem/french"
	"github.com/blevesearch/snowballstem/german"
	"github.com/blevesearch/snowballstem/italian"
	"github.com/blevesearch/snowballstem/portuguese"
	"github.com/blevesearch/snowballstem/spanish"
	"github.com/blevesearch/snowballstem/swedish"
)

// stemmers holds the languages that Stem knows, by ISO 639-1 code.
var stemmers = map[string]func(*snowballstem.Env) bool{
	"de": german.Stem,
	"en": english.Stem,
	"es": spanish.Stem,
	"fi": finnish.Stem,
	"fr": french.Stem,
	"it": italian.Stem,
	"nl": dutch.Stem,
	"pt": portuguese.Stem,
	"sv": swedish.Stem,
}

var stemEnvs = sync.Pool{New: func() any { return snowballstem.NewEnv("") }}

// longestStemmed bounds, in bytes, what is stemmed: nothing longer is a word, and the algorithms are not linear.
const longestStemmed = 128

// CanStem reports whether Stem knows the language.
func CanStem(lang string) bool { return stemmers[lang] != nil }

// Stem returns the Snowball stem of a word in lower case: Stem("en", "waiting") is "wait", Stem("de", "wartezeiten") is
// "wartezeit", Stem("fi", "jonotusaikoja") is "jonotusaiko". The word must have its accents (fold the stem, not the word)
// and be in lower case. In a language it does not know the word comes back as it is. Source: snowballstem.org.
func Stem(lang, word string) string {
	stem := stemmers[lang]
	if stem == nil || len(word) > longestStemmed {
		return word
	}
	env := stemEnvs.Get().(*snowballstem.Env)
	defer stemEnvs.Put(env)
	env.SetCurrent(word)
	stem(env)
	return env.Current()
}
