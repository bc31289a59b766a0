package runpod_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"podbay/runpod"
)

// stalled is a body that stops for good behind its first part.
type stalled struct {
	io.Reader
	ctx context.Context
}

func (s stalled) Read(p []byte) (int, error) {
	if n, err := s.Reader.Read(p); err == nil {
		return n, nil
	}
	<-s.ctx.Done()
	return 0, s.ctx.Err()
}

func (s stalled) Close() error { return nil }

// TestStalledAnswersAreBounded holds that no call outlasts CallTimeout, whatever
// the answer was that stopped in its middle.
func TestStalledAnswersAreBounded(t *testing.T) {
	calls := map[string]func(context.Context, *runpod.Client) error{
		"list": func(ctx context.Context, c *runpod.Client) error { _, err := c.ListPods(ctx); return err },
		"write": func(ctx context.Context, c *runpod.Client) error {
			_, err := c.ReplaceSSHKeys(ctx, []string{})
			return err
		},
		"terminate": func(ctx context.Context, c *runpod.Client) error {
			_, err := c.PodAction(ctx, "p1", runpod.ActionTerminate)
			return err
		},
	}
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				err := call(t.Context(), stallingClient(t, 200))
				if took := time.Since(start); took != runpod.CallTimeout {
					t.Errorf("the call took %v", took)
				}
				if !errors.Is(err, runpod.ErrUnavailable) || !strings.Contains(err.Error(), "the answer of api.runpod.io stopped in its middle") {
					t.Errorf("got %v", err)
				}
				if told := strings.Contains(err.Error(), "may have been done"); told != (name != "list") {
					t.Errorf("got %v", err)
				}
			})
		})
	}
	for _, status := range []int{403, 503} {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			_, err := stallingClient(t, status).ListPods(t.Context())
			if took := time.Since(start); err == nil || took > runpod.CallTimeout {
				t.Errorf("%d: the list took %v, %v", status, took, err)
			}
			start = time.Now()
			for _, err = range stallingClient(t, status).Logs(t.Context(), "p1", runpod.LogOptions{}) {
			}
			if took := time.Since(start); err == nil || took > runpod.CallTimeout || errors.Is(err, context.Canceled) {
				t.Errorf("%d: the log took %v, %v", status, took, err)
			}
		})
	}
}

func stallingClient(t *testing.T, status int) *runpod.Client {
	return newClient(t, runpod.Options{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		return &http.Response{
			StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Request: r,
			Body: stalled{strings.NewReader(`{"pods":[`), r.Context()},
		}, nil
	})})
}
