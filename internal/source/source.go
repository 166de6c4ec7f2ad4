package source

import (
	"context"
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"barometer/internal/barometer"
)

// Source is one configured place to listen. Implementations are the kinds of kinds.go.
//
// Read delivers what is new since cursor, which is nil at the very first read and otherwise the bytes that this kind
// last gave to emit. A kind that polls returns after one fetch; a kind that follows a stream returns when ctx ends or
// the connection is lost. Read is never called twice at the same time, starts no goroutine that outlives it, and
// closes what it opened.
//
// The good part of a bad answer is emitted; what was left out is counted in the Report. An error says that the source
// could not be heard, and is shown to operators: it holds neither texts nor secrets. ErrGone (wrapped) says for ever,
// ErrCursor says that our own memory is broken. An error from emit is returned as it is.
type Source interface {
	Read(ctx context.Context, cursor []byte, emit Emit) (Report, error)
}

// Emit publishes the posts durably and then saves the cursor; when it returns nil, both have happened. Posts may be
// empty (only the cursor changed) and cursor nil (keep the saved one). An error ends the read.
type Emit func(ctx context.Context, posts []barometer.Post, cursor []byte) error

// Report is what a read has to say besides its posts.
type Report struct {
	Pause   time.Duration // leave the source alone for at least this long (Retry-After, ttl); 0 has no wish
	Skipped int           // items that could not be used
	Note    string        // why items were skipped or the answer was cut, in words, without texts or persons
}

// ErrGone says that the source has ended for good (HTTP 410). It is disabled until its configuration changes.
var ErrGone = errors.New("gone for good")

// ErrCursor says that a saved cursor cannot be read. It is our own state that is broken, so the process stops.
var ErrCursor = errors.New("saved cursor cannot be read")

// The most a post may hold; the rest is cut at a character. A mention with 50 others has to fit into one message.
const (
	maxTitle = 1 << 10
	maxText  = 128 << 10
	maxShort = 2 << 10 // ids, addresses, names
)

// bound makes a post safe to pass on: valid UTF-8 without NUL, and no field longer than its limit.
func bound(p *barometer.Post) {
	p.Title = clip(p.Title, maxTitle)
	p.Text = clip(p.Text, maxText)
	p.URL = clip(p.URL, maxShort)
	p.Site = clip(p.Site, maxShort)
	p.AuthorID = clip(p.AuthorID, maxShort)
	p.AuthorName = clip(p.AuthorName, maxShort)
	p.About = clip(p.About, maxShort)
	p.PublishedAt = p.PublishedAt.UTC()
	p.SeenAt = p.SeenAt.UTC()
}

func clip(s string, limit int) string {
	if len(s) > limit {
		for limit > 0 && !utf8.RuneStart(s[limit]) {
			limit--
		}
		s = s[:limit]
	}
	if strings.IndexByte(s, 0) >= 0 {
		s = strings.ReplaceAll(s, "\x00", "")
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

// langCode reduces a declared language ("en-GB", "de_DE", "FI") to its ISO 639-1 code, or "" when it is none.
func langCode(s string) string {
	s = strings.ToLower(strings.TrimSpace(s))
	if i := strings.IndexAny(s, "-_"); i >= 0 {
		s = s[:i]
	}
	if len(s) != 2 || s[0] < 'a' || s[0] > 'z' || s[1] < 'a' || s[1] > 'z' {
		return ""
	}
	return s
}

// siteOf is the host as posts name it: lower case, without port and "www.".
func siteOf(host string) string {
	host = strings.ToLower(host)
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") {
		host = host[:i]
	}
	return strings.TrimPrefix(host, "www.")
}
