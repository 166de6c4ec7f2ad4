package store

import (
	"reflect"
	"testing"

	"barometer/internal/barometer"
)

func FuzzUnpackDetails(f *testing.F) {
	framework := "Access to care"
	full := mention(1)
	full.Mention.Lang, full.RepostOf = "fi", mention(2).ID.String()
	full.Redactions = []barometer.Redaction{{Kind: "email", Field: "title", Start: 1, End: 9}}
	full.Sentiment.Reasons = []barometer.Reason{{Term: "jonottaa", Weight: -1.25}}
	full.Concerns = []barometer.ConcernTag{{ID: "a", Framework: &framework, Probability: 0.5}, {ID: "b"}}
	rows := expand(nil, &full)
	rows[0].hits = []barometer.Hit{{Term: "trust", Start: 300, End: 305}}
	f.Add(string(appendDetails(nil, &rows[0])))
	f.Add("")
	f.Add("\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff")
	f.Add("\x02")
	f.Fuzz(func(t *testing.T, packed string) {
		out := barometer.Stored{Organisation: "trust"}
		out.Concerns = make([]barometer.ConcernTag, 2)
		if err := unpackDetails(packed, &out); err != nil {
			return
		}
		out.Concerns[0].Probability = min(out.Concerns[0].Probability, 1) // what was stored by us is a probability
		again := barometer.Stored{Organisation: "trust"}
		again.Concerns = make([]barometer.ConcernTag, 2)
		back := row{hits: out.Matches[0].Hits, Analysed: &out.Analysed}
		if err := unpackDetails(string(appendDetails(nil, &back)), &again); err != nil {
			t.Fatalf("what was unpacked and packed: %v", err)
		}
		if !reflect.DeepEqual(out.Matches, again.Matches) || !reflect.DeepEqual(out.Redactions, again.Redactions) {
			t.Errorf("%+v\nwas\n%+v", again, out)
		}
	})
}
