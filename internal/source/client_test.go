package source

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"barometer/internal/barometer"
	"barometer/internal/service"
)

func TestPublicAddresses(t *testing.T) {
	for _, s := range []string{
		"127.0.0.1", "127.8.8.8", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "100.64.0.1", "100.100.100.200",
		"0.0.0.0", "0.1.2.3", "192.0.0.192", "192.0.2.1", "198.18.0.1", "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.255.255.255", "240.0.0.1",
		"255.255.255.255", "168.63.129.16", "192.88.99.1", "::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::a00:1",
		"64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1", "2002:7f00:1::", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "3fff::1", "5f00::1",
	} {
		if public(netip.MustParseAddr(s)) {
			t.Errorf("%s counts as public", s)
		}
	}
	for _, s := range []string{"1.1.1.1", "93.184.216.34", "100.63.255.255", "100.128.0.1", "172.32.0.1", "2606:4700::1111", "::ffff:1.1.1.1", "2a00:1450::1"} {
		if !public(netip.MustParseAddr(s)) {
			t.Errorf("%s counts as private", s)
		}
	}
}

func TestAllowPrivate(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok")) }))
	defer s.Close()
	hostport := strings.TrimPrefix(s.URL, "http://")
	_, port, _ := strings.Cut(hostport, ":")
	byName := "http://localhost:" + port
	for _, c := range []struct {
		allow string
		url   string
		ok    bool
	}{
		{"", s.URL, false}, {"", byName, false}, {hostport, s.URL, true}, {"127.0.0.0/8", s.URL, true}, {"127.0.0.1:1", s.URL, false},
		{"localhost:" + port, byName, true}, {"localhost:1", byName, false}, {"10.0.0.0/8", s.URL, false},
	} {
		var allow []string
		if c.allow != "" {
			allow = []string{c.allow}
		}
		_, err := local(t, ClientConfig{Timeout: time.Second}, allow...).Get(t.Context(), Request{URL: c.url})
		if (err == nil) != c.ok {
			t.Errorf("allow %q, get %s: %v", c.allow, c.url, err)
		}
		if !c.ok && (barometer.KindOf(err) != barometer.Refused || !strings.Contains(err.Error(), "allow_private")) {
			t.Errorf("allow %q: %v", c.allow, err)
		}
	}
	for _, bad := range []string{"localhost", "10.0.0.0/99", "*:80", "http://x", ":80"} {
		if _, err := NewClient(ClientConfig{AllowPrivate: []string{bad}}); barometer.KindOf(err) != barometer.Invalid {
			t.Errorf("allow_private %q: %v", bad, err)
		}
	}
}

func TestClientIgnoresProxyFromTheEnvironment(t *testing.T) {
	asked := atomic.Bool{}
	proxy := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Store(true) }))
	defer proxy.Close()
	t.Setenv("HTTP_PROXY", proxy.URL)
	at, client := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("direct")) })
	if r, err := client.Get(t.Context(), Request{URL: at}); err != nil || string(r.Body) != "direct" || asked.Load() {
		t.Errorf("%v, proxy asked: %v", err, asked.Load())
	}
}

func TestClientUsesAConfiguredProxy(t *testing.T) {
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte("for " + r.URL.String()))
	}))
	defer proxy.Close()
	client := local(t, ClientConfig{Proxy: proxy.URL, Timeout: 5 * time.Second})
	r, err := client.Get(t.Context(), Request{URL: "http://news.example/feed"})
	if err != nil || string(r.Body) != "for http://news.example/feed" {
		t.Errorf("%v, %v", r, err)
	}
}

func TestClientSaysWhoItIsAndKeepsSecrets(t *testing.T) {
	var agent, key atomic.Value
	other, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		key.Store(r.Header.Get("X-Key"))
		_, _ = w.Write([]byte("there"))
	})
	at, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/robots.txt" {
			http.NotFound(w, r)
			return
		}
		agent.Store(r.UserAgent())
		if r.Header.Get("X-Key") != "swordfish" {
			t.Errorf("key %q", r.Header.Get("X-Key"))
		}
		http.Redirect(w, r, other, http.StatusFound)
	})
	client := local(t, ClientConfig{Contact: "mailto:feeds@example.org"}, strings.TrimPrefix(at, "http://"), strings.TrimPrefix(other, "http://"))
	_, err := client.Get(t.Context(), Request{URL: at, Headers: map[string]service.Secret{"X-Key": service.NewSecret("swordfish")}})
	if err != nil {
		t.Fatal(err)
	}
	if agent.Load() != "IssueBarometer/1 (listens to public feeds; +mailto:feeds@example.org)" || key.Load() != "" {
		t.Errorf("agent %q, key at the other host %q", agent.Load(), key.Load())
	}
	_, err = client.Get(t.Context(), Request{URL: "http://name.invalid/feed?key=swordfish"})
	if err == nil || strings.Contains(err.Error(), "swordfish") {
		t.Errorf("error %v", err)
	}
}

func TestRobots(t *testing.T) {
	for name, c := range map[string]struct {
		robots string
		status int
		ok     bool
	}{
		"none":             {"", 404, true},
		"for all":          {"User-agent: *\nDisallow: /", 200, true},
		"for us":           {"User-agent: IssueBarometer\nDisallow: /", 200, false},
		"for us elsewhere": {"User-agent: issuebarometer\nDisallow: /private/", 200, true},
		"broken":           {"Disallow", 200, true},
		"error":            {"", 500, true},
	} {
		var asked atomic.Int32
		at, client := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/robots.txt" {
				asked.Add(1)
				w.WriteHeader(c.status)
				_, _ = w.Write([]byte(c.robots))
				return
			}
			_, _ = w.Write([]byte("feed"))
		})
		for range 3 {
			_, err := client.Get(t.Context(), Request{URL: at + "/feed"})
			if (err == nil) != c.ok {
				t.Errorf("%s: %v", name, err)
			}
		}
		if asked.Load() != 1 {
			t.Errorf("%s: robots.txt was fetched %d times", name, asked.Load())
		}
	}
}

func TestHostsWaitTheirTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHosts(time.Second)
		begin := time.Now()
		for range 4 {
			release, err := h.acquire(t.Context(), "a", time.Second)
			if err != nil {
				t.Fatal(err)
			}
			release()
		}
		if d := time.Since(begin); d != 3*time.Second {
			t.Errorf("4 requests took %s, want 3 pauses of 1 s", d)
		}
		h.hold("a", time.Hour)
		if _, err := h.acquire(t.Context(), "a", 0); barometer.KindOf(err) != barometer.Exhausted || retryAfter(err) != time.Hour {
			t.Errorf("held host: %v", err)
		}
		if _, err := h.acquire(t.Context(), "b", 0); err != nil {
			t.Errorf("another host: %v", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := h.acquire(ctx, "b", 0); err == nil { // taken and not released
			t.Error("two requests to one host at once")
		}
		time.Sleep(time.Hour)
		if _, err := h.acquire(t.Context(), "a", 0); err != nil {
			t.Errorf("after the hold: %v", err)
		}
	})
}

func TestClientConfigMistakes(t *testing.T) {
	for _, c := range []ClientConfig{{Timeout: -1}, {Contact: "x)\r\n"}, {Proxy: "socks://x"}, {AllowPrivate: []string{"nowhere"}}} {
		if err := c.Validate(); barometer.KindOf(err) != barometer.Invalid {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
