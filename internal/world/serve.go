package world

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Handler serves every feed of the world under /feeds/ID as it would look at the time that now returns: newest first,
// with ETag and conditional requests.
func (w *World) Handler(now func() time.Time) http.Handler {
	mux := http.NewServeMux()
	for _, f := range Feeds() {
		mux.HandleFunc("GET /feeds/"+f.ID, func(rw http.ResponseWriter, req *http.Request) { w.serve(rw, req, f, now()) })
	}
	return mux
}

func (w *World) serve(rw http.ResponseWriter, req *http.Request, f Feed, now time.Time) {
	items := w.items(f, now)
	tag := sha256.New()
	for _, p := range items {
		_, _ = fmt.Fprintln(tag, p.GUID)
	}
	etag := `"` + hex.EncodeToString(tag.Sum(nil)[:12]) + `"`
	rw.Header().Set("ETag", etag)
	if len(items) > 0 {
		rw.Header().Set("Last-Modified", items[0].At.UTC().Format(http.TimeFormat))
	}
	if req.Header.Get("If-None-Match") == etag {
		rw.WriteHeader(http.StatusNotModified)
		return
	}
	body, contentType := write(f, items)
	rw.Header().Set("Content-Type", contentType)
	_, _ = rw.Write(body)
}

// items returns what the feed shows at a time: its newest posts, newest first.
func (w *World) items(f Feed, now time.Time) []Post {
	var out []Post
	for d := w.dayOf(now); d >= 0 && len(out) < feedCap; d-- {
		day := w.day(d)
		for i := len(day) - 1; i >= 0 && len(out) < feedCap; i-- {
			if day[i].Feed == f.ID && !day[i].At.After(now) {
				out = append(out, day[i])
			}
		}
	}
	return out
}

func (f Feed) link(p Post) string { return "https://" + f.Site + "/" + p.GUID }

func write(f Feed, items []Post) ([]byte, string) {
	switch f.Format {
	case RSS:
		return mustXML(rss(f, items)), "application/rss+xml; charset=utf-8"
	case Atom:
		return mustXML(atom(f, items)), "application/atom+xml; charset=utf-8"
	default:
		b, err := json.Marshal(jsonFeed(f, items))
		if err != nil {
			panic(err) // strings and times always encode
		}
		return b, "application/feed+json"
	}
}

func mustXML(v any) []byte {
	b, err := xml.Marshal(v)
	if err != nil {
		panic(err) // strings and times always encode
	}
	return append([]byte(xml.Header), b...)
}

type rssItem struct {
	Title       string   `xml:"title,omitempty"`
	Link        string   `xml:"link"`
	Description string   `xml:"description"`
	Creator     string   `xml:"http://purl.org/dc/elements/1.1/ creator"`
	PubDate     string   `xml:"pubDate"`
	GUID        rssGUID  `xml:"guid"`
	XMLName     struct{} `xml:"item"`
}

type rssGUID struct {
	IsPermaLink bool   `xml:"isPermaLink,attr"`
	Value       string `xml:",chardata"`
}

type rssFeed struct {
	XMLName  struct{}  `xml:"rss"`
	Version  string    `xml:"version,attr"`
	Title    string    `xml:"channel>title"`
	Link     string    `xml:"channel>link"`
	Language string    `xml:"channel>language"`
	Items    []rssItem `xml:"channel>item"`
}

func rss(f Feed, items []Post) rssFeed {
	out := rssFeed{Version: "2.0", Title: f.Title, Link: "https://" + f.Site + "/", Language: f.Lang}
	for _, p := range items {
		out.Items = append(out.Items, rssItem{Title: p.Title, Link: f.link(p), Description: "<p>" + escape(p.Text) + "</p>",
			Creator: p.Author, PubDate: p.At.Format(time.RFC1123Z), GUID: rssGUID{Value: p.GUID}})
	}
	return out
}

// escape makes a text safe inside the HTML that RSS descriptions hold.
func escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}

type atomEntry struct {
	ID        string   `xml:"id"`
	Title     string   `xml:"title"`
	Link      atomLink `xml:"link"`
	Author    string   `xml:"author>name"`
	Published string   `xml:"published"`
	Updated   string   `xml:"updated"`
	Content   atomText `xml:"content"`
}

type atomLink struct {
	Href string `xml:"href,attr"`
}

type atomText struct {
	Type string `xml:"type,attr"`
	Text string `xml:",chardata"`
}

type atomFeed struct {
	XMLName xml.Name    `xml:"http://www.w3.org/2005/Atom feed"`
	Lang    string      `xml:"xml:lang,attr"`
	ID      string      `xml:"id"`
	Title   string      `xml:"title"`
	Updated string      `xml:"updated"`
	Entries []atomEntry `xml:"entry"`
}

func atom(f Feed, items []Post) atomFeed {
	out := atomFeed{Lang: f.Lang, ID: "https://" + f.Site + "/", Title: f.Title}
	for _, p := range items {
		at := p.At.Format(time.RFC3339)
		out.Entries = append(out.Entries, atomEntry{ID: p.GUID, Title: p.Title, Link: atomLink{f.link(p)}, Author: p.Author,
			Published: at, Updated: at, Content: atomText{"text", p.Text}})
	}
	if len(items) > 0 {
		out.Updated = items[0].At.Format(time.RFC3339)
	}
	return out
}

type jsonItem struct {
	ID        string       `json:"id"`
	URL       string       `json:"url"`
	Title     string       `json:"title,omitempty"`
	Text      string       `json:"content_text"`
	Published string       `json:"date_published"`
	Authors   []jsonAuthor `json:"authors"`
}

type jsonAuthor struct {
	Name string `json:"name"`
}

type jsonDocument struct {
	Version  string     `json:"version"`
	Title    string     `json:"title"`
	Home     string     `json:"home_page_url"`
	Language string     `json:"language"`
	Items    []jsonItem `json:"items"`
}

func jsonFeed(f Feed, items []Post) jsonDocument {
	out := jsonDocument{Version: "https://jsonfeed.org/version/1.1", Title: f.Title, Home: "https://" + f.Site + "/", Language: f.Lang,
		Items: []jsonItem{}}
	for _, p := range items {
		out.Items = append(out.Items, jsonItem{ID: p.GUID, URL: f.link(p), Title: p.Title, Text: p.Text,
			Published: p.At.Format(time.RFC3339), Authors: []jsonAuthor{{p.Author}}})
	}
	return out
}
