package classify

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"

	"barometer/internal/barometer"
)

// The headers with which a service says that it cannot answer (NATS services protocol, ADR-32).
const (
	errorHeader     = "Nats-Service-Error"
	errorCodeHeader = "Nats-Service-Error-Code"
)

// Requester sends a message and waits for the answer; *nats.Conn does. It is safe for concurrent use.
type Requester interface {
	RequestWithContext(ctx context.Context, subject string, data []byte) (*nats.Msg, error)
}

// Client asks a plug-in over NATS. It is safe for concurrent use and holds nothing to close.
type Client struct {
	conn    Requester
	subject string
}

// NewClient returns a client of the plug-in that listens on the subject.
func NewClient(conn Requester, subject string) *Client {
	return &Client{conn: conn, subject: subject}
}

// Classify implements Classifier. Every error is of kind Unavailable: ours stands, and somebody should look at the plug-in.
func (c *Client) Classify(ctx context.Context, docs []Doc) (Reply, error) {
	q := Request{Docs: docs}
	if until, ok := ctx.Deadline(); ok {
		q.WithinMS = max(1, time.Until(until).Milliseconds())
	}
	b, err := q.Encode()
	if err != nil {
		return Reply{}, err
	}
	msg, err := c.conn.RequestWithContext(ctx, c.subject, b)
	switch {
	case errors.Is(err, nats.ErrNoResponders):
		return Reply{}, barometer.Errorf(barometer.Unavailable, "ask %s: no plug-in listens there: %w", c.subject, err)
	case errors.Is(err, context.DeadlineExceeded) || errors.Is(err, nats.ErrTimeout):
		return Reply{}, barometer.Errorf(barometer.Unavailable, "ask %s: no answer in time: %w", c.subject, err)
	case err != nil:
		return Reply{}, barometer.Errorf(barometer.Unavailable, "ask %s: %w", c.subject, err)
	}
	if code := msg.Header.Get(errorCodeHeader); code != "" {
		return Reply{}, barometer.Errorf(barometer.Unavailable, "ask %s: refused with %s: %s", c.subject, clip(code, 16), clip(msg.Header.Get(errorHeader), 200))
	}
	r, err := decodeReply(msg.Data, len(docs))
	if err != nil {
		return Reply{}, fmt.Errorf("ask %s: %w", c.subject, err)
	}
	return r, nil
}
