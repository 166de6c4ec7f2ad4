package analyze

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"barometer/internal/barometer"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// taxonomy is the concerns and their terms, read from a file.
type taxonomy struct {
	version  string // hash of the file
	concerns []barometer.Concern
	phrases  []*phrase
	terms    []taxonomyTerm // by phrase id
}

// taxonomyTerm is what a phrase id means.
type taxonomyTerm struct {
	concern int
	kind    termKind
	text    string
}

type termKind uint8

const (
	termStrong  termKind = iota // enough to raise the concern
	termHint                    // raises it beside another
	termExclude                 // a term inside this phrase does not count
)

// taxonomyFile is the shape of the file.
type taxonomyFile struct {
	Concerns []concernEntry `yaml:"concerns"`
}

type concernEntry struct {
	ID        string              `yaml:"id"`
	Name      map[string]string   `yaml:"name"`
	Framework string              `yaml:"framework"`
	Group     string              `yaml:"group"`
	Severity  uint8               `yaml:"severity"`
	Route     string              `yaml:"route"`
	Terms     map[string][]string `yaml:"terms"`
	Hints     map[string][]string `yaml:"hints"`
	Excludes  map[string][]string `yaml:"excludes"`
}

var concernID = regexp.MustCompile(`^[a-z][a-z0-9_]{1,39}$`)

// taxonomyLanguages are the languages that a taxonomy names its concerns in.
var taxonomyLanguages = []string{"en", "de", "fi"}

// parseTaxonomy reads a taxonomy file. Errors carry the file's name and the line.
func parseTaxonomy(name string, src []byte) (*taxonomy, error) {
	tf, file, err := decodeTaxonomy(src)
	if err != nil {
		return nil, barometer.Errorf(barometer.Invalid, "%s: %s", name, yaml.FormatError(err, false, true))
	}
	fail := func(path, format string, args ...any) error {
		return barometer.Errorf(barometer.Invalid, "%s:%d: %s", name, lineOf(file, path), fmt.Sprintf(format, args...))
	}
	if len(tf.Concerns) == 0 {
		return nil, fail("$", "no concerns")
	}
	sum := sha256.Sum256(src)
	tax := &taxonomy{version: hex.EncodeToString(sum[:6])}
	ids, frameworks, seen := map[string]bool{}, map[string]string{}, map[uint64]string{}
	for i, c := range tf.Concerns {
		path := fmt.Sprintf("$.concerns[%d]", i)
		switch {
		case !concernID.MatchString(c.ID):
			return nil, fail(path, "concern id %q: want small letters, digits and '_', beginning with a letter", c.ID)
		case ids[c.ID]:
			return nil, fail(path+".id", "concern %q is there twice", c.ID)
		case c.Framework != "" && frameworks[c.Framework] != "":
			return nil, fail(path+".framework", "concern %q: theme %q belongs to %q already", c.ID, c.Framework, frameworks[c.Framework])
		case c.Group == "" || c.Route == "":
			return nil, fail(path, "concern %q: group and route must be given", c.ID)
		case c.Severity > 5:
			return nil, fail(path+".severity", "concern %q: severity %d: want 0 to 5", c.ID, c.Severity)
		}
		for _, l := range taxonomyLanguages {
			if strings.TrimSpace(c.Name[l]) == "" {
				return nil, fail(path, "concern %q: name has no %q", c.ID, l)
			}
		}
		ids[c.ID], frameworks[c.Framework] = true, c.ID
		tax.concerns = append(tax.concerns, barometer.Concern{
			ID: c.ID, Name: c.Name, Framework: c.Framework, Group: c.Group, Severity: c.Severity, Route: c.Route,
		})
		for _, part := range []struct {
			key   string
			terms map[string][]string
			kind  termKind
		}{{"terms", c.Terms, termStrong}, {"hints", c.Hints, termHint}, {"excludes", c.Excludes, termExclude}} {
			for _, code := range slices.Sorted(maps.Keys(part.terms)) { // in one order: reasons depend on it
				terms := part.terms[code]
				lang := languageOf(code)
				if lang == langOther && code != "any" {
					return nil, fail(path+"."+part.key, "concern %q: language %q: want one of %s, any", c.ID, code, strings.Join(languageCodes[1:], ", "))
				}
				for j, term := range terms {
					ps, err := parseTerm(lang, term, int32(len(tax.terms)))
					if err != nil {
						return nil, fail(fmt.Sprintf("%s.%s.%s[%d]", path, part.key, code, j), "concern %q: term %q: %v", c.ID, term, err)
					}
					if key := mix(ps[0].key(), uint64(i)); seen[key] != "" {
						return nil, fail(fmt.Sprintf("%s.%s.%s[%d]", path, part.key, code, j), "concern %q: term %q is there twice", c.ID, term)
					} else {
						seen[key] = term
					}
					tax.phrases = append(tax.phrases, ps...)
					tax.terms = append(tax.terms, taxonomyTerm{concern: i, kind: part.kind, text: term})
				}
			}
		}
	}
	return tax, nil
}

// decodeTaxonomy reads the YAML. The library panics on some malformed tags; to who wrote the file that is a mistake like
// any other.
func decodeTaxonomy(src []byte) (tf taxonomyFile, file *ast.File, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("not YAML that can be read: %v", p)
		}
	}()
	if file, err = parser.ParseBytes(src, 0); err != nil {
		return tf, nil, fmt.Errorf("parse: %w", err)
	}
	if err = yaml.UnmarshalWithOptions(src, &tf, yaml.Strict()); err != nil {
		return tf, nil, fmt.Errorf("decode: %w", err)
	}
	return tf, file, nil
}

// lineOf returns the line of the node at a path, or of the closest one above it that exists.
func lineOf(file *ast.File, path string) int {
	for path != "" {
		if p, err := yaml.PathString(path); err == nil {
			if node, err := p.FilterFile(file); err == nil && node != nil {
				return node.GetToken().Position.Line
			}
		}
		cut := strings.LastIndexAny(path, ".[")
		if cut < 0 {
			break
		}
		path = path[:cut]
	}
	return 1
}
