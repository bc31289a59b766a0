package api_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"podbay/demo/api"
)

const testKey = "test-key"

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// clock is a time that moves when it is told to.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func newClock() *clock { return &clock{t: time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// listen starts a server that is closed when the test ends.
func listen(t *testing.T, opts api.Options) (*api.Server, string) {
	t.Helper()
	if opts.Keys == nil {
		opts.Keys = []api.Key{{Secret: testKey}}
	}
	s, err := api.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	base, err := s.Listen()
	if err != nil {
		t.Fatal(err)
	}
	return s, base
}

// do makes a call without a network.
func do(t *testing.T, s http.Handler, method, path, body string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+testKey)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func get(t *testing.T, s http.Handler, path string) []byte {
	t.Helper()
	w := do(t, s, "GET", path, "")
	if w.Code != http.StatusOK {
		t.Fatalf("GET %s: %d %s", path, w.Code, w.Body)
	}
	b, err := io.ReadAll(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

type endpoint struct {
	Host     string
	Port     int
	Username string
	Command  string
}

// view is what the tests look at of a pod.
type view struct {
	ID        string
	Status    string
	Actions   []string
	Ports     []string
	Env       map[string]string
	Cost      float64
	Locked    bool
	SSH       struct{ Proxy, Direct *endpoint }
	Runtime   *struct{ Uptime int }
	StartedAt *time.Time
}

func pod(t *testing.T, s http.Handler, id string) view {
	t.Helper()
	return decode(t, get(t, s, "/v2/pods/"+id))
}

func decode(t *testing.T, data []byte) view {
	t.Helper()
	var v view
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func act(t *testing.T, s http.Handler, id, action string) int {
	t.Helper()
	return do(t, s, "POST", "/v2/pods/"+id+"/action", `{"action":"`+action+`"}`).Code
}
