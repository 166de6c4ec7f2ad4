package app

import (
	"bufio"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"iter"
	"runtime"
	"slices"
	"sync"
	"time"

	"barometer/internal/analyze"
	"barometer/internal/barometer"
	"barometer/internal/emergence"
	"barometer/internal/gate"
	"barometer/internal/privacy"
	"barometer/internal/source"
)

// copiesMemory is how many texts later ones are recognised as near copies of.
const copiesMemory = 20_000

// runBacktest is `barometer backtest`: dated posts through gate, analysis and emergence in event time, without engines.
func runBacktest(ctx context.Context, std IO, args []string) error {
	var posts, path, organisation string
	var readings bool
	var warmup, tick time.Duration
	rest, err := flags(args, func(fs *flag.FlagSet) {
		configFlag(fs, &path)
		fs.StringVar(&posts, "posts", "", "file of dated posts (JSONL, CSV or Twitter export, also .gz)")
		fs.StringVar(&organisation, "organisation", "", "which of several configured organisations")
		fs.BoolVar(&readings, "readings", false, "give out the readings too")
		fs.DurationVar(&warmup, "warmup", 0, "history before the first issue or reading; 28 days, or what the file holds")
		fs.DurationVar(&tick, "tick", 0, "how often everything is computed; 15m")
	})
	if err != nil {
		return err
	}
	if err := noMore(rest); err != nil {
		return err
	}
	if posts == "" {
		return usagef("want --posts FILE")
	}
	c, err := LoadConfig(path)
	if err != nil {
		return err
	}
	org, mentions, err := mentionsOf(ctx, std.Err, c, path != "", organisation, posts)
	if err != nil {
		return fmt.Errorf("%s: %w", posts, err)
	}
	pipeline, err := analyze.New(c.Analysis)
	if err != nil {
		return err
	}
	o := emergence.Options{Config: c.Emergence, Organisation: org, Readings: readings, Name: mentions.name}
	o.ConcernNames = concernNames(pipeline)
	if warmup > 0 {
		o.Warmup = warmup
	}
	if tick > 0 {
		o.TickEvery = tick
	}
	if err := o.Validate(); err != nil {
		return usageError{err}
	}
	out := bufio.NewWriter(std.Out)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	err = emergence.Backtest(ctx, mentions.observe(pipeline), o, func(l emergence.Line) error { return enc.Encode(l) })
	return errors.Join(err, out.Flush())
}

// archive holds the mentions of a file by time, and how its posts were called there.
type archive struct {
	mentions []barometer.Mention
	native   map[barometer.ID]string
}

func (a *archive) name(id barometer.ID) string { return a.native[id] }

// mentionsOf reads a file and lets its posts through the gate. Without a configuration every post is a mention of one
// organisation.
func mentionsOf(ctx context.Context, progress io.Writer, c *Config, configured bool, organisation, path string) (barometer.Organisation, *archive, error) {
	org := barometer.Organisation{ID: "all", Name: "all posts"}
	pass, err := openGate(c.Gate.Redaction, org.ID)
	if configured {
		org, pass, err = closedGate(c, organisation)
	}
	if err != nil {
		return org, nil, err
	}
	in, err := source.OpenArchive(path, source.ArchiveOptions{Bad: func(b source.BadRecord) {
		_, _ = fmt.Fprintf(progress, "line %d: %s\n", b.Line, b.Reason)
	}})
	if err != nil {
		return org, nil, err
	}
	defer in.Close() //nolint:errcheck // only read
	a := &archive{native: map[barometer.ID]string{}}
	for {
		batch, err := in.Batch(ctx, 1000)
		for _, m := range pass(batch) {
			if _, again := a.native[m.ID]; !again && !m.Deleted {
				a.mentions = append(a.mentions, m)
			}
		}
		for i := range batch {
			a.native[batch[i].ID] = batch[i].NativeID
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return org, nil, err
		}
	}
	slices.SortStableFunc(a.mentions, func(x, y barometer.Mention) int {
		return cmp.Or(x.PublishedAt.Compare(y.PublishedAt), slices.Compare(x.ID[:], y.ID[:]))
	})
	return org, a, nil
}

