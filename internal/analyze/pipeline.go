package analyze

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"sync"

	"barometer/deploy"
	"barometer/internal/analyze/models"
	"barometer/internal/barometer"
)

// Config of the pipeline. The zero value is the pipeline as shipped.
type Config struct {
	// Concerns is the path of a taxonomy file that replaces the one shipped (deploy/concerns.yaml); "" keeps it.
	Concerns string `yaml:"concerns"`
}

// Validate says whether the taxonomy file can be read and is right.
func (c Config) Validate() error {
	_, err := c.taxonomy()
	return err
}

func (c Config) taxonomy() (*taxonomy, error) {
	name, src := "concerns.yaml", deploy.Concerns
	if c.Concerns != "" {
		b, err := os.ReadFile(c.Concerns)
		if err != nil {
			return nil, barometer.Errorf(barometer.Invalid, "read concerns: %w", err)
		}
		name, src = c.Concerns, b
	}
	return parseTaxonomy(name, src)
}

// Pipeline turns texts into analyses. It is safe for concurrent use.
type Pipeline struct {
	steps   []step
	tax     *taxonomy
	version string
	workers sync.Pool // of *Worker
}

// New builds the pipeline. An error is the configuration's (kind Invalid); the models are part of the program.
func New(cfg Config) (*Pipeline, error) {
	tax, err := cfg.taxonomy()
	if err != nil {
		return nil, err
	}
	set, err := models.Load()
	if err != nil {
		return nil, err
	}
	p := &Pipeline{steps: steps(tax, set), tax: tax}
	h := sha256.New()
	for _, s := range p.steps {
		_, _ = fmt.Fprintf(h, "%s %s\n", s.name, s.version)
	}
	p.version = hex.EncodeToString(h.Sum(nil)[:6])
	p.workers.New = func() any { return p.NewWorker() }
	return p, nil
}

// Version identifies the steps, models and taxonomy: 12 hexadecimal digits. Two analyses with the same version can be
// compared; a new version means that old rows say what an older pipeline thought.
func (p *Pipeline) Version() string { return p.version }

// Concerns returns the taxonomy, in the order of its file.
func (p *Pipeline) Concerns() []barometer.Concern {
	return append([]barometer.Concern(nil), p.tax.concerns...)
}

// Analyze analyses in and overwrites out. Strings in out may share memory with in. Slices that out brings along are
// reused: pass a zero Analysis for a result that is to be kept.
func (p *Pipeline) Analyze(in *Input, out *barometer.Analysis) {
	w := p.workers.Get().(*Worker)
	w.Analyze(in, out)
	p.workers.Put(w)
}

// Worker analyses one text at a time in memory of its own. A goroutine that analyses many texts saves the pool's
// bookkeeping by keeping one.
type Worker struct {
	p   *Pipeline
	doc document
}

// NewWorker returns a worker.
func (p *Pipeline) NewWorker() *Worker { return &Worker{p: p} }

// Analyze is Pipeline.Analyze.
func (w *Worker) Analyze(in *Input, out *barometer.Analysis) {
	*out = barometer.Analysis{
		Sentiment: barometer.Sentiment{Reasons: out.Sentiment.Reasons[:0]},
		Concerns:  out.Concerns[:0],
		Terms:     out.Terms[:0],
		Pipeline:  w.p.version,
	}
	w.doc.reset(in)
	for i := range w.p.steps {
		w.p.steps[i].analyze(&w.doc, out)
	}
	w.doc.in = nil
}
