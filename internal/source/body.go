package source

import (
	"bufio"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"barometer/internal/barometer"
)

// readBody reads and decompresses the body under the caps. A body that is too long, broken off or too slow is returned
// as far as it came, with the reason in cut; a bomb is an error, for nothing in it can be trusted.
func (c *Client) readBody(ctx context.Context, resp *http.Response) (body []byte, cut string, err error) {
	wire := &counter{r: io.LimitReader(resp.Body, c.cfg.MaxBody+1)}
	r, err := decompressor(wire, resp.Header.Get("Content-Encoding"))
	if err != nil {
		return nil, "", err
	}
	capacity := min(max(resp.ContentLength, 8<<10), 1<<20)
	body = make([]byte, 0, capacity)
	for {
		if len(body) == cap(body) {
			body = append(body, 0)[:len(body)]
		}
		n, readErr := r.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		if len(body) > ratioFrom && int64(len(body)) > maxRatio*wire.n {
			return nil, "", barometer.Errorf(barometer.Refused,
				"the answer unpacks to more than %d times its size: it looks like a bomb", maxRatio)
		}
		switch {
		case int64(len(body)) > c.cfg.MaxBody:
			return body[:c.cfg.MaxBody], fmt.Sprintf("the answer is longer than %d bytes, the rest was not read", c.cfg.MaxBody), nil
		case errors.Is(readErr, io.EOF):
			return body, "", nil
		case readErr == nil:
			continue
		case errors.Is(ctx.Err(), context.DeadlineExceeded):
			return body, fmt.Sprintf("the answer was not finished in %s", c.cfg.Timeout), nil
		case ctx.Err() != nil:
			return nil, "", ctx.Err()
		default:
			return body, "the answer broke off", nil
		}
	}
}

// decompressor undoes the content coding. Servers send "deflate" both with and without the zlib wrapper.
func decompressor(r io.Reader, coding string) (io.Reader, error) {
	switch strings.ToLower(strings.TrimSpace(coding)) {
	case "", "identity":
		return r, nil
	case "gzip", "x-gzip":
		z, err := gzip.NewReader(r)
		if err != nil {
			return nil, barometer.Errorf(barometer.Unavailable, "the answer claims to be gzip, but is not: %w", err)
		}
		return z, nil
	case "deflate":
		br := bufio.NewReader(r)
		head, err := br.Peek(2)
		if err == nil && head[0]&0x0f == 8 && (uint(head[0])<<8|uint(head[1]))%31 == 0 {
			z, err := zlib.NewReader(br)
			if err != nil {
				return nil, barometer.Errorf(barometer.Unavailable, "the answer claims to be deflate, but is not: %w", err)
			}
			return z, nil
		}
		return flate.NewReader(br), nil
	default:
		return nil, barometer.Errorf(barometer.Unavailable, "the answer is in coding %q, which was not asked for", clip(coding, 40))
	}
}

// counter counts the bytes that came over the wire.
type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}
