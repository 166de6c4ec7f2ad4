// Package web is the dashboard: pages rendered here from templates, and the style, script and fall-back they use.
//
// It owns what people see: words, colours, charts, times in the organisation's zone, and how a judgement is explained.
// It does not decide who may see what (it is handed the organisations of the caller) and computes nothing that the
// interface under /v1 does not give too.
//
// The promises it keeps: every page works without script, at the width of a phone, by keyboard and with a screen
// reader; nothing is loaded from elsewhere; silence of a source is shown as such and never as calm; there is no page,
// filter or column of an author.
package web

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"barometer/internal/barometer"
)

//go:embed templates assets dist
var files embed.FS

// AssetsPath is where styles and scripts are served. Names hold a hash of the content, so they can be kept for ever.
const AssetsPath = "/assets/"

// Store is what the pages read; *store.Reader implements it.
type Store interface {
	Mentions(ctx context.Context, f barometer.Filter, p barometer.Page) (rows []barometer.Stored, next string, err error)
	Mention(ctx context.Context, organisation string, id barometer.ID) (barometer.Stored, error)
	Series(ctx context.Context, q barometer.SeriesRequest) ([]barometer.SeriesPoint, error)
	Sources(ctx context.Context) ([]barometer.SourceStatus, error)
	ReadingAt(ctx context.Context, organisation, scope string, at time.Time) (barometer.Reading, error)
	Readings(ctx context.Context, organisation, scope string, from, to time.Time) ([]barometer.Reading, error)
	FirstMention(ctx context.Context, organisation string) (time.Time, error)
	Issues(ctx context.Context, organisation string, asKnownAt time.Time, states []string) ([]barometer.IssueRecord, error)
	Issue(ctx context.Context, organisation, id string, asKnownAt time.Time) (barometer.IssueRecord, error)
	IssueHistory(ctx context.Context, organisation, id string, asKnownAt time.Time) ([]barometer.IssueRecord, error)
	Evidence(ctx context.Context, address string) (barometer.Evidence, error)
	Verdicts(ctx context.Context, organisation, issue string) ([]barometer.Verdict, error)
	Precision(ctx context.Context, organisation string) ([]barometer.Precision, error)
	CorrectionStats(ctx context.Context, organisation string) ([]barometer.Agreement, error)
}

// Deps are what the pages are made from. Organisations gives those of the caller; Problem turns an error into the
// status and the sentence a caller may see. Judge and Correct keep what somebody decided, after they have checked it;
// MayJudge says whether the caller may, so that no form is shown in vain.
type Deps struct {
	Store         Store
	Organisations func(context.Context) []barometer.Organisation
	Concerns      func() []barometer.Concern
	Problem       func(context.Context, error) (status int, detail string)
	Now           func() time.Time
	Warmup        time.Duration // 0 is 28 days
	MayJudge      func(context.Context) bool
	Judge         func(ctx context.Context, organisation, issue, verdict, reason string) error
	Correct       func(ctx context.Context, organisation string, id barometer.ID, field, value string) error
}

// Pages renders the dashboard. Its methods are http.HandlerFuncs.
type Pages struct {
	deps      Deps
	templates map[string]*template.Template
	assets    map[string]asset // by name with hash
	names     map[string]string
}

type asset struct {
	contentType string
	plain, gzip []byte
}

// New parses all templates and prepares all assets.
func New(deps Deps) (*Pages, error) {
	p := &Pages{deps: deps, templates: map[string]*template.Template{}, assets: map[string]asset{}, names: map[string]string{}}
	if err := p.loadAssets(); err != nil {
		return nil, fmt.Errorf("load assets: %w", err)
	}
	base, err := template.New("layout.html").Funcs(p.funcs()).ParseFS(files, "templates/layout.html", "templates/parts.html")
	if err != nil {
		return nil, fmt.Errorf("parse templates: %w", err)
	}
	for _, name := range []string{"home", "overview", "issues", "issue", "mentions", "mention", "sources", "problem"} {
		page, err := base.Clone()
		if err == nil {
			page, err = page.ParseFS(files, "templates/"+name+".html")
		}
		if err != nil {
			return nil, fmt.Errorf("parse templates: %w", err)
		}
		p.templates[name] = page
	}
	return p, nil
}

// foreignFonts are the style sheet's font files on a server of the NHS. They are not ours to use, and a page that
// loads nothing from elsewhere tells nobody who reads it.
var foreignFonts = regexp.MustCompile(`@font-face\s*\{[^}]*\}|/\*# sourceMappingURL=[^*]*\*/`)

// icons are pictures of the style sheet for components that no page uses.
var icons = regexp.MustCompile(`url\(/assets/[^)]*\)`)

