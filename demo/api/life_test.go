package api_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"podbay/demo/api"
)

func TestLife(t *testing.T) {
	c, h := newClock(), &recorder{}
	s, _ := listen(t, api.Options{Now: c.now, Host: h, Provisioning: 20 * time.Second, Starting: 10 * time.Second,
		Proxy: api.Address{Host: "127.0.0.1", Port: 2222}, Pods: []api.PodSpec{{ID: "p", Cost: 0.5}}})

	p := pod(t, s, "p")
	if p.Status != "PROVISIONING" || p.SSH.Proxy != nil || p.SSH.Direct != nil || p.Runtime != nil || p.StartedAt != nil {
		t.Fatalf("a new pod: %+v", p)
	}
	c.add(20 * time.Second)
	p = pod(t, s, "p")
	if p.Status != "STARTING" || p.SSH.Proxy == nil || p.SSH.Direct != nil {
		t.Fatalf("with a machine: %+v", p)
	}
	c.add(9 * time.Second)
	if p = pod(t, s, "p"); p.Status != "STARTING" || len(h.started) != 0 {
		t.Fatalf("before its start is over: %+v", p)
	}
	c.add(61 * time.Second)
	p = pod(t, s, "p")
	began := newClock().now().Add(30 * time.Second)
	if p.Status != "RUNNING" || p.StartedAt == nil || !p.StartedAt.Equal(began) || p.Runtime == nil || p.Runtime.Uptime != 60 || p.Cost != 0.5 {
		t.Fatalf("running: %+v", p)
	}
	want := &endpoint{Host: "127.0.0.1", Port: 4001, Username: "root", Command: "ssh root@127.0.0.1 -p 4001"}
	if diff := cmp.Diff(want, p.SSH.Direct); diff != "" {
		t.Error(diff)
	}
	if got := p.SSH.Proxy; got.Port != 2222 || got.Username != h.last().ProxyUser || got.Command != "ssh "+got.Username+"@127.0.0.1 -p 2222" {
		t.Errorf("proxy: %+v", got)
	}
	if code := act(t, s, "p", "stop"); code != 200 {
		t.Fatalf("stop: %d", code)
	}
	p = pod(t, s, "p")
	if p.Status != "EXITED" || p.Cost != 0 || p.SSH.Direct != nil || p.SSH.Proxy == nil || p.Runtime != nil {
		t.Fatalf("stopped: %+v", p)
	}
	act(t, s, "p", "start")
	if p = pod(t, s, "p"); p.Status != "PROVISIONING" {
		t.Fatalf("started again: %+v", p)
	}
	c.add(time.Hour)
	if p = pod(t, s, "p"); p.SSH.Direct.Port != 4002 {
		t.Errorf("the public port did not change: %+v", p.SSH.Direct)
	}
	act(t, s, "p", "restart")
	c.add(10 * time.Second)
	if p = pod(t, s, "p"); p.SSH.Direct.Port != 4003 {
		t.Errorf("the public port did not change with a restart: %+v", p.SSH.Direct)
	}
	act(t, s, "p", "terminate")
	if w := do(t, s, "GET", "/v2/pods/p", ""); w.Code != 404 {
		t.Errorf("a terminated pod: %d", w.Code)
	}
	if diff := cmp.Diff([]string{"start p 1", "stop p", "start p 2", "stop p", "start p 3", "stop p"}, h.log); diff != "" {
		t.Errorf("what the host was asked: %s", diff)
	}
}

// TestTransitions is the contract's table.
func TestTransitions(t *testing.T) {
	allowed := map[string][]string{
		"PROVISIONING": {"stop", "terminate"},
		"STARTING":     {"stop", "terminate"},
		"RUNNING":      {"stop", "restart", "terminate"},
		"EXITED":       {"start", "terminate"},
		"ERROR":        {"start", "terminate"},
		"TERMINATED":   {},
	}
	after := map[string]string{"stop": "EXITED", "start": "PROVISIONING", "restart": "STARTING"}
	for status, actions := range allowed {
		for _, action := range []string{"start", "stop", "restart", "terminate"} {
			t.Run(status+" "+action, func(t *testing.T) {
				s, _ := listen(t, api.Options{Now: newClock().now, Pods: []api.PodSpec{{ID: "p", Status: status}}})
				p := pod(t, s, "p")
				if diff := cmp.Diff(actions, p.Actions); diff != "" {
					t.Error(diff)
				}
				w := do(t, s, "POST", "/v2/pods/p/action", `{"action":"`+action+`"}`)
				switch {
				case !slices.Contains(actions, action):
					if w.Code != 409 || pod(t, s, "p").Status != status {
						t.Errorf("a transition that is not allowed: %d", w.Code)
					}
				case action == "terminate":
					if w.Code != 204 || w.Body.Len() > 0 {
						t.Errorf("terminate: %d %s", w.Code, w.Body)
					}
				default:
					if got := decode(t, w.Body.Bytes()); w.Code != 200 || got.Status != after[action] {
						t.Errorf("%d %s, want %s", w.Code, got.Status, after[action])
					}
				}
			})
		}
	}
}

