package runpod_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"podbay/runpod"
)

func TestErrorKinds(t *testing.T) {
	tests := map[string]struct {
		status int
		header string // Retry-After
		body   string
		want   runpod.Error
		text   string
	}{
		"unauthorized": {
			status: 401, body: `{"title":"Unauthorized","status":401,"detail":"missing bearer token"}`,
			want: runpod.Error{Kind: runpod.ErrUnauthorized, Title: "Unauthorized", Detail: "missing bearer token"},
			text: "stop pod p1: RunPod does not accept the API key (401: missing bearer token): make a new one at https://console.runpod.io/user/settings",
		},
		"forbidden": {
			status: 403, body: `{"title":"Forbidden","status":403,"detail":"access denied"}`,
			want: runpod.Error{Kind: runpod.ErrForbidden, Title: "Forbidden", Detail: "access denied"},
			text: "stop pod p1: the API key is not allowed to do this (403: access denied): give it the scope at https://console.runpod.io/user/settings, or use another key",
		},
		"not found": {
			status: 404, body: `{"title":"Not Found","status":404,"detail":"resource not found"}`,
			want: runpod.Error{Kind: runpod.ErrNotFound, Title: "Not Found", Detail: "resource not found"},
			text: "stop pod p1: RunPod knows no such thing (404: resource not found): refresh; it may have been terminated, or belong to another account",
		},
		"conflict": {
			status: 409, body: `{"title":"Conflict","status":409,"detail":"cannot stop an EXITED pod"}`,
			want: runpod.Error{Kind: runpod.ErrConflict, Title: "Conflict", Detail: "cannot stop an EXITED pod"},
			text: "stop pod p1: not possible in the pod's present state (409: cannot stop an EXITED pod): refresh and look what it allows",
		},
		"validation": {
			status: 422, body: `{"title":"Unprocessable Entity","status":422,"detail":"Request validation failed.","errors":["keys[0]: bad","keys[1]: worse"]}`,
			want: runpod.Error{Kind: runpod.ErrInvalid, Title: "Unprocessable Entity", Detail: "Request validation failed.", Errors: []string{"keys[0]: bad", "keys[1]: worse"}},
			text: "stop pod p1: RunPod refuses the request (422: Request validation failed: keys[0]: bad; keys[1]: worse): mend what it names",
		},
		"bad request": {
			status: 400, body: `{"title":"Bad Request","status":400}`,
			want: runpod.Error{Kind: runpod.ErrInvalid, Title: "Bad Request"},
			text: "stop pod p1: RunPod refuses the request (400: Bad Request): mend what it names",
		},
		"rate limited": {
			status: 429, header: "12", body: `{"title":"Too Many Requests","status":429,"detail":"rate limit exceeded for the minute window"}`,
			want: runpod.Error{Kind: runpod.ErrRateLimited, Title: "Too Many Requests", Detail: "rate limit exceeded for the minute window", RetryAfter: 12 * time.Second},
			text: "stop pod p1: too many requests (429: rate limit exceeded for the minute window): try again in 12s",
		},
		"unavailable": {
			status: 502, body: `<html>bad gateway</html>`,
			want: runpod.Error{Kind: runpod.ErrUnavailable},
			text: "stop pod p1: RunPod cannot answer now (502): try again in a moment",
		},
		"other status": {
			status: 402, body: `{"title":"Payment Required","detail":"no balance"}`,
			want: runpod.Error{Kind: runpod.ErrUnexpected, Title: "Payment Required", Detail: "no balance"},
			text: "stop pod p1: unexpected API answer (402: no balance)",
		},
		"hostile text": {
			status: 403, body: `{"title":"\u001b[2J","detail":"a\u001b]0;x\u0007b\nc","errors":["\u202e1", 2, null]}`,
			want: runpod.Error{Kind: runpod.ErrForbidden, Detail: "ab c", Errors: []string{"1", "2"}},
			text: "stop pod p1: the API key is not allowed to do this (403: ab c: 1; 2): give it the scope at https://console.runpod.io/user/settings, or use another key",
		},
		"echoed key": {
			status: 401, body: `{"title":"Unauthorized","detail":"bad token ` + testKey + ` or rpa_SECRET\u001b[m0123456789"}`,
			want: runpod.Error{Kind: runpod.ErrUnauthorized, Title: "Unauthorized", Detail: "bad token [API key] or [API key]"},
			text: "stop pod p1: RunPod does not accept the API key (401: bad token [API key] or [API key]): make a new one at https://console.runpod.io/user/settings",
		},
		"wrong types": {
			status: 409, body: `{"title":7,"detail":"d","errors":"e"}`,
			want: runpod.Error{Kind: runpod.ErrConflict, Detail: "d"},
			text: "stop pod p1: not possible in the pod's present state (409: d): refresh and look what it allows",
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/problem+json")
				if tc.header != "" {
					w.Header().Set("Retry-After", tc.header)
				}
				w.WriteHeader(tc.status)
				io.WriteString(w, tc.body)
			})
			_, err := newClient(t, runpod.Options{BaseURL: url}).PodAction(testContext(t), "p1", runpod.ActionStop)
			var got *runpod.Error
			if !errors.As(err, &got) {
				t.Fatalf("got %v, want an *Error", err)
			}
			if !errors.Is(err, tc.want.Kind) {
				t.Errorf("kind %v, want %v", got.Kind, tc.want.Kind)
			}
			flat := *got
			tc.want.Op, tc.want.Status, flat.Kind, tc.want.Kind = "stop pod p1", tc.status, nil, nil
			if diff := cmp.Diff(tc.want, flat); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
			if got.Error() != tc.text {
				t.Errorf("got  %s\nwant %s", got.Error(), tc.text)
			}
			checkNoSecret(t, err)
		})
	}
}

