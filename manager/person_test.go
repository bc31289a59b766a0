//go:build linux || darwin

package manager_test

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/crypto/ssh"

	"podbay/config"
	"podbay/demo/api"
	"podbay/internal/netfault"
	"podbay/internal/opensshd"
	"podbay/manager"
)

// person is somebody at a terminal on which a session runs.
type person struct {
	t             *testing.T
	master, slave *os.File

	mu    sync.Mutex
	shown []byte
	more  chan struct{} // closed and replaced when shown grew
}

func newPerson(t *testing.T) *person {
	t.Helper()
	master, slave, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	if err := pty.Setsize(master, &pty.Winsize{Rows: 24, Cols: 80}); err != nil {
		t.Fatal(err)
	}
	p := &person{t: t, master: master, slave: slave, more: make(chan struct{})}
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 64<<10)
		for {
			n, err := master.Read(buf)
			p.mu.Lock()
			p.shown = append(p.shown, buf[:n]...)
			close(p.more)
			p.more = make(chan struct{})
			p.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() { slave.Close(); master.Close(); <-done })
	return p
}

func (p *person) types(keys string) {
	p.t.Helper()
	if _, err := p.master.WriteString(keys); err != nil {
		p.t.Fatal(err)
	}
}

// mark is a place in what was shown: what comes after it is since(mark).
func (p *person) mark() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.shown)
}

func (p *person) since(mark int) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return string(p.shown[mark:])
}

var unbroken = strings.NewReplacer("\r\n         ", " ")

// sees waits for a text that is shown after mark. podbay breaks its own lines between
// words.
func (p *person) sees(mark int, text string) {
	p.t.Helper()
	deadline := time.After(waitMost)
	for {
		p.mu.Lock()
		found, more := strings.Contains(unbroken.Replace(string(p.shown[mark:])), text), p.more
		p.mu.Unlock()
		if found {
			return
		}
		select {
		case <-more:
		case <-deadline:
			all := p.since(mark)
			p.t.Fatalf("%q was not shown; the last that was is %q", text, all[max(0, len(all)-1500):])
		}
	}
}

// keptPod is an account with one pod on a real sshd behind a link, whose shells are
// kept.
type keptPod struct {
	*account
	sshd *opensshd.Server
	link *netfault.Link
}

const keptID = "kept1"

func newKeptPod(t *testing.T, settings func(*config.Settings)) *keptPod {
	t.Helper()
	sshd := opensshd.Start(t, opensshd.Config{})
	k := keptPodAt(t, sshd.Addr, sshd.HostKey(), settings)
	sshd.Authorize(k.key)
	k.sshd = sshd
	return k
}

// keptPodAt is an account with one pod at addr, behind a link.
func keptPodAt(t *testing.T, addr string, hostKey ssh.PublicKey, settings func(*config.Settings)) *keptPod {
	t.Helper()
	link := netfault.Start(t, addr)
	host, port := splitAddr(t, link.Addr)
	a := newAccount(t, accountOptions{
		registered: true,
		pods: []api.PodSpec{{ID: keptID, Name: "kept", Status: api.StatusRunning, StartSSH: true,
			StartedAt: time.Now().Add(-time.Hour)}},
		host: api.FixedHost{keptID: direct(host, port)},
		settings: func(s *config.Settings) {
			s.KeepShells, s.KeepAlive = config.KeepAlways, 300*time.Millisecond
			if settings != nil {
				settings(s)
			}
		},
	})
	if err := a.m.TrustHostKey(keptID, hostKey, time.Time{}); err != nil {
		t.Fatal(err)
	}
	return &keptPod{account: a, link: link}
}

func splitAddr(t *testing.T, addr string) (host string, port int) {
	t.Helper()
	at := strings.LastIndexByte(addr, ':')
	if _, err := fmt.Sscan(addr[at+1:], &port); err != nil {
		t.Fatal(err)
	}
	return addr[:at], port
}

func (k *keptPod) connect(t *testing.T) *manager.Session {
	t.Helper()
	session, err := k.m.Connect(t.Context(), manager.ConnectRequest{PodID: keptID})
	if err != nil {
		t.Fatal(err)
	}
	return session
}

// run attaches the person to a session; what comes is how it ended.
func (p *person) run(session *manager.Session) <-chan manager.Ended {
	session.SetStdin(p.slave)
	session.SetStdout(p.slave)
	ended := make(chan manager.Ended, 1)
	go func() {
		if err := session.Run(); err != nil {
			p.t.Errorf("the session failed: %v", err)
		}
		ended <- session.Ended()
	}()
	return ended
}

func (p *person) ends(ended <-chan manager.Ended) manager.Ended {
	p.t.Helper()
	select {
	case e := <-ended:
		return e
	case <-time.After(waitMost):
		all := p.since(0)
		p.t.Fatalf("the session did not end; the last that was shown is %q", all[max(0, len(all)-1500):])
		return manager.Ended{}
	}
}
