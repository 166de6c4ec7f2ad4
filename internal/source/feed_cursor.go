package source

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"barometer/internal/barometer"
)

// feedCursor is what a feed source remembers. The entries hold hashes, not texts or native ids.
type feedCursor struct {
	Version      int         `json:"v"`
	Configured   string      `json:"configured"` // the entry's address; another one starts anew
	URL          string      `json:"url"`        // what to fetch now: the address, where it moved, or the feed found on the page
	ETag         string      `json:"etag,omitempty"`
	LastModified string      `json:"last_modified,omitempty"`
	Gone         bool        `json:"gone,omitempty"`   // the server said 410
	Shared       []hash64    `json:"shared,omitempty"` // of native ids that several items have: their links are part of the identity
	Items        []feedEntry `json:"items,omitempty"`  // newest sight first
}

// feedEntry is an item we know.
type feedEntry struct {
	Key     hash64                `json:"k"`           // of the native id
	Content hash64                `json:"c,omitempty"` // of what was published; 0 is claimed, but perhaps not published
	First   int64                 `json:"t"`           // the time of the post, for ever, in Unix milliseconds
	Quality barometer.DateQuality `json:"q"`
}

const (
	feedCursorVersion = 1
	maxEntries        = maxItems
)

// hash64 is written as text: JSON numbers lose bits past 53.
type hash64 uint64

func (h hash64) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "%x", uint64(h)), nil }

func (h *hash64) UnmarshalText(b []byte) error {
	if len(b) == 0 || len(b) > 16 {
		return fmt.Errorf("hash of %d digits", len(b))
	}
	var v uint64
	for _, c := range b {
		switch {
		case c >= '0' && c <= '9':
			v = v<<4 | uint64(c-'0')
		case c >= 'a' && c <= 'f':
			v = v<<4 | uint64(c-'a'+10)
		default:
			return fmt.Errorf("hash with %q", c)
		}
	}
	*h = hash64(v)
	return nil
}

// loadFeedCursor reads the saved cursor; none, or one of another address, is a fresh start.
func loadFeedCursor(saved []byte, configured string) (*feedCursor, error) {
	fresh := &feedCursor{Version: feedCursorVersion, Configured: configured, URL: configured}
	if len(saved) == 0 {
		return fresh, nil
	}
	c := new(feedCursor)
	if err := json.Unmarshal(saved, c); err != nil {
		return nil, fmt.Errorf("feed: %w: %w", ErrCursor, err)
	}
	switch {
	case c.Version != feedCursorVersion:
		return nil, fmt.Errorf("feed: %w: version %d, want %d", ErrCursor, c.Version, feedCursorVersion)
	case len(c.Items) > maxEntries || len(c.Shared) > maxShared:
		return nil, fmt.Errorf("feed: %w: %d items", ErrCursor, len(c.Items))
	case c.URL == "":
		return nil, fmt.Errorf("feed: %w: no address", ErrCursor)
	}
	if c.Configured != configured {
		fresh.Items = c.Items // ids stay when the space does, so known items need not come again
		return fresh, nil
	}
	return c, nil
}

func (c *feedCursor) encode() ([]byte, error) {
	b, err := json.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("feed: encode cursor: %w", err)
	}
	return b, nil
}

func (c *feedCursor) index() map[hash64]feedEntry {
	m := make(map[hash64]feedEntry, len(c.Items))
	for _, e := range c.Items {
		m[e.Key] = e
	}
	return m
}

// remember puts the entries of this fetch first and keeps older ones behind them, so that an item that drops out of the
// feed and comes back is still known. Twice the feed's own length, and at least 200, is kept.
func (c *feedCursor) remember(now []feedEntry) {
	seen := make(map[hash64]bool, len(now))
	for _, e := range now {
		seen[e.Key] = true
	}
	limit := min(maxEntries, max(200, 2*len(now)))
	out := slices.Clone(now[:min(len(now), maxEntries)])
	for _, e := range c.Items {
		if len(out) >= limit {
			break
		}
		if !seen[e.Key] {
			out = append(out, e)
		}
	}
	c.Items = out
}

// believable bounds a stated time. Feeds did not exist before 1995, and a post from the future has a wrong clock or
// time zone; both are given the time we first saw them.
func believable(stated *time.Time, now time.Time) (time.Time, barometer.DateQuality) {
	const skew = 10 * time.Minute
	switch {
	case stated == nil || stated.IsZero():
		return now, barometer.DateSeen
	case stated.Year() < 1995 || stated.After(now.Add(skew)):
		return now, barometer.DateBounded
	}
	return *stated, barometer.DateStated
}
