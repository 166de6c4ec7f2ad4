package emergence_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"barometer/internal/barometer"
	"barometer/internal/emergence"
)

// invented returns mentions in words of a small invented language, by a fixed seed: the past of every test here.
func invented(seed uint64, perDay, days int) []emergence.Observation {
	r := rand.New(rand.NewPCG(seed, 11))
	var out []emergence.Observation
	for i := range perDay * days {
		var words []string
		for range 9 {
			words = append(words, fmt.Sprintf("w%d", int(600*r.Float64()*r.Float64())))
		}
		at := start.Add(time.Duration((float64(i) + r.Float64()) / float64(perDay) * float64(24*time.Hour))).Truncate(time.Second)
		out = append(out, said(fmt.Sprintf("past %d %d", seed, i), at, words...))
	}
	return out
}

// said is a mention with the given words as its terms, by an author of its own.
func said(id string, at time.Time, words ...string) emergence.Observation {
	o := emergence.Observation{ID: barometer.DeriveID("test", id), At: at, Lang: "en", Source: "s", Kind: "feed", Site: "a.example", Label: barometer.Neutral,
		Title: "t", Text: strings.Join(words, " "), Pipeline: "p1"}
	slices.Sort(words)
	for _, w := range slices.Compact(words) {
		o.Terms = append(o.Terms, barometer.Term{Key: w, Surface: w})
	}
	for _, b := range o.ID[:8] {
		o.CopyGroup = o.CopyGroup<<8 | uint64(b)
	}
	o.Author = barometer.Pseudonym(o.CopyGroup)
	if o.CopyGroup%3 == 0 {
		o.Label = barometer.Negative
	}
	return o
}

// leak returns n mentions of a burst pipe within hours from a time, each with other words around it.
func leak(from time.Time, n int) []emergence.Observation {
	r := rand.New(rand.NewPCG(5, 5))
	var out []emergence.Observation
	for i := range n {
		words := []string{"pipe", "burst"}
		if i%3 == 0 {
			words = []string{"pipe", "ward"}
		}
		for range 5 {
			words = append(words, fmt.Sprintf("w%d", r.IntN(600)))
		}
		out = append(out, said(fmt.Sprint("leak", i), from.Add(time.Duration(i)*23*time.Minute), words...))
	}
	return out
}

// said so far by an engine, as text that can be compared: issues first, then readings.
type record struct{ issues, readings strings.Builder }

func (w *record) add(r emergence.Result) {
	for _, t := range r.Transitions {
		j, _ := json.Marshal(t.Issue)
		fmt.Fprintf(&w.issues, "%v %s %v %s %s\n", t.At, t.To, t.Members, t.Evidence.Address(), j)
	}
	for _, x := range r.Readings {
		fmt.Fprintf(&w.readings, "%+v\n", x)
	}
}

func (w *record) String() string { return w.issues.String() + w.readings.String() }

func told(r emergence.Result) string {
	var w record
	w.add(r)
	return w.String()
}

func scenario() []emergence.Observation {
	return append(invented(1, 60, 36), leak(start.AddDate(0, 0, 33).Add(7*time.Hour), 14)...)
}

func TestAnIssueIsFoundNamedAndEnds(t *testing.T) {
	e := engine(t, emergence.Config{})
	e.Add(append(scenario(), invented(2, 60, 50)...)...)
	r := e.Tick(start.AddDate(0, 0, 48))
	var states []string
	for _, x := range r.Transitions {
		states = append(states, fmt.Sprintf("%s %s %s", x.Issue.Name, x.To, x.Tier))
		if err := emergence.Verify(x.Evidence); err != nil {
			t.Errorf("%s: %v", x.To, err)
		}
		if _, err := emergence.Open(x.Evidence.Address(), x.Evidence.Canonical()); err != nil {
			t.Errorf("%s: %v", x.To, err)
		}
	}
	got := strings.Join(states, ", ")
	for _, want := range []string{"pipe new watch", "pipe new alert", "pipe resolved alert"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not among %s", want, got)
		}
	}
	issues := slices.DeleteFunc(e.Issues(), func(i *emergence.Issue) bool { return i.Name != "pipe" })
	if len(issues) != 1 || issues[0].Posts < 13 || len(issues[0].Posted) != 10 || issues[0].Terms[0].Surface != "pipe" {
		t.Errorf("issues: %+v", issues)
	}
}

