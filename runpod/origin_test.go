package runpod_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"podbay/runpod"
)

func TestCheckBaseURL(t *testing.T) {
	good := map[string]string{
		"https://api.runpod.io":      "https://api.runpod.io",
		"https://api.runpod.io/":     "https://api.runpod.io",
		"HTTPS://API.RunPod.io:443":  "https://api.runpod.io",
		"https://api.runpod.io:8443": "https://api.runpod.io:8443",
		"http://localhost:8080/":     "http://localhost:8080",
		"http://127.0.0.1:80":        "http://127.0.0.1",
		"http://127.9.9.9:1":         "http://127.9.9.9:1",
		"http://[::1]:8080":          "http://[::1]:8080",
		"https://[2001:db8::1]":      "https://[2001:db8::1]",
	}
	for raw, want := range good {
		if got, err := runpod.CheckBaseURL(raw); err != nil || got != want {
			t.Errorf("CheckBaseURL(%q) = %q, %v, want %q", raw, got, err, want)
		}
	}
	bad := map[string]string{
		"":                                "is empty",
		"api.runpod.io":                   "has no scheme",
		"localhost:8080":                  "has no scheme",
		"//api.runpod.io":                 "has no scheme",
		"ftp://api.runpod.io":             `has the scheme "ftp"`,
		"socks5://api.runpod.io":          `has the scheme "socks5"`,
		"https://":                        "has no host",
		"https://:443":                    "has no host",
		"https:///v2":                     "has no host",
		"https://me:hunter2@host":         "holds a user name or password",
		"https://api.runpod.io?a=b":       "has a query or a fragment",
		"https://api.runpod.io?":          "has a query or a fragment",
		"https://api.runpod.io/#x":        "has a query or a fragment",
		"https://api.runpod.io/#":         "has a query or a fragment",
		"https://api.runpod.io/v2":        `has the path "/v2"`,
		"https://api.runpod.io/graphql":   `has the path "/graphql"`,
		"https://api.runpod.io//":         `has the path "//"`,
		"https://rest.runpod.io/v1":       "is retired",
		"https://REST.runpod.io":          "is retired",
		"https://api.runpod.io:0":         "has a port",
		"https://api.runpod.io:70000":     "has a port",
		"https://api.runpod.io:":          "has a port",
		"https://api.runpod.io:http":      "cannot be read",
		"https://api runpod.io":           "cannot be read",
		"https://api.runpod.io\x1b[2J":    "cannot be read",
		"https://api.runpod.io\n":         "cannot be read",
		"https://a\u202eb.io":             "cannot be shown",
		"http://api.runpod.io":            "unencrypted",
		"http://192.168.1.1:80":           "unencrypted",
		"http://localhost.example.com":    "unencrypted",
		"http://127.0.0.1.example.com":    "unencrypted",
		"https://me:hunter2@host:notaprt": "cannot be read",
	}
	for raw, want := range bad {
		got, err := runpod.CheckBaseURL(raw)
		if !errors.Is(err, runpod.ErrBadURL) || !strings.Contains(err.Error(), want) || got != "" {
			t.Errorf("CheckBaseURL(%q) = %q, %v, want one that %s", raw, got, err, want)
			continue
		}
		if strings.ContainsAny(err.Error(), "\x1b\n") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("CheckBaseURL(%q) repeats what it must not: %q", raw, err)
		}
		if _, err := runpod.New(runpod.Options{BaseURL: raw, APIKey: testKey}); raw != "" && !errors.Is(err, runpod.ErrBadURL) {
			t.Errorf("New with %q: %v", raw, err)
		}
	}
}

func TestBadKeyIsNotSent(t *testing.T) {
	for key, want := range map[string]string{
		"":                               "no API key",
		"rpa_ABC DEF":                    "a space",
		"rpa_ABC ":                       "a space",
		"rpa_ABC\n":                      "a line break",
		"rpa_ABC\r\nX-Evil: 1":           "a space",
		"rpa_ABC\x00":                    "a control character",
		"rpa_ABC\x1b[m":                  "a control character",
		"rpa_ABC\u00e9":                  "not ASCII",
		"rpa_ABC\xff":                    "not ASCII",
		strings.Repeat("rpa_ABC", 1<<10): "too long",
	} {
		_, err := runpod.New(runpod.Options{APIKey: key, Transport: roundTripper(func(*http.Request) (*http.Response, error) {
			t.Error("a request was sent")
			return nil, errors.New("sent")
		})})
		if !errors.Is(err, runpod.ErrBadKey) || !strings.Contains(err.Error(), want) {
			t.Errorf("key %q: %v, want one that says %q", key, err, want)
			continue
		}
		if strings.Contains(err.Error(), "rpa_ABC") {
			t.Errorf("key %q is repeated: %v", key, err)
		}
	}
}
