package privacy

import (
	"bytes"
	_ "embed"
	"fmt"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// class is a set of properties of a word.
type class uint64

const (
	isNHS class = 1 << iota
	isCHI
	isHC
	isNINO
	isKVNR
	isSteuer
	isRVNR
	isHetu
	isIBAN
	isCard
	isPhone
	isMail
	isOrder
	isVersion
	isDOB
	isEvent
	isNumWord
	isAddress
	isAt
	isDot
	isTitle
	isTitleShort // a title only with its full stop or a listed name
	isTitleMore  // continues a title
	isRole       // English and Finnish roles: a capital after them is a name
	isRoleWide   // patients and the like: more often without a name
	isRoleDE     // German roles: nouns are capital, so more proof is needed
	isKin
	isKinDE
	isNaming
	isSign
	isPossessive
	isPublic // public office: the name belongs to the news
	isClinical
	isPlace // turns the name before it into a place
	isNotName
	isMonth
	isParticle
	isFirst
	isSur
	isWeak // a name that is also an everyday word
)

var classNames = map[string]class{
	"nhs": isNHS, "chi": isCHI, "hc": isHC, "nino": isNINO, "kvnr": isKVNR, "steuer": isSteuer, "rvnr": isRVNR,
	"hetu": isHetu, "iban": isIBAN, "card": isCard, "phone": isPhone, "mail": isMail, "order": isOrder,
	"version": isVersion, "dob": isDOB, "event": isEvent, "numword": isNumWord, "address": isAddress, "atword": isAt,
	"dotword": isDot, "title": isTitle, "titleshort": isTitleShort, "titlemore": isTitleMore, "role": isRole,
	"rolewide": isRoleWide, "rolede": isRoleDE, "kin": isKin, "kinde": isKinDE, "naming": isNaming, "sign": isSign,
	"possessive": isPossessive, "public": isPublic, "clinical": isClinical, "place": isPlace, "notname": isNotName,
	"month": isMonth, "particle": isParticle, "first": isFirst, "sur": isSur, "weak": isWeak,
}

//go:embed words.txt
var wordsText string

// lexicon holds the classes of every listed word, and the pairs that name institutions.
type lexicon struct {
	words map[string]class
	known map[string]bool
}

// words is built once for the process: it is the same for every Redactor.
var words = sync.OnceValue(func() *lexicon {
	l := &lexicon{words: make(map[string]class, 4096), known: map[string]bool{}}
	for line := range strings.Lines(wordsText) {
		name, list, ok := strings.Cut(line, ": ")
		if !ok || strings.HasPrefix(name, "#") {
			continue
		}
		c := classNames[name]
		if c == 0 && name != "known" {
			panic(fmt.Sprintf("words.txt: unknown class %q", name)) // an embedded file: found by the first test
		}
		for _, w := range strings.Fields(list) {
			if name == "known" {
				l.known[strings.Replace(w, "+", " ", 1)] = true
				continue
			}
			l.words[w] |= c
		}
	}
	for stem, c := range finnishStems {
		for _, ending := range finnishEndings {
			l.words[stem+ending] |= c
		}
	}
	return l
})

// finnishStems are words that take endings; Finnish inflects what English puts a preposition before.
var finnishStems = map[string]class{
	"hoitaja": isRole, "sairaanhoitaja": isRole, "lähihoitaja": isRole, "osastonhoitaja": isRole, "lääkäri": isRole,
	"omalääkäri": isRole, "erikoislääkäri": isRole, "kirurgi": isRole, "kätilö": isRole, "fysioterapeutti": isRole,
	"fysioterapeuti": isRole, "psykologi": isRole, "omahoitaja": isRole, "terveydenhoitaja": isRole, "ensihoitaja": isRole,
	"hammaslääkäri": isRole, "ylilääkäri": isRole, "apulaisylilääkäri": isRole, "potilas": isRoleWide, "potilaa": isRoleWide,
	"tohtori": isTitle, "rouva": isTitle, "herra": isTitle, "neiti": isTitle, "professori": isTitle,
	"äiti": isKin, "äidi": isKin, "isä": isKin, "mummo": isKin, "mummi": isKin, "ukki": isKin, "vaari": isKin,
	"pappa": isKin, "vaimo": isKin, "mies": isKin, "miehe": isKin, "poika": isKin, "poja": isKin, "tytär": isKin,
	"tyttäre": isKin, "sisko": isKin, "veli": isKin, "velje": isKin, "ystävä": isKin, "naapuri": isKin, "isoäiti": isKin,
	"isoisä": isKin, "täti": isKin, "tädi": isKin, "setä": isKin, "eno": isKin, "puoliso": isKin, "lapse": isKin, "vauva": isKin,
	"anoppi": isKin, "anopi": isKin, "appi": isKin, "tyttö": isKin, "serkku": isKin, "kaveri": isKin,
}

var finnishEndings = []string{"", "n", "a", "ä", "ta", "tä", "lle", "lta", "ltä", "lla", "llä", "ssa", "ssä", "sta", "stä",
	"na", "nä", "ni", "mme", "nsa", "nsä", "si", "lleni", "ltani", "ltäni", "llani", "lläni", "ani", "äni", "tani", "täni",
	"llemme", "nne", "an", "än", "han", "ksi", "s", "seni", "kseni", "t", "mieheni"}

// lookup returns the classes of a word as written. buf is scratch.
func (l *lexicon) lookup(word []byte, buf *[64]byte) class {
	if len(word) > len(buf)-utf8.UTFMax {
		return 0
	}
	n, cut := 0, -1
	for i := 0; i < len(word); {
		c := word[i]
		switch {
		case c >= 'A' && c <= 'Z':
			buf[n] = c | 0x20
			n++
			i++
		case c < utf8.RuneSelf:
			if c == '-' && cut < 0 {
				cut = n
			}
			buf[n] = c
			n++
			i++
		default:
			r, size := utf8.DecodeRune(word[i:])
			if n+utf8.UTFMax > len(buf) {
				return 0
			}
			n += utf8.EncodeRune(buf[n:], unicode.ToLower(r))
			i += size
		}
	}
	c, ok := l.words[string(buf[:n])]
	if ok {
		return c
	}
	if n > 3 && buf[n-2] == '\'' && buf[n-1] == 's' {
		return l.words[string(buf[:n-2])] &^ (isTitle | isRole | isRoleWide)
	}
	if bytes.Contains(buf[:n], []byte("minister")) {
		return isPublic // "Gesundheitsminister", "terveysministeri"
	}
	if cut > 0 { // "IBAN-Nummer", "Handy-Nr", "Anna-Lena", "Müller-Lüdenscheidt"
		const inherited = isNHS | isCHI | isKVNR | isSteuer | isRVNR | isHetu | isIBAN | isCard | isPhone | isMail | isFirst | isSur
		return l.words[string(buf[:cut])] & inherited
	}
	return 0
}
