package api_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"podbay/demo/api"
)

func TestQuota(t *testing.T) {
	c := newClock()
	s, _ := listen(t, api.Options{Now: c.now, Quotas: []api.Quota{
		{Name: "minute", Limit: 2, Window: time.Minute}, {Name: "hour", Limit: 3, Window: time.Hour},
	}})
	const policy = `"minute";q=2;w=60, "hour";q=3;w=3600`
	for _, step := range []struct {
		wait  time.Duration
		code  int
		state string
		retry string
	}{
		{0, 200, `"minute";r=1;t=60, "hour";r=2;t=3600`, ""},
		{1500 * time.Millisecond, 200, `"minute";r=0;t=59, "hour";r=1;t=3599`, ""},
		{0, 429, `"minute";r=0;t=59, "hour";r=1;t=3599`, "59"},
		{59 * time.Second, 200, `"minute";r=1;t=60, "hour";r=0;t=3540`, ""},
		{0, 429, `"minute";r=1;t=60, "hour";r=0;t=3540`, "3540"},
		{time.Hour, 200, `"minute";r=1;t=60, "hour";r=2;t=3600`, ""},
	} {
		c.add(step.wait)
		w := do(t, s, "GET", "/v2/pods", "")
		h := w.Header()
		got := []string{h.Get("RateLimit"), h.Get("RateLimit-Policy"), h.Get("Retry-After")}
		if diff := cmp.Diff([]string{step.state, policy, step.retry}, got); w.Code != step.code || diff != "" {
			t.Errorf("%d, want %d: %s", w.Code, step.code, diff)
		}
	}
}

func TestQuotaHeaders(t *testing.T) {
	s, _ := listen(t, api.Options{})
	for _, path := range []string{"/v2/pods", "/v2/pods/missing", "/v2/nothing"} {
		if w := do(t, s, "GET", path, ""); !strings.Contains(w.Header().Get("RateLimit-Policy"), `"day";q=50000;w=86400`) {
			t.Errorf("GET %s: policy %q", path, w.Header().Get("RateLimit-Policy"))
		}
	}
	s.SetKeys([]api.Key{{Secret: "another"}})
	if w := do(t, s, "GET", "/v2/pods", ""); w.Code != 401 || w.Header().Get("RateLimit") != "" {
		t.Errorf("a replaced key: %d, RateLimit %q", w.Code, w.Header().Get("RateLimit"))
	}
	exempt, _ := listen(t, api.Options{Quotas: []api.Quota{}})
	if w := do(t, exempt, "GET", "/v2/pods", ""); w.Header().Get("RateLimit") != "" {
		t.Error("an exempt caller is told of quotas")
	}
	if _, err := api.New(api.Options{Keys: []api.Key{{Secret: "k"}}, Quotas: []api.Quota{{Name: "m", Window: 1}}}); err == nil {
		t.Error("a window of a nanosecond was accepted")
	}
}

func request(t *testing.T, ctx context.Context, base, method, path, body string) (*http.Response, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, method, base+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+testKey)
	r.Header.Set("Content-Type", "application/json")
	r.Close = true // no idle connection outlives the test
	return http.DefaultClient.Do(r)
}

// fetch returns the status and the body, and the error that cut either short.
func fetch(t *testing.T, base, path string) (int, string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	resp, err := request(t, ctx, base, "GET", path, "")
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(body), err
}

