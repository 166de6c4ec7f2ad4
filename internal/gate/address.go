package gate

import (
	"net/url"
	"slices"
	"strings"

	"barometer/internal/privacy"
)

// addresses brings web addresses into one form and takes identifiers out of them.
type addresses struct {
	redactor *privacy.Redactor
	author   author
}

// gone replaces a part of a path that named somebody.
const gone = "redacted"

// tracking are parameters that say how a reader came, and sessions and secrets that say who the reader is.
var tracking = map[string]bool{
	"fbclid": true, "gclid": true, "gclsrc": true, "dclid": true, "gbraid": true, "wbraid": true, "msclkid": true, "yclid": true,
	"twclid": true, "ttclid": true, "igshid": true, "igsh": true, "mc_cid": true, "mc_eid": true, "_ga": true, "_gl": true,
	"_hsenc": true, "_hsmi": true, "mkt_tok": true, "vero_id": true, "spm": true, "ref_src": true, "ref_url": true, "cmpid": true,
	"ocid": true, "icid": true, "wt_mc": true, "smid": true, "li_fat_id": true, "epik": true, "srsltid": true, "ncid": true,
	"phpsessid": true, "jsessionid": true, "sessionid": true, "session_id": true, "session": true, "sid": true, "cfid": true,
	"cftoken": true, "token": true, "access_token": true, "auth": true, "api_key": true, "apikey": true, "password": true,
	"signature": true, "amp": true, "outputtype": true,
}

var trackingPrefixes = []string{"utm_", "at_", "ns_", "pk_", "mtm_", "hsa_", "oly_", "wt_", "aspsessionid", "stm_", "itm_"}

func tracks(name string) bool {
	name = strings.ToLower(name)
	return tracking[name] || slices.ContainsFunc(trackingPrefixes, func(p string) bool { return strings.HasPrefix(name, p) })
}

// canonical returns the address of a post in the form in which equal posts have equal addresses, and its site. What is
// no web address gives "".
func (a addresses) canonical(raw string) (address, site string) {
	if len(raw) > maxURL {
		return "", ""
	}
	u, err := url.Parse(strings.TrimSpace(clean(raw)))
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return "", ""
	}
	u = original(u)
	u.User, u.Fragment, u.RawFragment = nil, "", ""
	if u.Host = host(u); u.Hostname() == "" {
		return "", ""
	}
	site = unifySite(u.Hostname())
	if safe := a.site(site); safe != site {
		return "", safe
	}
	platformForm(u, site)
	u.Path, u.RawPath = a.path(u.Path), ""
	u.RawQuery, u.ForceQuery = a.query(u.RawQuery), false
	return u.String(), site
}

// host is the host in lower case without the scheme's own port.
func host(u *url.URL) string {
	h := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	if strings.Contains(h, ":") {
		h = "[" + h + "]"
	}
	if port := u.Port(); port != "" && !(u.Scheme == "http" && port == "80") && !(u.Scheme == "https" && port == "443") {
		h += ":" + port
	}
	return h
}

// original unwraps the caches of accelerated pages, whose addresses hold the publisher's.
func original(u *url.URL) *url.URL {
	h := strings.ToLower(u.Hostname())
	rest := ""
	switch {
	case strings.HasSuffix(h, ".cdn.ampproject.org"):
		_, rest, _ = strings.Cut(strings.TrimPrefix(u.Path, "/"), "/")
	case h == "www.google.com" && strings.HasPrefix(u.Path, "/amp/"):
		rest = strings.TrimPrefix(u.Path, "/amp/")
	default:
		return u
	}
	scheme := "http"
	if secure, ok := strings.CutPrefix(rest, "s/"); ok {
		scheme, rest = "https", secure
	}
	inner, err := url.Parse(scheme + "://" + rest)
	if err != nil || !strings.Contains(inner.Hostname(), ".") {
		return u
	}
	inner.RawQuery = u.RawQuery
	return inner
}

