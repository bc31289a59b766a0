//go:build unix

package e2e

import (
	"fmt"
	"strings"
	"testing"
)

// keptWorld is a home whose shells are kept, with one pod.
func keptWorld(t *testing.T) (*world, *site) {
	t.Helper()
	w := newWorld(t)
	w.settings(`keep_shells = "always"`, `keepalive = "1s"`)
	s := w.pod("alpha")
	w.trust(s)
	return w, s
}

func TestPodbaySSHLeavesAShellAndComesBack(t *testing.T) {
	w, s := keptWorld(t)
	p := w.podbay("ssh", "alpha")
	p.prints(0, s.prompt())
	p.press("echo left-$((40+2))\r")
	p.prints(0, "left-42")
	p.press("~d")
	if code := p.ends(); code != 0 {
		t.Errorf("exit code %d after ~d", code)
	}
	p.prints(0, "come back to it with: podbay ssh "+s.id)
	p.sane()
	if left := s.sshd.TmuxServers(); len(left) != 1 {
		t.Errorf("on the pod: %v", left)
	}

	p = w.podbay("ssh", s.id)
	p.sees("left-42")
	p.press("exit 3\r")
	if code := p.ends(); code != 3 {
		t.Errorf("exit code %d", code)
	}
	p.sane()
	if left := s.sshd.TmuxServers(); len(left) != 0 {
		t.Errorf("left on the pod: %v", left)
	}
}

func TestTheListKeepsShellsOfTwoPods(t *testing.T) {
	w, alpha := keptWorld(t)
	beta := w.pod("beta")
	w.trust(alpha, beta)
	p := w.podbay()
	p.list("alpha")
	for _, s := range []*site{alpha, beta} {
		if s == beta {
			p.press("j")
		}
		p.ready(s)
		mark := p.mark()
		p.press(enter)
		p.prints(mark, s.prompt())
		p.press("echo this-is-" + s.name + "-$((1+1))\r")
		p.prints(mark, "this-is-"+s.name+"-2")
		p.press("~d")
		p.sees("left with ~d")
	}
	p.sees("◂ 2 kept", "enter come back")
	beta.link.Cut() // nobody looks
	mark := p.mark()
	p.press(enter)
	p.prints(mark, "this-is-beta-2")
	p.press("exit\r")
	p.sees("beta: the shell ended")
	p.sees("◂ 1 kept")
	p.press("q")
	p.sees("Quit podbay?", "[ Stay ]")
	p.answers("y")
	if code := p.ends(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	p.sane()
	if left := alpha.sshd.TmuxServers(); len(left) != 1 {
		t.Errorf("on alpha: %v", left)
	}

	p = w.podbay()
	p.ready(alpha)
	p.sees("◂ 1 kept")
	p.press(enter)
	p.sees("this-is-alpha-2")
	p.press("exit\r")
	p.list("alpha")
}

// TestDemoCut: the demo's lines are cut again and again, and a shell goes on.
func TestDemoCut(t *testing.T) {
	w := bare(t)
	p := w.podbay("demo", "--cut", "3s")
	p.list("axolotl-finetune")
	mark := p.mark()
	p.press(enter)
	p.kept()
	p.demoShell(mark, "axolotl-finetune")
	p.says("state=kept-$((6*7))", "(this machine)")
	for round := range 3 {
		mark = p.mark()
		p.prints(mark, "[podbay] back after")
		// What is typed may be dropped: the line may be cut again.
		p.until("a shell that has its state", func() bool {
			p.press(fmt.Sprintf("\x15echo round-%d-$state\r", round))
			return strings.Contains(p.since(mark), fmt.Sprintf("round-%d-kept-42", round))
		})
	}
	p.press("\x15exit\r")
	p.until("the list", func() bool {
		if !p.altScreen() {
			p.press("\x15exit\r")
		}
		return p.altScreen()
	})
}
