package service

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os/signal"
	"runtime/debug"
	"sync"
	"syscall"
	"time"
)

// DefaultGrace is how long an ordered shutdown may take before what still runs is left behind.
const DefaultGrace = 4500 * time.Millisecond

// Group runs the named parts of a process and stops them in order.
//
// Parts are added in the order of their dependence: what others need comes first (an engine, then the store, then the
// stage that writes to it, then the source that feeds the stage). Shutdown goes through them backwards: a part added
// by Go has its context cancelled and is waited for, so it can drain while everything it needs still works; a part
// added by Close is called with a fresh context, because the one that ended the process is of no use for flushing.
//
// Use one Group from one goroutine; parts start at once when they are added.
type Group struct {
	log   *slog.Logger
	grace time.Duration
	parts []part

	fail chan error // the first unexpected end of a part
	once sync.Once
}

type part struct {
	name  string
	stop  context.CancelFunc // of a goroutine
	done  <-chan error       // of a goroutine: its result
	close func(context.Context) error
}

// NewGroup returns an empty group. A grace of zero means DefaultGrace.
func NewGroup(log *slog.Logger, grace time.Duration) *Group {
	if grace <= 0 {
		grace = DefaultGrace
	}
	return &Group{log: log, grace: grace, fail: make(chan error, 1)}
}

// Go starts run as the goroutine called name. If run fails or panics, the whole group shuts down; returning nil only ends
// this part. Once its context is cancelled, run should finish what it holds and return; the context's own error then
// counts as success.
func (g *Group) Go(name string, run func(context.Context) error) {
	ctx, stop := context.WithCancel(context.Background()) // stopped in its turn, not with the caller's context
	done := make(chan error, 1)
	g.parts = append(g.parts, part{name: name, stop: stop, done: done})
	go func() {
		err := recovered(func() error { return run(ctx) })
		if ctx.Err() != nil && errors.Is(err, context.Canceled) {
			err = nil
		}
		if err != nil {
			err = fmt.Errorf("%s: %w", name, err)
			g.once.Do(func() { g.fail <- err })
		}
		done <- err
	}()
}

// Close has fn called on shutdown in its turn, with a context bounded by what is left of the grace.
func (g *Group) Close(name string, fn func(context.Context) error) {
	g.parts = append(g.parts, part{name: name, close: fn})
}

// Wait blocks until ctx is cancelled or a part fails, then stops everything and returns all errors joined. Call it also
// when building the process failed half way: with a cancelled context it stops what was started.
func (g *Group) Wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		g.log.Info("stopping")
	case err := <-g.fail:
		g.log.Error("stopping after a failure", "error", err)
	}
	deadline, cancel := context.WithTimeout(context.Background(), g.grace)
	defer cancel()
	var errs []error
	for i := len(g.parts) - 1; i >= 0; i-- {
		if err := g.parts[i].end(deadline); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func (p part) end(deadline context.Context) error {
	if p.close != nil {
		if err := recovered(func() error { return p.close(deadline) }); err != nil {
			return fmt.Errorf("close %s: %w", p.name, err)
		}
		return nil
	}
	p.stop()
	select {
	case err := <-p.done:
		return err
	case <-deadline.Done():
		select { // both may be ready
		case err := <-p.done:
			return err
		default:
			return fmt.Errorf("%s: did not stop in time", p.name)
		}
	}
}

// recovered runs f and returns a panic as an error with its stack, so that one part cannot skip the shutdown of others.
func recovered(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return f()
}

// Signals returns a context that ends at the first SIGINT or SIGTERM. A second signal ends the process at once, for an
// operator who does not want to wait for the shutdown.
func Signals(parent context.Context) (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(parent, syscall.SIGINT, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}
