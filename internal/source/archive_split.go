package source

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// textReader counts bytes and line breaks of the uncompressed text.
type textReader struct {
	r      *bufio.Reader
	offset int64
	lines  int64
}

func (t *textReader) Read(p []byte) (int, error) {
	n, err := t.r.Read(p)
	t.offset += int64(n)
	t.lines += int64(bytes.Count(p[:n], []byte("\n")))
	return n, err
}

// line appends the next line with its break to buf, at most limit bytes of it; the rest of a longer one is skipped and
// long is true. At the end it returns io.EOF with what was left.
func (t *textReader) line(buf []byte, limit int) (out []byte, long bool, err error) {
	start := len(buf)
	for {
		part, err := t.r.ReadSlice('\n')
		t.offset += int64(len(part))
		if room := limit - (len(buf) - start); len(part) > room {
			long = true
			buf = append(buf, part[:max(room, 0)]...)
		} else {
			buf = append(buf, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err == nil:
			t.lines++
		}
		return buf, long, err
	}
}

func (t *textReader) readByte() (byte, error) {
	c, err := t.r.ReadByte()
	if err == nil {
		t.offset++
		if c == '\n' {
			t.lines++
		}
	}
	return c, err
}

func (t *textReader) at() (offset, line int64) { return t.offset, t.lines }

// lineSplitter gives one line a record.
type lineSplitter struct {
	r    *textReader
	buf  []byte
	open bool // the last record had no line break: perhaps it is still being written
}

func (s *lineSplitter) at() (offset, line int64) { return s.r.at() }

func (s *lineSplitter) next() ([]byte, int64, error) {
	at := s.r.lines + 1
	buf, long, err := s.r.line(s.buf[:0], maxRecord)
	s.buf = buf
	switch {
	case long:
		return nil, at, badRecord("the record is longer than %d bytes", maxRecord)
	case errors.Is(err, io.EOF) && len(buf) > 0:
		s.open = true
		return buf, at, nil
	}
	return buf, at, err
}

// objectSplitter gives one top-level JSON object a record, whatever stands between them: brackets and commas of an
// array, or the assignment in front of it that platform exports have.
type objectSplitter struct {
	r   *textReader
	buf []byte
}

func (s *objectSplitter) at() (offset, line int64) { return s.r.at() }

func (s *objectSplitter) next() ([]byte, int64, error) {
	for {
		c, err := s.r.readByte()
		if err != nil {
			return nil, s.r.lines + 1, err
		}
		if c == '{' {
			break
		}
	}
	at := s.r.lines + 1
	s.buf = append(s.buf[:0], '{')
	depth, inString, escaped, long := 1, false, false, false
	for depth > 0 {
		c, err := s.r.readByte()
		if errors.Is(err, io.EOF) {
			return nil, at, io.ErrUnexpectedEOF
		}
		if err != nil {
			return nil, at, err
		}
		if len(s.buf) < maxRecord {
			s.buf = append(s.buf, c)
		} else {
			long = true
		}
		switch {
		case escaped:
			escaped = false
		case inString && c == '\\':
			escaped = true
		case c == '"':
			inString = !inString
		case inString:
		case c == '{':
			depth++
		case c == '}':
			depth--
		}
	}
	if long {
		return nil, at, badRecord("the record is longer than %d bytes", maxRecord)
	}
	return s.buf, at, nil
}

// csvSplitter gives one CSV record (RFC 4180) a record: lines, as long as a quoted field is open.
type csvSplitter struct {
	r         *textReader
	comma     byte
	buf       []byte
	pending   []byte // lines read in search of a closing quote that never came
	offset    int64
	line      int64
	runaways  int
	exhausted bool
}

const (
	maxCSVLines = 1000 // in one record
	maxRunaways = 20   // records whose quote never closes
)

func newCSVSplitter(r *textReader, comma byte) *csvSplitter {
	return &csvSplitter{r: r, comma: comma, offset: r.offset, line: r.lines}
}

func (s *csvSplitter) at() (offset, line int64) { return s.offset, s.line }

func (s *csvSplitter) next() ([]byte, int64, error) {
	at := s.line + 1
	s.buf = s.buf[:0]
	first := 0 // bytes of the first line
	open := false
	for n := 1; ; n++ {
		from := len(s.buf)
		long, err := s.readLine()
		line := s.buf[from:]
		if n == 1 {
			first = len(line)
		}
		if len(line) == 0 && err != nil {
			if n == 1 {
				return nil, at, err
			}
			return nil, at, s.runaway(first)
		}
		if long {
			s.advance(s.r.offset - int64(len(s.pending)))
			return nil, at, badRecord("the record is longer than %d bytes", maxRecord)
		}
		open = quoteOpen(line, s.comma, open)
		if !open {
			s.offset += int64(len(s.buf))
			s.line += int64(bytes.Count(s.buf, []byte("\n")))
			return s.buf, at, nil
		}
		if err != nil || n == maxCSVLines || len(s.buf) > maxRecord {
			return nil, at, s.runaway(first)
		}
	}
}

// advance moves past a line of unknown length.
func (s *csvSplitter) advance(to int64) {
	s.offset = to
	s.line++
}

// readLine appends the next line to buf, from pending first.
func (s *csvSplitter) readLine() (long bool, err error) {
	if len(s.pending) > 0 {
		i := bytes.IndexByte(s.pending, '\n')
		if i >= 0 {
			s.buf = append(s.buf, s.pending[:i+1]...)
			s.pending = s.pending[i+1:]
			return false, nil
		}
		s.buf = append(s.buf, s.pending...)
		s.pending = nil
	}
	if s.exhausted {
		return false, io.EOF
	}
	s.buf, long, err = s.r.line(s.buf, maxRecord)
	if errors.Is(err, io.EOF) {
		s.exhausted = true
	}
	return long, err
}

// runaway gives up on a quote that does not close: the first line is bad, the others are read again on their own.
func (s *csvSplitter) runaway(first int) error {
	if s.runaways++; s.runaways > maxRunaways {
		return fmt.Errorf("more than %d quotes never close", maxRunaways)
	}
	s.pending = append(bytes.Clone(s.buf[first:]), s.pending...)
	s.offset += int64(first)
	s.line++
	return badRecord("a quote is opened and not closed")
}

// quoteOpen says whether a quoted field is open at the end of the line.
func quoteOpen(line []byte, comma byte, open bool) bool {
	start := !open // at the start of a field
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case open:
			if c == '"' {
				if i+1 < len(line) && line[i+1] == '"' {
					i++
				} else {
					open = false
				}
			}
		case start && c == '"':
			open = true
			start = false
		default:
			start = c == comma
		}
	}
	return open
}

