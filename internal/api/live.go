package api

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"golang.org/x/sync/singleflight"

	"barometer/internal/barometer"
)

// newcomers gives what was stored after a time, oldest first, at most limit.
type newcomers interface {
	Since(ctx context.Context, organisation string, after time.Time, limit int) ([]barometer.Stored, error)
	NewTransitions(ctx context.Context, organisation string, after time.Time, limit int) ([]barometer.IssueRecord, error)
	NewReadings(ctx context.Context, organisation string, after time.Time, limit int) ([]barometer.Reading, error)
}

const (
	liveTick    = time.Second
	liveBeat    = 15 * time.Second
	liveOverlap = 10 * time.Second // rows may become visible this much after their stored_at
	liveLimit   = 500              // rows of one look
	livePatient = 5 * time.Second  // for a client to take the next event
	liveResume  = 10               // looks back for a client that returns, of liveLimit each
	liveChanges = 5                // ticks between looks for issues and readings, which come by the quarter of an hour
)

// liveFeed looks for news on behalf of all clients: one look a second for each organisation somebody follows, and none
// when nobody does. It has no goroutine of its own; the clients' requests drive it.
type liveFeed struct {
	store   newcomers
	limit   int64
	clients atomic.Int64
	rows    lookout[[]barometer.Stored]
	changes lookout[changes]
}

// changes are steps of issues and readings.
type changes struct {
	issues   []barometer.IssueRecord
	readings []barometer.Reading
}

func newLiveFeed(store newcomers, limit int) *liveFeed {
	return &liveFeed{store: store, limit: int64(limit)}
}

// recent returns what was stored in the last liveOverlap, as somebody saw it less than liveTick ago.
func (l *liveFeed) recent(ctx context.Context, organisation string, now time.Time) ([]barometer.Stored, error) {
	return l.rows.get(ctx, organisation, liveTick, func(ctx context.Context) ([]barometer.Stored, error) {
		return l.store.Since(ctx, organisation, now.Add(-liveOverlap), liveLimit)
	})
}

// changed returns the steps and readings that were stored lately, as somebody saw them less than liveChanges ago.
func (l *liveFeed) changed(ctx context.Context, organisation string, now time.Time) (changes, error) {
	return l.changes.get(ctx, organisation, liveChanges*liveTick, func(ctx context.Context) (c changes, err error) {
		after := now.Add(-liveOverlap - 2*liveChanges*liveTick)
		if c.issues, err = l.store.NewTransitions(ctx, organisation, after, liveLimit); err == nil {
			c.readings, err = l.store.NewReadings(ctx, organisation, after, liveLimit)
		}
		return c, err
	})
}

// lookout shares looks among all who want the same at the same time. The zero value is ready.
type lookout[T any] struct {
	looks singleflight.Group
	mu    sync.Mutex
	seen  map[string]T // what the last look found, until the next is due
}

func (l *lookout[T]) get(ctx context.Context, key string, every time.Duration, look func(context.Context) (T, error)) (T, error) {
	flight := l.looks.DoChan(key, func() (any, error) {
		l.mu.Lock()
		found, ok := l.seen[key]
		l.mu.Unlock()
		if ok {
			return found, nil
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), askTimeout)
		defer cancel()
		found, err := look(ctx)
		if err != nil {
			return nil, err
		}
		l.mu.Lock()
		if l.seen == nil {
			l.seen = map[string]T{}
		}
		l.seen[key] = found
		l.mu.Unlock()
		// A little less than a tick, so that a lone client does not get the same look twice. The timer also sees to it
		// that a deleted post leaves the memory when the last client goes.
		time.AfterFunc(every*9/10, func() {
			l.mu.Lock()
			defer l.mu.Unlock()
			delete(l.seen, key)
		})
		return found, nil
	})
	var none T
	select {
	case <-ctx.Done():
		return none, ctx.Err()
	case r := <-flight:
		if r.Err != nil {
			return none, r.Err
		}
		return r.Val.(T), nil
	}
}

