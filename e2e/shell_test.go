//go:build unix

package e2e

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"podbay/tty"
)

// enterShell presses enter on the selected pod and waits for its shell.
func (p *program) enterShell(s *site) {
	p.t.Helper()
	mark := p.mark()
	p.press(enter)
	p.prints(mark, s.prompt())
}

// ready waits for the list, with this pod selected and measured.
func (p *program) ready(s *site) {
	p.t.Helper()
	p.until("the list with "+s.name+" ready", func() bool {
		return p.selected(s.name) && strings.Contains(p.text(), "ready ")
	})
}

func TestFromTheListToAShellAndBack(t *testing.T) {
	w := newWorld(t)
	s := w.pod("alpha")
	fingerprint := ssh.FingerprintSHA256(s.sshd.HostKey())

	p := w.podbay()
	p.ready(s)
	p.press(enter)
	p.sees(fingerprint, "No, go back", "Yes, trust")
	p.answers(enter) // No is chosen
	p.list("alpha")
	if known := contents(t, w.knownHosts()); strings.Contains(known, "runpod-") {
		t.Errorf("a key was kept that was not accepted:\n%s", known)
	}
	if strings.Contains(s.sshd.Log(), "Accepted publickey") {
		t.Error("a login was tried before the host key was accepted")
	}

	mark := p.mark()
	p.press(enter)
	p.sees(fingerprint)
	p.answers("y")
	p.prints(mark, s.prompt())
	if p.altScreen() {
		t.Error("the shell runs on the alternate screen")
	}
	p.press("exit 3\r")
	p.sees("exit status 3")
	p.list("alpha")
	if want := "runpod-" + s.id + " " + s.sshd.HostKey().Type(); !strings.Contains(contents(t, w.knownHosts()), want) {
		t.Errorf("the accepted key is not kept:\n%s", contents(t, w.knownHosts()))
	}

	p.enterShell(s) // without a question
	p.press("exit\r")
	p.sees("exit status 0")
	p.press("q")
	if code := p.ends(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	p.sane()

	p = w.podbay() // nor in a later run
	p.ready(s)
	p.enterShell(s)
}

// roundTrips connects and exits, and types a command line into each shell and a
// key at the very moment at which each session has ended. Each key must have its
// effect on its own side, and none on the other.
func roundTrips(p *program, n int, alpha, beta *site) {
	p.t.Helper()
	target, other, move := alpha, beta, "j"
	mark := p.mark()
	p.press(enter)
	for i := range n {
		p.prints(mark, target.prompt())
		name := fmt.Sprintf("trip-%d-%s", i, strings.Repeat("x", 40))
		p.press(fmt.Sprintf("printf '[%%s]\\n' %s; exit %d\r", name, i%7))
		p.prints(mark, "["+name+"]")
		p.prints(mark, tty.Reset)
		if typed := p.since(mark); strings.Contains(typed, "not found") {
			p.t.Fatalf("a key went to the shell that was not meant for it: %q", typed)
		}
		mark = p.mark()
		if i%2 == 0 {
			p.press(move + enter)
		} else {
			p.press(move)
			p.list(other.name)
			p.sees(fmt.Sprintf("exit status %d", i%7))
			p.press(enter)
		}
		target, other = other, target
		move = map[string]string{"j": "k", "k": "j"}[move]
	}
	p.prints(mark, target.prompt())
	p.press("exit\r")
	p.list(target.name)
}

func TestNoKeyIsLostInRoundTrips(t *testing.T) {
	w := newWorld(t)
	alpha, beta := w.pod("alpha"), w.pod("beta")
	w.trust(alpha, beta)
	p := w.podbay()
	p.ready(alpha)
	roundTrips(p, 50, alpha, beta)
	p.press("q")
	if code := p.ends(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	p.sane()
	w.alone()
}

func TestNoRaceInRoundTrips(t *testing.T) {
	path, err := raceBinary()
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	alpha, beta := w.pod("alpha"), w.pod("beta")
	w.trust(alpha, beta)
	cmd := w.command()
	cmd.Path, cmd.Args[0] = path, path
	p := start(t, cmd)
	p.ready(alpha)
	roundTrips(p, 5, alpha, beta)
	p.press("q")
	if code := p.ends(); code != 0 || strings.Contains(p.since(0), "DATA RACE") {
		t.Errorf("exit code %d\n%s", code, p.text())
	}
	p.sane()
}

func TestKeysTypedWhileConnectingAreDropped(t *testing.T) {
	w := newWorld(t)
	alpha, beta := w.pod("alpha"), w.pod("beta")
	w.trust(alpha, beta)
	p := w.podbay()
	p.ready(alpha)
	alpha.link.Delay(netDelay)
	for _, typed := range []struct{ with, after string }{
		{"", "jjqx?/zzz\rzzz\r"},
		{"jqzzz", "zzz\rjj"}, // some of them in one read with enter
	} {
		mark := p.mark()
		p.press(enter + typed.with)
		p.sees("alpha: connecting")
		p.press(typed.after)
		p.prints(mark, alpha.prompt())
		p.press("echo came-$((20+1)); exit 4\r")
		p.prints(mark, "came-21")
		p.sees("exit status 4")
		p.list("alpha")
		if out := p.since(mark); strings.Contains(out, "zzz") {
			t.Errorf("keys that were typed while connecting were replayed: %q", out)
		}
	}
}

// TestTheTerminalIsAsBefore asks stty, in a shell around podbay.
func TestTheTerminalIsAsBefore(t *testing.T) {
	w := newWorld(t)
	s := w.pod("alpha")
	w.trust(s)
	script := `stty -a >"$HOME/before"; "$0"; code=$?; stty -a >"$HOME/after"; exit $code`
	cmd := exec.Command("sh", "-c", script, binary)
	cmd.Env, cmd.Dir = w.environ(), w.home
	p := start(t, cmd)
	p.ready(s)
	p.enterShell(s)
	// A program that leaves behind what it should have undone.
	p.press(`printf '\033[?1000h\033[?1h\033[?25l\033[?2004h\033[5;10r'; stty raw -echo; kill -9 $$` + "\r")
	p.sees("SIGKILL")
	p.list("alpha")
	p.press("q")
	if code := p.ends(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	p.sane()
	before, after := contents(t, w.home+"/before"), contents(t, w.home+"/after")
	if before == "" || before != after {
		t.Errorf("stty -a printed\n%s\nbefore, and after it\n%s", before, after)
	}
}
