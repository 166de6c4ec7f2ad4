package query

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// benchWords are the vocabulary of generated posts, frequent words first.
var benchWords = strings.Fields(`the to and a of in is for my I you it on at we was with that have this be not are so no they but all
	just been can from out up what when will were there had got an if me now our your about after again still over day
	time people hours today week good great bad really never nobody waited called phone appointment letter nurse doctor
	treatment results blood surgery weekend money coffee train weather football music children school holiday morning
	evening window garden dinner friends birthday shopping concert neighbour traffic kitchen computer
	heute wieder leider überhaupt Straße können schön früh müssen tänään vielä myös hyvä pitkä päivä don't I'm it's`)

// benchQueries makes queries in the shape of real ones: aliases, handle, a place near a service word, exclusions.
func benchQueries(n int) []string {
	out := make([]string, n)
	for i := range out {
		place := fmt.Sprintf("place%02d", i)
		out[i] = fmt.Sprintf(`("%s hospital" OR "%s infirmary" OR @%snhs OR #%s OR %strust* OR site:%s.example.org) `+
			`OR (%s NEAR/5 (nurse OR doctor OR surgery OR waiting)) NOT (football OR "%s united")`,
			place, place, place, place, place, place, place, place)
	}
	return out
}

// benchPosts makes posts of 106 bytes on average, one in twenty of which mentions an organisation.
func benchPosts(n, organisations int) []Doc {
	rng := rand.New(rand.NewPCG(1, 2))
	out := make([]Doc, n)
	for i := range out {
		var b strings.Builder
		if rng.IntN(20) == 0 {
			fmt.Fprintf(&b, "place%02d hospital ", rng.IntN(organisations))
		}
		for b.Len() < 103 {
			at := int(float64(len(benchWords)) * rng.Float64() * rng.Float64()) // frequent words more often
			b.WriteString(benchWords[at])
			b.WriteByte(' ')
			switch rng.IntN(30) {
			case 0:
				b.WriteString("@someone ")
			case 1:
				b.WriteString("#today 😀 ")
			case 2:
				b.WriteString("https://t.example/x1y2z3 ")
			}
		}
		out[i] = Doc{Text: strings.TrimSpace(b.String()), Site: "social.example", Lang: "en", Source: "s", Kind: "feed"}
	}
	return out
}

// BenchmarkMatch200 isolates matching 200 organisations' queries against one short post; posts/s is the promise.
func BenchmarkMatch200(b *testing.B) { benchMatch(b, benchQueries(200)) }

// BenchmarkMatch200Stems is BenchmarkMatch200 where one query in ten asks for inflections, so that words are stemmed.
func BenchmarkMatch200Stems(b *testing.B) {
	sources := benchQueries(200)
	for i := 0; i < len(sources); i += 10 {
		sources[i] += fmt.Sprintf(" OR (stem:Wartezeit place%02d)", i)
	}
	benchMatch(b, sources)
}

func benchMatch(b *testing.B, sources []string) {
	set := mustSet(b, sources...)
	posts := benchPosts(5000, len(sources))
	var size, matched, i int
	var r Result
	for j := range posts {
		size += len(posts[j].Text)
	}
	b.ReportAllocs()
	for b.Loop() {
		set.Match(&posts[i%len(posts)], &r)
		if len(r.Matches) > 0 {
			matched++
		}
		i++
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "posts/s")
	b.ReportMetric(float64(size)/float64(len(posts)), "bytes/post")
	b.ReportMetric(100*float64(matched)/float64(b.N), "%matched")
}

// BenchmarkParse isolates reading one query of the usual size.
func BenchmarkParse(b *testing.B) {
	src := benchQueries(1)[0]
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(src); err != nil {
			b.Fatal(err)
		}
	}
}