type liveInput struct {
	OrganisationInput
	LastEventID string `header:"Last-Event-ID" maxLength:"100" doc:"Id of the last event received, to go on from there"`
}

// Gap tells a client that rows were left out, because too many came at once or it was away for too long. The list of
// mentions has them all.
type Gap struct {
	Reason string `json:"reason"`
}

func liveOperation(api huma.API, path string) huma.Operation {
	op := get("follow", path, "New mentions, steps of issues and readings as server-sent events")
	op.Description = "Events are `mention` with a mention, `gap` when some were left out, `issue` with an issue that took a step and `reading` with " +
		"a reading; a comment every 15 s keeps the line open. Issues and readings are not resumed: ask for them after an interruption. " +
		"A mention event's id is the time it was stored and the mention's id; sent back as Last-Event-ID it resumes there. Delivery is at least once."
	op.Errors = append(op.Errors, http.StatusTooManyRequests)
	registry := api.OpenAPI().Components.Schemas
	op.Responses = map[string]*huma.Response{"200": {Description: "The stream", Content: map[string]*huma.MediaType{
		"text/event-stream": {Schema: &huma.Schema{OneOf: []*huma.Schema{
			registry.Schema(reflect.TypeFor[Mention](), true, "Mention"),
			registry.Schema(reflect.TypeFor[Gap](), true, "Gap"),
			registry.Schema(reflect.TypeFor[Issue](), true, "Issue"),
			registry.Schema(reflect.TypeFor[Reading](), true, "Reading"),
		}}},
	}}}
	return op
}

func (s *Server) follow(ctx context.Context, in *liveInput) (*huma.StreamResponse, error) {
	o, err := s.organisation(ctx, in.Organisation)
	if err != nil {
		return nil, err
	}
	sent := map[barometer.ID]time.Time{}
	var resume time.Time
	if in.LastEventID != "" {
		at, last, _ := strings.Cut(in.LastEventID, "/")
		id, err := barometer.ParseID(last)
		if err == nil {
			resume, err = time.Parse(time.RFC3339Nano, at)
		}
		if err != nil {
			return nil, barometer.Errorf(barometer.Invalid, "Last-Event-ID: want the id of an event of this stream")
		}
		sent[id] = resume
	}
	if s.live.clients.Add(1) > s.live.limit {
		s.live.clients.Add(-1)
		return nil, barometer.Errorf(barometer.Exhausted, "%d live streams are open: try again later", s.live.limit)
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		defer s.live.clients.Add(-1)
		r, w := humago.Unwrap(hc)
		w.Header().Set("Content-Type", "text/event-stream")
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Accel-Buffering", "no") // proxies hold events back otherwise
		w.WriteHeader(http.StatusOK)
		c := &liveClient{
			w: w, control: http.NewResponseController(w), feed: s.live, organisation: o.ID,
			sent: sent, told: map[string]time.Time{}, start: s.now().Add(-liveTick),
		}
		c.run(r.Context(), resume)
	}}, nil
}

// liveClient is one open stream. Any error ends it: the client comes back with the last id it has.
type liveClient struct {
	w            io.Writer
	control      *http.ResponseController
	feed         *liveFeed
	organisation string
	start        time.Time                  // rows stored before are not news
	sent         map[barometer.ID]time.Time // rows of the overlap that have gone out, by the time they were stored
	told         map[string]time.Time       // changes that have gone out, by when they did
}

