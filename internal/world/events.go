package world

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// The planted happenings, by name.
const (
	ParkingApp      = "parking-app"      // emerges slowly (English), still there at the epoch
	Legionella      = "legionella"       // a sudden shock (German), over before the epoch
	BookingOutage   = "booking-outage"   // three days (Finnish), over before the epoch
	MaternityNights = "maternity-nights" // begins two days before the epoch and is rising (English)
	Petition        = "petition"         // a campaign: many copies of one text with small changes
	Syndicated      = "syndicated"       // one news story, repeated by other publishers
	StaffAbuse      = "staff-abuse"      // single posts that abuse staff
	Leak            = "leak"             // a post with an identifier in it
)

// happening is something planted: how many posts on which day, where, and in which words.
type happening struct {
	name      string
	firstDay  int
	perDay    []int
	feeds     []string
	topic     string
	sentiment string
	texts     []string
}

// Issues lists the planted happenings that are emerging issues, which a good barometer finds once each.
func Issues() []string { return []string{ParkingApp, Legionella, BookingOutage, MaternityNights} }

var happenings = []happening{
	{ParkingApp, 80, []int{3, 5, 8, 12, 15, 18, 20, 20, 18, 18, 16}, []string{"patients-forum", "town-talk", "echo-comments", "carers"}, "parking", "negative", []string{
		"The ParkPing app at {site} fined me although I paid, {n} pounds!",
		"Fined by ParkPing while my mum was in {ward} at {site}. The app said paid.",
		"Anyone else got a ParkPing fine from the car park at {site}? Mine came for {day}.",
		"ParkPing at {site} cannot read number plates, second fine this month.",
		"Appealed my ParkPing fine for {site}, refused within {n} minutes by a robot.",
		"No coins, no card, only the ParkPing app, and then {site} sends you a fine. Shame.",
		"My grandmother is 81, has no smartphone and now has a ParkPing fine from {site}.",
		"{n} pounds fine because ParkPing crashed while I queued for {ward} at {site}.",
		"The ParkPing machine at {site} swallowed my plate number and the fine arrived on {day}.",
		"ParkPing ruined our visit to {site}, fined twice in one afternoon.",
		"Staff at {site} get ParkPing fines as well, for parking at their own work.",
		"Please take ParkPing off the car park at {site}, these fines hit the sick.",
	}},
	{Legionella, 58, []int{10, 22, 16, 9, 4}, []string{"patientenforum", "tagblatt", "dorfplatz"}, "infection_control", "negative", []string{
		"Legionellen im Trinkwasser vom {site}, auf {ward} darf niemand duschen.",
		"Duschverbot wegen Legionellen im {site}, seit {day} nur Wasser aus Flaschen.",
		"Meine Mutter liegt auf {ward} im {site}, von den Legionellen erfuhren wir aus der Zeitung.",
		"Wie kommen Legionellen in die Leitungen vom {site}? Das Haus ist doch neu.",
		"{site}: Legionellen gefunden, Proben von {n} Duschen waren auffällig.",
		"Wegen der Legionellen verlegt das {site} Patienten von {ward}.",
		"Das {site} wusste seit Wochen von den Legionellen und hat geschwiegen.",
		"Duschen gesperrt, Filter an jedem Hahn: Legionellen im {site}.",
		"Ist es noch sicher, mit Legionellen im Wasser im {site} zu liegen?",
	}},
	{BookingOutage, 72, []int{8, 15, 7}, []string{"potilasfoorumi", "tori", "sanomat"}, "appointments", "negative", []string{
		"Terveyspolku on taas kaatunut, ajanvaraus {site} ei toimi.",
		"Terveyspolku näyttää tyhjää ja varattu aika {site} katosi.",
		"Yritin varata aikaa {site} mutta Terveyspolku kaatui {n} kertaa.",
		"Terveyspolku jumissa {day} alkaen, {site} ei päästä edes jonoon.",
		"Onko muillakin Terveyspolku rikki? Lähete {site} on vanhenemassa.",
		"Terveyspolku hukkasi tietoni ja {site} pyydettiin soittamaan, kukaan ei vastaa.",
		"Koko Terveyspolku on poissa käytöstä, {site} jonotetaan nyt paperilapuilla.",
	}},
	{MaternityNights, 88, []int{6, 14, 22, 24, 16, 8}, []string{"patients-forum", "town-talk", "carers", "echo-comments", "echo"}, "maternity", "negative", []string{
		"The birth unit at {site} is to close at night, from next month. Due in {n} weeks and terrified.",
		"So if labour starts after {clock} we drive past {site} to the next county? Night closure is dangerous.",
		"Midwives told my sister that the birth unit at {site} shuts its doors at night.",
		"Night closure of the birth unit at {site}: babies do not read opening hours.",
		"Closing the birth unit at {site} overnight will cost lives.",
		"Nobody asked us about the overnight closure of the birth unit at {site}.",
		"Our boy was born at 3 in the morning at {site}. With the night closure, where would we have gone?",
		"The birth unit at {site} closing overnight because there are no midwives, says the {role} I met on {day}.",
		"{n} miles in labour in the dark, thanks to the night closure at {site}.",
		"Overnight closure of the birth unit at {site} is confirmed, I am lost for words.",
	}},
	{StaffAbuse, 20, []int{1}, []string{"town-talk"}, "staff_abuse", "negative", abuseTexts},
	{StaffAbuse, 55, []int{2}, []string{"town-talk", "echo-comments"}, "staff_abuse", "negative", abuseTexts},
	{StaffAbuse, 79, []int{1}, []string{"echo-comments"}, "staff_abuse", "negative", abuseTexts},
	{Leak, 77, []int{1}, []string{"patients-forum"}, "confidential_information", "negative", []string{
		// The 999 range of NHS numbers, 07700 900 telephone numbers and example.org are never issued to anybody.
		"Found a discharge letter from {site} on the bus: NHS number 999 000 0018, phone 07700 900123, mail m.example@example.org. Who do I give it to?",
	}},
}

