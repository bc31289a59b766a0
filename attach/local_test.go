//go:build linux || darwin

package attach

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"
	"go.uber.org/goleak"
	"golang.org/x/crypto/ssh"
	"golang.org/x/sys/unix"

	"podbay/internal/opensshd"
	"podbay/sshconn"
	"podbay/tty"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds every wait of the tests.
const patience = time.Minute

// local is a person at a terminal: master is what they type and see.
type local struct {
	t             *testing.T
	master, slave *os.File
	term          *tty.Terminal

	mu   sync.Mutex
	seen []byte
	more chan struct{} // closed and replaced when seen grew
}

func newLocal(t *testing.T) *local {
	t.Helper()
	l := newPaused(t)
	l.watch()
	return l
}

// newPaused is a terminal that takes no output until watch is called.
func newPaused(t *testing.T) *local {
	t.Helper()
	master, slave, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	if err := pty.Setsize(master, &pty.Winsize{Rows: 24, Cols: 80}); err != nil {
		t.Fatal(err)
	}
	l := &local{t: t, master: master, slave: slave, term: tty.New(slave, slave), more: make(chan struct{})}
	t.Cleanup(func() { slave.Close(); master.Close() })
	return l
}

// watch collects what the terminal shows, until the test ends.
func (l *local) watch() {
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 64<<10)
		for {
			n, err := l.master.Read(buf)
			l.mu.Lock()
			l.seen = append(l.seen, buf[:n]...)
			close(l.more)
			l.more = make(chan struct{})
			l.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	l.t.Cleanup(func() { l.slave.Close(); l.master.Close(); <-done })
}

func (l *local) types(keys string) {
	l.t.Helper()
	if _, err := l.master.WriteString(keys); err != nil {
		l.t.Fatal(err)
	}
}

// sees waits until text is on the terminal.
func (l *local) sees(text string) {
	l.t.Helper()
	deadline := time.After(patience)
	for {
		l.mu.Lock()
		found, more := bytes.Contains(l.seen, []byte(text)), l.more
		l.mu.Unlock()
		if found {
			return
		}
		select {
		case <-more:
		case <-deadline:
			l.t.Fatalf("%q did not show; the terminal ends with %q", text, l.tail())
		}
	}
}

func (l *local) all() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.seen)
}

func (l *local) tail() string {
	all := l.all()
	return all[max(0, len(all)-2000):]
}

func (l *local) stty() string {
	l.t.Helper()
	cmd := exec.Command("stty", "-a")
	cmd.Stdin = l.slave
	out, err := cmd.CombinedOutput()
	if err != nil {
		l.t.Fatalf("stty: %v: %s", err, out)
	}
	return string(out)
}

// resize changes the size. The terminal is not the test's own, so that the
// kernel signals nobody.
func (l *local) resize(rows, cols uint16) {
	l.t.Helper()
	if err := pty.Setsize(l.master, &pty.Winsize{Rows: rows, Cols: cols}); err != nil {
		l.t.Fatal(err)
	}
	if err := unix.Kill(os.Getpid(), unix.SIGWINCH); err != nil {
		l.t.Fatal(err)
	}
}

// outcome is what Run returned.
type outcome struct {
	Result
	err error
}

// attached runs a session beside the test.
func attached(ctx context.Context, opts Options, line line, hooks hooks) <-chan outcome {
	done := make(chan outcome, 1)
	go func() {
		result, err := newSession(opts, line, hooks).run(ctx)
		done <- outcome{result, err}
	}()
	return done
}

// begun is attached, and waits until keys go to the shell.
func (l *local) begun(ctx context.Context, opts Options, line line) <-chan outcome {
	l.t.Helper()
	up := make(chan struct{}, 1)
	done := attached(ctx, opts, line, hooks{at: func(at string) {
		if at == "writer" {
			poke(up)
		}
	}})
	l.waits("shell", up)
	return done
}

func (l *local) waits(what string, c <-chan struct{}) {
	l.t.Helper()
	select {
	case <-c:
	case <-time.After(patience):
		l.t.Fatalf("no %s; the terminal ends with %q", what, l.tail())
	}
}

func (l *local) returns(done <-chan outcome) outcome {
	l.t.Helper()
	select {
	case o := <-done:
		return o
	case <-time.After(patience):
		l.t.Fatalf("the session did not end; the terminal ends with %q", l.tail())
		return outcome{}
	}
}

// server is a real sshd and the key that it takes.
type server struct {
	*opensshd.Server
	key ssh.Signer
}

func newServer(t *testing.T, extraConfig ...string) *server {
	t.Helper()
	key := newKey(t)
	return &server{opensshd.Start(t, opensshd.Config{
		AuthorizedKeys: []ssh.PublicKey{key.PublicKey()},
		ExtraConfig:    extraConfig,
	}), key}
}

func newKey(t *testing.T) ssh.Signer {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// dial logs in, by way of addr.
func (s *server) dial(t *testing.T, addr string) *sshconn.Conn {
	t.Helper()
	return dial(t, addr, s.User, s.HostKey(), s.key)
}

func dial(t *testing.T, addr, user string, hostKey ssh.PublicKey, key ssh.Signer) *sshconn.Conn {
	t.Helper()
	c, err := sshconn.Dial(t.Context(), sshconn.Options{
		Addr: addr, User: user, HostKeyName: "runpod-test",
		HostKeys:      &sshconn.KnownHosts{Path: filepath.Join(t.TempDir(), "known_hosts")},
		AcceptHostKey: ssh.FingerprintSHA256(hostKey),
		Timeout:       patience,
		Keys: []sshconn.Key{{
			Public: key.PublicKey(), Name: "test",
			Signer: func(context.Context) (ssh.Signer, error) { return key, nil },
		}},
	})
	if err != nil {
		t.Fatalf("dial: %v", err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

var errStopped = errors.New("stopped by the test")