func TestResultsDoNotDependOnBatchesTicksOrRestarts(t *testing.T) {
	obs := scenario()
	end := start.AddDate(0, 0, 36)
	once := engine(t, emergence.Config{})
	once.Add(obs...)
	want := told(once.Tick(end))
	if !strings.Contains(want, `"name":"pipe"`) {
		t.Fatal("the scenario has no issue: it would prove nothing")
	}

	t.Run("any order and split, late and repeated ticks", func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 1))
		shuffled := slices.Clone(obs)
		r.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		e := engine(t, emergence.Config{})
		var got record
		at := start
		e.Add(shuffled...)
		for at.Before(end) {
			at = at.Add(time.Duration(r.IntN(50*3600)) * time.Second)
			if at.After(end) {
				at = end
			}
			found := e.Tick(at)
			again := e.Tick(at)
			if len(again.Transitions)+len(again.Readings) > 0 {
				t.Fatal("a repeated tick said something")
			}
			got.add(found)
		}
		same(t, want, got.String())
	})

	t.Run("restarts, with posts that come as they happen", func(t *testing.T) {
		e := engine(t, emergence.Config{})
		slices.SortFunc(obs, func(a, b emergence.Observation) int { return a.At.Compare(b.At) })
		var got record
		next := 0
		for at := start; !at.After(end); at = at.Add(17 * time.Hour) {
			for ; next < len(obs) && !obs[next].At.After(at); next++ {
				e.Add(obs[next], obs[next]) // each delivered twice
			}
			got.add(e.Tick(at))
			var b bytes.Buffer
			if err := e.Snapshot(&b); err != nil {
				t.Fatal(err)
			}
			e = engine(t, emergence.Config{})
			if err := e.Restore(&b); err != nil {
				t.Fatal(err)
			}
		}
		e.Add(obs[next:]...)
		got.add(e.Tick(end))
		same(t, want, got.String())
	})

	t.Run("prefix", func(t *testing.T) {
		e := engine(t, emergence.Config{})
		e.Add(obs...)
		first := told(e.Tick(start.AddDate(0, 0, 34)))
		var past []emergence.Observation
		for _, o := range obs {
			if !o.At.After(start.AddDate(0, 0, 34)) {
				past = append(past, o)
			}
		}
		p := engine(t, emergence.Config{})
		p.Add(past...)
		same(t, first, told(p.Tick(start.AddDate(0, 0, 34))))
	})

	t.Run("replay equals live", func(t *testing.T) {
		var live, replayed []string
		e := engine(t, emergence.Config{})
		e.Add(obs...)
		for _, x := range e.Tick(end).Transitions {
			live = append(live, x.At.String()+string(x.To)+x.Issue.ID)
		}
		for _, l := range replay(t, slices.Clone(obs), emergence.Options{Organisation: barometer.Organisation{ID: "trust", TimeZone: "UTC"}}) {
			replayed = append(replayed, l.At.String()+string(l.Issue.State)+l.Issue.ID)
		}
		same(t, strings.Join(live, "\n"), strings.Join(replayed, "\n"))
	})
}

func same(t *testing.T, want, got string) {
	t.Helper()
	if want == got {
		return
	}
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			t.Fatalf("line %d of %d and %d:\n%.600s\n%.600s", i, len(a), len(b), a[i], b[i])
		}
	}
	t.Fatalf("%d lines became %d", len(a), len(b))
}

