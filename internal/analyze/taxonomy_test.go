package analyze

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"barometer/internal/barometer"
)

const smallTaxonomy = `concerns:
  - id: parking
    name: {en: Parking, de: Parken, fi: Pysäköinti}
    framework: Parking
    group: access
    severity: 1
    route: estates
    terms:
      en: [car park*, parking]
`

func TestTaxonomyFileReplacesTheShippedOne(t *testing.T) {
	path := filepath.Join(t.TempDir(), "concerns.yaml")
	if err := os.WriteFile(path, []byte(smallTaxonomy), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := New(Config{Concerns: path})
	if err != nil {
		t.Fatal(err)
	}
	cs := p.Concerns()
	if len(cs) != 1 || cs[0].ID != "parking" || cs[0].Route != "estates" || cs[0].Name["fi"] != "Pysäköinti" {
		t.Errorf("concerns: %+v", cs)
	}
	if p.Version() == newPipeline(t).Version() {
		t.Error("another taxonomy must be another version")
	}
	again, err := New(Config{Concerns: path})
	if err != nil || again.Version() != p.Version() {
		t.Errorf("the same taxonomy gave version %s and %s (%v)", p.Version(), again.Version(), err)
	}
}

func TestMistakesInTheTaxonomyAreNamedWithTheirLine(t *testing.T) {
	for _, c := range []struct{ name, from, to, line, says string }{
		{"misspelt key", "severity: 1", "severty: 1", "6", `unknown field "severty"`},
		{"bad id", "id: parking", "id: Car-Parks", "2", "want small letters"},
		{"severity", "severity: 1", "severity: 9", "6", "want 0 to 5"},
		{"no route", "    route: estates\n", "", "2", "group and route must be given"},
		{"missing name", ", fi: Pysäköinti", "", "2", `no "fi"`},
		{"language", "      en: [car", "      xx: [car", "9", `language "xx"`},
		{"open term", "car park*", "ca*", "9", "four letters"},
		{"twice", "car park*", "PARKING", "9", "is there twice"},
		{"not YAML", "name: {en", "name: {{en", "", ""},
		{"nothing", smallTaxonomy, "concerns: []", "1", "no concerns"},
	} {
		src := strings.Replace(smallTaxonomy, c.from, c.to, 1)
		_, err := parseTaxonomy("my.yaml", []byte(src))
		switch {
		case err == nil:
			t.Errorf("%s: taken", c.name)
		case barometer.KindOf(err) != barometer.Invalid:
			t.Errorf("%s: kind %v", c.name, barometer.KindOf(err))
		case !strings.Contains(err.Error(), "my.yaml") || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), c.line):
			t.Errorf("%s: %v, want line %s and %q", c.name, err, c.line, c.says)
		}
	}
	if err := (Config{Concerns: filepath.Join(t.TempDir(), "none.yaml")}).Validate(); barometer.KindOf(err) != barometer.Invalid {
		t.Errorf("missing file: %v", err)
	}
}

// TestShippedTaxonomySpeaksThreeLanguages checks that no language is an afterthought.
func TestShippedTaxonomySpeaksThreeLanguages(t *testing.T) {
	tax, err := Config{}.taxonomy()
	if err != nil {
		t.Fatal(err)
	}
	terms := map[language]map[int32]bool{}
	strong := map[int]map[language]bool{}
	for _, p := range tax.phrases {
		if terms[p.lang] == nil {
			terms[p.lang] = map[int32]bool{}
		}
		terms[p.lang][p.id] = true
		if term := tax.terms[p.id]; term.kind == termStrong {
			if strong[term.concern] == nil {
				strong[term.concern] = map[language]bool{}
			}
			strong[term.concern][p.lang] = true
		}
	}
	for i, c := range tax.concerns {
		for _, l := range []language{langEN, langDE, langFI} {
			if !strong[i][l] {
				t.Errorf("concern %q has no term in %s", c.ID, l)
			}
		}
	}
	t.Logf("%d concerns, %d terms in English, %d in German, %d in Finnish", len(tax.concerns), len(terms[langEN]), len(terms[langDE]), len(terms[langFI]))
}

func FuzzTaxonomy(f *testing.F) {
	f.Add(smallTaxonomy)
	f.Add(strings.Replace(smallTaxonomy, "car park*", "stem:park _ *platz \"*x*\"", 1))
	f.Fuzz(func(t *testing.T, src string) {
		tax, err := parseTaxonomy("f", []byte(src))
		if err != nil && barometer.KindOf(err) != barometer.Invalid {
			t.Errorf("kind %v: %v", barometer.KindOf(err), err)
		}
		if err == nil && (len(tax.concerns) == 0 || len(tax.terms) > len(tax.phrases)) {
			t.Errorf("%d concerns, %d terms, %d phrases", len(tax.concerns), len(tax.terms), len(tax.phrases))
		}
	})
}
