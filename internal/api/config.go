package api

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"barometer/internal/barometer"
)

// DefaultListen is where the server listens when the configuration does not say.
const DefaultListen = "127.0.0.1:8080"

// The roles of a key.
const (
	RoleReader   = "reader"   // reads the organisations it names
	RoleAnalyst  = "analyst"  // gives verdicts and corrections too
	RoleOperator = "operator" // gives them, and reads metrics, which tell of all organisations
)

// Config of the HTTP interface. The zero value serves this machine alone, without keys. Other machines are served in
// plain HTTP with keys: put a proxy that speaks TLS in front, and name its host in Hosts.
type Config struct {
	Listen      string        `yaml:"listen"`       // host:port; "" is 127.0.0.1:8080
	Hosts       []string      `yaml:"hosts"`        // names this server is called by, besides those of the loopback
	Keys        []Key         `yaml:"keys"`         // who may ask; none is allowed on the loopback only
	CacheFor    time.Duration `yaml:"cache_for"`    // how old an answer may be; 0 is 1 s, negative is no cache
	LiveClients int           `yaml:"live_clients"` // open live streams at once; 0 is 200
}

// Key lets its holder read some organisations. Only the hash of the key is configured, so the file holds no secret.
type Key struct {
	Name          string   `yaml:"name"`          // shown in logs and metrics of use
	SHA256        string   `yaml:"sha256"`        // 64 hexadecimal digits: HashKey of at least 20 random characters
	Organisations []string `yaml:"organisations"` // ids, or "*" for all
	Role          string   `yaml:"role"`          // reader, analyst or operator; "" is reader
}

// HashKey returns what the configuration holds of a key. One round of SHA-256 suffices because keys are random, not
// chosen: there is no dictionary to try.
func HashKey(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}

// Validate reports the first mistake, in words that say what to do. It refuses to serve other machines without keys.
func (c Config) Validate() error {
	host, _, err := net.SplitHostPort(c.Addr())
	if err != nil {
		return barometer.Errorf(barometer.Invalid, "listen %q: want host:port such as %s", c.Listen, DefaultListen)
	}
	if len(c.Keys) == 0 && !loopback(host) {
		return barometer.Errorf(barometer.Invalid,
			"listen %q can be reached by other machines: configure at least one key, or listen on 127.0.0.1", c.Listen)
	}
	names, hashes := map[string]bool{}, map[string]bool{}
	for i, k := range c.Keys {
		if err := k.validate(); err != nil {
			return fmt.Errorf("keys[%d]: %w", i, err)
		}
		if hash := strings.ToLower(k.SHA256); names[k.Name] || hashes[hash] {
			return barometer.Errorf(barometer.Invalid, "keys[%d]: name or hash of %q is taken by an earlier key", i, k.Name)
		}
		names[k.Name], hashes[strings.ToLower(k.SHA256)] = true, true
	}
	for i, h := range c.Hosts {
		if h == "" || strings.ContainsAny(h, "/: \t") {
			return barometer.Errorf(barometer.Invalid, "hosts[%d] %q: want a host name without scheme and port", i, h)
		}
	}
	if c.CacheFor > time.Minute {
		return barometer.Errorf(barometer.Invalid, "cache_for %v: a deleted post must not be shown for longer than 1m", c.CacheFor)
	}
	if c.LiveClients < 0 {
		return barometer.Errorf(barometer.Invalid, "live_clients %d: want 0 or more", c.LiveClients)
	}
	return nil
}

func (k Key) validate() error {
	switch raw, err := hex.DecodeString(k.SHA256); {
	case k.Name == "":
		return barometer.Errorf(barometer.Invalid, "a key needs a name")
	case err != nil || len(raw) != sha256.Size:
		return barometer.Errorf(barometer.Invalid, "sha256 of %q: want 64 hexadecimal digits", k.Name)
	case len(k.Organisations) == 0:
		return barometer.Errorf(barometer.Invalid, "organisations of %q: name at least one, or \"*\" for all", k.Name)
	case k.Role != "" && k.Role != RoleReader && k.Role != RoleAnalyst && k.Role != RoleOperator:
		return barometer.Errorf(barometer.Invalid, "role %q of %q: want %s, %s or %s", k.Role, k.Name, RoleReader, RoleAnalyst, RoleOperator)
	}
	return nil
}

// Addr is the address to listen on.
func (c Config) Addr() string {
	if c.Listen == "" {
		return DefaultListen
	}
	return c.Listen
}

func (c Config) cacheFor() time.Duration {
	if c.CacheFor == 0 {
		return time.Second
	}
	return max(c.CacheFor, 0)
}

func (c Config) liveClients() int {
	if c.LiveClients == 0 {
		return 200
	}
	return c.LiveClients
}

// loopback reports whether host names this machine alone. An empty host is every interface.
func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}
