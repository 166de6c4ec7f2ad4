package models

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/klauspost/compress/zstd"
)

// magic begins a model file, with the version of the format.
const magic = "barometer model 1\n"

// Encode returns the model as it is embedded: its fields one after the other, compressed. The same model gives the same
// bytes, in whatever process.
func (m *Linear) Encode() ([]byte, error) {
	b := []byte(magic)
	b = append(b, m.WordBits, m.CharBits, m.CharMin, m.CharMax, flag(m.Negation), flag(m.Bigrams), flag(m.Plain))
	b = binary.AppendUvarint(b, uint64(m.Classes))
	b = binary.AppendUvarint(b, uint64(len(m.Labels)))
	for _, l := range m.Labels {
		b = appendBytes(b, []byte(l))
	}
	b = appendBytes(b, m.Words)
	b = appendBytes(b, m.Chars)
	b = appendBytes(b, m.Valence)
	for _, f := range m.floats() {
		b = binary.AppendUvarint(b, uint64(len(*f)))
		for _, v := range *f {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
		}
	}
	b = binary.AppendUvarint(b, uint64(len(m.LexiconKey)))
	for _, k := range m.LexiconKey {
		b = binary.LittleEndian.AppendUint32(b, k)
	}
	z, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, fmt.Errorf("encode model: %w", err)
	}
	return z.EncodeAll(b, nil), nil
}

// floats lists the float fields in the order of the file.
func (m *Linear) floats() []*[]float32 {
	return []*[]float32{&m.WordScale, &m.CharScale, &m.Bias, &m.Sensed, &m.Limits, &m.Temper, &m.Shift}
}

func flag(on bool) byte {
	if on {
		return 1
	}
	return 0
}

func appendBytes(b, v []byte) []byte { return append(binary.AppendUvarint(b, uint64(len(v))), v...) }

// cursor reads the fields of a file; the first thing that is not there is its error.
type cursor struct {
	b   []byte
	err error
}

func (c *cursor) take(n uint64) []byte {
	if c.err == nil && n > uint64(len(c.b)) {
		c.err = errors.New("the file ends too early")
	}
	if c.err != nil {
		return nil
	}
	v := c.b[:n:n]
	c.b = c.b[n:]
	return v
}

// length reads how many items of a size follow.
func (c *cursor) length(size uint64) uint64 {
	n, used := binary.Uvarint(c.b)
	if c.err == nil && (used <= 0 || n > uint64(len(c.b))/size) {
		c.err = errors.New("a length is wrong")
	}
	if c.err != nil {
		return 0
	}
	c.b = c.b[used:]
	return n
}

func (c *cursor) floats() []float32 {
	n := c.length(4)
	if n == 0 {
		return nil
	}
	raw := c.take(4 * n)
	if c.err != nil {
		return nil
	}
	out := make([]float32, n)
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
	}
	return out
}

// Decode reads what Encode wrote and checks that the tables have the size that the shape says.
func Decode(b []byte) (*Linear, error) {
	z, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(64<<20))
	if err != nil {
		return nil, fmt.Errorf("decode model: %w", err)
	}
	defer z.Close()
	raw, err := z.DecodeAll(b, nil)
	if err != nil {
		return nil, fmt.Errorf("decode model: %w", err)
	}
	m, err := parse(raw)
	if err != nil {
		return nil, fmt.Errorf("decode model: %w", err)
	}
	return m, nil
}

func parse(raw []byte) (*Linear, error) {
	c := cursor{b: raw}
	if head := c.take(uint64(len(magic))); c.err != nil || string(head) != magic {
		return nil, errors.New("this is no model, or one of another version")
	}
	m := &Linear{}
	if s := c.take(7); s != nil {
		m.Shape = Shape{
			WordBits: s[0], CharBits: s[1], CharMin: s[2], CharMax: s[3], Negation: s[4] == 1, Bigrams: s[5] == 1, Plain: s[6] == 1,
		}
	}
	if n, used := binary.Uvarint(c.b); c.err == nil && used > 0 && n <= maxClasses {
		m.Classes = int(n)
		c.b = c.b[used:]
	}
	for range c.length(1) {
		m.Labels = append(m.Labels, string(c.take(c.length(1))))
	}
	m.Words, m.Chars, m.Valence = c.take(c.length(1)), c.take(c.length(1)), c.take(c.length(1))
	for _, f := range m.floats() {
		*f = c.floats()
	}
	n := c.length(4)
	keys := c.take(4 * n)
	for i := 0; i+4 <= len(keys); i += 4 {
		m.LexiconKey = append(m.LexiconKey, binary.LittleEndian.Uint32(keys[i:]))
	}
	if c.err != nil {
		return nil, c.err
	}
	return m, m.ready()
}

// ready checks the model and builds what is not stored.
func (m *Linear) ready() error {
	k := m.Classes
	rows := func(bits uint8) int {
		if bits == 0 {
			return 0
		}
		return k << bits
	}
	switch {
	case k < 1 || k > maxClasses || m.WordBits > 24 || m.CharBits > 24 || m.CharMin < 1 && m.CharBits > 0:
		return fmt.Errorf("%d classes, tables of %d and %d bits", k, m.WordBits, m.CharBits)
	case len(m.Words) != rows(m.WordBits) || len(m.Chars) != rows(m.CharBits):
		return fmt.Errorf("tables of %d and %d weights do not fit their shape", len(m.Words), len(m.Chars))
	case len(m.WordScale) != k || len(m.CharScale) != k || len(m.Bias) != k:
		return fmt.Errorf("scales do not fit %d classes", k)
	case len(m.Sensed) != 0 && len(m.Sensed) != Signals*k, len(m.LexiconKey) != len(m.Valence):
		return fmt.Errorf("lexicon does not fit its weights")
	case len(m.Temper) != 0 && len(m.Temper) != k, len(m.Temper) != len(m.Shift):
		return fmt.Errorf("calibration does not fit %d classes", k)
	}
	m.lexicon = make(map[uint32]int8, len(m.LexiconKey))
	for i, key := range m.LexiconKey {
		m.lexicon[key] = int8(m.Valence[i])
	}
	return nil
}
