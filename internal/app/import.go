package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"barometer/internal/analyze"
	"barometer/internal/barometer"
	"barometer/internal/embedded"
	"barometer/internal/service"
	"barometer/internal/source"
	"barometer/internal/store"
	"barometer/internal/stream"
)

// imported is what `import` says of one file.
type imported struct {
	File     string `json:"file"`
	Posts    int    `json:"posts"`    // read now; an interrupted import goes on where it was
	Mentions int    `json:"mentions"` // of these, passed the gate
	Skipped  int    `json:"skipped"`  // records that could not be used
	Note     string `json:"note,omitempty"`
}

// runImport is `barometer import`: files through gate, stream, analysis and store. Where another process runs on the data
// directory, that process analyses; otherwise this one does, and ends when everything is stored.
func runImport(ctx context.Context, std IO, args []string) error {
	var path, data, id, space string
	var again bool
	files, err := flags(args, func(fs *flag.FlagSet) {
		configFlag(fs, &path)
		fs.StringVar(&data, "data", "", "data directory, instead of the configured one")
		fs.StringVar(&id, "source", "archive", "source that the posts are counted under")
		fs.StringVar(&space, "space", "", "identity space of the posts' ids; default: x for tweets, else the source")
		fs.BoolVar(&again, "again", false, "read files from the start that were read before")
	})
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return usagef("want at least one file")
	}
	c, err := LoadConfig(path)
	if err != nil {
		return err
	}
	if data != "" {
		c.DataDir = data
		if err := c.Validate(); err != nil {
			return err
		}
	}
	if len(c.Organisations) == 0 {
		return invalid("the configuration names no organisation: nothing could be a mention (--config)")
	}
	log := service.NewLogger(std.Err, c.Log)
	g := service.NewGroup(log, 0)
	err = importFiles(ctx, std, c, g, log, importOptions{files: files, source: id, space: space, again: again})
	stop, cancel := context.WithCancel(ctx)
	cancel()
	return errors.Join(err, g.Wait(stop))
}

type importOptions struct {
	files         []string
	source, space string
	again         bool
}

func importFiles(ctx context.Context, std IO, c *Config, g *service.Group, log *slog.Logger, o importOptions) error {
	e := &engines{cfg: c, group: g, log: log}
	shared := c.NATS.URL != ""
	if !shared {
		var err error
		if shared, err = attach(c, e); err != nil {
			return err
		}
	}
	s, err := e.stream(ctx)
	if err != nil {
		return err
	}
	var db *store.Store
	if !shared {
		if db, err = e.store(ctx); err != nil {
			return err
		}
		pipeline, err := analyze.New(c.Analysis)
		if err != nil {
			return err
		}
		if err := startAnalyze(c, g, s, db, pipeline, log, nil); err != nil {
			return err
		}
	}
	keeper, err := newGate(c, nil)
	if err != nil {
		return err
	}
	cursors, err := s.Cursors(ctx)
	if err != nil {
		return err
	}
	enc := json.NewEncoder(std.Out)
	for _, file := range o.files {
		done, err := importFile(ctx, std.Err, file, o, gateSink{keeper, s.Publisher()}, cursors, c)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		if err := enc.Encode(done); err != nil {
			return err
		}
	}
	if err := drained(ctx, std.Err, s); err != nil {
		return err
	}
	if db != nil {
		return store.NewRoller(db, log).Catchup(ctx)
	}
	return nil
}

// attach takes the data directory for this process, or, where another process holds it, finds that process's engines. It
// reports whether they are another's.
func attach(c *Config, e *engines) (bool, error) {
	err := e.lock()
	if err == nil {
		return false, nil
	}
	if barometer.KindOf(err) != barometer.Conflict {
		return false, err
	}
	at, err2 := embedded.FindNATS(c.DataDir)
	if err2 != nil {
		return false, errors.Join(err, err2)
	}
	c.NATS.URL, c.NATS.User, c.NATS.Password = "nats://"+at.HostPort, at.User, at.Password
	return true, nil
}

// importFile reads one file to its end. How far it came is kept beside the cursors of sources, under the file and the
// queries: other queries read it anew.
func importFile(ctx context.Context, progress io.Writer, file string, o importOptions, sink source.Sink, cursors *stream.Cursors, c *Config) (imported, error) {
	out := imported{File: file}
	full, err := filepath.Abs(file)
	if err != nil {
		return out, err
	}
	info, err := os.Stat(full)
	if err != nil {
		return out, invalid("cannot be read: %w", err)
	}
	reader, err := source.Build(source.Config{ID: o.source, Kind: "archive", Path: full, Space: o.space}, source.Env{})
	if err != nil {
		return out, err
	}
	key := importKey(full, info.Size(), o, c)
	var cursor []byte
	if !o.again {
		if cursor, err = cursors.Load(ctx, key); err != nil {
			return out, err
		}
	}
	last := time.Now()
	report, err := reader.Read(ctx, cursor, func(ctx context.Context, posts []barometer.Post, cursor []byte) error {
		n, err := sink.Publish(ctx, posts)
		if err != nil {
			return err
		}
		out.Posts += len(posts)
		out.Mentions += n
		if time.Since(last) > time.Second {
			last = time.Now()
			_, _ = fmt.Fprintf(progress, "%s: %d posts read, %d mentions\n", filepath.Base(file), out.Posts, out.Mentions)
		}
		if cursor == nil {
			return nil
		}
		return cursors.Save(ctx, key, cursor)
	})
	out.Skipped, out.Note = report.Skipped, report.Note
	return out, err
}

func importKey(path string, size int64, o importOptions, c *Config) string {
	h := sha256.New()
	_, _ = fmt.Fprintf(h, "%q %d %q %q", path, size, o.source, o.space)
	for _, org := range c.Organisations {
		_, _ = fmt.Fprintf(h, " %q %q %q %q %q %q", org.ID, org.Name, org.Query, org.Aliases, org.Handles, org.Sites)
	}
	return "import-" + hex.EncodeToString(h.Sum(nil)[:12])
}

// drained waits until every mention in the stream is analysed and stored.
func drained(ctx context.Context, progress io.Writer, s *stream.Stream) error {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	last := time.Now()
	for {
		state, err := s.State(ctx)
		if err != nil {
			return err
		}
		if state.Messages == 0 {
			return nil
		}
		if time.Since(last) > time.Second {
			last = time.Now()
			_, _ = fmt.Fprintf(progress, "waiting for the analysis: %d messages\n", state.Messages)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}
