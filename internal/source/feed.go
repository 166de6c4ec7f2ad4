package source

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/mmcdole/gofeed"

	"barometer/internal/barometer"
	"barometer/internal/text"
)

const feedAccept = "application/feed+json, application/atom+xml, application/rss+xml, application/xml;q=0.9, text/xml;q=0.9, text/html;q=0.5, */*;q=0.1"

// maxTTL bounds a feed's wish to be left alone: a feed that says a year would never be heard.
const maxTTL = 12 * time.Hour

// feed reads RSS, Atom and JSON Feed: news, blogs, comments and the notes of podcasts.
type feed struct {
	cfg  Config
	http *Client
	now  func() time.Time
}

func newFeed(c Config, env Env) (Source, error) {
	if env.HTTP == nil {
		return nil, errors.New("kind feed needs an HTTP client")
	}
	return &feed{cfg: c, http: env.HTTP, now: env.Now}, nil
}

// Read fetches once, if the server says that something changed.
func (f *feed) Read(ctx context.Context, saved []byte, emit Emit) (Report, error) {
	cur, err := loadFeedCursor(saved, f.cfg.URL)
	if err != nil {
		return Report{}, err
	}
	if cur.Gone {
		return Report{}, barometer.Errorf(barometer.NotFound, "the feed is %w: the server answered 410", ErrGone)
	}
	next := *cur // what is saved at the end; cur keeps the old validators for the claim
	resp, p, err := f.fetch(ctx, &next)
	if err != nil {
		if errors.Is(err, ErrGone) {
			next.Gone = true
			err = errors.Join(err, save(ctx, &next, emit))
		}
		return Report{Pause: retryAfter(err)}, err
	}
	if p.feed == nil { // not modified
		return Report{}, nil
	}
	report := Report{Pause: min(p.ttl, maxTTL), Note: p.note}
	if resp.Cut != "" {
		report.Note = joinNotes(resp.Cut, p.note)
	}
	if resp.Cut == "" { // otherwise the next fetch has to bring the rest
		next.ETag, next.LastModified = resp.ETag, resp.LastModified
	} else {
		next.ETag, next.LastModified = "", ""
	}
	posts, entries, skipped := f.newPosts(p.feed, cur, &next, resp.URL)
	if skipped > 0 {
		report.Skipped = skipped
		report.Note = joinNotes(report.Note, fmt.Sprintf("%d items have neither text nor a title, or repeat another", skipped))
	}
	return report, f.deliver(ctx, cur, &next, posts, entries, emit)
}

// deliver claims the times of new items, publishes, and saves what is then known.
//
// The claim holds the old validators: were the process to die between claim and publishing, the next fetch gets the
// whole feed again, finds the claimed times and publishes with them.
func (f *feed) deliver(ctx context.Context, cur, next *feedCursor, posts []barometer.Post, entries []feedEntry, emit Emit) error {
	if len(posts) > 0 {
		known := cur.index()
		claimed := make([]feedEntry, len(entries))
		fresh := len(next.Shared) != len(cur.Shared)
		for i, e := range entries {
			old, ok := known[e.Key]
			claimed[i] = e
			claimed[i].Content = old.Content // 0 for a new one
			fresh = fresh || !ok
		}
		if fresh {
			claim := *cur
			claim.Shared = next.Shared
			claim.remember(claimed)
			if err := save(ctx, &claim, emit); err != nil {
				return err
			}
		}
	}
	next.remember(entries)
	b, err := next.encode()
	if err != nil {
		return err
	}
	return emit(ctx, posts, b)
}

func save(ctx context.Context, c *feedCursor, emit Emit) error {
	b, err := c.encode()
	if err != nil {
		return err
	}
	return emit(ctx, nil, b)
}

// fetch gets and parses the feed, following a page to the feed it names. It updates the address in c only when what is
// there is a feed: a portal that redirects everything to its login must not be remembered.
func (f *feed) fetch(ctx context.Context, c *feedCursor) (*Response, parsed, error) {
	at := c.URL
	for range 2 {
		resp, err := f.http.Get(ctx, Request{
			URL: at, ETag: c.ETag, LastModified: c.LastModified, Accept: feedAccept, Headers: f.cfg.Headers,
		})
		if err != nil {
			return nil, parsed{}, err
		}
		if resp.Status == http.StatusNotModified {
			return resp, parsed{}, nil
		}
		if body := decodeText(resp.Body, resp.ContentType); looksLikePage(body) {
			found := discoverFeed(body, resp.URL)
			if found == "" || found == at {
				return nil, parsed{}, barometer.Errorf(barometer.Unavailable,
					"%s is a web page that names no feed; give the address of the feed itself", redactURL(at))
			}
			at, c.ETag, c.LastModified = found, "", ""
			continue
		}
		p, err := parseFeed(resp.Body, resp.ContentType)
		if err != nil {
			if resp.Cut != "" {
				err = barometer.Errorf(barometer.Unavailable, "%s; %w", resp.Cut, err)
			}
			return nil, parsed{}, err
		}
		c.URL = at
		if resp.Moved != "" {
			c.URL = resp.Moved
		}
		return resp, p, nil
	}
	return nil, parsed{}, barometer.Errorf(barometer.Unavailable, "%s leads from page to page, not to a feed", redactURL(c.URL))
}

