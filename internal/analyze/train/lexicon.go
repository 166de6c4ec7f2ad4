package train

import (
	"embed"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Our own lists of words that praise and blame: a valence, then its words; "word*" stands for all words that begin so.
//
//go:embed lexicon/*.txt
var ownLexicons embed.FS

// afinnLanguages have an AFINN list in the data directory (Apache-2.0). Our own entries go before its.
var afinnLanguages = map[string]bool{"en": true, "fi": true, "sv": true, "fr": true, "pl": true}

// lexicon returns the valence, -5 to 5, of the words of the languages.
func lexicon(dir string, langs ...string) (map[string]float32, error) {
	out := map[string]float32{}
	for _, lang := range langs {
		if afinnLanguages[lang] {
			b, err := os.ReadFile(filepath.Join(dir, "lexicons", "AFINN-"+lang+"-165.txt"))
			if err != nil {
				return nil, fmt.Errorf("read lexicon: %w", err)
			}
			for line := range strings.Lines(string(b)) {
				word, value, _ := strings.Cut(strings.TrimSpace(line), "\t")
				var v float32
				if _, err := fmt.Sscan(value, &v); err == nil {
					out[word] = v
				}
			}
		}
		b, err := ownLexicons.ReadFile("lexicon/" + lang + ".txt")
		if err != nil {
			return nil, fmt.Errorf("read lexicon: %w", err)
		}
		for line := range strings.Lines(string(b)) {
			fields := strings.Fields(line)
			var v float32
			if _, err := fmt.Sscan(fields[0], &v); err != nil {
				return nil, fmt.Errorf("read lexicon: %s: %q: %w", lang, fields[0], err)
			}
			for _, w := range fields[1:] {
				out[w] = v * ownScale
			}
		}
	}
	return out, nil
}

// ownScale brings our steps, -3 to 3, to the scale of AFINN.
const ownScale = 1.3