func (p *Pages) loadAssets() error {
	styles, err := fs.ReadFile(files, "dist/nhsuk-frontend.min.css")
	if errors.Is(err, fs.ErrNotExist) {
		styles, err = fs.ReadFile(files, "assets/plain.css") // built without npm: plain, and all there
	}
	if err != nil {
		return err
	}
	if err := p.addAsset("base.css", "text/css; charset=utf-8", icons.ReplaceAll(foreignFonts.ReplaceAll(styles, nil), []byte("none"))); err != nil {
		return err
	}
	for name, contentType := range map[string]string{
		"barometer.css": "text/css; charset=utf-8",
		"barometer.js":  "text/javascript; charset=utf-8",
		"icon.svg":      "image/svg+xml",
	} {
		b, err := fs.ReadFile(files, "assets/"+name)
		if err != nil {
			return err
		}
		if err := p.addAsset(name, contentType, b); err != nil {
			return err
		}
	}
	return nil
}

func (p *Pages) addAsset(name, contentType string, content []byte) error {
	sum := sha256.Sum256(content)
	stem, ext, _ := strings.Cut(name, ".")
	hashed := stem + "-" + hex.EncodeToString(sum[:6]) + "." + ext
	var packed bytes.Buffer
	z, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := z.Write(content); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	p.assets[hashed] = asset{contentType: contentType, plain: content, gzip: packed.Bytes()}
	p.names[name] = AssetsPath + hashed
	return nil
}

// Asset serves a style sheet, a script or the icon.
func (p *Pages) Asset(w http.ResponseWriter, r *http.Request) {
	a, ok := p.assets[r.PathValue("name")]
	if !ok {
		p.Fail(w, r, http.StatusNotFound, "there is no such file")
		return
	}
	h := w.Header()
	h.Set("Content-Type", a.contentType)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Vary", "Accept-Encoding")
	body := a.plain
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		body = a.gzip
	}
	_, _ = w.Write(body) // the client has gone; there is nobody to tell
}

// page is what every template gets.
type page struct {
	Title        string
	Organisation *barometer.Organisation // nil outside of one
	Several      bool                    // the caller sees more than one organisation
	Section      string                  // overview, issues, mentions or sources
	Body         any
}

func (p *Pages) render(w http.ResponseWriter, r *http.Request, name string, pg page) {
	p.renderStatus(w, r, http.StatusOK, name, pg)
}

func (p *Pages) renderStatus(w http.ResponseWriter, r *http.Request, status int, name string, pg page) {
	pg.Several = len(p.deps.Organisations(r.Context())) > 1
	var b bytes.Buffer
	if err := p.templates[name].Execute(&b, pg); err != nil {
		_, detail := p.deps.Problem(r.Context(), fmt.Errorf("render %s: %w", name, err))
		http.Error(w, detail, http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // the client has gone; there is nobody to tell
}

// Fail shows what went wrong.
func (p *Pages) Fail(w http.ResponseWriter, r *http.Request, status int, detail string) {
	w.Header().Set("Cache-Control", "no-store")
	p.renderStatus(w, r, status, "problem", page{Title: http.StatusText(status), Body: detail})
}

func (p *Pages) failWith(w http.ResponseWriter, r *http.Request, err error) {
	status, detail := p.deps.Problem(r.Context(), err)
	p.Fail(w, r, status, detail)
}

// organisation finds the organisation of the address among those of the caller, and the zone its days are counted in.
func (p *Pages) organisation(r *http.Request) (barometer.Organisation, *time.Location, error) {
	id := r.PathValue("organisation")
	for _, o := range p.deps.Organisations(r.Context()) {
		if o.ID != id {
			continue
		}
		zone, err := time.LoadLocation(o.TimeZone)
		if err != nil {
			return o, nil, fmt.Errorf("time zone of %s: %w", o.ID, err)
		}
		return o, zone, nil
	}
	return barometer.Organisation{}, nil, barometer.Errorf(barometer.NotFound, "there is no organisation %q that you may see", id)
}

// Home lists the organisations, or goes to the only one.
func (p *Pages) Home(w http.ResponseWriter, r *http.Request) {
	all := p.deps.Organisations(r.Context())
	if len(all) == 1 {
		http.Redirect(w, r, "/o/"+url.PathEscape(all[0].ID), http.StatusFound)
		return
	}
	p.render(w, r, "home", page{Title: "Organisations", Body: all})
}

// Sources shows whether we can hear.
func (p *Pages) Sources(w http.ResponseWriter, r *http.Request) {
	o, zone, err := p.organisation(r)
	if err != nil {
		p.failWith(w, r, err)
		return
	}
	all, err := p.deps.Store.Sources(r.Context())
	if err != nil {
		p.failWith(w, r, err)
		return
	}
	p.render(w, r, "sources", page{
		Title: "Sources", Organisation: &o, Section: "sources",
		Body: newCoverage(all, p.deps.Now().In(zone)),
	})
}

// concernNames gives the English name of each concern.
func (p *Pages) concernNames() map[string]string {
	names := map[string]string{}
	for _, c := range p.deps.Concerns() {
		names[c.ID] = c.ID
		if n := c.Name["en"]; n != "" {
			names[c.ID] = n
		}
	}
	return names
}
