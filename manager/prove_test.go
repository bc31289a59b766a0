package manager_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/crypto/ssh"

	"podbay/demo/api"
	"podbay/demo/pod"
	"podbay/doctor"
	"podbay/internal/opensshd"
	"podbay/manager"
	"podbay/state"
)

// prove collects the proofs by pod ID.
func (a *account) prove(t *testing.T, req manager.ProveRequest) map[string]manager.Proof {
	t.Helper()
	if req.Fingerprint == "" {
		req.Fingerprint = ssh.FingerprintSHA256(a.key)
	}
	proofs := map[string]manager.Proof{}
	for p := range a.m.Prove(t.Context(), req) {
		if _, twice := proofs[p.Pod.ID]; twice {
			t.Errorf("pod %q was proven twice", p.Pod.ID)
		}
		proofs[p.Pod.ID] = p
	}
	return proofs
}

// proveAccepting proves, accepts every unknown host key, and proves again until
// nothing is asked any more.
func (a *account) proveAccepting(t *testing.T, req manager.ProveRequest) map[string]manager.Proof {
	t.Helper()
	req.AcceptHostKeys = map[string]string{}
	for {
		asked := false
		proofs := a.prove(t, req)
		for id, p := range proofs {
			var unknown *manager.HostKeyUnknown
			if errors.As(p.Question, &unknown) {
				if req.AcceptHostKeys[id] == unknown.Fingerprint {
					t.Fatalf("%s: asked again about %s", id, unknown.Fingerprint)
				}
				asked, req.AcceptHostKeys[id] = true, unknown.Fingerprint
			}
		}
		if !asked {
			return proofs
		}
	}
}

func (a *account) line() string { return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(a.key))) }

