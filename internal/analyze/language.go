package analyze

// language is one of the languages the pipeline tells apart.
type language uint8

// The languages. Their order is part of the trained models.
const (
	langOther language = iota
	langEN
	langDE
	langFI
	langSV
	langFR
	langES
	langIT
	langPT
	langNL
	langPL
	langAR
	langHI
	languages // how many there are
)

var languageCodes = [languages]string{"other", "en", "de", "fi", "sv", "fr", "es", "it", "pt", "nl", "pl", "ar", "hi"}

// String returns the ISO 639-1 code, or "other".
func (l language) String() string { return languageCodes[l] }

// languageOf returns the language of a declared code such as "de", "de-AT" or "de_DE"; langOther for any other code and
// for none.
func languageOf(code string) language {
	if len(code) > 2 && (code[2] == '-' || code[2] == '_') {
		code = code[:2]
	}
	for l, c := range languageCodes {
		if len(code) == 2 && code[0]|0x20 == c[0] && code[1]|0x20 == c[1] && language(l) != langOther {
			return language(l)
		}
	}
	return langOther
}
