package runpod_test

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"podbay/runpod"
)

const testKey = "rpa_SECRET0123456789"

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve starts a server for the test and returns its origin.
func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return srv.URL
}

// naps notes what the client would have slept, and does not sleep.
type naps struct {
	mu sync.Mutex
	ds []time.Duration
}

func (n *naps) sleep(ctx context.Context, d time.Duration) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.ds = append(n.ds, d)
	return ctx.Err()
}

func (n *naps) all() []time.Duration {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]time.Duration(nil), n.ds...)
}

func newClient(t *testing.T, opts runpod.Options) *runpod.Client {
	t.Helper()
	if opts.APIKey == "" {
		opts.APIKey = testKey
	}
	if opts.Sleep == nil {
		opts.Sleep = new(naps).sleep
	}
	c, err := runpod.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// testContext ends a test that hangs.
func testContext(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func problem(w http.ResponseWriter, status int, title, detail string, errs ...string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	body := map[string]any{"title": title, "status": status, "detail": detail}
	if errs != nil {
		body["errors"] = errs
	}
	if err := json.NewEncoder(w).Encode(body); err != nil {
		panic(http.ErrAbortHandler)
	}
}

func reply(w http.ResponseWriter, body string) {
	w.Header().Set("Content-Type", "application/json")
	io.WriteString(w, body)
}

func TestHeaders(t *testing.T) {
	var got http.Header
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got = r.Header.Clone()
		reply(w, `{"pods":[]}`)
	})
	c := newClient(t, runpod.Options{BaseURL: url + "/", UserAgent: "podbay/1.0"})
	if _, err := c.ListPods(testContext(t)); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"Authorization": "Bearer " + testKey, "User-Agent": "podbay/1.0", "Content-Type": "",
	} {
		if got.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, got.Get(name), want)
		}
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			var strayed []http.Header
			other := serve(t, func(w http.ResponseWriter, r *http.Request) {
				strayed = append(strayed, r.Header.Clone())
				reply(w, `{"pods":[],"keys":[]}`)
			})
			url := serve(t, func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, other+r.URL.Path, status)
			})
			c := newClient(t, runpod.Options{BaseURL: url})
			_, listErr := c.ListPods(testContext(t))
			_, putErr := c.ReplaceSSHKeys(testContext(t), []string{})
			for _, err := range []error{listErr, putErr} {
				if !errors.Is(err, runpod.ErrUnexpected) || !strings.Contains(err.Error(), strings.TrimPrefix(other, "http://")) {
					t.Errorf("got %v, want an unexpected answer that names %s", err, other)
				}
			}
			if len(strayed) != 0 {
				t.Errorf("the other server was asked: %v", strayed)
			}
		})
	}
}

func TestRetries(t *testing.T) {
	ok := func(w http.ResponseWriter) { reply(w, `{"pods":[],"keys":[]}`) }
	status := func(code int, header ...string) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) {
			for i := 0; i < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			problem(w, code, http.StatusText(code), "")
		}
	}
	drop := func(http.ResponseWriter) { panic(http.ErrAbortHandler) }
	cut := func(w http.ResponseWriter) {
		w.Header().Set("Content-Length", "100")
		io.WriteString(w, `{"pods":[`)
		w.(http.Flusher).Flush() // else net/http may drop the whole answer
		panic(http.ErrAbortHandler)
	}
	tests := map[string]struct {
		answers []func(http.ResponseWriter) // the last one repeats
		write   bool
		asked   int
		waits   []time.Duration // -1: any back-off
		want    error
	}{
		"at once":                    {[]func(http.ResponseWriter){ok}, false, 1, nil, nil},
		"503 once":                   {[]func(http.ResponseWriter){status(503), ok}, false, 2, []time.Duration{-1}, nil},
		"500 for ever":               {[]func(http.ResponseWriter){status(500)}, false, 3, []time.Duration{-1, -1}, runpod.ErrUnavailable},
		"501":                        {[]func(http.ResponseWriter){status(501)}, false, 1, nil, runpod.ErrUnavailable},
		"401":                        {[]func(http.ResponseWriter){status(401)}, false, 1, nil, runpod.ErrUnauthorized},
		"dropped":                    {[]func(http.ResponseWriter){drop, ok}, false, 2, []time.Duration{-1}, nil},
		"cut body":                   {[]func(http.ResponseWriter){cut, ok}, false, 2, []time.Duration{-1}, nil},
		"cut for ever":               {[]func(http.ResponseWriter){cut}, false, 3, []time.Duration{-1, -1}, runpod.ErrMalformed},
		"429, short wait":            {[]func(http.ResponseWriter){status(429, "Retry-After", "2"), ok}, false, 2, []time.Duration{2 * time.Second}, nil},
		"429, long wait":             {[]func(http.ResponseWriter){status(429, "Retry-After", "12"), ok}, false, 1, nil, runpod.ErrRateLimited},
		"429, absurd wait":           {[]func(http.ResponseWriter){status(429, "Retry-After", "99999999999999999999"), ok}, false, 1, nil, runpod.ErrRateLimited},
		"429, unreadable wait":       {[]func(http.ResponseWriter){status(429, "Retry-After", "soon"), ok}, false, 2, []time.Duration{-1}, nil},
		"503, long wait":             {[]func(http.ResponseWriter){status(503, "Retry-After", "60"), ok}, false, 1, nil, runpod.ErrUnavailable},
		"write, 503":                 {[]func(http.ResponseWriter){status(503), ok}, true, 1, nil, runpod.ErrUnavailable},
		"write, 429 with short wait": {[]func(http.ResponseWriter){status(429, "Retry-After", "1"), ok}, true, 1, nil, runpod.ErrRateLimited},
		"write, dropped":             {[]func(http.ResponseWriter){drop, ok}, true, 1, nil, runpod.ErrUnavailable},
		"write, cut":                 {[]func(http.ResponseWriter){cut, ok}, true, 1, nil, runpod.ErrMalformed},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			var mu sync.Mutex
			asked := 0
			url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				mu.Lock()
				answer := tc.answers[min(asked, len(tc.answers)-1)]
				asked++
				mu.Unlock()
				answer(w)
			})
			var slept naps
			c := newClient(t, runpod.Options{BaseURL: url, Sleep: slept.sleep})
			var err error
			if tc.write {
				_, err = c.ReplaceSSHKeys(testContext(t), []string{})
			} else {
				_, err = c.ListPods(testContext(t))
			}
			if !errors.Is(err, tc.want) {
				t.Errorf("error %v, want %v", err, tc.want)
			}
			mu.Lock()
			defer mu.Unlock()
			if asked != tc.asked {
				t.Errorf("asked %d times, want %d", asked, tc.asked)
			}
			checkWaits(t, slept.all(), tc.waits)
		})
	}
}