// startProxy runs RunPod's proxy for an account that takes what keys returns,
// with one home for all pods.
func startProxy(t *testing.T, home string, keys func() []ssh.PublicKey) *pod.Server {
	t.Helper()
	s, err := pod.StartProxy(pod.ProxyConfig{
		Keys:  keys,
		Route: func(string) (pod.Container, error) { return pod.Container{PodID: "p", Name: "p", Home: home}, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func at(s *pod.Server) api.Address {
	return api.Address{Host: s.Addr().Addr().String(), Port: int(s.Addr().Port())}
}

// trustProxy makes the proxy's host keys known ones.
func (a *account) trustProxy(t *testing.T, proxy *pod.Server) {
	t.Helper()
	var lines strings.Builder
	for _, key := range proxy.HostKeys() {
		lines.WriteString("[" + proxy.Addr().Addr().String() + "]:" + portOf(proxy) + " " + string(ssh.MarshalAuthorizedKey(key.Public())))
	}
	if err := os.MkdirAll(filepath.Dir(a.paths.KnownHosts), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(a.paths.KnownHosts, []byte(lines.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}

func portOf(s *pod.Server) string {
	_, port, _ := net.SplitHostPort(s.Addr().String())
	return port
}

// running is a pod that RunPod reports as running.
func running(id string, change func(*api.PodSpec)) api.PodSpec {
	spec := api.PodSpec{ID: id, Status: api.StatusRunning}
	if change != nil {
		change(&spec)
	}
	return spec
}

func publicKey(value string) func(*api.PodSpec) {
	return func(s *api.PodSpec) { s.Env = map[string]string{"PUBLIC_KEY": value, "TOKEN": "hunter2"} }
}

const otherLine = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGKbQGjGvCoKtoPUBd6KkHZFjPFdvcTOZRjJGOUTfnMc mate"

func TestProveAcceptsNoHostKeyInSilence(t *testing.T) {
	a, sshd := readyPod(t, accountOptions{registered: true})
	p := a.prove(t, manager.ProveRequest{AcceptHostKeys: map[string]string{"ready1": "SHA256:another", "other": ssh.FingerprintSHA256(sshd.HostKey())}})["ready1"]
	var unknown *manager.HostKeyUnknown
	if !errors.As(p.Question, &unknown) || unknown.Fingerprint != ssh.FingerprintSHA256(sshd.HostKey()) || p.Takes || !strings.Contains(p.Sentence, unknown.Fingerprint) {
		t.Fatalf("proof %+v, want a question about the host key", p)
	}
	if _, err := os.Stat(a.paths.KnownHosts); !os.IsNotExist(err) {
		t.Errorf("known_hosts: %v, want none before the answer", err)
	}
	if p = a.proveAccepting(t, manager.ProveRequest{})["ready1"]; !p.Takes {
		t.Fatalf("proof %+v, want that the pod takes the key", p)
	}
	sshd.NewHostKeys()
	sshd.Restart()
	p = a.prove(t, manager.ProveRequest{AcceptHostKeys: map[string]string{"ready1": ssh.FingerprintSHA256(sshd.HostKey())}})["ready1"]
	var changed *manager.HostKeyChanged
	if !errors.As(p.Question, &changed) || p.Takes || !strings.Contains(p.Sentence, "has changed") {
		t.Errorf("proof %+v, want the alarm, whatever was accepted", p)
	}
}

func TestProveAsksForThePassphraseOfAKeyThatIsTaken(t *testing.T) {
	a, sshd := readyPod(t, accountOptions{registered: true, passphrase: "open sesame"})
	p := a.proveAccepting(t, manager.ProveRequest{})["ready1"]
	var wanted *manager.PassphraseWanted
	if !errors.As(p.Question, &wanted) || wanted.Wrong || wanted.Path != a.keyFile() {
		t.Fatalf("proof %+v, want a question for the passphrase", p)
	}
	p = a.prove(t, manager.ProveRequest{Passphrases: map[string][]byte{wanted.Path: []byte("open barley")}})["ready1"]
	if !errors.As(p.Question, &wanted) || !wanted.Wrong || strings.Contains(p.Sentence, "barley") {
		t.Fatalf("proof %+v, want that the passphrase does not fit", p)
	}
	if p = a.prove(t, manager.ProveRequest{Passphrases: map[string][]byte{wanted.Path: []byte("open sesame")}})["ready1"]; !p.Takes {
		t.Fatalf("proof %+v, want that the pod takes the key", p)
	}
	sshd.Authorize()
	if p = a.prove(t, manager.ProveRequest{})["ready1"]; p.Question != nil || p.Takes || p.Sentence == "" {
		t.Errorf("proof %+v, want a refusal, and no question for a key that is refused", p)
	}
}

func TestProveOffersOneKeyAndOpensNoShell(t *testing.T) {
	a, sshd := readyPod(t, accountOptions{registered: true})
	other := addKey(t, a, "id_rsa")
	sshd.Authorize(other)
	a.proveAccepting(t, manager.ProveRequest{}) // makes the host key known
	before := len(sshd.Log())
	if p := a.prove(t, manager.ProveRequest{})["ready1"]; p.Takes {
		t.Fatal("a key that is not authorized was proven")
	}
	if log := sshd.Log()[before:]; strings.Contains(log, ssh.FingerprintSHA256(other)) || !strings.Contains(log, ssh.FingerprintSHA256(a.key)) {
		t.Errorf("sshd was offered more or less than the one key:\n%s", log)
	}
	before = len(sshd.Log())
	if p := a.prove(t, manager.ProveRequest{Fingerprint: ssh.FingerprintSHA256(other)})["ready1"]; !p.Takes {
		t.Fatalf("the other key: %+v", p)
	}
	if log := sshd.Log()[before:]; strings.Contains(log, ssh.FingerprintSHA256(a.key)) || strings.Contains(log, "Starting session") {
		t.Errorf("sshd was offered another key, or opened a session:\n%s", log)
	}
	memory, err := (&state.Store{Dir: a.paths.State}).Pod("ready1")
	if err != nil || memory.LastKey != ssh.FingerprintSHA256(other) || memory.LoginAccepted.IsZero() {
		t.Errorf("remembered %+v %v, want the key that was taken", memory, err)
	}
}

// The list must say "key refused" only when pressing enter would be refused.
func TestProveRemembersARefusalOnlyOfTheOnlyKey(t *testing.T) {
	for _, keys := range []int{1, 2} {
		a, sshd := readyPod(t, accountOptions{registered: true})
		sshd.Authorize()
		if keys == 2 {
			addKey(t, a, "id_rsa")
		}
		if p := a.proveAccepting(t, manager.ProveRequest{})["ready1"]; p.Takes {
			t.Fatal("a key that is not authorized was proven")
		}
		want := map[int]doctor.ID{1: doctor.PodIgnoresKey, 2: doctor.Ready}[keys]
		if row := a.probed(t, "ready1"); row.Verdict.ID != want {
			t.Errorf("with %d keys the list says %s, want %s", keys, row.Verdict.ID, want)
		}
	}
}

func TestProveChoosesPods(t *testing.T) {
	sshd := opensshd.Start(t, opensshd.Config{})
	a := newAccount(t, accountOptions{registered: true, pods: []api.PodSpec{running("a", nil), running("b", nil)},
		host: api.FixedHost{"a": direct(sshd.Host, sshd.Port), "b": direct(sshd.Host, sshd.Port)}})
	if proofs := a.prove(t, manager.ProveRequest{PodIDs: []string{"b", "gone"}}); len(proofs) != 1 || proofs["b"].Pod.ID != "b" {
		t.Errorf("proofs %+v, want one of b", proofs)
	}
}

func TestProveThatCannotBegin(t *testing.T) {
	tests := map[string]struct {
		change func(*testing.T, *account)
		want   string
	}{
		"no such key": {func(t *testing.T, a *account) { remove(t, a.keyFile()) }, "no key with the fingerprint"},
		"key readable by others": {func(t *testing.T, a *account) {
			if err := os.Chmod(a.keyFile(), 0o644); err != nil {
				t.Fatal(err)
			}
		}, "chmod 600"},
		"no API key":      {func(_ *testing.T, a *account) { delete(a.env, "RUNPOD_API_KEY") }, "RUNPOD_API_KEY"},
		"API key refused": {func(_ *testing.T, a *account) { a.api.SetKeys(nil) }, "rejected"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			a, _ := readyPod(t, accountOptions{registered: true})
			tt.change(t, a)
			proofs := a.prove(t, manager.ProveRequest{})
			if p := proofs[""]; len(proofs) != 1 || p.Err == nil || !strings.Contains(p.Sentence, tt.want) || p.Sentence != p.Err.Error() {
				t.Errorf("proofs %+v, want one with an error that holds %q", proofs, tt.want)
			}
		})
	}
}

func TestProveWithoutKnowingTheRegisteredKeys(t *testing.T) {
	a, sshd := readyPod(t, accountOptions{keys: []api.Key{{Secret: apiKey, Denied: []api.Scope{api.ScopeKeysRead}}}})
	sshd.Authorize()
	if p := a.proveAccepting(t, manager.ProveRequest{})["ready1"]; !strings.HasPrefix(p.Sentence, "Whether the key is registered") {
		t.Errorf("says %q, want that it could not be learnt", p.Sentence)
	}
}

func TestProveTellsWhatSSHConfigKeepsBack(t *testing.T) {
	a, sshd := readyPod(t, accountOptions{registered: true})
	addKey(t, a, "work")
	config := "Host " + sshd.Host + "\n  IdentitiesOnly yes\n  IdentityFile ~/.ssh/work\n"
	if err := os.WriteFile(filepath.Join(a.paths.Home, ".ssh", "config"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	if p := a.prove(t, manager.ProveRequest{})["ready1"]; p.Takes || p.Question != nil || !strings.Contains(p.Sentence, "IdentitiesOnly") {
		t.Errorf("%+v, want that ~/.ssh/config keeps the key back", p)
	}
}

func TestProveIsBoundedAndEndsWithItsContext(t *testing.T) {
	const most, pods = 16, 20
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	var open atomic.Int32
	full := make(chan struct{})
	go func() {
		for {
			conn, err := silent.Accept()
			if err != nil {
				return
			}
			defer conn.Close() // held until the listener closes
			if open.Add(1) == most {
				close(full)
			}
		}
	}()
	addr := silent.Addr().(*net.TCPAddr)
	opts := accountOptions{registered: true, host: api.FixedHost{}}
	for i := range pods {
		id := "pod" + string(rune('a'+i))
		opts.pods = append(opts.pods, running(id, nil))
		opts.host[id] = direct("127.0.0.1", addr.Port)
	}
	a := newAccount(t, opts)
	ctx, cancel := context.WithCancel(t.Context())
	proofs := a.m.Prove(ctx, manager.ProveRequest{Fingerprint: ssh.FingerprintSHA256(a.key)})
	<-full
	cancel()
	for p := range proofs {
		t.Errorf("a cancelled proof was sent: %+v", p)
	}
	if n := open.Load(); n != most {
		t.Errorf("%d pods were tried side by side, want %d", n, most)
	}
}

// A pod's environment is looked at and nothing of it stays anywhere.
func TestProveKeepsNothingOfTheEnvironment(t *testing.T) {
	sshd := opensshd.Start(t, opensshd.Config{})
	a := newAccount(t, accountOptions{registered: true,
		pods: []api.PodSpec{running("a", publicKey(otherLine))}, host: api.FixedHost{"a": direct(sshd.Host, sshd.Port)}})
	log := a.openLogged(t)
	p := a.proveAccepting(t, manager.ProveRequest{})["a"]
	if !strings.Contains(p.Sentence, "PUBLIC_KEY") {
		t.Fatalf("%+v, want that PUBLIC_KEY was looked at", p)
	}
	secretFree(t, a, log(), p.Sentence, "hunter2", "AAAAIGKbQGjGvCoKtoPUBd6")
}