// splitCSV cuts one record into fields, appended to fields. Quotes within an unquoted field are kept as they are.
func splitCSV(fields []string, record []byte, comma byte) []string {
	record = bytes.TrimRight(record, "\r\n")
	for {
		var field []byte
		if len(record) > 0 && record[0] == '"' {
			record = record[1:]
			for {
				i := bytes.IndexByte(record, '"')
				if i < 0 {
					field, record = append(field, record...), nil
					break
				}
				field = append(field, record[:i]...)
				record = record[i+1:]
				if len(record) == 0 || record[0] != '"' {
					break
				}
				field = append(field, '"')
				record = record[1:]
			}
		}
		i := bytes.IndexByte(record, comma)
		if i < 0 {
			return append(fields, string(append(field, record...)))
		}
		fields = append(fields, string(append(field, record[:i]...)))
		record = record[i+1:]
	}
}

func validObject(b []byte) bool { return len(b) > 0 && b[0] == '{' && json.Valid(b) }

// validPrefix says that b starts with an object whose beginning is correct JSON.
func validPrefix(b []byte) bool {
	d := json.NewDecoder(bytes.NewReader(b))
	tokens := 0
	for {
		if _, err := d.Token(); err != nil {
			return tokens > 1 && (errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF))
		}
		tokens++
		if tokens > 2 && !d.More() {
			return true
		}
	}
}
