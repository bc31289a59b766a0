//go:build unix

package e2e

import (
	"strings"
	"syscall"
	"testing"
)

// The moments at which a signal may come.
var moments = []struct {
	name string
	come func(p *program, ready, stuck *site)
}{
	{"at the list", func(p *program, _, _ *site) {}},
	{"at a question", func(p *program, _, _ *site) {
		p.press("x")
		p.sees("Stop alpha (")
	}},
	{"while connecting", func(p *program, ready, _ *site) {
		p.press("j")
		p.list("tarpit")
		p.press(enter)
		p.sees("tarpit: connecting")
	}},
	{"while attached", func(p *program, ready, _ *site) { p.enterShell(ready) }},
	{"while a program runs", func(p *program, ready, _ *site) {
		p.enterShell(ready)
		mark := p.mark()
		p.press("sh -c \"printf '\\033[?1049h\\033[?25l\\033[?1000hfull\\n'; sleep 1000\"\r")
		p.prints(mark, "\x1b[?1000hfull")
	}},
	{"while the line is dead", func(p *program, ready, _ *site) {
		p.enterShell(ready)
		ready.link.Freeze()
	}},
}

func TestSignalsLeaveASaneTerminal(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGHUP} {
		for _, moment := range moments {
			t.Run(sig.String()+" "+moment.name, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				s := w.pod("alpha")
				w.trust(s)
				w.at("tarpit", tarpit(t))
				p := w.podbay()
				p.until("both pods measured", func() bool { return p.selected("alpha") && p.count("ready ") >= 2 })
				moment.come(p, s, nil)
				p.signal(sig)
				if code := p.ends(); code != 128+int(sig) {
					t.Errorf("exit code %d, want %d", code, 128+int(sig))
				}
				p.sane()
				s.link.Close() // the far side of a dead line hears of its end
				w.alone()
			})
		}
	}
}

func TestAClosedTerminalWindowEndsPodbay(t *testing.T) {
	for _, moment := range moments {
		t.Run(moment.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			s := w.pod("alpha")
			w.trust(s)
			w.at("tarpit", tarpit(t))
			p := w.podbay()
			p.until("both pods measured", func() bool { return p.selected("alpha") && p.count("ready ") >= 2 })
			moment.come(p, s, nil)
			p.hangUp()
			if code := p.ends(); code != 128+int(syscall.SIGHUP) {
				t.Errorf("exit code %d, want %d", code, 128+int(syscall.SIGHUP))
			}
			s.link.Close()
			w.alone()
		})
	}
}

// TestAnInterruptSignalIsNoKey sends the signal that the terminal makes of ^C
// while it is in its own mode, as it is for a moment around each session.
func TestAnInterruptSignalIsNoKey(t *testing.T) {
	w := newWorld(t)
	s := w.pod("alpha")
	w.trust(s)
	p := w.podbay()
	p.ready(s)
	p.signal(syscall.SIGINT)
	p.press("?")
	p.sees("one step back, never out")
	p.press(esc)
	p.list("alpha")
	p.enterShell(s)
	p.signal(syscall.SIGINT)
	mark := p.mark()
	p.press("echo still-$((1+1))\r")
	p.prints(mark, "still-2")
	p.press("exit\r")
	p.list("alpha")
	p.press(ctrlC) // the key quits
	if code := p.ends(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	p.sane()
}

func TestTheSizeArrives(t *testing.T) {
	w := newWorld(t)
	s := w.pod("alpha")
	w.trust(s)
	p := w.podbay()
	p.ready(s)
	p.enterShell(s)
	mark := p.mark()
	p.press("stty size\r")
	p.prints(mark, "30 110")

	mark = p.mark()
	p.press(`until [ "$(stty size)" = "40 132" ]; do sleep 0.05; done; echo grown-$((1+1))` + "\r")
	p.resize(132, 40)
	p.prints(mark, "grown-2")
	p.press("exit\r")
	p.list("alpha")
	fills := func(rows int) func() bool {
		return func() bool { return strings.Contains(p.lines()[rows-1], "enter") }
	}
	p.until("a list of 40 lines", fills(40))

	p.resize(60, 15)
	p.until("a list of 15 lines", fills(15))
	p.resize(20, 5)
	p.sees("podbay needs 40×10")
	p.resize(80, 24)
	p.until("a list of 24 lines", fills(24))
	mark = p.mark()
	p.enterShell(s)
	p.press("stty size\r")
	p.prints(mark, "24 80")
}
