package runpod_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"podbay/runpod"
)

// stream answers with an event stream made of parts, flushed one by one.
func stream(parts ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for _, part := range parts {
			io.WriteString(w, part)
			w.(http.Flusher).Flush()
		}
	}
}

// collect ranges over a log to its end.
func collect(ctx context.Context, c *runpod.Client, opts runpod.LogOptions) (lines []runpod.LogLine, err error) {
	for line, e := range c.Logs(ctx, "p1", opts) {
		if e != nil {
			return lines, e
		}
		lines = append(lines, line)
	}
	return lines, nil
}

func TestLogs(t *testing.T) {
	at := time.Date(2026, 6, 1, 12, 2, 3, 0, time.UTC)
	one := runpod.LogLine{Time: at, Source: runpod.LogContainer, Line: "one"}
	two := runpod.LogLine{Time: at, Source: runpod.LogSystem, Line: "two"}
	const (
		e1 = `{"ts":"2026-06-01T12:02:03Z","source":"container","line":"one"}`
		e2 = `{"ts":"2026-06-01T12:02:03Z","source":"system","line":"two"}`
	)
	tests := map[string]struct {
		handler http.HandlerFunc
		want    []runpod.LogLine
		kind    error
		text    string
	}{
		"none":                 {stream(""), nil, nil, ""},
		"two":                  {stream("id: 2026-06-01T12:02:03Z/1\ndata: "+e1+"\n\n", "id: 2\ndata: "+e2+"\n\n"), []runpod.LogLine{one, two}, nil, ""},
		"CRLF":                 {stream("id: 1\r\ndata: "+e1+"\r\n\r\ndata:"+e2+"\r\n\r", "\n"), []runpod.LogLine{one, two}, nil, ""},
		"CR":                   {stream("data: " + e1 + "\r\rdata: " + e2 + "\r\r\r"), []runpod.LogLine{one, two}, nil, ""},
		"split":                {stream("da", "ta: "+e1[:9], e1[9:], "\n", "\n"), []runpod.LogLine{one}, nil, ""},
		"data on several rows": {stream("data: {\"ts\":\"2026-06-01T12:02:03Z\",\ndata: \"source\":\"container\",\ndata: \"line\":\"one\"}\n\n"), []runpod.LogLine{one}, nil, ""},
		"heartbeats":           {stream(": hello\n\n", ":\n\n", "data: "+e1+"\n\n", ": still here\n\n", "retry: 3000\n\n"), []runpod.LogLine{one}, nil, ""},
		"byte order mark":      {stream("\ufeffdata: " + e1 + "\n\n"), []runpod.LogLine{one}, nil, ""},
		"unfinished event":     {stream("data: "+e1+"\n\n", "data: "+e2), []runpod.LogLine{one}, nil, ""},
		"unfinished by a row":  {stream("data: "+e1+"\n\n", "data: "+e2+"\n"), []runpod.LogLine{one}, nil, ""},
		"unknown event":        {stream("event: ping\ndata: {\"n\":1}\n\n", "data: "+e1+"\n\n"), []runpod.LogLine{one}, nil, ""},
		"unknown fields":       {stream(`data: {"line":"x","source":"gpu","ts":null,"level":3}` + "\n\n"), []runpod.LogLine{{Source: "gpu", Line: "x"}}, nil, ""},
		"hostile line":         {stream(`data: {"source":"container","line":"  \u001b[2Ja\u202eb\u0007"}` + "\n\n"), []runpod.LogLine{{Source: "container", Line: "  ab"}}, nil, ""},
		"several lines":        {stream(`data: {"source":"container","line":"a\nb\n"}` + "\n\n"), []runpod.LogLine{{Source: "container", Line: "a"}, {Source: "container", Line: "b"}}, nil, ""},
		"blank line":           {stream(`data: {"source":"container","line":""}` + "\n\n"), []runpod.LogLine{{Source: "container"}}, nil, ""},
		"garbage event":        {stream("data: "+e1+"\n\n", "data: {{\n\n", "data: "+e2+"\n\n"), []runpod.LogLine{one}, runpod.ErrMalformed, "is not the JSON"},
		"giant event":          {stream("data: "+e1+"\n\n", "data: "+strings.Repeat("x", 300<<10)+"\n\n"), []runpod.LogLine{one}, runpod.ErrMalformed, "too large"},
		"giant line":           {stream(`data: {"line":"` + strings.Repeat("x", 128<<10) + `"}` + "\n\n"), []runpod.LogLine{{Line: strings.Repeat("x", 4095) + "…"}}, nil, ""},
		"cut": {func(w http.ResponseWriter, r *http.Request) {
			stream("data: "+e1+"\n\n", "data: {\"ts\"")(w, r)
			panic(http.ErrAbortHandler)
		}, []runpod.LogLine{one}, runpod.ErrUnavailable, "the stream was cut off"},
		"no stream":   {func(w http.ResponseWriter, _ *http.Request) { reply(w, `{}`) }, nil, runpod.ErrMalformed, "is not an event stream"},
		"no such pod": {func(w http.ResponseWriter, _ *http.Request) { problem(w, 404, "Not Found", "resource not found") }, nil, runpod.ErrNotFound, "resource not found"},
		"rate limited": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "9")
			problem(w, 429, "", "")
		}, nil, runpod.ErrRateLimited, "in 9s"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := collect(testContext(t), newClient(t, runpod.Options{BaseURL: serve(t, tc.handler)}), runpod.LogOptions{})
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
			if !errors.Is(err, tc.kind) || err != nil && !strings.Contains(err.Error(), tc.text) {
				t.Errorf("got %v, want %v that says %q", err, tc.kind, tc.text)
			}
		})
	}
}

