package main

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

// The tiny model sums a word's numbers over a text: "lovely" speaks for positive, "filthy" for negative, "ward" for
// nothing. tinyWords are its vocabulary, in order.
var tinyWords = []string{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "lovely", "filthy", "ward", "nur", "##ses", "waiting", "."}

// tinyEmbedding holds two numbers a word: how bad and how good it is. Padding is anything but zero, so that a model which
// counts it is found out.
var tinyEmbedding = []float32{9, -9, 0, 0, 0, 0, 0, 0, 0, 2, 3, 0, 0, 0, 0, 0.5, 0, 0.5, 0.1, 0, 0, 0}

// tinyWeights make log-odds of negative, neutral and positive from the sums; tinyBias is what an empty text gets.
var (
	tinyWeights = []float32{1, 0, -1, -1, 0, 1}
	tinyBias    = []float32{0, 0.5, 0}
)

// writeTiny makes a model in a folder as an export would: softmax((sum of the embeddings) x weights + bias). The config
// can be changed.
func writeTiny(tb testing.TB, change func(config map[string]any)) string {
	tb.Helper()
	dir := filepath.Join(tb.TempDir(), "tiny")
	if err := os.Mkdir(dir, 0o755); err != nil {
		tb.Fatal(err)
	}
	config := map[string]any{
		"model_type": "bert", "max_position_embeddings": 40,
		"id2label": map[string]string{"0": "NEGATIVE", "1": "Neutral", "2": "positive"},
	}
	if change != nil {
		change(config)
	}
	vocabulary := map[string]int{}
	for i, w := range tinyWords {
		vocabulary[w] = i
	}
	tokenizer := map[string]any{
		"version": "1.0", "truncation": nil, "padding": nil,
		"added_tokens": []any{special(0, "[PAD]"), special(1, "[UNK]"), special(2, "[CLS]"), special(3, "[SEP]")},
		"normalizer":   map[string]any{"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": nil, "lowercase": true},
		"pre_tokenizer": map[string]any{
			"type": "BertPreTokenizer",
		},
		"post_processor": map[string]any{"type": "BertProcessing", "sep": []any{"[SEP]", 3}, "cls": []any{"[CLS]", 2}},
		"decoder":        map[string]any{"type": "WordPiece", "prefix": "##", "cleanup": true},
		"model": map[string]any{
			"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100, "vocab": vocabulary,
		},
	}
	for name, v := range map[string]any{"config.json": config, "tokenizer.json": tokenizer} {
		b, err := json.Marshal(v)
		if err != nil {
			tb.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "model.onnx"), tinyNetwork(), 0o600); err != nil {
		tb.Fatal(err)
	}
	return dir
}

func special(id int, content string) map[string]any {
	return map[string]any{"id": id, "content": content, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}
}

// The numbers of fields and types in onnx.proto3.
const (
	onnxFloat = 1
	onnxInt64 = 7
	attrInt   = 2
)

// tinyNetwork is the model as the bytes of an ONNX file, operator set 13.
func tinyNetwork() []byte {
	var g []byte // GraphProto
	g = message(g, 1, node("Gather", []string{"words", "input_ids"}, "embedded"))
	g = message(g, 1, node("Cast", []string{"attention_mask"}, "mask", attribute("to", onnxFloat)))
	g = message(g, 1, node("Unsqueeze", []string{"mask", "last_axis"}, "mask3"))
	g = message(g, 1, node("Mul", []string{"embedded", "mask3"}, "masked"))
	g = message(g, 1, node("ReduceSum", []string{"masked", "words_axis"}, "sum", attribute("keepdims", 0)))
	g = message(g, 1, node("MatMul", []string{"sum", "weights"}, "product"))
	g = message(g, 1, node("Add", []string{"product", "bias"}, "logits"))
	g = text(g, 2, "tiny")
	g = message(g, 5, floats("words", tinyEmbedding, len(tinyWords), 2))
	g = message(g, 5, floats("weights", tinyWeights, 2, 3))
	g = message(g, 5, floats("bias", tinyBias, 3))
	g = message(g, 5, ints("last_axis", 2))
	g = message(g, 5, ints("words_axis", 1))
	g = message(g, 11, value("input_ids", onnxInt64, "batch", "length"))
	g = message(g, 11, value("attention_mask", onnxInt64, "batch", "length"))
	g = message(g, 12, value("logits", onnxFloat, "batch", 3))

	var m []byte // ModelProto
	m = number(m, 1, 8)
	m = message(m, 8, number(nil, 2, 13))
	return message(m, 7, g)
}

func number(b []byte, field protowire.Number, v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, field, protowire.VarintType), v)
}

func message(b []byte, field protowire.Number, v []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, field, protowire.BytesType), v)
}

func text(b []byte, field protowire.Number, v string) []byte { return message(b, field, []byte(v)) }

func node(op string, inputs []string, output string, attributes ...[]byte) (b []byte) {
	for _, in := range inputs {
		b = text(b, 1, in)
	}
	b = text(b, 2, output)
	b = text(b, 3, output)
	b = text(b, 4, op)
	for _, a := range attributes {
		b = message(b, 5, a)
	}
	return b
}

func attribute(name string, v uint64) []byte {
	return number(number(text(nil, 1, name), 3, v), 20, attrInt)
}

func floats(name string, values []float32, dims ...int) (b []byte) {
	for _, d := range dims {
		b = number(b, 1, uint64(d))
	}
	b = number(b, 2, onnxFloat)
	b = text(b, 8, name)
	var raw []byte
	for _, v := range values {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
	}
	return message(b, 9, raw)
}

func ints(name string, v int64) []byte {
	b := number(number(nil, 1, 1), 2, onnxInt64)
	return message(text(b, 8, name), 9, binary.LittleEndian.AppendUint64(nil, uint64(v)))
}

// value describes an input or output; a dimension is a number or, when it varies, a name.
func value(name string, kind uint64, dims ...any) []byte {
	var shape []byte
	for _, d := range dims {
		switch d := d.(type) {
		case int:
			shape = message(shape, 1, number(nil, 1, uint64(d)))
		case string:
			shape = message(shape, 1, text(nil, 2, d))
		}
	}
	tensor := message(number(nil, 1, kind), 2, shape)
	return message(text(nil, 1, name), 2, message(nil, 1, tensor))
}

// tinyAnswer is what the tiny model must say of a text with these sums, worked out by hand.
func tinyAnswer(bad, good float64) [3]float64 {
	x := [3]float64{bad - good, 0.5, good - bad}
	sum := 0.0
	for i := range x {
		x[i] = math.Exp(x[i])
		sum += x[i]
	}
	for i := range x {
		x[i] /= sum
	}
	return x
}
