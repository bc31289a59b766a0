package manager_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"podbay/config"
	"podbay/demo/api"
	"podbay/doctor"
	"podbay/manager"
)

// TestAWrongClockDecidesNothing sets this machine's clock against RunPod's: what
// was measured and tried must still count for the container that runs.
func TestAWrongClockDecidesNothing(t *testing.T) {
	for _, skew := range []time.Duration{-5 * time.Minute, 5 * time.Minute} {
		t.Run(skew.String(), func(t *testing.T) {
			a, sshd := readyPod(t, accountOptions{registered: true, now: func() time.Time { return time.Now().Add(skew) }})
			if row := a.probed(t, "ready1"); row.Verdict.ID != doctor.Ready {
				t.Errorf("after a probe the list says %s", row.Verdict.ID)
			}
			accept(t, a, "ready1").Discard()
			sshd.NewHostKeys()
			sshd.Restart()
			var changed *manager.HostKeyChanged
			_, err := a.m.Connect(t.Context(), manager.ConnectRequest{PodID: "ready1"})
			if !errors.As(err, &changed) || changed.Started != manager.StartedSinceNo {
				t.Errorf("Connect = %v, want an alarm that no start explains", err)
			}
			if err := a.api.Recreate("ready1"); err != nil {
				t.Fatal(err)
			}
			a.list(t, "ready1")
			_, err = a.m.Connect(t.Context(), manager.ConnectRequest{PodID: "ready1"})
			if !errors.As(err, &changed) || changed.Started != manager.StartedSinceYes {
				t.Errorf("Connect after a new container = %v, want an alarm that a start explains", err)
			}
		})
	}
}

func TestAnAlarmSaysAllThatIsKnown(t *testing.T) {
	a, sshd := readyPod(t, accountOptions{registered: true})
	pod := a.list(t, "ready1")
	accept(t, a, "ready1").Discard()
	was := ssh.FingerprintSHA256(sshd.HostKey())
	sshd.NewHostKeys()
	sshd.Restart()
	_, err := a.m.Connect(t.Context(), manager.ConnectRequest{PodID: "ready1"})
	for _, want := range []string{was, ssh.FingerprintSHA256(sshd.HostKey()), a.paths.KnownHosts,
		"accepted on ", "last started on " + pod.StartedAt.UTC().Format("2006-01-02"), "press enter"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %q", err, want)
		}
	}
}

func TestARevokedHostKeyIsNotTriedAgain(t *testing.T) {
	a, sshd := readyPod(t, accountOptions{registered: true})
	a.list(t, "ready1")
	accept(t, a, "ready1").Discard()
	line := fmt.Sprintf("@revoked runpod-ready1 %s", ssh.MarshalAuthorizedKey(sshd.HostKey()))
	if err := os.WriteFile(a.paths.KnownHosts, []byte(line), 0o600); err != nil {
		t.Fatal(err)
	}
	var failure *manager.Failure
	_, err := a.m.Connect(t.Context(), manager.ConnectRequest{PodID: "ready1"})
	if !errors.As(err, &failure) || failure.Verdict.ID != doctor.HostKeyRevoked || failure.Verdict.Shell {
		t.Fatalf("Connect = %v, want the verdict %s", err, doctor.HostKeyRevoked)
	}
}

func TestForgettingNeedsALineOfItsOwn(t *testing.T) {
	a, sshd := readyPod(t, accountOptions{registered: true})
	a.list(t, "ready1")
	line := fmt.Sprintf("runpod-* %s", ssh.MarshalAuthorizedKey(a.key))
	if err := os.MkdirAll(strings.TrimSuffix(a.paths.KnownHosts, "/known_hosts"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(a.paths.KnownHosts, []byte(line), 0o600); err != nil {
		t.Fatal(err)
	}
	var changed *manager.HostKeyChanged
	if _, err := a.m.Connect(t.Context(), manager.ConnectRequest{PodID: "ready1"}); !errors.As(err, &changed) {
		t.Fatalf("Connect to %s = %v, want the alarm", sshd.Addr, err)
	}
	if err := a.m.ForgetHostKey(t.Context(), "ready1", changed.Offered); err == nil || !strings.Contains(err.Error(), "pattern") {
		t.Errorf("forgetting a key that a pattern names: %v", err)
	}
}

// TestTheListDoesNotWaitForTheRegisteredKeys hangs the call that only helps.
func TestTheListDoesNotWaitForTheRegisteredKeys(t *testing.T) {
	a := newAccount(t, accountOptions{pods: []api.PodSpec{{ID: "pod1"}}})
	a.api.AddFault(api.Fault{Route: api.Route{Method: "GET", Path: "/v2/account/ssh-keys"}, Kind: api.FaultHang})
	a.list(t, "pod1")
}

// TestTheNamedKeyIsOfferedFirst refuses every key, and looks at the order in which
// they were offered: the settings' own goes before those that are registered.
func TestTheNamedKeyIsOfferedFirst(t *testing.T) {
	a, sshd := readyPod(t, accountOptions{registered: true})
	a.list(t, "ready1")
	accept(t, a, "ready1").Discard()
	named := &account{paths: config.PathsUnder(t.TempDir())}
	named.makeKey(t, accountOptions{})
	if err := os.Remove(a.paths.State + "/pods.json"); err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err) // the key that the pod took before would go first
	}
	sshd.Authorize()
	m := a.open(t, accountOptions{settings: func(s *config.Settings) { s.IdentityFile = []string{named.keyFile()} }})
	if _, err := m.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	var failure *manager.Failure
	_, err := m.Connect(t.Context(), manager.ConnectRequest{PodID: "ready1"})
	if !errors.As(err, &failure) {
		t.Fatalf("Connect = %v, want a refusal", err)
	}
	var offered []string
	for _, e := range failure.Evidence {
		if strings.HasPrefix(e.What, "refused the key ") {
			offered = append(offered, e.What)
		}
	}
	if len(offered) != 2 || !strings.Contains(offered[0], ssh.FingerprintSHA256(named.key)) {
		t.Errorf("offered %q, want the named key first", offered)
	}
}
