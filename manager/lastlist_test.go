package manager_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"podbay/demo/api"
	"podbay/doctor"
	"podbay/manager"
)

const secret = "hf_SECRETSECRETSECRET"

func lastListFile(a *account) string { return filepath.Join(a.paths.State, "list.csv") }

// secretive are pods with a secret wherever RunPod lets a user put one that is not
// drawn.
func secretive() []api.PodSpec {
	return []api.PodSpec{
		{ID: "direct1", Name: "alpha", Status: api.StatusRunning, Env: map[string]string{"HF_TOKEN": secret, "name": secret, "id": secret, "image": secret},
			Args: "serve --token " + secret, Registry: secret, Template: secret},
		{ID: "stopped1", Name: "beta", Status: api.StatusExited, Args: secret, Persistent: &api.PersistentMount{SizeGB: 20, Path: "/workspace"}},
	}
}

// kept lists the pods once and closes the manager, as a run of podbay does.
func kept(t *testing.T, opts accountOptions) *account {
	t.Helper()
	a := newAccount(t, opts)
	if _, err := a.m.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := a.m.Close(); err != nil {
		t.Fatal(err)
	}
	return a
}

func TestLastListIsThatOfTheRunBefore(t *testing.T) {
	a := kept(t, accountOptions{pods: secretive()})
	m := a.open(t, accountOptions{})
	list, ok := m.LastList()
	if !ok || len(list.Pods) != 2 || time.Since(list.At) > time.Hour {
		t.Fatalf("%v, %+v", ok, list)
	}
	alpha, beta := list.Pods[0], list.Pods[1]
	if alpha.Name != "alpha" || !alpha.Verdict.Shell || alpha.Verdict.ID != doctor.Checking || !alpha.Probed.IsZero() || alpha.Route.Command == "" {
		t.Errorf("got %+v", alpha)
	}
	if beta.Name != "beta" || !beta.CanStart || beta.Verdict.ID != doctor.Stopped || beta.Volume == "" {
		t.Errorf("got %+v", beta)
	}
	fresh, err := m.Refresh(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if fresh.Pods[0].Route != alpha.Route || fresh.Pods[1].Verdict.ID != beta.Verdict.ID {
		t.Errorf("RunPod's answer gives other rows: %+v", fresh.Pods)
	}
	if _, ok := m.LastList(); ok {
		t.Error("the list of the run before is given out after RunPod's answer")
	}
}

func TestSecretsAreNotKept(t *testing.T) {
	a := kept(t, accountOptions{pods: secretive()})
	text, err := os.ReadFile(lastListFile(a))
	if err != nil || !strings.Contains(string(text), "alpha") {
		t.Fatal(err, string(text))
	}
	for _, s := range []string{secret, "HF_TOKEN", "serve", apiKey} {
		if strings.Contains(string(text), s) {
			t.Errorf("%q is in %s", s, text)
		}
	}
}

func TestLastListOfAnotherAccountIsNotShown(t *testing.T) {
	a := kept(t, accountOptions{pods: secretive()})
	a.env["RUNPOD_API_KEY"] = "rpa_ANOTHERKEY0123456789"
	if _, ok := a.open(t, accountOptions{}).LastList(); ok {
		t.Error("shown for another API key")
	}
	a.env["RUNPOD_API_KEY"] = ""
	if _, ok := a.open(t, accountOptions{}).LastList(); ok {
		t.Error("shown without an API key")
	}
	a.env["RUNPOD_API_KEY"] = apiKey
	url := a.url
	a.url = "http://127.0.0.1:1"
	if _, ok := a.open(t, accountOptions{}).LastList(); ok {
		t.Error("shown for another API")
	}
	a.url = url
	if _, ok := a.open(t, accountOptions{now: func() time.Time { return time.Now().Add(-time.Hour) }}).LastList(); ok {
		t.Error("a list of the future is shown")
	}
	if _, ok := a.open(t, accountOptions{}).LastList(); !ok {
		t.Error("not shown where it belongs")
	}
	if _, err := a.open(t, accountOptions{}).Logout(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(lastListFile(a)); !os.IsNotExist(err) {
		t.Errorf("it outlives the logout: %v", err)
	}
}

// A list that is open in another terminal does not bring back what a logout took away.
func TestLastListIsNotKeptAfterALogoutElsewhere(t *testing.T) {
	a := newAccount(t, accountOptions{pods: []api.PodSpec{{ID: "pod1"}}})
	a.env["RUNPOD_API_KEY"] = ""
	if err := a.m.Login(t.Context(), apiKey); err != nil {
		t.Fatal(err)
	}
	a.list(t, "pod1")
	eventually(t, "the list on the disk", func() bool { _, err := os.Stat(lastListFile(a)); return err == nil })
	if out, err := a.open(t, accountOptions{}).Logout(); err != nil || out.Left != "" {
		t.Fatalf("%+v, %v", out, err)
	}
	if _, err := a.m.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := a.m.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(lastListFile(a)); !os.IsNotExist(err) {
		t.Errorf("it came back: %v", err)
	}
}

// The file may hold anything: what cannot be used is left out, and nothing of it
// reaches a terminal as it is.
func TestHostileLastList(t *testing.T) {
	a := kept(t, accountOptions{pods: secretive()})
	text, err := os.ReadFile(lastListFile(a))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")
	lines[2] = strings.NewReplacer("alpha", "al\x1b]0;owned\x07pha\u202e", ",127.", ",127\x1b.").Replace(lines[2])
	lines[3] = strings.Replace(lines[3], "stopped1", "sto\x1b[2Jpped", 1)
	if err := os.WriteFile(lastListFile(a), []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	list, ok := a.open(t, accountOptions{}).LastList()
	if !ok || len(list.Pods) != 1 || list.Pods[0].Name != "alpha" || list.Pods[0].PublicPort != 0 {
		t.Errorf("%v, %+v", ok, list.Pods)
	}
	if err := os.WriteFile(lastListFile(a), []byte("no list"), 0o600); err != nil {
		t.Fatal(err)
	}
	log := a.openLogged(t)
	m := a.m
	if _, ok := m.LastList(); ok || !strings.Contains(log(), "no list to begin with") {
		t.Errorf("a file that holds no list: %v, the log says %q", ok, log())
	}
	if _, err := m.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	if _, ok := a.open(t, accountOptions{}).LastList(); !ok {
		t.Error("it was not replaced")
	}
}

// The address of the run before is not dialed: RunPod is asked where the pod is now.
func TestConnectFromTheLastListAsksForTheAddress(t *testing.T) {
	a, _ := readyPod(t, accountOptions{registered: true})
	if _, err := a.m.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := a.m.Close(); err != nil {
		t.Fatal(err)
	}
	later := func() time.Time { return time.Now().Add(3 * time.Hour) }
	a.m = a.open(t, accountOptions{now: later})
	if _, ok := a.m.LastList(); !ok {
		t.Fatal("there is no last list")
	}
	before := len(a.api.Calls())
	var unknown *manager.HostKeyUnknown
	if _, err := a.m.Connect(t.Context(), manager.ConnectRequest{PodID: "ready1"}); !errors.As(err, &unknown) {
		t.Fatal(err)
	}
	calls := a.api.Calls()[before:]
	if len(calls) == 0 || calls[0].Path != "/v2/pods/ready1" {
		t.Errorf("RunPod was asked %v", calls)
	}
}
