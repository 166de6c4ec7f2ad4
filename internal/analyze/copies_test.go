package analyze

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"barometer/internal/barometer"
)

func groupOf(t testing.TB, p *Pipeline, text string) uint64 {
	t.Helper()
	var out barometer.Analysis
	p.Analyze(&Input{Text: text}, &out)
	return out.CopyGroup
}

func TestCopyGroupIgnoresWhatRepeatsAdd(t *testing.T) {
	p := newPipeline(t)
	want := groupOf(t, p, "The car park machine at the hospital is broken again.")
	for _, same := range []string{
		"RT @somebody: The car park machine at the hospital is broken again.",
		"the car park machine at the hospital is broken again https://example.org/x",
		"THE CAR PARK MACHINE  at the hospital\nis broken again!!! 😡",
		"The car park machine at the hospital is broken again via @somebody",
	} {
		if got := groupOf(t, p, same); got != want {
			t.Errorf("%q has group %x, want %x", same, got, want)
		}
	}
	for _, other := range []string{
		"The car park machine at the hospital is not broken again.",
		"The car park machine at the station is broken again.",
	} {
		if groupOf(t, p, other) == want {
			t.Errorf("%q has the group of another text", other)
		}
	}
}

// writer invents texts: sentences of words drawn with the frequencies of a language (Zipf), so that unrelated texts
// share common pairs of words as real ones do.
type writer struct {
	r *rand.Rand
	z *rand.Zipf
}

func newWriter(seed uint64) *writer {
	r := rand.New(rand.NewPCG(seed, 1))
	return &writer{r, rand.NewZipf(r, 1.05, 3, 30000)}
}

func (w *writer) sentence(n int) string {
	words := make([]string, n)
	for i := range words {
		words[i] = invented(w.z.Uint64())
	}
	return strings.Join(words, " ") + "."
}

func (w *writer) text(words int) string {
	var s []string
	for words > 0 {
		n := min(words, 6+w.r.IntN(14))
		s = append(s, w.sentence(n))
		words -= n
	}
	return strings.Join(s, " ")
}

// invented spells a number in syllables.
func invented(n uint64) string {
	const c, v = "bdfghklmnprstvw", "aeiou"
	var b []byte
	for n++; n > 0; n /= 75 {
		b = append(b, c[n%15], v[n/15%5])
	}
	return string(b)
}

// nearCopies are what happens to a text on its way round.
var nearCopies = []struct {
	name string
	edit func(w *writer, text string) string
}{
	{"new headline", func(w *writer, text string) string { return w.sentence(7) + " " + text }},
	{"another ending", func(w *writer, text string) string {
		words := strings.Fields(text)
		cut := max(len(words)*85/100, 1)
		return strings.Join(words[:cut], " ") + " " + w.text(len(words)-cut)
	}},
	{"two words changed", func(w *writer, text string) string {
		words := strings.Fields(text)
		for range 2 {
			words[w.r.IntN(len(words))] = invented(w.z.Uint64())
		}
		return strings.Join(words, " ")
	}},
	{"cut-off retweet", func(w *writer, text string) string {
		words := strings.Fields(text)
		return "RT @" + invented(w.z.Uint64()) + ": " + strings.Join(words[:max(8, len(words)*6/10)], " ") + "…"
	}},
	{"link and comment", func(w *writer, text string) string {
		return text + " " + w.sentence(3) + " https://example.org/" + invented(99)
	}},
}

// TestNearCopiesShareAGroup measures, on invented texts of several lengths, how many near copies get the group of the
// text they copy, and how many unrelated texts share one.
func TestNearCopiesShareAGroup(t *testing.T) {
	p := newPipeline(t)
	for _, words := range []int{18, 45, 150, 500} {
		w := newWriter(uint64(words))
		index := NewCopies(4096)
		var out barometer.Analysis
		group := func(text string) (kept, pure uint64) {
			in := &Input{Text: text}
			p.Analyze(in, &out)
			return index.Group("", in, out.CopyGroup), out.CopyGroup
		}
		const n = 200
		originals := map[uint64]int{}
		groups, pures, texts := make([]uint64, n), make([]uint64, n), make([]string, n)
		for i := range n {
			texts[i] = w.text(words)
			groups[i], pures[i] = group(texts[i])
			originals[groups[i]]++
		}
		if len(originals) != n {
			t.Errorf("%d words: %d unrelated texts got %d groups", words, n, len(originals))
		}
		for _, kind := range nearCopies {
			right, rightPure, wrong := 0, 0, 0
			for i := range n {
				kept, pure := group(kind.edit(w, texts[i]))
				switch {
				case kept == groups[i]:
					right++
				case originals[kept] > 0:
					wrong++
				}
				if pure == pures[i] {
					rightPure++
				}
			}
			t.Logf("%3d words, %-18s found %.3f, by the text alone %.3f, wrong %d", words, kind.name, float64(right)/n, float64(rightPure)/n, wrong)
			floor := 0.95
			if words < 40 {
				floor = 0.75
			}
			if float64(right)/n < floor || wrong > 0 {
				t.Errorf("%d words, %s: found %d of %d, %d wrong", words, kind.name, right, n, wrong)
			}
		}
	}
}

func TestCopiesFollowRepostsAndForgetTheOldest(t *testing.T) {
	c := NewCopies(2)
	a := c.Group("a", &Input{Text: "Queue at the front door"}, 1)
	if got := c.Group("b", &Input{Text: "so true", RepostOf: "a"}, 2); got != a {
		t.Errorf("repost has group %d, want %d", got, a)
	}
	c.Group("c", &Input{Text: "something else"}, 3)
	if got := c.Group("d", &Input{Text: "so true indeed", RepostOf: "a"}, 4); got != 4 {
		t.Errorf("repost of a forgotten post has group %d, want its own", got)
	}
}

func TestCopiesAnswerTheSameAfterARestart(t *testing.T) {
	w := newWriter(5)
	var ins []*Input
	for range 300 {
		ins = append(ins, &Input{Text: w.text(60)})
		ins = append(ins, &Input{Text: nearCopies[w.r.IntN(len(nearCopies))].edit(w, ins[w.r.IntN(len(ins))].Text)})
	}
	before := NewCopies(100)
	var groups []uint64
	for i, in := range ins {
		groups = append(groups, before.Group(fmt.Sprint(i), in, uint64(i)))
	}
	after := NewCopies(100)
	for i := 400; i < 500; i++ {
		after.Group(fmt.Sprint(i), ins[i], groups[i])
	}
	for i := 500; i < len(ins); i++ {
		if got := after.Group(fmt.Sprint(i), ins[i], uint64(i)); got != groups[i] {
			t.Fatalf("text %d: group %d after the restart, %d without", i, got, groups[i])
		}
	}
}

func BenchmarkCopies(b *testing.B) {
	w := newWriter(1)
	ins := make([]*Input, 10000)
	for i := range ins {
		ins[i] = &Input{Text: w.text(18)}
	}
	c := NewCopies(5000)
	i := 0
	for b.Loop() {
		c.Group("", ins[i%len(ins)], uint64(i))
		i++
	}
}
