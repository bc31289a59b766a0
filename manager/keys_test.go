package manager_test

import (
	"context"
	"crypto/ed25519"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/ssh"

	"podbay/config"
	"podbay/demo/api"
	"podbay/manager"
	"podbay/sshkey"
)

// keyLine is a valid line of the nth key.
func keyLine(t *testing.T, n int, comment string) string {
	t.Helper()
	seed := make([]byte, ed25519.SeedSize)
	seed[0], seed[1] = byte(n), byte(n>>8)
	public, err := ssh.NewPublicKey(ed25519.NewKeyFromSeed(seed).Public())
	if err != nil {
		t.Fatal(err)
	}
	return sshkey.NewKey(public, comment).Line()
}

func fingerprintOf(t *testing.T, line string) string {
	t.Helper()
	key, _, err := sshkey.ParsePublicLine(line)
	if err != nil {
		t.Fatal(err)
	}
	return sshkey.Fingerprint(key)
}

// keyAccount is a fake RunPod and a manager that waits for nothing.
type keyAccount struct {
	*testing.T
	api   *api.Server
	url   string
	m     *manager.Manager
	paths config.Paths
	now   atomic.Int64 // seconds after keyNoon
	slept atomic.Int64
	// onSleep, if not nil, is called in place of each wait, and onDelay in place of
	// each delay that a Fault makes in the API.
	onSleep func(context.Context, time.Duration) error
	onDelay func()
}

var keyNoon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func newKeyAccount(t *testing.T, registered ...string) *keyAccount {
	t.Helper()
	a := &keyAccount{T: t, paths: config.PathsUnder(t.TempDir())}
	server, err := api.New(api.Options{
		Keys: []api.Key{{Secret: apiKey}, {Secret: apiKey + "2"}}, Now: time.Now, Quotas: []api.Quota{}, SSHKeys: registered,
		Sleep: func(context.Context, time.Duration) error { a.onDelay(); return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	a.api = server
	if a.url, err = server.Listen(); err != nil {
		t.Fatal(err)
	}
	a.m = a.open(a.paths, apiKey)
	return a
}

func (a *keyAccount) open(paths config.Paths, key string) *manager.Manager {
	a.Helper()
	return a.openWith(paths, key, a.sleep, func() float64 { return 0.5 })
}

func (a *keyAccount) sleep(ctx context.Context, d time.Duration) error {
	a.slept.Add(1)
	if a.onSleep != nil {
		return a.onSleep(ctx, d)
	}
	return context.Cause(ctx)
}

func (a *keyAccount) openWith(paths config.Paths, key string, sleep func(context.Context, time.Duration) error, jitter func() float64) *manager.Manager {
	a.Helper()
	m, err := manager.Open(manager.Options{
		Paths: paths, Settings: config.DefaultSettings(), Origin: a.url, Lifetime: a.Context(),
		Getenv: func(name string) string { return map[string]string{"RUNPOD_API_KEY": key}[name] },
		Now:    func() time.Time { return keyNoon.Add(time.Duration(a.now.Load()) * time.Second) },
		Sleep:  sleep,
		Jitter: jitter,
	})
	if err != nil {
		a.Fatal(err)
	}
	a.Cleanup(func() {
		if err := m.Close(); err != nil {
			a.Error(err)
		}
	})
	return m
}

func (a *keyAccount) wantKeys(want ...string) {
	a.Helper()
	if diff := cmp.Diff(append([]string{}, want...), a.api.SSHKeys()); diff != "" {
		a.Error(diff)
	}
}

// puts is how many writes came.
func (a *keyAccount) puts() int {
	n := 0
	for _, call := range a.api.Calls() {
		if call.Method == "PUT" {
			n++
		}
	}
	return n
}

func must[T any](a *keyAccount) func(T, error) T {
	return func(v T, err error) T {
		a.Helper()
		if err != nil {
			a.Fatal(err)
		}
		return v
	}
}

func (a *keyAccount) add(line string) manager.KeyPlan {
	a.Helper()
	return must[manager.KeyPlan](a)(a.m.PlanAdd(a.Context(), line))
}

func (a *keyAccount) apply(plan manager.KeyPlan) manager.KeyOutcome {
	a.Helper()
	return must[manager.KeyOutcome](a)(a.m.ApplyKeys(a.Context(), plan))
}

// diffText is a diff as ops and lines.
func diffText(plan manager.KeyPlan) []string {
	var lines []string
	for _, line := range plan.Diff {
		lines = append(lines, string(line.Op)+line.Line)
	}
	return lines
}

func (a *keyAccount) wantDiff(plan manager.KeyPlan, want ...string) {
	a.Helper()
	if diff := cmp.Diff(want, diffText(plan)); diff != "" {
		a.Error(diff)
	}
	for _, line := range plan.Diff {
		if (line.Reason == "") != (line.Op == manager.DiffKeep) {
			a.Errorf("%q has the reason %q", string(line.Op)+line.Line, line.Reason)
		}
	}
}
