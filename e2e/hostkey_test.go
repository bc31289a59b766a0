//go:build unix

package e2e

import (
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"podbay/demo/api"
)

// logs makes the pod's next containers list their sshd's host key in the log.
func (w *world) logs(s *site) {
	w.t.Helper()
	e := w.host[s.id]
	e.HostKeys = []api.HostKey{{
		Path: "/etc/ssh/ssh_host_ed25519_key.pub",
		Line: "256 " + ssh.FingerprintSHA256(s.sshd.HostKey()) + " root@" + s.name + " (ED25519)",
	}}
	w.host[s.id] = e
}

// anew gives the pod a new container, which has new host keys.
func (w *world) anew(s *site) {
	w.t.Helper()
	s.sshd.NewHostKeys()
	s.sshd.Restart()
}

func (w *world) started(s *site) {
	w.t.Helper()
	if err := w.api.Recreate(s.id); err != nil {
		w.t.Fatal(err)
	}
}

// The life of a pod on the command line: a first sight, a start after which nothing
// proves the new key, and one after which the pod's log does.
func TestSSHFollowsAPodThatIsStartedAnew(t *testing.T) {
	w := newWorld(t)
	s := w.pod("alpha")
	p := w.podbay("ssh", "alpha")
	p.sees("Type yes")
	p.press("yes\r")
	p.prints(0, s.prompt())
	p.press("exit\r")
	p.ends()

	w.anew(s)
	w.started(s)
	for _, answer := range []string{"\r", "alpha\r", "yes\r"} {
		p = w.podbay("ssh", "alpha")
		p.sees("was started since it last showed its known host key", ssh.FingerprintSHA256(s.sshd.HostKey()), "lists no host keys", "Trust the new key in its place")
		p.press(answer)
		want := 76
		if answer == "yes\r" {
			want = 4
			p.prints(0, s.prompt())
			p.press("exit 4\r")
		}
		if code := p.ends(); code != want {
			t.Errorf("%q: exit code %d\n%s", answer, code, p.text())
		}
		p.sane()
	}

	w.anew(s)
	w.logs(s)
	w.started(s)
	p = w.podbay("ssh", "alpha")
	p.prints(0, "podbay: alpha: new host key since the pod was started")
	p.prints(0, s.prompt())
	p.press("exit 5\r")
	if code := p.ends(); code != 5 {
		t.Errorf("exit code %d", code)
	}
	if kept := contents(t, w.knownHosts()); strings.Count(kept, s.id) != 1 || !strings.Contains(kept, strings.TrimSpace(string(ssh.MarshalAuthorizedKey(s.sshd.HostKey())))) {
		t.Errorf("known_hosts holds:\n%s", kept)
	}

	w.anew(s) // without a start: somebody else answers
	p = w.podbay("ssh", "alpha")
	p.sees("has changed, and podbay does not connect", "The pod's log lists other keys", "Type the pod's name to forget the known key")
	p.press("\r")
	if code := p.ends(); code != 76 {
		t.Errorf("exit code %d", code)
	}
	if strings.Contains(s.sshd.Log(), "Failed publickey") {
		t.Error("a login was tried on a key that was not trusted")
	}
}

// A first sight that the log lists is no question; one that it contradicts stops,
// and is trusted by the pod's name alone.
func TestSSHAtFirstSight(t *testing.T) {
	w := newWorld(t)
	s := w.pod("alpha")
	w.logs(s)
	w.started(s)
	p := w.podbay("ssh", "alpha")
	p.prints(0, "podbay: alpha: host key verified by the pod's log")
	p.prints(0, s.prompt())
	p.press("exit\r")
	if code := p.ends(); code != 0 {
		t.Errorf("exit code %d", code)
	}

	other := w.pod("beta")
	w.logs(other)
	w.started(other)
	w.anew(other)
	for _, answer := range []string{"\r", "yes\r", "beta\r"} {
		p = w.podbay("ssh", "beta")
		p.sees("shows a host key that is not the pod's", "Type the pod's name to trust the shown key against the pod's log")
		p.press(answer)
		if code := p.ends(); code != 76 {
			t.Errorf("%q: exit code %d\n%s", answer, code, p.text())
		}
	}
	p.prints(0, "The key is trusted. Nothing was connected")
	p = w.podbay("ssh", "beta")
	p.prints(0, other.prompt())
	p.press("exit 6\r")
	if code := p.ends(); code != 6 {
		t.Errorf("exit code %d", code)
	}
}

// A line that is lost comes back to the pod alone: another key at its address ends
// the wait with the news, and with the exit code of a host key.
func TestALostLineDoesNotComeBackToAnotherKey(t *testing.T) {
	w := newWorld(t)
	s := w.pod("alpha")
	w.trust(s)
	p := w.podbay("ssh", "alpha")
	p.prints(0, s.prompt())
	mark := p.mark()
	s.sshd.Stop()
	s.sshd.NewHostKeys()
	s.sshd.Restart()
	p.prints(mark, "has changed")
	if code := p.ends(); code != 76 {
		t.Errorf("exit code %d\n%s", code, p.text())
	}
	p.sane()
	if strings.Contains(s.sshd.Log(), "Failed publickey") {
		t.Error("a login was tried on a key that was not trusted")
	}
}
