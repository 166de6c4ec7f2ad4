package analyze

import (
	"testing"

	"barometer/internal/barometer"
)

func TestAbuseIsOfPeople(t *testing.T) {
	p := newPipeline(t)
	for _, c := range []struct {
		lang, text string
		abuse      bool
		target     string
	}{
		{"en", "That receptionist is a stupid bitch, I hope she gets what she deserves", true, barometer.TargetStaff},
		{"en", "You nurses are all lazy scum, useless idiots the lot of you", true, barometer.TargetStaff},
		{"en", "@user you are a fucking moron and everybody knows it", true, barometer.TargetOther},
		{"en", "I know where you work, doctor, and I will kill you", true, barometer.TargetStaff},
		{"de", "Du bist doch das letzte Arschloch, du dumme Sau", true, barometer.TargetOther},
		{"de", "Der Arzt ist ein Vollidiot und ein Drecksack", true, barometer.TargetStaff},
		{"fi", "Se lääkäri on täysi idiootti ja vitun kusipää", true, barometer.TargetStaff},
		{"en", "Nine hours in A&E with my mum. Nine hours. An absolute disgrace, whoever runs this should resign.", false, barometer.TargetNone},
		{"en", "The waiting times at this hospital are a fucking joke", false, barometer.TargetNone},
		{"en", "Parking charges at the hospital are daylight robbery and the food was disgusting", false, barometer.TargetNone},
		{"en", "Thank you to all the nurses on ward 7, you were wonderful", false, barometer.TargetNone},
		{"de", "Sechs Stunden in der Notaufnahme gewartet, das ist eine Schande für das Krankenhaus", false, barometer.TargetNone},
		{"fi", "Päivystyksessä joutui odottamaan kahdeksan tuntia, todella huono palvelu", false, barometer.TargetNone},
	} {
		a := analyse(p, c.lang, c.text)
		if (a.Abuse.Probability >= 0.5) != c.abuse || a.Abuse.Target != c.target {
			t.Errorf("%q: abuse %.2f of %s, want %t of %s (lang %s)", c.text, a.Abuse.Probability, a.Abuse.Target, c.abuse, c.target, a.Lang)
		}
	}
}
