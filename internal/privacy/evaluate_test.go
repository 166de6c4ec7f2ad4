package privacy

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// templates are sentences with {kind} where an identifier goes; those without hold traps only.
var templates = map[string][]string{
	"en": {
		"My NHS number is {nhs_number} and nobody can find my notes",
		"NHS no: {nhs_run} please help @LeedsTrust",
		"nhs no. {nhs_run}, been waiting 6 weeks",
		"They read out {nhs_number} in the waiting room!!",
		"patient nhs number {nhs_run} lost again",
		"CHI {chi_number} was on the letter I got by mistake",
		"My CHI number: {chi_number}",
		"H&C number {hc_number} not found they said",
		"health and care number {hc_number} on the form",
		"NI number {nino} was printed on the envelope",
		"my national insurance number is {nino} apparently",
		"{nino} is on the form in plain sight",
		"Mrs {person_name} lives at 12 High Street, {uk_postcode}",
		"My postcode is {uk_postcode} and no ambulance came",
		"DOB {date_of_birth}, admitted to A&E on 3 May 2025",
		"d.o.b. {date_of_birth} hip replacement",
		"date of birth: {date_of_birth}",
		"she was born on {date_of_birth} and never been ill before",
		"Mum, born {date_of_birth}, waited nine hours",
		"{person_name} (dob {date_of_birth}) is still on a trolley",
		"Call me on {phone} if you have news",
		"my mobile is {phone}, ring any time",
		"Ring me: {phone}.",
		"{phone} is my number, nobody rang back",
		"please email {email} about the ward",
		"contact: {email}",
		"reach me at {email} thanks",
		"they refunded the parking to {iban} after a month",
		"IBAN {iban} for the donation",
		"card number {card} was read aloud at the desk",
		"paid with {card} and got charged twice",
		"logged in from {ip_address} to the patient portal",
		"my IP is {ip_address}",
		"{handle} have you seen the state of ward 5?",
		"RT {handle}: nurses are heroes",
		"well said {handle}!",
		"Mrs {person_name} on ward 5 was left for hours",
		"Dr {surname} was rude to my mum",
		"dr. {surname} in A&E is brilliant",
		"my mum {person_name} is on ward 7",
		"My dad, {person_name}, died waiting for an ambulance",
		"Nurse {person_name} was an angel",
		"the consultant Mr {surname} never came",
		"thank you to sister {given} on the maternity ward",
		"patient {person_name} was discharged without notes",
		"{person_name} was admitted to hospital yesterday",
		"midwife {given} held my hand for hours",
		"Patient name: {person_name}",
		"Prof {surname} said the scan was lost",
		// traps
		"Waited from 08:30 to 16:45 in A&E, parking cost £12.50",
		"Order number 4857773456 still not delivered to the hospital shop",
		"ref 07700900123456 for the complaint",
		"Call 111 or 999, Samaritans 116 123, Childline 0800 1111",
		"Ward 12 bed 4 had no water on 12/03/2025",
		"My appointment on 3 May 2025 at 10.30 was cancelled",
		"#NHS75 #ward5 1,234,567 people on the list in 2024/25",
		"https://x.com/i/status/1234567890123456789 shocking",
		"https://www.example.org/news/2025/03/12/article-9434765919",
		"The Queen Elizabeth Hospital and Royal Victoria Infirmary are full",
		"St Mary's Hospital, Praed Street, W2 1NY",
		"Great Ormond Street nurses go on strike on Monday",
		"Nurse Practitioner appointments only, Dr Google says no",
		"Health Secretary Wes Streeting visits the hospital",
		"Look at example.org or meet me at 10",
		"tickets are 2 @ £5, doors 7pm @ 8",
		"version 1.2.3.4 of the NHS app crashes",
		"NHS has 1 500 000 000 in debt and 7 600 000 waiting",
		"Florence Nightingale would weep. Marie Curie nurses are great",
		"Room 101, level 3, 24/7, 50-60 people, 1-0 to us",
		"It took 3.5 hours, 2 nurses and 1 doctor. May God help us",
		"My mum was in hospital for 10 days. The doctor was late. Nurse was kind.",
		"She was born in Leeds and had an appointment on 12/03/2025",
		"MS Society and the Royal College of Nursing respond",
		"our mum Still waiting, score 123-456-7890, article BA12345",
		"ISBN 9780141036144 is a good read, barcode 5012345678900",
	},
	"de": {
		"Meine KVNR {kvnr} stand offen auf dem Bildschirm",
		"Versichertennummer: {kvnr} wurde laut vorgelesen",
		"{kvnr} auf dem Aushang im Flur, unfassbar",
		"Steuer-ID {steuer_id} auf dem Formular der Klinik",
		"meine Identifikationsnummer lautet {steuer_id}",
		"Rentenversicherungsnummer {rvnr} per Fax verschickt",
		"SV-Nummer {rvnr} stimmt nicht",
		"Frau {person_name}, geb. {date_of_birth}, liegt auf Station 4",
		"geboren am {date_of_birth}, seit gestern in der Notaufnahme",
		"Geburtsdatum: {date_of_birth}",
		"Mein Vater ({date_of_birth} geboren) wartet noch immer",
		"Rufen Sie mich an: {phone}",
		"Tel. {phone}, bitte um Rückruf",
		"meine Handynummer ist {phone}",
		"erreichbar unter {phone} ab 8 Uhr",
		"Schreiben Sie an {email} bitte",
		"E-Mail: {email}",
		"Mail an {email} blieb ohne Antwort",
		"Geld bitte auf {iban} zurück",
		"IBAN: {iban}",
		"Kreditkarte {card} doppelt belastet",
		"Zugriff von {ip_address} auf die Patientenakte",
		"{handle} haben Sie die Wartezeit gesehen?",
		"Danke {handle}, genau so ist es",
		"Dr. {surname} hat sich keine Zeit genommen",
		"Herr {surname} von der Pflege war großartig",
		"Frau Dr. {surname} ist die beste Ärztin",
		"Prof. Dr. med. {person_name} operierte meine Mutter",
		"Schwester {person_name} war sehr nett",
		"Schwester {given} von Station 3 hat geholfen",
		"Pfleger {person_name} hat uns angeschrien",
		"meine Mutter {person_name} liegt seit Montag im Krankenhaus",
		"Mein Opa {person_name} wurde einfach entlassen",
		"Patient {person_name} wurde verwechselt",
		"Oberarzt Dr. {surname} kam nie",
		"{person_name} liegt auf Station 5 im Klinikum",
		"Name: {person_name}, Zimmer 12",
		"die Hebamme {person_name} war wunderbar",
		"wohnt in 10115 Berlin, Tel {phone}",
		// traps
		"Termin am 12.03.2025 um 10:30 Uhr abgesagt, Parken 2,50 €",
		"Wartezeit von 08.30-16.00 Uhr, unmöglich",
		"Bestellnummer 86095742719 ist weg",
		"Rechnung Nr. 0302312500012 vom 3. Mai 2025",
		"Notruf 112, Bereitschaftsdienst 116117, Telefonseelsorge 0800 1110111",
		"Zimmer 12, Bett 3, Station 5B, 24/7 besetzt",
		"Das Robert Koch Institut meldet 12.345 Fälle",
		"Meine Frau Schmerzen ohne Ende und der Arzt kam nicht",
		"Meine Frau hatte Angst, die Schwester Stress, der Patient Fieber",
		"Gesundheitsminister Karl Lauterbach besucht das Krankenhaus",
		"Die Klinik wurde am 1.4.1985 gegründet und 2020 renoviert",
		"#Pflegenotstand2025 7.500.000 Euro fehlen",
		"https://www.example.de/artikel/1234567890.html lesen",
		"Version 2.10.3.1 der App stürzt ab",
		"Frau Ministerin, Herr Minister, tun Sie etwas!",
		"Im St. Josef Krankenhaus und im Klinikum Großhadern ist alles voll",
		"Paul Gerhardt Stift und Elisabeth Krankenhaus schließen",
		"Der Arzt Termin war um 9, die Schwester Station 3 wusste nichts",
		"Dr. Oetker Pizza und Herr der Ringe auf Station 3",
		"PLZ 80331 München, Konto leer, 100 000 Menschen",
		"Patient Experience und Chefarzt Visite ohne Ende",
	},
	"fi": {
		"Hetu {henkilotunnus} näkyi kaikille odotustilassa",
		"henkilötunnukseni on {henkilotunnus} ja se oli väärin",
		"lapussa luki {henkilotunnus} isolla",
		"sotu: {henkilotunnus}",
		"potilas {person_name}, s. {date_of_birth}",
		"äitini, syntynyt {date_of_birth}, odotti kahdeksan tuntia",
		"syntymäaika {date_of_birth}",
		"synt. {date_of_birth} osastolla 5",
		"Soittakaa minulle {phone}",
		"puh. {phone} jos tiedätte jotain",
		"numeroni on {phone}",
		"Minut tavoittaa numerosta {phone} iltaisin",
		"lähettäkää sähköposti {email}",
		"sposti: {email}",
		"maksakaa tilille {iban}",
		"IBAN {iban} kiitos",
		"luottokortin numero {card} luettiin ääneen",
		"kirjautui osoitteesta {ip_address} Kantaan",
		"{handle} oletko nähnyt jonot päivystyksessä?",
		"Hyvin sanottu {handle}",
		"hoitaja {person_name} oli ihana",
		"lääkäri {person_name} ei kuunnellut",
		"tohtori {surname} perui ajan",
		"äitini {person_name} makaa käytävällä",
		"isäni {person_name} kotiutettiin yöllä",
		"potilas {person_name} unohdettiin osastolle",
		"rouva {surname} odotti kuusi tuntia",
		"sairaanhoitaja {given} pelasti päivän",
		"{person_name} leikattiin eilen sairaalassa",
		"kätilö {person_name} oli paras",
		"Nimeni on {person_name} ja olen potilas",
		"ylilääkäri {person_name} ei vastaa",
		"kiitos hoitaja {given}lle",
		"kuulin huoneessa: {henkilotunnus}, {person_name}",
		"Fysioterapeutti {person_name} auttoi",
		"mummoni {person_name} odottaa yhä",
		// traps
		"Aika oli 12.3.2025 klo 10.30 mutta se peruttiin",
		"Jonotin 08.30-16.00 ja maksoin 20,90 euroa",
		"Soita 112 tai Päivystysapu 116117",
		"tilausnumero 0401234567890 ei löydy",
		"Osasto 5, huone 12, 24/7",
		"Sairaala avattiin 1.4.1985 ja remontoitiin 2020",
		"https://www.example.fi/uutiset/1234567890 lue tämä",
		"HUS ja Tays säästävät 100 000 000 euroa",
		"Hoitaja Helsingissä ansaitsee liian vähän",
		"Terveysministeri Kaisa Juuso vierailee sairaalassa",
		"Lääkäri KELA ja HUS eivät vastaa",
		"Potilas odotti 6 tuntia. Hoitaja oli kiireinen. Lääkäri tuli myöhään.",
		"#hoitajapula2025 7500 avointa paikkaa",
		"Laskun viitenumero 1234567890123456",
		"sovelluksen versio 1.2.3.4 ei toimi",
		"Äiti odotti, isä soitti, mummo itki",
		"Uusi lastensairaala avataan 3. toukokuuta 2026",
		"Tulos oli 3-1 ja 40 prosenttia",
		"Sairaanhoitaja Tampereelta lakkoilee ja lääkäri Oulusta tuli",
		"Meilahden sairaala ja Oulun yliopistollinen sairaala ovat täynnä",
		"Potilaita oli 12 ja lääkäreitä 1",
	},
}

