package source

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"barometer/internal/barometer"
	"barometer/internal/service"
)

// ClientConfig is how we present ourselves to other people's servers and what we accept from them.
type ClientConfig struct {
	Contact      string        `yaml:"contact"`       // address (https://... or e-mail) where site owners can reach the operator; part of the user agent
	Timeout      time.Duration `yaml:"timeout"`       // a whole request with its body; 0 is 30 s
	MaxBody      int64         `yaml:"max_body"`      // bytes after decompression; 0 is 10 MB
	HostInterval time.Duration `yaml:"host_interval"` // between two requests to one host; 0 is 1 s. Does not apply to hosts of allow_private
	AllowPrivate []string      `yaml:"allow_private"` // addresses of this network that may be reached: 10.0.0.0/8, 127.0.0.1:8090, localhost:8090
	Proxy        string        `yaml:"proxy"`         // http://host:port of an outgoing proxy, which then has to guard private addresses; "" goes direct
}

// Validate reports the first unusable setting.
func (c *ClientConfig) Validate() error {
	switch {
	case c.Timeout < 0 || c.HostInterval < 0 || c.MaxBody < 0:
		return barometer.Errorf(barometer.Invalid, "http: timeout, host_interval and max_body cannot be negative")
	case strings.ContainsAny(c.Contact, "\r\n()"):
		return barometer.Errorf(barometer.Invalid, "http: contact %q: want an e-mail address or https://...", c.Contact)
	}
	if c.Proxy != "" {
		if u, err := url.Parse(c.Proxy); err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
			return barometer.Errorf(barometer.Invalid, "http: proxy %q: want http://host:port", redactURL(c.Proxy))
		}
	}
	if _, err := newGuard(c.AllowPrivate); err != nil {
		return fmt.Errorf("http: %w", err)
	}
	return nil
}

// The caps that are not settings.
const (
	maxRedirects  = 5
	maxRatio      = 100            // decompressed to compressed
	ratioFrom     = 1 << 20        // below this many decompressed bytes any ratio is harmless
	maxHeader     = 64 << 10       // bytes of answer headers
	maxRetryAfter = 24 * time.Hour // a longer wish is cut to this
	headerTimeout = 20 * time.Second
)

var (
	errWait   = errors.New("asked to wait")
	errStatus = errors.New("not the content asked for")
)

// Client fetches from servers that nobody here controls. It is safe for concurrent use.
type Client struct {
	cfg    ClientConfig
	guard  *guard
	hosts  *hosts
	http   *http.Client
	agent  string
	robots *robots
}

// NewClient builds the client; it opens nothing.
func NewClient(cfg ClientConfig) (*Client, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = 30 * time.Second
	}
	if cfg.MaxBody == 0 {
		cfg.MaxBody = 10 << 20
	}
	if cfg.HostInterval == 0 {
		cfg.HostInterval = time.Second
	}
	g, err := newGuard(cfg.AllowPrivate)
	if err != nil {
		return nil, fmt.Errorf("http: %w", err)
	}
	tr := &http.Transport{
		Proxy:                  nil, // an environment variable must not send everything elsewhere
		DialContext:            g.dial,
		TLSHandshakeTimeout:    10 * time.Second,
		ResponseHeaderTimeout:  headerTimeout,
		MaxResponseHeaderBytes: maxHeader,
		MaxIdleConns:           64,
		MaxIdleConnsPerHost:    1,
		IdleConnTimeout:        90 * time.Second,
		ForceAttemptHTTP2:      true,
		DisableCompression:     true, // decompressed in body.go, under caps
	}
	if cfg.Proxy != "" {
		u, err := url.Parse(cfg.Proxy)
		if err != nil {
			return nil, fmt.Errorf("http: proxy: %w", err)
		}
		tr.Proxy = http.ProxyURL(u)
		g.names[strings.ToLower(hostPort(u))] = true
	}
	contact := cfg.Contact
	if contact != "" {
		contact = "; +" + contact
	}
	c := &Client{
		cfg: cfg, guard: g, hosts: newHosts(cfg.HostInterval), http: &http.Client{Transport: tr},
		agent: agentName + "/1 (listens to public feeds" + contact + ")",
	}
	c.robots = newRobots(c)
	return c, nil
}

// Close closes idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Request is one fetch.
type Request struct {
	URL          string
	ETag         string // sends If-None-Match
	LastModified string // sends If-Modified-Since
	Accept       string
	Headers      map[string]service.Secret // sent to the first host only, not after a redirect to another
}

// Response is the bounded answer. Status is 200 or 304; everything else is an error.
type Response struct {
	Status       int
	URL          string // where the answer came from, after redirects
	Moved        string // where permanent redirects (301, 308) alone lead, or ""
	ContentType  string
	ETag         string
	LastModified string
	Body         []byte
	Cut          string // why the body is not whole, in words, or ""
}

// StatusError is an answer that is not the content asked for.
type StatusError struct {
	Status     int
	RetryAfter time.Duration // what the server asks for, or 0
}

func (e *StatusError) Error() string {
	text := http.StatusText(e.Status)
	if text == "" {
		text = "unknown status"
	}
	return fmt.Sprintf("the server answers %d (%s)", e.Status, strings.ToLower(text))
}

// Unwrap gives the error its kind, and maps 410 to ErrGone.
func (e *StatusError) Unwrap() []error {
	kind := &barometer.Error{Kind: barometer.Unavailable, Err: errStatus}
	if e.Status == http.StatusGone {
		return []error{ErrGone, kind}
	}
	return []error{kind}
}

