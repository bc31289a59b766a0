package manager_test

import (
	"context"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/crypto/ssh"

	"podbay/demo/api"
	"podbay/runpod"
)

// recorder is a host that keeps what the latest container of each pod was given.
type recorder struct {
	mu     sync.Mutex
	latest map[string]api.Container
}

func (r *recorder) Start(_ context.Context, c api.Container) (api.Endpoints, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.latest[c.PodID] = c
	return direct("127.0.0.1", 1), nil
}
func (r *recorder) Stop(string)  {}
func (r *recorder) Close() error { return nil }

func (r *recorder) container(id string) api.Container {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.latest[id]
}

// recreating is an account with one pod, "pod1", and its machine.
func recreating(t *testing.T, spec api.PodSpec) (*account, *recorder) {
	t.Helper()
	machine := &recorder{latest: map[string]api.Container{}}
	a := newAccount(t, accountOptions{registered: true})
	server, err := api.New(api.Options{Keys: []api.Key{{Secret: apiKey}}, Host: machine, Starting: 1, SSHKeys: []string{a.line()}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	spec.ID = "pod1"
	if spec.Status == "" {
		spec.Status = api.StatusRunning
	}
	if err := server.AddPod(spec); err != nil {
		t.Fatal(err)
	}
	a.api = server
	if a.url, err = server.Listen(); err != nil {
		t.Fatal(err)
	}
	a.m = a.open(t, accountOptions{})
	return a, machine
}

// client talks to the account as somebody else would.
func (a *account) client(t *testing.T) *runpod.Client {
	t.Helper()
	c, err := runpod.New(runpod.Options{BaseURL: a.url, APIKey: apiKey})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func (a *account) podEnv(t *testing.T) map[string]string {
	t.Helper()
	p, err := a.client(t).GetPod(t.Context(), "pod1")
	if err != nil {
		t.Fatal(err)
	}
	return p.Env
}

func (a *account) recreate(t *testing.T) error {
	t.Helper()
	return a.m.RecreateWithKey(t.Context(), "pod1", ssh.FingerprintSHA256(a.key))
}

// secretEnv is an environment that is easily damaged, and whose names and values
// nobody may see.
func secretEnv() map[string]string {
	return map[string]string{
		"HF_TOKEN_NAME": "hf_hunter2", "EMPTY_NAME": "", "MULTI_NAME": "-----BEGIN\nline2\r\n\tend ", "QUOTES_NAME": `"a'b\c<&>$(id)`,
		"UNICODE_NAME": "žluťoučký 🐎\u2028", "lower.name-x": "null", "CONTROL_NAME": "\x01\x1b[2J",
	}
}

func TestRecreateWithKeyKeepsEveryVariable(t *testing.T) {
	const unset = "\x00"
	tests := map[string]struct {
		value string
		want  func(line string) string
	}{
		"unset":               {unset, func(l string) string { return l }},
		"empty":               {"", func(l string) string { return l }},
		"space":               {" \n", func(l string) string { return l }},
		"null":                {"null", func(l string) string { return l }},
		"one key":             {otherLine, func(l string) string { return otherLine + "\n" + l }},
		"with a newline":      {otherLine + "\n", func(l string) string { return otherLine + "\n" + l + "\n" }},
		"two keys, one bad":   {otherLine + "\nSHA256:abc", func(l string) string { return otherLine + "\nSHA256:abc\n" + l }},
		"lines end with CRLF": {otherLine + "\r\n", func(l string) string { return otherLine + "\r\n" + l + "\n" }},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			env := secretEnv()
			if tt.value != unset {
				env["PUBLIC_KEY"] = tt.value
			}
			a, machine := recreating(t, api.PodSpec{Env: env})
			if err := a.recreate(t); err != nil {
				t.Fatal(err)
			}
			env["PUBLIC_KEY"] = tt.want(a.line())
			if got := a.podEnv(t); !maps.Equal(got, env) {
				t.Errorf("the environment is\n%q, want\n%q", got, env)
			}
			a.api.Advance()
			if c := machine.container("pod1"); c.Generation != 2 || !slices.Contains(c.AuthorizedKeys, a.line()) {
				t.Errorf("container %d has the keys %q, want a second one with %q", c.Generation, c.AuthorizedKeys, a.line())
			}
			if n := calls(a, "PATCH", "/v2/pods/pod1"); n != 1 {
				t.Errorf("%d PATCHes, want one", n)
			}
		})
	}
}

func TestRecreateWithKeyRefuses(t *testing.T) {
	tests := map[string]struct {
		spec   api.PodSpec
		change func(*account)
		want   string
		sent   int
	}{
		"a member of a cluster": {api.PodSpec{Cluster: &api.Cluster{ID: "c"}}, nil, "member of a cluster", 0},
		"a locked pod":          {api.PodSpec{Locked: true}, nil, "it is locked", 0},
		"a key that is there":   {api.PodSpec{StartSSH: true}, nil, "has the key already", 0},
		"an unreadable variable": {api.PodSpec{}, func(a *account) {
			a.api.AddFault(api.Fault{Route: api.Route{Method: "GET"}, Kind: api.FaultGarbage, Body: `{"id":"pod1","env":{"TOKEN_NAME":7}}`})
		}, "did not show its whole environment", 0},
		"no environment": {api.PodSpec{}, func(a *account) {
			a.api.AddFault(api.Fault{Route: api.Route{Method: "GET"}, Kind: api.FaultGarbage, Body: `{"id":"pod1"}`})
		}, "did not show its whole environment", 0},
		"a pod that is gone": {api.PodSpec{}, func(a *account) { a.api.RemovePod("pod1") }, "nothing was changed", 0},
		"a lacking scope": {api.PodSpec{}, func(a *account) {
			a.api.SetKeys([]api.Key{{Secret: apiKey, Denied: []api.Scope{api.ScopePodsWrite}}})
		}, "nothing was changed", 1},
		"a refusal of RunPod's": {api.PodSpec{}, func(a *account) {
			a.api.AddFault(api.Fault{Route: api.Route{Method: "PATCH"}, Kind: api.FaultStatus, Status: 409})
		}, "nothing was changed", 1},
		"an error of RunPod's": {api.PodSpec{}, func(a *account) {
			a.api.AddFault(api.Fault{Route: api.Route{Method: "PATCH"}, Kind: api.FaultStatus, Status: 500})
		}, "nothing was changed, as far as RunPod shows", 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tt.spec.Env = secretEnv()
			a, machine := recreating(t, tt.spec)
			log := a.openLogged(t)
			before := machine.container("pod1")
			if tt.change != nil {
				tt.change(a)
			}
			err := a.recreate(t)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("RecreateWithKey = %v, want %q", err, tt.want)
			}
			if n := calls(a, "PATCH", "/v2/pods/pod1"); n != tt.sent {
				t.Errorf("%d PATCHes, want %d", n, tt.sent)
			}
			a.api.Advance()
			if c := machine.container("pod1"); c.Generation != before.Generation {
				t.Error("the container was recreated")
			}
			envFree(t, a, log(), err)
		})
	}
}

