package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path"
	"runtime/debug"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/prometheus/client_golang/prometheus"

	"barometer/internal/api/web"
	"barometer/internal/barometer"
)

// Store is everything read here, declared piece by piece beside the handlers; *store.Reader implements it.
type Store interface {
	mentionReader
	seriesReader
	sourceReader
	exporter
	newcomers
	emergenceReader
	judgements
}

// Deps are what the server reads from. Organisations and Concerns are asked at every request, so that a reloaded
// configuration shows at once.
type Deps struct {
	Store         Store
	Organisations func() []barometer.Organisation
	Concerns      func() []barometer.Concern
	Ready         func(context.Context) error // nil is always ready
	Warmup        time.Duration               // from the first mention to the first reading or issue; 0 is 28 days
	Metrics       *prometheus.Registry        // nil is one of its own
	Version       string
	Log           *slog.Logger // nil is the default
}

// Server answers requests. It is an http.Handler, and runs itself on a listener with Run.
type Server struct {
	cfg     Config
	deps    Deps
	log     *slog.Logger
	keys    keyring
	cache   *cache
	live    *liveFeed
	exports chan struct{} // one slot for each export at once
	metrics *metrics
	mux     *http.ServeMux
	pages   *web.Pages
	openapi []byte
	now     func() time.Time
	written atomic.Uint64 // verdicts and corrections so far: a kept answer from before one is not given again
}

// New builds the server and starts nothing.
func New(cfg Config, deps Deps) (*Server, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("api: %w", err)
	}
	if deps.Log == nil {
		deps.Log = slog.Default()
	}
	if deps.Metrics == nil {
		deps.Metrics = prometheus.NewRegistry()
	}
	s := &Server{
		cfg: cfg, deps: deps, log: deps.Log,
		keys:    newKeyring(cfg.Keys),
		cache:   newCache(cfg.cacheFor()),
		live:    newLiveFeed(deps.Store, cfg.liveClients()),
		exports: make(chan struct{}, exportsAtOnce),
		mux:     http.NewServeMux(),
		now:     time.Now,
	}
	var err error
	if s.metrics, err = newMetrics(deps.Metrics, s.live); err != nil {
		return nil, fmt.Errorf("api: register metrics: %w", err)
	}
	if err := deps.Metrics.Register(newBarometers(deps.Store, deps.Organisations)); err != nil {
		return nil, fmt.Errorf("api: register metrics: %w", err)
	}
	s.pages, err = web.New(web.Deps{
		Store:         deps.Store,
		Organisations: s.organisations,
		Concerns:      deps.Concerns,
		Problem: func(ctx context.Context, err error) (int, string) {
			p := s.problem(ctx, err)
			return p.Status, p.Detail
		},
		Now:      func() time.Time { return s.now() },
		Warmup:   deps.Warmup,
		MayJudge: func(ctx context.Context) bool { return principalOf(ctx).judges },
		Judge: func(ctx context.Context, organisation, issue, verdict, reason string) error {
			_, err := s.judge(ctx, organisation, issue, verdict, reason)
			return err
		},
		Correct: func(ctx context.Context, organisation string, id barometer.ID, field, value string) error {
			_, err := s.correct(ctx, organisation, id, field, value)
			return err
		},
	})
	if err != nil {
		return nil, fmt.Errorf("api: %w", err)
	}
	if err := s.routes(); err != nil {
		return nil, fmt.Errorf("api: %w", err)
	}
	return s, nil
}

// Run serves on l until ctx ends, then lets requests under way finish for 3 s and ends the live streams. It refuses a
// listener that other machines reach when there are no keys, whatever the configuration called it.
func (s *Server) Run(ctx context.Context, l net.Listener) error {
	if addr, ok := l.Addr().(*net.TCPAddr); ok && len(s.keys) == 0 && !addr.IP.IsLoopback() {
		return barometer.Errorf(barometer.Invalid, "api: %s can be reached by other machines: configure at least one key", addr)
	}
	server := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      30 * time.Second, // streams extend it write by write
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		BaseContext: func(net.Listener) context.Context {
			return context.WithValue(context.Background(), closingKey{}, ctx.Done())
		},
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug), // clients' broken connections
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	select {
	case err := <-served:
		return fmt.Errorf("api: serve: %w", err)
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
	defer cancel()
	err := server.Shutdown(grace)
	if errors.Is(err, context.DeadlineExceeded) {
		err = server.Close() // a slow reader of an export; it sees a cut answer
	}
	if ended := <-served; !errors.Is(ended, http.ErrServerClosed) {
		err = errors.Join(err, ended)
	}
	if err != nil {
		return fmt.Errorf("api: shut down: %w", err)
	}
	return nil
}

type closingKey struct{}

