package classify

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"time"
	"unicode/utf8"

	"barometer/internal/barometer"
)

// Doc is a post as a plug-in sees it: redacted, without id, author and address.
type Doc struct {
	Title string `json:"title,omitempty"`
	Text  string `json:"text"`
	Lang  string `json:"lang,omitempty"` // ISO 639-1 as the pipeline found it, or "other"
}

// Dist is a plug-in's judgement of one post: probabilities that sum to 1.
type Dist struct {
	Negative float32 `json:"negative"`
	Neutral  float32 `json:"neutral"`
	Positive float32 `json:"positive"`
}

// Request is the message to a plug-in.
type Request struct {
	Docs     []Doc `json:"docs"`                // 1 to 64
	WithinMS int64 `json:"within_ms,omitempty"` // after this many milliseconds nobody waits for the answer; 0 is unknown
}

// Reply is the message back. A plug-in that cannot answer replies with the headers of the NATS services protocol
// instead (Nats-Service-Error, Nats-Service-Error-Code).
type Reply struct {
	Model   string `json:"model"`   // 1 to 32 of A-Z a-z 0-9 _ -
	Version string `json:"version"` // 1 to 32 of A-Z a-z 0-9 . _ - ; changes when the model's answers do
	Dists   []Dist `json:"dists"`   // one for each doc, in order
}

const (
	maxText     = 4 << 10 // bytes of a title or text that are sent; models read a few hundred words
	maxReply    = 64 << 10
	sumAccuracy = 0.01
)

var (
	modelForm   = regexp.MustCompile(`^[A-Za-z0-9_-]{1,32}$`)
	versionForm = regexp.MustCompile(`^[A-Za-z0-9._-]{1,32}$`)
)

// Encode writes the request, with texts cut to what is sent at most.
func (r Request) Encode() ([]byte, error) {
	short := Request{Docs: make([]Doc, len(r.Docs)), WithinMS: r.WithinMS}
	for i, d := range r.Docs {
		short.Docs[i] = Doc{Title: clip(d.Title, maxText), Text: clip(d.Text, maxText), Lang: d.Lang}
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // it would triple the size of mark-up for no reader
	if err := enc.Encode(short); err != nil {
		return nil, fmt.Errorf("encode request: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// DecodeRequest reads what Encode writes. An error is the asker's fault (kind Invalid).
func DecodeRequest(b []byte) (Request, error) {
	var r Request
	if err := json.Unmarshal(b, &r); err != nil {
		return Request{}, barometer.Errorf(barometer.Invalid, "decode request: %w", err)
	}
	if n := len(r.Docs); n < 1 || n > maxBatch {
		return Request{}, barometer.Errorf(barometer.Invalid, "decode request: %d docs, want 1 to %d", n, maxBatch)
	}
	if r.WithinMS < 0 || r.WithinMS > time.Hour.Milliseconds() {
		return Request{}, barometer.Errorf(barometer.Invalid, "decode request: within_ms %d, want 0 to an hour", r.WithinMS)
	}
	for i := range r.Docs {
		r.Docs[i].Title, r.Docs[i].Text = clip(r.Docs[i].Title, maxText), clip(r.Docs[i].Text, maxText)
	}
	return r, nil
}

// decodeReply reads the answer to a question about n docs. An error is the plug-in's fault (kind Unavailable). The
// probabilities are made to sum to exactly what a float32 can.
func decodeReply(b []byte, n int) (Reply, error) {
	if len(b) > maxReply {
		return Reply{}, barometer.Errorf(barometer.Unavailable, "decode reply: %d bytes, want at most %d", len(b), maxReply)
	}
	var r Reply
	if err := json.Unmarshal(b, &r); err != nil {
		return Reply{}, barometer.Errorf(barometer.Unavailable, "decode reply: %w", err)
	}
	if !modelForm.MatchString(r.Model) || !versionForm.MatchString(r.Version) {
		return Reply{}, barometer.Errorf(barometer.Unavailable, "decode reply: model or version is missing or has other characters than letters, digits, - and _")
	}
	if len(r.Dists) != n {
		return Reply{}, barometer.Errorf(barometer.Unavailable, "decode reply: %d judgements of %d docs", len(r.Dists), n)
	}
	for i, d := range r.Dists {
		sum := d.Negative + d.Neutral + d.Positive
		// Written so that not-a-number fails too.
		if !(d.Negative >= 0 && d.Neutral >= 0 && d.Positive >= 0 && math.Abs(float64(sum)-1) <= sumAccuracy) {
			return Reply{}, barometer.Errorf(barometer.Unavailable, "decode reply: judgement %d: probabilities must not be negative and must sum to 1", i)
		}
		r.Dists[i] = Dist{Negative: d.Negative / sum, Neutral: d.Neutral / sum, Positive: d.Positive / sum}
	}
	return r, nil
}

// clip cuts s to at most n bytes at the border of a character.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
