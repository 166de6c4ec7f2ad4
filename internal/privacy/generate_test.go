package privacy

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// Invented identifiers. Where an issuer keeps a range free for documentation, it is used; the others are drawn until the
// check digit is right, so they look real and belong, if anybody, to chance.

func digits(r *rand.Rand, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte('0' + r.IntN(10))
	}
	return string(b)
}

// until draws from gen until check accepts the result.
func until(gen func() string, check func([]byte) bool) string {
	for {
		if s := gen(); check([]byte(s)) {
			return s
		}
	}
}

func pick[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }

// group inserts sep after the given numbers of characters.
func group(s, sep string, sizes ...int) string {
	var b strings.Builder
	for i, n := range sizes {
		if i > 0 {
			b.WriteString(sep)
		}
		b.WriteString(s[:n])
		s = s[n:]
	}
	b.WriteString(s)
	return b.String()
}

func dayMonthYear(r *rand.Rand) (d, m, y int) {
	return 1 + r.IntN(28), 1 + r.IntN(12), 1930 + r.IntN(70)
}

var months = map[string][]string{
	"en": {"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"},
	"de": {"Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November", "Dezember"},
	"fi": {"tammikuuta", "helmikuuta", "maaliskuuta", "huhtikuuta", "toukokuuta", "kesäkuuta", "heinäkuuta", "elokuuta", "syyskuuta",
		"lokakuuta", "marraskuuta", "joulukuuta"},
}

func dateIn(r *rand.Rand, lang string) string {
	d, m, y := dayMonthYear(r)
	month := months[lang][m-1]
	switch lang {
	case "en":
		return pick(r, fmt.Sprintf("%02d/%02d/%d", d, m, y), fmt.Sprintf("%d/%d/%02d", d, m, y%100), fmt.Sprintf("%d %s %d", d, month, y),
			fmt.Sprintf("%dth of %s %d", d, month, y), fmt.Sprintf("%s %d, %d", month, d, y), fmt.Sprintf("%d-%02d-%02d", y, m, d),
			fmt.Sprintf("%02d.%02d.%d", d, m, y))
	case "de":
		return pick(r, fmt.Sprintf("%02d.%02d.%d", d, m, y), fmt.Sprintf("%d.%d.%02d", d, m, y%100), fmt.Sprintf("%d. %s %d", d, month, y))
	}
	return pick(r, fmt.Sprintf("%d.%d.%d", d, m, y), fmt.Sprintf("%d. %s %d", d, month, y), fmt.Sprintf("%02d.%02d.%d", d, m, y))
}

func ibanFor(r *rand.Rand, country string, n int) string {
	return until(func() string { return country + digits(r, n-2) }, mod97)
}

var people = map[string][2][]string{
	"en": {{"Margaret", "Jane", "Sarah", "Priya", "Mohammed", "Alistair", "Niamh", "Kwame", "Agnieszka", "Derek"},
		{"Jones", "Doe", "Thompson", "Patel", "O'Brien", "Okafor", "Smith-Jones", "McDonald", "Featherstonehaugh", "Kowalska"}},
	"de": {{"Anna", "Hildegard", "Max", "Jürgen", "Ayşe", "Lieselotte", "Karl-Heinz", "Fatma", "Wolfgang", "Monika"},
		{"Klein", "Müller", "Mustermann", "Schröder", "Yılmaz", "Schneider", "von Berg", "Kowalczyk", "Lüdenscheidt", "Brandt"}},
	"fi": {{"Anna", "Matti", "Aino", "Juha", "Pirkko", "Eero", "Marja-Leena", "Tuula", "Väinö", "Sanna"},
		{"Virtanen", "Korhonen", "Meikäläinen", "Mäkinen", "Nieminen", "Lahtinen", "Järvinen", "Heikkilä", "Karppinen", "Ylikangas"}},
}

