package source

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"barometer/internal/barometer"
	"barometer/internal/service"
)

// Config is one source as the operator writes it.
type Config struct {
	ID       string                    `yaml:"id"`       // 1 to 64 of a-z 0-9 - _ ; names the cursor, so it must not be reused for another source
	Kind     string                    `yaml:"kind"`     // a name of Kinds
	Name     string                    `yaml:"name"`     // shown to people; "" shows the id
	URL      string                    `yaml:"url"`      // feed: address of a feed, or of a page that links to one
	Path     string                    `yaml:"path"`     // archive: a file
	Interval time.Duration             `yaml:"interval"` // between two polls; 0 takes the kind's default, less than 1 s is refused
	Site     string                    `yaml:"site"`     // site for posts that name none; "" takes the host of their address
	Lang     string                    `yaml:"lang"`     // language (ISO 639-1) where a post declares none
	Space    string                    `yaml:"space"`    // identity space of the native ids; "" takes the kind's default. Set it to the old address when a feed moves, and its ids stay
	Disabled bool                      `yaml:"disabled"` // keep the entry, do not listen
	Headers  map[string]service.Secret `yaml:"headers"`  // sent with each request, for feeds behind a key; values as env:NAME or file:/path
	Dated    string                    `yaml:"dated"`    // archive: time of records without one (RFC 3339); "" makes them bad records
}

var validID = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,63}$`)

// Validate reports the first thing wrong with the entry, and what to write instead.
func (c *Config) Validate() error {
	bad := func(format string, args ...any) error {
		return barometer.Errorf(barometer.Invalid, "source %q: "+format, append([]any{c.ID}, args...)...)
	}
	if !validID.MatchString(c.ID) {
		return bad("id: want 1 to 64 of a-z, 0-9, - and _, starting with a letter or digit")
	}
	kind, ok := Kinds[c.Kind]
	if !ok {
		return bad("kind %q is unknown; %s", c.Kind, nearestKind(c.Kind))
	}
	if c.Interval != 0 && c.Interval < time.Second {
		return bad("interval %s: want at least 1s, or leave it out for %s", c.Interval, kind.Interval)
	}
	if c.Lang != "" && langCode(c.Lang) != c.Lang {
		return bad("lang %q: want two letters as in ISO 639-1, for example en", c.Lang)
	}
	if c.Dated != "" {
		if _, err := time.Parse(time.RFC3339, c.Dated); err != nil {
			return bad("dated %q: want a time like 2015-02-16T00:00:00Z", c.Dated)
		}
	}
	for name := range c.Headers {
		if !validHeader.MatchString(name) {
			return bad("headers: %q is not the name of a header", name)
		}
	}
	if err := kind.Check(c); err != nil {
		return bad("%w", err)
	}
	return nil
}

var validHeader = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")

// Title is what people are shown.
func (c *Config) Title() string {
	if c.Name != "" {
		return c.Name
	}
	return c.ID
}

func (c *Config) interval() time.Duration {
	if c.Interval > 0 {
		return c.Interval
	}
	return Kinds[c.Kind].Interval
}

// equal says that a running source need not be restarted for the new entry.
func (c *Config) equal(d *Config) bool {
	if len(c.Headers) != len(d.Headers) {
		return false
	}
	for k, v := range c.Headers {
		if w, ok := d.Headers[k]; !ok || w.Reveal() != v.Reveal() {
			return false
		}
	}
	return c.ID == d.ID && c.Kind == d.Kind && c.Name == d.Name && c.URL == d.URL && c.Path == d.Path &&
		c.Interval == d.Interval && c.Site == d.Site && c.Lang == d.Lang && c.Space == d.Space &&
		c.Disabled == d.Disabled && c.Dated == d.Dated
}

// ValidateAll validates every entry and that no id occurs twice.
func ValidateAll(sources []Config) error {
	seen := make(map[string]bool, len(sources))
	for i := range sources {
		if err := sources[i].Validate(); err != nil {
			return err
		}
		if seen[sources[i].ID] {
			return barometer.Errorf(barometer.Invalid, "source %q: the id occurs twice", sources[i].ID)
		}
		seen[sources[i].ID] = true
	}
	return nil
}

func wantURL(c *Config) error {
	if c.Path != "" {
		return barometer.Errorf(barometer.Invalid, "path: kind %s takes url, not path", c.Kind)
	}
	u, err := url.Parse(c.URL)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return barometer.Errorf(barometer.Invalid, "url %q: want http://... or https://...", redactURL(c.URL))
	}
	return nil
}

func wantPath(c *Config) error {
	if c.URL != "" {
		return barometer.Errorf(barometer.Invalid, "url: kind %s takes path, not url", c.Kind)
	}
	if c.Path == "" {
		return barometer.Errorf(barometer.Invalid, "path is missing")
	}
	return nil
}

// redactURL removes what an address may hold of secrets: user, password and query.
func redactURL(s string) string {
	u, err := url.Parse(s)
	if err != nil {
		return "(not an address)"
	}
	u.User = nil
	if u.RawQuery != "" {
		u.RawQuery = "..."
	}
	u.Fragment = ""
	return u.String()
}

// nearestKind suggests what an unknown kind was meant to be.
func nearestKind(name string) string {
	names := make([]string, 0, len(Kinds))
	best, bestDistance := "", 3
	for k := range Kinds {
		names = append(names, k)
	}
	slices.Sort(names)
	for _, k := range names {
		if d := distance(strings.ToLower(name), k); d < bestDistance {
			best, bestDistance = k, d
		}
	}
	if best != "" {
		return "did you mean " + best + "?"
	}
	return "the kinds are " + strings.Join(names, ", ")
}

// distance is the number of letters to insert, remove or replace (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j]+1, row[j+1]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
