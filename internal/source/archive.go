package source

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"barometer/internal/barometer"
)

// The formats of archives.
const (
	FormatJSONL = "jsonl" // one JSON object a line: posts, or tweets as API v1.1 gives them
	FormatJSON  = "json"  // objects in an array or one after the other, as Twitter exports have them
	FormatCSV   = "csv"   // a header that names the fields, then one post a record
)

// ArchiveOptions say how to read an archive. The zero value reads what the records say by themselves.
type ArchiveOptions struct {
	Source   string          // id of the source for all posts; "" takes the record's "source", else "archive"
	Space    string          // identity space; "" is "x" for tweets, else the source
	Lang     string          // language where a record declares none
	Site     string          // site where a record has no address
	Dated    time.Time       // time of records without one; zero makes them bad records
	Progress func(Progress)  // called about every 1,000 records and at the end; may be nil
	Bad      func(BadRecord) // called for each record that cannot be used; may be nil
}

// Progress says how far a reader has come.
type Progress struct {
	Bytes   int64 // of the file as it lies on disk (compressed where it is)
	Size    int64 // of the file, or 0 when it is not known
	Records int64 // good and bad
	Bad     int64
}

// BadRecord is a record that cannot be used. Reason holds nothing of the record's text.
type BadRecord struct {
	Line   int64 // where it starts, from 1
	Reason string
}

// Position is where reading can go on: after a whole record of the uncompressed text.
type Position struct {
	Offset  int64 `json:"offset"`
	Line    int64 `json:"line"`
	Records int64 `json:"records"`
	Bad     int64 `json:"bad"`
}

const (
	maxRecord   = 1 << 20 // bytes; a longer one is bad and skipped
	sniffBytes  = 64 << 10
	hopelessBad = 100 // this many bad records before the first good one: it is not such a file
)

// Archive reads a file of posts as a stream, in bounded memory. It is not safe for concurrent use.
type Archive struct {
	opts   ArchiveOptions
	format string
	size   int64
	raw    *counter // bytes of the file
	close  []io.Closer
	split  splitter
	csv    *csvHeader
	pos    Position
	torn   *Position // where a last line begins that is bad and not ended
	good   int64
}

// splitter cuts the text into records. next returns io.EOF at the end, and a *recordError for a record that is bad as
// a whole, after which it can go on. The record is valid until the next call.
type splitter interface {
	next() (record []byte, line int64, err error) // line is where the record starts, from 1
	at() (offset, line int64)                     // after the last record; line counts line breaks before it
}

// recordError says why a record is bad.
type recordError struct{ reason string }

func (e *recordError) Error() string { return e.reason }

func badRecord(format string, args ...any) error { return &recordError{fmt.Sprintf(format, args...)} }

// OpenArchive opens a file, which may be compressed with gzip, and finds out its format. An error of kind Invalid says
// that it is no archive.
func OpenArchive(path string, o ArchiveOptions) (*Archive, error) {
	return openArchiveAt(path, o, Position{})
}

func openArchiveAt(path string, o ArchiveOptions, from Position) (*Archive, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, barometer.Errorf(barometer.NotFound, "open archive: %w", err)
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = errors.New("it is a directory")
	}
	if err != nil {
		return nil, errors.Join(barometer.Errorf(barometer.Invalid, "open archive %s: %w", path, err), f.Close())
	}
	a, err := readArchiveAt(f, o, from)
	if err != nil {
		return nil, errors.Join(barometer.Errorf(barometer.KindOf(err), "%s: %w", path, err), f.Close())
	}
	a.size = info.Size()
	a.close = append(a.close, f)
	return a, nil
}

// ReadArchive reads from a stream such as standard input.
func ReadArchive(r io.Reader, o ArchiveOptions) (*Archive, error) {
	return readArchiveAt(r, o, Position{})
}

