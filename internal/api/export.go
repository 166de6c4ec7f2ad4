package api

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/parquet-go/parquet-go"

	"barometer/internal/barometer"
)

// exporter streams mentions out of the store, oldest first or newest first as the store reads best.
type exporter interface {
	Export(ctx context.Context, f barometer.Filter, yield func(barometer.Stored) error) error
}

const (
	exportLimit   = 5 * 366 * 24 * time.Hour
	exportTime    = 15 * time.Minute // for a whole export
	exportPatient = 30 * time.Second // for a reader to take the next piece
	exportsAtOnce = 4
)

type exportInput struct {
	OrganisationInput
	FilterInput
	Format string `query:"format" enum:"csv,jsonl,parquet" default:"csv"`
}

// Exported is a mention as one flat row, for spreadsheets and data frames.
type Exported struct {
	ID             string    `parquet:"id"`
	Organisation   string    `parquet:"organisation,dict"`
	PublishedAt    time.Time `parquet:"published_at,timestamp(millisecond)"`
	DateQuality    string    `parquet:"date_quality,dict"`
	SeenAt         time.Time `parquet:"seen_at,timestamp(millisecond)"`
	Source         string    `parquet:"source,dict"`
	Kind           string    `parquet:"kind,dict"`
	Site           string    `parquet:"site,dict"`
	URL            string    `parquet:"url"`
	Title          string    `parquet:"title"`
	Text           string    `parquet:"text"`
	Lang           string    `parquet:"lang,dict"`
	LangConfidence float32   `parquet:"lang_confidence"`
	Sentiment      string    `parquet:"sentiment,dict"`
	Negative       float32   `parquet:"negative"`
	Neutral        float32   `parquet:"neutral"`
	Positive       float32   `parquet:"positive"`
	Score          float32   `parquet:"score"`
	Concerns       []string  `parquet:"concerns,list"`
	Severity       int32     `parquet:"severity"`
	Abuse          float32   `parquet:"abuse"`
	AbuseTarget    string    `parquet:"abuse_target,dict"`
	CopyGroup      string    `parquet:"copy_group"`
	Copies         int64     `parquet:"copies"`
	Pipeline       string    `parquet:"pipeline,dict"`
}

func flatten(row *barometer.Stored) Exported {
	e := Exported{
		ID: row.ID.String(), Organisation: row.Organisation,
		PublishedAt: row.PublishedAt.UTC(), DateQuality: string(row.DateQuality), SeenAt: row.SeenAt.UTC(),
		Source: row.Source, Kind: row.Kind, Site: row.Site, URL: row.URL, Title: row.Title, Text: row.Text,
		Lang: row.Analysis.Lang, LangConfidence: row.LangConfidence,
		Sentiment: row.Sentiment.Label, Negative: row.Sentiment.Negative, Neutral: row.Sentiment.Neutral,
		Positive: row.Sentiment.Positive, Score: row.Sentiment.Score,
		Severity: int32(row.Severity), Abuse: row.Abuse.Probability, AbuseTarget: row.Abuse.Target,
		CopyGroup: fmt.Sprintf("%016x", row.CopyGroup), Copies: int64(row.Copies), Pipeline: row.Pipeline,
	}
	for _, c := range row.Concerns {
		e.Concerns = append(e.Concerns, c.ID)
	}
	return e
}

func exportOperation(path string) huma.Operation {
	op := get("export", path, "All mentions of a time as one file")
	op.Description = "Without times: the last 28 days. An export that fails midway is cut off without its end, never completed silently. " +
		"In CSV a text that a spreadsheet would take for a formula is preceded by an apostrophe."
	op.Errors = append(op.Errors, http.StatusTooManyRequests)
	op.Responses = map[string]*huma.Response{"200": {Description: "The file", Content: map[string]*huma.MediaType{
		"text/csv":                       {Schema: &huma.Schema{Type: huma.TypeString}},
		"application/jsonl":              {Schema: &huma.Schema{Type: huma.TypeString}},
		"application/vnd.apache.parquet": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}},
	}}}
	return op
}