// envFree looks for what is in secretEnv.
func envFree(t *testing.T, a *account, log string, err error) {
	t.Helper()
	said := ""
	if err != nil {
		said = err.Error()
	}
	secretFree(t, a, log, said, "hunter2", "_NAME", "line2", "lower.name", apiKey)
}

// An answer that was lost is no failure when the pod has what was to be written.
func TestRecreateWithKeyLooksAgainWhenTheAnswerIsLost(t *testing.T) {
	a, _ := recreating(t, api.PodSpec{Env: secretEnv()})
	log := a.openLogged(t)
	a.api.AddFault(api.Fault{Route: api.Route{Method: "PATCH"}, Kind: api.FaultCut, CutAfter: 10})
	if err := a.recreate(t); err != nil {
		t.Fatal(err)
	}
	want := secretEnv()
	want["PUBLIC_KEY"] = a.line()
	if got := a.podEnv(t); !maps.Equal(got, want) {
		t.Errorf("the environment is\n%q, want\n%q", got, want)
	}
	envFree(t, a, log(), nil)
}

func TestRecreateWithKeyThatCannotBeReadAgain(t *testing.T) {
	for _, patched := range []bool{true, false} {
		a, _ := recreating(t, api.PodSpec{Env: secretEnv()})
		log := a.openLogged(t)
		want := "RunPod took the new PUBLIC_KEY, but it could not be read again"
		if !patched {
			want = "whether its PUBLIC_KEY was changed is not known"
			a.api.AddFault(api.Fault{Route: api.Route{Method: "PATCH"}, Kind: api.FaultDrop})
		}
		a.api.AddFault(api.Fault{Route: api.Route{Method: "GET"}, Kind: api.FaultStatus, Status: 403, Skip: 1})
		err := a.recreate(t)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("RecreateWithKey = %v, want %q", err, want)
		}
		envFree(t, a, log(), err)
	}
}

