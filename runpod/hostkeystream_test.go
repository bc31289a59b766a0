package runpod_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"podbay/runpod"
)

const loggedPrint = "SHA256:75EGigx5lVc7n6i0pgO2sEcgv4ZVH9ZHNG1BBSGNaiM"

// hostKeyList is what an image prints.
var hostKeyList = []string{
	"SSH host keys:", "Key: /etc/ssh/ssh_host_ed25519_key.pub", "256 " + loggedPrint + " root@host (ED25519)", "Exporting environment variables...",
}

// logEvents are the events of lines that were written at a time.
func logEvents(at time.Time, source string, lines ...string) string {
	var out strings.Builder
	for _, line := range lines {
		data, _ := json.Marshal(map[string]string{"ts": at.Format(time.RFC3339Nano), "source": source, "line": line})
		fmt.Fprintf(&out, "data: %s\n\n", data)
	}
	return out.String()
}

func TestHostKeyLog(t *testing.T) {
	started := time.Date(2026, 6, 1, 12, 2, 3, 700e6, time.UTC)
	at, before := started.Add(time.Second), started.Add(-time.Second)
	list := logEvents(at, "container", hostKeyList...)
	hang := func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	open := func(text string) http.HandlerFunc { // and stay open
		return func(w http.ResponseWriter, r *http.Request) {
			stream(text)(w, r)
			<-r.Context().Done()
		}
	}
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		listed  bool
		why     string
		fails   error
	}{
		"listed":                    {stream(list), true, "", nil},
		"listed, and it goes on":    {open(list), true, "", nil},
		"at the start":              {stream(logEvents(started, "container", hostKeyList...)), true, "", nil},
		"in its second, before it":  {stream(logEvents(started.Truncate(time.Second), "container", hostKeyList...)), false, "no host keys", nil},
		"of an earlier container":   {stream(logEvents(before, "container", hostKeyList...)), false, "no host keys", nil},
		"earlier, then of this one": {stream(logEvents(before, "container", "SSH host keys:", "Key: x") + list), true, "", nil},
		"begun earlier":             {stream(logEvents(before, "container", hostKeyList[:2]...) + logEvents(at, "container", hostKeyList[2:]...)), false, "no host keys", nil},
		"by the system":             {stream(logEvents(at, "system", hostKeyList...)), false, "no host keys", nil},
		"the system in between":     {stream(logEvents(at, "container", hostKeyList[:2]...) + logEvents(at, "system", "pulled") + logEvents(at, "container", hostKeyList[2:]...)), true, "", nil},
		"without times":             {stream(strings.ReplaceAll(list, `"ts":"2026`, `"ts":"never`)), false, "no host keys", nil},
		"of an unknown source":      {stream(logEvents(at, "", hostKeyList...)), false, "no host keys", nil},
		"ended in the list":         {stream(logEvents(at, "container", hostKeyList[:3]...)), false, "cut", nil},
		"silent":                    {open(""), false, "in time", nil},
		"open without a list":       {open(logEvents(at, "container", "Pod Started")), false, "no host keys", nil},
		"open in the list":          {open(logEvents(at, "container", hostKeyList[:3]...)), false, "cut", nil},
		"no answer":                 {hang, false, "in time", nil},
		"too long": {stream(strings.Repeat(logEvents(at, "container", strings.Repeat("x", 1000)), 300) + list),
			false, "too long", nil},
		"one endless line": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			for range 1000 {
				if _, err := io.WriteString(w, "data: "+strings.Repeat("x", 4096)); err != nil {
					return
				}
			}
		}, false, "cannot be read", runpod.ErrMalformed},
		"too long in the list": {stream(logEvents(at, "container", hostKeyList[:3]...) + ": " + strings.Repeat("x", 300<<10) + "\n\n" + list), false, "cut", nil},
		"cut": {func(w http.ResponseWriter, r *http.Request) {
			stream(list[:len(list)/2])(w, r)
			panic(http.ErrAbortHandler)
		}, false, "cut", runpod.ErrUnavailable},
		"nonsense":  {stream("data: {{\n\n"), false, "cannot be read", runpod.ErrMalformed},
		"forbidden": {func(w http.ResponseWriter, _ *http.Request) { problem(w, 403, "", "") }, false, "cannot be read", runpod.ErrForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			patience := 30 * time.Second
			if c.why != "" {
				patience = time.Second
			}
			ctx, cancel := context.WithTimeout(testContext(t), patience)
			defer cancel()
			client := newClient(t, runpod.Options{BaseURL: serve(t, c.handler)})
			said, err := client.HostKeyLog(ctx, "p1", started)
			if !errors.Is(err, c.fails) || c.fails == nil && err != nil {
				t.Errorf("error %v, want %v", err, c.fails)
			}
			if listed := len(said.Keys) == 1 && said.Keys[0].Fingerprint == loggedPrint; listed != c.listed {
				t.Errorf("it says %+v", said)
			}
			if !strings.Contains(said.Why, c.why) || (said.Why == "") != c.listed {
				t.Errorf("it says why: %q, want %q", said.Why, c.why)
			}
		})
	}
}

func TestHostKeyLogAsksFromTheStart(t *testing.T) {
	asked := ""
	client := newClient(t, runpod.Options{BaseURL: serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked = r.RequestURI
		stream("")(w, r)
	})})
	if said, err := client.HostKeyLog(testContext(t), "p1", time.Time{}); err != nil || asked != "" || said.Why == "" {
		t.Errorf("without a start: %+v %v, asked %q", said, err, asked)
	}
	if _, err := client.HostKeyLog(testContext(t), "p1", time.Date(2026, 6, 1, 12, 2, 3, 999, time.UTC)); err != nil {
		t.Error(err)
	}
	if want := "/v2/pods/p1/logs?since=2026-06-01T12%3A02%3A03Z&source=container"; asked != want {
		t.Errorf("asked %q, want %q", asked, want)
	}
}