func TestLogRequests(t *testing.T) {
	tests := map[string]struct {
		opts runpod.LogOptions
		want string // "" when nothing may be sent
	}{
		"live only":        {runpod.LogOptions{}, "/v2/pods/p1/logs?tail=0"},
		"history":          {runpod.LogOptions{Tail: 5000, Source: runpod.LogContainer}, "/v2/pods/p1/logs?source=container&tail=5000"},
		"since":            {runpod.LogOptions{Tail: 10, Source: runpod.LogSystem, Since: time.Date(2026, 6, 1, 14, 2, 3, 999, time.FixedZone("", 7200))}, "/v2/pods/p1/logs?since=2026-06-01T12%3A02%3A03Z&source=system"},
		"too much":         {runpod.LogOptions{Tail: 5001}, ""},
		"negative":         {runpod.LogOptions{Tail: -1}, ""},
		"no such source":   {runpod.LogOptions{Source: "gpu"}, ""},
		"no source at all": {runpod.LogOptions{Source: "", Tail: 1}, "/v2/pods/p1/logs?tail=1"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			asked, accept := "", ""
			url := serve(t, func(w http.ResponseWriter, r *http.Request) {
				asked, accept = r.RequestURI, r.Header.Get("Accept")
				stream("")(w, r)
			})
			_, err := collect(testContext(t), newClient(t, runpod.Options{BaseURL: url}), tc.opts)
			if asked != tc.want {
				t.Errorf("asked %q, want %q", asked, tc.want)
			}
			if tc.want == "" && !errors.Is(err, runpod.ErrInvalid) || tc.want != "" && err != nil {
				t.Errorf("error %v", err)
			}
			if tc.want != "" && !strings.HasPrefix(accept, "text/event-stream") {
				t.Errorf("accepts %q", accept)
			}
		})
	}
}

// Both ways out end the request: the server's handler returns.
func TestLogsCanBeLeft(t *testing.T) {
	const event = `data: {"line":"x"}` + "\n\n"
	left := make(chan struct{}, 1)
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		stream(event)(w, r)
		<-r.Context().Done()
		left <- struct{}{}
	})
	c := newClient(t, runpod.Options{BaseURL: url})

	for _, err := range c.Logs(testContext(t), "p1", runpod.LogOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		break
	}
	<-left

	ctx, cancel := context.WithCancel(testContext(t))
	defer cancel()
	var last error
	for _, err := range c.Logs(ctx, "p1", runpod.LogOptions{}) {
		last = err
		cancel()
	}
	if !errors.Is(last, context.Canceled) || !errors.Is(last, runpod.ErrUnavailable) {
		t.Errorf("after a cancel: %v", last)
	}
	<-left
}
