package privacy

// The check digits. Every function takes the compact, upper-case form and trusts its length.

// mod11 holds for NHS, CHI and Health and Care numbers: weights 10 to 1 sum to a multiple of 11.
func mod11(d []byte) bool {
	sum := 0
	for i, c := range d[:10] {
		sum += int(c-'0') * (10 - i)
	}
	return sum%11 == 0
}

func luhn(d []byte) bool {
	sum := 0
	for i := range d {
		v := int(d[len(d)-1-i] - '0')
		if i%2 == 1 {
			if v *= 2; v > 9 {
				v -= 9
			}
		}
		sum += v
	}
	return sum%10 == 0
}

// cardIIN says whether an issuer gives out cards that begin like this and are as long.
func cardIIN(d []byte) bool {
	n, p2, p4 := len(d), int(d[0]-'0')*10+int(d[1]-'0'), 0
	for _, c := range d[:4] {
		p4 = p4*10 + int(c-'0')
	}
	switch {
	case d[0] == '4':
		return n == 13 || n == 16 || n == 19
	case p2 >= 51 && p2 <= 55, p4 >= 2221 && p4 <= 2720:
		return n == 16
	case p2 == 34, p2 == 37:
		return n == 15
	case p2 == 36, p2 == 38, p4 >= 3000 && p4 <= 3059:
		return n == 14
	case p4 == 6011, p2 == 65, p4 >= 6440 && p4 <= 6499, p4 >= 3528 && p4 <= 3589:
		return n == 16
	case p2 == 50, p2 >= 56 && p2 <= 58, p2 == 63, p2 == 67:
		return n >= 16 && n <= 19
	}
	return false
}

// ibanLength is the length of the countries' account numbers (ISO 13616 registry).
var ibanLength = map[string]int{
	"AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BR": 29, "BY": 28, "CH": 21,
	"CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18, "FO": 18, "FR": 27,
	"GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IQ": 23, "IS": 26,
	"IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "MC": 27, "MD": 24, "ME": 22,
	"MK": 19, "MR": 27, "MT": 31, "MU": 30, "NL": 18, "NO": 15, "PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24,
	"RS": 22, "SA": 24, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "TN": 24, "TR": 26, "UA": 29, "VG": 24, "XK": 20,
}

// mod97 is the check of an IBAN: country and check digits moved to the end, letters as 10 to 35, remainder 1.
func mod97(c []byte) bool {
	r := 0
	for i := range c {
		switch b := c[(i+4)%len(c)]; {
		case b <= '9':
			r = (r*10 + int(b-'0')) % 97
		default:
			r = (r*100 + int(b-'A') + 10) % 97
		}
	}
	return r == 1
}

// crossSum is the sum of the decimal digits of a number below 100.
func crossSum(v int) int { return v/10 + v%10 }

// kvnrCheck: the letter counts as 01 to 26, weights 1 2 1 2 ..., cross-sums, modulus 10.
func kvnrCheck(c []byte) bool {
	l := int(c[0]-'A') + 1
	sum := l/10 + crossSum(2*(l%10))
	for i, d := range c[1:9] {
		sum += crossSum(int(d-'0') * (1 + i%2))
	}
	return sum%10 == int(c[9]-'0')
}

// steuerCheck: ISO 7064 mod 11,10; among the first ten digits one occurs two or three times, the others once or not.
func steuerCheck(c []byte) bool {
	if c[0] == '0' {
		return false
	}
	var seen [10]int
	product := 10
	for _, d := range c[:10] {
		seen[d-'0']++
		s := (int(d-'0') + product) % 10
		if s == 0 {
			s = 10
		}
		product = s * 2 % 11
	}
	repeated := 0
	for _, n := range seen {
		if n > 3 {
			return false
		}
		if n > 1 {
			repeated++
		}
	}
	return repeated == 1 && (11-product)%10 == int(c[10]-'0')
}

// rvnrCheck: area, date of birth, initial, serial; weights 2 1 2 5 7 1 2 1 2 1 2 1 over the letter as two digits,
// cross-sums, modulus 10. Days above 50 mark a second number for one birthday.
func rvnrCheck(c []byte) bool {
	day := two(c[2:])
	if day > 50 {
		day -= 50
	}
	if m := two(c[4:]); day < 1 || day > 31 || m < 1 || m > 12 {
		return false
	}
	weights := [12]int{2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1}
	l := int(c[8]-'A') + 1
	digits := [12]int{}
	for i := range 8 {
		digits[i] = int(c[i] - '0')
	}
	digits[8], digits[9], digits[10], digits[11] = l/10, l%10, int(c[9]-'0'), int(c[10]-'0')
	sum := 0
	for i, d := range digits {
		sum += crossSum(d * weights[i])
	}
	return sum%10 == int(c[11]-'0')
}

const hetuSigns = "0123456789ABCDEFHJKLMNPRSTUVWXY"

// hetuCheck takes DDMMYY, NNN and the check character without the century sign.
func hetuCheck(c []byte) bool {
	if !validDate(two(c), two(c[2:]), 2000) && !validDate(two(c), two(c[2:]), 1900+two(c[4:])) {
		return false
	}
	n := 0
	for _, d := range c[:9] {
		n = n*10 + int(d-'0')
	}
	return hetuSigns[n%31] == c[9]
}

func two(c []byte) int { return int(c[0]-'0')*10 + int(c[1]-'0') }

func validDate(day, month, year int) bool {
	if day < 1 || month < 1 || month > 12 {
		return false
	}
	days := [13]int{0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}[month]
	if month == 2 && year%4 == 0 && (year%100 != 0 || year%400 == 0) {
		days = 29
	}
	return day <= days
}