func readArchiveAt(r io.Reader, o ArchiveOptions, from Position) (*Archive, error) {
	a := &Archive{opts: o, raw: &counter{r: r}, pos: from}
	br := bufio.NewReaderSize(a.raw, sniffBytes)
	if head, err := br.Peek(2); err == nil && head[0] == 0x1f && head[1] == 0x8b {
		z, err := gzip.NewReader(br)
		if err != nil {
			return nil, barometer.Errorf(barometer.Invalid, "the file starts like gzip, but cannot be unpacked: %w", err)
		}
		a.close = append(a.close, z)
		br = bufio.NewReaderSize(z, sniffBytes)
	}
	// A byte order mark decides between UTF-8 and UTF-16 (spreadsheets write both); without one it is UTF-8.
	if head, err := br.Peek(3); err == nil && (head[0] == 0xff && head[1] == 0xfe || head[0] == 0xfe && head[1] == 0xff || string(head) == "\xef\xbb\xbf") {
		br = bufio.NewReaderSize(transform.NewReader(br, unicode.BOMOverride(unicode.UTF8.NewDecoder())), sniffBytes)
	}
	head, err := br.Peek(sniffBytes)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, barometer.Errorf(barometer.Invalid, "read archive: %w", err)
	}
	if a.format, err = sniffArchive(head, err != nil); err != nil {
		return nil, err
	}
	text := &textReader{r: br}
	if a.format == FormatCSV {
		records := newCSVSplitter(text, ',')
		first, _, err := records.next()
		if err != nil {
			return nil, barometer.Errorf(barometer.Invalid, "read the header: %w", err)
		}
		if a.csv, err = readCSVHeader(first); err != nil {
			return nil, err
		}
	}
	if skip := from.Offset - text.offset; skip > 0 {
		if _, err := io.CopyN(io.Discard, text, skip); err != nil {
			return nil, barometer.Errorf(barometer.Conflict, "the file is shorter than it was when it was read up to byte %d", from.Offset)
		}
		text.lines = from.Line
		a.good = from.Records - from.Bad
	}
	switch a.format {
	case FormatCSV:
		a.split = newCSVSplitter(text, a.csv.comma)
	case FormatJSON:
		a.split = &objectSplitter{r: text}
	default:
		a.split = &lineSplitter{r: text}
	}
	return a, nil
}

// sniffArchive tells the format from the beginning of the text; whole says that it is all of it.
func sniffArchive(head []byte, whole bool) (string, error) {
	t := bytes.TrimLeft(head, " \t\r\n")
	switch {
	case len(t) == 0:
		return FormatJSONL, nil // an empty file is an archive without posts
	case t[0] == '[', bytes.HasPrefix(t, []byte("window.")):
		return FormatJSON, nil
	case t[0] == '{':
		line, _, ended := bytes.Cut(t, []byte("\n"))
		if line = bytes.TrimSpace(line); (ended || whole) && (len(line) == 1 || line[len(line)-1] != '}') && !validObject(line) {
			if validPrefix(t) {
				return FormatJSON, nil // an object over several lines
			}
		}
		return FormatJSONL, nil
	}
	line, _, _ := bytes.Cut(t, []byte("\n"))
	if _, err := readCSVHeader(line); err != nil {
		return "", err
	}
	return FormatCSV, nil
}

// Format returns the format that was found.
func (a *Archive) Format() string { return a.format }

// Position returns where reading can go on after the posts returned so far. A last line that is bad and has no line break
// is left for the next time: whoever writes the file may not have finished it.
func (a *Archive) Position() Position {
	if a.torn != nil {
		return *a.torn
	}
	return a.pos
}

// Progress returns how far the reader has come.
func (a *Archive) Progress() Progress {
	return Progress{Bytes: a.raw.n, Size: a.size, Records: a.pos.Records, Bad: a.pos.Bad}
}

// Close closes the file.
func (a *Archive) Close() error {
	var errs []error
	for _, c := range a.close {
		errs = append(errs, c.Close())
	}
	a.close = nil
	return errors.Join(errs...)
}

