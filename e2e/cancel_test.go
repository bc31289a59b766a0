//go:build unix

package e2e

import (
	"net"
	"sync"
	"testing"
	"time"
)

// tarpit accepts connections on loopback, names itself as an SSH server does,
// and says nothing more: a probe finds it ready, and a login never gets on.
func tarpit(t *testing.T) (addr string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	var mu sync.Mutex
	var conns []net.Conn
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			conns = append(conns, conn)
			mu.Unlock()
			_, _ = conn.Write([]byte("SSH-2.0-OpenSSH_9.2\r\n")) // one that has gone needs no name
		}
	})
	t.Cleanup(func() {
		listener.Close()
		serving.Wait()
		for _, conn := range conns {
			conn.Close()
		}
	})
	return listener.Addr().String()
}

func TestCancelDuringASlowConnect(t *testing.T) {
	w := newWorld(t)
	beta := w.pod("beta")
	w.trust(beta)
	w.at("alpha", tarpit(t))
	p := w.podbay()
	p.until("both pods measured", func() bool { return p.selected("alpha") && p.count("ready ") >= 2 })
	for i := range 50 {
		for _, cancel := range []string{ctrlC, esc} {
			p.press(enter)
			p.sees("alpha: connecting")
			if i%2 == 1 { // far into it
				p.sees("alpha: connecting to 127.0.0.1")
			}
			p.press(cancel)
			p.sees("alpha: connecting was cancelled")
			p.list("alpha")
			p.press(esc) // the note goes
			p.until("a list without a note", func() bool { return p.count("was cancelled") == 0 })
		}
	}
	p.press("j")
	p.list("beta")
	p.enterShell(beta)
	p.press("exit 5\r")
	p.sees("exit status 5")
	p.press("q")
	if code := p.ends(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	p.sane()
}

func TestCancelOnAFrozenLink(t *testing.T) {
	w := newWorld(t)
	w.settings(`probe_timeout = "30s"`, `refresh = "10m"`)
	s := w.pod("alpha")
	w.trust(s)
	p := w.podbay()
	p.ready(s)
	s.link.Freeze()
	for _, cancel := range []string{ctrlC, esc, ctrlC, esc} {
		p.press(enter)
		p.sees("alpha: connecting")
		p.press(cancel)
		p.sees("alpha: connecting was cancelled")
		p.press(esc)
		p.until("a list without a note", func() bool { return p.count("was cancelled") == 0 })
	}
	s.link.Thaw()
	p.enterShell(s)
	p.press("exit\r")
	p.list("alpha")
}

func TestConnectingIsGivenUpInTime(t *testing.T) {
	w := newWorld(t)
	w.settings(`connect_timeout = "2s"`)
	w.at("alpha", tarpit(t))
	p := w.podbay()
	p.until("the pod measured", func() bool { return p.selected("alpha") && p.count("ready ") >= 1 })
	p.press(enter)
	p.sees("No shell on alpha", "What to do", "Try again")
	p.press(esc)
	p.list("alpha")
}

// netDelay makes a connect slow enough to type into it.
const netDelay = 150 * time.Millisecond