// closing is closed when Run stops, so that endless answers end. It is nil, which never is, outside of Run.
func closing(ctx context.Context) <-chan struct{} {
	done, _ := ctx.Value(closingKey{}).(<-chan struct{})
	return done
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := s.now()
	sw := &statusWriter{ResponseWriter: w}
	route := "none"
	defer func() {
		cause := recover()
		if err, _ := cause.(error); cause != nil && !errors.Is(err, http.ErrAbortHandler) {
			s.log.ErrorContext(r.Context(), "handler panicked", slog.Any("cause", cause), slog.String("stack", string(debug.Stack())))
			if sw.status == 0 {
				broken(sw)
				cause = nil
			}
		}
		s.metrics.request(route, sw.status, s.now().Sub(start))
		if cause != nil {
			panic(http.ErrAbortHandler) // the answer had begun: cutting it off is the only honest end
		}
	}()
	route = s.serve(sw, r)
}

// serve answers and returns the route's pattern for metrics.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) string {
	secure(w.Header())
	if !s.hostAllowed(r) {
		s.fail(w, r, problem(http.StatusMisdirectedRequest, "this server does not answer to that host name"))
		return "refused"
	}
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	if open(r.URL.Path) {
		return s.direct(w, r)
	}
	who := s.keys.authenticate(r)
	if who == nil {
		w.Header().Set("WWW-Authenticate", `Basic realm="Issue Barometer", charset="UTF-8"`)
		s.fail(w, r, problem(http.StatusUnauthorized, "a key is needed: as a bearer token, or as the password of basic authentication"))
		return "refused"
	}
	if r.URL.Path == "/metrics" && !who.operator {
		s.fail(w, r, problem(http.StatusForbidden, "metrics need a key with the role operator"))
		return "refused"
	}
	r = r.WithContext(withPrincipal(r.Context(), who))
	if _, route := s.mux.Handler(r); route != "" && r.Method == http.MethodPost {
		if p := s.mayWrite(r, who); p != nil {
			s.fail(w, r, p)
			return "refused"
		}
	}
	if streamed(r.URL.Path) || (r.Method != http.MethodGet && r.Method != http.MethodHead) {
		return s.direct(w, r)
	}
	a, hit, err := s.cache.get(r.Context(), s.cacheKey(who, r), func(ctx context.Context) *answer { return s.ask(ctx, r) })
	if err != nil {
		s.fail(w, r, s.problem(r.Context(), err))
		return "none"
	}
	s.metrics.cached(hit)
	a.write(w, r, s.cache.keep)
	return a.route
}

// ask makes the answer to r on behalf of everybody who asks the same.
func (s *Server) ask(ctx context.Context, r *http.Request) (a *answer) {
	rec := &recorder{header: http.Header{}}
	defer func() {
		if cause := recover(); cause != nil {
			s.log.ErrorContext(ctx, "handler panicked", slog.Any("cause", cause), slog.String("stack", string(debug.Stack())))
			rec = &recorder{header: http.Header{}}
			broken(rec)
			a = rec.answer("none")
		}
	}()
	q := r.Clone(ctx)
	q.Method = http.MethodGet
	q.Body = http.NoBody
	return rec.answer(s.direct(rec, q))
}

// direct routes the request. What no route takes gets our words for it instead of the mux's plain text.
func (s *Server) direct(w http.ResponseWriter, r *http.Request) string {
	h, pattern := s.mux.Handler(r)
	if pattern != "" {
		s.mux.ServeHTTP(w, r)
		return pattern
	}
	rec := &recorder{header: http.Header{}}
	h.ServeHTTP(rec, r)
	if rec.status == http.StatusMethodNotAllowed {
		w.Header().Set("Allow", rec.header.Get("Allow"))
		s.fail(w, r, problem(rec.status, "this address only answers "+rec.header.Get("Allow")))
		return "none"
	}
	s.fail(w, r, problem(http.StatusNotFound, "there is nothing at this address; /openapi.json describes what there is"))
	return "none"
}

func (s *Server) cacheKey(who *principal, r *http.Request) string {
	form := "json"
	switch accept := r.Header.Get("Accept"); {
	case strings.Contains(accept, "text/html"):
		form = "page"
	case strings.Contains(accept, "text/csv"):
		form = "csv"
	}
	if base := path.Base(r.URL.Path); base == "feed.atom" || base == "feed.json" {
		form += "\x00" + baseOf(r) // they hold whole addresses
	}
	return strconv.FormatUint(s.written.Load(), 36) + "\x00" + who.name + "\x00" + form + "\x00" + r.URL.EscapedPath() + "?" + r.URL.RawQuery
}

// secure sets what every answer carries. The policy lets a page load our own style, script, images and data, and
// nothing else from anywhere.
func secure(h http.Header) {
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "+
		"connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
}

// call adapts a handler to huma: errors leave as problems, and only as those.
func call[I, O any](s *Server, f func(context.Context, *I) (*O, error)) func(context.Context, *I) (*O, error) {
	return func(ctx context.Context, in *I) (*O, error) {
		out, err := f(ctx, in)
		if err == nil {
			return out, nil
		}
		p := s.problem(ctx, err)
		if p.Status == http.StatusServiceUnavailable || p.Status == http.StatusTooManyRequests {
			return nil, huma.ErrorWithHeaders(p, http.Header{"Retry-After": {retryAfter}})
		}
		return nil, p
	}
}

// statusWriter remembers the status for metrics.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach deadlines and flushing.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
