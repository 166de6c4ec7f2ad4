package source

import (
	"bytes"
	"net/url"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// discoverScan is how far into a page the links to feeds are looked for: they stand in its head.
const discoverScan = 512 << 10

// looksLikePage says that the body is HTML rather than a feed, whatever it is declared as.
func looksLikePage(text []byte) bool {
	head := bytes.ToLower(bytes.TrimSpace(text[:min(len(text), 1024)]))
	for bytes.HasPrefix(head, []byte("<!--")) || bytes.HasPrefix(head, []byte("<?")) {
		i := bytes.IndexByte(head, '>')
		if i < 0 {
			return false
		}
		head = bytes.TrimSpace(head[i+1:])
	}
	return bytes.HasPrefix(head, []byte("<!doctype html")) || bytes.HasPrefix(head, []byte("<html")) ||
		bytes.HasPrefix(head, []byte("<head")) || bytes.HasPrefix(head, []byte("<body"))
}

var feedTypes = map[string]bool{
	"application/rss+xml": true, "application/atom+xml": true, "application/feed+json": true, "application/rdf+xml": true,
}

// discoverFeed returns the address of the feed that a page names (<link rel="alternate">), or "". Of several it prefers
// the first that is not about comments: pages name their main feed first.
func discoverFeed(page []byte, pageURL string) string {
	base, err := url.Parse(pageURL)
	if err != nil {
		return ""
	}
	var comments string
	z := html.NewTokenizer(bytes.NewReader(page[:min(len(page), discoverScan)]))
	z.SetMaxBuf(64 << 10)
	for {
		switch z.Next() {
		case html.ErrorToken:
			return comments
		case html.StartTagToken, html.SelfClosingTagToken:
			name, more := z.TagName()
			kind := atom.Lookup(name)
			if !more || (kind != atom.Link && kind != atom.Base) {
				continue
			}
			attr := map[string]string{}
			for more {
				var k, v []byte
				k, v, more = z.TagAttr()
				attr[string(k)] = string(v)
			}
			href, err := url.Parse(strings.TrimSpace(attr["href"]))
			if err != nil || attr["href"] == "" {
				continue
			}
			if kind == atom.Base {
				base = base.ResolveReference(href)
				continue
			}
			mediaType, _, _ := strings.Cut(attr["type"], ";")
			if !feedTypes[strings.ToLower(strings.TrimSpace(mediaType))] || !hasWord(attr["rel"], "alternate") {
				continue
			}
			found := base.ResolveReference(href)
			if found.Scheme != "http" && found.Scheme != "https" {
				continue
			}
			if s := strings.ToLower(found.Path + " " + attr["title"]); !strings.Contains(s, "comment") && !strings.Contains(s, "komment") {
				return found.String()
			}
			if comments == "" {
				comments = found.String()
			}
		}
	}
}

func hasWord(s, word string) bool {
	for _, f := range strings.Fields(s) {
		if strings.EqualFold(f, word) {
			return true
		}
	}
	return false
}
