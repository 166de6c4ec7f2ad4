package service

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"barometer/internal/barometer"
)

type Shared struct {
	Interval time.Duration `yaml:"interval"`
}

type sourceConfig struct {
	Shared `yaml:",inline"`
	Kind   string `yaml:"kind"`
	URL    string `yaml:"url"`
}

type testConfig struct {
	Log           LogConfig                `yaml:"log"`
	Organisations []barometer.Organisation `yaml:"-"`
	Sources       []sourceConfig           `yaml:"sources"`
	ByName        map[string]*sourceConfig `yaml:"by_name"`
	NATS          struct {
		URL      string `yaml:"url"`
		Password Secret `yaml:"password"`
	} `yaml:"nats"`
}

func TestConfigReadsOverDefaults(t *testing.T) {
	t.Setenv("TEST_NATS_PASSWORD", "p4ss")
	path := filepath.Join(t.TempDir(), "barometer.yaml")
	text := `
log: {level: warn}
sources:
  - kind: feed
    url: ${HOME}/x
    interval: 90s
by_name:
  any name: {kind: archive}
nats:
  password: env:TEST_NATS_PASSWORD
`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var c testConfig
	c.NATS.URL = "nats://default"
	if err := LoadConfig(path, &c); err != nil {
		t.Fatal(err)
	}
	if c.Log.Level != slog.LevelWarn || c.NATS.URL != "nats://default" || c.NATS.Password.Reveal() != "p4ss" {
		t.Errorf("got %+v", c)
	}
	if got := c.Sources[0]; got.Interval != 90*time.Second || got.URL != "${HOME}/x" {
		t.Errorf("source %+v: variables must not be expanded", got)
	}
	if c.ByName["any name"].Kind != "archive" {
		t.Errorf("map %+v", c.ByName)
	}
}

func TestConfigMistakesNamePlaceAndRemedy(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"typo", "nats:\n  pasword: env:X", `f.yaml:2:3: unknown setting "pasword" in nats: did you mean "password"?`},
		{"swapped letters at the top", "ntas: {}", `f.yaml:1:1: unknown setting "ntas" at the top: did you mean "nats"?`},
		{"in a list, through an inlined struct", "sources:\n- kind: feed\n  intervall: 3s", `f.yaml:3:3: unknown setting "intervall" in sources[0]: did you mean "interval"?`},
		{"in a map", "by_name:\n  a:\n    ulr: x", `f.yaml:3:5: unknown setting "ulr" in by_name.a: did you mean "url"?`},
		{"nothing near", "log:\n  zzzzzz: 1", `f.yaml:2:3: unknown setting "zzzzzz" in log: valid are format, level`},
		{"two at once", "a: 1\nurll: 2", "f.yaml:2:1: unknown setting"},
		{"through an anchor", "by_name:\n  a: &a {kind: x}\n  b: {<<: *a, knd: y}", `f.yaml:3:15: unknown setting "knd" in by_name.b`},
		{"given twice", "log:\n  format: text\n  format: json", "f.yaml:3:3: "},
		{"wrong type", "sources:\n- kind: feed\n  interval: [1]", "f.yaml:3:13: "},
		{"bad duration", "sources:\n- interval: soon", "f.yaml:2:13: sources[0].interval: time: invalid duration"},
		{"broken", "nats: {", "f.yaml:1:7: "},
		{"two documents", "log: {}\n---\nlog: {}\n", "f.yaml: has 2 documents"},
		{"open secret", "nats:\n  password: hunter2", "f.yaml:2:13: nats.password: secret: want env:NAME or file:/path"},
		{"missing variable", "nats:\n  password: env:NOT_SET_ANYWHERE", `environment variable "NOT_SET_ANYWHERE" is not set`},
	} {
		t.Run(test.name, func(t *testing.T) {
			var c testConfig
			err := ParseConfig("f.yaml", []byte(test.text), &c)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
			if barometer.KindOf(err) != barometer.Invalid {
				t.Errorf("kind %v", barometer.KindOf(err))
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the secret is in the message: %v", err)
			}
		})
	}
}

func TestEmptyConfigKeepsDefaults(t *testing.T) {
	c := testConfig{Log: LogConfig{Format: "json"}}
	for _, text := range []string{"", "# nothing but a comment\n", "---\n"} {
		if err := ParseConfig("f.yaml", []byte(text), &c); err != nil || c.Log.Format != "json" {
			t.Errorf("%q: %v, %+v", text, err, c)
		}
	}
	if err := LoadConfig(filepath.Join(t.TempDir(), "missing.yaml"), &c); barometer.KindOf(err) != barometer.Invalid {
		t.Errorf("missing file: %v", err)
	}
}

func TestSecretIsNeverPrinted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, []byte("hunter2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var s Secret
	if err := s.UnmarshalText([]byte("file:" + path)); err != nil || s.Reveal() != "hunter2" {
		t.Fatalf("%q, %v", s.Reveal(), err)
	}
	var log strings.Builder
	NewLogger(&log, LogConfig{}).Info("x", "secret", s, "inside", struct{ S Secret }{s})
	asJSON, err := json.Marshal(map[string]any{"s": s})
	if err != nil {
		t.Fatal(err)
	}
	shown := fmt.Sprintf("%v %s %+v %#v %q %s %s", s, s, struct{ S Secret }{s}, s, s, asJSON, log.String())
	if strings.Contains(shown, "hunter2") || strings.Count(shown, hidden) != 8 {
		t.Errorf("shown: %s", shown)
	}
}

func FuzzParseConfig(f *testing.F) {
	f.Add([]byte("nats: {url: x}\nsources: [{kind: feed, interval: 3s}]"))
	f.Add([]byte("by_name: &a\n  b: *a"))
	f.Add([]byte("? [a]\n: !!binary x"))
	f.Add([]byte("log: 3\nnats: [1, 2]"))
	f.Fuzz(func(t *testing.T, text []byte) {
		var c testConfig
		if err := ParseConfig("f.yaml", text, &c); err != nil && barometer.KindOf(err) != barometer.Invalid {
			t.Errorf("kind %v of %v", barometer.KindOf(err), err)
		}
	})
}
