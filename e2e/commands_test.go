//go:build unix

package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"podbay/demo/api"
	"podbay/internal/opensshd"
)

// plain checks that what went wrong is told in one plain line.
func plain(t *testing.T, got output) {
	t.Helper()
	if got.code == 0 {
		return
	}
	if strings.Count(got.err, "\n") != 1 || !strings.HasPrefix(got.err, "podbay: ") {
		t.Errorf("not one plain sentence: %q", got.err)
	}
	if strings.Contains(got.out+got.err, "goroutine ") || strings.ContainsAny(got.err, "\x1b\x07") {
		t.Errorf("not for people: %q %q", got.out, got.err)
	}
}

func TestLsAndTheTable(t *testing.T) {
	w := newWorld(t)
	s := w.pod("alpha")
	w.add(api.PodSpec{Name: "stopped", Status: api.StatusExited})
	for _, args := range [][]string{{"ls"}, {}, {"list"}} {
		got := w.run("", args...)
		for _, want := range []string{"NAME", "PUBLIC IP", "PORT 22", "SSH", "alpha", "127.0.0.1", "ready", "stopped"} {
			if got.code != 0 || !strings.Contains(got.out, want) {
				t.Errorf("%q: no %q in %+v", args, want, got)
			}
		}
	}
	got := w.run("", "ls", "--json")
	var list struct {
		At   time.Time
		Pods []map[string]any
	}
	if err := json.Unmarshal([]byte(got.out), &list); err != nil || got.code != 0 || len(list.Pods) != 2 {
		t.Fatalf("ls --json: %v in %+v", err, got)
	}
	first := list.Pods[0]
	for _, field := range []string{"id", "name", "status", "gpu", "image", "dataCenter", "costPerHour", "startedAt", "publicIP", "port22", "route", "ssh"} {
		if _, ok := first[field]; !ok {
			t.Errorf("no field %q in %v", field, first)
		}
	}
	if route := first["route"].(map[string]any); first["id"] != s.id || route["kind"] != "direct" || route["addr"] != s.link.Addr {
		t.Errorf("the first pod is %v", first)
	}
	if strings.Contains(got.out, podSecret) {
		t.Error("ls --json prints the pod's environment")
	}
}

