package models

import (
	"bytes"
	"encoding/gob"
	"fmt"

	"github.com/klauspost/compress/zstd"
)

// Encode returns the model as it is embedded: gob, compressed. The same model gives the same bytes.
func (m *Linear) Encode() ([]byte, error) {
	var raw bytes.Buffer
	if err := gob.NewEncoder(&raw).Encode(m); err != nil {
		return nil, fmt.Errorf("encode model: %w", err)
	}
	z, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, fmt.Errorf("encode model: %w", err)
	}
	return z.EncodeAll(raw.Bytes(), nil), nil
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
	m := &Linear{}
	if err := gob.NewDecoder(bytes.NewReader(raw)).Decode(m); err != nil {
		return nil, fmt.Errorf("decode model: %w", err)
	}
	if err := m.ready(); err != nil {
		return nil, fmt.Errorf("decode model: %w", err)
	}
	return m, nil
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
	case k < 1 || k > maxClasses || m.WordBits > 24 || m.CharBits > 24:
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
