package source

import (
	"bytes"
	"fmt"
	"strconv"
	"unicode/utf8"

	"barometer/internal/barometer"
)

// maxTags bounds what one feed can make the parser build.
const maxTags = 250_000

// bounded is a feed within the caps.
type bounded struct {
	text  []byte   // starts at the root element: declaration and document type (with its entities) are gone
	note  string   // what was left out, in words
	all   []byte   // the feed as it came
	head  []byte   // of an XML feed: what stands before the first item
	items [][2]int // of an XML feed: the kept items in all
	tail  []byte   // of an XML feed: the end tags that close head
}

func (b *bounded) addNote(s string) {
	if b.note != "" {
		b.note += "; "
	}
	b.note += s
}

// boundFeed cuts the feed down to the caps of depth and items.
func boundFeed(text []byte) (bounded, error) {
	trimmed := bytes.TrimLeft(text, " \t\r\n\f\v\x00\uFEFF")
	switch {
	case len(trimmed) == 0:
		return bounded{}, barometer.Errorf(barometer.Unavailable, "the answer is empty")
	case trimmed[0] == '{':
		return boundJSON(trimmed)
	case bytes.IndexByte(trimmed, '<') >= 0:
		return boundXML(trimmed)
	}
	return bounded{}, barometer.Errorf(barometer.Unavailable, "%w", errNotFeed)
}

// boundXML walks over the tags without building anything. Items that nest too deeply are left out; where the document
// breaks off or passes a cap it is closed after the last whole item.
func boundXML(text []byte) (bounded, error) {
	b := bounded{all: text}
	var (
		s         = tagScanner{text: text}
		open      []string // names of open elements
		rootAt    = -1
		itemAt    = -1 // start of the item we are in
		outside   int  // len(open) around that item
		deep      bool // that item nests too deeply
		dropped   int
		keep      bytes.Buffer // what is kept, once something before it was left out
		copied    int          // all before is in keep or left out
		end       int          // after the last byte known to be good
		openAtEnd []string     // open elements there
		cut       string
		tags      int
	)
	good := func(at int) { end, openAtEnd = at, append(openAtEnd[:0], open...) }
	for cut == "" {
		t, ok := s.next()
		if tags++; !ok {
			if rootAt < 0 {
				return b, barometer.Errorf(barometer.Unavailable, "%w", errNotFeed)
			}
			if len(open) > 0 {
				cut = "the feed breaks off"
			}
			break
		}
		if rootAt < 0 {
			if t.close {
				return b, barometer.Errorf(barometer.Unavailable, "%w", errNotFeed)
			}
			rootAt, copied = t.start, t.start
		}
		if tags > maxTags {
			cut = fmt.Sprintf("the feed has more than %d elements, the rest was not read", maxTags/2)
			break
		}
		if itemAt < 0 && !t.close && (t.name == "item" || t.name == "entry") {
			if len(b.items)+dropped == maxItems {
				cut = fmt.Sprintf("the feed has more than %d items, the rest was not read", maxItems)
				break
			}
			if b.head == nil {
				b.head = text[rootAt:t.start:t.start]
				b.tail = endTags(open)
			}
			itemAt, outside, deep = t.start, len(open), false
		}
		if t.close {
			if i := lastIndex(open, t.name); i >= outside || itemAt < 0 && i >= 0 {
				open = open[:i]
			}
		} else if !t.empty {
			open = append(open, t.name)
		}
		if len(open) > maxDepth {
			if itemAt < 0 {
				cut = fmt.Sprintf("the feed nests more than %d elements, the rest was not read", maxDepth)
				break
			}
			deep = true
		}
		switch {
		case itemAt < 0:
			good(t.end)
		case len(open) == outside: // the item is whole
			if deep {
				keep.Write(text[copied:itemAt])
				copied = t.end
				dropped++
			} else {
				b.items = append(b.items, [2]int{itemAt, t.end})
			}
			itemAt, outside = -1, 0
			good(t.end)
		}
		if len(open) == 0 {
			break
		}
	}
	if dropped > 0 {
		b.addNote(fmt.Sprintf("%d items nest more than %d elements", dropped, maxDepth))
	}
	if cut != "" {
		b.addNote(cut)
	}
	b.text = text[copied:max(end, copied)]
	if dropped > 0 || cut != "" {
		keep.Write(b.text)
		keep.Write(endTags(openAtEnd))
		b.text = keep.Bytes()
	}
	if len(b.text) == 0 {
		return b, barometer.Errorf(barometer.Unavailable, "%w", errNotFeed)
	}
	return b, nil
}

func endTags(open []string) []byte {
	var b []byte
	for i := len(open) - 1; i >= 0; i-- {
		b = append(append(append(b, "</"...), open[i]...), '>')
	}
	return b
}

