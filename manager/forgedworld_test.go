package manager_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"podbay/demo/api"
	"podbay/demo/pod"
	"podbay/doctor"
	"podbay/manager"
	"podbay/state"
)

type forgedWorld struct {
	*account
	t      *testing.T
	keys   hostKeys
	m      *manager.Manager
	server *pod.Server
	home   string // of the pod's shells
	before string // podbay's known_hosts
}

func newForgedWorld(t *testing.T, c forgery) *forgedWorld {
	t.Helper()
	w := &forgedWorld{t: t, keys: newHostKeys(t)}
	shows := []pod.HostKey{w.keys.own, w.keys.more}
	if c.shows != nil {
		shows = c.shows(w.keys)
	}
	home := t.TempDir()
	w.home = home
	var err error
	if w.server, err = pod.Start(pod.Config{Container: pod.Container{PodID: forgedID, Name: "forged", Home: home}, HostKeys: shows}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.server.Close() })
	addr := w.server.Addr()
	prints := none
	if c.prints != nil {
		prints = c.prints(w.keys)
	}
	started := time.Now().Add(-10 * time.Minute)
	w.account = newAccount(t, accountOptions{
		registered: true, passphrase: c.passphrase,
		pods: []api.PodSpec{{ID: forgedID, Name: "forged", Status: api.StatusRunning, StartSSH: true, StartedAt: started,
			Prints: func(api.Container) []string { return prints }}},
		host: api.FixedHost{forgedID: direct(addr.Addr().String(), int(addr.Port()))},
	})
	write(t, filepath.Join(home, ".ssh", "authorized_keys"), string(ssh.MarshalAuthorizedKey(w.key)))
	if c.podbay != nil {
		w.before = c.podbay(w.keys)
		write(t, w.paths.KnownHosts, w.before)
	}
	if c.user != nil {
		address := fmt.Sprintf("[%s]:%d", addr.Addr(), addr.Port())
		write(t, filepath.Join(w.paths.Home, ".ssh", "known_hosts"), strings.ReplaceAll(c.user(w.keys), "ADDR", address))
	}
	if !c.forgot {
		store := state.Store{Dir: w.paths.State}
		if err := store.UpdatePod(forgedID, func(p *state.PodMemory) {
			p.HostKeySeen, p.StartedAt = started.Add(-c.seen).Add(time.Minute), started.Add(-c.seen)
		}); err != nil {
			t.Fatal(err)
		}
	}
	if c.fault != nil {
		fault := *c.fault
		fault.Route = logOf
		w.api.AddFault(fault)
	}
	w.m = w.account.open(t, accountOptions{})
	if _, err := w.m.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	return w
}

// checkAsked looks whether the log was asked for. A call is noted when its answer
// has ended, which for a log is a moment after podbay has left it.
func (w *forgedWorld) checkAsked(want bool) {
	w.t.Helper()
	for deadline := time.Now().Add(time.Minute); ; {
		asked := calls(w.account, logOf.Method, logOf.Path) > 0
		switch {
		case asked && !want:
			w.t.Error("the log was asked for")
		case !asked && want && time.Now().Before(deadline):
			runtime.Gosched()
			continue
		case !asked && want:
			w.t.Error("the log was not asked for")
		}
		return
	}
}

// checkKnown looks at podbay's known_hosts: a key is kept only where the outcome
// says so, and nothing else is touched.
func (w *forgedWorld) checkKnown(c forgery) {
	w.t.Helper()
	text := read(w.t, w.paths.KnownHosts)
	line := own(w.keys)
	want := w.before
	switch {
	case c.want == verified, c.want == acceptsThat && c.seen == 0:
		want = w.before + line
	case c.want == replaced, c.want == acceptsThat:
		want = line
		if was := read(w.t, w.paths.KnownHosts+".old"); was != w.before {
			w.t.Errorf("known_hosts.old holds %q, want what was there, %q", was, w.before)
		}
	}
	if text != want {
		w.t.Errorf("known_hosts holds\n%swant\n%s", text, want)
	}
	if c.user == nil {
		if _, err := os.Stat(filepath.Join(w.paths.Home, ".ssh", "known_hosts")); err == nil {
			w.t.Error("the user's known_hosts was made")
		}
	}
}

// checkOthersAreTold holds that the list of another podbay says what stopped this one,
// until a key is taken.
func (w *forgedWorld) checkOthersAreTold(c forgery, err error) {
	w.t.Helper()
	var changed *manager.HostKeyChanged
	if c.fault != nil || !errors.As(err, &changed) {
		return
	}
	bad := func() bool {
		w.t.Helper()
		other := w.account.open(w.t, accountOptions{})
		listing, err := other.Refresh(w.t.Context())
		if err != nil {
			w.t.Fatal(err)
		}
		switch listing.Pods[0].Verdict.ID {
		case doctor.HostKeyChanged, doctor.HostKeyContradicted, doctor.HostKeyRestarted:
			return true
		}
		return false
	}
	if !bad() {
		w.t.Error("another podbay's list does not say what was wrong with the host key")
	}
	if c.shows != nil {
		return
	}
	write(w.t, w.paths.KnownHosts, own(w.keys))
	session, err := w.m.Connect(w.t.Context(), manager.ConnectRequest{PodID: forgedID})
	if err != nil {
		w.t.Fatal(err)
	}
	session.Discard()
	if bad() {
		w.t.Error("another podbay's list still says that it is wrong")
	}
}

func outcomeOf(session *manager.Session, err error, yes bool) string {
	var (
		unknown *manager.HostKeyUnknown
		changed *manager.HostKeyChanged
		failure *manager.Failure
	)
	switch {
	case err == nil && strings.HasPrefix(session.Notice(), "new host key"):
		return replaced
	case err == nil && session.Notice() != "":
		return verified
	case err == nil && yes:
		return acceptsThat
	case err == nil:
		return connects
	case errors.As(err, &unknown):
		return asks
	case errors.As(err, &changed) && changed.Asks:
		return asksAnew
	case errors.As(err, &changed) && changed.NeverKnown():
		return notThePods
	case errors.As(err, &changed):
		return stops
	case errors.As(err, &failure) && failure.Verdict.ID == doctor.HostKeyRevoked:
		return refused
	}
	return err.Error()
}

// questionOf is all that a question holds.
func questionOf(err error) any {
	var (
		unknown *manager.HostKeyUnknown
		changed *manager.HostKeyChanged
	)
	switch {
	case errors.As(err, &unknown):
		return unknown.Evidence
	case errors.As(err, &changed):
		return changed.Evidence
	}
	return err
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return string(text)
}