type labelled struct {
	text  string
	truth []Finding
}

// fill puts generated identifiers into a template.
func fill(r *rand.Rand, lang, template string) labelled {
	var l labelled
	for {
		before, rest, ok := strings.Cut(template, "{")
		l.text += before
		if !ok {
			return l
		}
		name, after, _ := strings.Cut(rest, "}")
		value := generators[name](r, lang)
		l.truth = append(l.truth, Finding{Kind: kindOf(name), Start: len(l.text), End: len(l.text) + len(value)})
		l.text += value
		template = after
	}
}

// TestRecallAndPrecision measures every kind on generated sentences of three languages. A find counts when kind and
// place agree; what is left of the value must not be readable.
func TestRecallAndPrecision(t *testing.T) {
	red := newRedactor(t, Config{Handles: []string{"@LeedsTrust"}})
	r := rand.New(rand.NewPCG(1, 2))
	type score struct{ truth, hit, found, right int }
	scores := map[string]*score{}
	for _, k := range Kinds {
		scores[k] = new(score)
	}
	missed := map[string]int{}
	for _, lang := range []string{"en", "de", "fi"} {
		if len(templates[lang]) < 40 {
			t.Errorf("%s: %d templates, want 40", lang, len(templates[lang]))
		}
		for _, template := range templates[lang] {
			for range 40 {
				l := fill(r, lang, template)
				found := red.Find(l.text)
				for _, want := range l.truth {
					scores[want.Kind].truth++
					if slices.ContainsFunc(found, func(f Finding) bool {
						return f.Kind == want.Kind && f.Start <= want.Start && f.End >= want.End
					}) {
						scores[want.Kind].hit++
					} else if missed["- "+template]++; missed["- "+template] <= 2 {
						t.Logf("missed %s %q in %q: found %v", want.Kind, l.text[want.Start:want.End], l.text, show(l.text, found))
					}
				}
				for _, f := range found {
					scores[f.Kind].found++
					if slices.ContainsFunc(l.truth, func(w Finding) bool { return f.Kind == w.Kind && f.Start < w.End && w.Start < f.End }) {
						scores[f.Kind].right++
					} else if missed["+ "+template]++; missed["+ "+template] <= 2 {
						t.Logf("wrong %s %q in %q", f.Kind, l.text[f.Start:f.End], l.text)
					}
				}
			}
		}
	}
	var truth, hit, found, right int
	for _, k := range Kinds {
		s := scores[k]
		recall, precision := float64(s.hit)/float64(s.truth), float64(s.right)/float64(s.found)
		t.Logf("%-14s %5d  recall %.3f  precision %.3f", k, s.truth, recall, precision)
		if recall < .97 || precision < .95 {
			t.Errorf("%s: recall %.3f, precision %.3f", k, recall, precision)
		}
		truth, hit, found, right = truth+s.truth, hit+s.hit, found+s.found, right+s.right
	}
	recall, precision := float64(hit)/float64(truth), float64(right)/float64(found)
	t.Logf("%-14s %5d  recall %.3f  precision %.3f", "all", truth, recall, precision)
	if recall < .99 || precision < .98 {
		t.Errorf("all kinds: recall %.3f, precision %.3f", recall, precision)
	}
}

func show(text string, found []Finding) (out []string) {
	for _, f := range found {
		out = append(out, fmt.Sprintf("%s %q", f.Kind, text[f.Start:f.End]))
	}
	return out
}

func newRedactor(t testing.TB, c Config) *Redactor {
	t.Helper()
	r, err := NewRedactor(c)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