func TestLockedAndMembersAreRefused(t *testing.T) {
	s, _ := listen(t, api.Options{Pods: []api.PodSpec{
		{ID: "locked", Status: api.StatusRunning, Locked: true},
		{ID: "member", Status: api.StatusRunning, Cluster: &api.Cluster{ID: "c"}},
	}})
	for _, c := range [][2]string{{"locked", "stop"}, {"locked", "restart"}, {"member", "stop"}, {"member", "terminate"}} {
		if code := act(t, s, c[0], c[1]); code != 409 {
			t.Errorf("%s %s: %d, want 409", c[1], c[0], code)
		}
	}
	if w := do(t, s, "PATCH", "/v2/pods/locked", `{"locked":false,"env":{}}`); w.Code != 200 {
		t.Errorf("a PATCH that unlocks: %d %s", w.Code, w.Body)
	}
}

func TestEndpoints(t *testing.T) {
	s, _ := listen(t, api.Options{Pods: []api.PodSpec{
		{ID: "direct", Status: api.StatusRunning},
		{ID: "community", Status: api.StatusRunning, NoPublicIP: true},
		{ID: "no22", Status: api.StatusRunning, Ports: []string{"8888/http"}},
		{ID: "nosshd", Status: api.StatusRunning, NoSSHD: true},
	}})
	for id, direct := range map[string]bool{"direct": true, "community": false, "no22": false, "nosshd": true} {
		p := pod(t, s, id)
		if p.SSH.Proxy == nil || (p.SSH.Direct != nil) != direct {
			t.Errorf("%s: proxy %v, direct %v", id, p.SSH.Proxy, p.SSH.Direct)
		}
		if direct && !strings.HasPrefix(p.SSH.Direct.Host, "127.113.") {
			t.Errorf("%s: made-up address %s", id, p.SSH.Direct.Host)
		}
	}
	before := pod(t, s, "direct").SSH.Direct
	if err := s.Recreate("direct"); err != nil {
		t.Fatal(err)
	}
	if now := pod(t, s, "direct").SSH.Direct; now.Host == before.Host || now.Port == before.Port {
		t.Errorf("address %v after %v", now, before)
	}
}

func TestStaleAddress(t *testing.T) {
	c := newClock()
	s, _ := listen(t, api.Options{Now: c.now, Pods: []api.PodSpec{{ID: "p", Status: api.StatusRunning, StaleAddress: time.Minute}}})
	old := pod(t, s, "p").SSH.Direct
	if err := s.Recreate("p"); err != nil {
		t.Fatal(err)
	}
	if got := pod(t, s, "p").SSH.Direct; *got != *old {
		t.Errorf("right after the start: %v, want the stale %v", got, old)
	}
	c.add(time.Minute)
	if got := pod(t, s, "p").SSH.Direct; *got == *old {
		t.Errorf("a minute after the start: still %v", got)
	}
}

func TestForcedStates(t *testing.T) {
	c, h := newClock(), &recorder{}
	s, _ := listen(t, api.Options{Now: c.now, Host: h, Pods: []api.PodSpec{
		{ID: "p", Status: api.StatusRunning}, {ID: "stuck", Starting: -1}, {ID: "doomed", FailStart: true},
	}})
	if err := s.SetStatus("p", api.StatusError); err != nil {
		t.Fatal(err)
	}
	c.add(time.Hour)
	for id, want := range map[string]string{"p": "ERROR", "stuck": "STARTING", "doomed": "ERROR"} {
		if got := pod(t, s, id).Status; got != want {
			t.Errorf("%s: %s, want %s", id, got, want)
		}
	}
	if err := s.Recreate("p"); err == nil {
		t.Error("a pod that does not run was recreated")
	}
	if err := s.SetStatus("missing", api.StatusError); err == nil {
		t.Error("a missing pod took a status")
	}
	if err := s.SetStatus("p", api.StatusRunning); err != nil || pod(t, s, "p").SSH.Direct.Port != 4002 {
		t.Errorf("forced to run: %v", err)
	}
	if !s.RemovePod("p") || s.RemovePod("p") {
		t.Error("RemovePod reports whether there was a pod")
	}
}

func TestSpecsAreChecked(t *testing.T) {
	s, _ := listen(t, api.Options{Pods: []api.PodSpec{{ID: "a"}}})
	for name, spec := range map[string]api.PodSpec{
		"no ID":      {},
		"twice":      {ID: "a"},
		"GPU + CPU":  {ID: "b", GPU: &api.GPU{ID: "g"}, CPU: &api.CPU{ID: "c"}},
		"two mounts": {ID: "c", Persistent: &api.PersistentMount{}, Network: &api.NetworkMount{}},
	} {
		if s.AddPod(spec) == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestManyPods(t *testing.T) {
	specs := make([]api.PodSpec, 5000)
	for i := range specs {
		specs[i] = api.PodSpec{ID: fmt.Sprintf("pod%d", i), Status: api.StatusRunning, StartSSH: true}
	}
	s, _ := listen(t, api.Options{Pods: specs, SSHKeys: []string{"ssh-ed25519 AAAA"}})
	if body := get(t, s, "/v2/pods"); strings.Count(string(body), `"RUNNING"`) != 5000 {
		t.Errorf("not every pod is listed in %d bytes", len(body))
	}
}
