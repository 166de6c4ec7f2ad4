package source

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"barometer/internal/barometer"
)

// flexID is an id written as a string or as an integer of any length. A floating-point number has lost digits.
type flexID string

func (f *flexID) UnmarshalJSON(b []byte) error {
	switch {
	case string(b) == "null":
		return nil
	case b[0] == '"':
		var s string
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
		*f = flexID(strings.TrimSpace(s))
		return nil
	}
	for _, c := range b {
		if c < '0' || c > '9' {
			return badRecord("an id is the number %s: write it as a string, so that no digit is lost", clip(string(b), 40))
		}
	}
	*f = flexID(b)
	return nil
}

// record is one post as JSON Lines and CSV have it.
type record struct {
	ID           flexID `json:"id"`
	Text         string `json:"text"`
	Title        string `json:"title"`
	Lang         string `json:"lang"`
	Author       flexID `json:"author"`
	AuthorName   string `json:"author_name"`
	URL          string `json:"url"`
	PublishedAt  string `json:"published_at"`
	Source       string `json:"source"`
	About        string `json:"about"`
	Organisation string `json:"organisation"`
	RepostOf     flexID `json:"repost_of"`
	Deleted      bool   `json:"deleted"`
}

// probe tells a tweet from a post, and finds the tweet in its wrapping.
type probe struct {
	Tweet     json.RawMessage `json:"tweet"`
	IDStr     json.RawMessage `json:"id_str"`
	CreatedAt json.RawMessage `json:"created_at"`
	FullText  json.RawMessage `json:"full_text"`
}

// jsonPost reads one object: a post, a tweet, or {"tweet": {...}}.
func jsonPost(b []byte) (barometer.Post, error) {
	if bytes.Contains(b, []byte(`"id_str"`)) || bytes.Contains(b, []byte(`"created_at"`)) || bytes.Contains(b, []byte(`"tweet"`)) {
		var pr probe
		if err := json.Unmarshal(b, &pr); err != nil {
			return barometer.Post{}, jsonReason(err)
		}
		switch {
		case len(pr.Tweet) > 0 && pr.Tweet[0] == '{':
			return tweetPost(pr.Tweet)
		case pr.IDStr != nil, pr.CreatedAt != nil, pr.FullText != nil:
			return tweetPost(b)
		}
	}
	var r record
	if err := json.Unmarshal(b, &r); err != nil {
		return barometer.Post{}, jsonReason(err)
	}
	return r.post()
}

// jsonReason says what is wrong with a record without repeating any of it.
func jsonReason(err error) error {
	if _, ok := errors.AsType[*recordError](err); ok {
		return err
	}
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && e.Field != "" {
		return badRecord("%s is a %s, want %s", e.Field, e.Value, e.Type)
	}
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		return badRecord("not JSON at character %d of the record", e.Offset)
	}
	return badRecord("not a JSON object")
}

func (r *record) post() (barometer.Post, error) {
	p := barometer.Post{
		NativeID: string(r.ID), Title: r.Title, Text: r.Text, Lang: langCode(r.Lang), AuthorID: string(r.Author),
		AuthorName: r.AuthorName, URL: r.URL, Source: r.Source, About: r.About, RepostOf: string(r.RepostOf), Deleted: r.Deleted,
	}
	if p.About == "" {
		p.About = r.Organisation
	}
	if u, err := url.Parse(r.URL); err == nil {
		p.Site = siteOf(u.Host)
	}
	if r.PublishedAt != "" {
		var err error
		if p.PublishedAt, p.DateQuality, err = archiveTime(r.PublishedAt); err != nil {
			return p, err
		}
	}
	return p, nil
}

// archiveLayouts are the times that archives are seen with. Those without a zone are UTC.
var archiveLayouts = []string{
	time.RFC3339Nano, time.RubyDate, time.RFC1123Z, time.RFC1123,
	"2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006-01-02 15:04",
	"2006-01-02T15:04",
}

