package stats

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Buckets is a count series as read from a file: equally long buckets, oldest first.
type Buckets struct {
	Labels []string    // time as the file has it
	Times  []time.Time // begin of each bucket; nil when the buckets are only numbered
	Counts []float64   // NaN where the count is not known
}

const (
	mostBuckets = 2_000_000
	mostCount   = 1e9 // a bucket; larger numbers are not counts of posts
)

var timeLayouts = []string{time.RFC3339, "2006-01-02", "2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006-01-02 15:04", "2006-01-02T15:04", "2006-01"}

// ReadCSV reads lines of time and count, with or without a heading. A time is RFC 3339, a date with or without a time of
// day (then UTC), a month, or a whole number that only counts the buckets; all lines have the same kind and rise. An
// empty count or NA is a bucket about which nothing is known. Errors name the line.
func ReadCSV(r io.Reader) (*Buckets, error) {
	in := bufio.NewReader(r)
	if mark, err := in.Peek(3); err == nil && string(mark) == "\ufeff" {
		if _, err := in.Discard(3); err != nil {
			return nil, fmt.Errorf("read: %w", err)
		}
	}
	lines := csv.NewReader(in)
	lines.FieldsPerRecord, lines.ReuseRecord, lines.TrimLeadingSpace = -1, true, true
	b := &Buckets{}
	previous := int64(math.MinInt64)
	for first := true; ; first = false {
		record, err := lines.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("read: %w", err)
		}
		line, _ := lines.FieldPos(0)
		if len(record) < 2 {
			return nil, fmt.Errorf("line %d: want a time and a count", line)
		}
		label := strings.Clone(strings.TrimSpace(record[0]))
		count, err := parseCount(strings.TrimSpace(record[1]))
		if err != nil {
			if first {
				continue // the heading
			}
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		if len(b.Labels) == mostBuckets {
			return nil, fmt.Errorf("line %d: more than %d buckets", line, mostBuckets)
		}
		order, at, err := parseTime(label)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		if len(b.Labels) > 0 && (b.Times == nil) != at.IsZero() {
			return nil, fmt.Errorf("line %d: %q is not of the kind of the times before", line, label)
		}
		if order <= previous {
			return nil, fmt.Errorf("line %d: %q does not come after the time before", line, label)
		}
		previous = order
		if !at.IsZero() {
			b.Times = append(b.Times, at)
		}
		b.Labels, b.Counts = append(b.Labels, label), append(b.Counts, count)
	}
	if len(b.Labels) == 0 {
		return nil, errors.New("no buckets")
	}
	return b, nil
}

func parseCount(s string) (float64, error) {
	if s == "" || strings.EqualFold(s, "NA") {
		return math.NaN(), nil
	}
	x, err := strconv.ParseFloat(s, 64)
	if err != nil || !(x >= 0 && x <= mostCount) {
		return 0, fmt.Errorf("count %q: want a number from 0 to %.0e", s, mostCount)
	}
	return x, nil
}

// parseTime returns what a label is ordered by, and its time unless it is only a number.
func parseTime(s string) (int64, time.Time, error) {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n, time.Time{}, nil
	}
	for _, layout := range timeLayouts {
		if at, err := time.Parse(layout, s); err == nil && at.Year() >= 1700 && at.Year() < 2200 { // else nanoseconds overflow
			return at.UnixNano(), at, nil
		}
	}
	return 0, time.Time{}, fmt.Errorf("time %q: want RFC 3339, a date or a number", s)
}

const day = 24 * time.Hour

// width returns the usual length of a bucket, 0 when they are only numbered.
func (b *Buckets) width() time.Duration {
	if len(b.Times) < 2 {
		return 0
	}
	gaps := make([]time.Duration, len(b.Times)-1)
	for i := range gaps {
		gaps[i] = b.Times[i+1].Sub(b.Times[i])
	}
	slices.Sort(gaps)
	return gaps[len(gaps)/2]
}

// grid lays the buckets on an unbroken grid: at[i] is where bucket i lies, and what lies between is masked. Months and
// numbered buckets are taken as they come.
func (b *Buckets) grid(width time.Duration) (s Series, at []int, err error) {
	at = make([]int, len(b.Counts))
	for i := range at {
		at[i] = i
		if width == 0 || width > 8*day {
			continue
		}
		if at[i] = int(math.Round(float64(b.Times[i].Sub(b.Times[0])) / float64(width))); i > 0 && at[i] <= at[i-1] || at[i] > 4*len(at)+1000 {
			return Series{}, nil, fmt.Errorf("bucket %s: the buckets are not equally long; they seem to last %v", b.Labels[i], width)
		}
	}
	n := at[len(at)-1] + 1
	s = Series{Counts: make([]float64, n), Masked: make([]bool, n), Weekless: width == 0 || width > 25*time.Hour || width < 23*time.Hour}
	for i := range s.Masked {
		s.Masked[i] = true
	}
	for i, x := range b.Counts {
		if !math.IsNaN(x) {
			s.Counts[at[i]], s.Masked[at[i]] = x, false
		}
	}
	if b.Times != nil {
		s.First = b.Times[0].Weekday()
	}
	return s, at, nil
}

// profile returns for each bucket of a series shorter than days what the hour of the day lets expect against the day's
// mean, apart for weekends. It is learnt from earlier buckets alone, forgets within weeks, and starts at 1.
func (b *Buckets) profile(s *Series, width time.Duration) []float64 {
	const hours, prior, memory = 48, 1., 14. // prior and memory in days
	aDay := max(1, float64(day)/float64(width))
	anHour := max(1, aDay/24)
	var sum, n [hours]float64
	var level, weight float64
	out := make([]float64, len(s.Counts))
	for i := range out {
		out[i] = 1
		at := b.Times[0].Add(time.Duration(i) * width)
		g := at.Hour()
		if d := at.Weekday(); d == time.Saturday || d == time.Sunday {
			g += 24
		}
		if weight >= aDay && level > 0 {
			m := level / weight
			out[i] = (sum[g] + prior*anHour*m) / (n[g] + prior*anHour) / m
		}
		if s.Masked[i] {
			continue
		}
		keep := 1 - 1/(memory*anHour)
		sum[g], n[g] = keep*sum[g]+s.Counts[i], keep*n[g]+1
		keep = 1 - 1/(memory*aDay)
		level, weight = keep*level+s.Counts[i], keep*weight+1
	}
	return out
}