func TestUnreadableAnswers(t *testing.T) {
	tests := map[string]struct {
		media, body string
		text        string
	}{
		"empty":        {"application/json", "", "is empty"},
		"blank":        {"application/json", " \n", "is empty"},
		"web page":     {"text/html; charset=utf-8", "<html>log in to the hotel</html>", "is a web page"},
		"garbage":      {"application/json", "\x00\xff{{{", "is not the JSON"},
		"cut JSON":     {"application/json", `{"pods":[{"id":"a"`, "is not the JSON"},
		"more JSON":    {"application/json", `{"pods":[]}{"pods":[]}`, "is not the JSON"},
		"other JSON":   {"application/json", `{"message":"hello"}`, "holds no list of pods"},
		"null":         {"application/json", `null`, "holds no list of pods"},
		"null list":    {"application/json", `{"pods":null}`, "holds no list of pods"},
		"wrong list":   {"application/json", `{"pods":{}}`, "holds no list of pods"},
		"bare list":    {"application/json", `[]`, "holds no list of pods"},
		"no IDs":       {"application/json", `{"pods":[{"name":"a"}]}`, "without an ID"},
		"40 MiB":       {"application/json", `{"pods":[],"x":"` + strings.Repeat("x", 40<<20) + `"}`, "is too large"},
		"deep nesting": {"application/json", strings.Repeat("[", 20000), "is not the JSON"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", tc.media)
				io.WriteString(w, tc.body)
			})
			_, err := newClient(t, runpod.Options{BaseURL: url}).ListPods(testContext(t))
			if !errors.Is(err, runpod.ErrMalformed) || !strings.Contains(err.Error(), tc.text) {
				t.Errorf("got %v, want a malformed answer that %s", err, tc.text)
			}
			if strings.Contains(fmt.Sprint(err), "\n") {
				t.Errorf("more than one line: %q", err)
			}
		})
	}
}

func TestEndlessErrorBodyIsBounded(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(403)
		for r.Context().Err() == nil {
			if _, err := io.WriteString(w, strings.Repeat("x", 4096)); err != nil {
				return
			}
		}
	})
	if _, err := newClient(t, runpod.Options{BaseURL: url}).ListPods(testContext(t)); !errors.Is(err, runpod.ErrForbidden) {
		t.Errorf("got %v", err)
	}
}

// rawServer answers every connection with the same bytes.
func rawServer(t *testing.T, answer string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_ = conn.SetDeadline(time.Now().Add(time.Minute))
			_, _ = conn.Read(make([]byte, 4096))
			_, _ = io.WriteString(conn, answer)
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() {
		l.Close()
		<-done
	})
	return l.Addr().String()
}

