package text

import (
	"strings"
	"unicode"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// FromHTML returns what a person would read of an HTML fragment or page: entities decoded, scripts, styles and other
// unseen elements dropped, space collapsed, one line for each block, list item or table row, cells apart, the alternative
// text of images kept. Plain text comes back with its space collapsed. Broken mark-up gives what can be read of it.
func FromHTML(s string) string {
	var w plain
	w.b.Grow(min(len(s), 1<<16))
	z := html.NewTokenizer(strings.NewReader(s))
	var skip atom.Atom // the unseen element we are in
	for depth := 0; ; {
		switch z.Next() {
		case html.ErrorToken:
			return strings.TrimSpace(w.b.String())
		case html.TextToken:
			if skip == 0 {
				w.text(string(z.Text()))
			}
		case html.StartTagToken:
			name, attrs := z.TagName()
			a := atom.Lookup(name)
			switch {
			case skip != 0:
				if a == skip {
					depth++
				}
			case unread[a]:
				skip, depth = a, 1
			default:
				w.tag(z, a, attrs)
			}
		case html.SelfClosingTagToken:
			if name, attrs := z.TagName(); skip == 0 {
				w.tag(z, atom.Lookup(name), attrs)
			}
		case html.EndTagToken:
			name, _ := z.TagName()
			a := atom.Lookup(name)
			switch {
			case skip == 0:
				w.tag(z, a, false)
			case a == skip:
				if depth--; depth == 0 {
					skip = 0
				}
			}
		}
	}
}

// unread are the elements whose content is not shown.
var unread = map[atom.Atom]bool{
	atom.Script: true, atom.Style: true, atom.Noscript: true, atom.Template: true, atom.Head: true, atom.Svg: true,
	atom.Iframe: true, atom.Object: true, atom.Select: true, atom.Textarea: true, atom.Title: true, atom.Noembed: true,
}

// blocks are the elements that begin and end a line.
var blocks = map[atom.Atom]bool{
	atom.Address: true, atom.Article: true, atom.Aside: true, atom.Blockquote: true, atom.Body: true, atom.Br: true,
	atom.Caption: true, atom.Dd: true, atom.Details: true, atom.Div: true, atom.Dl: true, atom.Dt: true, atom.Fieldset: true,
	atom.Figcaption: true, atom.Figure: true, atom.Footer: true, atom.Form: true, atom.H1: true, atom.H2: true,
	atom.H3: true, atom.H4: true, atom.H5: true, atom.H6: true, atom.Header: true, atom.Hr: true, atom.Li: true,
	atom.Main: true, atom.Nav: true, atom.Ol: true, atom.Option: true, atom.P: true, atom.Pre: true, atom.Section: true,
	atom.Summary: true, atom.Table: true, atom.Tr: true, atom.Ul: true,
}

// plain builds text with collapsed space: a run of space becomes one blank, or one line break where a block met it.
type plain struct {
	b     strings.Builder
	space bool
	line  bool
}

func (w *plain) text(s string) {
	for s != "" {
		i := strings.IndexFunc(s, unicode.IsSpace)
		if i == 0 {
			w.space = true
			s = strings.TrimLeftFunc(s, unicode.IsSpace)
			continue
		}
		if i < 0 {
			i = len(s)
		}
		if w.b.Len() > 0 {
			if w.line {
				w.b.WriteByte('\n')
			} else if w.space {
				w.b.WriteByte(' ')
			}
		}
		w.space, w.line = false, false
		w.b.WriteString(s[:i])
		s = s[i:]
	}
}

func (w *plain) tag(z *html.Tokenizer, a atom.Atom, attrs bool) {
	switch {
	case blocks[a]:
		w.line = true
	case a == atom.Td || a == atom.Th:
		w.space = true
	case a == atom.Img:
		for attrs {
			var k, v []byte
			k, v, attrs = z.TagAttr()
			if string(k) == "alt" {
				w.space = true
				w.text(string(v))
				w.space = true
			}
		}
	}
}
