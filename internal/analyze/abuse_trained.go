package analyze

import (
	"bytes"
	"slices"
	"strings"

	"barometer/internal/analyze/models"
	"barometer/internal/barometer"
)

// abuseStep says whether a text abuses or threatens people, and whom: staff or others. Being rude about a service is
// not abuse of anybody: what reads like a complaint counts as abuse only when it insults or threatens a person.
type abuseStep struct {
	set     *models.Set
	insults []string // folded beginnings of what only people are called
	staff   []string // folded beginnings of words for people who work in care
	address []string // folded words that speak to or of somebody
}

// The level from which a text is abuse, and what is left of the probability of a complaint without an insult.
const (
	abuseLevel   = 0.5
	criticism    = 0.4
	threatLevel  = 0.95
	complaintish = 0.5
)

func newAbuseStep(set *models.Set) *abuseStep {
	return &abuseStep{
		set: set,
		insults: strings.Fields(`idiot moron imbecil scum bastard bitch cunt wanker twat prick dickhead arsehole asshole tosser whore slut slag
			bellend retard pig pigs vermin parasit nazi cow witch coward liar murderer killer monster creep pervert thug
			arschloch wichser hure huren hurensohn schlampe fotze drecksau drecksack abschaum gesindel schwein vollidiot volltrottel trottel depp
			missgeburt spast nutte miststuck hexe morder ungeziefer pisser penner
			idioot aali kusipaa mulkku huora lutka paskiai paskapaa runkkari retku saasta sika siat lehma noita tollo torppo urpo murhaaj kretiini`),
		staff: strings.Fields(`nurse nursing doctor dr docs gp gps staff receptionist consultant surgeon midwi paramedic matron physio radiograph therapist
			psychiatrist dentist carer hca porter cleaner clinician medic manager
			arzt arzte arztin doktor pfleg schwester schwestern personal mitarbeit hebamme sanitater chirurg rezeption therapeut
			hoitaj laakar henkilokun katilo ensihoita tyontekij vastaanottovirkail kirurg terapeut tohtori`),
		address: strings.Fields("you your youre u ur he she they them him du dich dir ihr euch sie er sina sinut te teidat han ne noi nuo"),
	}
}

func (s *abuseStep) analyze(doc *document, out *analysis) {
	r := doc.model.read(s.set, doc.in)
	p := r.Abuse(out.Lang)
	staff := false
	if p >= abuseLevel || doc.threat { // for all others it does not matter whom
		insult, spoken := false, false
		for i := range doc.tokens {
			t := &doc.tokens[i]
			if t.kind != kindWord {
				continue
			}
			w := doc.word(t)
			insult = insult || !t.is(flagQuoted) && begins(w, s.insults)
			staff = staff || begins(w, s.staff)
			spoken = spoken || slices.Contains(s.address, string(w))
		}
		complaint := r.Comment() > complaintish || len(out.Concerns) > 0
		if complaint && !(insult && (spoken || staff)) {
			p = min(p, criticism)
		}
	}
	if doc.threat {
		p = max(p, threatLevel)
	}
	out.Abuse = barometer.Abuse{Probability: p, Target: barometer.TargetNone}
	switch {
	case p < abuseLevel:
	case staff:
		out.Abuse.Target = barometer.TargetStaff
	default:
		out.Abuse.Target = barometer.TargetOther
	}
}

// begins says whether a word begins with one of the stems; a stem of up to four letters is the whole word or its plural.
func begins(w []byte, stems []string) bool {
	for _, s := range stems {
		if len(w) < len(s) || w[0] != s[0] || !bytes.HasPrefix(w, []byte(s)) {
			continue
		}
		if len(s) > 4 || len(w)-len(s) <= 1 {
			return true
		}
	}
	return false
}