func TestOneTextCopied200TimesRaisesNothing(t *testing.T) {
	e := engine(t, emergence.Config{})
	e.Add(invented(1, 60, 34)...)
	for i := range 200 {
		o := said(fmt.Sprint("copy", i), start.AddDate(0, 0, 31).Add(time.Duration(i)*time.Minute), "sign", "petition", "now", "ward")
		o.CopyGroup, o.Label, o.Concerns = 77, barometer.Negative, []string{"closures"}
		if i%2 == 1 { // and with a word changed, by somebody whose copy group nobody noticed
			o.CopyGroup = uint64(1000 + i)
			o.Terms = append(slices.Clone(o.Terms), barometer.Term{Key: fmt.Sprint("own", i), Surface: "own"})
		}
		e.Add(o)
	}
	for _, x := range e.Tick(start.AddDate(0, 0, 34)).Transitions {
		for _, term := range x.Issue.Terms {
			if slices.Contains([]string{"sign", "petition", "now", "ward"}, term.Surface) {
				t.Fatalf("%s became an issue of %d posts", x.Issue.Name, x.Issue.Posts)
			}
		}
		if x.Issue.IsOfSeries() {
			t.Fatalf("the series %s rose", x.Issue.Name)
		}
	}
}

func TestEvidenceCannotBeChanged(t *testing.T) {
	e := engine(t, emergence.Config{})
	e.Add(scenario()...)
	r := e.Tick(start.AddDate(0, 0, 36))
	v := r.Transitions[len(r.Transitions)-1].Evidence
	body := v.Canonical()
	if _, err := emergence.Open(v.Address(), bytes.Replace(body, []byte(`"pipe"`), []byte(`"tube"`), 1)); err == nil {
		t.Error("a changed bundle kept its address")
	}
	for name, change := range map[string]func(*emergence.Evidence){
		"count": func(v *emergence.Evidence) { v.Terms.Terms[0].Observed++ },
		"phi":   func(v *emergence.Evidence) { v.Terms.Terms[0].Phi *= 1.0000001 },
		"tests": func(v *emergence.Evidence) { v.Terms.Tests *= 2 },
		"p":     func(v *emergence.Evidence) { v.Terms.P /= 2 },
	} {
		var c emergence.Evidence
		if err := json.Unmarshal(body, &c); err != nil {
			t.Fatal(err)
		}
		change(&c)
		if emergence.Verify(&c) == nil {
			t.Errorf("a changed %s was not noticed", name)
		}
	}
}

func TestADeletedPostLeavesHashAndCount(t *testing.T) {
	e := engine(t, emergence.Config{})
	e.Add(scenario()...)
	e.Tick(start.AddDate(0, 0, 33).Add(15 * time.Hour))
	gone := said("leak3", start)
	e.Forget(gone.ID)
	for _, i := range e.Issues() {
		for _, p := range i.Posted {
			if p.ID == gone.ID {
				t.Error("the text of a deleted post is still shown")
			}
		}
	}
	r := e.Tick(start.AddDate(0, 0, 36))
	if n := len(r.Transitions); n == 0 || !slices.ContainsFunc(r.Transitions[0].Evidence.Posts, func(p emergence.PostEvidence) bool { return p.ID == gone.ID && p.Hash != "" }) {
		t.Error("the deleted post left no hash")
	}
	var b bytes.Buffer
	if err := e.Snapshot(&b); err != nil {
		t.Fatal(err)
	}
}

func FuzzRestore(f *testing.F) {
	e := engine(f, emergence.Config{})
	e.Add(invented(1, 10, 2)...)
	e.Tick(start.AddDate(0, 0, 1))
	var b bytes.Buffer
	if err := e.Snapshot(&b); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add(b.Bytes()[:100])
	f.Add([]byte("barometer emergence 1\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		e := engine(t, emergence.Config{})
		if err := e.Restore(bytes.NewReader(data)); err != nil && barometer.KindOf(err) != barometer.Invalid {
			t.Errorf("a bad snapshot is the caller's fault: %v", err)
		}
	})
}