// closedGate lets through what mentions one configured organisation.
func closedGate(c *Config, organisation string) (barometer.Organisation, func([]barometer.Post) []barometer.Mention, error) {
	listeners, err := c.organisations(time.Now())
	if err != nil {
		return barometer.Organisation{}, nil, err
	}
	var org barometer.Organisation
	for _, l := range listeners {
		if organisation == "" && len(listeners) == 1 || l.ID == organisation || l.Name == organisation {
			org = l.Organisation
		}
	}
	if org.ID == "" {
		return org, nil, invalid("the configuration has %d organisations: choose one with --organisation", len(listeners))
	}
	g, err := gate.New(c.Gate, plainPseudonyms{}, newGateMetrics(nil))
	if err != nil {
		return org, nil, err
	}
	return org, g.Apply, g.Replace([]barometer.Organisation{org})
}

// openGate lets everything through, redacted, as mentions of one organisation.
func openGate(c privacy.Config, organisation string) (func([]barometer.Post) []barometer.Mention, error) {
	r, err := privacy.NewRedactor(c)
	if err != nil {
		return nil, err
	}
	return func(posts []barometer.Post) []barometer.Mention {
		out := make([]barometer.Mention, len(posts))
		for i := range posts {
			p := &posts[i]
			title, text := r.Redact(p.Title), r.Redact(p.Text)
			out[i] = barometer.Mention{ID: p.ID, Source: p.Source, Kind: p.Kind, Site: p.Site, Title: title.Text, Text: text.Text, Lang: p.Lang,
				Author: plainPseudonyms{}.Pseudonym(p.Space, p.AuthorID), PublishedAt: p.PublishedAt, DateQuality: p.DateQuality,
				SeenAt: p.SeenAt, Matches: []barometer.Match{{Organisation: organisation}}, Deleted: p.Deleted,
				Redactions: slices.Concat(titled(title.Redactions), text.Redactions)}
			if p.RepostOf != "" {
				out[i].RepostOf = barometer.DeriveID(p.Space, p.RepostOf).String()
			}
		}
		return out
	}, nil
}

// plainPseudonyms tell authors apart within one run that stores nothing; the key of the installation is not needed.
type plainPseudonyms struct{}

// Pseudonym implements gate.Pseudonyms.
func (plainPseudonyms) Pseudonym(platform, author string) barometer.Pseudonym {
	if author == "" {
		return 0
	}
	h := sha256.Sum256([]byte(platform + "\x00" + author))
	return barometer.Pseudonym(binary.BigEndian.Uint64(h[:8]) | 1)
}

// observe analyses the mentions in order, on all cores, and gives near copies their group.
func (a *archive) observe(p *analyze.Pipeline) iter.Seq2[emergence.Observation, error] {
	return func(yield func(emergence.Observation, error) bool) {
		copies := analyze.NewCopies(copiesMemory)
		const chunk = 1024
		for from := 0; from < len(a.mentions); from += chunk {
			part := a.mentions[from:min(from+chunk, len(a.mentions))]
			rows := analyzeParallel(p, part)
			for i := range rows {
				regroup(copies, &rows[i])
				// A replay knows each post when it was published, not when the archive was read.
				rows[i].SeenAt = rows[i].PublishedAt
				if !yield(emergence.ObserveAnalysed(&rows[i]), nil) {
					return
				}
			}
		}
	}
}

func analyzeParallel(p *analyze.Pipeline, mentions []barometer.Mention) []barometer.Analysed {
	out := make([]barometer.Analysed, len(mentions))
	workers := runtime.GOMAXPROCS(0)
	size := (len(mentions) + workers - 1) / workers
	var wg sync.WaitGroup
	for from := 0; from < len(mentions); from += size {
		to := min(from+size, len(mentions))
		wg.Go(func() { copy(out[from:to], analyzeAll(p, mentions[from:to])) })
	}
	wg.Wait()
	return out
}

// regroup gives a mention that nearly copies an earlier one that one's group.
func regroup(copies *analyze.Copies, a *barometer.Analysed) {
	a.CopyGroup = copies.Group(a.ID.String(), inputOf(&a.Mention), a.CopyGroup)
}

func inputOf(m *barometer.Mention) *analyze.Input {
	return &analyze.Input{Title: m.Title, Text: m.Text, Lang: m.Lang, URL: m.URL, RepostOf: m.RepostOf, Redactions: m.Redactions}
}
