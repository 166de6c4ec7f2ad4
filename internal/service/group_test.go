package service

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

var quiet = slog.New(slog.DiscardHandler)

// journal collects what happened; all writers are ordered by the group.
type journal []string

func (j *journal) note(s string) { *j = append(*j, s) }

func (j *journal) runner(name string) func(context.Context) error {
	return func(ctx context.Context) error {
		<-ctx.Done()
		j.note(name + " drained")
		return ctx.Err()
	}
}

func TestGroupStopsInReverseOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var j journal
		ctx, cancel := context.WithCancel(t.Context())
		g := NewGroup(quiet, 0)
		g.Close("engine", func(ctx context.Context) error {
			if ctx.Err() != nil {
				t.Error("the context for closing is dead already")
			}
			j.note("engine closed")
			return nil
		})
		g.Go("analyze", j.runner("analyze"))
		g.Go("ingest", j.runner("ingest"))
		time.AfterFunc(time.Minute, cancel)
		if err := g.Wait(ctx); err != nil {
			t.Error(err)
		}
		want := journal{"ingest drained", "analyze drained", "engine closed"}
		if !slices.Equal(j, want) {
			t.Errorf("got %v, want %v", j, want)
		}
	})
}

func TestGroupFailureStopsAllAndReportsAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var j journal
		g := NewGroup(quiet, 0)
		g.Close("file", func(context.Context) error { return errors.New("disk full") })
		g.Go("other", j.runner("other"))
		g.Go("short", func(context.Context) error { return nil })
		g.Go("broken", func(context.Context) error {
			time.Sleep(time.Second)
			panic("bad table")
		})
		err := g.Wait(t.Context())
		if err == nil {
			t.Fatal("no error")
		}
		for _, want := range []string{"broken: panic: bad table", "group_test.go", "close file: disk full"} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%v\nlacks %q", err, want)
			}
		}
		if !slices.Equal(j, journal{"other drained"}) {
			t.Errorf("journal %v", j)
		}
	})
}

func TestGroupLeavesBehindWhatDoesNotStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		release := make(chan struct{})
		g := NewGroup(quiet, 2*time.Second)
		closed := false
		g.Close("last", func(context.Context) error { closed = true; return nil })
		g.Go("stuck", func(context.Context) error { <-release; return nil })
		start := time.Now()
		err := g.Wait(ctx)
		if err == nil || err.Error() != "stuck: did not stop in time" {
			t.Errorf("error %v", err)
		}
		if took := time.Since(start); took != 2*time.Second || !closed {
			t.Errorf("took %v, closed %v", took, closed)
		}
		close(release)
	})
}

func TestSignalEndsContext(t *testing.T) {
	ctx, stop := Signals(t.Context())
	defer stop()
	if err := syscall.Kill(syscall.Getpid(), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case <-ctx.Done():
	case <-time.After(5 * time.Second):
		t.Fatal("the signal did not end the context")
	}
}

func TestReloadKeepsGoingAfterFailure(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	calls := make(chan int)
	ended := make(chan error, 1)
	n := 0
	go func() {
		ended <- OnReload(ctx, quiet, func(context.Context) error {
			n++
			calls <- n
			return errors.New("bad file")
		})
	}()
	hangUp := time.NewTicker(10 * time.Millisecond) // the first ones may come before the handler is there
	defer hangUp.Stop()
	ignore, stopIgnoring := ignoreHangUp()
	defer stopIgnoring()
	for seen := 0; seen < 2; {
		select {
		case seen = <-calls:
		case <-ignore:
		case <-hangUp.C:
			if err := syscall.Kill(syscall.Getpid(), syscall.SIGHUP); err != nil {
				t.Fatal(err)
			}
		}
	}
	cancel()
	for {
		select {
		case <-calls: // a reload that was under way
		case err := <-ended:
			if !errors.Is(err, context.Canceled) {
				t.Errorf("ended with %v", err)
			}
			return
		}
	}
}