func TestFaults(t *testing.T) {
	var slept []time.Duration
	s, base := listen(t, api.Options{Pods: []api.PodSpec{{ID: "p", Status: api.StatusRunning}},
		Sleep: func(_ context.Context, d time.Duration) error { slept = append(slept, d); return nil }})
	for _, tt := range []struct {
		name  string
		fault api.Fault
		check func(status int, body string, err error) bool
	}{
		{"status", api.Fault{Kind: api.FaultStatus, Status: 503}, func(status int, body string, err error) bool {
			return err == nil && status == 503 && strings.Contains(body, `"status":503`)
		}},
		{"status with a body", api.Fault{Kind: api.FaultStatus, Body: "<html>"}, func(status int, body string, err error) bool {
			return err == nil && status == 500 && body == "<html>"
		}},
		{"garbage", api.Fault{Kind: api.FaultGarbage}, func(status int, body string, err error) bool {
			return err == nil && status == 200 && strings.Contains(body, "\x00")
		}},
		{"cut", api.Fault{Kind: api.FaultCut, CutAfter: 10}, func(status int, body string, err error) bool {
			return errors.Is(err, io.ErrUnexpectedEOF) && status == 200 && body == `{"pods":[{`
		}},
		{"cut at once", api.Fault{Kind: api.FaultCut}, func(status int, body string, err error) bool {
			return err != nil && body == ""
		}},
		{"drop", api.Fault{Kind: api.FaultDrop}, func(status int, _ string, err error) bool { return err != nil && status == 0 }},
		{"delay", api.Fault{Kind: api.FaultDelay, Delay: time.Hour}, func(status int, _ string, err error) bool {
			return err == nil && status == 200 && len(slept) == 1 && slept[0] == time.Hour
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			remove := s.AddFault(tt.fault)
			if status, body, err := fetch(t, base, "/v2/pods"); !tt.check(status, body, err) {
				t.Errorf("%d, %v, %.80q", status, err, body)
			}
			remove()
			if status, _, err := fetch(t, base, "/v2/pods"); status != 200 || err != nil {
				t.Errorf("after it was removed: %d, %v", status, err)
			}
		})
	}
}

func TestFaultCounts(t *testing.T) {
	s, _ := listen(t, api.Options{Pods: []api.PodSpec{{ID: "p"}}})
	s.AddFault(api.Fault{Route: api.Route{Method: "GET", Path: "/v2/pods/*"}, Kind: api.FaultStatus, Status: 500, Skip: 1, Times: 2,
		RetryAfter: 7 * time.Second, Header: http.Header{"X-Test": {"1"}}})
	var got []int
	for range 5 {
		w := do(t, s, "GET", "/v2/pods/p", "")
		got = append(got, w.Code)
		if w.Code == 500 && (w.Header().Get("Retry-After") != "7" || w.Header().Get("X-Test") != "1" || w.Header().Get(api.DeviationHeader) != "fault") {
			t.Errorf("headers of a fault: %v", w.Header())
		}
	}
	if diff := cmp.Diff([]int{200, 500, 500, 200, 200}, got); diff != "" {
		t.Error(diff)
	}
	if w := do(t, s, "GET", "/v2/pods", ""); w.Code != 200 {
		t.Errorf("another path: %d", w.Code)
	}
}

func TestHangEnds(t *testing.T) {
	for _, who := range []string{"client", "server"} {
		t.Run(who, func(t *testing.T) {
			s, base := listen(t, api.Options{})
			s.AddFault(api.Fault{Kind: api.FaultHang})
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			done := make(chan error, 1)
			go func() {
				resp, err := request(t, ctx, base, "PUT", "/v2/account/ssh-keys", `{"keys":[]}`)
				if err == nil {
					_ = resp.Body.Close()
				}
				done <- err
			}()
			if who == "client" {
				cancel()
			} else if err := s.Close(); err != nil {
				t.Error(err)
			}
			if err := <-done; err == nil {
				t.Error("a call that hangs was answered")
			}
		})
	}
}

