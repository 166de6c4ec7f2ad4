package stream

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Lease elects one leader among all processes that use the same prefix and name.
type Lease struct {
	s    *Stream
	name string
}

// Lease returns the inert lease called name (letters, digits and dashes).
func (s *Stream) Lease(name string) *Lease { return &Lease{s, name} }

// Run waits for the lease, calls lead while holding it, and waits again when it was lost; it ends when ctx does or when
// lead returns while it still leads. The lease is given up only after lead has returned.
//
// The context given to lead ends when the lease may be lost: after two thirds of its time to live without a confirmed
// renewal, before the server can give it to another process. A lead that keeps working after that overlaps with its
// successor; the token is there to tell them apart: it grows with every new leader.
func (l *Lease) Run(ctx context.Context, lead func(ctx context.Context, token uint64) error) error {
	for {
		holder := rand.Text() // of this term: tells our own renewals from those of others
		token, at, err := l.acquire(ctx, holder)
		if err != nil {
			return err
		}
		l.s.log.Info("leading", "lease", l.name, "token", token)
		l.s.metrics.leading.WithLabelValues(l.name).Set(1)
		lost, err := l.hold(ctx, term{holder, token, at}, lead)
		l.s.metrics.leading.WithLabelValues(l.name).Set(0)
		if !lost {
			return err
		}
		if err != nil && !errors.Is(err, context.Canceled) {
			l.s.log.Warn("leader stopped with its lease", "lease", l.name, "error", err)
		}
	}
}

// acquire blocks until this process has the lease. It returns the token and a time not after the server's grant.
func (l *Lease) acquire(ctx context.Context, holder string) (uint64, time.Time, error) {
	for waited := false; ; waited = true {
		kv, err := l.s.js.KeyValue(ctx, l.s.leasesBucket())
		if err == nil {
			at := time.Now()
			var token uint64
			if token, err = kv.Create(ctx, l.name, []byte(holder)); err == nil {
				return token, at, nil
			}
		}
		if ctx.Err() != nil {
			return 0, time.Time{}, ctx.Err()
		}
		if !errors.Is(err, jetstream.ErrKeyExists) {
			l.s.log.Warn("cannot ask for the lease", "lease", l.name, "error", err)
		} else if !waited {
			l.s.log.Debug("another process leads", "lease", l.name)
		}
		select {
		case <-ctx.Done():
			return 0, time.Time{}, ctx.Err()
		case <-time.After(l.s.config.LeaseTTL / 5):
		}
	}
}

type term struct {
	holder  string
	token   uint64
	granted time.Time
}

// hold runs lead and renews the lease beside it. It returns whether the lease was lost.
func (l *Lease) hold(ctx context.Context, t term, lead func(context.Context, uint64) error) (bool, error) {
	leading, stop := context.WithCancel(ctx)
	defer stop()
	done := make(chan error, 1)
	go func() { done <- lead(leading, t.token) }()
	ttl := l.s.config.LeaseTTL
	expired := time.NewTimer(time.Until(t.granted.Add(ttl * 2 / 3)))
	defer expired.Stop()
	renew := time.NewTicker(ttl / 5)
	defer renew.Stop()
	renewed := make(chan renewal, 1)
	revision, renewing := t.token, false
	for {
		select {
		case err := <-done:
			if renewing { // its outcome decides what is to be released
				if r := <-renewed; r.err == nil {
					revision = r.revision
				}
			}
			l.release(revision)
			return false, err
		case <-expired.C:
			l.s.log.Warn("lease lost: it could not be renewed in time", "lease", l.name)
			stop()
			return true, <-done
		case <-renew.C:
			if !renewing {
				renewing = true
				go func() { renewed <- l.renew(leading, t.holder, revision) }()
			}
		case r := <-renewed:
			renewing = false
			switch {
			case r.err == nil:
				revision = r.revision
				expired.Reset(time.Until(r.at.Add(ttl * 2 / 3)))
			case r.taken:
				l.s.log.Warn("lease lost to another process", "lease", l.name)
				stop()
				return true, <-done
			case r.revision != 0:
				revision = r.revision // an earlier renewal arrived though its answer did not
			case leading.Err() == nil:
				l.s.log.Warn("cannot renew the lease yet", "lease", l.name, "error", r.err)
			}
		}
	}
}

type renewal struct {
	revision uint64
	at       time.Time // not after the server's grant
	taken    bool      // by another process
	err      error
}

func (l *Lease) renew(ctx context.Context, holder string, revision uint64) renewal {
	ctx, cancel := context.WithTimeout(ctx, l.s.config.LeaseTTL/5)
	defer cancel()
	at := time.Now()
	kv, err := l.s.js.KeyValue(ctx, l.s.leasesBucket())
	if err != nil {
		return renewal{err: err}
	}
	revision, err = kv.Update(ctx, l.name, []byte(holder), revision)
	if err == nil {
		return renewal{revision: revision, at: at}
	}
	if !errors.Is(err, jetstream.ErrKeyRevisionMismatch) && !errors.Is(err, jetstream.ErrKeyExists) {
		return renewal{err: err}
	}
	entry, getErr := kv.Get(ctx, l.name)
	switch {
	case getErr == nil && string(entry.Value()) == holder:
		return renewal{revision: entry.Revision(), err: err}
	case getErr == nil || errors.Is(getErr, jetstream.ErrKeyNotFound):
		return renewal{taken: true, err: err}
	}
	return renewal{err: getErr}
}

// release gives the lease up at once, for the next leader not to wait. If that fails the lease runs out by itself.
func (l *Lease) release(revision uint64) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	kv, err := l.s.js.KeyValue(ctx, l.s.leasesBucket())
	if err == nil {
		err = kv.Delete(ctx, l.name, jetstream.LastRevision(revision))
	}
	if err != nil {
		l.s.log.Debug("lease not released", "lease", l.name, "error", err)
	}
}
