package source

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"syscall"
	"time"

	"barometer/internal/barometer"
)

// errForbidden marks an address that no source may lead us to.
var errForbidden = errors.New("not a public address")

// forbidden are the networks that the predicates of netip do not name. Those that translate to IPv4 are refused whole:
// they could carry any private address.
var forbidden = prefixes(
	"0.0.0.0/8",        // "this" network
	"100.64.0.0/10",    // carrier-grade NAT (RFC 6598)
	"168.63.129.16/32", // a cloud's host agent on a public address
	"192.0.0.0/24",     // protocol assignments, and a cloud's metadata
	"192.0.2.0/24",     // documentation
	"192.88.99.0/24",   // 6to4 relay
	"198.18.0.0/15",    // benchmarks
	"198.51.100.0/24",  // documentation
	"203.0.113.0/24",   // documentation
	"240.0.0.0/4",      // reserved, and broadcast
	"::/96",            // unspecified, loopback and IPv4-compatible
	"64:ff9b::/96",     // NAT64
	"64:ff9b:1::/48",   // NAT64, local
	"100::/64",         // discard
	"2001::/23",        // protocol assignments, Teredo
	"2001:db8::/32",    // documentation
	"2002::/16",        // 6to4
	"3fff::/20",        // documentation
	"5f00::/16",        // segment routing
	"fec0::/10",        // site-local, deprecated
)

func prefixes(list ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(list))
	for i, s := range list {
		out[i] = netip.MustParsePrefix(s)
	}
	return out
}

// public says whether a stranger may name this address to us.
func public(ip netip.Addr) bool {
	ip = ip.Unmap().WithZone("")
	if !ip.IsGlobalUnicast() || ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast() || ip.IsMulticast() {
		return false
	}
	for _, p := range forbidden {
		if p.Contains(ip) {
			return false
		}
	}
	return true
}

// guard decides at dial time which addresses may be reached, after every name is resolved and at every redirect, so
// neither a redirect nor a name that resolves differently the second time leads inside.
type guard struct {
	nets  []netip.Prefix
	addrs map[netip.AddrPort]bool
	names map[string]bool // "host:port" as written in a request
}

// newGuard reads the allow-list: CIDR networks, address:port and name:port.
func newGuard(allow []string) (*guard, error) {
	g := &guard{addrs: map[netip.AddrPort]bool{}, names: map[string]bool{}}
	for _, entry := range allow {
		if p, err := netip.ParsePrefix(entry); err == nil {
			g.nets = append(g.nets, p.Masked())
			continue
		}
		if ap, err := netip.ParseAddrPort(entry); err == nil {
			g.addrs[netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())] = true
			continue
		}
		host, port, err := net.SplitHostPort(entry)
		if n, bad := strconv.ParseUint(port, 10, 16); err != nil || bad != nil || n == 0 || host == "" || strings.ContainsAny(host, "*/ ") {
			return nil, barometer.Errorf(barometer.Invalid,
				"allow_private %q: want a network (10.0.0.0/8), an address with port (127.0.0.1:8090) or a name with port (localhost:8090)", entry)
		}
		g.names[strings.ToLower(entry)] = true
	}
	return g, nil
}

func (g *guard) allows(ap netip.AddrPort) bool {
	ip := ap.Addr().Unmap().WithZone("")
	if public(ip) || g.addrs[netip.AddrPortFrom(ip, ap.Port())] {
		return true
	}
	for _, p := range g.nets {
		if p.Contains(ip) {
			return true
		}
	}
	return false
}

// local says that the operator has allowed this host:port by hand.
func (g *guard) local(hostport string) bool {
	if g.names[strings.ToLower(hostport)] {
		return true
	}
	ap, err := netip.ParseAddrPort(hostport)
	return err == nil && !public(ap.Addr()) && g.allows(ap)
}

// dial connects to addr, which is a name or address with port as in the request.
func (g *guard) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	d := net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
	if !g.names[strings.ToLower(addr)] {
		d.ControlContext = func(_ context.Context, _, resolved string, _ syscall.RawConn) error {
			ap, err := netip.ParseAddrPort(resolved)
			if err != nil || !g.allows(ap) {
				return barometer.Errorf(barometer.Refused, "%s: %w (allow_private lists exceptions)", resolved, errForbidden)
			}
			return nil
		}
	}
	return d.DialContext(ctx, network, addr)
}
