package api_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"podbay/demo/api"
	"podbay/internal/contract"
	"podbay/runpod"
)

// newClient is podbay's client of a server, each exchange validated: nothing that
// it sends may leave the contract.
func newClient(t *testing.T, base, key string) *runpod.Client {
	t.Helper()
	v, ok := contract.Open(t)
	if !ok {
		return nil
	}
	c, err := runpod.New(runpod.Options{
		BaseURL: base, APIKey: key,
		Transport: &contract.Transport{Validator: v, Base: &http.Transport{}, Deviates: deviates, Report: func(err error) { t.Error(err) }},
		Sleep:     func(context.Context, time.Duration) error { return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func patience(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func TestClientMethods(t *testing.T) {
	s, base := listen(t, api.Options{Pods: everyKind(), SSHKeys: []string{"SHA256:fingerprint only"}})
	c := newClient(t, base, testKey)
	if c == nil {
		return
	}
	ctx := patience(t)
	pods, err := c.ListPods(ctx)
	if err != nil || len(pods) != len(everyKind()) {
		t.Fatalf("%d pods of %d, %v", len(pods), len(everyKind()), err)
	}
	for _, p := range pods {
		if _, err := c.GetPod(ctx, p.ID); err != nil {
			t.Error(err)
		}
	}
	for _, step := range []struct {
		action runpod.Action
		want   runpod.Status
	}{{runpod.ActionRestart, "STARTING"}, {runpod.ActionStop, "EXITED"}, {runpod.ActionStart, "PROVISIONING"}} {
		if p, err := c.PodAction(ctx, "direct", step.action); err != nil || p.Status != step.want {
			t.Errorf("%s: %+v, %v", step.action, p, err)
		}
	}
	if p, err := c.PodAction(ctx, "exited", runpod.ActionTerminate); p != nil || err != nil {
		t.Errorf("terminate: %v, %v", p, err)
	}
	name, locked := "renamed", true
	p, err := c.UpdatePod(ctx, "direct", runpod.PodUpdate{Name: &name, Ports: []string{"22/tcp"}, Env: map[string]string{"PUBLIC_KEY": "ssh-ed25519 AAAA"}, Locked: &locked})
	if err != nil || p.Name != name || !p.Locked || len(p.Env) != 1 || !slices.Equal(p.Ports, []string{"22/tcp"}) {
		t.Errorf("update: %v", err)
	}
	if keys, err := c.SSHKeys(ctx); err != nil || !slices.Equal(keys, []string{"SHA256:fingerprint only"}) {
		t.Errorf("keys: %q, %v", keys, err)
	}
	want := []string{"ssh-ed25519 AAAA me@example.com"}
	if keys, err := c.ReplaceSSHKeys(ctx, want); err != nil || !slices.Equal(keys, want) || !slices.Equal(s.SSHKeys(), want) {
		t.Errorf("replace: %q, %v", keys, err)
	}
	if keys, err := c.ReplaceSSHKeys(ctx, []string{}); err != nil || len(keys) != 0 {
		t.Errorf("remove all: %q, %v", keys, err)
	}
}

func TestClientLogs(t *testing.T) {
	s, base := listen(t, api.Options{LogPoll: 5 * time.Millisecond, Heartbeat: 5 * time.Millisecond, Pods: []api.PodSpec{
		{ID: "p", Status: api.StatusRunning, StartSSH: true, KeysAtCreation: []string{"ssh-ed25519 AAAA"}},
	}})
	c := newClient(t, base, testKey)
	if c == nil {
		return
	}
	ctx := patience(t)
	p, err := c.GetPod(ctx, "p")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for line, err := range c.Logs(ctx, "p", runpod.LogOptions{Source: runpod.LogContainer, Since: p.StartedAt}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, line.Line)
		if strings.Contains(line.Line, "Pod is ready to use") {
			if err := s.Log("p", "container", "live \x1b[2Jline"); err != nil {
				t.Fatal(err)
			}
		}
		if strings.HasPrefix(line.Line, "live") {
			break
		}
	}
	if !slices.Contains(got, "SSH host keys:") {
		t.Errorf("no host keys in %q", got)
	}
	for range c.Logs(ctx, "p", runpod.LogOptions{Tail: 3}) {
		s.RemovePod("p") // the server ends the stream
	}
	for _, err := range c.Logs(ctx, "p", runpod.LogOptions{}) {
		if !errors.Is(err, runpod.ErrNotFound) {
			t.Errorf("the log of a pod that is gone: %v", err)
		}
	}
}

func TestClientErrors(t *testing.T) {
	s, base := listen(t, api.Options{
		Keys: []api.Key{{Secret: testKey}, {Secret: "no-pods", Denied: []api.Scope{api.ScopePodsRead}}},
		Pods: everyKind(),
	})
	c, stranger, limited := newClient(t, base, testKey), newClient(t, base, "wrong"), newClient(t, base, "no-pods")
	if c == nil {
		return
	}
	ctx := patience(t)
	list := func(c *runpod.Client) error { _, err := c.ListPods(ctx); return err }
	name := "x"
	for what, tt := range map[string]struct {
		err  func() error
		kind error
	}{
		"wrong key":     {func() error { return list(stranger) }, runpod.ErrUnauthorized},
		"missing scope": {func() error { return list(limited) }, runpod.ErrForbidden},
		"missing pod":   {func() error { _, err := c.GetPod(ctx, "missing"); return err }, runpod.ErrNotFound},
		"not allowed":   {func() error { _, err := c.PodAction(ctx, "direct", runpod.ActionStart); return err }, runpod.ErrConflict},
		"locked":        {func() error { _, err := c.PodAction(ctx, "locked", runpod.ActionStop); return err }, runpod.ErrConflict},
		"cluster member": {func() error {
			_, err := c.UpdatePod(ctx, "member0", runpod.PodUpdate{Name: &name})
			return err
		}, runpod.ErrConflict},
	} {
		if err := tt.err(); !errors.Is(err, tt.kind) {
			t.Errorf("%s: %v, want %v", what, err, tt.kind)
		}
	}
	for what, tt := range map[string]struct {
		fault api.Fault
		kind  error
	}{
		"500":     {api.Fault{Kind: api.FaultStatus, Status: 500}, runpod.ErrUnavailable},
		"503":     {api.Fault{Kind: api.FaultStatus, Status: 503, RetryAfter: time.Hour}, runpod.ErrUnavailable},
		"418":     {api.Fault{Kind: api.FaultStatus, Status: 418}, runpod.ErrUnexpected},
		"422":     {api.Fault{Kind: api.FaultStatus, Status: 422}, runpod.ErrInvalid},
		"429":     {api.Fault{Kind: api.FaultStatus, Status: 429, RetryAfter: time.Hour}, runpod.ErrRateLimited},
		"garbage": {api.Fault{Kind: api.FaultGarbage}, runpod.ErrMalformed},
		"drop":    {api.Fault{Kind: api.FaultDrop}, runpod.ErrUnavailable},
	} {
		remove := s.AddFault(tt.fault)
		if err := list(c); !errors.Is(err, tt.kind) {
			t.Errorf("%s: %v, want %v", what, err, tt.kind)
		}
		remove()
	}
	defer s.AddFault(api.Fault{Kind: api.FaultCut, CutAfter: 100})()
	if err := list(c); !errors.Is(err, runpod.ErrMalformed) && !errors.Is(err, runpod.ErrUnavailable) {
		t.Errorf("cut: %v", err)
	}
}

// TestClientQuota: the fake's own 429, with its wait.
func TestClientQuota(t *testing.T) {
	now := newClock()
	_, base := listen(t, api.Options{Now: now.now, Quotas: []api.Quota{{Name: "hour", Limit: 1, Window: time.Hour}}})
	c := newClient(t, base, testKey)
	if c == nil {
		return
	}
	if _, err := c.ListPods(patience(t)); err != nil {
		t.Fatal(err)
	}
	_, err := c.ListPods(patience(t))
	var e *runpod.Error
	if !errors.As(err, &e) || !errors.Is(err, runpod.ErrRateLimited) || e.RetryAfter != time.Hour {
		t.Errorf("%v", err)
	}
}

// TestClientFuture: what the contract does not have yet passes through.
func TestClientFuture(t *testing.T) {
	_, base := listen(t, api.Options{Pods: []api.PodSpec{{ID: "p", Status: api.StatusRunning, Future: true}, {ID: "q"}}})
	c := newClient(t, base, testKey)
	if c == nil {
		return
	}
	pods, err := c.ListPods(patience(t))
	if err != nil || len(pods) != 2 || pods[0].Status != "MIGRATING" || !pods[0].Allows("hibernate") {
		t.Errorf("%+v, %v", pods, err)
	}
}
