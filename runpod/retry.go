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

// retrier repeats one call. Only what is safe to repeat may be repeatable: that
// the answer to a write got lost does not say that the write did.
func (c *Client) retrier(repeatable bool) *retryablehttp.Client {
	var (
		attempt int
		wait    time.Duration // handed from CheckRetry to PrepareRetry
	)
	return &retryablehttp.Client{
		HTTPClient: c.http,
		RetryMax:   maxRetries,
		CheckRetry: func(ctx context.Context, resp *http.Response, err error) (bool, error) {
			if !repeatable || ctx.Err() != nil || !c.isPassing(resp, err) {
				return false, nil
			}
			wait = c.backoff(attempt, resp)
			attempt++
			return fits(ctx, wait), nil
		},
		// retryablehttp sleeps on a timer of its own. Told to wait for
		// nothing, it leaves the waiting to PrepareRetry and the injected clock.
		Backoff:      func(time.Duration, time.Duration, int, *http.Response) time.Duration { return 0 },
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

// isPassing reports whether the same call may well succeed a moment later.
func (c *Client) isPassing(resp *http.Response, err error) bool {
	if err != nil {
		return !explain(err, c.host, c.now()).final
	}
	switch resp.StatusCode {
	case http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusBadGateway,
		http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// fits reports whether the wait is worth it: an answer in hand says more than
// that the time ran out while waiting for another.
func fits(ctx context.Context, wait time.Duration) bool {
	deadline, ok := ctx.Deadline()
	return wait <= maxWait && (!ok || wait < time.Until(deadline))
}

// backoff is what the server asked for; else a random time from the upper half
// of a bound that doubles with each attempt, so that clients that were cut off
// together do not come back together.
func (c *Client) backoff(attempt int, resp *http.Response) time.Duration {
	if resp != nil {
		if asked, ok := retryAfter(resp.Header, c.now()); ok {
			return asked
		}
	}
	bound := firstBackoff << attempt
	return bound/2 + time.Duration(c.jitter()*float64(bound/2))
}