// Next returns the next post, or io.EOF. Bad records are counted, reported through the options and skipped; when the
// first hundred are all bad it gives up with kind Invalid. A file that breaks off gives an error of kind Invalid after
// its last whole record.
func (a *Archive) Next() (barometer.Post, error) {
	for {
		before := a.pos
		record, line, err := a.split.next()
		if errors.Is(err, io.EOF) {
			a.progress()
			return barometer.Post{}, io.EOF
		}
		bad, isBad := errors.AsType[*recordError](err)
		if err != nil && !isBad {
			return barometer.Post{}, barometer.Errorf(barometer.Invalid, "line %d: the file breaks off: %w", line, err)
		}
		a.pos.Offset, a.pos.Line = a.split.at()
		if !isBad && len(bytes.TrimSpace(record)) == 0 {
			continue
		}
		a.pos.Records++
		if a.pos.Records%1000 == 0 {
			a.progress()
		}
		var p barometer.Post
		if !isBad {
			if p, err = a.decode(record); err == nil {
				a.good++
				return p, nil
			}
			if bad, isBad = errors.AsType[*recordError](err); !isBad {
				return p, err
			}
		}
		a.pos.Bad++
		if lines, ok := a.split.(*lineSplitter); ok && lines.open {
			a.torn = &before
		}
		if a.opts.Bad != nil {
			a.opts.Bad(BadRecord{Line: line, Reason: bad.reason})
		}
		if a.good == 0 && a.pos.Bad >= hopelessBad {
			return p, barometer.Errorf(barometer.Invalid,
				"none of the first %d records is a post (line %d: %s): this is not a file of posts", a.pos.Bad, line, bad.reason)
		}
	}
}

// Batch returns up to limit posts; fewer only at the end, and none with io.EOF. Posts before an error are returned
// with it.
func (a *Archive) Batch(ctx context.Context, limit int) ([]barometer.Post, error) {
	posts := make([]barometer.Post, 0, limit)
	for len(posts) < limit {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		p, err := a.Next()
		switch {
		case errors.Is(err, io.EOF) && len(posts) > 0:
			return posts, nil
		case err != nil:
			return posts, err
		}
		posts = append(posts, p)
	}
	return posts, nil
}

func (a *Archive) progress() {
	if a.opts.Progress != nil {
		a.opts.Progress(a.Progress())
	}
}

func (a *Archive) decode(record []byte) (p barometer.Post, err error) {
	if a.format == FormatCSV {
		p, err = a.csv.post(record)
	} else {
		p, err = jsonPost(record)
	}
	if err != nil {
		return p, err
	}
	return p, a.complete(&p)
}

// complete fills in what the options know and checks what a post needs.
func (a *Archive) complete(p *barometer.Post) error {
	if a.opts.Source != "" {
		p.Source = a.opts.Source
	}
	if p.Source == "" {
		p.Source = "archive"
	}
	p.Kind = "archive"
	if a.opts.Space != "" {
		p.Space = a.opts.Space
	}
	if p.Space == "" {
		p.Space = p.Source
	}
	if p.NativeID == "" {
		return badRecord("id is missing")
	}
	if len(p.NativeID) > maxShort {
		return badRecord("id is longer than %d bytes", maxShort)
	}
	p.ID = barometer.DeriveID(p.Space, p.NativeID)
	p.SeenAt = time.Now().UTC()
	if p.Deleted {
		return nil
	}
	if p.Text == "" && p.Title == "" {
		return badRecord("text is missing")
	}
	if p.PublishedAt.IsZero() {
		if a.opts.Dated.IsZero() {
			return badRecord("published_at is missing")
		}
		p.PublishedAt, p.DateQuality = a.opts.Dated, barometer.DateBounded
	}
	if y := p.PublishedAt.Year(); y < 1990 || p.PublishedAt.After(p.SeenAt.Add(24*time.Hour)) {
		return badRecord("published_at %s is not believable", p.PublishedAt.Format(time.RFC3339))
	}
	if p.Lang == "" {
		p.Lang = a.opts.Lang
	}
	if p.Site == "" {
		p.Site = a.opts.Site
	}
	bound(p)
	return nil
}