var generators = map[string]func(r *rand.Rand, lang string) string{
	NHSNumber: func(r *rand.Rand, _ string) string {
		n := until(func() string { return "999" + digits(r, 7) }, mod11)
		return pick(r, group(n, " ", 3, 3, 4), group(n, "-", 3, 3, 4), group(n, "\u00a0", 3, 3, 4))
	},
	"nhs_run": func(r *rand.Rand, _ string) string {
		return until(func() string { return "999" + digits(r, 7) }, mod11)
	},
	CHINumber: func(r *rand.Rand, _ string) string {
		d, m, y := dayMonthYear(r)
		n := until(func() string { return fmt.Sprintf("%02d%02d%02d%s", d, m, y%100, digits(r, 4)) }, mod11)
		return pick(r, n, group(n, " ", 6, 4), group(n, " ", 3, 3, 4))
	},
	HCNumber: func(r *rand.Rand, _ string) string {
		n := until(func() string { return pick(r, "32", "35", "39") + digits(r, 8) }, mod11)
		return pick(r, n, group(n, " ", 3, 3, 4))
	},
	NINO: func(r *rand.Rand, _ string) string {
		n := pick(r, "QQ", "AB", "JT", "CE") + digits(r, 6) + pick(r, "A", "B", "C", "D")
		return pick(r, n, group(n, " ", 2, 2, 2, 2, 1), strings.ToLower(n), group(n, "-", 2, 2, 2, 2, 1))
	},
	UKPostcode: func(r *rand.Rand, _ string) string {
		return pick(r, "SW1A 1AA", "M1 1AE", "LS1 3EX", "CR2 6XH", "DN55 1PT", "EC1A 1BB", "W1A 0AX", "B33 8TH", "LS13EX", "ec1a 1bb")
	},
	DateOfBirth: dateIn,
	Phone: func(r *rand.Rand, lang string) string {
		switch lang {
		case "en":
			n := digits(r, 3)
			return pick(r, "01632 960"+n, "07700 900"+n, "07700900"+n, "020 7946 0"+n, "+44 7700 900"+n, "+44 (0)20 7946 0"+n, "(01632) 960"+n,
				"0113 496 0"+n, "0044 7700 900"+n, "07700-900-"+n, "+44\u00a07700\u00a0900"+n)
		case "de":
			n := digits(r, 3)
			return pick(r, "030 23125 "+n, "030/23125"+n, "0171 39200"+n[:2], "+49 171 39200"+n[:2], "+49 (0)30 23125-"+n, "0049 30 23125"+n,
				"(030) 23125-"+n, "0152 28817386", "089 99998-"+n)
		}
		n := digits(r, 4)
		return pick(r, "040 123 "+n, "050-123"+n, "+358 40 123 "+n, "+35840123"+n, "09 4711 "+n, "0401 23"+n, "044 123"+n)
	},
	Email: func(r *rand.Rand, lang string) string {
		n := digits(r, 2)
		if lang == "de" {
			return pick(r, "anna.klein"+n+"@example.org", "a.klein (at) example (punkt) de", "anna ät example.org", "Anna_K@mail.example.de", "klein[at]example.de")
		}
		return pick(r, "jane.doe"+n+"@example.org", "jane (at) example dot uk", "j.doe@mail.example.co.uk", "jane.doe [at] example [dot] org",
			"jane＠example.org", "jdoe"+n+" at example dot com", "Jane.Doe+nhs@EXAMPLE.COM")
	},
	IBAN: func(r *rand.Rand, lang string) string {
		n := map[string]func() string{
			"en": func() string {
				return until(func() string { return "GB" + digits(r, 2) + "WEST" + digits(r, 14) }, mod97)
			},
			"de": func() string { return ibanFor(r, "DE", 22) },
			"fi": func() string { return ibanFor(r, "FI", 18) },
		}[lang]()
		return pick(r, n, group(n, " ", 4, 4, 4, 4), strings.ToLower(n))
	},
	Card: func(r *rand.Rand, _ string) string {
		n := until(func() string { return pick(r, "4", "52", "2221") + digits(r, 15) }, func(b []byte) bool { return luhn(b[:16]) })[:16]
		return pick(r, n, group(n, " ", 4, 4, 4, 4), group(n, "-", 4, 4, 4, 4))
	},
	IPAddress: func(r *rand.Rand, _ string) string {
		return pick(r, fmt.Sprintf("192.0.2.%d", r.IntN(256)), fmt.Sprintf("198.51.100.%d", r.IntN(256)), "2001:db8::8a2e:370:7334",
			"2001:0db8:85a3:0000:0000:8a2e:0370:7334", "fe80::1ff:fe23:4567:890a")
	},
	KVNR: func(r *rand.Rand, _ string) string {
		n := until(func() string { return string(rune('A'+r.IntN(26))) + digits(r, 9) }, kvnrCheck)
		return pick(r, n, strings.ToLower(n), group(n, " ", 1, 3, 3, 3))
	},
	SteuerID: func(r *rand.Rand, _ string) string {
		n := until(func() string { return digits(r, 11) }, steuerCheck)
		return pick(r, n, group(n, " ", 2, 3, 3, 3))
	},
	RVNR: func(r *rand.Rand, _ string) string {
		d, m, y := dayMonthYear(r)
		n := until(func() string {
			return fmt.Sprintf("%d%02d%02d%02d%c%s", 10+r.IntN(80), d, m, y%100, 'A'+rune(r.IntN(26)), digits(r, 3))
		}, rvnrCheck)
		return pick(r, n, group(n, " ", 2, 6, 1, 3))
	},
	Henkilotunnus: func(r *rand.Rand, _ string) string {
		d, m, y := dayMonthYear(r)
		n := until(func() string {
			return fmt.Sprintf("%02d%02d%02d9%s%c", d, m, y%100, digits(r, 2), hetuSigns[r.IntN(31)])
		}, hetuCheck)
		s := n[:6] + pick(r, "-", "-", "A", "Y", "X", "B", "–") + n[6:]
		return pick(r, s, s, strings.ToLower(s))
	},
	Handle: func(r *rand.Rand, _ string) string {
		return pick(r, "@jane_doe"+digits(r, 2), "@MattiM", "@klein.anna", "@jane@social.example.org", "@user123")
	},
	PersonName: func(r *rand.Rand, lang string) string {
		p := people[lang]
		return pick(r, p[0]...) + " " + pick(r, p[1]...)
	},
	"surname": func(r *rand.Rand, lang string) string { return pick(r, people[lang][1]...) },
	"given":   func(r *rand.Rand, lang string) string { return pick(r, people[lang][0]...) },
}

// kindOf is the kind that a placeholder stands for.
func kindOf(placeholder string) string {
	switch placeholder {
	case "nhs_run":
		return NHSNumber
	case "surname", "given":
		return PersonName
	}
	return placeholder
}
