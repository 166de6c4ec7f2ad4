package source

import (
	"context"
	"sync"
	"time"

	"barometer/internal/barometer"
)

// hosts keeps us polite: for each host one request at a time, a pause between the starts of two, and none before the
// time that the host has asked us to wait for.
type hosts struct {
	gap time.Duration

	mu sync.Mutex
	m  map[string]*host
}

type host struct {
	slot      chan struct{} // holds one token while a request is under way
	next      time.Time     // no request before
	notBefore time.Time     // asked for by the host
	waiting   int
}

// maxHosts bounds the memory of hosts; idle ones past it are forgotten.
const maxHosts = 4096

func newHosts(gap time.Duration) *hosts { return &hosts{gap: gap, m: map[string]*host{}} }

// acquire waits for the host's turn. When the host has asked for a longer pause than ctx or patience allow, it fails at
// once with kind Exhausted and the time left. release must be called exactly once after success.
func (h *hosts) acquire(ctx context.Context, name string, gap time.Duration) (release func(), err error) {
	const patience = 5 * time.Second
	h.mu.Lock()
	e := h.m[name]
	if e == nil {
		h.forget()
		e = &host{slot: make(chan struct{}, 1)}
		h.m[name] = e
	}
	left := time.Until(e.notBefore)
	if left > patience {
		h.mu.Unlock()
		return nil, &waitError{left: left}
	}
	e.waiting++
	h.mu.Unlock()
	done := func() {
		h.mu.Lock()
		e.waiting--
		h.mu.Unlock()
	}
	select {
	case e.slot <- struct{}{}:
	case <-ctx.Done():
		done()
		return nil, ctx.Err()
	}
	h.mu.Lock()
	at := e.next
	if e.notBefore.After(at) {
		at = e.notBefore
	}
	h.mu.Unlock()
	if wait := time.Until(at); wait > 0 {
		t := time.NewTimer(wait)
		defer t.Stop()
		select {
		case <-t.C:
		case <-ctx.Done():
			<-e.slot
			done()
			return nil, ctx.Err()
		}
	}
	h.mu.Lock()
	e.next = time.Now().Add(gap)
	h.mu.Unlock()
	return func() { <-e.slot; done() }, nil
}

// hold keeps requests from the host until the pause it asked for is over.
func (h *hosts) hold(name string, pause time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if e := h.m[name]; e != nil {
		e.notBefore = time.Now().Add(pause)
	}
}

// forget drops hosts that nobody uses and that nothing holds back. The caller holds mu.
func (h *hosts) forget() {
	if len(h.m) < maxHosts {
		return
	}
	now := time.Now()
	for name, e := range h.m {
		if e.waiting == 0 && now.After(e.next) && now.After(e.notBefore) {
			delete(h.m, name)
		}
	}
}

// waitError says how long a host wants to be left alone.
type waitError struct{ left time.Duration }

func (e *waitError) Error() string {
	return "the host asked us to wait another " + e.left.Round(time.Second).String()
}

// Unwrap gives the error its kind.
func (e *waitError) Unwrap() error { return &barometer.Error{Kind: barometer.Exhausted, Err: errWait} }
