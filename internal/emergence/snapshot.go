package emergence

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"barometer/internal/barometer"
)

// A snapshot is the magic with its version, the SHA-256 of what follows, and the state. The hash is checked before
// anything is decoded: a snapshot that was cut off or changed is refused, whatever is in it.
const (
	snapshotMagic = "barometer emergence 1\n"
	mostSnapshot  = 1 << 30
)

// errSnapshot says that a snapshot cannot be used. The engine can be built again from the stored history.
var errSnapshot = errors.New("not a whole snapshot of this version")

// saved is the state as it is written.
type saved struct {
	Organisation string
	TickEvery    int64
	Pending      []Observation
	Seen         map[barometer.ID]int64
	Contents     map[uint64]content
	Window       []savedPost
	Slots        []byte
	Used         int
	Exposures    map[string]*exposure
	Bursting     map[uint64]string
	Series       *series
	Issues       []savedIssue
	Dispersion   dispersion
	First, Last  int64
	Closed       int64
	Day, Late    int
}

type savedPost struct {
	Observation Observation
	Copies      int
}

type savedIssue struct {
	Issue   Issue
	Keys    []uint64 // of the terms
	Lexemes []string
	Life    life
	Recent  []savedPost
}

// Snapshot writes the state, so that an engine that reads it goes on as this one would.
func (e *Engine) Snapshot(w io.Writer) error {
	s := saved{Organisation: e.org.ID, TickEvery: int64(e.cfg.TickEvery), Pending: e.pending, Seen: e.seen, Contents: e.contents,
		Used: e.vocab.used, Exposures: e.vocab.exposures, Bursting: e.bursting, Series: e.series, Dispersion: e.Dispersion,
		First: e.First, Last: e.Last, Closed: e.Closed, Day: e.day, Late: e.Late}
	for _, p := range e.window.posts {
		s.Window = append(s.Window, savedPost{p.Observation, p.copies})
	}
	s.Slots = make([]byte, 0, 16*len(e.vocab.slots))
	for _, x := range e.vocab.slots {
		s.Slots = binary.LittleEndian.AppendUint64(s.Slots, x.key)
		s.Slots = binary.LittleEndian.AppendUint32(s.Slots, math.Float32bits(x.a))
		s.Slots = binary.LittleEndian.AppendUint32(s.Slots, uint32(x.day))
	}
	for _, i := range e.issues {
		x := savedIssue{Issue: *i, Life: i.life}
		for _, t := range i.Terms {
			x.Keys, x.Lexemes = append(x.Keys, t.key), append(x.Lexemes, t.lexeme)
		}
		for _, p := range i.life.Recent {
			x.Recent = append(x.Recent, savedPost{p.Observation, p.copies})
		}
		x.Life.Recent = nil
		s.Issues = append(s.Issues, x)
	}
	var body bytes.Buffer
	if err := gob.NewEncoder(&body).Encode(&s); err != nil {
		return fmt.Errorf("encode snapshot: %w", err)
	}
	sum := sha256.Sum256(body.Bytes())
	for _, part := range [][]byte{[]byte(snapshotMagic), sum[:], body.Bytes()} {
		if _, err := w.Write(part); err != nil {
			return fmt.Errorf("write snapshot: %w", err)
		}
	}
	return nil
}

// Restore takes over the state of a snapshot of the same organisation and grid. On an error the engine is as it was.
func (e *Engine) Restore(r io.Reader) error {
	b, err := io.ReadAll(io.LimitReader(r, mostSnapshot))
	if err != nil {
		return fmt.Errorf("read snapshot: %w", err)
	}
	head := len(snapshotMagic) + sha256.Size
	if len(b) < head || string(b[:len(snapshotMagic)]) != snapshotMagic {
		return barometer.Errorf(barometer.Invalid, "restore: %w", errSnapshot)
	}
	if sum := sha256.Sum256(b[head:]); !bytes.Equal(sum[:], b[len(snapshotMagic):head]) {
		return barometer.Errorf(barometer.Invalid, "restore: %w", errSnapshot)
	}
	var s saved
	if err := gob.NewDecoder(bytes.NewReader(b[head:])).Decode(&s); err != nil {
		return barometer.Errorf(barometer.Invalid, "restore: decode: %w", err)
	}
	if s.Organisation != e.org.ID || s.TickEvery != int64(e.cfg.TickEvery) {
		return barometer.Errorf(barometer.Invalid, "restore: the snapshot is of %q with ticks of %dns", s.Organisation, s.TickEvery)
	}
	if n := len(s.Slots) / 16; n%setSize != 0 || n&(n-1) != 0 || s.Series == nil {
		return barometer.Errorf(barometer.Invalid, "restore: %w", errSnapshot)
	}
	e.state = s.state(e.cfg)
	return nil
}

func (s *saved) state(cfg Config) state {
	v := newVocabulary(cfg.MaxTerms)
	v.slots, v.used, v.exposures = make([]slot, len(s.Slots)/16), s.Used, filled(s.Exposures)
	for i := range v.slots {
		b := s.Slots[16*i:]
		v.slots[i] = slot{key: binary.LittleEndian.Uint64(b), a: math.Float32frombits(binary.LittleEndian.Uint32(b[8:])),
			day: uint16(binary.LittleEndian.Uint32(b[12:]))}
	}
	out := state{pending: s.Pending, seen: filled(s.Seen), contents: filled(s.Contents), window: newWindow(), vocab: v,
		bursting: filled(s.Bursting), series: s.Series, Dispersion: s.Dispersion, First: s.First, Last: s.Last, Closed: s.Closed,
		day: s.Day, Late: s.Late}
	out.series.Nodes, out.series.Heard, out.series.Authors = filled(s.Series.Nodes), filled(s.Series.Heard), filled(s.Series.Authors)
	posts := map[barometer.ID]*post{}
	for _, x := range s.Window {
		p := newPost(&x.Observation)
		p.copies = x.Copies
		posts[p.ID] = p
		out.window.add(p)
	}
	clear(out.window.touched) // nothing is between two looks
	for _, x := range s.Issues {
		i := x.Issue
		i.life = x.Life
		i.life.Members, i.life.Hours = filled(x.Life.Members), filled(x.Life.Hours)
		for k := range i.life.Counts {
			i.life.Counts[k] = filled(x.Life.Counts[k])
		}
		for k := range i.Terms {
			i.Terms[k].key, i.Terms[k].lexeme = x.Keys[k], x.Lexemes[k]
		}
		for _, y := range x.Recent {
			p := posts[y.Observation.ID]
			if p == nil {
				p = newPost(&y.Observation)
				p.copies = y.Copies
			}
			i.life.Recent = append(i.life.Recent, p)
		}
		slices.SortStableFunc(i.life.Recent, earlier)
		out.issues = append(out.issues, &i)
	}
	return out
}

// filled returns a map that can be written to; gob gives nil for an empty one.
func filled[K comparable, V any](m map[K]V) map[K]V {
	if m == nil {
		return map[K]V{}
	}
	return m
}
