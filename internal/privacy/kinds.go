package privacy

import "strings"

// The kinds of identifier, as they stand in barometer.Redaction.
const (
	NHSNumber     = "nhs_number"    // England, Wales, Isle of Man: 10 digits, modulus 11
	CHINumber     = "chi_number"    // Scotland: date of birth and 4 digits, modulus 11
	HCNumber      = "hc_number"     // Northern Ireland, Health and Care: 320 000 0001 to 399 999 9999, modulus 11
	NINO          = "nino"          // UK national insurance number
	UKPostcode    = "uk_postcode"   // with a person nearby; the outward part stays readable
	DateOfBirth   = "date_of_birth" // a date that a word calls a birthday
	Phone         = "phone"         // not the published helplines
	Email         = "email"         // also "name (at) host dot uk"
	IBAN          = "iban"          // ISO 13616, modulus 97
	Card          = "card"          // payment card, Luhn
	IPAddress     = "ip_address"    // version 4 and 6
	KVNR          = "kvnr"          // German health insurance number
	SteuerID      = "steuer_id"     // German tax identification number, ISO 7064 mod 11,10
	RVNR          = "rvnr"          // German pension insurance number
	Henkilotunnus = "henkilotunnus" // Finnish personal identity code, with the century signs of 2023
	Handle        = "handle"        // @name, @name@server
	PersonName    = "person_name"   // near a title, a role, a relation or a clinical context
)

// Kinds lists every kind.
var Kinds = []string{NHSNumber, CHINumber, HCNumber, NINO, UKPostcode, DateOfBirth, Phone, Email, IBAN, Card, IPAddress,
	KVNR, SteuerID, RVNR, Henkilotunnus, Handle, PersonName}

// Token returns what replaces an identifier of the kind: "[nhs number]".
func Token(kind string) string { return "[" + strings.ReplaceAll(kind, "_", " ") + "]" }

// rank orders kinds for overlaps of equal length: the one that proves more about itself wins.
var rank = func() map[string]int {
	m := make(map[string]int, len(Kinds))
	for i, k := range []string{PersonName, UKPostcode, Phone, Handle, IPAddress, Card, NHSNumber, HCNumber, CHINumber,
		SteuerID, DateOfBirth, NINO, KVNR, RVNR, Henkilotunnus, IBAN, Email} {
		m[k] = i
	}
	return m
}()
