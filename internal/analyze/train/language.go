package train

import (
	"bufio"
	"bytes"
	"compress/gzip"
	_ "embed"
	"fmt"
	"math/rand/v2"
	"strings"
)

// wordList holds, for each language, frequent words with their frequency, one "language word count" a line. They were
// drawn from the character n-gram statistics that lingua-go publishes (Apache-2.0): short words have their true
// frequency, long ones are as likely as their n-grams and need not exist.
//
//go:embed words.txt.gz
var wordList []byte

// namedLanguages is how many of languageClasses the product names.
const namedLanguages = 12

// languageClasses are the classes that the language model tells apart. The first ones are the languages the product
// names; all others are "other" to it, but told apart in training, because "everything else" has no look of its own.
var languageClasses = [][]string{
	{"en"}, {"de"}, {"fi"}, {"sv"}, {"fr"}, {"es"}, {"it"}, {"pt"}, {"nl"}, {"pl"}, {"ar"}, {"hi"},
	{"da", "nb", "nn"}, {"et"}, {"hu"}, {"cs", "sk"}, {"tr", "az"}, {"ro"}, {"id", "ms"}, {"tl"}, {"ca"}, {"hr", "bs", "sl"},
	{"lt", "lv"}, {"is"}, {"af"}, {"sq", "eu", "eo", "la"}, {"cy", "ga"}, {"vi", "sw"}, {"fa", "ur"},
}

// vocabulary draws words of a language by frequency.
type vocabulary struct {
	words []string
	upto  []int
}

func (v *vocabulary) draw(r *rand.Rand) string {
	x := r.IntN(v.upto[len(v.upto)-1])
	lo, hi := 0, len(v.upto)
	for lo < hi {
		if mid := (lo + hi) / 2; v.upto[mid] > x {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return v.words[lo]
}

func readVocabularies() (map[string]*vocabulary, error) {
	z, err := gzip.NewReader(bytes.NewReader(wordList))
	if err != nil {
		return nil, fmt.Errorf("read word list: %w", err)
	}
	out := map[string]*vocabulary{}
	lines := bufio.NewScanner(z)
	for lines.Scan() {
		var lang, word string
		var n int
		if _, err := fmt.Sscan(lines.Text(), &lang, &word, &n); err != nil {
			return nil, fmt.Errorf("read word list: %q: %w", lines.Text(), err)
		}
		v := out[lang]
		if v == nil {
			v = &vocabulary{}
			out[lang] = v
		}
		total := n
		if len(v.upto) > 0 {
			total += v.upto[len(v.upto)-1]
		}
		v.words, v.upto = append(v.words, word), append(v.upto, total)
	}
	return out, lines.Err()
}

// bare drops the marks that people leave out on a telephone.
var bare = strings.NewReplacer("ä", "a", "ö", "o", "å", "a", "é", "e", "è", "e", "ê", "e", "à", "a", "ç", "c", "ñ", "n",
	"í", "i", "ó", "o", "ú", "u", "á", "a", "ã", "a", "õ", "o", "ü", "u", "ł", "l", "ą", "a", "ę", "e", "ś", "s", "ż", "z",
	"ć", "c", "ń", "n", "ź", "z", "ß", "ss", "ò", "o", "ù", "u", "ì", "i", "ê", "e", "ô", "o", "î", "i", "ø", "o", "æ", "ae")

// synthetic writes posts of one to fourteen words in each language.
func synthetic(perClass int, r *rand.Rand) ([]sample, error) {
	vocabularies, err := readVocabularies()
	if err != nil {
		return nil, err
	}
	var out []sample
	for class, langs := range languageClasses {
		if langs[0] == "hi" {
			continue // the statistics hold no words of Devanagari, which the script gives away
		}
		n := perClass
		if class < namedLanguages {
			n *= 2
		}
		for i := range n {
			v := vocabularies[langs[i%len(langs)]]
			if v == nil {
				return nil, fmt.Errorf("no words of %s", langs[i%len(langs)])
			}
			words := make([]string, 1+r.IntN(14))
			for k := range words {
				words[k] = v.draw(r)
			}
			text := strings.Join(words, " ")
			if i%5 == 0 {
				text = bare.Replace(text)
			}
			out = append(out, sample{text: text, target: oneHot(class, len(languageClasses)), weight: 1})
		}
	}
	return out, nil
}

func oneHot(class, classes int) []float32 {
	t := make([]float32, classes)
	t[class] = 1
	return t
}

// languageSource is a labelled file whose texts are in one language.
type languageSource struct {
	path, lang string
	most       int
}

var languageSources = []languageSource{
	{"sentiment/en.semeval2013-16.jsonl.gz", "en", 7000},
	{"abuse/en.davidson.jsonl", "en", 2000},
	{"concerns/nhs-feedback.v6.jsonl", "en", 1500},
	{"streams/airlines-2015-02.jsonl.gz", "en", 1500},
	{"sentiment/de.umsab.train.jsonl", "de", 4000},
	{"sentiment/de.potts.train.jsonl", "de", 4000},
	{"abuse/de.germeval2018.train.jsonl", "de", 3000},
	{"sentiment/fi.xed.jsonl.gz", "fi", 6000},
	{"sentiment/fr.umsab.train.jsonl", "fr", 4000},
	{"sentiment/es.umsab.train.jsonl", "es", 4000},
	{"sentiment/it.umsab.train.jsonl", "it", 4000},
	{"sentiment/pt.umsab.train.jsonl", "pt", 4000},
	{"sentiment/ar.umsab.train.jsonl", "ar", 4000},
	{"sentiment/hi.umsab.train.jsonl", "hi", 4000},
	{"sentiment/de.umsab.val.jsonl", "de", 0},
	{"sentiment/fr.umsab.val.jsonl", "fr", 0},
	{"sentiment/es.umsab.val.jsonl", "es", 0},
	{"sentiment/it.umsab.val.jsonl", "it", 0},
	{"sentiment/pt.umsab.val.jsonl", "pt", 0},
	{"sentiment/ar.umsab.val.jsonl", "ar", 0},
	{"sentiment/hi.umsab.val.jsonl", "hi", 0},
}

func classOf(lang string) int {
	for i, c := range languageClasses {
		for _, l := range c {
			if l == lang {
				return i
			}
		}
	}
	return -1
}

// languageSamples reads real posts and adds synthetic ones. Files of which no post is learnt from are held back.
func languageSamples(dir string) ([]sample, error) {
	out, err := synthetic(1200, rand.New(rand.NewPCG(20, 26)))
	if err != nil {
		return nil, err
	}
	for i := range out {
		out[i].held = i%10 == 0
	}
	for _, s := range languageSources {
		rows, err := readRows(dir + "/" + s.path)
		if err != nil {
			return nil, err
		}
		for i := range rows {
			if s.most > 0 && i >= s.most {
				break
			}
			out = append(out, sample{
				text: rows[i].Text, target: oneHot(classOf(s.lang), len(languageClasses)), weight: 1, lang: s.lang,
				held: s.most == 0 || inTenth(rows[i].ID),
			})
		}
	}
	return out, nil
}