// between lets somebody else act right after podbay's PATCH.
func (a *account) between(t *testing.T, act func(*runpod.Client)) (log func() string) {
	t.Helper()
	other := a.client(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.api.ServeHTTP(w, r)
		if r.Method == http.MethodPatch {
			act(other)
		}
	}))
	t.Cleanup(server.Close)
	a.url = server.URL
	return a.openLogged(t)
}

func TestRecreateWithKeyTellsOfAChangeInBetween(t *testing.T) {
	tests := map[string]struct {
		change func(env map[string]string)
		want   string
	}{
		"a variable more":   {func(e map[string]string) { e["NEW_NAME"] = "hunter22" }, "1 variable is new"},
		"variables gone":    {func(e map[string]string) { delete(e, "HF_TOKEN_NAME"); delete(e, "EMPTY_NAME") }, "2 variables are missing"},
		"another value":     {func(e map[string]string) { e["HF_TOKEN_NAME"] = "hunter23" }, "1 variable is changed"},
		"another key":       {func(e map[string]string) { e["PUBLIC_KEY"] = otherLine }, "PUBLIC_KEY is another"},
		"the pod's own env": {func(e map[string]string) { delete(e, "PUBLIC_KEY"); e["NEW_NAME"] = "" }, "PUBLIC_KEY is another, 1 variable is new"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			a, _ := recreating(t, api.PodSpec{Env: secretEnv()})
			log := a.between(t, func(other *runpod.Client) {
				env := secretEnv()
				env["PUBLIC_KEY"] = a.line()
				tt.change(env)
				if _, err := other.UpdatePod(context.Background(), "pod1", runpod.PodUpdate{Env: env}); err != nil {
					t.Error(err)
				}
			})
			err := a.recreate(t)
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "somebody else") {
				t.Errorf("RecreateWithKey = %v, want %q", err, tt.want)
			}
			envFree(t, a, log(), err)
		})
	}
}

func TestRecreateCost(t *testing.T) {
	tests := map[string]struct {
		spec api.PodSpec
		want []string
	}{
		"volume":         {api.PodSpec{DiskGB: 50, Persistent: &api.PersistentMount{SizeGB: 100, Path: "/workspace"}}, []string{"everything outside the volume is lost, the container disk of 50 GB", "The 100 GB volume at /workspace stays."}},
		"network volume": {api.PodSpec{Network: &api.NetworkMount{VolumeID: "v", Path: "/data"}}, []string{"The network volume at /data stays."}},
		"none":           {api.PodSpec{}, []string{"Nothing stays: the pod has no volume.", "host key change", "a minute or two"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			a, _ := recreating(t, tt.spec)
			if cost := strings.Join(a.m.RecreateCost("pod1"), "\n"); !strings.Contains(cost, "not known") {
				t.Errorf("before the pod was listed the cost is\n%s", cost)
			}
			a.list(t, "pod1")
			cost := strings.Join(a.m.RecreateCost("pod1"), "\n")
			for _, want := range tt.want {
				if !strings.Contains(cost, want) {
					t.Errorf("the cost is\n%s\nwithout %q", cost, want)
				}
			}
		})
	}
}