func checkWaits(t *testing.T, got, want []time.Duration) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("waited %v, want %v", got, want)
	}
	for i, d := range want {
		bound := 300 * time.Millisecond << i
		if d >= 0 && got[i] != d || d < 0 && (got[i] < bound/2 || got[i] > bound) {
			t.Errorf("wait %d is %v, want %v (-1: from %v to %v)", i, got[i], d, bound/2, bound)
		}
	}
}

func TestWriteThatMayHaveHappenedSaysSo(t *testing.T) {
	url := serve(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	_, err := newClient(t, runpod.Options{BaseURL: url}).PodAction(testContext(t), "p1", runpod.ActionStop)
	if err == nil || !strings.Contains(err.Error(), "may have been done") {
		t.Errorf("got %v", err)
	}
}

func TestHangingServerIsEndedByContext(t *testing.T) {
	asked := make(chan struct{})
	release := make(chan struct{})
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		close(asked)
		<-release
	})
	t.Cleanup(func() { close(release) }) // before the server's own cleanup, which waits for the handler
	ctx, cancel := context.WithCancel(testContext(t))
	go func() {
		<-asked
		cancel()
	}()
	_, err := newClient(t, runpod.Options{BaseURL: url}).ListPods(ctx)
	if !errors.Is(err, runpod.ErrUnavailable) || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want unavailable because cancelled", err)
	}
}

func TestHangingBodyIsEndedByContext(t *testing.T) {
	ctx, cancel := context.WithCancel(testContext(t))
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, `{"pods":[`)
		w.(http.Flusher).Flush()
		cancel()
		<-r.Context().Done()
	})
	_, err := newClient(t, runpod.Options{BaseURL: url}).ListPods(ctx)
	if !errors.Is(err, runpod.ErrUnavailable) || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want unavailable because cancelled", err)
	}
}

func TestWaitBetweenAttemptsIsEndedByContext(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) { problem(w, 503, "Unavailable", "") })
	ctx, cancel := context.WithCancel(testContext(t))
	c := newClient(t, runpod.Options{BaseURL: url, Sleep: func(ctx context.Context, _ time.Duration) error {
		cancel()
		<-ctx.Done()
		return ctx.Err()
	}})
	if _, err := c.ListPods(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want cancelled", err)
	}
}

func TestCompressedBodyIsBoundedToo(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Encoding", "gzip")
		zw := gzip.NewWriter(w)
		defer zw.Close()
		for range 64 {
			if _, err := zw.Write(make([]byte, 1<<20)); err != nil {
				return
			}
		}
	})
	if _, err := newClient(t, runpod.Options{BaseURL: url}).ListPods(testContext(t)); !errors.Is(err, runpod.ErrMalformed) {
		t.Errorf("got %v", err)
	}
}

func TestConcurrentUse(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("RateLimit", `"minute";r=48;t=12`)
		reply(w, `{"pods":[]}`)
	})
	c := newClient(t, runpod.Options{BaseURL: url})
	ctx := testContext(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := c.ListPods(ctx); err != nil {
				t.Error(err)
			}
			c.PollInterval(time.Second)
			_ = fmt.Sprintf("%+v", c)
		})
	}
	wg.Wait()
}
