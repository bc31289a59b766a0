package manager_test

import (
	"context"
	"errors"
	"net"
	"os"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"podbay/config"
	"podbay/demo/api"
	"podbay/doctor"
	"podbay/internal/opensshd"
	"podbay/manager"
)

// accept connects to the pod and accepts its host key at first sight.
func accept(t *testing.T, a *account, id string) *manager.Session {
	t.Helper()
	_, err := a.m.Connect(t.Context(), manager.ConnectRequest{PodID: id})
	var unknown *manager.HostKeyUnknown
	if !errors.As(err, &unknown) {
		t.Fatalf("first Connect = %v, want a host key question", err)
	}
	session, err := a.m.Connect(t.Context(), manager.ConnectRequest{PodID: id, AcceptHostKey: unknown.Fingerprint})
	if err != nil {
		t.Fatal(err)
	}
	return session
}

func TestConnectAsksAboutAHostKeyOnce(t *testing.T) {
	a, sshd := readyPod(t, accountOptions{registered: true})
	a.list(t, "ready1")

	_, err := a.m.Connect(t.Context(), manager.ConnectRequest{PodID: "ready1"})
	var unknown *manager.HostKeyUnknown
	if !errors.As(err, &unknown) {
		t.Fatalf("Connect = %v, want a host key question", err)
	}
	if want := ssh.FingerprintSHA256(sshd.HostKey()); unknown.Fingerprint != want || unknown.KeyType != "ED25519" {
		t.Errorf("asked about %s %s, want ED25519 %s", unknown.KeyType, unknown.Fingerprint, want)
	}
	session, err := a.m.Connect(t.Context(), manager.ConnectRequest{PodID: "ready1", AcceptHostKey: unknown.Fingerprint})
	if err != nil {
		t.Fatal(err)
	}
	session.Discard()

	session, err = a.m.Connect(t.Context(), manager.ConnectRequest{PodID: "ready1"})
	if err != nil {
		t.Fatalf("Connect with the accepted key = %v", err)
	}
	session.Discard()
	if info, err := os.Stat(a.paths.KnownHosts); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("known_hosts: %v %v, want mode 0600", info, err)
	}
	text, err := os.ReadFile(a.paths.KnownHosts)
	if err != nil || !strings.HasPrefix(string(text), "runpod-ready1 ssh-ed25519 ") {
		t.Errorf("known_hosts = %q %v, want the pod's key under runpod-ready1", text, err)
	}
}

func TestConnectDoesNotAcceptAnotherFingerprint(t *testing.T) {
	a, _ := readyPod(t, accountOptions{registered: true})
	a.list(t, "ready1")
	_, err := a.m.Connect(t.Context(), manager.ConnectRequest{PodID: "ready1", AcceptHostKey: "SHA256:another"})
	var unknown *manager.HostKeyUnknown
	if !errors.As(err, &unknown) {
		t.Fatalf("Connect = %v, want the question again", err)
	}
}

func TestConnectStopsAtAChangedHostKey(t *testing.T) {
	a, sshd := readyPod(t, accountOptions{registered: true})
	pod := a.list(t, "ready1")
	accept(t, a, "ready1").Discard()
	was := ssh.FingerprintSHA256(sshd.HostKey())
	sshd.NewHostKeys()
	sshd.Restart()

	_, err := a.m.Connect(t.Context(), manager.ConnectRequest{PodID: "ready1"})
	var changed *manager.HostKeyChanged
	if !errors.As(err, &changed) {
		t.Fatalf("Connect = %v, want the alarm", err)
	}
	if changed.Offered != ssh.FingerprintSHA256(sshd.HostKey()) || len(changed.Known) != 1 || changed.Known[0] != "ED25519 "+was {
		t.Errorf("alarm = %+v, want both fingerprints", changed)
	}
	if !changed.StartedAt.Equal(pod.StartedAt) || changed.SeenAt.IsZero() {
		t.Errorf("alarm started %v seen %v, want when the pod started and when the key was seen", changed.StartedAt, changed.SeenAt)
	}
	// The answer to an unknown key is none to a changed one.
	_, err = a.m.Connect(t.Context(), manager.ConnectRequest{PodID: "ready1", AcceptHostKey: changed.Offered})
	if !errors.As(err, &changed) {
		t.Fatalf("Connect with an acceptance = %v, want the alarm again", err)
	}
	if err := a.m.ForgetHostKey(t.Context(), "ready1", changed.Offered); err != nil {
		t.Fatal(err)
	}
	accept(t, a, "ready1").Discard()
}

func TestForgetHostKeyNeedsAnAlarm(t *testing.T) {
	a, sshd := readyPod(t, accountOptions{registered: true})
	a.list(t, "ready1")
	accept(t, a, "ready1").Discard()
	if err := a.m.ForgetHostKey(t.Context(), "ready1", ssh.FingerprintSHA256(sshd.HostKey())); err == nil {
		t.Error("a host key that was not found changed was forgotten")
	}
}

