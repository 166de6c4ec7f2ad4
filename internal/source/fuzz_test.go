package source

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"barometer/internal/barometer"
)

// FuzzFeed: whatever a server sends, parsing ends soon, within the caps, and every post is sound.
func FuzzFeed(f *testing.F) {
	for _, s := range []string{
		rssFeed(rssItem(1, "one", "Fri, 20 Nov 2026 09:00:00 GMT"), rssItem(2, "<b>two</b>", "")),
		`<feed xmlns="http://www.w3.org/2005/Atom" xml:base="http://x/"><entry><id>1</id><title type="xhtml"><div>t</div></title><link href="a"/></entry></feed>`,
		`{"version":"https://jsonfeed.org/version/1.1","title":"J","items":[{"id":"7","content_html":"<p>x</p>"},{"id":8,"tags":["a"]}]}`,
		`<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><channel/><item rdf:about="x"><title>t</title></item></rdf:RDF>`,
		`<?xml version="1.0" encoding="utf-16"?><!DOCTYPE x [<!ENTITY a "b">]><rss><channel><item><title>&a;</title></item>`,
		"\xff\xfe<\x00r\x00s\x00s\x00>\x00", `{"items":[{"a":[[[[`, "<rss><channel><item><title><![CDATA[", strings.Repeat("<entry>", 70),
	} {
		f.Add([]byte(s), "text/xml; charset=iso-8859-1")
		f.Add([]byte(s), "")
	}
	src := &feed{cfg: Config{ID: "s", Kind: "feed", URL: "https://example.org/feed"}, now: time.Now}
	f.Fuzz(func(t *testing.T, body []byte, contentType string) {
		begin := time.Now()
		p, err := parseFeed(body, contentType)
		if err != nil {
			if barometer.KindOf(err) == barometer.Internal {
				t.Errorf("an outside fault has kind internal: %v", err)
			}
			return
		}
		var cur, next feedCursor
		posts, entries, _ := src.newPosts(p.feed, &cur, &next, "https://example.org/feed")
		if len(posts) != len(entries) || len(posts) > maxItems {
			t.Errorf("%d posts, %d entries", len(posts), len(entries))
		}
		for _, p := range posts {
			checkPost(t, p)
		}
		if took := time.Since(begin); took > 2*parseTime {
			t.Errorf("took %s", took)
		}
	})
}

func checkPost(t *testing.T, p barometer.Post) {
	t.Helper()
	if p.ID != barometer.DeriveID(p.Space, p.NativeID) || p.PublishedAt.IsZero() && !p.Deleted || p.SeenAt.IsZero() {
		t.Errorf("unsound post %+v", p)
	}
	for _, s := range []string{p.Title, p.Text, p.URL, p.Site, p.AuthorID, p.AuthorName, p.About} {
		if !utf8.ValidString(s) || strings.IndexByte(s, 0) >= 0 || len(s) > maxText+3 {
			t.Errorf("unsound text %q", clip(s, 100))
		}
	}
}

// FuzzBoundXML: an unbroken feed passes unchanged, and what is cut is still a feed with no more items than before.
func FuzzBoundXML(f *testing.F) {
	f.Add([]byte("<rss><channel><item><title>a</title></item><item/></channel></rss>"))
	f.Add([]byte("<a><!-- > --><entry x='>'><![CDATA[</entry>]]></entry>"))
	f.Add([]byte("<!DOCTYPE a [<!ENTITY b \"]>\">]><a></b></a><item></c></item>"))
	f.Fuzz(func(t *testing.T, text []byte) {
		b, err := boundXML(text)
		if err != nil {
			return
		}
		again, err := boundXML(b.text)
		if err != nil || len(again.items) > len(b.items) || len(b.items) > maxItems {
			t.Errorf("%q became %q with %d, then %d items (%v)", text, b.text, len(b.items), len(again.items), err)
		}
	})
}

