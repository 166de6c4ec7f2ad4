package store

import (
	"cmp"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"barometer/internal/barometer"
)

// row is a mention as one organisation sees it, on its way in.
type row struct {
	organisation string
	hits         []barometer.Hit
	published    time.Time // whole seconds
	quality      barometer.DateQuality
	*barometer.Analysed
}

// expand makes one row for each organisation that a mention matches.
func expand(rows []row, a *barometer.Analysed) []row {
	for _, match := range a.Matches {
		rows = append(rows, row{
			organisation: match.Organisation, hits: match.Hits,
			published: a.PublishedAt.UTC().Truncate(time.Second), quality: a.DateQuality, Analysed: a,
		})
	}
	return rows
}

// newest keeps of the rows of one organisation and mention the one that was seen last, or of equal ones the last, and
// sorts by organisation and id.
func newest(rows []row) []row {
	slices.SortStableFunc(rows, func(a, b row) int {
		return cmp.Or(cmp.Compare(a.organisation, b.organisation), slices.Compare(a.ID[:], b.ID[:]), b.SeenAt.Compare(a.SeenAt))
	})
	kept := rows[:0]
	for i, r := range rows {
		if i > 0 && r.organisation == rows[i-1].organisation && r.ID == rows[i-1].ID {
			if last := &kept[len(kept)-1]; r.SeenAt.Equal(last.SeenAt) {
				*last = r
			}
			continue
		}
		kept = append(kept, r)
	}
	return kept
}

// mentionColumns are the columns of an insert in the order of (*block).appendTo. stored_at is the server's.
const mentionColumns = "organisation, published_at, id, seen_at, date_quality, source, kind, site, url, title, text, author, " +
	"lang, sentiment, negative, positive, concerns, severity, abuse, copy_group, pipeline, details"

// block is a batch of rows by column, as the native protocol carries them. It is built once and can be sent again.
type block struct {
	token string // lets the server recognise this block when it is sent again

	organisation, dateQuality, source, kind, site, url, title, text []string
	published, seen                                                 []time.Time
	id, lang, sentiment, pipeline, details                          []string
	author, copyGroup                                               []uint64
	negative, positive, abuse                                       []uint16
	concerns                                                        [][]string
	severity                                                        []uint8
}

func newBlock(rows []row) *block {
	// A drawn token, not one of the content: it only has to be equal when this block is sent again, and equal content that
	// is stored on purpose at another time must not be dropped.
	b := &block{token: rand.Text()}
	for i := range rows {
		b.add(&rows[i])
	}
	return b
}

func (b *block) add(r *row) {
	b.organisation = append(b.organisation, r.organisation)
	b.published = append(b.published, r.published)
	b.id = append(b.id, string(r.ID[:]))
	b.seen = append(b.seen, r.SeenAt.UTC())
	b.dateQuality = append(b.dateQuality, string(r.quality))
	b.source = append(b.source, r.Source)
	b.kind = append(b.kind, r.Kind)
	b.site = append(b.site, r.Site)
	b.url = append(b.url, r.URL)
	b.title = append(b.title, r.Title)
	b.text = append(b.text, r.Text)
	b.author = append(b.author, uint64(r.Author))
	b.lang = append(b.lang, r.Analysis.Lang)
	b.sentiment = append(b.sentiment, r.Sentiment.Label)
	b.negative = append(b.negative, tenThousandths(r.Sentiment.Negative))
	b.positive = append(b.positive, tenThousandths(r.Sentiment.Positive))
	concerns := make([]string, len(r.Concerns))
	for i := range r.Concerns {
		concerns[i] = r.Concerns[i].ID
	}
	b.concerns = append(b.concerns, concerns)
	b.severity = append(b.severity, r.Severity)
	b.abuse = append(b.abuse, tenThousandths(r.Abuse.Probability))
	b.copyGroup = append(b.copyGroup, r.CopyGroup)
	b.pipeline = append(b.pipeline, r.Pipeline)
	b.details = append(b.details, string(appendDetails(nil, r)))
}

// appendTo fills a batch of an insert of mentionColumns.
func (b *block) appendTo(batch driver.Batch) error {
	for i, column := range []any{
		b.organisation, b.published, b.id, b.seen, b.dateQuality, b.source, b.kind, b.site, b.url, b.title, b.text, b.author,
		b.lang, b.sentiment, b.negative, b.positive, b.concerns, b.severity, b.abuse, b.copyGroup, b.pipeline, b.details,
	} {
		if err := batch.Column(i).Append(column); err != nil {
			return fmt.Errorf("column %d: %w", i, err)
		}
	}
	return nil
}

func tenThousandths(p float32) uint16 {
	if !(p > 0) { // NaN too
		return 0
	}
	return uint16(math.Round(float64(min(p, 1)) * 10000))
}

// packHex stores hexadecimal digits in half the bytes. What is not hexadecimal cannot be the id of a mention.
func packHex(s string) string {
	b, err := hex.DecodeString(s)
	if err != nil {
		return ""
	}
	return string(b)
}
