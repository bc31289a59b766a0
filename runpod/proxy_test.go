package runpod_test

import (
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"

	"podbay/runpod"
)

// proxyEnv sets the proxy variables and clears the others of the machine.
func proxyEnv(t *testing.T, env map[string]string) {
	t.Helper()
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "REQUEST_METHOD"} {
		t.Setenv(strings.ToLower(name), "") // first: Windows takes both names for one
		t.Setenv(name, env[name])
	}
}

func TestProxyIsUsedAndGetsNoKey(t *testing.T) {
	var mu sync.Mutex
	var asked []string
	proxy := serve(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, r.Method+" "+r.Host)
		for name, values := range r.Header {
			checkText(t, name, strings.Join(values, " "))
		}
		w.WriteHeader(http.StatusForbidden)
	})
	proxyEnv(t, map[string]string{"HTTPS_PROXY": proxy})
	_, err := newClient(t, runpod.Options{BaseURL: "https://api.podbay.invalid"}).ListPods(testContext(t))
	if !errors.Is(err, runpod.ErrUnavailable) || !strings.Contains(err.Error(), "Forbidden") {
		t.Errorf("got %v, want the proxy's refusal", err)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(asked) == 0 || asked[0] != "CONNECT api.podbay.invalid:443" {
		t.Errorf("the proxy was asked %q", asked)
	}
}

func TestRefusedProxies(t *testing.T) {
	closed := closedPort(t)
	tests := map[string]struct {
		env  map[string]string
		base string
		want string
	}{
		"SOCKS":              {map[string]string{"HTTPS_PROXY": "socks5://127.0.0.1:1080"}, "https://" + "192.0.2.1", "is a SOCKS proxy, which podbay does not use for the API: set HTTPS_PROXY to an http:// proxy or unset it"},
		"SOCKS, other forms": {map[string]string{"HTTPS_PROXY": "SOCKS4a://me:hunter2@127.0.0.1:1080"}, "https://192.0.2.1", "is a SOCKS proxy"},
		"another scheme":     {map[string]string{"HTTPS_PROXY": "quic://127.0.0.1"}, "https://192.0.2.1", `a proxy of the kind "quic"`},
		"cannot be read":     {map[string]string{"HTTPS_PROXY": "http://user:hunter2%ss@192.0.2.1:8080"}, "https://192.0.2.1", "HTTPS_PROXY is not an address that can be read"},
		"no such port":       {map[string]string{"HTTPS_PROXY": "192.0.2.1:80a80"}, "https://192.0.2.1", "HTTPS_PROXY is not an address that can be read"},
		"no host":            {map[string]string{"HTTPS_PROXY": "http://"}, "https://192.0.2.1", "HTTPS_PROXY is not an address that can be read"},
		"not for this host":  {map[string]string{"HTTPS_PROXY": "socks5://127.0.0.1:1080", "NO_PROXY": "localhost,127.0.0.1"}, "https://" + closed, "refuses the connection"},
		"loopback":           {map[string]string{"HTTPS_PROXY": "socks5://127.0.0.1:1080", "HTTP_PROXY": "socks5://127.0.0.1:1080"}, "http://" + closed, "refuses the connection"},
		"proxy is down":      {map[string]string{"HTTPS_PROXY": "http://me:hunter2@" + closed}, "https://192.0.2.1", "the proxy that HTTPS_PROXY names refuses the connection"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			proxyEnv(t, tc.env)
			_, err := newClient(t, runpod.Options{BaseURL: tc.base}).ListPods(testContext(t))
			if !errors.Is(err, runpod.ErrUnavailable) || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want one that says %q", err, tc.want)
			}
			checkNoSecret(t, err)
		})
	}
}
