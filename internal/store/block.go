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

// mentionColumns are the columns of an insert in the order of (*block).columns. stored_at is the server's.
const mentionColumns = "organisation, published_at, id, seen_at, date_quality, source, kind, site, url, title, text, " +
	"declared_lang, author, repost_of, hit_terms, hit_in_title, hit_starts, hit_ends, redaction_kinds, redaction_in_title, " +
	"redaction_starts, redaction_ends, lang, lang_confidence, sentiment, negative, positive, reason_terms, reason_weights, " +
	"concerns, concern_frameworks, concern_probs, concern_reasons, concern_terms, concern_weights, severity, abuse, " +
	"abuse_target, copy_group, pipeline"

// block is a batch of rows by column, as the native protocol carries them. It is built once and can be sent again.
type block struct {
	token string // lets the server recognise this block when it is sent again

	organisation, dateQuality, source, kind, site, url, title, text, declaredLang, repostOf []string
	published, seen                                                                         []time.Time
	id                                                                                      []string
	author                                                                                  []uint64
	hitTerms                                                                                [][]string
	hitInTitle                                                                              [][]bool
	hitStarts, hitEnds                                                                      [][]uint32
	redactionKinds                                                                          [][]string
	redactionInTitle                                                                        [][]bool
	redactionStarts, redactionEnds                                                          [][]uint32
	lang, sentiment                                                                         []string
	langConfidence, negative, positive                                                      []uint16
	reasonTerms                                                                             [][]string
	reasonWeights                                                                           [][]int16
	concerns, concernFrameworks                                                             [][]string
	concernProbs                                                                            [][]uint16
	concernReasons                                                                          [][]uint8
	concernTerms                                                                            [][]string
	concernWeights                                                                          [][]int16
	severity                                                                                []uint8
	abuse                                                                                   []uint16
	abuseTarget                                                                             []string
	copyGroup                                                                               []uint64
	pipeline                                                                                []string
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
	b.declaredLang = append(b.declaredLang, r.Mention.Lang)
	b.author = append(b.author, uint64(r.Author))
	b.repostOf = append(b.repostOf, packHex(r.RepostOf))

	hits := len(r.hits)
	terms, inTitle := make([]string, hits), make([]bool, hits)
	starts, ends := make([]uint32, hits), make([]uint32, hits)
	for i, hit := range r.hits {
		terms[i], inTitle[i], starts[i], ends[i] = hit.Term, hit.Field == "title", uint32(hit.Start), uint32(hit.End)
	}
	b.hitTerms, b.hitInTitle = append(b.hitTerms, terms), append(b.hitInTitle, inTitle)
	b.hitStarts, b.hitEnds = append(b.hitStarts, starts), append(b.hitEnds, ends)

	redactions := len(r.Redactions)
	kinds, inTitle := make([]string, redactions), make([]bool, redactions)
	starts, ends = make([]uint32, redactions), make([]uint32, redactions)
	for i, x := range r.Redactions {
		kinds[i], inTitle[i], starts[i], ends[i] = x.Kind, x.Field == "title", uint32(x.Start), uint32(x.End)
	}
	b.redactionKinds, b.redactionInTitle = append(b.redactionKinds, kinds), append(b.redactionInTitle, inTitle)
	b.redactionStarts, b.redactionEnds = append(b.redactionStarts, starts), append(b.redactionEnds, ends)

	b.lang = append(b.lang, r.Analysis.Lang)
	b.langConfidence = append(b.langConfidence, tenThousandths(r.LangConfidence))
	b.sentiment = append(b.sentiment, r.Sentiment.Label)
	b.negative = append(b.negative, tenThousandths(r.Sentiment.Negative))
	b.positive = append(b.positive, tenThousandths(r.Sentiment.Positive))
	reasonTerms, reasonWeights := packReasons(nil, nil, r.Sentiment.Reasons)
	b.reasonTerms, b.reasonWeights = append(b.reasonTerms, reasonTerms), append(b.reasonWeights, reasonWeights)

	concerns := len(r.Concerns)
	ids, frameworks := make([]string, concerns), make([]string, concerns)
	probs, counts := make([]uint16, concerns), make([]uint8, concerns)
	var concernTerms []string
	var concernWeights []int16
	for i, c := range r.Concerns {
		ids[i], probs[i] = c.ID, tenThousandths(c.Probability)
		if c.Framework != nil {
			frameworks[i] = *c.Framework
		}
		reasons := c.Reasons[:min(len(c.Reasons), math.MaxUint8)]
		counts[i] = uint8(len(reasons))
		concernTerms, concernWeights = packReasons(concernTerms, concernWeights, reasons)
	}
	b.concerns, b.concernFrameworks = append(b.concerns, ids), append(b.concernFrameworks, frameworks)
	b.concernProbs, b.concernReasons = append(b.concernProbs, probs), append(b.concernReasons, counts)
	b.concernTerms, b.concernWeights = append(b.concernTerms, concernTerms), append(b.concernWeights, concernWeights)

	b.severity = append(b.severity, r.Severity)
	b.abuse = append(b.abuse, tenThousandths(r.Abuse.Probability))
	b.abuseTarget = append(b.abuseTarget, r.Abuse.Target)
	b.copyGroup = append(b.copyGroup, r.CopyGroup)
	b.pipeline = append(b.pipeline, r.Pipeline)
}

// appendTo fills a batch of an insert of mentionColumns.
func (b *block) appendTo(batch driver.Batch) error {
	for i, column := range []any{
		b.organisation, b.published, b.id, b.seen, b.dateQuality, b.source, b.kind, b.site, b.url, b.title, b.text,
		b.declaredLang, b.author, b.repostOf, b.hitTerms, b.hitInTitle, b.hitStarts, b.hitEnds, b.redactionKinds, b.redactionInTitle,
		b.redactionStarts, b.redactionEnds, b.lang, b.langConfidence, b.sentiment, b.negative, b.positive, b.reasonTerms, b.reasonWeights,
		b.concerns, b.concernFrameworks, b.concernProbs, b.concernReasons, b.concernTerms, b.concernWeights, b.severity, b.abuse,
		b.abuseTarget, b.copyGroup, b.pipeline,
	} {
		if err := batch.Column(i).Append(column); err != nil {
			return fmt.Errorf("column %d: %w", i, err)
		}
	}
	return nil
}

func packReasons(terms []string, weights []int16, reasons []barometer.Reason) ([]string, []int16) {
	for _, r := range reasons {
		terms = append(terms, r.Term)
		weights = append(weights, int16(max(math.MinInt16, min(math.MaxInt16, math.Round(float64(r.Weight)*100)))))
	}
	return terms, weights
}

func unpackReasons(terms []string, weights []int16) []barometer.Reason {
	reasons := make([]barometer.Reason, min(len(terms), len(weights)))
	for i := range reasons {
		reasons[i] = barometer.Reason{Term: terms[i], Weight: float32(weights[i]) / 100}
	}
	return reasons
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
