package api

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"barometer/internal/barometer"
)

// seriesReader is the store's view of counts over time.
type seriesReader interface {
	Series(ctx context.Context, q barometer.SeriesRequest) ([]barometer.SeriesPoint, error)
}

// limits of a series by step keep an answer below some thousand buckets.
var seriesLimit = map[string]time.Duration{
	barometer.StepHour: 92 * 24 * time.Hour,
	barometer.StepDay:  5 * 366 * 24 * time.Hour,
	barometer.StepWeek: 20 * 366 * 24 * time.Hour,
}

type seriesInput struct {
	OrganisationInput
	FilterInput
	By       string `query:"by" enum:"lang,sentiment,concern,source,severity" doc:"One series for each value of this; without it one of all"`
	Step     string `query:"step" enum:"hour,day,week" default:"day"`
	TimeZone string `query:"time_zone" maxLength:"60" doc:"IANA name; days and weeks are counted in it. Default: the organisation's"`
	Format   string `query:"format" enum:"json,csv" doc:"Same as the Accept header, for those who cannot send one"`
	Accept   string `header:"Accept" hidden:"true"`
}

// Point is one bucket of one series.
type Point struct {
	Time  time.Time `json:"time" doc:"Start of the bucket"`
	Key   string    `json:"key" doc:"Value of the dimension, empty when not split"`
	Count uint64    `json:"count" doc:"Mentions in the bucket with this key"`
	Total uint64    `json:"total" doc:"Mentions in the bucket whatever their key"`
	Share float64   `json:"share" doc:"count / total, 0 where total is 0"`
}

// Series is counts over time. A bucket without mentions is there with zero.
type Series struct {
	Organisation string    `json:"organisation"`
	From         time.Time `json:"from"`
	To           time.Time `json:"to"`
	Step         string    `json:"step"`
	By           string    `json:"by"`
	TimeZone     string    `json:"time_zone"`
	Points       []Point   `json:"points"`
}

func seriesOperation(api huma.API, path string) huma.Operation {
	op := get("getSeries", path, "Counts and shares over time; CSV too")
	op.Description = "Without times: the last 28 days. The last bucket may still be filling. CSV has the columns time, key, count, total, share."
	op.Responses = map[string]*huma.Response{"200": {
		Description: "OK",
		Content: map[string]*huma.MediaType{
			"application/json": {Schema: api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[Series](), true, "Series")},
			"text/csv":         {Schema: &huma.Schema{Type: huma.TypeString}},
		},
	}}
	return op
}

func (s *Server) getSeries(ctx context.Context, in *seriesInput) (*huma.StreamResponse, error) {
	o, err := s.organisation(ctx, in.Organisation)
	if err != nil {
		return nil, err
	}
	f, err := in.filter(o.ID)
	if err != nil {
		return nil, err
	}
	if err := s.bounded(&f, seriesLimit[in.Step]); err != nil {
		return nil, err
	}
	zone := in.TimeZone
	if zone == "" {
		zone = o.TimeZone
	}
	if _, err := time.LoadLocation(zone); err != nil || zone == "Local" {
		return nil, barometer.Errorf(barometer.Invalid, "time_zone %q: want an IANA name such as Europe/Helsinki", zone)
	}
	points, err := s.deps.Store.Series(ctx, barometer.SeriesRequest{Filter: f, By: in.By, Step: in.Step, TimeZone: zone})
	if err != nil {
		return nil, err
	}
	series := Series{
		Organisation: o.ID, From: f.From, To: f.To, Step: in.Step, By: in.By, TimeZone: zone,
		Points: make([]Point, len(points)),
	}
	for i, p := range points {
		series.Points[i] = Point{Time: p.Time.UTC(), Key: p.Key, Count: p.Count, Total: p.Total}
		if p.Total > 0 {
			series.Points[i].Share = float64(p.Count) / float64(p.Total)
		}
	}
	asCSV := in.Format == "csv" || in.Format == "" && strings.Contains(in.Accept, "text/csv")
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		if asCSV {
			hc.SetHeader("Content-Type", "text/csv; charset=utf-8")
			hc.SetHeader("Content-Disposition", fmt.Sprintf(`attachment; filename="%s-series.csv"`, fileName(o.ID)))
			hc.SetStatus(http.StatusOK)
			_ = series.csv(hc.BodyWriter()) // the client has gone; there is nobody to tell
			return
		}
		hc.SetHeader("Content-Type", "application/json")
		hc.SetStatus(http.StatusOK)
		_ = json.NewEncoder(hc.BodyWriter()).Encode(series)
	}}, nil
}

func (s Series) csv(w io.Writer) error {
	out := csv.NewWriter(w)
	_ = out.Write([]string{"time", "key", "count", "total", "share"}) // Error reports it below
	for _, p := range s.Points {
		_ = out.Write([]string{
			p.Time.Format(time.RFC3339), cell(p.Key), strconv.FormatUint(p.Count, 10), strconv.FormatUint(p.Total, 10),
			strconv.FormatFloat(p.Share, 'f', 6, 64),
		})
	}
	out.Flush()
	return out.Error()
}
