package source

import (
	"context"
	"errors"
	"net/url"
	"sync"
	"time"

	"github.com/temoto/robotstxt"
)

// agentName is the product token that site owners can name in robots.txt.
const agentName = "IssueBarometer"

// robots remembers what hosts ask of us by name.
//
// A feed is published for feed readers, and many sites keep search engines away from theirs ("User-agent: *") without
// meaning readers. So only a group that names us is obeyed: an owner who does not want us has a way to say so, and is
// heard.
type robots struct {
	c *Client

	mu sync.Mutex
	m  map[string]robotsEntry
}

type robotsEntry struct {
	group *robotstxt.Group // nil when the file does not name us
	until time.Time
}

const (
	robotsTTL     = 24 * time.Hour
	robotsRetry   = time.Hour // after a failure to fetch it
	robotsTimeout = 5 * time.Second
	robotsMax     = 500 << 10 // RFC 9309, 2.5
)

func newRobots(c *Client) *robots { return &robots{c: c, m: map[string]robotsEntry{}} }

// allowed says whether the host lets us fetch u. A host without an answer is not asked again for an hour and allows
// everything meanwhile: the fetch itself will show whether it can be reached.
func (r *robots) allowed(ctx context.Context, u *url.URL) (bool, error) {
	origin := u.Scheme + "://" + u.Host
	r.mu.Lock()
	e, ok := r.m[origin]
	r.mu.Unlock()
	if !ok || time.Now().After(e.until) {
		var err error
		if e, err = r.fetch(ctx, origin); err != nil {
			return false, err
		}
		r.mu.Lock()
		if len(r.m) >= maxHosts {
			clear(r.m)
		}
		r.m[origin] = e
		r.mu.Unlock()
	}
	if e.group == nil {
		return true, nil
	}
	path := u.EscapedPath()
	if path == "" {
		path = "/"
	}
	if u.RawQuery != "" {
		path += "?" + u.RawQuery
	}
	return e.group.Test(path), nil
}

func (r *robots) fetch(ctx context.Context, origin string) (robotsEntry, error) {
	e := robotsEntry{until: time.Now().Add(robotsTTL)}
	u, err := url.Parse(origin + "/robots.txt")
	if err != nil {
		return e, err
	}
	resp, err := r.c.get(ctx, u, Request{URL: u.String(), Accept: "text/plain"}, robotsTimeout)
	if ctx.Err() != nil {
		return e, ctx.Err()
	}
	if err != nil {
		if errors.Is(err, errForbidden) {
			return e, err // the host itself must not be reached
		}
		if _, wait := errors.AsType[*waitError](err); wait {
			return e, err
		}
		if _, answered := errors.AsType[*StatusError](err); !answered {
			e.until = time.Now().Add(robotsRetry)
		}
		return e, nil //nolint:nilerr // no robots.txt, no wish; the fetch itself will show what is wrong
	}
	body := resp.Body[:min(len(resp.Body), robotsMax)]
	data, err := robotstxt.FromBytes(body)
	if err != nil {
		return e, nil //nolint:nilerr // a file that says nothing readable forbids nothing
	}
	if g := data.FindGroup(agentName); g != data.FindGroup("\x00") { // no product is called NUL: that is the group for all
		e.group = g
	}
	return e, nil
}
