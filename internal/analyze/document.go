package analyze

import "barometer/internal/barometer"

// Input is one text to analyse, as the gate let it through: redacted, without its author.
type Input struct {
	Title      string
	Text       string
	Lang       string // as declared, ISO 639-1, or ""; a prior, not a verdict
	URL        string // canonical, or ""
	RepostOf   string // id of the repeated post, or ""
	Redactions []barometer.Redaction
}

// tokenKind says what a token is.
type tokenKind uint8

const (
	kindWord     tokenKind = iota
	kindNumber             // 12, 3.5, 10:30
	kindHashtag            // without '#', folded as one word
	kindTagPart            // a word inside the hashtag before it, as in #NursesStrike
	kindHandle             // without '@'
	kindURL                // folded to "url"
	kindEmoji              // emoji and emoticons; folded to themselves without skin tone
	kindRedacted           // what the gate put in place of an identifier, such as [nhs number]
)

// tokenFlags say how a token stands in its text.
type tokenFlags uint16

const (
	flagTitle     tokenFlags = 1 << iota // in the title
	flagCapital                          // begins with a capital
	flagAllCaps                          // two or more letters, all capitals
	flagStart                            // first of its sentence
	flagEnd                              // last of its sentence
	flagClauseEnd                        // followed by a comma, colon, dash or bracket
	flagExclaimed                        // its sentence ends with '!'
	flagQuestion                         // its sentence ends with '?'
	flagQuoted                           // between quotation marks
	flagNegated                          // within the scope of a negation
	flagSpaced                           // was written l i k e t h i s
	flagSqueezed                         // had a letter three or more times in a row
)

// token is a unit of a text. Its folded bytes are doc.folded[fstart:fend]; a space stands before and behind them.
type token struct {
	hash         uint64 // of the folded bytes
	stem         uint64 // hash of the stem; equal to hash where there is none
	start, end   uint32 // bytes in the title or the text
	fstart, fend uint32 // bytes in doc.folded
	sentence     uint16 // counted from 0; a title is a sentence
	flags        tokenFlags
	kind         tokenKind
}

func (t *token) is(f tokenFlags) bool { return t.flags&f != 0 }

// document is a text taken apart once, for all steps, in memory that is used again for the next text. A step may read
// everything and write what the step list says it owns.
type document struct {
	in        *Input
	folded    []byte   // " one two three "
	content   []uint64 // scratch of contentWords
	tokens    []token
	sentences int
	exclaims  int // '!' in the text
	questions int // '?' in the text
	letters   int
	capitals  int
	latin     int // letters of Latin script, and below of others
	cyrillic  int
	arabic    int
	indic     int
	greek     int
	east      int // Han, kana, hangul

	// Written by the language step.
	lang     language
	langSure bool     // sure enough to leave out what other languages say
	declared language // by the platform; its words count too

	// Written by the stem step: doc.stems[i] is the stem of token i.
	stems []string

	statements []found // scratch of the severity step
	threat     bool    // written by the severity step, read by the abuse step

	stemmer  stemmer
	concerns concernScratch
	terms    termScratch
	model    modelScratch
}

// word returns the folded bytes of token t.
func (d *document) word(t *token) []byte { return d.folded[t.fstart:t.fend] }

// span returns the text from token a to token b as written, in memory of the input. Both must stand in the same field.
func (d *document) span(a, b *token) string {
	s := d.in.Text
	if a.is(flagTitle) {
		s = d.in.Title
	}
	return s[a.start:b.end]
}

// maxScan is how many bytes of a field are looked at. The gate cuts texts far below; this bounds what a caller who
// passes by the gate can make us do.
const maxScan = 256 << 10

// reset takes in apart.
func (d *document) reset(in *Input) {
	*d = document{
		in: in, declared: languageOf(in.Lang), folded: append(d.folded[:0], ' '), tokens: d.tokens[:0], stems: d.stems[:0], content: d.content[:0], statements: d.statements[:0],
		stemmer: d.stemmer, concerns: d.concerns, terms: d.terms, model: modelScratch{reader: d.model.reader},
	}
	s := scanner{doc: d}
	if in.Title != "" {
		s.scan(in.Title, flagTitle)
	}
	s.scan(in.Text, 0)
	d.sentences = int(s.sentence)
}
