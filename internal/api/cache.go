package api

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

const (
	maxAnswers     = 4096     // kept at once
	maxAnswerBytes = 64 << 20 // of all kept answers
	askTimeout     = 15 * time.Second
	askAtOnce      = 24 // questions to the store at once; more wait
)

// answer is a complete response, shared by everybody who asked the same at the same time.
type answer struct {
	status int
	header http.Header
	body   []byte
	packed []byte // the body in gzip, or nil where that is not worth it
	etag   string // without its quotes
	route  string // the pattern that answered, for metrics
}

// packFrom is the size from which an answer is compressed: less fits one packet anyway.
const packFrom = 1400

// cache keeps answers for a moment and lets equal questions wait for one answer. The store answers some hundred
// questions a second and this a hundred times as many, which is what lets a room full of dashboards refresh at once.
//
// An answer is dropped by a timer, not at the next question, so that a deleted post does not outlive its time in memory.
type cache struct {
	keep    time.Duration
	flights singleflight.Group
	slots   chan struct{}

	mu      sync.RWMutex
	answers map[string]*answer
	size    int
}

func newCache(keep time.Duration) *cache {
	return &cache{keep: keep, slots: make(chan struct{}, askAtOnce), answers: map[string]*answer{}}
}

// get returns the kept answer, or makes one with ask: once, whoever else asks meanwhile. The question outlives the
// client who asked first, since others may be waiting for it. hit says whether the answer was there already.
func (c *cache) get(ctx context.Context, key string, ask func(context.Context) *answer) (a *answer, hit bool, err error) {
	c.mu.RLock()
	a = c.answers[key]
	c.mu.RUnlock()
	if a != nil {
		return a, true, nil
	}
	flight := c.flights.DoChan(key, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), askTimeout)
		defer cancel()
		select {
		case c.slots <- struct{}{}:
			defer func() { <-c.slots }()
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for a turn: %w", ctx.Err())
		}
		a := ask(ctx)
		if a.status == http.StatusOK {
			c.put(key, a)
		}
		return a, nil
	})
	select {
	case <-ctx.Done():
		return nil, false, ctx.Err()
	case r := <-flight:
		if r.Err != nil {
			return nil, false, r.Err
		}
		return r.Val.(*answer), false, nil
	}
}

func (c *cache) put(key string, a *answer) {
	if c.keep <= 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	size := len(a.body) + len(a.packed)
	if len(c.answers) >= maxAnswers || c.size+size > maxAnswerBytes {
		return // under such a load what is kept already turns over within a second
	}
	c.answers[key] = a
	c.size += size
	time.AfterFunc(c.keep, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.answers, key)
		c.size -= size
	})
}

// write sends the answer, or 304 to who has it already.
func (a *answer) write(w http.ResponseWriter, r *http.Request, keep time.Duration) {
	h := w.Header()
	for k, v := range a.header {
		h[k] = v
	}
	body, etag := a.body, `"`+a.etag+`"`
	if a.packed != nil && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		body, etag = a.packed, `"`+a.etag+`-gzip"` // other bytes need another tag
	}
	if a.status == http.StatusOK {
		h.Set("Etag", etag)
		h.Set("Cache-Control", "private, max-age="+strconv.Itoa(int(keep.Seconds())))
		h.Set("Vary", "Accept, Accept-Encoding, Authorization")
		if matches(r.Header.Get("If-None-Match"), etag) {
			h.Del("Content-Type")
			h.Del("Content-Encoding")
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(a.status)
	_, _ = w.Write(body) // the client has gone; there is nobody to tell
}

func matches(ifNoneMatch, etag string) bool {
	for candidate := range strings.SplitSeq(ifNoneMatch, ",") {
		candidate = strings.TrimPrefix(strings.TrimSpace(candidate), "W/")
		if candidate == etag || candidate == "*" {
			return true
		}
	}
	return false
}

// recorder is the http.ResponseWriter that an answer is made with.
type recorder struct {
	status int
	header http.Header
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header { return r.header }

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
}

func (r *recorder) Write(b []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	return r.body.Write(b)
}

func (r *recorder) answer(route string) *answer {
	r.WriteHeader(http.StatusOK)
	body := r.body.Bytes()
	sum := sha256.Sum256(body)
	a := &answer{status: r.status, header: r.header, body: body, route: route, etag: hex.EncodeToString(sum[:12])}
	if len(body) >= packFrom {
		a.packed = pack(body)
	}
	return a
}

// pack compresses quickly: an answer is made within milliseconds and lives for a second.
func pack(body []byte) []byte {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	if err != nil {
		return nil
	}
	if _, err := z.Write(body); err != nil || z.Close() != nil || b.Len() >= len(body) {
		return nil
	}
	return b.Bytes()
}
