package api

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"barometer/internal/barometer"
)

func TestKeys(t *testing.T) {
	s := newServer(t, Config{Listen: "0.0.0.0:80", Keys: []Key{
		{Name: "press office", SHA256: HashKey("first-long-random-key"), Organisations: []string{"kelo"}},
		{Name: "operations", SHA256: HashKey("other-long-random-key"), Organisations: []string{"*"}, Role: RoleOperator},
	}}, newMemory(fixedNow))
	first, other := "Bearer first-long-random-key", "Bearer other-long-random-key"
	for _, c := range []struct {
		path, key string
		status    int
	}{
		{"/v1/organisations", "", 401},
		{"/v1/organisations", "Bearer wrong", 401},
		{"/v1/organisations", first, 200},
		{"/v1/organisations/kelo/mentions", first, 200},
		{"/v1/organisations/marram/mentions", other, 200}, // and kept, which must not help the next
		{"/v1/organisations/marram/mentions", first, 404},
		{"/v1/organisations/marram/live", first, 404},
		{"/v1/organisations/marram/export", first, 404},
		{"/o/marram", first, 404},
		{"/o/kelo", first, 200},
		{"/o/kelo", "", 401},
		{"/metrics", first, 403},
		{"/metrics", other, 200},
		{"/metrics", "", 401},
		{"/healthz", "", 200},
		{"/readyz", "", 200},
		{"/openapi.json", first, 200},
	} {
		if w := ask(s, c.path, "Authorization", c.key); w.Code != c.status {
			t.Errorf("%s with %q: %d, want %d", c.path, c.key, w.Code, c.status)
		}
	}
	r := httptest.NewRequest(http.MethodGet, "/v1/organisations", nil)
	r.SetBasicAuth("anybody", "first-long-random-key")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	if got := decode[struct{ Organisations []barometer.Organisation }](t, w); len(got.Organisations) != 1 || got.Organisations[0].ID != "kelo" {
		t.Errorf("basic authentication sees %+v", got.Organisations)
	}
}

func TestEveryAnswerIsHeldToThePolicy(t *testing.T) {
	s := newServer(t, Config{}, newMemory(fixedNow))
	for _, path := range []string{"/", "/o/marram", "/v1/organisations", "/nothing", "/healthz", "/metrics", "/openapi.json", "/assets/none.css", "/v1/organisations/marram/export"} {
		h := ask(s, path, "Accept", "text/html").Header()
		for name, want := range map[string]string{
			"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
			"X-Content-Type-Options":  "nosniff",
			"Referrer-Policy":         "no-referrer",
		} {
			if got := h.Get(name); got != want {
				t.Errorf("%s: %s is %q", path, name, got)
			}
		}
		if h.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s may be read by other sites", path)
		}
	}
}

func TestForeignNamesAreRefusedOnTheLoopback(t *testing.T) {
	s := newServer(t, Config{Hosts: []string{"barometer.example"}}, newMemory(fixedNow))
	for host, status := range map[string]int{
		"localhost": 200, "localhost:8080": 200, "127.0.0.1:8080": 200, "[::1]:8080": 200, "BAROMETER.example": 200,
		"evil.example": 421, "evil.example:8080": 421, "127.0.0.1.evil.example": 421, "": 421, "10.0.0.1": 421,
	} {
		if w := ask(s, "/v1/organisations", "Host", host); w.Code != status {
			t.Errorf("Host %q: %d, want %d", host, w.Code, status)
		}
	}
}

func TestRunRefusesOtherMachinesWithoutKeys(t *testing.T) {
	s := newServer(t, Config{}, newMemory(fixedNow))
	l, err := net.Listen("tcp", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	if err := s.Run(t.Context(), l); barometer.KindOf(err) != barometer.Invalid {
		t.Errorf("run on %s: %v", l.Addr(), err)
	}
}

func TestConfigSaysWhatIsWrong(t *testing.T) {
	key := Key{Name: "a", SHA256: HashKey("x"), Organisations: []string{"*"}}
	for says, c := range map[string]Config{
		"configure at least one key": {Listen: "0.0.0.0:8080"},
		"by other machines":          {Listen: ":8080"},
		"want host:port":             {Listen: "8080"},
		"keys[0]: sha256":            {Keys: []Key{{Name: "a", SHA256: "abc", Organisations: []string{"*"}}}},
		"name at least one":          {Keys: []Key{{Name: "a", SHA256: key.SHA256}}},
		"needs a name":               {Keys: []Key{{SHA256: key.SHA256, Organisations: []string{"*"}}}},
		"want reader, analyst or":    {Keys: []Key{{Name: "a", SHA256: key.SHA256, Organisations: []string{"*"}, Role: "boss"}}},
		"keys[1]":                    {Keys: []Key{key, key}},
		"without scheme":             {Hosts: []string{"https://x.example"}},
		"cache_for":                  {CacheFor: time.Hour},
		"live_clients":               {LiveClients: -1},
	} {
		if err := c.Validate(); barometer.KindOf(err) != barometer.Invalid || !strings.Contains(err.Error(), says) {
			t.Errorf("want %q, got %v", says, err)
		}
	}
	for _, c := range []Config{{}, {Listen: "localhost:0"}, {Listen: "[::1]:80"}, {Listen: ":80", Keys: []Key{key}}} {
		if err := c.Validate(); err != nil {
			t.Error(err)
		}
	}
}
