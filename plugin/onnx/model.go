package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/knights-analytics/hugot"
	"github.com/knights-analytics/hugot/backends"
	"github.com/knights-analytics/hugot/options"
	"github.com/knights-analytics/hugot/pipelines"

	"barometer/internal/barometer"
	"barometer/internal/classify"
)

// modelConfig says which model to load and how.
type modelConfig struct {
	folder    string
	file      string // of the network in the folder
	labels    string // what the user says about labels
	maxTokens int
}

// The shapes that the network is compiled for; batches are filled up to the next.
var (
	batchSizes = []int{1, 4, 16}
	lengths    = []int{16, 32, 64, 128, 256, 512}
)

var nameForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,32}$`)

// model is a loaded network with its tokens and labels. It is used by one goroutine at a time; the network itself uses all
// cores.
type model struct {
	session   *hugot.Session
	pipeline  *pipelines.TextClassificationPipeline
	labels    labels
	maxTokens int
	version   string // of everything that an answer depends on
}

// modelFile is what matters here of a config.json.
type modelFile struct {
	ModelType   string         `json:"model_type"`
	ProblemType string         `json:"problem_type"`
	Positions   int            `json:"max_position_embeddings"`
	ID2Label    map[int]string `json:"id2label"`
}

// loadModel reads the folder. An error of kind Invalid says what is wrong with it.
func loadModel(c modelConfig) (*model, error) {
	version, err := hashFiles(c)
	if err != nil {
		return nil, err
	}
	b, err := os.ReadFile(filepath.Join(c.folder, "config.json"))
	if err != nil {
		return nil, barometer.Errorf(barometer.Invalid, "load model: %w", err)
	}
	var f modelFile
	if err := json.Unmarshal(b, &f); err != nil {
		return nil, barometer.Errorf(barometer.Invalid, "load model: config.json: %w", err)
	}
	if f.ProblemType != "" && f.ProblemType != "single_label_classification" {
		return nil, barometer.Errorf(barometer.Invalid, "load model: config.json: problem_type %q: want a classifier with one label for a text", f.ProblemType)
	}
	m := &model{version: version}
	if m.labels, err = newLabels(f.ID2Label, c.labels); err != nil {
		return nil, fmt.Errorf("load model: %w", err)
	}
	if m.maxTokens, err = f.tokens(c.maxTokens); err != nil {
		return nil, fmt.Errorf("load model: %w", err)
	}
	if m.session, err = hugot.NewGoSession(context.Background(), options.WithGoMLXBatchBuckets(batchSizes), options.WithGoMLXSequenceBuckets(lengths)); err != nil {
		return nil, fmt.Errorf("load model: %w", err)
	}
	m.pipeline, err = hugot.NewPipeline(m.session, hugot.TextClassificationConfig{ModelPath: c.folder, Name: "sentiment", OnnxFilename: c.file})
	if err != nil {
		m.close()
		return nil, barometer.Errorf(barometer.Invalid, "load model: %w", err)
	}
	return m, nil
}

// tokens is how much of a text the model reads: what was asked for, at most what it was built for. Networks of the RoBERTa
// family lose two positions to the way they count.
func (f modelFile) tokens(asked int) (int, error) {
	most := lengths[len(lengths)-1]
	if f.Positions > 0 {
		if strings.Contains(f.ModelType, "roberta") || f.ModelType == "camembert" {
			f.Positions -= 2
		}
		most = min(most, f.Positions)
	}
	if asked < 3 || most < 3 {
		return 0, barometer.Errorf(barometer.Invalid, "-max-tokens %d, of the %d that the model can read: want at least 3", asked, most)
	}
	return min(asked, most), nil
}

// hashFiles is the version of a model: a hash of its files and of the options that change its answers.
func hashFiles(c modelConfig) (string, error) {
	h := sha256.New()
	for _, name := range []string{c.file, "tokenizer.json", "config.json"} {
		f, err := os.Open(filepath.Join(c.folder, name))
		if err != nil {
			return "", barometer.Errorf(barometer.Invalid, "load model: %w", err)
		}
		n, err := io.Copy(h, f)
		_ = f.Close() // only read
		if err != nil {
			return "", fmt.Errorf("load model: read %s: %w", name, err)
		}
		_, _ = fmt.Fprintf(h, "%d ", n) // a hash takes everything
	}
	_, _ = fmt.Fprintf(h, "%d %s", c.maxTokens, c.labels)
	return hex.EncodeToString(h.Sum(nil)[:6]), nil
}

// close frees the network.
func (m *model) close() {
	_ = m.session.Destroy() // the process ends
}

// warm has the network compiled for the most usual shapes, so that the first questions do not wait for it. It also shows
// now whether every operation of the network is known.
func (m *model) warm() error {
	for _, n := range []int{1, batchSizes[len(batchSizes)-1]} {
		for _, words := range []int{3, 20, 40} {
			if _, err := m.classify(slices.Repeat([]string{strings.Repeat("waiting ", words)}, n)); err != nil {
				return err
			}
		}
	}
	return nil
}

// classify judges texts, those of similar length together, because a batch costs what its longest text costs.
func (m *model) classify(texts []string) ([]classify.Dist, error) {
	all := backends.NewBatch(len(texts))
	backends.TokenizeInputs(all, m.pipeline.Model.Tokenizer, texts)
	order := make([]int, len(texts))
	for i := range order {
		order[i] = i
		m.shorten(&all.Input[i])
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(len(all.Input[a].TokenIDs), len(all.Input[b].TokenIDs)) })
	out := make([]classify.Dist, len(texts))
	for part := range slices.Chunk(order, batchSizes[len(batchSizes)-1]) {
		if err := m.classifyTokens(all.Input, part, out); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// shorten cuts the tokens to what the model reads and keeps the last, with which the model ends a text. The tokenizer does
// not do so itself.
func (m *model) shorten(in *backends.TokenizedInput) {
	if len(in.TokenIDs) <= m.maxTokens {
		return
	}
	last := in.TokenIDs[len(in.TokenIDs)-1]
	in.TokenIDs = in.TokenIDs[:m.maxTokens]
	in.TokenIDs[m.maxTokens-1] = last
}

// classifyTokens runs the network on some of the inputs and writes their judgements.
func (m *model) classifyTokens(inputs []backends.TokenizedInput, part []int, out []classify.Dist) (err error) {
	batch := backends.NewBatch(len(part))
	for _, at := range part {
		batch.Input = append(batch.Input, inputs[at])
		batch.MaxSequenceLength = max(batch.MaxSequenceLength, len(inputs[at].TokenIDs), 1)
	}
	defer func() { err = errors.Join(err, batch.Destroy()) }()
	if err := backends.CreateInputTensors(batch, m.pipeline.Model, m.pipeline.Runtime); err != nil {
		return fmt.Errorf("prepare the input: %w", err)
	}
	// The context is never cancelled: the library would free memory under the running network.
	if err := backends.RunSessionOnBatch(context.Background(), batch, m.pipeline.BasePipeline); err != nil {
		return fmt.Errorf("run the network: %w", err)
	}
	logits, ok := batch.OutputValues[0].([][]float32)
	if !ok || len(logits) != len(part) {
		return fmt.Errorf("run the network: its output is %T, want a row of numbers for each text", batch.OutputValues[0])
	}
	for i, at := range part {
		p, err := softmax(logits[i])
		if err != nil {
			return fmt.Errorf("run the network: %w", err)
		}
		out[at] = m.labels.dist(p)
	}
	return nil
}

// softmax turns log-odds into probabilities, in place.
func softmax(x []float32) ([]float32, error) {
	top, sum := slices.Max(x), 0.0
	for i, v := range x {
		e := math.Exp(float64(v - top))
		x[i] = float32(e)
		sum += e
	}
	if math.IsNaN(sum) || math.IsInf(sum, 0) {
		return nil, errors.New("its output is not a number")
	}
	for i := range x {
		x[i] /= float32(sum)
	}
	return x, nil
}
