package store

import (
	"encoding/binary"
	"errors"
	"math"

	"barometer/internal/barometer"
)

// The details of a row are what is shown of a mention but never selected by, packed into one column: every column costs
// its share of each read and write whatever stands in it, and these would be twenty. Terms stand in it as they are, so
// that whoever looks for what must not be stored finds it.
//
// A version comes first. Numbers are varints, texts follow their length, lists their count:
//
//	declared language, confidence of the language found, target of abuse, id of the repeated post,
//	hits: (term, twice the start and one if it is in the title, length),
//	redactions: (kind, twice the start and one if it is in the title, length),
//	reasons of the sentiment: (term, weight in hundredths),
//	for each of the row's concerns: probability in ten-thousandths, framework, reasons.
const detailsVersion = 1

var errDetails = errors.New("details: not as they were packed")

func appendDetails(b []byte, r *row) []byte {
	b = append(b, detailsVersion)
	b = appendText(b, r.Mention.Lang)
	b = binary.AppendUvarint(b, uint64(tenThousandths(r.LangConfidence)))
	b = appendText(b, r.Abuse.Target)
	b = appendText(b, packHex(r.RepostOf))
	b = binary.AppendUvarint(b, uint64(len(r.hits)))
	for _, hit := range r.hits {
		b = appendPlace(appendText(b, hit.Term), hit.Field, hit.Start, hit.End)
	}
	b = binary.AppendUvarint(b, uint64(len(r.Redactions)))
	for _, x := range r.Redactions {
		b = appendPlace(appendText(b, x.Kind), x.Field, x.Start, x.End)
	}
	b = appendReasons(b, r.Sentiment.Reasons)
	for _, c := range r.Concerns {
		b = binary.AppendUvarint(b, uint64(tenThousandths(c.Probability)))
		framework := ""
		if c.Framework != nil {
			framework = *c.Framework
		}
		b = appendReasons(appendText(b, framework), c.Reasons)
	}
	return b
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func appendPlace(b []byte, field string, start, end int) []byte {
	at := uint64(max(start, 0)) << 1
	if field == "title" {
		at |= 1
	}
	return binary.AppendUvarint(binary.AppendUvarint(b, at), uint64(max(end-max(start, 0), 0)))
}

func appendReasons(b []byte, reasons []barometer.Reason) []byte {
	b = binary.AppendUvarint(b, uint64(len(reasons)))
	for _, r := range reasons {
		hundredths := math.Round(float64(r.Weight) * 100)
		if math.IsNaN(hundredths) {
			hundredths = 0
		}
		b = binary.AppendVarint(appendText(b, r.Term), int64(max(math.MinInt16, min(math.MaxInt16, hundredths))))
	}
	return b
}

// unpackDetails fills in what appendDetails has packed. The concerns of out are there already. A row that was stored
// without details has none.
func unpackDetails(packed string, out *barometer.Stored) error {
	d := unpacker{rest: packed}
	if packed != "" && d.number() != detailsVersion {
		return errDetails
	}
	if packed == "" {
		d.none = true
	}
	out.Mention.Lang = d.text()
	out.LangConfidence = float32(d.number()) / 10000
	out.Abuse.Target = d.text()
	if repost := d.text(); len(repost) == len(out.ID) {
		out.RepostOf = barometer.ID([]byte(repost)).String()
	}
	hits := make([]barometer.Hit, d.count())
	for i := range hits {
		h := &hits[i]
		h.Term = d.text()
		h.Field, h.Start, h.End = d.place()
	}
	out.Matches = []barometer.Match{{Organisation: out.Organisation, Hits: hits}}
	for range d.count() {
		x := barometer.Redaction{Kind: d.text()}
		x.Field, x.Start, x.End = d.place()
		out.Redactions = append(out.Redactions, x)
	}
	out.Sentiment.Reasons = d.reasons()
	for i := range out.Concerns {
		c := &out.Concerns[i]
		c.Probability = float32(d.number()) / 10000
		if framework := d.text(); framework != "" {
			c.Framework = &framework
		}
		c.Reasons = d.reasons()
	}
	if d.broken || d.rest != "" {
		return errDetails
	}
	return nil
}

// unpacker takes values off a text until it is broken; then all values are zero.
type unpacker struct {
	rest   string
	none   bool // nothing was packed: all values are zero
	broken bool
}

func (d *unpacker) number() uint64 {
	if d.none || d.broken {
		return 0
	}
	var n uint64
	for i := 0; i < len(d.rest) && i < binary.MaxVarintLen64; i++ {
		c := d.rest[i]
		n |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			d.rest = d.rest[i+1:]
			return n
		}
	}
	d.broken = true
	return 0
}

// count returns the length of a list, which cannot be longer than the text that it is read from.
func (d *unpacker) count() int {
	n := d.number()
	if n > uint64(len(d.rest)) {
		d.broken = true
		return 0
	}
	return int(n)
}

func (d *unpacker) text() string {
	n := d.count()
	s := d.rest[:n]
	d.rest = d.rest[n:]
	return s
}

func (d *unpacker) place() (field string, start, end int) {
	at, length := d.number(), d.number()
	if at&1 == 1 {
		field = "title"
	}
	if at>>1 > math.MaxInt32 || length > math.MaxInt32 {
		d.broken = true
		return "", 0, 0
	}
	return field, int(at >> 1), int(at>>1 + length)
}

func (d *unpacker) reasons() []barometer.Reason {
	reasons := make([]barometer.Reason, d.count())
	for i := range reasons {
		term := d.text()
		n := d.number()
		hundredths := int64(n>>1) ^ -int64(n&1) // as binary.Varint has it
		reasons[i] = barometer.Reason{Term: term, Weight: float32(hundredths) / 100}
	}
	return reasons
}
