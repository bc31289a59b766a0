package runpod

import (
	"context"
	"net/http"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

const (
	maxRetries   = 2
	firstBackoff = 300 * time.Millisecond
	// maxWait is the longest wait between two attempts, whatever the server
	// asks for: beyond it the caller, who can say so on a screen, decides.
	maxWait = 5 * time.Second
)

// retrier repeats one call. Only what is safe to repeat may be repeatable: an
// answer to a write that got lost does not say that the write did.
func (c *Client) retrier(repeatable bool) *retryablehttp.Client {
	var wait time.Duration // handed from Backoff to PrepareRetry
	return &retryablehttp.Client{
		HTTPClient: c.http,
		RetryMax:   maxRetries,
		CheckRetry: func(ctx context.Context, resp *http.Response, err error) (bool, error) {
			return repeatable && ctx.Err() == nil && c.shouldRetry(ctx, resp, err), nil
		},
		// retryablehttp sleeps on a timer of its own. Told to wait for
		// nothing, it leaves the waiting to PrepareRetry and the injected clock.
		Backoff: func(_, _ time.Duration, attempt int, resp *http.Response) time.Duration {
			wait = c.backoff(attempt, resp)
			return 0
		},
		PrepareRetry: func(req *http.Request) error { return c.sleep(req.Context(), wait) },
		ErrorHandler: func(resp *http.Response, err error, _ int) (*http.Response, error) {
			if err != nil && resp != nil {
				resp.Body.Close()
				resp = nil
			}
			return resp, err
		},
	}
}

func (c *Client) shouldRetry(ctx context.Context, resp *http.Response, err error) bool {
	if err != nil {
		return !explain(err, c.host).final
	}
	switch resp.StatusCode {
	case http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusBadGateway,
		http.StatusServiceUnavailable, http.StatusGatewayTimeout:
	default:
		return false
	}
	asked, _ := retryAfter(resp.Header, c.now())
	if deadline, ok := ctx.Deadline(); ok && asked >= time.Until(deadline) {
		return false
	}
	return asked <= maxWait
}

// backoff is what the server asked for, or a random time below a bound that
// doubles with each attempt, so that clients cut off together do not come back
// together; never less than half of it.
func (c *Client) backoff(attempt int, resp *http.Response) time.Duration {
	if resp != nil {
		if asked, ok := retryAfter(resp.Header, c.now()); ok {
			return asked
		}
	}
	bound := min(firstBackoff<<attempt, maxWait)
	return bound/2 + time.Duration(c.jitter()*float64(bound/2))
}
