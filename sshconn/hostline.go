package sshconn

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"

	"golang.org/x/crypto/ssh"
)

func isAlphanumeric(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
}

// maxHostName is the longest name that DNS allows.
const maxHostName = 253

// checkHostName refuses what would not be one plain name in a known_hosts file.
func checkHostName(name string) error {
	host, _ := splitHostPort(name)
	if host == "" || len(host) > maxHostName || host[0] == '-' {
		return fmt.Errorf("%q cannot name a host key", name)
	}
	for _, r := range host {
		if !isAlphanumeric(r) && !strings.ContainsRune("-._:%", r) {
			return fmt.Errorf("%q cannot name a host key: only letters, digits and -._:%% may, or [host]:port", name)
		}
	}
	return nil
}

// splitHostPort takes "[host]:port" apart; a name without a port has none.
func splitHostPort(name string) (host, port string) {
	if !strings.HasPrefix(name, "[") {
		return name, ""
	}
	host, port, err := net.SplitHostPort(name)
	if err != nil {
		return "", ""
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 || strconv.FormatUint(n, 10) != port {
		return "", ""
	}
	return host, port
}

// canonicalHost is how OpenSSH writes a name: the port only where it is not 22.
func canonicalHost(name string) string {
	host, port := splitHostPort(name)
	if port == "" || port == "22" {
		return host
	}
	return "[" + host + "]:" + port
}

// hostLine is one line of a known_hosts file. A blank line and a comment have
// no key.
type hostLine struct {
	marker string // "", "revoked" or "cert-authority"
	hosts  []string
	key    ssh.PublicKey
}

// byteOrderMark is what some editors on Windows put before the first line.
const byteOrderMark = "\ufeff"

func parseHostLine(raw []byte) (hostLine, error) {
	raw = bytes.TrimPrefix(raw, []byte(byteOrderMark))
	trimmed := bytes.Trim(raw, " \t\r\n")
	if len(trimmed) == 0 || trimmed[0] == '#' {
		return hostLine{}, nil
	}
	if bytes.IndexByte(raw, 0) >= 0 {
		return hostLine{}, errors.New("it holds a zero byte")
	}
	marker, hosts, key, _, _, err := ssh.ParseKnownHosts(trimmed)
	if errors.Is(err, io.EOF) {
		return hostLine{}, errors.New("it holds no key")
	}
	if err != nil {
		return hostLine{}, err
	}
	if marker != "" && marker != "revoked" && marker != "cert-authority" {
		return hostLine{}, fmt.Errorf("its marker @%s is not known", marker)
	}
	return hostLine{marker, hosts, key}, nil
}

// matches applies OpenSSH's rules, sshd(8) "SSH_KNOWN_HOSTS FILE FORMAT": one
// pattern has to match and no negated one may.
func (l hostLine) matches(name string) bool {
	name = canonicalHost(name)
	found := false
	for _, pattern := range l.hosts {
		if strings.HasPrefix(pattern, "|") {
			found = found || matchHashed(pattern, name)
			continue
		}
		pattern, negated := strings.CutPrefix(pattern, "!")
		if !matchWildcards(strings.ToLower(pattern), strings.ToLower(name)) {
			continue
		}
		if negated {
			return false
		}
		found = true
	}
	return found
}

// namesExactly reports whether entry, one of a line's hosts, is name itself and
// no pattern.
func namesExactly(entry, name string) bool {
	name = canonicalHost(name)
	if strings.HasPrefix(entry, "|") {
		return matchHashed(entry, name)
	}
	return strings.EqualFold(entry, name)
}

// matchHashed compares with an entry "|1|SALT|HMAC-SHA1(SALT, NAME)". OpenSSH
// lowers a host's name before it hashes, but not a HostKeyAlias.
func matchHashed(entry, name string) bool {
	fields := strings.Split(entry, "|")
	if len(fields) != 4 || fields[1] != "1" {
		return false
	}
	salt, err := base64.StdEncoding.DecodeString(fields[2])
	if err != nil {
		return false
	}
	want, err := base64.StdEncoding.DecodeString(fields[3])
	if err != nil {
		return false
	}
	for _, candidate := range []string{name, strings.ToLower(name)} {
		mac := hmac.New(sha1.New, salt)
		mac.Write([]byte(candidate))
		if hmac.Equal(mac.Sum(nil), want) {
			return true
		}
	}
	return false
}

// matchWildcards matches '*' with any run of characters and '?' with any one.
// It goes back to the last '*' only, so that no pattern takes exponential time.
func matchWildcards(pattern, s string) bool {
	p, i, star, mark := 0, 0, -1, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, i
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == s[i]):
			p++
			i++
		case star >= 0:
			mark++
			p, i = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// withoutHost returns raw, a line with its end, without name, and whether that
// took a key away from name. The rest of the line is kept byte for byte; a line
// that would match no host anymore is gone.
func withoutHost(raw []byte, name string) (rest []byte, hit bool) {
	line, err := parseHostLine(raw)
	if err != nil || line.key == nil || line.marker != "" {
		return raw, false
	}
	var others []string
	matching := false
	for _, host := range line.hosts {
		if namesExactly(host, name) {
			hit = true
			continue
		}
		others = append(others, host)
		matching = matching || !strings.HasPrefix(host, "!")
	}
	if !hit {
		return raw, false
	}
	if !matching {
		return nil, true
	}
	field := []byte(strings.Join(line.hosts, ","))
	return bytes.Replace(raw, field, []byte(strings.Join(others, ",")), 1), true
}
