package manager_test

import (
	"errors"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"podbay/demo/api"
	"podbay/demo/pod"
	"podbay/doctor"
	"podbay/manager"
	"podbay/state"
)

// Between the list and the connection the pod gets a new container elsewhere, and
// its port goes to a stranger: what answers there is not believed, and the pod is
// followed.
func TestAPodThatMovedIsFollowed(t *testing.T) {
	k := newHostKeys(t)
	var addrs []api.Endpoints
	home := t.TempDir()
	for _, key := range []pod.HostKey{k.other, k.own} {
		server, err := pod.Start(pod.Config{Container: pod.Container{PodID: forgedID, Name: "forged", Home: home}, HostKeys: []pod.HostKey{key}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = server.Close() })
		addrs = append(addrs, direct(server.Addr().Addr().String(), int(server.Addr().Port())))
	}
	host := api.FixedHost{forgedID: addrs[0]}
	started := time.Now().Add(-10 * time.Minute)
	a := newAccount(t, accountOptions{
		registered: true, host: host,
		pods: []api.PodSpec{{ID: forgedID, Name: "forged", Status: api.StatusRunning, StartSSH: true, StartedAt: started,
			Prints: func(c api.Container) []string {
				if c.Generation == 1 {
					return list(k.more)
				}
				return list(k.own)
			}}},
	})
	write(t, filepath.Join(home, ".ssh", "authorized_keys"), string(ssh.MarshalAuthorizedKey(a.key)))
	if err := a.m.TrustHostKey(forgedID, k.more.Public(), started); err != nil {
		t.Fatal(err)
	}
	a.list(t, forgedID)
	host[forgedID] = addrs[1]
	if err := a.api.Recreate(forgedID); err != nil {
		t.Fatal(err)
	}
	session, err := a.m.Connect(t.Context(), manager.ConnectRequest{PodID: forgedID})
	if err != nil {
		t.Fatal(err)
	}
	defer session.Discard()
	if got := outcomeOf(session, nil, false); got != replaced {
		t.Errorf("it %s, want %s", got, replaced)
	}
	if row := a.list(t, forgedID); row.HostKey.Fingerprint != k.own.Fingerprint() || row.HostKey.Trust != manager.TrustedByLog {
		t.Errorf("it remembers %+v", row.HostKey)
	}
	if text := read(t, a.paths.KnownHosts); text != own(k) {
		t.Errorf("known_hosts holds %q", text)
	}
}

// A key that was seen in the present container is not replaced by what came to be
// known before it: seen again is what counts, not first accepted.
func TestAKeyIsSeenAgainInEachContainer(t *testing.T) {
	w := newForgedWorld(t, forgery{podbay: own, seen: time.Hour})
	session, err := w.m.Connect(t.Context(), manager.ConnectRequest{PodID: forgedID})
	if err != nil {
		t.Fatal(err)
	}
	session.Discard()
	memory, err := (&state.Store{Dir: w.paths.State}).Pod(forgedID)
	if err != nil {
		t.Fatal(err)
	}
	row := find(t, mustRefresh(t, w.m), forgedID)
	if !memory.StartedAt.Equal(row.StartedAt) || memory.HostKey != w.keys.own.Fingerprint() || !memory.HostKeySeen.Before(row.StartedAt) {
		t.Errorf("it remembers %+v; the container started at %v", memory, row.StartedAt)
	}
}

