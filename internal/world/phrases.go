package world

import (
	_ "embed"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
)

//go:embed phrases/en.txt
var english string

//go:embed phrases/de.txt
var german string

//go:embed phrases/fi.txt
var finnish string

// book holds the invented sentences of one language.
type book struct {
	lists  map[string][]string
	topics []sentence
}

type sentence struct{ topic, sentiment, text string }

// The files are part of the program: a fault in them is ours and stops it.
var books = map[string]*book{"en": parseBook("en", english), "de": parseBook("de", german), "fi": parseBook("fi", finnish)}

func parseBook(lang, src string) *book {
	b := &book{lists: map[string][]string{}}
	section := ""
	for i, line := range strings.Split(src, "\n") {
		switch {
		case line == "" || line[0] == '#':
		case line[0] == '@':
			section = line[1:]
		case section == "topics":
			f := strings.SplitN(line, " | ", 3)
			if len(f) != 3 {
				panic(fmt.Sprintf("phrases %s line %d: want topic | sentiment | sentence", lang, i+1))
			}
			b.topics = append(b.topics, sentence{f[0], f[1], f[2]})
		default:
			b.lists[section] = append(b.lists[section], line)
		}
	}
	return b
}

func pick(r *rand.Rand, list []string) string { return list[r.IntN(len(list))] }

// write gives the post an ordinary text about the trust, with its topic and sentiment.
func (b *book) write(r *rand.Rand, p *Post) {
	s := b.topics[r.IntN(len(b.topics))]
	p.Topic, p.Sentiment = s.topic, s.sentiment
	p.Text = b.compose(r, s.text)
}

// compose surrounds a sentence with what people say around it.
func (b *book) compose(r *rand.Rand, text string) string {
	parts := []string{}
	if r.IntN(2) == 0 {
		parts = append(parts, pick(r, b.lists["opener"]))
	}
	parts = append(parts, text)
	details := b.lists["detail"]
	first := r.IntN(len(details))
	parts = append(parts, details[first])
	if r.IntN(2) == 0 { // a second one, never the same
		parts = append(parts, details[(first+1+r.IntN(len(details)-1))%len(details)])
	}
	return b.fill(r, strings.Join(parts, " "))
}

func (b *book) elsewhere(r *rand.Rand) string { return b.fill(r, pick(r, b.lists["elsewhere"])) }

// fill replaces the slots.
func (b *book) fill(r *rand.Rand, text string) string {
	var out strings.Builder
	for {
		i := strings.IndexByte(text, '{')
		if i < 0 {
			out.WriteString(text)
			return out.String()
		}
		j := strings.IndexByte(text, '}')
		out.WriteString(text[:i])
		switch slot := text[i+1 : j]; slot {
		case "n":
			out.WriteString(strconv.Itoa(3 + r.IntN(26)))
		case "hours":
			out.WriteString(strconv.Itoa(3 + r.IntN(9)))
		case "clock":
			fmt.Fprintf(&out, "%d:%02d", 6+r.IntN(17), 5*r.IntN(12))
		default:
			out.WriteString(pick(r, b.lists[slot+"s"]))
		}
		text = text[j+1:]
	}
}

// headline shortens a text to what a newspaper would put above it.
func headline(text string) string {
	words := strings.Fields(text)
	if len(words) <= 9 {
		return text
	}
	return strings.Join(words[:9], " ") + " …"
}
