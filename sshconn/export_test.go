package sshconn

import (
	"context"
	"io"
	"net"
)

// WithRekeyThreshold returns o with new keys after that many bytes.
func WithRekeyThreshold(o Options, bytes uint64) Options {
	o.rekeyThreshold = bytes
	return o
}

// WithHook returns o with a function that each goroutine of the connection calls.
func WithHook(o Options, at func(place string)) Options {
	o.at = at
	return o
}

// ProbeWith is Probe with a dialer of the test's.
func ProbeWith(ctx context.Context, addr string, dial func(context.Context, string, string) (net.Conn, error)) ProbeResult {
	return probe(ctx, addr, dial)
}

var (
	OrderCiphers = orderCiphers
	EncodeModes  = encodeModes
	Algorithms   = algorithms
)

// ScanIdent feeds what a server says, in pieces of that size, to the reader of
// identifications.
func ScanIdent(text []byte, piece int) (ident, said string, settled bool) {
	var scan identScanner
	for len(text) > 0 && !settled {
		n := min(piece, len(text))
		settled = scan.feed(text[:n])
		text = text[n:]
	}
	return scan.ident, scan.said(), settled
}

// FindHostKeys returns the kinds of keys that a known_hosts text has for name.
func FindHostKeys(text []byte, name string) (plain, revoked, authorities []KnownKey, warnings []string) {
	found := findHostKeys(text, "known_hosts", name)
	return found.plain, found.revoked, found.authorities, found.warnings
}

// WithoutHost is one line of known_hosts without name.
func WithoutHost(raw []byte, name string) ([]byte, bool) { return withoutHost(raw, name) }

// MatchWildcards matches as OpenSSH does.
func MatchWildcards(pattern, s string) bool { return matchWildcards(pattern, s) }

// ReadAhead reads all of r through an inbox, size bytes at a time.
func ReadAhead(r io.Reader, size int, atEase bool) ([]byte, error) {
	var b inbox
	var all []byte
	for p := make([]byte, size); ; {
		if n := b.take(p); n > 0 {
			all = append(all, p[:n]...)
			continue
		}
		if arrived, err := b.fill(r, size, atEase); len(arrived) == 0 {
			if err == io.EOF {
				err = nil
			}
			return all, err
		}
	}
}

var (
	AddressLines = addressLines
	Holders      = holders
)

func Marked(text []byte, path, name string, names []string) (revoked, authorities []KnownKey, warnings []string) {
	found := marked(text, path, name, names)
	return found.revoked, found.authorities, found.warnings
}
