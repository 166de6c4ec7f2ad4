package source

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/mmcdole/gofeed"
	"github.com/mmcdole/gofeed/rss"
	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/unicode"

	"barometer/internal/barometer"
)

// The caps before the parser: it is correct, but a feed of a million empty items would cost it seconds and gigabytes.
const (
	maxItems  = 2000
	maxDepth  = 64
	parseTime = 5 * time.Second
)

// parsed is a feed within the caps.
type parsed struct {
	feed *gofeed.Feed
	ttl  time.Duration // the feed's own wish for the time between two polls, or 0
	note string        // what was left out and why, or ""
}

// errNotFeed says that the bytes are no feed at all.
var errNotFeed = errors.New("this is not a feed (RSS, Atom or JSON Feed)")

// parseFeed decodes, bounds and parses. A feed that breaks off or nests too deeply gives the items that are whole.
func parseFeed(body []byte, contentType string) (p parsed, err error) {
	defer func() {
		if r := recover(); r != nil { // a parser of outside bytes must not take the process with it
			p, err = parsed{}, barometer.Errorf(barometer.Unavailable, "the feed breaks the parser")
		}
	}()
	text := decodeText(body, contentType)
	b, err := boundFeed(text)
	if err != nil {
		return parsed{}, err
	}
	until := time.Now().Add(parseTime)
	feed, err := parseUntil(b.text, until)
	if k := len(b.items) / 8; errors.Is(err, errTooSlow) && k > 0 { // the part that surely can be read in the time
		first := append(bytes.Clone(b.head), b.all[b.items[0][0]:b.items[k-1][1]]...)
		if feed, err = parseUntil(append(first, b.tail...), time.Now().Add(parseTime)); err == nil {
			b.addNote("the feed could not be parsed in " + parseTime.String() + ", only its first " + strconv.Itoa(k) + " items were read")
		}
	} else if len(b.items) > 1 && (err != nil || len(feed.Items) < len(b.items)) {
		if whole, left := salvage(b, until); whole != nil && (err != nil || len(whole.Items) > len(feed.Items)) {
			feed, err = whole, nil
			if left > 0 {
				b.addNote(strconv.Itoa(left) + " items are broken")
			}
		}
	}
	switch {
	case errors.Is(err, errTooSlow):
		return parsed{}, barometer.Errorf(barometer.Unavailable, "the feed could not be parsed in %s", parseTime)
	case errors.Is(err, gofeed.ErrFeedTypeNotDetected):
		return parsed{}, barometer.Errorf(barometer.Unavailable, "%w", errNotFeed)
	case err != nil:
		return parsed{}, barometer.Errorf(barometer.Unavailable, "the feed cannot be parsed: %s", clip(err.Error(), 200))
	}
	if len(feed.Items) > maxItems {
		feed.Items = feed.Items[:maxItems]
	}
	p = parsed{feed: feed, note: b.note}
	if original, ok := feed.OriginalFeed().(*rss.Feed); ok {
		if minutes, err := strconv.ParseUint(strings.TrimSpace(original.TTL), 10, 20); err == nil {
			p.ttl = time.Duration(minutes) * time.Minute
		}
	}
	return p, nil
}

func parseUntil(text []byte, until time.Time) (*gofeed.Feed, error) {
	parser := gofeed.NewParser()
	parser.KeepOriginalFeed = true // for ttl
	parser.RSSTranslator = &gofeed.DefaultRSSTranslator{DisableContentImageScan: true}
	return parser.Parse(&timedReader{r: bytes.NewReader(text), until: until})
}

// salvage parses every item on its own, after the parser has given up on the whole or has lost some: one broken item
// must not silence the others. It returns nil when no item is good.
func salvage(b bounded, until time.Time) (whole *gofeed.Feed, left int) {
	const maxHead = 64 << 10 // it is parsed again for every item
	if len(b.head) > maxHead {
		return nil, 0
	}
	for _, item := range b.items {
		if time.Now().After(until) {
			left++
			continue
		}
		one := append(bytes.Clone(b.head), b.all[item[0]:item[1]]...)
		feed, err := parseUntil(append(one, b.tail...), until)
		if err != nil || len(feed.Items) == 0 {
			left++
			continue
		}
		if whole == nil {
			whole = feed
		} else {
			whole.Items = append(whole.Items, feed.Items...)
		}
	}
	return whole, left
}

var errTooSlow = errors.New("too slow")

// timedReader ends a parse that takes too long: the parser reads as it goes.
type timedReader struct {
	r     io.Reader
	until time.Time
}

func (t *timedReader) Read(p []byte) (int, error) {
	if time.Now().After(t.until) {
		return 0, errTooSlow
	}
	return t.r.Read(p[:min(len(p), 4096)])
}

var xmlEncoding = regexp.MustCompile(`^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["']`)

// decodeText turns the body into UTF-8. What the bytes are beats what is said about them: a byte order mark, then
// valid UTF-8 with something in it that only UTF-8 looks like, then the HTTP header, then the XML declaration, then
// windows-1252, which every byte is valid in.
func decodeText(body []byte, contentType string) []byte {
	switch {
	case bytes.HasPrefix(body, []byte("\xef\xbb\xbf")):
		return bytes.ToValidUTF8(body[3:], []byte("\uFFFD"))
	case bytes.HasPrefix(body, []byte("\xff\xfe")), bytes.HasPrefix(body, []byte("<\x00")):
		return decodeWith(unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), body)
	case bytes.HasPrefix(body, []byte("\xfe\xff")), bytes.HasPrefix(body, []byte("\x00<")):
		return decodeWith(unicode.UTF16(unicode.BigEndian, unicode.UseBOM), unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM), body)
	}
	good, bad := multibyte(body)
	if bad == 0 && good > 0 {
		return body
	}
	label := ""
	if _, params, err := mime.ParseMediaType(contentType); err == nil {
		label = params["charset"]
	}
	if label == "" {
		if m := xmlEncoding.FindSubmatch(body[:min(len(body), 512)]); m != nil {
			label = string(m[1])
		}
	}
	enc, name := charset.Lookup(label)
	if name == "utf-8" || name == "utf-16le" || name == "utf-16be" {
		enc = nil // the bytes are not that, whatever is declared
	}
	if enc == nil {
		if bad == 0 || good > bad { // ASCII, or UTF-8 with a few broken places
			return bytes.ToValidUTF8(body, []byte("\uFFFD"))
		}
		enc, _ = charset.Lookup("windows-1252")
	}
	return decodeWith(enc, nil, body)
}

func decodeWith(enc, other encoding.Encoding, body []byte) []byte {
	out, err := enc.NewDecoder().Bytes(body)
	if err != nil && other != nil { // no byte order mark after all
		out, err = other.NewDecoder().Bytes(body)
	}
	if err != nil {
		out = body
	}
	return bytes.ToValidUTF8(out, []byte("\uFFFD"))
}

// multibyte counts valid sequences of more than one byte, and bytes that are invalid.
func multibyte(b []byte) (good, bad int) {
	for len(b) > 0 {
		if b[0] < utf8.RuneSelf {
			b = b[1:]
			continue
		}
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n == 1 {
			bad++
		} else {
			good++
		}
		b = b[n:]
	}
	return good, bad
}
