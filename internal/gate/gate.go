package gate

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"unicode/utf8"

	"barometer/internal/barometer"
	"barometer/internal/privacy"
	"barometer/internal/query"
)

// Config of the gate.
type Config struct {
	Redaction privacy.Config `yaml:"redaction"` // what is public although it looks personal
	MaxText   int            `yaml:"max_text"`  // bytes of a redacted text; 0 is 100 KiB
}

// The bounds of what a post may hold.
const (
	defaultMaxText = 100 << 10
	leastMaxText   = 1 << 10
	mostText       = 1 << 20 // bytes that are read at all
	maxTitle       = 2 << 10
	maxURL         = 2 << 10
	cutMark        = " […]" // stands where a text was cut
)

// Validate reports the first setting that cannot work.
func (c Config) Validate() error {
	if c.MaxText != 0 && (c.MaxText < leastMaxText || c.MaxText > mostText) {
		return barometer.Errorf(barometer.Invalid, "max_text: %d bytes, want %d to %d", c.MaxText, leastMaxText, mostText)
	}
	if err := c.Redaction.Validate(); err != nil {
		return fmt.Errorf("redaction: %w", err)
	}
	return nil
}

// Pseudonyms makes authors anonymous; *privacy.Pseudonymiser does.
type Pseudonyms interface {
	Pseudonym(platform, author string) barometer.Pseudonym
}

// Metrics counts what the gate did. Implementations are safe for concurrent use and keep no reference to anything.
type Metrics interface {
	Matched(n int)
	Dropped(reason string, n int)
	Redacted(kind string, n int)
}

// The reasons to drop a post.
const (
	DropUnmatched = "unmatched" // no organisation asked for it
	DropEmpty     = "empty"     // neither title nor text
	DropNoID      = "no_id"
	DropNoSource  = "no_source"
	DropNoTime    = "no_time" // neither published nor seen
)

// Gate is safe for concurrent use.
type Gate struct {
	cfg        Config
	pseudonyms Pseudonyms
	metrics    Metrics
	rules      atomic.Pointer[rules]
	results    sync.Pool
}

// rules are what depends on the organisations.
type rules struct {
	set      *query.Set
	redactor *privacy.Redactor
	public   map[string]bool // handles and names that are an organisation's, in lower case, handles without "@"
}

// New returns a gate that lets nothing but deletions pass until Replace gives it organisations.
func New(c Config, p Pseudonyms, m Metrics) (*Gate, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if c.MaxText == 0 {
		c.MaxText = defaultMaxText
	}
	g := &Gate{cfg: c, pseudonyms: p, metrics: m}
	g.results.New = func() any { return new(query.Result) }
	if err := g.Replace(nil); err != nil {
		return nil, err
	}
	return g, nil
}

// Replace takes other organisations. After an error, of kind Invalid or Conflict, the ones before stay. It does not ask
// whether a query watches a person: that needs the configuration's exceptions.
func (g *Gate) Replace(organisations []barometer.Organisation) error {
	r := &rules{public: map[string]bool{}}
	named := make([]query.Named, 0, len(organisations))
	redaction := g.cfg.Redaction
	redaction.Handles = append([]string(nil), redaction.Handles...)
	for _, o := range organisations {
		q, err := query.ForOrganisation(o)
		if err != nil {
			return fmt.Errorf("organisation %s: %w", o.ID, err)
		}
		named = append(named, query.Named{ID: o.ID, Query: q})
		redaction.Handles = append(redaction.Handles, o.Handles...)
		for _, name := range append([]string{o.Name}, o.Aliases...) {
			r.public[strings.ToLower(name)] = true
		}
	}
	for _, h := range redaction.Handles {
		r.public[bareHandle(h)] = true
	}
	var err error
	if r.set, err = query.NewSet(named); err != nil {
		return fmt.Errorf("queries: %w", err)
	}
	if r.redactor, err = privacy.NewRedactor(redaction); err != nil {
		return fmt.Errorf("redaction: %w", err)
	}
	g.rules.Store(r)
	return nil
}

// Apply returns the mentions among posts, in their order. Deletions pass whatever they match: only the store knows
// whether there was a mention. The posts are not changed.
func (g *Gate) Apply(posts []barometer.Post) []barometer.Mention {
	r := g.rules.Load()
	result := g.results.Get().(*query.Result)
	defer g.results.Put(result)
	var out []barometer.Mention
	dropped := map[string]int{}
	redacted := map[string]int{}
	for i := range posts {
		m, reason := g.apply(r, &posts[i], result)
		if reason != "" {
			dropped[reason]++
			continue
		}
		for _, red := range m.Redactions {
			redacted[red.Kind]++
		}
		out = append(out, m)
	}
	g.metrics.Matched(len(out))
	for reason, n := range dropped {
		g.metrics.Dropped(reason, n)
	}
	for kind, n := range redacted {
		g.metrics.Redacted(kind, n)
	}
	return out
}

