package runpod

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"net/http"
	"time"
)

// DefaultBaseURL is the production origin of the API, without the version.
const DefaultBaseURL = "https://api.runpod.io"

var errNotBuilt = errors.New("not built yet")

// Options configures a Client.
type Options struct {
	BaseURL   string            // origin; "" means DefaultBaseURL; plain http only to loopback
	APIKey    string            // bearer token
	UserAgent string            // "" means "podbay"
	Transport http.RoundTripper // nil means a transport of the client's own that honours HTTPS_PROXY
	Logger    *slog.Logger      // nil means none; never receives a secret
	Now       func() time.Time  // nil means time.Now
	// Sleep waits between retries; nil means a timer that ctx ends.
	Sleep func(ctx context.Context, d time.Duration) error
}

// Client talks to RunPod's REST API v2 for one account. It may be used by
// several goroutines.
type Client struct{}

// New checks the options and returns a client. It does no I/O.
func New(opts Options) (*Client, error) { return nil, errNotBuilt }

// CheckBaseURL says whether raw can be used as the API's origin and returns it
// in its normal form (scheme://host[:port], no trailing slash).
func CheckBaseURL(raw string) (string, error) { return "", errNotBuilt }

// Close releases idle connections.
func (c *Client) Close() {}

// ListPods returns every pod of the account, cluster members included.
func (c *Client) ListPods(ctx context.Context) ([]Pod, error) { return nil, errNotBuilt }

// GetPod returns one pod.
func (c *Client) GetPod(ctx context.Context, id string) (*Pod, error) { return nil, errNotBuilt }

// PodAction asks for a transition and returns the pod as it is afterwards; nil
// after ActionTerminate.
func (c *Client) PodAction(ctx context.Context, id string, action Action) (*Pod, error) {
	return nil, errNotBuilt
}

// UpdatePod changes a pod and returns it as it is afterwards.
func (c *Client) UpdatePod(ctx context.Context, id string, update PodUpdate) (*Pod, error) {
	return nil, errNotBuilt
}

// SSHKeys returns the account's registered keys, as registered: lines may be
// malformed.
func (c *Client) SSHKeys(ctx context.Context) ([]string, error) { return nil, errNotBuilt }

// ReplaceSSHKeys replaces the account's whole set of registered keys and
// returns the set that the API answered. It is never repeated on failure.
func (c *Client) ReplaceSSHKeys(ctx context.Context, keys []string) ([]string, error) {
	return nil, errNotBuilt
}

// LogSource selects a log.
type LogSource string

// The sources of the contract. "" means both.
const (
	LogContainer LogSource = "container"
	LogSystem    LogSource = "system"
)

// LogOptions selects what Logs streams.
type LogOptions struct {
	Source LogSource
	Tail   int       // history lines, 0 to 5000; ignored by the API when Since is set
	Since  time.Time // zero: not sent
}

// LogLine is one line of a pod's log. Line is hostile text: any program in the
// container can write it, and it may hold secrets.
type LogLine struct {
	Time   time.Time
	Source LogSource
	Line   string
}

// Logs streams a pod's log as Server-Sent Events until ctx ends, the server
// ends the stream, or the caller stops ranging. An error is yielded once, last.
func (c *Client) Logs(ctx context.Context, id string, opts LogOptions) iter.Seq2[LogLine, error] {
	return func(yield func(LogLine, error) bool) { yield(LogLine{}, errNotBuilt) }
}

// PollInterval is how long to wait before the next poll: want, or longer when
// the quota that the last answers reported would not last for its window.
func (c *Client) PollInterval(want time.Duration) time.Duration { return want }