var abuseTexts = []string{
	"That receptionist at {site} is a stupid cow and deserves a slap, I know when her shift ends.",
	"The nurses in {ward} at {site} are lazy scum, somebody should teach them a lesson with a fist.",
}

const (
	petitionDay   = 40
	petitionText  = "Sign now: keep {ward} at {site} open! The trust decides on {day}. Every signature counts. #SaveOurWard"
	syndicatedDay = 66
	syndicated    = "Larkmere Hospitals Trust has bought a second scanner for its outpatient building. The machine arrives in spring and " +
		"will run six days a week, the trust said. Patients should notice shorter queues for appointments by the summer. " +
		"The purchase was paid for by a legacy and does not touch the running budget, a spokesperson added."
)

// planted returns everything planted on day d.
func (w *World) planted(d int) []Post {
	var out []Post
	for k, h := range happenings {
		if i := d - h.firstDay; i >= 0 && i < len(h.perDay) {
			out = append(out, w.happen(h, k, d, h.perDay[i])...)
		}
	}
	switch d {
	case petitionDay, petitionDay + 1:
		out = append(out, w.petition(d)...)
	case syndicatedDay:
		out = append(out, w.syndicate(d)...)
	}
	return out
}

func (w *World) happen(h happening, k, d, n int) []Post {
	r := w.random(fmt.Sprintf("happening %d", k), d)
	var out []Post
	for i := range n {
		f := feedByID(pick(r, h.feeds))
		b := books[f.Lang]
		p := Post{Feed: f.ID, GUID: fmt.Sprintf("%s-%s-%d-%d", f.ID, h.name, d, i), At: w.moment(r, d), Lang: f.Lang,
			Author: author(r, f), Mentions: true, Topic: h.topic, Sentiment: h.sentiment, Planted: h.name}
		p.Text = b.compose(r, h.texts[r.IntN(len(h.texts))])
		p.Abuse = h.name == StaffAbuse
		if h.name == Leak {
			p.Leak = "nhs_number"
		}
		if f.Format == RSS && f.perDay < 12 {
			p.Title = headline(p.Text)
		}
		out = append(out, p)
	}
	return out
}

// petition is one text that supporters paste, some with a word of their own.
func (w *World) petition(d int) []Post {
	r := w.random("petition", d)
	base := books["en"].fill(w.rand0("petition text"), petitionText)
	own := []string{"", "", "", " Please share!", " Signed!", " Do it today.", " ❤️"}
	first := ""
	var out []Post
	for i := range 45 {
		f := feedByID("town-talk")
		p := Post{Feed: f.ID, GUID: fmt.Sprintf("%s-petition-%d-%d", f.ID, d, i), At: w.moment(r, d), Lang: f.Lang,
			Author: author(r, f), Mentions: true, Topic: "closures", Sentiment: "neutral", Planted: Petition,
			Text: base + pick(r, own), CopyOf: first}
		if d == petitionDay && i == 0 {
			p.Text, p.At = base, w.day0.AddDate(0, 0, d).Add(30*time.Minute)
		}
		first = fmt.Sprintf("town-talk-petition-%d-0", petitionDay)
		if p.GUID == first {
			p.CopyOf = ""
		} else {
			p.CopyOf = first
		}
		out = append(out, p)
	}
	return out
}

// rand0 is the generator of something that has no day.
func (w *World) rand0(purpose string) *rand.Rand { return w.random(purpose, -1) }

// syndicate is one story of the Echo and its repetition by others within hours, under other headlines.
func (w *World) syndicate(d int) []Post {
	at := w.day0.AddDate(0, 0, d).Add(7 * time.Hour)
	var out []Post
	for i, s := range []struct{ feed, title, extra string }{
		{"echo", "Trust buys second scanner", ""},
		{"wire", "Second scanner for Larkmere", " (wire)"},
		{"harbour-radio", "Shorter queues promised: a new scanner for Larkmere", ""},
		{"town-talk", "", " Read in the Echo."},
		{"carers", "", ""},
		{"echo-comments", "", " Good news for once?"},
	} {
		f := feedByID(s.feed)
		p := Post{Feed: f.ID, GUID: fmt.Sprintf("%s-syndicated-%d", f.ID, d), At: at.Add(time.Duration(i*40) * time.Minute), Lang: "en",
			Title: s.title, Text: syndicated + s.extra, Author: f.ID + "-desk", Mentions: true, Topic: "none", Sentiment: "positive",
			Planted: Syndicated}
		if i > 0 {
			p.CopyOf = out[0].GUID
		}
		out = append(out, p)
	}
	return out
}

func feedByID(id string) Feed {
	for _, f := range Feeds() {
		if f.ID == id {
			return f
		}
	}
	panic("world: a happening names the feed " + id + ", which does not exist")
}