func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func TestNoAnswer(t *testing.T) {
	failing := func(err error) http.RoundTripper {
		return roundTripper(func(*http.Request) (*http.Response, error) { return nil, err })
	}
	tlsServer := httptest.NewUnstartedServer(http.NotFoundHandler())
	tlsServer.Config.ErrorLog = quiet()
	tlsServer.StartTLS()
	t.Cleanup(tlsServer.Close)
	plain := serve(t, func(http.ResponseWriter, *http.Request) {})
	expired := expiredServer(t)

	tests := map[string]struct {
		opts runpod.Options
		kind error
		text string
	}{
		"refused":       {runpod.Options{BaseURL: "http://" + closedPort(t)}, runpod.ErrUnavailable, "refuses the connection"},
		"unknown CA":    {runpod.Options{BaseURL: tlsServer.URL}, runpod.ErrUnavailable, "signed by no authority"},
		"expired":       {runpod.Options{BaseURL: "https://127.0.0.1:1", Transport: expired}, runpod.ErrUnavailable, "check this machine's clock"},
		"no TLS":        {runpod.Options{BaseURL: strings.Replace(plain, "http://", "https://", 1)}, runpod.ErrUnavailable, "does not speak TLS"},
		"sshd":          {runpod.Options{BaseURL: "http://" + rawServer(t, "SSH-2.0-OpenSSH_9.2\r\n")}, runpod.ErrMalformed, "is not HTTP"},
		"echoed key":    {runpod.Options{BaseURL: "http://" + rawServer(t, testKey+"\r\n")}, runpod.ErrMalformed, "is not HTTP"},
		"closed":        {runpod.Options{BaseURL: "http://" + rawServer(t, "")}, runpod.ErrUnavailable, "closed the connection"},
		"no such name":  {runpod.Options{Transport: failing(&net.OpError{Op: "dial", Err: &net.DNSError{Name: "api.runpod.io", IsNotFound: true}})}, runpod.ErrUnavailable, "the name api.runpod.io cannot be found"},
		"DNS is down":   {runpod.Options{Transport: failing(&net.DNSError{Name: "api.runpod.io", Err: "server misbehaving"})}, runpod.ErrUnavailable, "cannot be looked up"},
		"timeout":       {runpod.Options{Transport: failing(&net.OpError{Op: "dial", Err: timeoutError{}})}, runpod.ErrUnavailable, "no answer from api.runpod.io in the time allowed"},
		"proxy is down": {runpod.Options{Transport: failing(&net.OpError{Op: "proxyconnect", Err: errors.New("x")})}, runpod.ErrUnavailable, "the proxy that HTTPS_PROXY names"},
		"something new": {runpod.Options{Transport: failing(errors.New("odd\x1b[31m " + testKey))}, runpod.ErrUnavailable, "no answer from api.runpod.io (odd [API key])"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := newClient(t, tc.opts).ListPods(testContext(t))
			if !errors.Is(err, tc.kind) || !strings.HasPrefix(err.Error(), "list pods: ") || !strings.Contains(err.Error(), tc.text) {
				t.Errorf("got %v (kind %t), want one that says %q", err, errors.Is(err, tc.kind), tc.text)
			}
			checkNoSecret(t, err)
		})
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

type timeoutError struct{}

func (timeoutError) Error() string { return "i/o timeout" }
func (timeoutError) Timeout() bool { return true }

// expiredServer returns a transport that reaches a server whose certificate is
// trusted and out of date.
func expiredServer(t *testing.T) http.RoundTripper {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Unix(0, 0), NotAfter: time.Unix(3600, 0),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewUnstartedServer(http.NotFoundHandler())
	srv.Config.ErrorLog = quiet()
	srv.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	srv.StartTLS()
	t.Cleanup(srv.Close)
	roots := x509.NewCertPool()
	roots.AddCert(cert)
	tr := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		r = r.Clone(r.Context())
		r.URL.Host = srv.Listener.Addr().String()
		return tr.RoundTrip(r)
	})
}
