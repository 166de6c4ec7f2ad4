package app

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"barometer/internal/analyze"
	"barometer/internal/barometer"
	"barometer/internal/privacy"
)

// annotateInput is a post as `annotate` and `query match` read it. The id may be a string or a number and is given back
// as it came.
type annotateInput struct {
	ID          json.RawMessage `json:"id"`
	Text        string          `json:"text"`
	Title       string          `json:"title"`
	Lang        string          `json:"lang"`
	Author      string          `json:"author"`
	URL         string          `json:"url"`
	PublishedAt time.Time       `json:"published_at"`
	Source      string          `json:"source"`
	About       string          `json:"about"`
}

func (in *annotateInput) post() barometer.Post {
	return barometer.Post{Text: in.Text, Title: in.Title, Lang: in.Lang, AuthorID: in.Author, URL: in.URL,
		PublishedAt: in.PublishedAt, Source: in.Source, About: in.About}
}

// annotated is a line that `annotate` writes.
type annotated struct {
	ID   json.RawMessage `json:"id"`
	Text string          `json:"text"` // redacted
	barometer.Analysis
	CopyGroup  string                `json:"copy_group"` // 16 hexadecimal digits: JSON numbers lose bits past 53
	Redactions []barometer.Redaction `json:"redactions"`

	input analyze.Input
}

// annotator redacts and analyses single texts, without any engine.
type annotator struct {
	redactor *privacy.Redactor
	pipeline *analyze.Pipeline
}

const (
	annotateChunk = 256 // posts that are analysed in parallel before their lines are written
)

// runAnnotate is `barometer annotate`: posts in, annotated posts out, in input order.
func runAnnotate(ctx context.Context, std IO, args []string) error {
	var path, organisation string
	rest, err := flags(args, func(fs *flag.FlagSet) {
		configFlag(fs, &path)
		fs.StringVar(&organisation, "organisation", "", "id or name of the organisation whose accounts stay readable")
	})
	if err != nil {
		return err
	}
	if err := noMore(rest); err != nil {
		return err
	}
	c, err := LoadConfig(path)
	if err != nil {
		return err
	}
	a, err := newAnnotator(c, organisation)
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(std.Out, 1<<20)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	copies := analyze.NewCopies(copiesMemory)
	var chunk []annotateInput
	results := make([]annotated, annotateChunk)
	write := func() error {
		a.all(chunk, results)
		for i := range chunk {
			r := &results[i]
			r.CopyGroup = fmt.Sprintf("%016x", copies.Group("", &r.input, r.Analysis.CopyGroup))
			if err := enc.Encode(r); err != nil {
				return err
			}
		}
		chunk = chunk[:0]
		return nil
	}
	err = eachLine(ctx, std.In, func(line int, b []byte) error {
		var in annotateInput
		if err := json.Unmarshal(b, &in); err != nil {
			return invalid("line %d: not a JSON object with id and text: %w", line, err)
		}
		if len(in.ID) == 0 {
			return invalid("line %d: has no id", line)
		}
		chunk = append(chunk, in)
		if len(chunk) < annotateChunk {
			return nil
		}
		return write()
	})
	// What was read before a bad line is still answered.
	return errors.Join(write(), err, out.Flush())
}

func newAnnotator(c *Config, organisation string) (*annotator, error) {
	p, err := analyze.New(c.Analysis)
	if err != nil {
		return nil, err
	}
	redaction := c.Gate.Redaction
	redaction.Handles = slices.Clone(redaction.Handles)
	found := organisation == "" || len(c.Organisations) == 0
	for _, o := range c.Organisations {
		if organisation == "" || o.ID == organisation || o.Name == organisation {
			redaction.Handles = append(redaction.Handles, o.Handles...)
			found = true
		}
	}
	if !found {
		return nil, invalid("there is no organisation %q in the configuration", organisation)
	}
	r, err := privacy.NewRedactor(redaction)
	return &annotator{redactor: r, pipeline: p}, err
}

// all annotates in[i] into out[i], on all cores.
func (a *annotator) all(in []annotateInput, out []annotated) {
	workers := runtime.GOMAXPROCS(0)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			worker := a.pipeline.NewWorker()
			for i := w; i < len(in); i += workers {
				out[i] = a.one(worker, &in[i])
			}
		})
	}
	wg.Wait()
}

func (a *annotator) one(w *analyze.Worker, in *annotateInput) annotated {
	title, text := a.redactor.Redact(in.Title), a.redactor.Redact(in.Text)
	out := annotated{ID: in.ID, Text: text.Text, Redactions: slices.Concat(titled(title.Redactions), text.Redactions)}
	if out.Redactions == nil {
		out.Redactions = []barometer.Redaction{}
	}
	out.input = analyze.Input{Title: title.Text, Text: text.Text, Lang: in.Lang, URL: in.URL, Redactions: out.Redactions}
	w.Analyze(&out.input, &out.Analysis)
	out.Terms = nil // for emergence, not for readers
	out.Sentiment.Reasons = list(out.Sentiment.Reasons)
	out.Concerns = list(out.Concerns)
	return out
}

// titled marks redactions as those of the title.
func titled(rs []barometer.Redaction) []barometer.Redaction {
	out := slices.Clone(rs)
	for i := range out {
		out[i].Field = "title"
	}
	return out
}

// list is s, or an empty list where JSON would say null.
func list[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}
