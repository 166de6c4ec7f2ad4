package gate

import (
	"testing"

	"barometer/internal/privacy"
)

func testAddresses(t testing.TB) addresses {
	t.Helper()
	r, err := privacy.NewRedactor(privacy.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return addresses{redactor: r, author: author{handle: "janedoe", name: "jane doe"}}
}

func TestCanonicalAddress(t *testing.T) {
	a := testAddresses(t)
	for _, c := range []struct{ in, want, site string }{
		{"HTTPS://WWW.Example.ORG:443/News/A?b=2&a=1#top", "https://www.example.org/News/A?a=1&b=2", "example.org"},
		{"http://example.org:80/", "http://example.org", "example.org"},
		{"http://example.org:8080/x", "http://example.org:8080/x", "example.org"},
		{"https://example.org/a?utm_source=x&fbclid=1&id=7&PHPSESSID=abc", "https://example.org/a?id=7", "example.org"},
		{"https://example.org/a;jsessionid=12AB?x=1", "https://example.org/a?x=1", "example.org"},
		{"https://example.org/story/amp/?outputType=amp", "https://example.org/story", "example.org"},
		{"https://example-org.cdn.ampproject.org/c/s/example.org/story", "https://example.org/story", "example.org"},
		{"https://www.google.com/amp/s/example.org/story/amp", "https://example.org/story", "example.org"},
		{"https://twitter.com/jane/status/123?s=20&t=abc", "https://x.com/i/status/123", "x.com"},
		{"http://mobile.twitter.com/jane/status/123/photo/1", "https://x.com/i/status/123", "x.com"},
		{"https://x.com/jane", "https://x.com/redacted", "x.com"},
		{"https://youtu.be/AbC_1?si=zz", "https://www.youtube.com/watch?v=AbC_1", "youtube.com"},
		{"https://social.example/@jane/1234", "https://social.example/redacted/1234", "social.example"},
		{"https://example.org/user/JaneDoe/posts/1", "https://example.org/user/redacted/posts/1", "example.org"},
		{"https://janedoe.example.org/post", "", "example.org"},
		{"https://example.org/nhs/999-123-4560/x", "https://example.org/nhs/redacted/x", "example.org"},
		{"https://example.org/?email=a%40example.org&p=2", "https://example.org?p=2", "example.org"},
		{"https://example.org/?q=a%2540example.org", "https://example.org", "example.org"},
		{"https://example.org/?tel=07700900123&a=b%zz", "https://example.org", "example.org"},
		{"https://user:pw@example.org/x", "https://example.org/x", "example.org"},
		{"https://example.org/2025/03/12/article-9434765918.html", "https://example.org/2025/03/12/article-9434765918.html", "example.org"},
		{"https://example.org/p%C3%A4iv%C3%A4", "https://example.org/p%C3%A4iv%C3%A4", "example.org"},
		{"http://[2001:db8::1]:80/x", "http://[2001:db8::1]/x", "2001:db8::1"}, // a server's address, not a person's
		{"javascript:alert(1)", "", ""},
		{"not an address", "", ""},
		{"", "", ""},
	} {
		got, site := a.canonical(c.in)
		if got != c.want || site != c.site {
			t.Errorf("%s\n got %q on %q\nwant %q on %q", c.in, got, site, c.want, c.site)
		}
	}
}

// FuzzCanonical: never panics, and what is canonical stays so.
func FuzzCanonical(f *testing.F) {
	for _, s := range []string{"https://example.org/a?b=1#c", "http://x.com/a/status/1", "https://.", "https://[::1]:443/%25%2e?=&;", "http://a/amp/amp/"} {
		f.Add(s)
	}
	a := testAddresses(f)
	f.Fuzz(func(t *testing.T, s string) {
		once, site := a.canonical(s)
		if once == "" {
			return
		}
		if twice, again := a.canonical(once); twice != once || again != site {
			t.Errorf("%q: %q on %q, then %q on %q", s, once, site, twice, again)
		}
	})
}