func lastIndex(list []string, s string) int {
	for i := len(list) - 1; i >= 0; i-- {
		if list[i] == s {
			return i
		}
	}
	return -1
}

// tag is one start or end tag; text[start:end] is how it is written.
type tag struct {
	name         string
	start, end   int
	close, empty bool
}

// tagScanner finds tags, stepping over comments, CDATA, instructions and the document type.
type tagScanner struct {
	text []byte
	at   int
}

// next returns the next tag, or false at the end or where the text breaks off within a construct.
func (s *tagScanner) next() (tag, bool) {
	for {
		i := bytes.IndexByte(s.text[s.at:], '<')
		if i < 0 {
			return tag{}, false
		}
		start := s.at + i
		rest := s.text[start:]
		var skip int
		switch {
		case bytes.HasPrefix(rest, []byte("<!--")):
			skip = after(rest, 4, "-->")
		case bytes.HasPrefix(rest, []byte("<![CDATA[")):
			skip = after(rest, 9, "]]>")
		case bytes.HasPrefix(rest, []byte("<?")):
			skip = after(rest, 2, "?>")
		case bytes.HasPrefix(rest, []byte("<!")):
			skip = doctypeEnd(rest)
		default:
			t, n := readTag(rest)
			if n < 0 {
				return tag{}, false
			}
			s.at = start + n
			if t.name == "" { // a stray "<"
				continue
			}
			t.start, t.end = start, s.at
			return t, true
		}
		if skip < 0 {
			return tag{}, false
		}
		s.at = start + skip
	}
}

func after(b []byte, from int, mark string) int {
	i := bytes.Index(b[from:], []byte(mark))
	if i < 0 {
		return -1
	}
	return from + i + len(mark)
}

// doctypeEnd finds the end of <!DOCTYPE ... [ ... ]>.
func doctypeEnd(b []byte) int {
	var quote byte
	brackets := 0
	for i := 2; i < len(b); i++ {
		switch c := b[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '[':
			brackets++
		case c == ']':
			brackets--
		case c == '>' && brackets <= 0:
			return i + 1
		}
	}
	return -1
}

// readTag reads the tag at the start of b and returns its length; a name of "" is a "<" that starts no tag.
func readTag(b []byte) (tag, int) {
	i := 1
	var t tag
	if i < len(b) && b[i] == '/' {
		t.close = true
		i++
	}
	nameAt := i
	for i < len(b) && nameByte(b[i]) {
		i++
	}
	if i == nameAt {
		if i == len(b) {
			return t, -1
		}
		return t, 1
	}
	t.name = string(b[nameAt:i])
	var quote byte
	for ; i < len(b); i++ {
		switch c := b[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '>':
			t.empty = !t.close && b[i-1] == '/'
			return t, i + 1
		}
	}
	return t, -1
}

func nameByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == ':' || c == '_' || c == '-' || c == '.' || c >= utf8.RuneSelf
}

// boundJSON does for a JSON Feed what boundXML does for the others: it closes the list of items after the last whole
// one where the text breaks off or passes a cap.
func boundJSON(text []byte) (bounded, error) {
	var (
		depth    int
		inString bool
		stringAt int
		key      string // the last string at depth 1
		inItems  bool   // within the top-level array "items"
		items    int
		good     = -1 // after the last whole item, or after the bracket before the first
	)
	closed := func(format string, args ...any) (bounded, error) {
		note := fmt.Sprintf(format, args...)
		if good < 0 {
			return bounded{}, barometer.Errorf(barometer.Unavailable, "%s before its first item", note)
		}
		return bounded{text: append(bytes.Clone(text[:good]), "]}"...), note: note}, nil
	}
	for i := 0; i < len(text); i++ {
		c := text[i]
		if inString {
			switch c {
			case '\\':
				i++
			case '"':
				inString = false
				if depth == 1 {
					key = string(text[stringAt:min(i, stringAt+16)])
				}
			}
			continue
		}
		switch c {
		case '"':
			inString, stringAt = true, i+1
		case '{', '[':
			depth++
			if depth == 2 && c == '[' && key == "items" && good < 0 {
				inItems, good = true, i+1
			}
			if depth > maxDepth {
				return closed("the feed nests more than %d levels", maxDepth)
			}
			if inItems && depth == 3 {
				if items == maxItems {
					return closed("the feed has more than %s items, the rest was not read", strconv.Itoa(maxItems))
				}
				items++
			}
		case '}', ']':
			depth--
			switch {
			case depth <= 0:
				return bounded{text: text[:i+1]}, nil
			case inItems && depth == 2:
				good = i + 1
			case depth == 1:
				inItems = false
			}
		}
	}
	return closed("the feed breaks off")
}
