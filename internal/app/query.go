package app

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"barometer/internal/barometer"
	"barometer/internal/query"
)

// runQuery is `barometer query explain|match 'EXPR'`.
func runQuery(ctx context.Context, std IO, args []string) error {
	person := false
	rest, err := flags(args, func(fs *flag.FlagSet) {
		fs.BoolVar(&person, "allow-person", false, "explain a query that would be refused because it watches a person")
	})
	if err != nil {
		return err
	}
	if len(rest) != 2 || rest[0] != "explain" && rest[0] != "match" {
		return usagef("want explain or match, and one expression")
	}
	q, err := query.Parse(rest[1])
	if wrong, ok := errors.AsType[*query.SyntaxError](err); ok {
		return fmt.Errorf("%w\n  %s\n  %s^", err, rest[1], strings.Repeat(" ", wrong.Column-1))
	}
	if err != nil {
		return err
	}
	if !person {
		if err := query.GuardPerson(q); err != nil {
			return err
		}
	}
	if rest[0] == "explain" {
		_, err = fmt.Fprintln(std.Out, q.Explain())
		return err
	}
	return matchLines(ctx, std, q)
}

// matchLines reads posts and writes those that match, each with where its terms stand.
func matchLines(ctx context.Context, std IO, q *query.Query) error {
	set, err := query.NewSet([]query.Named{{ID: "query", Query: q}})
	if err != nil {
		return err
	}
	var r query.Result
	out := bufio.NewWriter(std.Out)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	err = eachLine(ctx, std.In, func(line int, b []byte) error {
		var in annotateInput
		if err := json.Unmarshal(b, &in); err != nil {
			return invalid("line %d: not a JSON object with id and text: %w", line, err)
		}
		post := in.post()
		doc := query.DocOf(&post)
		set.Match(&doc, &r)
		if len(r.Matches) == 0 {
			return nil
		}
		return enc.Encode(struct {
			ID   json.RawMessage `json:"id"`
			Text string          `json:"text"`
			Hits []barometer.Hit `json:"hits"`
		}{in.ID, in.Text, r.Matches[0].Hits})
	})
	return errors.Join(err, out.Flush())
}

// maxLine bounds a line of JSON: a post has at most 100 KB of text.
const maxLine = 4 << 20

// eachLine calls fn for every line that is not empty, with its number from 1, until ctx ends.
func eachLine(ctx context.Context, r io.Reader, fn func(line int, b []byte) error) error {
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, 64<<10), maxLine)
	line := 0
	for s.Scan() {
		line++
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if len(s.Bytes()) == 0 {
			continue
		}
		if err := fn(line, s.Bytes()); err != nil {
			return err
		}
	}
	if errors.Is(s.Err(), bufio.ErrTooLong) {
		return invalid("line %d: longer than %d MB", line+1, maxLine>>20)
	}
	return s.Err()
}
