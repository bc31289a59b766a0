package runpod

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"podbay/cleantext"
)

// CheckBaseURL says whether raw can be used as the API's origin and returns it
// in its normal form (scheme://host[:port], no trailing slash). Its error is an
// *Error of kind ErrBadURL that says what to write instead.
func CheckBaseURL(raw string) (string, error) {
	const example = "write it as " + DefaultBaseURL
	if raw == "" {
		return "", badURL("is empty", example)
	}
	scheme, _, found := strings.Cut(raw, "://")
	if !found {
		return "", badURL("has no scheme", example)
	}
	u, err := url.Parse(raw)
	if err != nil {
		// The parser's error repeats the text, which can hold a password.
		return "", badURL("cannot be read", example)
	}
	scheme = strings.ToLower(scheme)
	host := strings.ToLower(u.Hostname())
	switch {
	case scheme != "https" && scheme != "http":
		return "", badURL("has the scheme "+quote(scheme), "use https://")
	case u.User != nil:
		return "", badURL("holds a user name or password", "leave it away; the API key is the only credential")
	case host == "":
		return "", badURL("has no host", example)
	case host == "rest.runpod.io":
		return "", badURL("names rest.runpod.io/v1, the REST API v1, which is retired", "use "+DefaultBaseURL)
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.HasSuffix(raw, "#"):
		return "", badURL("has a query or a fragment", "leave away everything after the host")
	case u.Path != "" && u.Path != "/":
		return "", badURL("has the path "+quote(u.Path), "leave it away; podbay adds the version itself")
	case !isPort(u.Port()) || strings.HasSuffix(u.Host, ":"):
		return "", badURL("has a port that is not a number from 1 to 65535", example)
	case cleantext.Line(host, 0) != host:
		return "", badURL("has characters in its host that cannot be shown", example)
	case scheme == "http" && !isLoopback(host):
		return "", badURL("would send the API key to "+quote(host)+" unencrypted", "use https://; plain http is for this machine alone")
	}
	return scheme + "://" + hostPort(scheme, host, u.Port()), nil
}

func badURL(what, next string) *Error {
	return &Error{Op: "check the API URL", Kind: ErrBadURL, Err: &fault{text: "it " + what + ": " + next}}
}

func quote(s string) string { return strconv.Quote(cleantext.Line(s, 80)) }

func isPort(port string) bool {
	if port == "" {
		return true
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && n > 0
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}

func hostPort(scheme, host, port string) string {
	if strings.Contains(host, ":") {
		host = "[" + strings.ReplaceAll(host, "%", "%25") + "]"
	}
	if port == "" || scheme == "https" && port == "443" || scheme == "http" && port == "80" {
		return host
	}
	return host + ":" + port
}

// maxKey is far above what RunPod hands out (about 50) and below what servers
// accept in a header.
const maxKey = 1024

// checkKey refuses a key that cannot be sent in a header as it is, so that what
// was pasted wrongly never leaves the machine. The error repeats none of it.
func checkKey(key string) error {
	const next = "copy the key again from https://console.runpod.io/user/settings"
	what := ""
	switch {
	case key == "":
		what = "there is no API key"
	case len(key) > maxKey:
		what = "the API key is too long to be one"
	case strings.ContainsFunc(key, func(r rune) bool { return r == ' ' }):
		what = "the API key holds a space"
	case strings.ContainsAny(key, "\r\n"):
		what = "the API key holds a line break"
	case strings.ContainsFunc(key, func(r rune) bool { return r < ' ' || r == 0x7f }):
		what = "the API key holds a control character"
	case strings.ContainsFunc(key, func(r rune) bool { return r > '~' }):
		what = "the API key holds a character that is not ASCII"
	default:
		return nil
	}
	return &Error{Op: "check the API key", Kind: ErrBadKey, Err: &fault{text: what + ": " + next}}
}

// minScrub is the length from which a text is taken for a key. Shorter ones,
// which RunPod never hands out, would also be found in plain words.
const minScrub = 8

func scrubber(key string) func(string) string {
	if len(key) < minScrub {
		return func(s string) string { return s }
	}
	return func(s string) string { return strings.ReplaceAll(s, key, "[API key]") }
}

// clean makes text from outside safe to draw and free of the key: before the
// cleaning, which can cut a key in two, and after it, which can join its parts.
func (c *Client) clean(s string, maxCells int) string {
	return cleantext.Line(c.scrub(cleantext.Line(c.scrub(s), 0)), maxCells)
}
