package manager_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"podbay/config"
	"podbay/demo"
	"podbay/demo/api"
	"podbay/demo/pod"
	"podbay/internal/opensshd"
	"podbay/manager"
)

// shellPod is a pod with one home: RunPod's proxy opens shells in it, and its own
// sshd, a real one, reads authorized_keys there.
type shellPod struct {
	*account
	sshd  *opensshd.Server
	proxy *pod.Server
	file  string // authorized_keys
}

func newShellPod(t *testing.T, opts accountOptions, spec api.PodSpec, sshdConfig ...string) *shellPod {
	t.Helper()
	home := t.TempDir()
	p := &shellPod{file: filepath.Join(home, ".ssh", "authorized_keys")}
	p.sshd = opensshd.Start(t, opensshd.Config{ExtraConfig: append(sshdConfig, "AuthorizedKeysFile "+p.file)})
	p.proxy = startProxy(t, home, func() []ssh.PublicKey { return pod.ParseAuthorizedKeys(strings.Join(p.api.SSHKeys(), "\n")) })
	spec.ID = "shell1"
	if spec.Status == "" {
		spec.Status = api.StatusRunning
	}
	opts.pods = []api.PodSpec{spec}
	opts.proxy = at(p.proxy)
	opts.host = api.FixedHost{"shell1": direct(p.sshd.Host, p.sshd.Port)}
	p.account = newAccount(t, opts)
	return p
}

func (p *shellPod) request(t *testing.T) manager.InstallRequest {
	t.Helper()
	print := ssh.FingerprintSHA256(p.key)
	command, err := p.m.InstallCommand(t.Context(), print)
	if err != nil {
		t.Fatal(err)
	}
	return manager.InstallRequest{PodID: "shell1", Fingerprint: print, Command: command}
}

// install answers questions about host keys until there are none.
func (p *shellPod) install(t *testing.T, req manager.InstallRequest) (manager.Installed, error) {
	t.Helper()
	for {
		done, err := p.m.InstallByProxy(t.Context(), req)
		var unknown *manager.HostKeyUnknown
		if !errors.As(err, &unknown) || slices.Contains(req.AcceptHostKeys, unknown.Fingerprint) {
			return done, err
		}
		p.untouched(t)
		req.AcceptHostKeys = append(req.AcceptHostKeys, unknown.Fingerprint)
	}
}

func (p *shellPod) untouched(t *testing.T) {
	t.Helper()
	if _, err := os.Stat(p.file); !os.IsNotExist(err) {
		t.Errorf("authorized_keys: %v, want none yet", err)
	}
}

func TestInstallByProxy(t *testing.T) {
	p := newShellPod(t, accountOptions{registered: true}, api.PodSpec{})
	if proof := p.proveAccepting(t, manager.ProveRequest{})["shell1"]; proof.Takes || !slices.Contains(proof.Ways, manager.WayProxyShell) {
		t.Fatalf("%+v, want a refusal and the proxy as a way out", proof)
	}
	var steps []string
	req := p.request(t)
	req.Progress = func(step string) { steps = append(steps, step) }
	done, err := p.install(t, req)
	if err != nil || !done.Verified || !strings.Contains(done.Sentence, "a direct login with it succeeded") {
		t.Fatalf("InstallByProxy = %+v %v", done, err)
	}
	if !slices.Contains(steps, "typing the command") {
		t.Errorf("steps %q", steps)
	}
	text, err := os.ReadFile(p.file)
	if err != nil || string(text) != p.line()+"\n" {
		t.Errorf("authorized_keys is %q %v, want %q", text, err, p.line())
	}
	session, err := p.m.Connect(t.Context(), manager.ConnectRequest{PodID: "shell1"})
	if err != nil {
		t.Fatalf("Connect after it: %v", err)
	}
	session.Discard()
	if proof := p.prove(t, manager.ProveRequest{})["shell1"]; !proof.Takes || proof.Route.Kind != manager.RouteDirect {
		t.Errorf("%+v, want that the pod takes the key", proof)
	}

	if done, err = p.install(t, p.request(t)); err != nil || !done.Verified {
		t.Fatalf("a second InstallByProxy = %+v %v", done, err)
	}
	if again, err := os.ReadFile(p.file); err != nil || string(again) != string(text) {
		t.Errorf("authorized_keys is %q after a second time, want %q", again, text)
	}
}

