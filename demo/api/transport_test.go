package api_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"podbay/demo/api"
	"podbay/internal/contract"
)

// TestTransportReports sends right and wrong exchanges through the wrapper that
// the other tests rely on.
func TestTransportReports(t *testing.T) {
	v, ok := contract.Open(t)
	if !ok {
		return
	}
	const (
		good     = `{"keys":[]}`
		goodBody = "id: 2026-06-01T12:02:03Z/1\ndata: {\"ts\":\"2026-06-01T12:02:03Z\",\"source\":\"system\",\"line\":\"x\"}\n\n"
	)
	for _, tt := range []struct {
		name, path, kind, sent, answer string
		status                         int
		probing, wrong                 bool
	}{
		{name: "right", sent: good, status: 200, answer: good},
		{name: "wrong answer", sent: good, status: 200, answer: `{"keys":[1]}`, wrong: true},
		{name: "wrong request", sent: `{"keys":["x"]}`, status: 200, answer: good, wrong: true},
		{name: "wrong request that is refused", sent: `{"keys":["x"]}`, status: 422, wrong: true},
		{name: "probe that is refused", sent: `{"keys":["x"]}`, status: 422, probing: true},
		{name: "probe that is not refused", sent: `{"keys":["x"]}`, status: 200, answer: good, probing: true, wrong: true},
		{name: "right request that is refused", sent: good, status: 422, probing: true, wrong: true},
		{name: "stream", path: "/v2/pods/p/logs", kind: "text/event-stream", status: 200, answer: goodBody},
		{name: "wrong event", path: "/v2/pods/p/logs", kind: "text/event-stream", status: 200, answer: strings.Replace(goodBody, "system", "kernel", 1), wrong: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", tt.kind)
				if tt.kind == "" {
					w.Header().Set("Content-Type", "application/json")
				}
				if tt.status >= 400 {
					w.Header().Set("Content-Type", "application/problem+json")
					tt.answer = fmt.Sprintf(`{"title":"t","status":%d,"detail":"d"}`, tt.status)
				}
				w.WriteHeader(tt.status)
				_, _ = io.WriteString(w, tt.answer)
			}))
			defer srv.Close()
			var mu sync.Mutex
			var reported []error
			base := &http.Transport{}
			defer base.CloseIdleConnections()
			c := &http.Client{Transport: &contract.Transport{Validator: v, Base: base, Probing: tt.probing,
				Report: func(err error) { mu.Lock(); defer mu.Unlock(); reported = append(reported, err) }}}
			method, path := http.MethodPut, "/v2/account/ssh-keys"
			if tt.path != "" {
				method, path = http.MethodGet, tt.path
			}
			req, err := http.NewRequest(method, srv.URL+path, strings.NewReader(tt.sent))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Authorization", "Bearer x")
			if tt.sent != "" {
				req.Header.Set("Content-Type", "application/json")
			}
			resp, err := c.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(resp.Body)
			if err != nil || string(got) != tt.answer {
				t.Errorf("the caller reads %q, %v", got, err)
			}
			if err := resp.Body.Close(); err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			if (len(reported) > 0) != tt.wrong {
				t.Errorf("reported: %v", reported)
			}
		})
	}
}

// TestContractCanFail shows that the validator sees wrong answers and requests,
// and that it does not when an answer is right.
func TestContractCanFail(t *testing.T) {
	v, ok := contract.Open(t)
	if !ok {
		return
	}
	s, _ := listen(t, api.Options{Keys: []api.Key{{Secret: testKey}}, Pods: []api.PodSpec{{ID: "a", Status: api.StatusRunning}}})
	good := string(get(t, s, "/v2/pods"))
	problem := `{"title":"Not Found","status":404,"detail":"pod not found"}`
	for _, c := range []struct {
		name, path, kind, body string
		status                 int
		right                  bool
	}{
		{"true answer", "/v2/pods", "application/json", good, 200, true},
		{"bare list", "/v2/pods", "application/json", `[]`, 200, false},
		{"status is not of the enum", "/v2/pods", "application/json", strings.Replace(good, `"RUNNING"`, `"MIGRATING"`, 1), 200, false},
		{"cost is text", "/v2/pods", "application/json", strings.Replace(good, `"cost":0`, `"cost":"0"`, 1), 200, false},
		{"no ssh", "/v2/pods", "application/json", strings.Replace(good, `"ssh":`, `"shh":`, 1), 200, false},
		{"cut", "/v2/pods", "application/json", good[:len(good)/2], 200, false},
		{"true problem", "/v2/pods/x", "application/problem+json", problem, 404, true},
		{"problem as JSON", "/v2/pods/x", "application/json", problem, 404, false},
		{"problem without detail", "/v2/pods/x", "application/problem+json", `{"title":"t","status":404}`, 404, false},
		{"problem with another status", "/v2/pods/x", "application/problem+json", strings.Replace(problem, "404", "500", 1), 404, false},
		{"problem of an unknown path", "/v2/none", "application/problem+json", problem, 404, true},
		{"no problem of an unknown path", "/v2/none", "text/plain", problem, 404, false},
	} {
		req, err := http.NewRequest("GET", "https://api.runpod.io"+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp := &http.Response{StatusCode: c.status, Header: http.Header{"Content-Type": {c.kind}}}
		if err := v.Response(req, resp, []byte(c.body)); (err == nil) != c.right {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	put, err := http.NewRequest("PUT", "https://api.runpod.io/v2/account/ssh-keys", nil)
	if err != nil {
		t.Fatal(err)
	}
	put.Header.Set("Authorization", "Bearer x")
	put.Header.Set("Content-Type", "application/json")
	if err := v.Request(put, []byte(`{"keys":["ssh-ed25519 AAAA me"]}`)); err != nil {
		t.Error(err)
	}
	for _, body := range []string{`{"keys":["SHA256:abc"]}`, `{"keys":[],"bogus":1}`, `{}`} {
		if v.Request(put, []byte(body)) == nil {
			t.Errorf("a request with the body %s passed", body)
		}
	}
}

func TestContractEventsCanFail(t *testing.T) {
	const right = "id: 2026-06-01T12:02:03Z/000000000001\ndata: {\"ts\":\"2026-06-01T12:02:03Z\",\"source\":\"container\",\"line\":\"Model loaded.\"}\n\n"
	if err := contract.Events(strings.NewReader(": heartbeat\n\n" + right + right)); err != nil {
		t.Error(err)
	}
	for _, r := range [][2]string{
		{`"source":"container"`, `"source":"kernel"`}, {`"line"`, `"text"`}, {`"ts":"2026`, `"ts":"2025`},
		{`data: {`, `data: [`}, {"id: ", "ID: "}, {`"source":"container",`, ""},
	} {
		if contract.Events(strings.NewReader(right+strings.Replace(right, r[0], r[1], 1))) == nil {
			t.Errorf("an event with %s instead of %s passed", r[1], r[0])
		}
	}
}
