package api

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"barometer/internal/barometer"
)

// statusOf is the one map from kinds of error to HTTP status.
var statusOf = map[barometer.Kind]int{
	barometer.Internal:    http.StatusInternalServerError,
	barometer.Invalid:     http.StatusUnprocessableEntity,
	barometer.NotFound:    http.StatusNotFound,
	barometer.Conflict:    http.StatusConflict,
	barometer.Refused:     http.StatusForbidden,
	barometer.Unavailable: http.StatusServiceUnavailable,
	barometer.Exhausted:   http.StatusTooManyRequests,
}

// problem says in public what went wrong. Errors of our own are logged and leave as a sentence that tells nothing.
func (s *Server) problem(ctx context.Context, err error) *huma.ErrorModel {
	if p, ok := errors.AsType[*huma.ErrorModel](err); ok {
		return p
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return problem(http.StatusServiceUnavailable, "this took too long: ask for a shorter time or fewer things, or try again")
	}
	if errors.Is(err, context.Canceled) {
		return problem(http.StatusServiceUnavailable, "the request was cancelled")
	}
	kind := barometer.KindOf(err)
	switch kind {
	case barometer.Internal:
		s.log.ErrorContext(ctx, "request failed", slog.Any("error", err))
		return problem(http.StatusInternalServerError, brokenDetail)
	case barometer.Unavailable:
		// The text names engines and addresses: it is for the operator.
		s.log.WarnContext(ctx, "engine unavailable", slog.Any("error", err))
		return problem(http.StatusServiceUnavailable, "the store cannot be reached at the moment: try again in a few seconds")
	}
	return problem(statusOf[kind], err.Error())
}

func problem(status int, detail string) *huma.ErrorModel {
	return &huma.ErrorModel{Status: status, Title: http.StatusText(status), Detail: detail}
}

// retryAfter is when to come back after 429 and 503, in seconds.
const retryAfter = "2"

// fail answers with a page for a browser that asked for one, and with a problem document otherwise.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, p *huma.ErrorModel) {
	if p.Status == http.StatusServiceUnavailable || p.Status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", retryAfter)
	}
	if wantsPage(r) {
		s.pages.Fail(w, r, p.Status, p.Detail)
		return
	}
	write(w, p)
}

// broken is what a caller sees of a mistake of ours. It is written without a page: making one may be what broke.
func broken(w http.ResponseWriter) { write(w, problem(http.StatusInternalServerError, brokenDetail)) }

const brokenDetail = "something broke here; it is logged, and not your request's fault"

func write(w http.ResponseWriter, p *huma.ErrorModel) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the client has gone; there is nobody to tell
}

func wantsPage(r *http.Request) bool {
	return !strings.HasPrefix(r.URL.Path, "/v1/") && strings.Contains(r.Header.Get("Accept"), "text/html")
}