// retryAfter returns the pause that err asks for, or 0.
func retryAfter(err error) time.Duration {
	if s, ok := errors.AsType[*StatusError](err); ok {
		return s.RetryAfter
	}
	if w, ok := errors.AsType[*waitError](err); ok {
		return w.left
	}
	return 0
}

// Get fetches within the caps. The error names what happened without the query of the address, where keys live.
func (c *Client) Get(ctx context.Context, r Request) (*Response, error) {
	u, err := c.checkURL(r.URL)
	if err != nil {
		return nil, err
	}
	if ok, err := c.robots.allowed(ctx, u); err != nil {
		return nil, err
	} else if !ok {
		return nil, barometer.Errorf(barometer.Refused, "robots.txt of %s asks %s to stay away", u.Host, agentName)
	}
	return c.get(ctx, u, r, c.cfg.Timeout)
}

// get does the request without asking robots.txt. The timeout starts when it is our turn at the host.
func (c *Client) get(ctx context.Context, u *url.URL, r Request, timeout time.Duration) (*Response, error) {
	gap := c.cfg.HostInterval
	if c.guard.local(hostPort(u)) {
		gap = 0
	}
	release, err := c.hosts.acquire(ctx, u.Host, gap)
	if err != nil {
		return nil, err
	}
	defer release()
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()

	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, barometer.Errorf(barometer.Invalid, "address %q cannot be requested", redactURL(r.URL))
	}
	req.Header.Set("User-Agent", c.agent)
	req.Header.Set("Accept-Encoding", "gzip, deflate")
	if r.Accept != "" {
		req.Header.Set("Accept", r.Accept)
	}
	if r.ETag != "" {
		req.Header.Set("If-None-Match", r.ETag)
	}
	if r.LastModified != "" {
		req.Header.Set("If-Modified-Since", r.LastModified)
	}
	for k, v := range r.Headers {
		req.Header.Set(k, v.Reveal())
	}
	out := &Response{URL: u.String()}
	permanent := true
	hc := *c.http // the transport is shared, the redirect policy remembers this request
	hc.CheckRedirect = func(next *http.Request, via []*http.Request) error {
		if len(via) > maxRedirects {
			return fmt.Errorf("more than %d redirects", maxRedirects)
		}
		if _, err := c.checkURL(next.URL.String()); err != nil {
			return fmt.Errorf("redirect: %w", err)
		}
		if next.URL.Host != u.Host {
			for k := range r.Headers {
				next.Header.Del(k)
			}
		}
		status := next.Response.StatusCode
		permanent = permanent && (status == http.StatusMovedPermanently || status == http.StatusPermanentRedirect)
		if permanent {
			out.Moved = next.URL.String()
		}
		return nil
	}
	resp, err := hc.Do(req)
	if err != nil {
		return nil, plainError(ctx, err)
	}
	defer resp.Body.Close() //nolint:errcheck // only read
	out.Status, out.URL = resp.StatusCode, resp.Request.URL.String()
	out.ETag, out.LastModified = clip(resp.Header.Get("ETag"), maxShort), clip(resp.Header.Get("Last-Modified"), maxShort)
	out.ContentType = resp.Header.Get("Content-Type")
	switch resp.StatusCode {
	case http.StatusOK:
		out.Body, out.Cut, err = c.readBody(ctx, resp)
		if err != nil {
			return nil, err
		}
		return out, nil
	case http.StatusNotModified:
		return out, nil
	}
	pause := parseRetryAfter(resp.Header.Get("Retry-After"), time.Now())
	if pause > 0 && (resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == http.StatusServiceUnavailable) {
		c.hosts.hold(u.Host, pause)
	}
	return nil, &StatusError{Status: resp.StatusCode, RetryAfter: pause}
}

// checkURL refuses what must not even be tried. Addresses are checked when they are dialled.
func (c *Client) checkURL(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil {
		return nil, barometer.Errorf(barometer.Invalid, "not an address")
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		return nil, barometer.Errorf(barometer.Refused, "scheme %q: only http and https are fetched", u.Scheme)
	}
	if u.Hostname() == "" {
		return nil, barometer.Errorf(barometer.Invalid, "address %q has no host", redactURL(s))
	}
	return u, nil
}

// hostPort is host:port with the scheme's default port, as the transport dials it.
func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = "80"
		if u.Scheme == "https" {
			port = "443"
		}
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// plainError says in words why no answer came, without the address that url.Error repeats with its query.
func plainError(ctx context.Context, err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err
	}
	switch {
	case errors.Is(err, errForbidden):
		return barometer.Errorf(barometer.Refused, "%w", err)
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return barometer.Errorf(barometer.Unavailable, "no answer in time: %w", err)
	case errors.Is(err, context.Canceled):
		return err
	}
	if e, ok := errors.AsType[*net.DNSError](err); ok {
		return barometer.Errorf(barometer.Unavailable, "the name %q cannot be resolved", e.Name)
	}
	if barometer.KindOf(err) != barometer.Internal {
		return err
	}
	return barometer.Errorf(barometer.Unavailable, "%w", err)
}

// parseRetryAfter reads seconds or a date (RFC 9110, 10.2.3), bounded to a day; anything else is 0.
func parseRetryAfter(s string, now time.Time) time.Duration {
	s = strings.TrimSpace(s)
	if s == "" {
		return 0
	}
	var d time.Duration
	if n, err := strconv.ParseUint(s, 10, 31); err == nil {
		d = time.Duration(n) * time.Second
	} else if t, err := http.ParseTime(s); err == nil {
		d = t.Sub(now)
	}
	return min(max(d, 0), maxRetryAfter)
}