func TestInstallByProxyAsksBeforeItTypes(t *testing.T) {
	p := newShellPod(t, accountOptions{registered: true}, api.PodSpec{})
	req := p.request(t)
	var unknown *manager.HostKeyUnknown
	_, err := p.m.InstallByProxy(t.Context(), req)
	if !errors.As(err, &unknown) || unknown.Fingerprint != ssh.FingerprintSHA256(p.sshd.HostKey()) {
		t.Fatalf("InstallByProxy = %v, want a question about the pod's host key", err)
	}
	req.AcceptHostKeys = []string{unknown.Fingerprint}
	_, err = p.m.InstallByProxy(t.Context(), req)
	if !errors.As(err, &unknown) || unknown.Addr != p.proxy.Addr().String() {
		t.Fatalf("InstallByProxy = %v, want a question about the proxy's host key", err)
	}
	req.AcceptHostKeys = append(req.AcceptHostKeys, "SHA256:another")
	if _, err = p.m.InstallByProxy(t.Context(), req); !errors.As(err, &unknown) {
		t.Fatalf("InstallByProxy = %v, want the question again", err)
	}
	p.untouched(t)
}

func TestInstallByProxyAsksForThePassphraseFirst(t *testing.T) {
	p := newShellPod(t, accountOptions{registered: true, passphrase: "open sesame"}, api.PodSpec{Env: map[string]string{"TOKEN": "hunter2"}})
	log := p.openLogged(t)
	req := p.request(t)
	if strings.Contains(req.Command, "test") {
		t.Errorf("the key's comment is in %q", req.Command)
	}
	_, err := p.install(t, req)
	var wanted *manager.PassphraseWanted
	if !errors.As(err, &wanted) {
		t.Fatalf("InstallByProxy = %v, want a question for the passphrase", err)
	}
	p.untouched(t)
	req.Passphrases = map[string][]byte{wanted.Path: []byte("open sesame")}
	done, err := p.m.InstallByProxy(t.Context(), req)
	if err != nil || !done.Verified {
		t.Errorf("InstallByProxy = %+v %v", done, err)
	}
	secretFree(t, p.account, log(), done.Sentence, "open sesame", "hunter2", apiKey)
}

func TestInstallByProxyStopsAtAChangedHostKey(t *testing.T) {
	p := newShellPod(t, accountOptions{registered: true}, api.PodSpec{})
	known := "[127.0.0.1]:" + portOf(p.proxy) + " " + p.line() + "\n"
	if err := errors.Join(os.MkdirAll(filepath.Dir(p.paths.KnownHosts), 0o700), os.WriteFile(p.paths.KnownHosts, []byte(known), 0o600)); err != nil {
		t.Fatal(err)
	}
	_, err := p.install(t, p.request(t))
	var changed *manager.HostKeyChanged
	if !errors.As(err, &changed) {
		t.Fatalf("InstallByProxy = %v, want the alarm", err)
	}
	p.untouched(t)
}

func TestInstallByProxyThatCannot(t *testing.T) {
	tests := map[string]struct {
		opts   accountOptions
		spec   api.PodSpec
		change func(*manager.InstallRequest)
		want   string
	}{
		"not registered":      {accountOptions{}, api.PodSpec{}, nil, "nothing was typed: RunPod's proxy refused the key"},
		"stopped":             {accountOptions{registered: true}, api.PodSpec{Status: api.StatusExited}, nil, "nothing was typed: the pod is not running"},
		"not what was agreed": {accountOptions{registered: true}, api.PodSpec{}, func(r *manager.InstallRequest) { r.Command = "reboot" }, "nothing was typed: the command is not the one"},
		"no command":          {accountOptions{registered: true}, api.PodSpec{}, func(r *manager.InstallRequest) { r.Command = "" }, "nothing was typed"},
		"no such key":         {accountOptions{registered: true}, api.PodSpec{}, func(r *manager.InstallRequest) { r.Fingerprint = "SHA256:x" }, "no key with the fingerprint"},
		"no such pod":         {accountOptions{registered: true}, api.PodSpec{}, func(r *manager.InstallRequest) { r.PodID = "gone" }, "not found"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := newShellPod(t, tt.opts, tt.spec)
			req := p.request(t)
			if tt.change != nil {
				tt.change(&req)
			}
			if done, err := p.install(t, req); err == nil || !strings.Contains(err.Error(), tt.want) || done != (manager.Installed{}) {
				t.Errorf("InstallByProxy = %+v %v, want %q", done, err, tt.want)
			}
			p.untouched(t)
		})
	}
}

