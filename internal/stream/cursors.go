package stream

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"barometer/internal/barometer"

	"github.com/klauspost/compress/zstd"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	maxCursorBytes  = 16 << 20  // as given
	maxCursorStored = 960 << 10 // compressed: fits into the 1 MiB that NATS servers accept unless told otherwise
)

// Cursors remembers how far each source was read. A saved cursor is on disk.
type Cursors struct {
	s   *Stream
	kv  jetstream.KeyValue
	enc *zstd.Encoder
	dec *zstd.Decoder
}

// Cursors opens the bucket; it is safe for concurrent use.
func (s *Stream) Cursors(ctx context.Context) (*Cursors, error) {
	kv, err := s.js.KeyValue(ctx, s.cursorsBucket())
	if err != nil {
		return nil, explain("open cursors", err)
	}
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20))
	if err != nil {
		return nil, fmt.Errorf("open cursors: %w", err)
	}
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxCursorBytes))
	if err != nil {
		return nil, fmt.Errorf("open cursors: %w", err)
	}
	return &Cursors{s, kv, enc, dec}, nil
}

// Load returns the last saved cursor of the source, or nil if there is none.
func (c *Cursors) Load(ctx context.Context, source string) ([]byte, error) {
	entry, err := c.kv.Get(ctx, cursorKey(source))
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, explain("load cursor", err)
	}
	cursor, err := c.dec.DecodeAll(entry.Value(), nil)
	if err != nil {
		return nil, fmt.Errorf("load cursor: decompress: %w", err) // our own state is broken
	}
	return cursor, nil
}

// Save stores the source's cursor. It does not wait for a server that is away: the caller repeats its read.
func (c *Cursors) Save(ctx context.Context, source string, cursor []byte) error {
	stored := c.enc.EncodeAll(cursor, nil)
	if len(cursor) > maxCursorBytes || len(stored) > maxCursorStored {
		return barometer.Errorf(barometer.Invalid, "save cursor: %d bytes, %d compressed, are too many", len(cursor), len(stored))
	}
	if _, err := c.kv.Put(ctx, cursorKey(source), stored); err != nil {
		return explain("save cursor", err)
	}
	return nil
}

// Delete forgets the source's cursor: it will be read from its beginning.
func (c *Cursors) Delete(ctx context.Context, source string) error {
	if err := c.kv.Purge(ctx, cursorKey(source)); err != nil {
		return explain("delete cursor", err)
	}
	return nil
}

// cursorKey writes a source id as a key: letters, digits and - as they are, other bytes as = and two digits. Different
// ids give different keys.
func cursorKey(source string) string {
	const digits = "0123456789abcdef"
	var key strings.Builder
	key.WriteByte('_') // a key must not be empty
	for _, b := range []byte(source) {
		switch {
		case b >= 'a' && b <= 'z', b >= 'A' && b <= 'Z', b >= '0' && b <= '9', b == '-':
			key.WriteByte(b)
		default:
			key.WriteByte('=')
			key.WriteByte(digits[b>>4])
			key.WriteByte(digits[b&15])
		}
	}
	return key.String()
}
