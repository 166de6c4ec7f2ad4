package main

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"barometer/internal/classify"
)

// encoder is the shape of a BERT-like network with random weights: what real exports are made of, operation by operation.
type encoder struct {
	layers, hidden, heads, inner, vocabulary, positions int
}

// lastAxis is -1 as a varint has it.
const lastAxis = math.MaxUint64

// builder collects the parts of a graph.
type builder struct {
	graph []byte
	rng   *rand.Rand
	names int
}

func (b *builder) name(kind string) string {
	b.names++
	return fmt.Sprintf("%s_%d", kind, b.names)
}

// op adds a node and returns its output.
func (b *builder) op(kind string, inputs []string, attributes ...[]byte) string {
	out := b.name(kind)
	b.graph = message(b.graph, 1, node(kind, inputs, out, attributes...))
	return out
}

// weights adds random numbers of a size that keeps activations in bounds.
func (b *builder) weights(dims ...int) string {
	n := 1
	for _, d := range dims {
		n *= d
	}
	values := make([]float32, n)
	scale := 1 / math.Sqrt(float64(dims[0]))
	for i := range values {
		values[i] = float32(b.rng.NormFloat64() * scale)
	}
	name := b.name("weights")
	b.graph = message(b.graph, 5, floats(name, values, dims...))
	return name
}

// constant adds numbers that are all the same.
func (b *builder) constant(v float32, dims ...int) string {
	n := 1
	for _, d := range dims {
		n *= d
	}
	values := make([]float32, n)
	for i := range values {
		values[i] = v
	}
	name := b.name("constant")
	b.graph = message(b.graph, 5, floats(name, values, dims...))
	return name
}

// integers adds a list of whole numbers.
func (b *builder) integers(values ...int64) string {
	name := b.name("integers")
	t := number(number(nil, 1, uint64(len(values))), 2, onnxInt64)
	t = text(t, 8, name)
	var raw []byte
	for _, v := range values {
		for k := range 8 {
			raw = append(raw, byte(uint64(v)>>(8*k)))
		}
	}
	b.graph = message(b.graph, 5, message(t, 9, raw))
	return name
}

func (b *builder) linear(x string, in, out int) string {
	return b.op("Add", []string{b.op("MatMul", []string{x, b.weights(in, out)}), b.constant(0.01, out)})
}

// norm is layer normalisation in the single operations that exports use.
func (b *builder) norm(x string, hidden int) string {
	mean := b.op("ReduceMean", []string{x}, integerList("axes", -1))
	centred := b.op("Sub", []string{x, mean})
	squared := b.op("Pow", []string{centred, b.constant(2)})
	variance := b.op("ReduceMean", []string{squared}, integerList("axes", -1))
	deviation := b.op("Sqrt", []string{b.op("Add", []string{variance, b.constant(1e-12)})})
	scaled := b.op("Mul", []string{b.op("Div", []string{centred, deviation}), b.constant(1, hidden)})
	return b.op("Add", []string{scaled, b.constant(0, hidden)})
}

func (b *builder) gelu(x string) string {
	erf := b.op("Erf", []string{b.op("Div", []string{x, b.constant(math.Sqrt2)})})
	return b.op("Mul", []string{b.op("Mul", []string{x, b.op("Add", []string{erf, b.constant(1)})}), b.constant(0.5)})
}

// heads reshapes (batch, length, hidden) to (batch, heads, length, size).
func (b *builder) heads(x string, e encoder) string {
	shaped := b.op("Reshape", []string{x, b.integers(0, -1, int64(e.heads), int64(e.hidden/e.heads))})
	return b.op("Transpose", []string{shaped}, integerList("perm", 0, 2, 1, 3))
}

func integerList(name string, values ...int64) []byte {
	a := text(nil, 1, name)
	for _, v := range values {
		a = number(a, 8, uint64(v))
	}
	return number(a, 20, 7) // INTS
}