func TestJournal(t *testing.T) {
	var mu sync.Mutex
	var alarms []string
	s, _ := listen(t, api.Options{
		Expected:   []api.Route{{Method: "GET", Path: "/v2/pods"}, {Method: "PUT", Path: "/v2/**"}, {Path: "/v2/gone"}},
		Unexpected: func(c api.Call) { mu.Lock(); defer mu.Unlock(); alarms = append(alarms, c.Method+" "+c.Path) },
	})
	do(t, s, "GET", "/v2/pods?includeClusterPods=true", "")
	if w := do(t, s, "DELETE", "/v2/pods/a%2Fb", ""); w.Code != 501 {
		t.Errorf("an unexpected call: %d", w.Code)
	}
	do(t, s, "GET", "/v2/gone", "")
	var got []string
	for _, c := range s.Calls() {
		got = append(got, c.Method+" "+c.Path+" "+c.Query+" "+http.StatusText(c.Status))
	}
	if diff := cmp.Diff([]string{"GET /v2/pods includeClusterPods=true OK", "DELETE /v2/pods/a%2Fb  Not Implemented", "GET /v2/gone  Not Found"}, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"DELETE /v2/pods/a%2Fb", "GET /v2/gone"}, alarms); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]api.Route{{Method: "PUT", Path: "/v2/**"}}, s.Unmet()); diff != "" {
		t.Error(diff)
	}
}

func TestFuture(t *testing.T) {
	s, _ := listen(t, api.Options{Pods: []api.PodSpec{{ID: "p", Future: true}, {ID: "q"}}})
	w := do(t, s, "GET", "/v2/pods", "")
	if w.Header().Get(api.DeviationHeader) != "future" || !strings.Contains(w.Body.String(), `"MIGRATING"`) {
		t.Errorf("%v %s", w.Header(), w.Body)
	}
	if err := s.SetFuture("p", false); err != nil {
		t.Fatal(err)
	}
	if w := do(t, s, "GET", "/v2/pods", ""); w.Header().Get(api.DeviationHeader) != "" || strings.Contains(w.Body.String(), "MIGRATING") {
		t.Errorf("switched off: %v", w.Header())
	}
}

func TestAuthorization(t *testing.T) {
	s, _ := listen(t, api.Options{})
	for value, want := range map[string]int{
		"": 401, "Bearer": 401, "Bearer ": 401, testKey: 401, "Basic " + testKey: 401, "Bearer " + testKey + "x": 401,
		"Bearer " + testKey: 200, "bearer " + testKey: 200,
	} {
		r, err := http.NewRequest("GET", "/v2/pods", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", value)
		if got := answer(s, r); got != want {
			t.Errorf("%q: %d, want %d", value, got, want)
		}
	}
	for _, c := range s.Calls() {
		if strings.Contains(c.Path+c.Query, testKey) {
			t.Error("the key is in the journal")
		}
	}
}

// TestStall: the header and half of the body arrive, and no more until somebody leaves.
func TestStall(t *testing.T) {
	for _, who := range []string{"client", "server"} {
		for after, want := range map[int]string{0: `{"key`, 3: `{"k`} {
			t.Run(fmt.Sprintf("%s %d", who, after), func(t *testing.T) {
				s, base := listen(t, api.Options{})
				s.AddFault(api.Fault{Kind: api.FaultStall, CutAfter: after})
				ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
				defer cancel()
				resp, err := request(t, ctx, base, "PUT", "/v2/account/ssh-keys", `{"keys":[]}`)
				if err != nil || resp.StatusCode != 200 {
					t.Fatalf("%+v, %v", resp, err)
				}
				defer func() { _ = resp.Body.Close() }()
				got := make([]byte, len(want))
				if _, err := io.ReadFull(resp.Body, got); err != nil || !strings.HasPrefix(want, string(got)) {
					t.Errorf("%q, %v", got, err)
				}
				rest := make(chan error, 1)
				go func() {
					more, err := io.ReadAll(resp.Body)
					if len(more) > 1 {
						t.Errorf("more of the body came: %q", more)
					}
					rest <- err
				}()
				if who == "client" {
					cancel()
				} else if err := s.Close(); err != nil {
					t.Error(err)
				}
				if err := <-rest; err == nil {
					t.Error("the answer came to its end")
				}
			})
		}
	}
}