func FuzzArchive(f *testing.F) {
	var gz bytes.Buffer
	z := gzip.NewWriter(&gz)
	_, _ = z.Write([]byte(jsonLine))
	_ = z.Close()
	for _, s := range []string{
		jsonLine, tweet, "[" + tweet + "]", csvHead + csvLine, gz.String(), "window.YTD.tweet.part0 = [ {\"tweet\" : " + tweet + "} ]",
		"id;text\n1;\"a\n\nb\"\n2;\"", "\xff\xfei\x00d\x00", `{"id":1e9,"text":"x"}`, "{\n\"id\": \"1\"}", `{"id":"1","deleted":true}`, tweet + "\n" + jsonLine,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		read := func(from Position) (posts []barometer.Post, where []Position) {
			a, err := readArchiveAt(bytes.NewReader(b), ArchiveOptions{Source: "s", Dated: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)}, from)
			if err != nil {
				return nil, nil
			}
			for {
				p, err := a.Next()
				if err != nil {
					if !errors.Is(err, io.EOF) && barometer.KindOf(err) != barometer.Invalid {
						t.Errorf("error %v", err)
					}
					return posts, where
				}
				checkPost(t, p)
				p.SeenAt = time.Time{}
				posts, where = append(posts, p), append(where, a.Position())
			}
		}
		posts, where := read(Position{})
		if len(posts) < 2 {
			return
		}
		middle := len(posts) / 2
		rest, _ := read(where[middle-1])
		if len(rest) != len(posts)-middle || rest[0].ID != posts[middle].ID {
			t.Errorf("from %+v: %d posts, want %d", where[middle-1], len(rest), len(posts)-middle)
		}
	})
}

// FuzzJSONRecord: a record is a post or a reason, and an integer id keeps every digit.
func FuzzJSONRecord(f *testing.F) {
	for _, s := range []string{jsonLine, tweet, `{"tweet":{"id":"1","full_text":"x"}}`, `{"id":123456789012345678901234567890}`, `{"created_at":1}`, "null", "[]", `{"retweeted_status":{}}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := jsonPost(b)
		if _, ok := errors.AsType[*recordError](err); err != nil && !ok {
			t.Errorf("error %v is no reason", err)
		}
		var plain struct {
			ID json.Number `json:"id"`
		}
		if err == nil && p.Space == "" && json.Unmarshal(b, &plain) == nil && plain.ID != "" && p.NativeID != strings.TrimSpace(plain.ID.String()) {
			t.Errorf("id %q became %q", plain.ID, p.NativeID)
		}
	})
}

// FuzzSplitCSV: on what the standard library reads, we read the same.
func FuzzSplitCSV(f *testing.F) {
	for _, s := range []string{"a,b,c", `"a,b",c`, `"a""b","c` + "\n" + `d"`, ",,", `""`, "a\r"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r := csv.NewReader(strings.NewReader(s))
		want, err := r.Read()
		if err != nil || strings.ContainsAny(s, "\r") || r.InputOffset() != int64(len(s)) || s[0] == '\n' {
			return
		}
		got := splitCSV(nil, []byte(s), ',')
		if strings.Join(got, "\x00") != strings.Join(want, "\x00") {
			t.Errorf("%q: %q, want %q", s, got, want)
		}
		if open := quoteOpen([]byte(s), ',', false); open {
			t.Errorf("%q: a quote counts as open", s)
		}
	})
}

func FuzzDiscoverFeed(f *testing.F) {
	f.Add([]byte(`<html><head><base href="//x/"><link rel=alternate type=application/atom+xml href="a">`), "https://example.org/")
	f.Add([]byte(`<link rel="alternate" type="application/rss+xml" href="javascript:x">`), "::")
	f.Fuzz(func(t *testing.T, page []byte, at string) {
		if s := discoverFeed(page, at); s != "" && !strings.HasPrefix(s, "http://") && !strings.HasPrefix(s, "https://") {
			t.Errorf("found %q", s)
		}
	})
}

// FuzzCursors: a saved cursor is read, or is an error of ours; what is read can be saved again.
func FuzzCursors(f *testing.F) {
	c := &feedCursor{Version: 1, Configured: "u", URL: "u", ETag: "e", Items: []feedEntry{{Key: 7, Content: 8, First: 9, Quality: barometer.DateSeen}}, Shared: []hash64{1}}
	b, err := c.encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(`{"v":1,"path":"u","position":{"offset":9,"line":1,"records":1}}`))
	f.Add([]byte(`{"v":1,"days":[{"d":1,"n":2,"h":3}],"last":"2026-11-20T09:00:00Z"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if c, err := loadFeedCursor(b, "u"); err == nil {
			again, err := c.encode()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := loadFeedCursor(again, "u"); err != nil {
				t.Errorf("%s saved as %s: %v", b, again, err)
			}
		} else if !errors.Is(err, ErrCursor) {
			t.Errorf("feed: %v", err)
		}
		if _, err := loadArchiveCursor(b, "u"); err != nil && !errors.Is(err, ErrCursor) {
			t.Errorf("archive: %v", err)
		}
		if v, err := loadVolume(b); err != nil && !errors.Is(err, ErrCursor) {
			t.Errorf("volume: %v", err)
		} else if err == nil {
			now := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
			v.heard(now, 1, time.Hour)
			v.silent(now)
		}
	})
}
