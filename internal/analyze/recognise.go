package analyze

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"
)

// joinsLetters says whether the apostrophe of n bytes at i stands between two letters.
func joinsLetters(s string, i, n int) bool {
	return i > 0 && i+n < len(s) && (asciiFold[s[i-1]] >= 'a' || s[i-1] >= utf8.RuneSelf) &&
		(asciiFold[s[i+n]] >= 'a' || (s[i+n] >= 0xC3 && s[i+n] < 0xD5))
}

// isInitialism says whether the full stop at i stands between or after single letters, as in N.H.S. or z.B.
func isInitialism(s string, start, i int) bool {
	for k := start; k < i; k += 2 {
		if asciiFold[s[k]] < 'a' || (k+1 < i && s[k+1] != '.') {
			return false
		}
	}
	if (i-start)%2 == 0 {
		return false
	}
	next := i+1 < len(s) && asciiFold[s[i+1]] >= 'a' && (i+2 == len(s) || asciiFold[s[i+2]] == 0)
	return next && (i+2 == len(s) || s[i+2] == '.' || s[i+2] == ' ' || i > start+1)
}

func isCapital(s string) bool {
	if s[0] < utf8.RuneSelf {
		return s[0] >= 'A' && s[0] <= 'Z'
	}
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.IsUpper(r)
}

// isURL says whether s begins with a web address.
func isURL(s string) bool {
	if len(s) < 5 {
		return false
	}
	switch {
	case s[0]|0x20 == 'h':
		return len(s) > 8 && strings.EqualFold(s[:4], "http") && (strings.HasPrefix(s[4:], "://") || s[4]|0x20 == 's' && strings.HasPrefix(s[5:], "://"))
	default:
		return strings.EqualFold(s[:4], "www.")
	}
}

// isEmoji says whether r is a pictograph. Arrows, box drawing and the like are not.
func isEmoji(r rune) bool {
	switch {
	case r >= 0x1F000 && r <= 0x1FAFF:
		return true
	case r >= 0x2600 && r <= 0x27BF:
		return true
	case r == 0x2B50 || r == 0x2B55 || r == 0x203C || r == 0x2049:
		return true
	}
	return false
}

// isWideStandalone says whether r belongs to a script written without spaces, where each character is a token.
func isWideStandalone(r rune) bool {
	return r >= 0x2E80 && r < 0xA000 || r >= 0xF900 && r < 0xFB00 || r >= 0x20000 && r < 0x32000
}

// emoticon returns the length of the emoticon that s begins with, or 0.
func emoticon(s string) int {
	if len(s) < 2 {
		return 0
	}
	if s[0] == '<' && s[1] == '3' {
		return 2
	}
	if s[0] != ':' && s[0] != ';' && s[0] != '=' {
		return 0
	}
	n := 1
	if s[n] == '\'' {
		n++
	}
	if n < len(s) && (s[n] == '-' || s[n] == 'o') {
		n++
	}
	if n >= len(s) || !strings.ContainsRune(")(DPp|/\\*O]", rune(s[n])) {
		return 0
	}
	if s[n] == '/' && n+1 < len(s) && s[n+1] == '/' { // ://
		return 0
	}
	if n+1 < len(s) && asciiFold[s[n+1]] != 0 {
		return 0
	}
	n++
	for n < len(s) && s[n] == s[n-1] {
		n++
	}
	return n
}

// placeholder returns the length of the redaction mark that s begins with, such as "[nhs number]", or 0.
func placeholder(s string) int {
	n := strings.IndexByte(s, ']')
	if n < 4 || n > 24 {
		return 0
	}
	inner := s[1:n]
	for i := range len(inner) {
		if c := inner[i]; (c < 'a' || c > 'z') && c != ' ' && c != '_' {
			return 0
		}
	}
	if !bytes.Contains(redactionMarks, []byte("|"+strings.ReplaceAll(inner, "_", " ")+"|")) {
		return 0
	}
	return n + 1
}

// redactionMarks are the words that stand in place of what was redacted.
var redactionMarks = []byte("|nhs number|chi number|hc number|nino|uk postcode|postcode|date of birth|phone|email|iban|" +
	"card|ip address|kvnr|steuer id|rvnr|henkilotunnus|handle|person name|name|name redacted|")
