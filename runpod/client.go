package runpod

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/maphash"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"time"
)

// DefaultBaseURL is the production origin of the API, without the version.
const DefaultBaseURL = "https://api.runpod.io"

// Options configures a Client. Printed or encoded, it hides the key.
type Options struct {
	BaseURL   string            // origin; "" means DefaultBaseURL; plain http only to loopback
	APIKey    string            // bearer token
	UserAgent string            // "" means "podbay"
	Transport http.RoundTripper // nil means a transport of the client's own that honours HTTPS_PROXY
	Logger    *slog.Logger      // nil means none; gets one debug record a request; never receives a secret
	Now       func() time.Time  // nil means time.Now
	// Sleep waits between retries; nil means a timer that ctx ends.
	Sleep func(ctx context.Context, d time.Duration) error
}

// Format prints the options without the key, whatever the verb.
func (o Options) Format(s fmt.State, _ rune) {
	fmt.Fprintf(s, "runpod.Options{BaseURL:%q APIKey:%s UserAgent:%q}", o.BaseURL, o.keyState(), o.UserAgent)
}

// MarshalJSON encodes the options without the key.
func (o Options) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]string{"baseURL": o.BaseURL, "apiKey": o.keyState(), "userAgent": o.UserAgent})
}

func (o Options) keyState() string {
	if o.APIKey == "" {
		return "unset"
	}
	return "set"
}

// Client talks to RunPod's REST API v2 for one account. It may be used by
// several goroutines.
type Client struct {
	base      string // as CheckBaseURL returns it
	host      string // of base, for messages
	userAgent string
	http      *http.Client
	now       func() time.Time
	sleep     func(ctx context.Context, d time.Duration) error
	jitter    func() float64 // in [0, 1)
	quota     *quota
	polled    polled

	// The key lives in closures alone: fmt and reflection print the text of
	// a field, and what a function closed over they cannot reach.
	authorize func(http.Header)
	scrub     func(string) string // takes the key out of text from outside
}

// New checks the options and returns a client. It does no I/O. Its error is an
// *Error of kind ErrBadURL or ErrBadKey.
func New(opts Options) (*Client, error) {
	base := DefaultBaseURL
	if opts.BaseURL != "" {
		var err error
		if base, err = CheckBaseURL(opts.BaseURL); err != nil {
			return nil, err
		}
	}
	if err := checkKey(opts.APIKey); err != nil {
		return nil, err
	}
	u, err := url.Parse(base)
	if err != nil {
		return nil, badURL("cannot be read", "write it as "+DefaultBaseURL)
	}
	c := &Client{
		base:      base,
		host:      u.Host,
		userAgent: opts.UserAgent,
		now:       opts.Now,
		sleep:     opts.Sleep,
		jitter:    rand.Float64,
		authorize: func(h http.Header) { h.Set("Authorization", "Bearer "+opts.APIKey) },
		scrub:     scrubber(opts.APIKey),
	}
	if c.userAgent == "" {
		c.userAgent = "podbay"
	}
	if c.now == nil {
		c.now = time.Now
	}
	if c.sleep == nil {
		c.sleep = sleep
	}
	c.quota = &quota{now: c.now}
	c.polled.seed = maphash.MakeSeed()
	next := opts.Transport
	if next == nil {
		next = newTransport()
	}
	c.http = &http.Client{
		Transport: &observer{next: next, now: c.now, quota: c.quota, logger: opts.Logger, clean: c.clean},
		// The API redirects nowhere. Following none is the one rule under
		// which the key cannot reach another host.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c, nil
}

// Format prints the client's origin and nothing else, whatever the verb.
func (c *Client) Format(s fmt.State, _ rune) {
	if c == nil {
		fmt.Fprint(s, "runpod.Client(nil)")
		return
	}
	fmt.Fprintf(s, "runpod.Client(%s)", c.base)
}

// Close releases idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// PollInterval is how long to wait before the next poll: want, or longer when
// the quota that the last answers reported would not last for its window, or when
// the last list was large: 5,000 pods are asked for every 21 s.
//
// The rule, for a poll of one request: a fifth of what remains is left to the
// user's own actions, the rest is spread evenly over the time until the window
// starts anew; with nothing left, the wait lasts until then. The window that
// asks for the longest wait decides. After an answer with Retry-After (429,
// 503) the wait is at least what is left of it. Windows whose time has passed
// count no more.
func (c *Client) PollInterval(want time.Duration) time.Duration {
	return max(c.quota.pollInterval(want), c.polled.interval())
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