// unifySite gives a site its one name: lower case, no "www.", one name for a platform with two.
func unifySite(s string) string {
	s = strings.TrimPrefix(strings.TrimSuffix(strings.ToLower(strings.TrimSpace(s)), "."), "www.")
	switch s {
	case "twitter.com", "mobile.twitter.com", "m.twitter.com", "mobile.x.com":
		return "x.com"
	case "youtu.be", "m.youtube.com":
		return "youtube.com"
	case "m.facebook.com":
		return "facebook.com"
	}
	return s
}

// site leaves out the label of a host that is the author's own name: jane.example.org.
func (a addresses) site(s string) string {
	if label, rest, ok := strings.Cut(s, "."); ok && a.author.handle != "" && strings.Contains(rest, ".") &&
		(label == a.author.handle || s == a.author.handle) {
		return rest
	}
	return s
}

// platformForm knows the addresses that are the same for everybody and name nobody.
func platformForm(u *url.URL, site string) {
	parts := strings.Split(strings.Trim(u.Path, "/"), "/")
	switch site {
	case "x.com":
		u.Scheme, u.Host = "https", "x.com"
		if i := slices.Index(parts, "status"); i > 0 && i+1 < len(parts) {
			u.Path = "/i/status/" + parts[i+1]
		} else if parts[0] != "" && parts[0] != "i" && parts[0] != "hashtag" && parts[0] != "search" {
			u.Path = "/" + gone
		}
		u.RawQuery = ""
	case "youtube.com":
		if u.Host == "youtu.be" && parts[0] != "" {
			u.RawQuery, u.Path = url.Values{"v": {parts[0]}}.Encode(), "/watch"
		}
		u.Scheme, u.Host = "https", "www.youtube.com"
		if v := u.Query().Get("v"); u.Path == "/watch" && v != "" {
			u.RawQuery = url.Values{"v": {v}}.Encode()
		}
	case "facebook.com":
		u.Scheme, u.Host = "https", "www.facebook.com"
	}
}

// path removes sessions, the mark of accelerated pages, and what names somebody.
func (a addresses) path(p string) string {
	if i := strings.IndexByte(p, ';'); i >= 0 && strings.HasPrefix(strings.ToLower(p[i:]), ";jsessionid=") {
		p = p[:i]
	}
	for _, mark := range []string{"/amp", "/amp/"} {
		if rest, ok := strings.CutSuffix(p, mark); ok && rest != "" {
			p = rest
		}
	}
	if p == "/" || p == "" {
		return ""
	}
	plain := unescaped(p)
	found := a.found(plain)
	if len(found) == 0 {
		return p
	}
	if plain != p { // positions are those of the decoded path
		p = plain
	}
	var b strings.Builder
	at := 0
	for part := range strings.SplitAfterSeq(p, "/") {
		end := at + len(part)
		if slices.ContainsFunc(found, func(f privacy.Finding) bool { return f.Start < end && at < f.End }) && part != "/" {
			b.WriteString(gone)
			if strings.HasSuffix(part, "/") {
				b.WriteByte('/')
			}
		} else {
			b.WriteString(part)
		}
		at = end
	}
	return b.String()
}

// found looks for identifiers in a part of an address as it is, and with the separators of addresses as spaces.
func (a addresses) found(s string) []privacy.Finding {
	found := a.redactor.Find(s)
	spaced := strings.Map(func(r rune) rune {
		switch r {
		case '-', '_', '+', '/', '=', '&':
			return ' '
		}
		return r
	}, s)
	found = append(found, a.redactor.Find(spaced)...)
	found = append(found, a.author.in(spaced)...)
	return append(found, a.author.in(s)...)
}

// query sorts the parameters and leaves out those that track, and those that hold an identifier.
func (a addresses) query(raw string) string {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return "" // what cannot be read cannot be shown to be clean
	}
	for name, list := range values {
		if tracks(name) {
			delete(values, name)
			continue
		}
		for _, v := range list {
			if len(a.found(unescaped(name)+" "+unescaped(v))) > 0 || len(a.found(unescaped(v))) > 0 {
				delete(values, name)
				break
			}
		}
	}
	return values.Encode() // sorted by name
}

// unescaped undoes what was escaped twice; no address hides an identifier behind another layer.
func unescaped(s string) string {
	for range 3 {
		d, err := url.PathUnescape(s)
		if err != nil || d == s {
			break
		}
		s = d
	}
	return clean(s)
}