func TestNoPods(t *testing.T) {
	w := newWorld(t)
	if got := w.run("", "ls"); got.code != 0 || !strings.Contains(got.out, "no pods yet") {
		t.Errorf("ls: %+v", got)
	}
	p := w.podbay()
	p.sees("no pods yet", "console.runpod.io")
	p.press("q")
	if code := p.ends(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

func TestSSHByNameIDAndPrefix(t *testing.T) {
	w := newWorld(t)
	s, other := w.pod("alpha"), w.pod("beta")
	w.add(api.PodSpec{Name: "beta-two", Status: api.StatusExited})
	w.trust(s, other)
	for _, word := range []string{"alpha", s.id, "al", s.id[:8]} {
		p := w.podbay("ssh", word)
		p.prints(0, s.prompt())
		p.press("exit 42\r")
		if code := p.ends(); code != 42 {
			t.Errorf("ssh %s: exit code %d\n%s", word, code, p.text())
		}
		p.sane()
	}
	for _, c := range []struct {
		word string
		code int
		says string
	}{
		{"gamma", 66, "podbay ls shows what there is"},
		{"bet", 66, "fits 2 pods"},
		{"beta-two", 255, "stopped"},
	} {
		p := w.podbay("ssh", c.word)
		if code := p.ends(); code != c.code {
			t.Errorf("ssh %s: exit code %d", c.word, code)
		}
		p.prints(0, c.says)
		p.sane()
	}
}

func TestSSHAsksAboutTheHostKey(t *testing.T) {
	w := newWorld(t)
	s := w.pod("alpha")
	for _, c := range []struct {
		answer string
		trusts bool
	}{{"\r", false}, {"no\r", false}, {"y\r", false}, {"yes\r", true}} {
		p := w.podbay("ssh", "alpha")
		p.sees(ssh.FingerprintSHA256(s.sshd.HostKey()), "Type yes")
		if p.count("[SHA256]") > 0 {
			t.Error("the picture comes unasked")
		}
		p.press("p\r")
		p.sees("+----[SHA256]-----+")
		p.press(c.answer)
		want := 76
		if c.trusts {
			p.prints(0, s.prompt())
			p.press("exit 5\r")
			want = 5
		}
		if code := p.ends(); code != want {
			t.Errorf("answer %q: exit code %d\n%s", c.answer, code, p.text())
		}
		p.sane()
		if kept := strings.Contains(contents(t, w.knownHosts()), s.id); kept != c.trusts {
			t.Errorf("answer %q: the key is kept: %v", c.answer, kept)
		}
	}
	p := w.podbay("ssh", "alpha")
	p.prints(0, s.prompt()) // no question now
	p.press("exit\r")
	if code := p.ends(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

func TestAChangedHostKeyStops(t *testing.T) {
	w := newWorld(t)
	s := w.pod("alpha")
	w.trust(s)
	known := ssh.FingerprintSHA256(s.sshd.HostKey())
	s.sshd.NewHostKeys()
	s.sshd.Restart()
	shown := ssh.FingerprintSHA256(s.sshd.HostKey())

	for _, answer := range []string{"\r", "yes\r", "alph\r"} {
		p := w.podbay("ssh", "alpha")
		p.sees("Type the pod's name to forget the known key")
		p.press(answer)
		if code := p.ends(); code != 76 {
			t.Errorf("%q: exit code %d\n%s", answer, code, p.text())
		}
		p.prints(0, "has changed, and podbay does not connect")
		p.sane()
	}
	if kept := contents(t, w.knownHosts()); !strings.Contains(kept, s.id) {
		t.Errorf("the known key is gone:\n%s", kept)
	}

	p := w.podbay()
	p.sees("✕ host key changed") // as the other podbay found it
	p.press(enter)
	p.sees("The host key of alpha has changed", known, shown)
	p.answers(enter) // going back is chosen
	p.list("alpha")
	p.press(enter)
	p.sees("The host key of alpha has changed")
	p.answers("f")
	p.sees("type the pod's name")
	p.press("alpha" + enter)
	p.sees("Is this really alpha?", shown)
	mark := p.mark()
	p.answers("y")
	p.prints(mark, s.prompt())
	if strings.Contains(s.sshd.Log(), "Failed publickey") {
		t.Error("a login was tried on an unknown key")
	}
}

// The same on the command line: forgetting is an act of its own, and connects to
// nothing.
func TestSSHForgetsAHostKey(t *testing.T) {
	w := newWorld(t)
	s := w.pod("alpha")
	w.trust(s)
	s.sshd.NewHostKeys()
	s.sshd.Restart()
	p := w.podbay("ssh", "alpha")
	p.sees("Type the pod's name to forget the known key")
	p.press("alpha\r")
	if code := p.ends(); code != 76 {
		t.Errorf("exit code %d\n%s", code, p.text())
	}
	p.prints(0, "The known key is forgotten. Nothing was connected")
	if kept := contents(t, w.knownHosts()); strings.Contains(kept, s.id) {
		t.Errorf("the known key is still there:\n%s", kept)
	}
	if kept := contents(t, w.knownHosts()+".old"); !strings.Contains(kept, s.id) {
		t.Errorf("the file as it was is not kept:\n%s", kept)
	}
	p = w.podbay("ssh", "alpha")
	p.sees(ssh.FingerprintSHA256(s.sshd.HostKey()), "Type yes")
	p.press("yes\r")
	p.prints(0, s.prompt())
	p.press("exit\r")
	p.ends()
}

func TestAnEncryptedKeyAsksForItsPassphrase(t *testing.T) {
	const passphrase = "correct horse e2e"
	w := newWorld(t)
	w.makeKey([]byte(passphrase))
	s := w.pod("alpha")
	w.trust(s)
	trace := filepath.Join(w.home, "trace")
	p := w.podbay("--debug", trace)
	p.ready(s)
	p.press(enter)
	p.sees("assphrase", "id_ed25519")
	p.press("wrong" + enter)
	p.sees("does not fit")
	mark := p.mark()
	p.press(passphrase + enter)
	p.prints(mark, s.prompt())
	p.press("echo done-$((1+1)); exit\r")
	p.prints(mark, "done-2")
	p.list("alpha")
	p.press("q")
	p.ends()
	p.sane()
	info, err := os.Stat(trace)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the trace: %v %v", info, err)
	}
	text := contents(t, trace)
	if !strings.Contains(text, "/v2/pods") {
		t.Errorf("the trace tells nothing:\n%s", text)
	}
	for _, secret := range []string{apiKey, passphrase, podSecret} {
		if strings.Contains(text, secret) || strings.Contains(p.since(0), secret) {
			t.Errorf("%q is in the trace or was drawn", secret)
		}
	}
	for path, text := range tree(t, filepath.Join(w.home, ".local")) {
		for _, secret := range []string{apiKey, passphrase, podSecret} {
			if strings.Contains(text, secret) {
				t.Errorf("%q is in %s", secret, path)
			}
		}
	}
}

func TestRefusedAndUnreachablePods(t *testing.T) {
	w := newWorld(t)
	refusing := opensshd.Start(t, opensshd.Config{})
	w.at("refusing", refusing.Addr)
	closed := opensshd.Start(t, opensshd.Config{})
	w.at("closed", closed.Addr)
	closed.Stop()
	p := w.podbay("ssh", "refusing")
	p.sees("Type yes")
	p.press("yes\r")
	if code := p.ends(); code != 255 {
		t.Errorf("exit code %d", code)
	}
	p.prints(0, "refused it")
	p.sane()
	p = w.podbay("ssh", "closed")
	if code := p.ends(); code != 255 {
		t.Errorf("exit code %d", code)
	}
	p.prints(0, "no SSH server listens behind it")
	p.sane()
}

func TestNoColor(t *testing.T) {
	w := newWorld(t)
	w.env["NO_COLOR"] = "1"
	s := w.pod("alpha")
	w.add(api.PodSpec{Name: "failed", Status: api.StatusError})
	w.trust(s)
	p := w.podbay()
	p.ready(s)
	for _, screen := range []struct{ key, shows string }{{"?", "one step back"}, {"d", "back to the list"}, {"x", "Stop alpha ("}} {
		p.press(screen.key)
		p.sees(screen.shows)
		p.press(esc)
		p.list("alpha")
	}
	p.enterShell(s)
	p.press("exit 1\r")
	p.sees("exit status 1")
	p.press("q")
	p.ends()
	p.drain()
	colour := regexp.MustCompile(`\x1b\[[0-9;:]*\b(3[0-8]|4[0-8]|9[0-7]|10[0-7])(;[0-9;:]*)?m`)
	if found := colour.FindString(p.since(0)); found != "" {
		t.Errorf("the terminal was sent the colour %q", found)
	}
}