func (c *liveClient) run(ctx context.Context, resume time.Time) {
	if c.write("retry: 3000\n\n") != nil {
		return
	}
	if !resume.IsZero() && c.catchUp(ctx, resume) != nil {
		return
	}
	tick, beat := time.NewTicker(liveTick), time.NewTicker(liveBeat)
	defer tick.Stop()
	defer beat.Stop()
	for ticks := 0; ; {
		select {
		case <-ctx.Done():
			return
		case <-closing(ctx):
			return
		case <-beat.C:
			if c.write(": still here\n\n") != nil {
				return
			}
		case now := <-tick.C:
			if ticks++; ticks%liveChanges == 1 && c.tell(ctx, now) != nil {
				return
			}
			rows, err := c.feed.recent(ctx, c.organisation, now)
			if err != nil {
				continue // the store is away for a moment; the heartbeat goes on and the overlap catches up
			}
			if c.send(rows) != nil {
				return
			}
			if len(rows) == liveLimit && c.gap("more arrive than a live view can show") != nil {
				return
			}
			c.forget(now.Add(-2 * liveOverlap))
		}
	}
}

// catchUp sends what was stored since the client left, within bounds. Each look begins a millisecond before the end of
// the last, since rows of one batch have one time.
func (c *liveClient) catchUp(ctx context.Context, after time.Time) error {
	c.start = after
	for range liveResume {
		before := len(c.sent)
		rows, err := c.feed.store.Since(ctx, c.organisation, after.Add(-time.Millisecond), liveLimit)
		if err != nil {
			return err
		}
		if err := c.send(rows); err != nil || len(rows) < liveLimit {
			return err
		}
		if len(c.sent) == before {
			break // more rows of one time than a look holds
		}
		after = rows[len(rows)-1].StoredAt
	}
	c.start = time.Now()
	return c.gap("you were away while too many arrived")
}

func (c *liveClient) send(rows []barometer.Stored) error {
	for i := range rows {
		row := &rows[i]
		if _, known := c.sent[row.ID]; known || row.StoredAt.Before(c.start) {
			continue
		}
		data, err := json.Marshal(view(row))
		if err != nil {
			return fmt.Errorf("encode mention: %w", err)
		}
		id := row.StoredAt.UTC().Format(time.RFC3339Nano) + "/" + row.ID.String()
		if err := c.write("id: " + id + "\nevent: mention\ndata: " + string(data) + "\n\n"); err != nil {
			return err
		}
		c.sent[row.ID] = row.StoredAt
	}
	return nil
}

func (c *liveClient) gap(reason string) error {
	data, err := json.Marshal(Gap{Reason: reason})
	if err != nil {
		return fmt.Errorf("encode gap: %w", err)
	}
	return c.write("event: gap\ndata: " + string(data) + "\n\n")
}

// tell sends the steps of issues and the readings that came lately.
func (c *liveClient) tell(ctx context.Context, now time.Time) error {
	news, err := c.feed.changed(ctx, c.organisation, now)
	if err != nil {
		return nil //nolint:nilerr // the store is away for a moment; the next look reaches back
	}
	once := func(event string, body any, key string) error {
		if _, known := c.told[key]; known {
			return nil
		}
		c.told[key] = now
		data, err := json.Marshal(body)
		if err != nil {
			return fmt.Errorf("encode %s: %w", event, err)
		}
		return c.write("event: " + event + "\ndata: " + string(data) + "\n\n")
	}
	for i := range news.readings {
		if r := &news.readings[i]; err == nil {
			err = once("reading", viewReading(r), r.At.String())
		}
	}
	for i := range news.issues {
		if r := &news.issues[i]; err == nil {
			err = once("issue", viewIssue(r), r.ID+r.At.String()+r.State+r.Tier)
		}
	}
	return err
}

// forget drops what can no longer come again.
func (c *liveClient) forget(before time.Time) {
	for id, at := range c.sent {
		if at.Before(before) {
			delete(c.sent, id)
		}
	}
	for key, at := range c.told {
		if at.Before(before.Add(-time.Minute)) {
			delete(c.told, key)
		}
	}
}

func (c *liveClient) write(event string) error {
	_ = c.control.SetWriteDeadline(time.Now().Add(livePatient)) // without deadlines (in tests) the client is fast
	if _, err := io.WriteString(c.w, event); err != nil {
		return fmt.Errorf("write event: %w", err)
	}
	return c.control.Flush()
}
