package emergence_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"barometer/internal/analyze"
	"barometer/internal/barometer"
	"barometer/internal/emergence"
)

// shared returns the folder with the public data that is not part of the repository, or skips.
func shared(t testing.TB, parts ...string) string {
	t.Helper()
	root := os.Getenv("BAROMETER_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared")
	}
	path := filepath.Join(append([]string{root, "data"}, parts...)...)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("public data is not here: %v", err)
	}
	return path
}

type row struct {
	ID          string    `json:"id"`
	Text        string    `json:"text"`
	Lang        string    `json:"lang"`
	Label       string    `json:"label"`
	Author      string    `json:"author"`
	Kind        string    `json:"kind"`
	Org         string    `json:"organisation"`
	PublishedAt time.Time `json:"published_at"`
}

func readRows(t testing.TB, path string) []row {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	var r io.Reader = f
	if strings.HasSuffix(path, ".gz") {
		if r, err = gzip.NewReader(f); err != nil {
			t.Fatal(err)
		}
	}
	var out []row
	sc := bufio.NewScanner(r)
	sc.Buffer(nil, 1<<20)
	for sc.Scan() {
		var x row
		if err := json.Unmarshal(sc.Bytes(), &x); err != nil {
			t.Fatal(err)
		}
		out = append(out, x)
	}
	return out
}

var pipeline = sync.OnceValue(func() *analyze.Pipeline {
	p, err := analyze.New(analyze.Config{})
	if err != nil {
		panic(err)
	}
	return p
})

// observe analyses a text as the product does.
func observe(id, text string, at time.Time) emergence.Observation {
	a := barometer.Analysed{Mention: barometer.Mention{ID: barometer.DeriveID("test", id), Source: "s", Kind: "archive", Text: text, PublishedAt: at}}
	pipeline().Analyze(&analyze.Input{Text: text}, &a.Analysis)
	return emergence.ObserveAnalysed(&a)
}

var analysed = map[uint64][]emergence.Observation{}

// background returns analysed real tweets in an order without meaning.
func background(t testing.TB, seed uint64, n int) []emergence.Observation {
	rows := readRows(t, shared(t, "sentiment", "en.semeval2013-16.jsonl.gz"))
	r := rand.New(rand.NewPCG(seed, 1))
	r.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	out := analysed[seed]
	for _, x := range rows[len(out):max(len(out), min(n, len(rows)))] {
		out = append(out, observe(x.ID, x.Text, time.Time{}))
	}
	analysed[seed] = out
	return slices.Clone(out[:min(n, len(out))])
}

var start = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

// spread gives observations times, evenly but for chance, at so many a day.
func spread(obs []emergence.Observation, perDay int, r *rand.Rand) []emergence.Observation {
	out := slices.Clone(obs)
	for i := range out {
		at := start.Add(time.Duration((float64(i) + r.Float64()) / float64(perDay) * 24 * float64(time.Hour)))
		out[i].At = at.Truncate(time.Second)
	}
	return out
}

// The injected issues: what different people might write about one thing.
var planted = map[string][]string{
	"parking machine": {
		"the parking machine at the hospital ate my coins again", "paid twice because the car park ticket machine is broken",
		"QUEUE of 20 people at the one working parking machine, hospital visit ruined", "so the ticket machine in the hospital car park only takes cards now, and the card reader is dead",
		"got a fine because the parking machine would not print", "out of order sign on every parking machine at outpatients today",
		"my dad missed his scan, stuck at that stupid parking machine", "anyone know when they fix the parking machine at the hospital?",
		"parking machine down, barrier stuck, nobody from the hospital in sight", "the hospital blames the contractor for the broken parking machine",
		"half an hour to pay for parking because the machine rejects everything", "hospital parking machine swallowed a tenner and gave me nothing",
		"third time this week the parking machine is broken #hospital", "cannot leave the hospital: parking machine says no",
		"nurses stuck too, the parking machine fails for staff passes", "an elderly man almost cried at the parking machine. fix it",
		"why is there one parking machine for the whole hospital and why is it broken", "Parking machine lottery at the hospital again today",
		"the new parking machine is worse than the old one", "broken parking machine + rain + hospital appointment = great morning"},
	"water leak": {
		"water is coming through the ceiling on the children's ward", "burst pipe floods the children's ward, families moved in the night",
		"my son's ward is flooded, beds in the corridor", "flooded children's ward: how does a pipe burst in a new building",
		"they moved all kids because the ward flooded at 4am", "burst pipe. children's ward. again. who maintains this place",
		"staff carried the cots out of the flooded ward, heroes", "the flood on the children's ward ruined all the toys and the books",
		"is the children's ward open after the burst pipe?", "visiting cancelled, burst pipe above the children's ward",
		"photos of the flooded ward are shocking", "a burst pipe they were warned about months ago floods the ward",
		"children's ward closed until friday because of flood damage", "my daughter's operation is off, burst pipe and flooded ward",
		"so proud of the nurses during the flood on the ward last night", "ceiling tiles everywhere, burst pipe on the ward",
		"flooded ward means 14 children sent to other hospitals", "insurance will love this: burst pipe at the children's ward",
		"the burst pipe was reported twice, nobody came", "no water in the building since the burst pipe flooded the ward"},
	"pay station": {
		"parking at the hospital is a joke, the machine is dead", "the pay machine swallowed my card at the hospital",
		"why can I not pay for parking with coins any more", "car park machine broken AGAIN, thanks hospital",
		"ticket machine out of order, guess I get a fine", "missed my appointment because nobody could pay and the barrier was stuck",
		"forty minutes in the car park because the barrier will not open", "hospital parking: one machine, two hundred cars",
		"they fined me although the machine would not take my money", "please fix the machine at the hospital car park",
		"stuck behind the barrier with a sick child in the car", "parking fine from the hospital, their machine was broken, not me",
		"the app does not work and the machine does not either, how do I pay for parking", "outpatients car park is chaos, machine broken",
		"paid, still got fined, hospital parking is a scam", "queue at the parking machine right out of the door",
		"broken machine at the car park and no staff to be seen", "my nan waited in the cold while I fought the ticket machine",
		"hospital says use another car park as the pay machine is broken", "machine ate my ticket, barrier stays down, great day at the hospital"},
	"wrong letters": {
		"got a letter with somebody else's test results in it", "hospital sent my test results to the wrong address",
		"wrong letters again, three neighbours got strangers' test results", "test results of a stranger in my letterbox, who do I call",
		"how can a hospital mix up letters with test results like that", "data breach? they posted test results to wrong patients",
		"my test results went to an address I left ten years ago", "another family has my mum's test results, we have theirs",
		"called about the wrong test results, they said it is a printer problem", "mailing mix up at the hospital: wrong test results for hundreds",
		"opened the letter, read the test results, it was not me", "someone else now knows my test results, great",
		"apology letter for the wrong test results also went to the wrong house", "if you got wrong test results please shred them they say",
		"the mix up with test results is on local radio now", "who checks the envelopes? wrong test results twice in a month",
		"stranger rang me to read me my own test results", "mix up of test results: my doctor knew nothing about it",
		"test results for J. arrived here, I am not J.", "printer error my foot, test results sent to wrong patients"},
}