func (s *Server) export(ctx context.Context, in *exportInput) (*huma.StreamResponse, error) {
	o, err := s.organisation(ctx, in.Organisation)
	if err != nil {
		return nil, err
	}
	f, err := in.filter(o.ID)
	if err != nil {
		return nil, err
	}
	if err := s.bounded(&f, exportLimit); err != nil {
		return nil, err
	}
	select {
	case s.exports <- struct{}{}:
	default:
		return nil, barometer.Errorf(barometer.Exhausted, "%d exports are running: try again when one has finished", exportsAtOnce)
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		defer func() { <-s.exports }()
		r, w := humago.Unwrap(hc)
		ctx, cancel := context.WithTimeout(r.Context(), exportTime)
		defer cancel()
		begun := &patientWriter{w: w, control: http.NewResponseController(w)}
		out := bufio.NewWriterSize(begun, 64<<10)
		encode := encoders[in.Format](out)
		w.Header().Set("Content-Type", encode.contentType)
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="%s-mentions.%s"`, fileName(o.ID), in.Format))
		err := s.deps.Store.Export(ctx, f, func(row barometer.Stored) error { return encode.row(&row) })
		if err == nil {
			err = encode.end()
		}
		if err == nil {
			err = out.Flush()
		}
		switch {
		case err == nil:
		case !begun.begun:
			w.Header().Del("Content-Disposition")
			s.fail(w, r, s.problem(ctx, err))
		default:
			s.log.WarnContext(ctx, "export cut off", slog.Any("error", err))
			panic(http.ErrAbortHandler) // the reader must see that the file has no end
		}
	}}, nil
}

// patientWriter gives the reader a fresh while for each piece, and remembers whether anything has left.
type patientWriter struct {
	w       io.Writer
	control *http.ResponseController
	begun   bool
}

func (p *patientWriter) Write(b []byte) (int, error) {
	p.begun = true
	_ = p.control.SetWriteDeadline(time.Now().Add(exportPatient)) // without deadlines (in tests) the context ends it
	return p.w.Write(b)
}

// encoding writes rows in one format.
type encoding struct {
	contentType string
	row         func(*barometer.Stored) error
	end         func() error
}

var encoders = map[string]func(io.Writer) encoding{
	"csv":     encodeCSV,
	"jsonl":   encodeJSONL,
	"parquet": encodeParquet,
}

func encodeJSONL(w io.Writer) encoding {
	lines := json.NewEncoder(w)
	lines.SetEscapeHTML(false)
	return encoding{
		contentType: "application/jsonl",
		row:         func(row *barometer.Stored) error { return lines.Encode(view(row)) },
		end:         func() error { return nil },
	}
}

var csvHeader = []string{
	"id", "organisation", "published_at", "date_quality", "seen_at", "source", "kind", "site", "url", "title", "text", "lang",
	"lang_confidence", "sentiment", "negative", "neutral", "positive", "score", "concerns", "severity", "abuse", "abuse_target",
	"copy_group", "copies", "pipeline",
}

func encodeCSV(w io.Writer) encoding {
	out := csv.NewWriter(w)
	_ = out.Write(csvHeader) // csv.Writer keeps its first error for end
	number := func(f float32) string { return strconv.FormatFloat(float64(f), 'f', 4, 32) }
	return encoding{
		contentType: "text/csv; charset=utf-8",
		row: func(row *barometer.Stored) error {
			e := flatten(row)
			return out.Write([]string{
				e.ID, cell(e.Organisation), e.PublishedAt.Format(time.RFC3339), e.DateQuality, e.SeenAt.Format(time.RFC3339),
				cell(e.Source), cell(e.Kind), cell(e.Site), cell(e.URL), cell(e.Title), cell(e.Text), cell(e.Lang),
				number(e.LangConfidence), e.Sentiment, number(e.Negative), number(e.Neutral), number(e.Positive), number(e.Score),
				cell(strings.Join(e.Concerns, ";")), strconv.Itoa(int(e.Severity)), number(e.Abuse), e.AbuseTarget,
				e.CopyGroup, strconv.FormatInt(e.Copies, 10), cell(e.Pipeline),
			})
		},
		end: func() error { out.Flush(); return out.Error() },
	}
}

func encodeParquet(w io.Writer) encoding {
	out := parquet.NewGenericWriter[Exported](w, parquet.Compression(&parquet.Zstd), parquet.MaxRowsPerRowGroup(50_000))
	return encoding{
		contentType: "application/vnd.apache.parquet",
		row: func(row *barometer.Stored) error {
			_, err := out.Write([]Exported{flatten(row)})
			return err
		},
		end: out.Close,
	}
}

// cell keeps a spreadsheet from taking somebody's post for a formula: programs evaluate cells that begin with these
// characters, with or without spaces before, and also their full-width forms.
func cell(s string) string {
	first, _ := utf8.DecodeRuneInString(strings.TrimLeft(s, " \u00a0\u3000"))
	if s != "" && strings.ContainsRune("=+-@\t\r\n＝＋－＠", first) {
		return "'" + s
	}
	return s
}

// fileName keeps of an id what every file system takes.
func fileName(id string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' {
			return r
		}
		return '-'
	}, id)
}