func (g *Gate) apply(r *rules, original *barometer.Post, result *query.Result) (barometer.Mention, string) {
	switch {
	case original.ID == barometer.ID{}:
		return barometer.Mention{}, DropNoID
	case original.Source == "":
		return barometer.Mention{}, DropNoSource
	case original.Deleted:
		return barometer.Mention{ID: original.ID, Source: original.Source, Kind: original.Kind, SeenAt: original.SeenAt.UTC(), Deleted: true}, ""
	case original.PublishedAt.IsZero() && original.SeenAt.IsZero():
		return barometer.Mention{}, DropNoTime
	}
	p := *original
	p.Title, p.Text = clean(bound(p.Title, 8*maxTitle)), clean(bound(p.Text, mostText))
	if strings.TrimSpace(p.Title) == "" && strings.TrimSpace(p.Text) == "" {
		return barometer.Mention{}, DropEmpty
	}
	p.Site = unifySite(p.Site)
	doc := query.DocOf(&p)
	r.set.Match(&doc, result)
	if len(result.Matches) == 0 {
		return barometer.Mention{}, DropUnmatched
	}
	who := authorOf(&p, r.public)
	title := r.redactor.Redact(p.Title, who.in(p.Title)...)
	body := r.redactor.Redact(p.Text, who.in(p.Text)...)
	a := addresses{redactor: r.redactor, author: who}
	url, site := a.canonical(p.URL)
	if p.Site != "" {
		site = a.site(p.Site)
	}
	m := barometer.Mention{
		ID: p.ID, Source: p.Source, Kind: p.Kind, URL: url, Site: site, Lang: declared(p.Lang),
		Title: cut(title.Text, maxTitle), Text: cut(body.Text, g.cfg.MaxText),
		PublishedAt: p.PublishedAt.UTC(), DateQuality: p.DateQuality, SeenAt: p.SeenAt.UTC(),
	}
	if author := strings.TrimSpace(p.AuthorID); author != "" {
		m.Author = g.pseudonyms.Pseudonym(platform(&p), strings.ToLower(author))
	}
	if p.RepostOf != "" {
		m.RepostOf = barometer.DeriveID(p.Space, p.RepostOf).String()
	}
	if p.PublishedAt.IsZero() {
		m.PublishedAt, m.DateQuality = m.SeenAt, barometer.DateSeen
	}
	for _, red := range title.Redactions {
		red.Field = "title"
		m.Redactions = append(m.Redactions, red)
	}
	m.Redactions = append(m.Redactions, body.Redactions...)
	m.Matches = moved(result.Matches, &title, &body, &m)
	return m, ""
}

// platform is where author ids are unique: the space of the post's id, or the site where the space is one feed of it.
func platform(p *barometer.Post) string {
	if p.Space == "" || strings.Contains(p.Space, "://") && p.Site != "" {
		return p.Site
	}
	return p.Space
}

// moved brings hits to where their words stand after redaction and cutting.
func moved(matches []barometer.Match, title, body *privacy.Redacted, m *barometer.Mention) []barometer.Match {
	titleLen, textLen := kept(m.Title, title.Text), kept(m.Text, body.Text)
	out := make([]barometer.Match, len(matches))
	for i, match := range matches {
		out[i].Organisation = match.Organisation
		for _, h := range match.Hits {
			in, limit := body, textLen
			if h.Field == "title" {
				in, limit = title, titleLen
			}
			var ok bool
			if h.Start, h.End, ok = in.Position(h.Start, h.End); ok && h.End <= limit {
				out[i].Hits = append(out[i].Hits, h)
			}
		}
	}
	return out
}

// kept returns how many characters of the redacted text the cut one still holds.
func kept(cutText, text string) int {
	if len(cutText) < len(text) || cutText != text {
		cutText = strings.TrimSuffix(cutText, cutMark)
	}
	return utf8.RuneCountInString(cutText)
}

// bound limits what is read of a field, without a mark: the rest was never looked at.
func bound(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return s[:runeStart(s, most)]
}

// cut shortens s to most bytes, at a character, and marks the place.
func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return s[:runeStart(s, most-len(cutMark))] + cutMark
}

func runeStart(s string, at int) int {
	for at > 0 && !utf8.RuneStart(s[at]) {
		at--
	}
	return at
}

// clean replaces NUL by a space and every invalid byte by U+FFFD, one for one, so that positions stay.
func clean(s string) string {
	if utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + 8)
	for _, r := range s {
		if r == 0 {
			r = ' '
		}
		b.WriteRune(r)
	}
	return b.String()
}

// declared returns a language tag in lower case, or "" for what is none.
func declared(lang string) string {
	if len(lang) < 2 || len(lang) > 12 {
		return ""
	}
	for i := range len(lang) {
		if c := lang[i]; c != '-' && (c|0x20 < 'a' || c|0x20 > 'z') {
			return ""
		}
	}
	return strings.ToLower(lang)
}
