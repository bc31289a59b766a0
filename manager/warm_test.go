package manager_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"podbay/config"
	"podbay/doctor"
	"podbay/internal/opensshd"
	"podbay/manager"
)

// logins counts the logins that sshd has taken.
func logins(sshd *opensshd.Server) int { return strings.Count(sshd.Log(), "Accepted publickey") }

// knownPod is a pod that was logged in to before, and is measured again.
func knownPod(t *testing.T, opts accountOptions) (*account, *opensshd.Server) {
	t.Helper()
	a, sshd := readyPod(t, opts)
	a.list(t, "ready1")
	accept(t, a, "ready1").Discard()
	eventually(t, "the line of the login in sshd's log", func() bool { return logins(sshd) == 1 })
	a.probed(t, "ready1")
	return a, sshd
}

func connect(t *testing.T, a *account) *manager.Session {
	t.Helper()
	session, err := a.m.Connect(t.Context(), manager.ConnectRequest{PodID: "ready1"})
	if err != nil {
		t.Fatal(err)
	}
	return session
}

func TestConnectAhead(t *testing.T) {
	a, sshd := knownPod(t, accountOptions{registered: true})
	before := logins(sshd)
	a.m.Preconnect(t.Context(), "ready1")
	connect(t, a).Discard() // waits for what is under way
	if n := logins(sshd) - before; n != 1 {
		t.Errorf("%d logins, want the one that was made ahead", n)
	}
	connect(t, a).Discard()
	if n := logins(sshd) - before; n != 2 {
		t.Errorf("%d logins: what was used once was used again", n)
	}
}

// endings counts the connections that sshd saw ending: with a reset, where something
// was unread.
func endings(sshd *opensshd.Server) int {
	log := sshd.Log()
	return strings.Count(log, "Connection closed by") + strings.Count(log, "Connection reset by") + strings.Count(log, "Read error from")
}

func TestConnectedAheadIsDroppedWhenTheUserLooksElsewhere(t *testing.T) {
	a, sshd := knownPod(t, accountOptions{registered: true})
	closed := endings(sshd)
	before := logins(sshd)
	a.m.Preconnect(t.Context(), "ready1")
	eventually(t, "the login", func() bool { return logins(sshd) == before+1 })
	a.m.Preconnect(t.Context(), "")
	eventually(t, "the end of it", func() bool { return endings(sshd) > closed })
	connect(t, a).Discard()
	if n := logins(sshd) - before; n != 2 {
		t.Errorf("%d logins, want one ahead and one of its own", n)
	}
}

// In none of these the pod is asked whether it takes the key.
func TestNotConnectedAhead(t *testing.T) {
	ready := func(t *testing.T) (*account, *opensshd.Server) {
		return knownPod(t, accountOptions{registered: true})
	}
	for name, arrange := range map[string]func(*testing.T) (*account, *opensshd.Server, context.Context){
		"preconnect = false": func(t *testing.T) (*account, *opensshd.Server, context.Context) {
			a, sshd := knownPod(t, accountOptions{registered: true, settings: func(s *config.Settings) { s.Preconnect = false }})
			return a, sshd, t.Context()
		},
		"never logged in": func(t *testing.T) (*account, *opensshd.Server, context.Context) {
			a, sshd := readyPod(t, accountOptions{registered: true})
			if err := a.m.TrustHostKey("ready1", sshd.HostKey(), time.Time{}); err != nil {
				t.Fatal(err)
			}
			a.probed(t, "ready1")
			return a, sshd, t.Context()
		},
		"the host key was forgotten": func(t *testing.T) (*account, *opensshd.Server, context.Context) {
			a, sshd := ready(t)
			if err := os.WriteFile(a.paths.KnownHosts, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			return a, sshd, t.Context()
		},
		"the key is encrypted now": func(t *testing.T) (*account, *opensshd.Server, context.Context) {
			a, sshd := ready(t)
			command := exec.CommandContext(t.Context(), "ssh-keygen", "-q", "-p", "-a", "1", "-P", "", "-N", "a passphrase", "-f", a.keyFile())
			if out, err := command.CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			return a, sshd, t.Context()
		},
		"the cursor did not rest": func(t *testing.T) (*account, *opensshd.Server, context.Context) {
			a, sshd := ready(t)
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			return a, sshd, ctx
		},
	} {
		t.Run(name, func(t *testing.T) {
			a, sshd, ctx := arrange(t)
			asked := func() int { return strings.Count(sshd.Log(), "Accepted key") }
			before := asked()
			a.m.Preconnect(ctx, "ready1")
			if err := a.m.Close(); err != nil { // waits for what was begun
				t.Fatal(err)
			}
			if n := asked() - before; n != 0 {
				t.Errorf("the pod was asked %d times", n)
			}
		})
	}
}

// Nobody presses a key when a pod is connected to ahead: what decides on host keys
// decides there too.
func TestConnectAheadHeedsRevokedHostKeys(t *testing.T) {
	a, sshd := knownPod(t, accountOptions{registered: true})
	write(t, filepath.Join(a.paths.Home, ".ssh", "known_hosts"), "@revoked "+known("*", sshd.HostKey()))
	before := logins(sshd)
	a.m.Preconnect(t.Context(), "ready1")
	var failure *manager.Failure
	_, err := a.m.Connect(t.Context(), manager.ConnectRequest{PodID: "ready1"}) // waits for what is under way
	if !errors.As(err, &failure) || failure.Verdict.ID != doctor.HostKeyRevoked {
		t.Errorf("a revoked host key gave %v", err)
	}
	if n := logins(sshd) - before; n != 0 {
		t.Errorf("%d logins at a server whose host key is revoked", n)
	}
}

func TestARefusedConnectionAheadIsNotTriedAgain(t *testing.T) {
	a, sshd := knownPod(t, accountOptions{registered: true})
	sshd.Authorize()
	// Measuring connects too, and sshd's log lags behind: what counts is who came as far as to log in.
	refused := func() int { return strings.Count(sshd.Log(), "authenticating user") }
	a.m.Preconnect(t.Context(), "ready1")
	eventually(t, "the refusal", func() bool { return refused() == 1 })
	for range 3 {
		a.m.Preconnect(t.Context(), "")
		a.m.Preconnect(t.Context(), "ready1")
	}
	if _, err := a.m.Connect(t.Context(), manager.ConnectRequest{PodID: "ready1"}); err == nil {
		t.Fatal("a key was taken that is not authorized")
	}
	eventually(t, "the refusal of what was asked for", func() bool { return refused() > 1 })
	if n := refused(); n != 2 {
		t.Errorf("%d attempts to log in, want one ahead and one that was asked for", n)
	}
}
