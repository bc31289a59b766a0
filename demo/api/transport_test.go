package api_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

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