// archiveTime reads a time: one of the layouts, Unix seconds or milliseconds, or a day, which is exact to a day only.
func archiveTime(s string) (time.Time, barometer.DateQuality, error) {
	s = strings.TrimSpace(s)
	for _, layout := range archiveLayouts {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), barometer.DateExact, nil
		}
	}
	if t, err := time.Parse(time.DateOnly, s); err == nil {
		return t, barometer.DateStated, nil
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil && n > 0 {
		if n > 1e11 {
			return time.UnixMilli(n).UTC(), barometer.DateExact, nil
		}
		return time.Unix(n, 0).UTC(), barometer.DateExact, nil
	}
	return time.Time{}, "", badRecord("published_at %q is no time; write it like 2015-02-16T23:36:05Z", clip(s, 40))
}

// csvHeader says which column holds what.
type csvHeader struct {
	comma   byte
	columns []string // name of the field of each column, or ""
	fields  []string // reused for each record
}

// csvNames maps the header of a column to its field.
var csvNames = map[string]string{
	"id": "id", "tweet_id": "id", "post_id": "id", "text": "text", "full_text": "text", "title": "title", "lang": "lang", "language": "lang",
	"author": "author", "author_id": "author", "author_name": "author_name", "url": "url", "link": "url",
	"published_at": "published_at", "created_at": "published_at", "date": "published_at",
	"source": "source", "about": "about", "organisation": "organisation", "repost_of": "repost_of", "deleted": "deleted",
}

// readCSVHeader finds the delimiter, which is the one that gives id and text a column each.
func readCSVHeader(line []byte) (*csvHeader, error) {
	line = bytes.TrimPrefix(line, []byte("\xef\xbb\xbf"))
	for _, comma := range []byte{',', ';', '\t', '|'} {
		h := &csvHeader{comma: comma}
		has := map[string]bool{}
		for _, name := range splitCSV(nil, line, comma) {
			field := csvNames[strings.ToLower(strings.TrimSpace(name))]
			if has[field] {
				field = "" // the first of two counts
			}
			has[field] = true
			h.columns = append(h.columns, field)
		}
		if has["id"] && has["text"] {
			return h, nil
		}
	}
	return nil, barometer.Errorf(barometer.Invalid,
		"this is not a file of posts: want JSON Lines with id and text, a CSV file with a header that names id and text, or a Twitter archive")
}

func (h *csvHeader) post(line []byte) (barometer.Post, error) {
	if !utf8.Valid(line) { // spreadsheets still write the encoding of the country
		decoded, err := charmap.Windows1252.NewDecoder().Bytes(line)
		if err != nil {
			return barometer.Post{}, badRecord("neither UTF-8 nor windows-1252")
		}
		line = decoded
	}
	h.fields = splitCSV(h.fields[:0], line, h.comma)
	if len(h.fields) > len(h.columns) {
		return barometer.Post{}, badRecord("%d fields, want %d", len(h.fields), len(h.columns))
	}
	var r record
	for i, v := range h.fields {
		switch h.columns[i] {
		case "id":
			r.ID = flexID(strings.TrimSpace(v))
			if looksRounded(v) {
				return barometer.Post{}, badRecord("the id %s is a rounded number: export the column as text, so that no digit is lost", clip(v, 40))
			}
		case "text":
			r.Text = v
		case "title":
			r.Title = v
		case "lang":
			r.Lang = v
		case "author":
			r.Author = flexID(strings.TrimSpace(v))
		case "author_name":
			r.AuthorName = v
		case "url":
			r.URL = v
		case "published_at":
			r.PublishedAt = v
		case "source":
			r.Source = v
		case "about":
			r.About = v
		case "organisation":
			r.Organisation = v
		case "repost_of":
			r.RepostOf = flexID(strings.TrimSpace(v))
		case "deleted":
			switch strings.ToLower(strings.TrimSpace(v)) {
			case "", "0", "false", "no":
			case "1", "true", "yes":
				r.Deleted = true
			default:
				return barometer.Post{}, badRecord("deleted is neither true nor false")
			}
		}
	}
	return r.post()
}

// looksRounded recognises what spreadsheets make of long ids: 5.67588E+17.
func looksRounded(s string) bool {
	if !strings.ContainsAny(s, "eE") || !strings.ContainsAny(s, ".,+") {
		return false
	}
	_, err := strconv.ParseFloat(strings.Replace(strings.TrimSpace(s), ",", ".", 1), 64)
	return err == nil
}