func TestConnectAsksForAPassphraseOnlyWhenThePodTakesTheKey(t *testing.T) {
	a, sshd := readyPod(t, accountOptions{registered: true, passphrase: "open sesame"})
	a.list(t, "ready1")
	_, err := a.m.Connect(t.Context(), manager.ConnectRequest{PodID: "ready1"})
	var unknown *manager.HostKeyUnknown
	if !errors.As(err, &unknown) {
		t.Fatal(err)
	}
	request := manager.ConnectRequest{PodID: "ready1", AcceptHostKey: unknown.Fingerprint}
	var wanted *manager.PassphraseWanted
	if _, err = a.m.Connect(t.Context(), request); !errors.As(err, &wanted) || wanted.Wrong || wanted.Path != a.keyFile() {
		t.Fatalf("Connect = %v, want a question for the passphrase of %s", err, a.keyFile())
	}
	request.Passphrases = map[string][]byte{wanted.Path: []byte("open barley")}
	if _, err = a.m.Connect(t.Context(), request); !errors.As(err, &wanted) || !wanted.Wrong {
		t.Fatalf("Connect with a wrong passphrase = %v", err)
	}
	request.Passphrases[wanted.Path] = []byte("open sesame")
	session, err := a.m.Connect(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	session.Discard()
	if kept := reflect.ValueOf(session).Elem().FieldByName("req").FieldByName("Passphrases"); kept.Len() > 0 {
		t.Error("the session keeps the passphrase")
	}

	sshd.Authorize()
	var failure *manager.Failure
	if _, err = a.m.Connect(t.Context(), manager.ConnectRequest{PodID: "ready1"}); !errors.As(err, &failure) {
		t.Fatalf("Connect to a pod without the key = %v, want a failure and no passphrase question", err)
	}
}

func TestConnectFailures(t *testing.T) {
	none := func(*testing.T, *account, *opensshd.Server) {}
	tests := []struct {
		name     string
		opts     accountOptions
		change   func(*testing.T, *account, *opensshd.Server)
		want     doctor.ID
		evidence string
	}{
		{"registered, but the pod lacks it", accountOptions{registered: true},
			func(_ *testing.T, _ *account, s *opensshd.Server) { s.Authorize() }, doctor.PodIgnoresKey, "id_ed25519"},
		{"not registered", accountOptions{},
			func(_ *testing.T, _ *account, s *opensshd.Server) { s.Authorize() }, doctor.KeyUnknown, "the server: refused the key"},
		{"no key at all", accountOptions{noKeyFile: true}, none, doctor.NoLocalKey, "no usable key"},
		{"key readable by others", accountOptions{registered: true}, func(t *testing.T, a *account, _ *opensshd.Server) {
			if err := os.Chmod(a.keyFile(), 0o644); err != nil {
				t.Fatal(err)
			}
		}, doctor.KeyModeTooOpen, "chmod 600"},
		{"ProxyJump for every host", accountOptions{registered: true}, func(t *testing.T, a *account, _ *opensshd.Server) {
			if err := os.WriteFile(a.paths.Home+"/.ssh/config", []byte("Host *\n  ProxyJump bastion\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}, doctor.SSHConfig, "ProxyJump bastion"},
		{"nobody listens", accountOptions{registered: true},
			func(_ *testing.T, _ *account, s *opensshd.Server) { s.Stop() }, doctor.NoSSHD, "refused"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, sshd := readyPod(t, tt.opts)
			a.list(t, "ready1")
			if !tt.opts.noKeyFile {
				accept(t, a, "ready1").Discard()
			}
			tt.change(t, a, sshd)
			_, err := a.m.Connect(t.Context(), manager.ConnectRequest{PodID: "ready1"})
			var failure *manager.Failure
			if !errors.As(err, &failure) {
				t.Fatalf("Connect = %v, want a failure", err)
			}
			if failure.Verdict.ID != tt.want {
				t.Errorf("verdict %s (%s), want %s", failure.Verdict.ID, failure.Verdict.Sentence, tt.want)
			}
			if lines := evidenceText(failure.Evidence); !strings.Contains(lines, tt.evidence) {
				t.Errorf("evidence lacks %q:\n%s", tt.evidence, lines)
			}
		})
	}
}

func TestARefusedLoginIsRememberedAndForgotten(t *testing.T) {
	a, sshd := readyPod(t, accountOptions{registered: true})
	a.list(t, "ready1")
	accept(t, a, "ready1").Discard()
	sshd.Authorize()
	if _, err := a.m.Connect(t.Context(), manager.ConnectRequest{PodID: "ready1"}); err == nil {
		t.Fatal("logged in without an authorized key")
	}
	if row := a.probed(t, "ready1"); row.Verdict.ID != doctor.PodIgnoresKey || !strings.HasPrefix(row.Verdict.Word, "key refused") {
		t.Errorf("after the refusal the list says %s %q", row.Verdict.ID, row.Verdict.Word)
	}
	again := a.open(t, accountOptions{})
	listing, err := again.Refresh(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for range again.Probe(t.Context(), listing.Pods) {
	}
	if listing, err = again.Refresh(t.Context()); err != nil || listing.Pods[0].Verdict.ID != doctor.PodIgnoresKey {
		t.Errorf("another podbay says %s %v, want the refusal remembered, and its cause", listing.Pods[0].Verdict.ID, err)
	}
	sshd.Authorize(a.key)
	session, err := a.m.Connect(t.Context(), manager.ConnectRequest{PodID: "ready1"})
	if err != nil {
		t.Fatal(err)
	}
	session.Discard()
	if row := a.probed(t, "ready1"); row.Verdict.ID != doctor.Ready {
		t.Errorf("after a login the list says %s", row.Verdict.ID)
	}
}

func TestConnectIsCancelled(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	accepted := make(chan net.Conn, 1)
	go func() {
		if conn, err := silent.Accept(); err == nil {
			accepted <- conn
		}
		close(accepted)
	}()
	host, port, _ := net.SplitHostPort(silent.Addr().String())
	number, _ := strconv.Atoi(port)
	a := newAccount(t, accountOptions{
		pods: []api.PodSpec{{ID: "silent1", Status: api.StatusRunning, StartSSH: true}},
		host: api.FixedHost{"silent1": direct(host, number)}, registered: true,
	})
	a.list(t, "silent1")
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error, 1)
	go func() {
		_, err := a.m.Connect(ctx, manager.ConnectRequest{PodID: "silent1"})
		result <- err
	}()
	conn := <-accepted
	defer conn.Close()
	cancel()
	select {
	case err := <-result:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("Connect = %v, want it to wrap context.Canceled", err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("Connect does not end when it is cancelled")
	}
}

func TestConnectRefusesHostilePodIDs(t *testing.T) {
	a := newAccount(t, accountOptions{
		pods: []api.PodSpec{{ID: "evil,*", Status: api.StatusRunning, StartSSH: true}}, registered: true,
	})
	a.list(t, "evil,*")
	var failure *manager.Failure
	if _, err := a.m.Connect(t.Context(), manager.ConnectRequest{PodID: "evil,*"}); !errors.As(err, &failure) {
		t.Fatalf("Connect = %v, want a failure", err)
	}
}

func TestConnectAsksForTheAddressWhenTheListIsOld(t *testing.T) {
	now := time.Now()
	clock := func() time.Time { return now }
	a, _ := readyPod(t, accountOptions{registered: true, now: clock, settings: func(s *config.Settings) { s.Connect = time.Minute }})
	a.list(t, "ready1")
	accept(t, a, "ready1").Discard()
	before := calls(a, "GET", "/v2/pods/ready1")
	now = now.Add(time.Minute)
	session, err := a.m.Connect(t.Context(), manager.ConnectRequest{PodID: "ready1"})
	if err != nil {
		t.Fatal(err)
	}
	session.Discard()
	if got := calls(a, "GET", "/v2/pods/ready1") - before; got != 1 {
		t.Errorf("with a list of a minute ago RunPod was asked %d times for the address, want once", got)
	}
}

func calls(a *account, method, path string) (n int) {
	for _, call := range a.api.Calls() {
		if call.Method == method && call.Path == path {
			n++
		}
	}
	return n
}

func evidenceText(seen []manager.Evidence) string {
	lines := make([]string, len(seen))
	for i, e := range seen {
		lines[i] = e.String()
	}
	return strings.Join(lines, "\n")
}

// What a refusal knew of the account is no claim about the account of now.
func TestAKeyThatWasRegisteredSinceIsNotMissing(t *testing.T) {
	a, sshd := readyPod(t, accountOptions{})
	a.list(t, "ready1")
	accept(t, a, "ready1").Discard()
	sshd.Authorize()
	if _, err := a.m.Connect(t.Context(), manager.ConnectRequest{PodID: "ready1"}); err == nil {
		t.Fatal("logged in without an authorized key")
	}
	if row := a.probed(t, "ready1"); row.Verdict.ID != doctor.KeyUnknown {
		t.Fatalf("after the refusal the list says %s", row.Verdict.ID)
	}
	plan, err := a.m.PlanAdd(t.Context(), string(ssh.MarshalAuthorizedKey(a.key)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.m.ApplyKeys(t.Context(), plan); err != nil {
		t.Fatal(err)
	}
	for name, m := range map[string]*manager.Manager{"the same": a.m, "another": a.open(t, accountOptions{})} {
		if _, err := m.Keys(t.Context()); err != nil { // it reads the account
			t.Fatal(err)
		}
		listing, err := m.Refresh(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for range m.Probe(t.Context(), listing.Pods) {
		}
		if listing, err = m.Refresh(t.Context()); err != nil || listing.Pods[0].Verdict.ID != doctor.KeyRefused {
			t.Errorf("%s podbay says %s %v once the key is registered, want key-refused", name, listing.Pods[0].Verdict.ID, err)
		}
	}
}
