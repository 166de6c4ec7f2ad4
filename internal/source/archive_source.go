package source

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"barometer/internal/barometer"
)

// archiveBatch is how many posts are published at once, and so how much is repeated after a crash.
const archiveBatch = 500

// archiveSource reads a file once, and again from where it ended when it has grown.
type archiveSource struct {
	cfg  Config
	opts ArchiveOptions
}

func newArchiveSource(c Config, _ Env) (Source, error) {
	s := &archiveSource{cfg: c, opts: ArchiveOptions{Source: c.ID, Space: c.Space, Lang: c.Lang, Site: c.Site}}
	if c.Dated != "" {
		t, err := time.Parse(time.RFC3339, c.Dated)
		if err != nil {
			return nil, fmt.Errorf("dated: %w", err)
		}
		s.opts.Dated = t
	}
	return s, nil
}

// archiveCursor is how far a file was read. A file that was replaced by a shorter one, or at another path, is read from
// the start; ids make the repetition harmless.
type archiveCursor struct {
	Version  int       `json:"v"`
	Path     string    `json:"path"`
	Size     int64     `json:"size"`
	Modified time.Time `json:"modified"`
	Done     bool      `json:"done"` // read to its end, at this size and time
	Position Position  `json:"position"`
}

const archiveCursorVersion = 1

func loadArchiveCursor(saved []byte, path string) (archiveCursor, error) {
	fresh := archiveCursor{Version: archiveCursorVersion, Path: path}
	if len(saved) == 0 {
		return fresh, nil
	}
	var c archiveCursor
	if err := json.Unmarshal(saved, &c); err != nil {
		return c, fmt.Errorf("archive: %w: %w", ErrCursor, err)
	}
	p := c.Position
	if c.Version != archiveCursorVersion || p.Offset < 0 || p.Line < 0 || p.Records < 0 || p.Bad < 0 || p.Bad > p.Records {
		return c, fmt.Errorf("archive: %w: version %d, offset %d", ErrCursor, c.Version, p.Offset)
	}
	if c.Path != path {
		return fresh, nil
	}
	return c, nil
}

// Read publishes the file's posts from where the cursor stands to the end.
func (s *archiveSource) Read(ctx context.Context, saved []byte, emit Emit) (Report, error) {
	cur, err := loadArchiveCursor(saved, s.cfg.Path)
	if err != nil {
		return Report{}, err
	}
	info, err := os.Stat(s.cfg.Path)
	if err != nil {
		return Report{}, barometer.Errorf(barometer.NotFound, "archive: %w", err)
	}
	if cur.Done && info.Size() == cur.Size && info.ModTime().Equal(cur.Modified) {
		return Report{}, nil
	}
	if info.Size() < cur.Size {
		cur.Position = Position{}
	}
	cur.Size, cur.Modified, cur.Done = info.Size(), info.ModTime(), false
	var report Report
	opts := s.opts
	var first string
	opts.Bad = func(b BadRecord) {
		if report.Skipped++; report.Skipped == 1 {
			first = fmt.Sprintf("line %d: %s", b.Line, b.Reason)
		}
		report.Note = fmt.Sprintf("%d records cannot be used, the first at %s", report.Skipped, first)
	}
	a, err := openArchiveAt(s.cfg.Path, opts, cur.Position)
	if barometer.KindOf(err) == barometer.Conflict {
		a, err = openArchiveAt(s.cfg.Path, opts, Position{})
	}
	if err != nil {
		return report, err
	}
	defer a.Close() //nolint:errcheck // only read
	for {
		posts, err := a.Batch(ctx, archiveBatch)
		if ctx.Err() != nil {
			return report, ctx.Err()
		}
		end := errors.Is(err, io.EOF)
		cur.Position, cur.Done = a.Position(), end
		b, encodeErr := json.Marshal(cur)
		if encodeErr != nil {
			return report, fmt.Errorf("archive: encode cursor: %w", encodeErr)
		}
		if emitErr := emit(ctx, posts, b); emitErr != nil {
			return report, emitErr
		}
		switch {
		case end:
			return report, nil
		case err != nil:
			return report, fmt.Errorf("archive: %w", err)
		}
	}
}
