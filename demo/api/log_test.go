package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"podbay/demo/api"
)

func answer(s http.Handler, r *http.Request) int {
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w.Code
}

type event struct{ ID, Source, Line string }

// backfill reads a log stream's history: everything until a line that it logs
// itself.
func backfill(t *testing.T, s *api.Server, base, query, lastID string) []event {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, "GET", base+"/v2/pods/p/logs"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Close = true
	r.Header.Set("Authorization", "Bearer "+testKey)
	if lastID != "" {
		r.Header.Set("Last-Event-ID", lastID)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != 200 || resp.Header.Get("Cache-Control") != "no-cache" || resp.Header.Get("X-Accel-Buffering") != "no" {
		t.Fatalf("%s: %d %v", query, resp.StatusCode, resp.Header)
	}
	for _, source := range []string{"container", "system"} {
		if err := s.Log("p", source, "THE END"); err != nil {
			t.Fatal(err)
		}
	}
	return events(t, readUntil(t, resp.Body, "THE END"))
}

func events(t *testing.T, stream string) []event {
	t.Helper()
	var got []event
	for block := range strings.SplitSeq(stream, "\n\n") {
		id, data, ok := strings.Cut(block, "\ndata: ")
		if !ok || strings.Contains(data, "THE END") {
			continue
		}
		e := event{ID: strings.TrimPrefix(id, "id: ")}
		if err := json.Unmarshal([]byte(data), &e); err != nil {
			t.Fatalf("%q: %v", data, err)
		}
		got = append(got, e)
	}
	return got
}

func lines(events []event) []string {
	var got []string
	for _, e := range events {
		got = append(got, e.Line)
	}
	return got
}

func TestBootLog(t *testing.T) {
	c := newClock()
	s, base := listen(t, api.Options{Now: c.now, Host: &recorder{}, Pods: []api.PodSpec{{ID: "p", StartSSH: true, KeysAtCreation: []string{"ssh-ed25519 AAAA"}}}})
	c.add(time.Hour)
	got := lines(backfill(t, s, base, "?source=container", ""))
	want := []string{
		"Starting Nginx service...", " * Starting nginx nginx", "   ...done.", "Pod Started", "Setting up SSH...",
		"ED25519 key fingerprint:", "256 SHA256:key1 root@host (ED25519)",
		" * Starting OpenBSD Secure Shell server sshd", "   ...done.",
		"SSH host keys:", "Key: /etc/ssh/ssh_host_ed25519_key.pub", "256 SHA256:key1 root@host (ED25519)",
		"Exporting environment variables...", "Start script(s) finished, Pod is ready to use.",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	system := strings.Join(lines(backfill(t, s, base, "?source=system", "")), "\n")
	for _, want := range []string{"create pod p", "waiting for a machine", "machine assigned", "Pulling from", "start container"} {
		if !strings.Contains(system, want) {
			t.Errorf("no %q in the system log:\n%s", want, system)
		}
	}
	if err := s.Recreate("p"); err != nil {
		t.Fatal(err)
	}
	since := pod(t, s, "p").StartedAt.Format(time.RFC3339Nano)
	again := lines(backfill(t, s, base, "?source=container&tail=0&since="+since, ""))
	if !slices.Contains(again, "256 SHA256:key2 root@host (ED25519)") || slices.Contains(again, "256 SHA256:key1 root@host (ED25519)") {
		t.Errorf("the log since the present container's start: %q", again)
	}
}

func TestMadeUpHostKeys(t *testing.T) {
	s, base := listen(t, api.Options{Pods: []api.PodSpec{{ID: "p", Status: api.StatusRunning, StartSSH: true, KeysAtCreation: []string{"ssh-ed25519 AAAA"}}}})
	got := lines(backfill(t, s, base, "?source=container", ""))
	from := slices.Index(got, "SSH host keys:")
	var paths []string
	for _, line := range got[from+1:] {
		if path, ok := strings.CutPrefix(line, "Key: "); ok {
			paths = append(paths, path)
		}
	}
	if diff := cmp.Diff([]string{"/etc/ssh/ssh_host_ecdsa_key.pub", "/etc/ssh/ssh_host_ed25519_key.pub", "/etc/ssh/ssh_host_rsa_key.pub"}, paths); diff != "" {
		t.Error(diff)
	}
}

func TestNoHostKeysInLog(t *testing.T) {
	for name, spec := range map[string]api.PodSpec{
		"no sshd":        {NoSSHD: true, StartSSH: true},
		"no startSsh":    {},
		"prints nothing": {StartSSH: true, NoHostKeyLog: true},
	} {
		spec.ID, spec.Status, spec.KeysAtCreation = "p", api.StatusRunning, []string{"ssh-ed25519 AAAA"}
		s, base := listen(t, api.Options{Pods: []api.PodSpec{spec}})
		if got := strings.Join(lines(backfill(t, s, base, "", "")), "\n"); strings.Contains(got, "SHA256:") || !strings.Contains(got, "Pod Started") {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// TestLogResume: a line a second, and each way to say where to begin.
func TestLogResume(t *testing.T) {
	for _, tt := range []struct{ name, query, id, want string }{
		{"tail", "?tail=2&source=container", "", "8 9"},
		{"no tail", "?tail=0&source=container", "", ""},
		{"all of it", "?tail=5000&source=container", "", "0 1 2 3 4 5 6 7 8 9"},
		{"since", "?since=2026-06-01T13:00:07Z&source=container", "", "7 8 9"},
		{"since in another zone", "?since=2026-06-01T15:00:07%2B02:00&source=container", "", "7 8 9"},
		{"since beats tail", "?tail=1&since=2026-06-01T13:00:07Z&source=container", "", "7 8 9"},
		{"since in the future", "?since=2027-01-01T00:00:00Z", "", ""},
		{"id", "?source=container", "LINE 7", "8 9"},
		{"id beats since and tail", "?tail=0&since=2027-01-01T00:00:00Z&source=container", "LINE 7", "8 9"},
		{"bare timestamp as id", "?source=container", "2026-06-01T13:00:07Z", "7 8 9"},
		{"id of another log", "?source=container", "2026-06-01T13:00:07Z/000000000001", "7 8 9"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newClock()
			s, base := listen(t, api.Options{Now: c.now, Pods: []api.PodSpec{{ID: "p", Status: api.StatusExited}}})
			c.add(time.Hour)
			for i := range 10 {
				if err := s.Log("p", "container", fmt.Sprint(i)); err != nil {
					t.Fatal(err)
				}
				c.add(time.Second)
			}
			id := tt.id
			if id == "LINE 7" {
				all := backfill(t, s, base, "?source=container", "")
				id = all[slices.IndexFunc(all, func(e event) bool { return e.Line == "7" })].ID
			}
			got := strings.Join(lines(backfill(t, s, base, tt.query, id)), " ")
			if strings.TrimSpace(got) != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
	s, _ := listen(t, api.Options{Pods: []api.PodSpec{{ID: "p"}}})
	r := httptest.NewRequest("GET", "/v2/pods/p/logs", nil)
	r.Header.Set("Authorization", "Bearer "+testKey)
	r.Header.Set("Last-Event-ID", "yesterday")
	if code := answer(s, r); code != 422 {
		t.Errorf("a malformed Last-Event-ID: %d", code)
	}
	if do(t, s, "GET", "/v2/pods/p/logs?since=yesterday", "").Code != 422 {
		t.Error("a malformed since was accepted")
	}
	if s.Log("p", "kernel", "x") == nil || s.Log("missing", "system", "x") == nil {
		t.Error("Log took a source or a pod that does not exist")
	}
}

// TestLogFollows: an open stream shows what the clock brings, without another
// request, and ends with its pod.
func TestLogFollows(t *testing.T) {
	c := newClock()
	s, base := listen(t, api.Options{Now: c.now, LogPoll: 5 * time.Millisecond, Pods: []api.PodSpec{{ID: "p"}}})
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	resp, err := request(t, ctx, base, "GET", "/v2/pods/p/logs", "")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	readUntil(t, resp.Body, "waiting for a machine")
	c.add(time.Hour)
	readUntil(t, resp.Body, "Pod Started")
	s.RemovePod("p")
	if _, err := io.ReadAll(resp.Body); err != nil {
		t.Errorf("the stream of a terminated pod: %v", err)
	}
}

func TestLogCut(t *testing.T) {
	s, base := listen(t, api.Options{Pods: []api.PodSpec{{ID: "p"}}})
	s.AddFault(api.Fault{Route: api.Route{Path: "/v2/pods/*/logs"}, Kind: api.FaultCut, CutAfter: 30})
	status, body, err := fetch(t, base, "/v2/pods/p/logs")
	if status != 200 || len(body) != 30 || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%d %q %v", status, body, err)
	}
}

func TestCloseEndsStreams(t *testing.T) {
	s, base := listen(t, api.Options{Pods: []api.PodSpec{{ID: "p"}}})
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	resp, err := request(t, ctx, base, "GET", "/v2/pods/p/logs", "")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := io.ReadAll(resp.Body); ctx.Err() != nil {
		t.Errorf("the stream outlived the server: %v", err)
	}
}
