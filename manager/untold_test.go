//go:build linux || darwin

package manager_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"podbay/doctor"
	"podbay/manager"
)

// What podbay decided by itself is said, once, however many tries, and podbays, lie
// between the decision and the first session that is run.
func TestANoticeOutlivesTheTryThatHadIt(t *testing.T) {
	for name, c := range map[string]struct {
		forgery
		notice string
	}{
		"first sight":   {forgery{prints: lists}, "host key verified by the pod's log"},
		"since a start": {forgery{podbay: old, prints: lists, seen: time.Hour}, "new host key since the pod was started on "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.passphrase = "open sesame"
			w := newForgedWorld(t, c.forgery)
			req := manager.ConnectRequest{PodID: forgedID}
			_, err := w.m.Connect(t.Context(), req)
			var wanted *manager.PassphraseWanted
			if !errors.As(err, &wanted) {
				t.Fatalf("Connect = %v, want a question for the passphrase", err)
			}
			if got := read(t, w.paths.KnownHosts); got != own(w.keys) {
				t.Errorf("known_hosts holds %q", got)
			}
			connect := func(m *manager.Manager) *manager.Session {
				t.Helper()
				req.Passphrases = map[string][]byte{wanted.Path: []byte("open sesame")}
				session, err := m.Connect(t.Context(), req)
				if err != nil {
					t.Fatal(err)
				}
				return session
			}
			session := connect(w.m)
			if !strings.HasPrefix(session.Notice(), c.notice) {
				t.Errorf("after the passphrase it says %q", session.Notice())
			}
			session.Discard() // nobody has seen it
			later := w.account.open(t, accountOptions{})
			mustRefresh(t, later)
			session = connect(later)
			if !strings.HasPrefix(session.Notice(), c.notice) {
				t.Errorf("the next podbay says %q", session.Notice())
			}
			p := newPerson(t)
			ended := p.run(session)
			p.sees(0, c.notice)
			p.sees(0, "~$ ")
			p.types("exit\r")
			p.ends(ended)
			for _, m := range []*manager.Manager{later, w.account.open(t, accountOptions{})} {
				mustRefresh(t, m)
				session = connect(m)
				if session.Notice() != "" {
					t.Errorf("it is said again: %q", session.Notice())
				}
				session.Discard()
			}
		})
	}
}

// A check-up judges a host key as Connect does, and keeps none: the connection that
// follows takes it, and says so.
func TestACheckUpKeepsNoHostKey(t *testing.T) {
	for name, c := range map[string]struct {
		forgery
		seen, notice string
	}{
		"first sight":   {forgery{prints: lists}, "the pod's log lists its host key", "host key verified by the pod's log"},
		"since a start": {forgery{podbay: old, prints: lists, seen: time.Hour}, "the pod has a new host key", "new host key since the pod was started on "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newForgedWorld(t, c.forgery)
			check := w.m.CheckUp(t.Context(), manager.CheckUpRequest{PodID: forgedID})
			if check.Verdict.ID != doctor.HostKeyVerified {
				t.Errorf("the check-up says %s: %s", check.Verdict.ID, check.Verdict.Sentence)
			}
			if !slices.ContainsFunc(check.Evidence, func(e manager.Evidence) bool { return strings.HasPrefix(e.What, c.seen) }) {
				t.Errorf("the check-up saw %q", check.Evidence)
			}
			for range w.m.CheckUpAll(t.Context()) {
			}
			if got := read(t, w.paths.KnownHosts); got != w.before {
				t.Errorf("known_hosts holds %q, want what was there, %q", got, w.before)
			}
			session, err := w.m.Connect(t.Context(), manager.ConnectRequest{PodID: forgedID})
			if err != nil {
				t.Fatal(err)
			}
			session.Discard()
			if !strings.HasPrefix(session.Notice(), c.notice) {
				t.Errorf("the connection says %q", session.Notice())
			}
			if got := read(t, w.paths.KnownHosts); got != own(w.keys) {
				t.Errorf("known_hosts holds %q", got)
			}
		})
	}
}
