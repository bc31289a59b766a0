package sshconn

import (
	"bytes"
	"fmt"
	"net"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/crypto/ssh"
)

// knownKeys is what podbay's own file says of the host, and what the user's own
// files decide: keys that are revoked, and authorities for the host.
func (o Options) knownKeys() (hostKeys, error) {
	known, err := o.HostKeys.lookup(o.HostKeyName)
	if err != nil {
		return known, err
	}
	for _, path := range o.UserHostKeys {
		text, err := readFile(path)
		if err != nil {
			known.warnings = append(known.warnings, cleaned(err).Error())
			continue
		}
		found := marked(text, path, o.HostKeyName, o.names())
		known.revoked = append(known.revoked, found.revoked...)
		known.authorities = append(known.authorities, found.authorities...)
		known.warnings = append(known.warnings, found.warnings...)
	}
	return known, nil
}

// names are those under which other programs may know the host: its name, and the
// address that is dialed.
func (o Options) names() []string {
	names := []string{o.HostKeyName}
	if host, port, err := net.SplitHostPort(o.Addr); err == nil {
		if address := "[" + host + "]:" + port; checkHostName(address) == nil {
			names = append(names, address)
		}
	}
	return names
}

// marked finds the lines of a user's file that decide. A key that is revoked under
// any of names is. An authority counts only for name, by a pattern that is about
// it: one for every host was meant for other hosts. A marked line that cannot be
// read is warned of: it may have been meant to revoke a key.
func marked(text []byte, path, name string, names []string) (found hostKeys) {
	number := 0
	for raw := range bytes.Lines(text) {
		number++
		raw = bytes.TrimPrefix(raw, []byte(byteOrderMark))
		if !bytes.HasPrefix(bytes.TrimLeft(raw, " \t"), []byte("@")) {
			continue // the keys of other hosts are not parsed: there may be thousands
		}
		line, err := parseHostLine(raw)
		if err != nil {
			found.warnings = append(found.warnings, fmt.Sprintf("%s line %d is skipped: %v", path, number, cleaned(err)))
			continue
		}
		key := KnownKey{line.key, line.key.Type(), ssh.FingerprintSHA256(line.key), path, number}
		switch {
		case line.marker == "revoked" && slices.ContainsFunc(names, line.matches):
			found.revoked = append(found.revoked, key)
		case line.marker == "cert-authority" && line.scoped().matches(name):
			found.authorities = append(found.authorities, key)
		}
	}
	return found
}

// scoped returns the line without the patterns that name no host in particular.
func (l hostLine) scoped() hostLine {
	l.hosts = slices.DeleteFunc(slices.Clone(l.hosts), func(pattern string) bool {
		return !strings.HasPrefix(pattern, "!") && !strings.ContainsFunc(pattern, func(r rune) bool {
			return unicode.IsLetter(r) || unicode.IsDigit(r)
		})
	})
	return l
}

// addressLines numbers the lines of a user's file that have key for one of names.
// They are shown and accept nothing: addresses are handed on.
func addressLines(text []byte, names []string, key ssh.PublicKey) (numbers []int) {
	blob := []byte(strings.Fields(string(ssh.MarshalAuthorizedKey(key)))[1])
	number := 0
	for raw := range bytes.Lines(text) {
		number++
		if !bytes.Contains(raw, blob) {
			continue
		}
		line, err := parseHostLine(raw)
		if err != nil || line.key == nil || line.marker != "" || !bytes.Equal(line.key.Marshal(), key.Marshal()) {
			continue
		}
		if slices.ContainsFunc(names, line.matches) {
			numbers = append(numbers, number)
		}
	}
	return numbers
}

// holders returns the names other than name that text, a known_hosts file, has
// key for, as they are written there; hashed names and patterns are left out.
func holders(text []byte, name string, key ssh.PublicKey) (names []string) {
	blob := []byte(strings.Fields(string(ssh.MarshalAuthorizedKey(key)))[1])
	for raw := range bytes.Lines(text) {
		if !bytes.Contains(raw, blob) {
			continue
		}
		line, err := parseHostLine(raw)
		if err != nil || line.key == nil || line.marker != "" || !bytes.Equal(line.key.Marshal(), key.Marshal()) {
			continue
		}
		for _, host := range line.hosts {
			if checkHostName(host) == nil && !namesExactly(host, name) && !slices.Contains(names, host) {
				names = append(names, host)
			}
		}
	}
	return names
}
