package api

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"barometer/internal/api/web"
	"barometer/internal/barometer"
)

const (
	feedSpan    = 28 * 24 * time.Hour
	feedEntries = 200
	feedLook    = 2000 // transitions, of which those of alerts are shown
)

// feedEntry is something that changed: an alert took a step in its life, or the barometer has another word.
type feedEntry struct {
	ID, Title, Text, Path string
	At                    time.Time
	Tag                   string // alert or reading
}

// entryID is a name that no two changes share, and that is the same whenever the feed is made.
func entryID(parts ...string) string {
	h := sha256.New()
	for _, part := range parts {
		_, _ = fmt.Fprintf(h, "%d:%s", len(part), part)
	}
	id := [16]byte(h.Sum(nil))
	id[6], id[8] = id[6]&0x0f|0x80, id[8]&0x3f|0x80 // RFC 9562, version 8: a digest of our own
	return fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}

// feedOf returns the changes of the last weeks, newest first.
func (s *Server) feedOf(ctx context.Context, o barometer.Organisation) ([]feedEntry, error) {
	now := s.now()
	steps, err := s.deps.Store.Transitions(ctx, o.ID, now.Add(-feedSpan), now.Add(time.Hour), feedLook)
	if err != nil {
		return nil, err
	}
	readings, err := s.deps.Store.Readings(ctx, o.ID, "", now.Add(-feedSpan), now.Add(time.Hour))
	if err != nil {
		return nil, err
	}
	page := "/o/" + url.PathEscape(o.ID)
	var entries []feedEntry
	for i := range steps {
		r := &steps[i]
		if r.Tier != "alert" {
			continue
		}
		entries = append(entries, feedEntry{
			ID: entryID("issue", o.ID, r.ID, r.At.UTC().Format(time.RFC3339Nano), r.State), At: r.At.UTC(), Tag: "alert",
			Title: web.StateWord(r.State) + ": " + r.Name,
			Text:  web.IssueSentence(r), Path: page + "/issues/" + url.PathEscape(r.ID),
		})
	}
	for i := range readings {
		if i == 0 || readings[i].Word == readings[i-1].Word {
			continue
		}
		r := &readings[i]
		entries = append(entries, feedEntry{
			ID: entryID("reading", o.ID, r.At.UTC().Format(time.RFC3339Nano), r.Word), At: r.At.UTC(), Tag: "reading",
			Title: web.ReadingTitle(r), Text: web.ReadingSentence(r), Path: page,
		})
	}
	slices.SortStableFunc(entries, func(a, b feedEntry) int { return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.ID, b.ID)) })
	return entries[:min(len(entries), feedEntries)], nil
}

// updated is when a feed last changed; one without entries has not changed since it began.
func updated(entries []feedEntry) time.Time {
	if len(entries) == 0 {
		return time.Unix(0, 0).UTC()
	}
	return entries[0].At
}

// baseOf is the address that the caller knows this server by.
func baseOf(r *http.Request) string {
	scheme := "http"
	if r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https" {
		scheme = "https"
	}
	return scheme + "://" + r.Host
}

func feedOperation(id, path, contentType, name string) huma.Operation {
	op := get(id, path, "Alerts and changes of the barometer as "+name)
	op.Description = "One entry for each step in the life of an alert and for each change of the reading's word, in the last 28 days. " +
		"A feed reader signs in by basic authentication, with a key as the password."
	op.Responses = map[string]*huma.Response{"200": {Description: "The feed", Content: map[string]*huma.MediaType{
		contentType: {Schema: &huma.Schema{Type: huma.TypeString}},
	}}}
	return op
}

const (
	atomType     = "application/atom+xml"
	jsonFeedType = "application/feed+json"
)

// The elements of Atom (RFC 4287).
type (
	atomFeed struct {
		XMLName xml.Name    `xml:"http://www.w3.org/2005/Atom feed"`
		Lang    string      `xml:"xml:lang,attr"`
		ID      string      `xml:"id"`
		Title   string      `xml:"title"`
		Updated string      `xml:"updated"`
		Author  string      `xml:"author>name"`
		Links   []atomLink  `xml:"link"`
		Entries []atomEntry `xml:"entry"`
	}
	atomLink struct {
		Rel  string `xml:"rel,attr"`
		Type string `xml:"type,attr,omitempty"`
		Href string `xml:"href,attr"`
	}
	atomEntry struct {
		ID        string   `xml:"id"`
		Title     string   `xml:"title"`
		Updated   string   `xml:"updated"`
		Published string   `xml:"published"`
		Category  category `xml:"category"`
		Link      atomLink `xml:"link"`
		Content   string   `xml:"content"` // of the type text, which is the default
	}
	category struct {
		Term string `xml:"term,attr"`
	}
)

