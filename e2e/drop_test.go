//go:build unix

package e2e

import (
	"strings"
	"testing"
)

// lostLines are the ways in which a connection ends without the shell's doing.
var lostLines = []struct {
	name string
	fail func(s *site)
}{
	{"cut", func(s *site) { s.link.Cut() }},
	{"sshd killed", func(s *site) { s.sshd.Stop() }},
	{"silent", func(s *site) { s.link.Freeze() }},
}

func TestALostLineIsWaitedFor(t *testing.T) {
	for _, line := range lostLines {
		t.Run(line.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.settings(`keepalive = "1s"`)
			s := w.pod("alpha")
			w.trust(s)
			p := w.podbay()
			p.ready(s)
			mark := p.mark()
			p.enterShell(s)
			line.fail(s)
			p.prints(mark, "[podbay] the line to alpha")
			if line.name == "cut" { // new lines pass
				p.prints(mark, "this is a fresh shell")
				p.until("a second prompt", func() bool { return strings.Count(p.since(mark), s.prompt()) > 1 })
				p.press("exit\r")
				p.sees("alpha: the shell ended after")
			} else {
				p.prints(mark, "connecting again")
				p.press("~.")
				p.sees("alpha: the connection was lost, and no other one was waited for")
			}
			p.list("alpha")
			p.press("q")
			if code := p.ends(); code != 0 {
				t.Errorf("exit code %d", code)
			}
			p.sane()
		})
	}
}

func TestTheEscapeLeavesADeadSession(t *testing.T) {
	w := newWorld(t) // whose keepalive has a patience of 15 s
	s := w.pod("alpha")
	w.trust(s)
	p := w.podbay()
	p.ready(s)
	p.enterShell(s)
	p.press("\r~?")
	p.sees("[podbay]", "~.")
	s.link.Freeze()
	p.press(strings.Repeat("typed and never sent ", 5) + "\r~.")
	p.sees("alpha: left with ~. after")
	p.list("alpha")
	s.link.Thaw()
	p.until("the pod measured again", func() bool { return strings.Contains(p.text(), "ready ") })
	p.enterShell(s)
	mark := p.mark()
	p.press("echo again-$((1+1))\r")
	p.prints(mark, "again-2")
	p.press("exit\r")
	p.list("alpha")
}

func TestPodbaySSHTellsOfALostConnection(t *testing.T) {
	w := newWorld(t)
	s := w.pod("alpha")
	w.trust(s)
	p := w.podbay("ssh", "alpha")
	p.prints(0, s.prompt())
	s.sshd.Stop()
	p.prints(0, "the line to alpha")
	p.press("~.")
	if code := p.ends(); code != 255 {
		t.Errorf("exit code %d", code)
	}
	p.prints(0, "not waiting any more for alpha")
	p.sane()
}