// network returns the encoder with a classifier on its first token, as the bytes of an ONNX file.
func (e encoder) network() []byte {
	b := &builder{rng: rand.New(rand.NewPCG(3, 4))}
	// Positions are counted along the length that the input happens to have.
	length := b.op("Gather", []string{b.op("Shape", []string{"input_ids"}), b.integers(1)}, attribute("axis", 0))
	positions := b.op("Slice", []string{b.weights(e.positions, e.hidden), b.integers(0), length, b.integers(0)})
	x := b.op("Add", []string{b.op("Gather", []string{b.weights(e.vocabulary, e.hidden), "input_ids"}), positions})
	x = b.norm(x, e.hidden)

	mask := b.op("Cast", []string{"attention_mask"}, attribute("to", onnxFloat))
	mask = b.op("Unsqueeze", []string{mask, b.integers(1, 2)})
	mask = b.op("Mul", []string{b.op("Sub", []string{b.constant(1), mask}), b.constant(-10000)})
	for range e.layers {
		q, k, v := b.heads(b.linear(x, e.hidden, e.hidden), e), b.heads(b.linear(x, e.hidden, e.hidden), e), b.heads(b.linear(x, e.hidden, e.hidden), e)
		scores := b.op("MatMul", []string{q, b.op("Transpose", []string{k}, integerList("perm", 0, 1, 3, 2))})
		scores = b.op("Div", []string{scores, b.constant(float32(math.Sqrt(float64(e.hidden / e.heads))))})
		attention := b.op("Softmax", []string{b.op("Add", []string{scores, mask})}, attribute("axis", lastAxis))
		seen := b.op("Transpose", []string{b.op("MatMul", []string{attention, v})}, integerList("perm", 0, 2, 1, 3))
		seen = b.op("Reshape", []string{seen, b.integers(0, -1, int64(e.hidden))})
		x = b.norm(b.op("Add", []string{x, b.linear(seen, e.hidden, e.hidden)}), e.hidden)
		x = b.norm(b.op("Add", []string{x, b.linear(b.gelu(b.linear(x, e.hidden, e.inner)), e.inner, e.hidden)}), e.hidden)
	}
	first := b.op("Squeeze", []string{b.op("Slice", []string{x, b.integers(0), b.integers(1), b.integers(1)}), b.integers(1)})
	last := b.linear(b.op("Tanh", []string{b.linear(first, e.hidden, e.hidden)}), e.hidden, 3)
	b.graph = message(b.graph, 1, node("Identity", []string{last}, "logits"))
	b.graph = text(b.graph, 2, "encoder")
	b.graph = message(b.graph, 11, value("input_ids", onnxInt64, "batch", "length"))
	b.graph = message(b.graph, 11, value("attention_mask", onnxInt64, "batch", "length"))
	b.graph = message(b.graph, 12, value("logits", onnxFloat, "batch", 3))
	m := message(number(nil, 1, 8), 8, number(nil, 2, 13))
	return message(m, 7, b.graph)
}

// loadEncoder writes and loads an encoder whose words are w0, w1, ...
func loadEncoder(tb testing.TB, e encoder) *model {
	tb.Helper()
	dir := writeTiny(tb, func(c map[string]any) { c["max_position_embeddings"] = e.positions })
	words := map[string]int{"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3}
	for i := len(words); i < e.vocabulary; i++ {
		words[fmt.Sprintf("w%d", i)] = i
	}
	path := filepath.Join(dir, "tokenizer.json")
	b, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	var t map[string]any
	if err := json.Unmarshal(b, &t); err != nil {
		tb.Fatal(err)
	}
	t["model"].(map[string]any)["vocab"] = words
	if b, err = json.Marshal(t); err != nil {
		tb.Fatal(err)
	}
	for name, content := range map[string][]byte{path: b, filepath.Join(dir, "model.onnx"): e.network()} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	m, err := loadModel(modelConfig{folder: dir, file: "model.onnx", maxTokens: 128})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(m.close)
	return m
}

// encoderTexts are invented texts of n words.
func encoderTexts(count, words, vocabulary int) []string {
	rng := rand.New(rand.NewPCG(5, 6))
	out := make([]string, count)
	for i := range out {
		var s []string
		for range words + i%5 {
			s = append(s, fmt.Sprintf("w%d", 4+rng.IntN(vocabulary-4)))
		}
		out[i] = strings.Join(s, " ")
	}
	return out
}

// TestTransformerRunsAndDoesNotSeeItsNeighbours checks the operations of a BERT-like network, and that padding and the
// other texts of a batch change nothing.
func TestTransformerRunsAndDoesNotSeeItsNeighbours(t *testing.T) {
	m := loadEncoder(t, encoder{layers: 2, hidden: 32, heads: 4, inner: 64, vocabulary: 200, positions: 64})
	texts := append(encoderTexts(20, 3, 200), encoderTexts(5, 40, 200)...)
	texts = append(texts, strings.Repeat("w9 ", 200)) // longer than it can read
	together, err := m.classify(texts)
	if err != nil {
		t.Fatal(err)
	}
	distinct := map[classify.Dist]bool{}
	for i, s := range texts {
		alone, err := m.classify([]string{s})
		if err != nil {
			t.Fatal(err)
		}
		a, b := alone[0], together[i]
		if !near(b, [3]float64{float64(a.Negative), float64(a.Neutral), float64(a.Positive)}) {
			t.Errorf("text %d: %+v alone, %+v among others", i, a, b)
		}
		distinct[a] = true
	}
	if len(distinct) < len(texts)/2 {
		t.Errorf("%d answers to %d texts: the network does not look at them", len(distinct), len(texts))
	}
}

// BenchmarkTransformer measures a network of the size of MiniLM (6 layers of 384, 11 million weights and the vocabulary)
// on posts of 25 words, on all cores.
func BenchmarkTransformer(b *testing.B) {
	m := loadEncoder(b, encoder{layers: 6, hidden: 384, heads: 12, inner: 1536, vocabulary: 30000, positions: 512})
	texts := encoderTexts(16, 20, 30000)
	if _, err := m.classify(texts); err != nil { // compiled now
		b.Fatal(err)
	}
	posts := 0
	for b.Loop() {
		if _, err := m.classify(texts); err != nil {
			b.Fatal(err)
		}
		posts += len(texts)
	}
	b.ReportMetric(float64(posts)/b.Elapsed().Seconds(), "posts/s")
}