func (s *Server) getAtom(ctx context.Context, in *OrganisationInput) (*huma.StreamResponse, error) {
	return s.feed(ctx, in.Organisation, atomType, func(o barometer.Organisation, base string, entries []feedEntry) ([]byte, error) {
		f := atomFeed{
			Lang: "en", ID: entryID("feed", o.ID), Title: "Issue Barometer: " + o.Name, Updated: updated(entries).Format(time.RFC3339), Author: "Issue Barometer",
			Links: []atomLink{
				{Rel: "self", Type: atomType, Href: base + "/v1/organisations/" + url.PathEscape(o.ID) + "/feed.atom"},
				{Rel: "alternate", Type: "text/html", Href: base + "/o/" + url.PathEscape(o.ID)},
			},
		}
		for _, e := range entries {
			at := e.At.Format(time.RFC3339)
			f.Entries = append(f.Entries, atomEntry{
				ID: e.ID, Title: e.Title, Updated: at, Published: at, Category: category{e.Tag},
				Link: atomLink{Rel: "alternate", Type: "text/html", Href: base + e.Path}, Content: e.Text,
			})
		}
		b, err := xml.MarshalIndent(f, "", "  ")
		return append([]byte(xml.Header), b...), err
	})
}

// The fields of JSON Feed 1.1 (jsonfeed.org/version/1.1).
type (
	jsonFeed struct {
		Version     string       `json:"version"`
		Title       string       `json:"title"`
		HomePageURL string       `json:"home_page_url"`
		FeedURL     string       `json:"feed_url"`
		Language    string       `json:"language"`
		Authors     []feedAuthor `json:"authors"`
		Items       []feedItem   `json:"items"`
	}
	feedAuthor struct {
		Name string `json:"name"`
	}
	feedItem struct {
		ID            string   `json:"id"`
		URL           string   `json:"url"`
		Title         string   `json:"title"`
		ContentText   string   `json:"content_text"`
		DatePublished string   `json:"date_published"`
		Tags          []string `json:"tags"`
	}
)

func (s *Server) getJSONFeed(ctx context.Context, in *OrganisationInput) (*huma.StreamResponse, error) {
	return s.feed(ctx, in.Organisation, jsonFeedType, func(o barometer.Organisation, base string, entries []feedEntry) ([]byte, error) {
		f := jsonFeed{
			Version: "https://jsonfeed.org/version/1.1", Title: "Issue Barometer: " + o.Name, HomePageURL: base + "/o/" + url.PathEscape(o.ID),
			FeedURL: base + "/v1/organisations/" + url.PathEscape(o.ID) + "/feed.json", Language: "en",
			Authors: []feedAuthor{{"Issue Barometer"}}, Items: []feedItem{},
		}
		for _, e := range entries {
			f.Items = append(f.Items, feedItem{
				ID: e.ID, URL: base + e.Path, Title: e.Title, ContentText: e.Text, DatePublished: e.At.Format(time.RFC3339), Tags: []string{e.Tag},
			})
		}
		return json.MarshalIndent(f, "", "  ")
	})
}

func (s *Server) feed(ctx context.Context, organisation, contentType string, encode func(barometer.Organisation, string, []feedEntry) ([]byte, error)) (*huma.StreamResponse, error) {
	o, err := s.organisation(ctx, organisation)
	if err != nil {
		return nil, err
	}
	entries, err := s.feedOf(ctx, o)
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		r, w := humago.Unwrap(hc)
		body, err := encode(o, baseOf(r), entries)
		if err != nil {
			s.fail(w, r, s.problem(ctx, fmt.Errorf("encode feed: %w", err)))
			return
		}
		w.Header().Set("Content-Type", contentType+"; charset=utf-8")
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		w.WriteHeader(http.StatusOK)
		_, _ = w.Write(body) // into memory: it cannot fail
	}}, nil
}
