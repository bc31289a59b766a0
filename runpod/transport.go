package runpod

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/net/http/httpproxy"

	"podbay/cleantext"
)

// newTransport bounds each step up to the answer's header. CallTimeout bounds
// the whole.
func newTransport() *http.Transport {
	return &http.Transport{
		Proxy:                  proxyFromEnvironment(),
		OnProxyConnectResponse: refusedConnect,
		DialContext:            (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 15 * time.Second}).DialContext,
		TLSHandshakeTimeout:    10 * time.Second,
		ResponseHeaderTimeout:  30 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
		MaxIdleConnsPerHost:    4,
		// A connection that the server closed while it was idle fails a write,
		// which must not be repeated: keep none for long.
		IdleConnTimeout:   30 * time.Second,
		ForceAttemptHTTP2: true,
		// Finds out that the peer of a silent log stream is gone.
		HTTP2: &http.HTTP2Config{SendPingTimeout: 15 * time.Second, PingTimeout: 15 * time.Second},
	}
}

// refusedConnect names the proxy where that, and not the API, said no. net/http's
// own error is the status text alone.
func refusedConnect(_ context.Context, _ *url.URL, req *http.Request, resp *http.Response) error {
	if resp.StatusCode == http.StatusOK {
		return nil
	}
	return &fault{why: FaultProxy, final: true, unsent: true,
		text: "the proxy that HTTPS_PROXY names does not connect to " + req.Host + " (" + cleantext.Line(resp.Status, maxDetailCells) + "): correct HTTPS_PROXY, or unset it"}
}

// proxyFromEnvironment is http.ProxyFromEnvironment, but reads the environment
// when the client is made instead of once for the process, and refuses the
// proxies that podbay does not use instead of going around them.
func proxyFromEnvironment() func(*http.Request) (*url.URL, error) {
	cfg := httpproxy.FromEnvironment()
	refused := judgeProxy(cfg.HTTPSProxy)
	if refused != nil {
		// httpproxy ignores schemes that it does not know and what it cannot read.
		// Any proxy in its place answers whether NO_PROXY exempts the host.
		cfg.HTTPSProxy = "http://refused.invalid"
	}
	proxyFor := cfg.ProxyFunc()
	return func(req *http.Request) (*url.URL, error) {
		proxy, err := proxyFor(req.URL)
		if proxy != nil && req.URL.Scheme == "https" && refused != nil {
			return nil, refused
		}
		return proxy, err
	}
}

// judgeProxy tells why podbay does not use a proxy; nil when it does, or when there is
// none. Its words are not repeated: a password may be in them.
func judgeProxy(proxy string) error {
	scheme, _, found := strings.Cut(proxy, "://")
	switch scheme = strings.ToLower(scheme); {
	case proxy == "":
		return nil
	case !found: // "proxy.example.com:3128"
		proxy = "http://" + proxy
	case strings.HasPrefix(scheme, "socks"):
		return proxyFault("a SOCKS proxy, which podbay does not use for the API: set HTTPS_PROXY to an http:// proxy or unset it")
	case scheme != "http" && scheme != "https":
		return proxyFault("a proxy of the kind " + quote(scheme) + ", which podbay does not use for the API: set HTTPS_PROXY to an http:// proxy or unset it")
	}
	if parsed, err := url.Parse(proxy); err != nil || parsed.Host == "" {
		return proxyFault("not an address that can be read: correct it (a % in a password is written %25) or unset it")
	}
	return nil
}

func proxyFault(what string) error {
	return &fault{why: FaultProxy, text: "HTTPS_PROXY is " + what, final: true, unsent: true}
}

// observer notes the quota of every answer, repeated ones included, and traces
// each request. It never looks at bodies, headers of the request or the query.
type observer struct {
	next   http.RoundTripper
	now    func() time.Time
	quota  *quota
	logger *slog.Logger
	clean  func(s string, maxCells int) string
}

// RoundTrip implements http.RoundTripper.
func (o *observer) RoundTrip(req *http.Request) (*http.Response, error) {
	start := o.now()
	resp, err := o.next.RoundTrip(req)
	if err == nil {
		o.quota.note(resp, req.Method == http.MethodGet && strings.HasSuffix(req.URL.Path, podsPath))
	}
	if o.logger == nil {
		return resp, err
	}
	attrs := []slog.Attr{
		slog.String("method", req.Method),
		slog.String("path", req.URL.EscapedPath()),
		slog.Duration("took", o.now().Sub(start)),
	}
	if err != nil {
		attrs = append(attrs, slog.String("error", o.clean(err.Error(), maxDetailCells)))
	} else {
		attrs = append(attrs, slog.Int("status", resp.StatusCode),
			slog.String("quota", o.clean(resp.Header.Get("RateLimit"), maxDetailCells)))
	}
	o.logger.LogAttrs(req.Context(), slog.LevelDebug, "runpod request", attrs...)
	return resp, err
}

// CloseIdleConnections lets http.Client reach the transport below.
func (o *observer) CloseIdleConnections() {
	if c, ok := o.next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}