func TestInstallByProxySaysWhatCouldNotBeChecked(t *testing.T) {
	t.Run("no direct address", func(t *testing.T) {
		p := newShellPod(t, accountOptions{registered: true}, api.PodSpec{NoPublicIP: true})
		done, err := p.install(t, p.request(t))
		if err != nil || done.Verified || !strings.Contains(done.Sentence, "only RunPod's proxy leads in") {
			t.Errorf("InstallByProxy = %+v %v", done, err)
		}
	})
	t.Run("sshd is down", func(t *testing.T) {
		p := newShellPod(t, accountOptions{registered: true}, api.PodSpec{})
		p.sshd.Stop()
		done, err := p.install(t, p.request(t))
		if err != nil || done.Verified || !strings.Contains(done.Sentence, "could not be checked") {
			t.Errorf("InstallByProxy = %+v %v", done, err)
		}
	})
	t.Run("sshd looks elsewhere", func(t *testing.T) {
		p := newShellPod(t, accountOptions{registered: true}, api.PodSpec{}, "AuthorizedKeysFile none")
		done, err := p.install(t, p.request(t))
		if err == nil || done.Verified || !strings.Contains(err.Error(), "the key was added in the pod's shell, yet its SSH server still refuses it") {
			t.Errorf("InstallByProxy = %+v %v", done, err)
		}
	})
}

func TestInstallByProxyWhenTheKeyIsThere(t *testing.T) {
	p := newShellPod(t, accountOptions{registered: true}, api.PodSpec{})
	if err := errors.Join(os.Mkdir(filepath.Dir(p.file), 0o700), os.WriteFile(p.file, []byte(p.line()), 0o600)); err != nil {
		t.Fatal(err)
	}
	req := p.request(t)
	req.AcceptHostKeys = []string{ssh.FingerprintSHA256(p.sshd.HostKey())}
	done, err := p.m.InstallByProxy(t.Context(), req)
	if err != nil || !done.Verified || !strings.Contains(done.Sentence, "nothing was typed") {
		t.Errorf("InstallByProxy = %+v %v, want that there was nothing to do", done, err)
	}
}

// The way out of a pod of the demo that has another key.
func TestInstallInTheDemo(t *testing.T) {
	d, err := demo.Start(t.Context(), demo.Options{TempDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	text, err := os.ReadFile(d.IdentityFile + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	key, _, _, _, err := ssh.ParseAuthorizedKey(text)
	if err != nil {
		t.Fatal(err)
	}
	a := &account{api: d.API, url: d.BaseURL, paths: config.PathsUnder(d.Dir), env: map[string]string{"RUNPOD_API_KEY": d.APIKey}, key: key}
	a.m = a.open(t, accountOptions{})
	proofs := a.proveAccepting(t, manager.ProveRequest{})
	if !proofs[demo.ReadyPodID].Takes || !proofs[demo.ProxyOnlyPodID].Takes || proofs[demo.ProxyOnlyPodID].Route.Kind != manager.RouteProxy {
		t.Errorf("ready %+v, proxy only %+v", proofs[demo.ReadyPodID], proofs[demo.ProxyOnlyPodID])
	}
	refused := proofs[demo.KeyRefusedPodID]
	want := []manager.WayOut{manager.WayProxyShell, manager.WayRecreate, manager.WayWebTerminal}
	if !strings.Contains(refused.Sentence, "PUBLIC_KEY does not have the key") || !slices.Equal(refused.Ways, want) {
		t.Fatalf("%q %v, want that PUBLIC_KEY proves it, and %v", refused.Sentence, refused.Ways, want)
	}
	p := &shellPod{account: a}
	req := p.request(t)
	req.PodID = demo.KeyRefusedPodID
	if done, err := p.m.InstallByProxy(t.Context(), req); err != nil || !done.Verified {
		t.Fatalf("InstallByProxy = %+v %v", done, err)
	}
	if err := p.m.RecreateWithKey(t.Context(), demo.KeyRefusedPodID, req.Fingerprint); err != nil {
		t.Error(err)
	}
}
