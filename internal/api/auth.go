package api

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net"
	"net/http"
	"slices"
	"strings"

	"barometer/internal/barometer"
)

// principal is who asks, and what they may see.
type principal struct {
	name          string
	organisations []string // ids; nil is all
	operator      bool
	judges        bool // may give verdicts and corrections
}

// local is who asks when no keys are configured: somebody on this machine.
var local = &principal{name: "local", operator: true, judges: true}

func (p *principal) sees(organisation string) bool {
	return p.organisations == nil || slices.Contains(p.organisations, organisation)
}

type principalKey struct{}

func withPrincipal(ctx context.Context, p *principal) context.Context {
	return context.WithValue(ctx, principalKey{}, p)
}

// principalOf returns who asks. A context without one is a mistake of ours and sees nothing.
func principalOf(ctx context.Context) *principal {
	if p, ok := ctx.Value(principalKey{}).(*principal); ok {
		return p
	}
	return &principal{name: "nobody", organisations: []string{}}
}

// keyring knows the configured keys by hash.
type keyring []struct {
	hash [sha256.Size]byte
	who  *principal
}

func newKeyring(keys []Key) keyring {
	ring := make(keyring, len(keys))
	for i, k := range keys {
		raw, _ := hex.DecodeString(k.SHA256) // Validate has seen it
		copy(ring[i].hash[:], raw)
		who := &principal{name: k.Name, operator: k.Role == RoleOperator, judges: k.Role == RoleOperator || k.Role == RoleAnalyst}
		if !slices.Contains(k.Organisations, "*") {
			who.organisations = slices.Clone(k.Organisations)
		}
		ring[i].who = who
	}
	return ring
}

// authenticate returns who asks, or nil. A key comes as a bearer token, or as the password of basic authentication so
// that a browser can ask for it. Every key is compared, each in constant time.
func (ring keyring) authenticate(r *http.Request) *principal {
	if len(ring) == 0 {
		return local
	}
	key, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		if _, key, ok = r.BasicAuth(); !ok {
			return nil
		}
	}
	sum := sha256.Sum256([]byte(key))
	var who *principal
	for i := range ring {
		if subtle.ConstantTimeCompare(sum[:], ring[i].hash[:]) == 1 {
			who = ring[i].who
		}
	}
	return who
}

// hostAllowed stops DNS rebinding: a foreign page that points its own name at the loopback sends that name as Host.
// With keys and no configured names every name will do, since the page has no key to send.
func (s *Server) hostAllowed(r *http.Request) bool {
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.Trim(host, "[]")
	if loopback(host) {
		return true
	}
	if len(s.cfg.Hosts) == 0 {
		return len(s.keys) > 0
	}
	return slices.ContainsFunc(s.cfg.Hosts, func(h string) bool { return strings.EqualFold(h, host) })
}

// organisation returns the organisation if the caller may see it. One that is hidden and one that does not exist give
// the same answer.
func (s *Server) organisation(ctx context.Context, id string) (barometer.Organisation, error) {
	if principalOf(ctx).sees(id) {
		for _, o := range s.deps.Organisations() {
			if o.ID == id {
				return o, nil
			}
		}
	}
	return barometer.Organisation{}, barometer.Errorf(barometer.NotFound, "there is no organisation %q that you may see", id)
}

// organisations returns those the caller may see, in the order of the configuration.
func (s *Server) organisations(ctx context.Context) []barometer.Organisation {
	who := principalOf(ctx)
	seen := []barometer.Organisation{}
	for _, o := range s.deps.Organisations() {
		if who.sees(o.ID) {
			seen = append(seen, o)
		}
	}
	return seen
}
