package testkit

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// Hostile is a server on loopback whose pages are what the world sends by accident or on purpose. Paths:
//
//	/endless     a feed that never ends
//	/huge        a feed of 12 MB that is otherwise correct
//	/bomb        2 MB of gzip that unpack to 2 GB
//	/million     a million empty items
//	/deep        elements nested 100,000 deep
//	/deepitem    three items, the second nested 100 deep
//	/laughs      entities that would expand to gigabytes
//	/truncated   announces more than it sends, broken off within the third item
//	/drip        two items at once, then a byte every 10 ms for ever
//	/stall       headers and then nothing
//	/misencoded  says UTF-8, is windows-1252
//	/broken      three items, the second with mismatched tags
//	/loop        redirects to itself
//	/to?u=       redirects to u, for ever (301)
//	/garbage     bytes that are nothing
//	/empty       200 with no body
//	/notgzip     says gzip, is text
type Hostile struct {
	*httptest.Server
}

// NewHostile starts the server and stops it with the test.
func NewHostile(t testing.TB) *Hostile {
	t.Helper()
	mux := http.NewServeMux()
	h := &Hostile{}
	page := func(path string, f http.HandlerFunc) { mux.HandleFunc(path, f) }
	feed := func(s string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/rss+xml")
			_, _ = io.WriteString(w, s)
		}
	}
	item := func(i int, text string) string {
		return fmt.Sprintf("<item><guid>%d</guid><title>Item %d</title><description>%s</description></item>", i, i, text)
	}
	const head, tail = `<?xml version="1.0"?><rss version="2.0"><channel><title>t</title>`, `</channel></rss>`

	page("/endless", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, head)
		for i := 0; r.Context().Err() == nil; i++ {
			if _, err := io.WriteString(w, item(i, strings.Repeat("never ends ", 1000))); err != nil {
				return
			}
		}
	})
	page("/huge", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, head)
		for i := range 1200 {
			if _, err := io.WriteString(w, item(i, strings.Repeat("0123456789", 1000))); err != nil {
				return
			}
		}
		_, _ = io.WriteString(w, tail)
	})
	bomb := zeros2GB()
	page("/bomb", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(bomb)
	})
	page("/million", feed(head+strings.Repeat("<item></item>", 1_000_000)+tail))
	page("/deep", feed(head+strings.Repeat("<a>", 100_000)))
	page("/deepitem", feed(head+item(1, "first")+item(2, strings.Repeat("<b>", 100)+"x"+strings.Repeat("</b>", 100))+item(3, "third")+tail))
	var laughs strings.Builder
	laughs.WriteString(`<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol">`)
	for i := 1; i < 10; i++ {
		previous := "lol"
		if i > 1 {
			previous = fmt.Sprintf("lol%d", i-1)
		}
		fmt.Fprintf(&laughs, `<!ENTITY lol%d "%s">`, i, strings.Repeat("&"+previous+";", 10))
	}
	laughs.WriteString(`]><rss version="2.0"><channel>` + item(1, "&lol9;") + item(2, "no joke") + tail)
	page("/laughs", feed(laughs.String()))
	page("/truncated", func(w http.ResponseWriter, _ *http.Request) {
		body := head + item(1, "first") + item(2, "second") + "<item><guid>3</guid><tit"
		w.Header().Set("Content-Length", fmt.Sprint(len(body)+1000))
		_, _ = io.WriteString(w, body)
	})
	page("/drip", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, head+item(1, "first")+item(2, "second"))
		for r.Context().Err() == nil {
			_, _ = io.WriteString(w, " ")
			_ = http.NewResponseController(w).Flush()
			time.Sleep(10 * time.Millisecond)
		}
	})
	page("/stall", func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	page("/misencoded", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/rss+xml; charset=utf-8")
		_, _ = io.WriteString(w, `<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel>`+item(1, "Krankenh\xe4user \x96 M\xfcnchen")+tail)
	})
	page("/broken", feed(head+item(1, "first")+"<item><guid>2</guid><title>Item 2</guid><b></item>"+item(3, "third")+tail))
	page("/loop", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/loop", http.StatusFound) })
	page("/to", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", r.URL.Query().Get("u"))
		w.WriteHeader(http.StatusMovedPermanently)
	})
	page("/garbage", feed("\x00\xff\xfe\x01garbage\x80"))
	page("/empty", feed(""))
	page("/notgzip", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = io.WriteString(w, head+tail)
	})
	h.Server = httptest.NewServer(mux)
	t.Cleanup(func() {
		h.CloseClientConnections() // the endless ones would hold Close for ever
		h.Close()
	})
	return h
}

// HostPort is the address for an allow-list.
func (h *Hostile) HostPort() string { return strings.TrimPrefix(h.URL, "http://") }

// zeros2GB returns gzip of 2 GB of zeros: one compressed member of 64 MB, many times.
func zeros2GB() []byte {
	var one bytes.Buffer
	z := gzip.NewWriter(&one)
	zeros := make([]byte, 1<<20)
	for range 64 {
		_, _ = z.Write(zeros)
	}
	_ = z.Close()
	return bytes.Repeat(one.Bytes(), 32)
}