func mustRefresh(t *testing.T, m *manager.Manager) []manager.Pod {
	t.Helper()
	listing, err := m.Refresh(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return listing.Pods
}

// What leads on from a stop: each act answers its own stop and no other.
func TestWhatLeadsOnFromAStop(t *testing.T) {
	connect := func(w *forgedWorld) string {
		session, err := w.m.Connect(t.Context(), manager.ConnectRequest{PodID: forgedID})
		if session != nil {
			session.Discard()
		}
		return outcomeOf(session, err, false)
	}
	w := newForgedWorld(t, forgery{podbay: old, prints: listsOther})
	shown := w.keys.own.Fingerprint()
	if w.m.ForgetHostKey(t.Context(), forgedID, shown) == nil || w.m.TrustAgainstLog(t.Context(), forgedID, shown) == nil {
		t.Error("something was done without a stop")
	}
	if got := connect(w); got != stops {
		t.Fatalf("it %s", got)
	}
	if row := find(t, mustRefresh(t, w.m), forgedID); row.Verdict.ID != doctor.HostKeyContradicted {
		t.Errorf("the list says %s", row.Verdict.ID)
	}
	if w.m.TrustAgainstLog(t.Context(), forgedID, shown) == nil {
		t.Error("a changed key was trusted against the log")
	}
	if w.m.ForgetHostKey(t.Context(), forgedID, w.keys.other.Fingerprint()) == nil {
		t.Error("a key was forgotten for another than was shown")
	}
	if err := w.m.ForgetHostKey(t.Context(), forgedID, shown); err != nil {
		t.Fatal(err)
	}
	if got := read(t, w.paths.KnownHosts); got != "" {
		t.Errorf("known_hosts holds %q", got)
	}
	if got := connect(w); got != notThePods {
		t.Fatalf("forgotten, it %s", got)
	}
	if w.m.ForgetHostKey(t.Context(), forgedID, shown) == nil {
		t.Error("a key that is not known was forgotten")
	}
	if w.m.TrustAgainstLog(t.Context(), forgedID, w.keys.more.Fingerprint()) == nil || read(t, w.paths.KnownHosts) != "" {
		t.Error("another key was trusted than was shown")
	}
	if err := w.m.TrustAgainstLog(t.Context(), forgedID, shown); err != nil {
		t.Fatal(err)
	}
	if got := connect(w); got != connects {
		t.Fatalf("trusted, it %s", got)
	}
	if row := find(t, mustRefresh(t, w.m), forgedID); row.HostKey.Trust != manager.TrustedAgainstLog || row.Agreed.KeyExchange == "" {
		t.Errorf("the list says %+v %+v", row.HostKey, row.Agreed)
	}
}

// What podbay decided by itself is said wherever a login was tried, also where it
// was refused afterwards.
func TestANoticeIsTold(t *testing.T) {
	w := newForgedWorld(t, forgery{prints: lists})
	const notice = "host key verified by the pod's log"
	for proof := range w.m.Prove(t.Context(), manager.ProveRequest{Fingerprint: ssh.FingerprintSHA256(w.key)}) {
		if !proof.Takes || proof.Notice != notice {
			t.Errorf("a proof says %+v", proof)
		}
	}
	w = newForgedWorld(t, forgery{prints: lists})
	write(t, filepath.Join(w.home, ".ssh", "authorized_keys"), "")
	_, err := w.m.Connect(t.Context(), manager.ConnectRequest{PodID: forgedID})
	var failure *manager.Failure
	if !errors.As(err, &failure) || !slices.ContainsFunc(failure.Evidence, func(e manager.Evidence) bool { return e.What == notice }) {
		t.Errorf("a refused login says %+v", err)
	}
	if got := read(t, w.paths.KnownHosts); got != own(w.keys) {
		t.Errorf("known_hosts holds %q", got)
	}
}

// Two pods with one key are named to each other.
func TestASharedKeyIsNamed(t *testing.T) {
	w := newForgedWorld(t, forgery{podbay: own})
	started := time.Now().Add(-time.Hour)
	for _, id := range []string{"twin", "other"} {
		key := map[string]ssh.PublicKey{"twin": w.keys.own.Public(), "other": w.keys.other.Public()}[id]
		if err := w.m.TrustHostKey(id, key, started); err != nil {
			t.Fatal(err)
		}
	}
	session, err := w.m.Connect(t.Context(), manager.ConnectRequest{PodID: forgedID})
	if err != nil {
		t.Fatal(err)
	}
	session.Discard()
	row := find(t, mustRefresh(t, w.m), forgedID)
	if want := []string{"twin (no longer in the list)"}; !slices.Equal(row.HostKey.SharedWith, want) {
		t.Errorf("it is shared with %q, want %q", row.HostKey.SharedWith, want)
	}
}
