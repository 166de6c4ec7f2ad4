package bench

import (
	"fmt"
	"slices"
	"strconv"
	"testing"

	bobusumisu "github.com/BobuSumisu/aho-corasick"
	"github.com/cloudflare/ahocorasick"
	petar "github.com/petar-dambovaliev/aho-corasick"

	"barometer/internal/query"
)

// matcher appends the numbers of the phrases that occur in a text.
type matcher struct {
	name string
	find func(dst []int, text string) []int
}

// matchers returns every library with the same phrases. The libraries get lower-case ASCII and look for bytes anywhere;
// ours reads posts as they are written (case, accents, scripts, hashtags, handles) and looks for whole words, each phrase
// being an organisation's query.
func matchers(tb testing.TB, phrases []string) []matcher {
	flare := ahocorasick.NewStringMatcher(phrases)
	build := func(dfa bool) func([]int, string) []int {
		builder := petar.NewAhoCorasickBuilder(petar.Opts{MatchKind: petar.StandardMatch, DFA: dfa})
		ac := builder.Build(phrases)
		return func(dst []int, text string) []int {
			it := ac.IterOverlapping(text)
			for m := it.Next(); m != nil; m = it.Next() {
				dst = append(dst, m.Pattern())
			}
			return dst
		}
	}
	trie := bobusumisu.NewTrieBuilder().AddStrings(phrases).Build()
	named := make([]query.Named, len(phrases))
	for i, p := range phrases {
		q, err := query.Parse(`"` + p + `"`)
		if err != nil {
			tb.Fatal(err)
		}
		named[i] = query.Named{ID: strconv.Itoa(i), Query: q}
	}
	set, err := query.NewSet(named)
	if err != nil {
		tb.Fatal(err)
	}
	var r query.Result
	return []matcher{
		{"cloudflare", func(dst []int, text string) []int { return append(dst, flare.Match([]byte(text))...) }},
		{"petar-dambovaliev NFA", build(false)},
		{"petar-dambovaliev DFA", build(true)},
		{"BobuSumisu", func(dst []int, text string) []int {
			for _, m := range trie.MatchString(text) {
				dst = append(dst, int(m.Pattern()))
			}
			return dst
		}},
		{"ours", func(dst []int, text string) []int {
			set.Match(&query.Doc{Text: text}, &r)
			for _, m := range r.Matches {
				n, _ := strconv.Atoi(m.Organisation) // written above
				dst = append(dst, n)
			}
			return dst
		}},
	}
}

// TestMatchersAgree checks that the benchmark compares matchers which find the same.
func TestMatchersAgree(t *testing.T) {
	phrases, texts := phraseSet(500)
	all := matchers(t, phrases)
	found := 0
	for _, text := range texts {
		var want []int
		for i, m := range all {
			got := m.find(nil, text)
			slices.Sort(got)
			got = slices.Compact(got)
			if i == 0 {
				want = got
				found += len(got)
			} else if !slices.Equal(got, want) {
				t.Fatalf("%s finds %v, %s finds %v in %q", m.name, got, all[0].name, want, text)
			}
		}
	}
	if found < len(texts)/2 {
		t.Errorf("%d phrases in %d posts, want one in every second post", found, len(texts))
	}
}

// BenchmarkPhrases compares the search for many phrases in posts, one in two of which holds one.
func BenchmarkPhrases(b *testing.B) {
	for _, n := range []int{500, 5000} {
		phrases, texts := phraseSet(n)
		for _, m := range matchers(b, phrases) {
			b.Run(fmt.Sprintf("%d/%s", n, m.name), func(b *testing.B) {
				var dst []int
				each(b, texts, func(s string) float64 {
					dst = m.find(dst[:0], s)
					return float64(len(dst))
				})
			})
		}
	}
}