func plantedNames() []string {
	var names []string
	for n := range planted {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

func engine(t testing.TB, cfg emergence.Config) *emergence.Engine {
	t.Helper()
	e, err := emergence.New(barometer.Organisation{ID: "trust", TimeZone: "UTC"}, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// Real tweets in an order without meaning hold nothing new: every issue in them is a false one.
func TestFalseIssuesOnRealTweets(t *testing.T) {
	const warm = 25
	for _, c := range []struct{ perDay, days int }{{100, 150}, {400, 80}} {
		e := engine(t, emergence.Config{Warmup: warm * 24 * time.Hour})
		e.Add(spread(background(t, 7, c.perDay*c.days), c.perDay, rand.New(rand.NewPCG(3, 4)))...)
		watched, alerts := 0.0, 0.0
		for _, x := range e.Tick(start.AddDate(0, 0, c.days)).Transitions {
			if x.From == "" {
				watched++
			}
			if x.Tier == emergence.Alert && (x.From == "" || x.From == x.To) {
				alerts++
			}
		}
		days := float64(c.days - warm)
		t.Logf("%d posts a day, %v days: %.2f false issues a day, %.3f false alerts a day", c.perDay, days, watched/days, alerts/days)
		if watched/days > .25 || alerts/days > .02 {
			t.Errorf("%d posts a day: %v issues and %v alerts in %v days, promised are 0.25 and 0.02 a day", c.perDay, watched, alerts, days)
		}
	}
}

// An issue of 8 posts in a day, each worded differently, is watched; one of 12 is an alert.
func TestInjectedIssuesAreFound(t *testing.T) {
	const warm, runs = 25, 3
	for _, perDay := range []int{100, 400} {
		base := background(t, 7, perDay*(warm+1))
		for _, k := range []int{4, 6, 8, 12, 20} {
			watched, alerted, tried := 0, 0, 0
			for seed := range uint64(runs) {
				r := rand.New(rand.NewPCG(seed, 9))
				r.Shuffle(len(base), func(i, j int) { base[i], base[j] = base[j], base[i] })
				past := engine(t, emergence.Config{Warmup: warm * 24 * time.Hour})
				past.Add(spread(base, perDay, r)...)
				past.Tick(start.AddDate(0, 0, warm))
				var state bytes.Buffer
				if err := past.Snapshot(&state); err != nil {
					t.Fatal(err)
				}
				for _, name := range plantedNames() {
					e := engine(t, emergence.Config{Warmup: warm * 24 * time.Hour})
					if err := e.Restore(bytes.NewReader(state.Bytes())); err != nil {
						t.Fatal(err)
					}
					texts := slices.Clone(planted[name])
					r.Shuffle(len(texts), func(i, j int) { texts[i], texts[j] = texts[j], texts[i] })
					mine := map[barometer.ID]bool{}
					for i, text := range texts[:k] {
						o := observe(fmt.Sprint(name, i), text, start.AddDate(0, 0, warm).Add(time.Duration(r.Float64()*20*float64(time.Hour))))
						mine[o.ID] = true
						e.Add(o)
					}
					w, a := false, false
					for _, x := range e.Tick(start.AddDate(0, 0, warm+1)).Transitions {
						n := 0
						for _, id := range x.Members {
							if mine[id] {
								n++
							}
						}
						if n >= 3 && 2*n >= len(x.Members) {
							w, a = true, a || x.Tier == emergence.Alert
						}
					}
					tried++
					if w {
						watched++
					}
					if a {
						alerted++
					}
				}
			}
			t.Logf("%d posts a day, %2d injected: %d of %d watched, %d alerts", perDay, k, watched, tried, alerted)
			if k == 8 && float64(watched) < .85*float64(tried) || k >= 12 && float64(alerted) < .9*float64(tried) {
				t.Errorf("%d posts a day, %d injected: only %d of %d watched and %d alerts", perDay, k, watched, tried, alerted)
			}
		}
	}
}