// newPosts returns the items that are new or edited as posts, and an entry for every usable item.
func (f *feed) newPosts(in *gofeed.Feed, cur, next *feedCursor, at string) (posts []barometer.Post, entries []feedEntry, skipped int) {
	base, err := url.Parse(at)
	if err != nil {
		base = &url.URL{}
	}
	next.Shared = sharedIDs(cur.Shared, in.Items)
	known := cur.index()
	seen := make(map[hash64]bool, len(in.Items))
	now := f.now().UTC()
	for _, item := range in.Items {
		p := f.post(in, item, base)
		if p.Title == "" && p.Text == "" {
			skipped++
			continue
		}
		p.NativeID = nativeID(item, next.Shared, &p)
		key := hashOf(p.NativeID)
		if seen[key] {
			skipped++
			continue
		}
		seen[key] = true
		e, ok := known[key]
		if !ok {
			stated := item.PublishedParsed
			if stated == nil {
				stated = item.UpdatedParsed
			}
			t, q := believable(stated, now)
			e = feedEntry{Key: key, First: t.UnixMilli(), Quality: q}
		}
		content := hashOf(p.Title, p.Text) // not the address: some feeds count clicks in it
		changed := e.Content != content
		e.Content = content
		entries = append(entries, e)
		if !changed {
			continue
		}
		p.ID = barometer.DeriveID(p.Space, p.NativeID)
		p.PublishedAt, p.DateQuality, p.SeenAt = time.UnixMilli(e.First).UTC(), e.Quality, now
		bound(&p)
		posts = append(posts, p)
	}
	return posts, entries, skipped
}

// post fills everything but identity and time.
func (f *feed) post(in *gofeed.Feed, item *gofeed.Item, base *url.URL) barometer.Post {
	p := barometer.Post{Source: f.cfg.ID, Kind: f.cfg.Kind, Space: f.cfg.Space, Site: f.cfg.Site}
	if p.Space == "" {
		p.Space = f.cfg.URL
	}
	p.Title = clip(strings.Join(strings.Fields(text.FromHTML(clip(item.Title, maxText))), " "), maxTitle)
	p.Text = f.body(item)
	if u, err := base.Parse(strings.TrimSpace(item.Link)); err == nil && item.Link != "" && (u.Scheme == "http" || u.Scheme == "https") {
		p.URL = u.String()
		if p.Site == "" {
			p.Site = siteOf(u.Host)
		}
	}
	if p.Site == "" {
		p.Site = siteOf(base.Host)
	}
	if item.DublinCoreExt != nil && len(item.DublinCoreExt.Language) > 0 {
		p.Lang = langCode(item.DublinCoreExt.Language[0])
	}
	if p.Lang == "" {
		p.Lang = langCode(in.Language)
	}
	if p.Lang == "" {
		p.Lang = f.cfg.Lang
	}
	people := item.Authors
	if len(people) == 0 && in.FeedType != "rss" { // Atom (RFC 4287, 4.2.1) and JSON Feed let entries inherit it
		people = in.Authors
	}
	if len(people) > 0 && people[0] != nil {
		p.AuthorName = clip(strings.TrimSpace(text.FromHTML(people[0].Name)), maxShort)
		p.AuthorID = people[0].Email
		if p.AuthorID == "" {
			p.AuthorID = strings.ToLower(p.AuthorName)
		}
	}
	return p
}

// body is the longer of content and description: feeds put the teaser in either. Podcasts keep their notes apart.
func (f *feed) body(item *gofeed.Item) string {
	const most = 4 * maxText // of mark-up, before it is made plain
	content, description := text.FromHTML(clip(item.Content, most)), text.FromHTML(clip(item.Description, most))
	if len(description) > len(content) {
		content = description
	}
	if content == "" && item.ITunesExt != nil {
		if content = text.FromHTML(clip(item.ITunesExt.Summary, most)); content == "" {
			content = text.FromHTML(clip(item.ITunesExt.Subtitle, most))
		}
	}
	return clip(content, maxText)
}

// nativeID is the item's own id, else its link, else what it says. An id that the feed gives to several items counts
// only together with the link.
func nativeID(item *gofeed.Item, shared []hash64, p *barometer.Post) string {
	id, link := strings.TrimSpace(item.GUID), strings.TrimSpace(item.Link)
	switch {
	case id != "" && len(shared) > 0 && slices.Contains(shared, hashOf(id)):
		return id + " " + link
	case id != "":
		return id
	case link != "":
		return link
	}
	return fmt.Sprintf("text:%x", sha256.Sum256([]byte(p.Title+"\x00"+p.Text)))
}

// maxShared bounds the memory for ids that a feed uses twice.
const maxShared = 256

// sharedIDs adds to known the ids that items with different links share; some feeds give the address of their site to
// all. It is remembered, so that an item keeps its identity when the others have left the feed.
func sharedIDs(known []hash64, items []*gofeed.Item) []hash64 {
	out := slices.Clone(known)
	links := make(map[string]string, len(items))
	for _, it := range items {
		id, link := strings.TrimSpace(it.GUID), strings.TrimSpace(it.Link)
		if id == "" {
			continue
		}
		if other, ok := links[id]; ok && other != link && len(out) < maxShared {
			if h := hashOf(id); !slices.Contains(out, h) {
				out = append(out, h)
			}
		}
		links[id] = link
	}
	return out
}

// hashOf is never 0.
func hashOf(parts ...string) hash64 {
	h := sha256.New()
	for _, s := range parts {
		_, _ = fmt.Fprintf(h, "%d:%s", len(s), s)
	}
	return hash64(binary.BigEndian.Uint64(h.Sum(nil)) | 1)
}

func joinNotes(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "; " + b
}
