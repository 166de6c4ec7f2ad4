package analyze

import (
	"strings"

	"barometer/internal/barometer"
)

// baselineAbuse knows a few insults and threats against people, and the words for staff.
type baselineAbuse struct {
	insults, staff map[uint64]bool
}

func newBaselineAbuse() *baselineAbuse {
	set := func(words string) map[uint64]bool {
		m := map[uint64]bool{}
		for _, w := range strings.Fields(words) {
			m[hash([]byte(w))] = true
		}
		return m
	}
	return &baselineAbuse{
		insults: set("idiot idiots moron morons scum bastard bastards bitch bitches cunt cunts wanker wankers idioten arschloch arschlocher schlampe drecksau abschaum hure idiootti idiootit paskiainen huora saatana mulkku aasi"),
		staff:   set("nurse nurses doctor doctors staff receptionist receptionists consultant surgeon midwife paramedic paramedics arzt arzte arztin pfleger schwester schwestern personal pflegekraft hoitaja hoitajat laakari laakarit henkilokunta"),
	}
}

func (b *baselineAbuse) analyze(doc *document, out *analysis) {
	out.Abuse = barometer.Abuse{Probability: 0.02, Target: barometer.TargetNone}
	staff := false
	for i := range doc.tokens {
		t := &doc.tokens[i]
		staff = staff || b.staff[t.hash]
		if b.insults[t.hash] && !t.is(flagQuoted) {
			out.Abuse.Probability = 0.8
			out.Abuse.Target = barometer.TargetOther
		}
	}
	if staff && out.Abuse.Probability > 0.5 {
		out.Abuse.Target = barometer.TargetStaff
	}
}
