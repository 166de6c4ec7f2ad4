package store

import (
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"time"

	"barometer/internal/barometer"
)

// position is where a page ends: the key of its last mention.
type position struct {
	published time.Time
	id        barometer.ID
}

const (
	cursorVersion = 1
	cursorLen     = 1 + 8 + 16 + 4
)

// String writes a version, the seconds, the id and a checksum. The checksum is against mutilation, not against malice:
// a made-up cursor can only point at another place of the same list.
func (p position) String() string {
	b := make([]byte, 0, cursorLen)
	b = append(b, cursorVersion)
	b = binary.BigEndian.AppendUint64(b, uint64(p.published.Unix()))
	b = append(b, p.id[:]...)
	b = binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
	return base64.RawURLEncoding.EncodeToString(b)
}

func parseCursor(s string) (position, error) {
	var p position
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || len(b) != cursorLen || b[0] != cursorVersion ||
		binary.BigEndian.Uint32(b[cursorLen-4:]) != crc32.ChecksumIEEE(b[:cursorLen-4]) {
		return p, barometer.Errorf(barometer.Invalid, "cursor: not one that a previous page gave")
	}
	seconds := binary.BigEndian.Uint64(b[1:])
	if seconds > 1<<32-1 {
		return p, barometer.Errorf(barometer.Invalid, "cursor: not one that a previous page gave")
	}
	p.published = time.Unix(int64(seconds), 0).UTC()
	copy(p.id[:], b[9:])
	return p, nil
}
