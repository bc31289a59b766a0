package api_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"podbay/demo/api"
)

// recorder is a Host that remembers what it was asked.
type recorder struct {
	mu      sync.Mutex
	started []api.Container
	log     []string
	fail    error
	inStart func(api.Container) // called in each Start
}

func (h *recorder) Start(_ context.Context, c api.Container) (api.Endpoints, error) {
	if h.inStart != nil {
		h.inStart(c)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.fail != nil {
		return api.Endpoints{}, h.fail
	}
	h.started = append(h.started, c)
	h.log = append(h.log, fmt.Sprintf("start %s %d", c.PodID, c.Generation))
	return api.Endpoints{
		Direct:   api.Address{Host: "127.0.0.1", Port: 4000 + len(h.started)},
		HostKeys: []api.HostKey{{Path: "/etc/ssh/ssh_host_ed25519_key.pub", Line: fmt.Sprintf("256 SHA256:key%d root@host (ED25519)", c.Generation)}},
	}, nil
}

func (h *recorder) Stop(podID string) { h.note("stop " + podID) }
func (h *recorder) Close() error      { h.note("close"); return nil }

func (h *recorder) note(line string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.log = append(h.log, line)
}

func (h *recorder) last() api.Container {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.started[len(h.started)-1]
}

// TestKeys: account keys reach a pod when it is created, and never later.
func TestKeys(t *testing.T) {
	c, h := newClock(), &recorder{}
	s, _ := listen(t, api.Options{Now: c.now, Host: h, SSHKeys: []string{"ssh-ed25519 OLD", "SHA256:broken"}})
	add := func(spec api.PodSpec) api.Container {
		t.Helper()
		spec.Status = api.StatusRunning
		if err := s.AddPod(spec); err != nil {
			t.Fatal(err)
		}
		return h.last()
	}
	for _, tt := range []struct {
		name string
		spec api.PodSpec
		keys []string
	}{
		{"created with startSsh", api.PodSpec{ID: "a", StartSSH: true}, []string{"ssh-ed25519 OLD", "SHA256:broken"}},
		{"created without", api.PodSpec{ID: "b"}, nil},
		{"no key was registered", api.PodSpec{ID: "c", StartSSH: true, KeysAtCreation: []string{}}, nil},
		{"own PUBLIC_KEY", api.PodSpec{ID: "d", StartSSH: true, Env: map[string]string{"PUBLIC_KEY": "ssh-rsa OWN"}}, []string{"ssh-rsa OWN"}},
		{"empty PUBLIC_KEY", api.PodSpec{ID: "e", StartSSH: true, Env: map[string]string{"PUBLIC_KEY": ""}}, nil},
		{"null PUBLIC_KEY", api.PodSpec{ID: "f", Env: map[string]string{"PUBLIC_KEY": "null"}}, []string{"null"}},
		{"hidden", api.PodSpec{ID: "g", StartSSH: true, HideInjected: true}, []string{"ssh-ed25519 OLD", "SHA256:broken"}},
	} {
		got := add(tt.spec)
		if diff := cmp.Diff(tt.keys, got.AuthorizedKeys); diff != "" || got.SSHD != (tt.keys != nil) {
			t.Errorf("%s: sshd %v, keys %s", tt.name, got.SSHD, diff)
		}
	}
	if env := pod(t, s, "g").Env; len(env) != 0 {
		t.Errorf("hidden PUBLIC_KEY shows: %v", env)
	}
	s.SetSSHKeys([]string{"ssh-ed25519 NEW"})
	act(t, s, "a", "restart")
	c.add(time.Hour)
	pod(t, s, "a")
	if got := h.last(); got.PodID != "a" || got.Generation != 2 || got.AuthorizedKeys[0] != "ssh-ed25519 OLD" {
		t.Errorf("after a restart: %+v", got)
	}
	old := pod(t, s, "a").SSH.Direct.Port
	if w := do(t, s, "PATCH", "/v2/pods/a", `{"env":{"PUBLIC_KEY":"ssh-ed25519 NEW"}}`); w.Code != 200 {
		t.Fatalf("PATCH: %d %s", w.Code, w.Body)
	}
	c.add(time.Hour)
	if p := pod(t, s, "a"); p.SSH.Direct.Port == old || h.last().AuthorizedKeys[0] != "ssh-ed25519 NEW" || p.Env["PUBLIC_KEY"] != "ssh-ed25519 NEW" {
		t.Errorf("after PATCH of env: %+v, container %+v", p, h.last())
	}
}

func TestHost(t *testing.T) {
	t.Run("may call the server", func(t *testing.T) {
		h := &recorder{}
		var s *api.Server
		h.inStart = func(c api.Container) {
			if err := s.Log(c.PodID, "container", "from the host"); err != nil {
				t.Error(err)
			}
			s.Calls()
			s.SSHKeys()
		}
		s, _ = listen(t, api.Options{Host: h})
		if err := s.AddPod(api.PodSpec{ID: "p", Status: api.StatusRunning}); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("may fail", func(t *testing.T) {
		s, _ := listen(t, api.Options{Host: &recorder{fail: errors.New("no free GPU")}, Pods: []api.PodSpec{{ID: "p", Status: api.StatusRunning}}})
		if p := pod(t, s, "p"); p.Status != "ERROR" || p.SSH.Direct != nil {
			t.Errorf("%+v", p)
		}
	})
	t.Run("is closed with its containers", func(t *testing.T) {
		h := &recorder{}
		s, err := api.New(api.Options{Keys: []api.Key{{Secret: "k"}}, Host: h, Pods: []api.PodSpec{{ID: "p", Status: api.StatusRunning}}})
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(s.Close(), s.Close()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"start p 1", "stop p", "close"}, h.log); diff != "" {
			t.Error(diff)
		}
		if w := do(t, s, "GET", "/v2/pods", ""); w.Code != http.StatusServiceUnavailable {
			t.Errorf("after Close: %d", w.Code)
		}
	})
	t.Run("is closed when New fails", func(t *testing.T) {
		h := &recorder{}
		if _, err := api.New(api.Options{Host: h}); err == nil || !slices.Equal(h.log, []string{"close"}) {
			t.Errorf("%v, %v", err, h.log)
		}
	})
	t.Run("fixed", func(t *testing.T) {
		at := api.Endpoints{Direct: api.Address{Host: "127.0.0.1", Port: 22022}}
		s, _ := listen(t, api.Options{Host: api.FixedHost{"here": at}, Pods: []api.PodSpec{{ID: "here", Status: api.StatusRunning}, {ID: "nowhere", Status: api.StatusRunning}}})
		if p := pod(t, s, "here"); p.SSH.Direct.Port != 22022 {
			t.Errorf("%+v", p.SSH.Direct)
		}
		if p := pod(t, s, "nowhere"); p.Status != "ERROR" {
			t.Errorf("%+v", p)
		}
	})
}
