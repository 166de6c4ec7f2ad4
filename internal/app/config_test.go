package app

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"barometer/internal/barometer"
)

var update = flag.Bool("update", false, "write the expected files anew")

func TestShippedConfigurationsBuild(t *testing.T) {
	files, err := filepath.Glob("../../deploy/examples/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	for _, file := range append(files, "../../deploy/barometer.yaml") {
		c, err := LoadConfig(file)
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		if err := check(c); err != nil {
			t.Errorf("%s: %v", file, err)
		}
		if len(c.Organisations) == 0 {
			t.Errorf("%s names no organisation", file)
		}
	}
}

func TestConfigSchemaIsCurrent(t *testing.T) {
	const path = "../../schemas/config.json"
	want, err := ConfigSchema()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil || string(got) != string(want) {
		t.Errorf("%s differs from the types (%v): run make schemas", path, err)
	}
}

// load writes a configuration and loads it.
func load(t *testing.T, text string) (*Config, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "barometer.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return LoadConfig(path)
}

func TestConfigurationMistakesSayWhatWhereAndWhatToDo(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"misspelt key", "organisations:\n  - id: a\n    name: A\n    qurey: hospital\n", []string{"barometer.yaml:4:5", `"qurey"`, `did you mean "query"`}},
		{"misspelt top key", "organizations: []\n", []string{":1:1", "organisations"}},
		{"bad query", "organisations:\n  - {id: a, name: A, query: 'ward AND ('}\n", []string{"organisations[0] a", "column"}},
		{"id twice", "organisations:\n  - {id: a, name: A, query: ward}\n  - {id: a, name: B, query: ward}\n", []string{"organisations[1] a", "twice"}},
		{"bad id", "organisations:\n  - {id: 'A b', name: A}\n", []string{"want 1 to 64 of a-z"}},
		{"time zone", "organisations:\n  - {id: a, name: A, query: ward, time_zone: Mars/Olympus}\n", []string{"Mars/Olympus", "Europe/London"}},
		{"unknown kind", "sources:\n  - {id: s, kind: fed, url: 'https://a.example/'}\n", []string{"fed", "feed"}},
		{"secret in the file", "nats:\n  url: nats://n:4222\n  password: hunter2hunter2\n", []string{"env:NAME", "file:"}},
		{"open API without keys", "api:\n  listen: 0.0.0.0:8080\n", []string{"api", "key"}},
		{"not YAML", "organisations: [\n", []string{"barometer.yaml:"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := load(t, c.text)
			if err == nil {
				t.Fatal("accepted")
			}
			for _, w := range c.want {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("%q does not say %q", err, w)
				}
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the message repeats the secret: %v", err)
			}
		})
	}
}

func TestWatchingAPersonNeedsAnApprovalThatIsStillValid(t *testing.T) {
	const person = `organisations:
  - id: a
    name: A
    query: '"Jane Smith"'
`
	with := func(expires string) string {
		return person + "    exception: {purpose: threats, approved_by: Head of Information Governance, expires: " + expires + "}\n"
	}
	if _, err := load(t, person); barometer.KindOf(err) != barometer.Refused {
		t.Errorf("without an exception: %v", err)
	}
	if _, err := load(t, with("2020-01-01T00:00:00Z")); barometer.KindOf(err) != barometer.Refused || !strings.Contains(err.Error(), "expired on 2020-01-01") {
		t.Errorf("with an expired exception: %v", err)
	}
	if _, err := load(t, with(time.Now().AddDate(0, 1, 0).UTC().Format(time.RFC3339))); err != nil {
		t.Errorf("with a valid exception: %v", err)
	}
}
