//go:build linux || darwin

package attach

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"podbay/sshconn"
	"podbay/tty"
)

// slowServer takes the login and answers what a session asks only when told.
type slowServer struct {
	addr    string
	key     ssh.Signer
	asked   chan string   // a request that waits for its answer
	answers chan struct{} // one for each request
	typed   chan string   // what arrived at the session, up to the first enter
}

func newSlowServer(t *testing.T) *slowServer {
	t.Helper()
	s := &slowServer{
		key: newKey(t), asked: make(chan string, 10), answers: make(chan struct{}), typed: make(chan string, 1),
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.addr = listener.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	all.Go(func() {
		raw, err := listener.Accept()
		if err != nil {
			return
		}
		defer raw.Close()
		defer context.AfterFunc(ctx, func() { raw.Close() })()
		s.serve(ctx, raw, &all)
	})
	t.Cleanup(func() {
		cancel()
		listener.Close()
		all.Wait()
	})
	return s
}

func (s *slowServer) serve(ctx context.Context, raw net.Conn, all *sync.WaitGroup) {
	config := &ssh.ServerConfig{PublicKeyCallback: func(ssh.ConnMetadata, ssh.PublicKey) (*ssh.Permissions, error) { return nil, nil }}
	config.AddHostKey(s.key)
	_, channels, requests, err := ssh.NewServerConn(raw, config)
	if err != nil {
		return
	}
	all.Go(func() { ssh.DiscardRequests(requests) }) // answers signs of life
	for channel := range channels {
		session, requests, err := channel.Accept()
		if err != nil {
			return
		}
		all.Go(func() {
			typed, _ := bufio.NewReader(session).ReadString('\r')
			s.typed <- typed
		})
		all.Go(func() {
			for request := range requests {
				s.asked <- request.Type
				select {
				case <-s.answers:
				case <-ctx.Done():
				}
				_ = request.Reply(true, nil)
			}
		})
	}
}

func (s *slowServer) dial(t *testing.T) *sshconn.Conn {
	t.Helper()
	return dial(t, s.addr, "root", s.key.PublicKey(), s.key)
}

// opening runs a session whose opening lasts. dropped has a token when a key was
// dropped, up when the shell has the keys.
func (s *slowServer) opening(ctx context.Context, l *local, opts Options) (done <-chan outcome, dropped, up <-chan struct{}) {
	l.t.Helper()
	c := s.dial(l.t)
	drops, ups := make(chan struct{}, 1), make(chan struct{}, 1)
	opts.Terminal, opts.Link.Conn, opts.Link.Describe = l.term, c, "pod"
	done = attached(ctx, opts, conn{c}, hooks{at: func(at string) {
		switch at {
		case "dropped":
			poke(drops)
		case "writer":
			poke(ups)
		}
	}})
	s.waitsFor(l, "pty-req")
	return done, drops, ups
}

// waitsFor waits until the session has asked for request, which is not answered yet.
func (s *slowServer) waitsFor(l *local, request string) {
	l.t.Helper()
	select {
	case asked := <-s.asked:
		if asked != request {
			l.t.Fatalf("the session asked for %s, not %s", asked, request)
		}
	case <-time.After(patience):
		l.t.Fatalf("the session did not ask for %s", request)
	}
}

func TestAnOpeningIsCanceled(t *testing.T) {
	for name, keys := range map[string]string{
		"esc": "\x1b", "ctrl+c": "\x03", "escape": "~.", "escape after enter": "\r~.", "ctrl+c behind others": "rm -rf x\r\x03",
	} {
		t.Run(name, func(t *testing.T) {
			l := newLocal(t)
			before := l.stty()
			done, _, _ := newSlowServer(t).opening(t.Context(), l, Options{OpenTimeout: time.Hour})
			l.types(keys)
			o := l.returns(done)
			if o.err != nil || o.End != EndCanceled || o.Status != 255 || o.Cause != nil {
				t.Errorf("got %+v", o)
			}
			l.sees(tty.Reset)
			l.sees(mark + "no shell on pod: canceled\r\n")
			checkLocal(l, before)
		})
	}
}

func TestAnOpeningIsBounded(t *testing.T) {
	l := newLocal(t)
	before := l.stty()
	done, _, _ := newSlowServer(t).opening(t.Context(), l, Options{OpenTimeout: 50 * time.Millisecond})
	o := l.returns(done)
	var late *OpenTimeoutError
	if o.err != nil || o.End != EndNoShell || o.Status != 255 || !errors.As(o.Cause, &late) || late.After != 50*time.Millisecond {
		t.Errorf("got %+v", o)
	}
	l.sees(mark + "no shell on pod: the far side took the login but opened no shell in\r\n         0.05 s\r\n")
	checkLocal(l, before)
}

func TestAnOpeningEndsWithItsContext(t *testing.T) {
	l := newLocal(t)
	before := l.stty()
	ctx, cancel := context.WithCancelCause(t.Context())
	done, _, _ := newSlowServer(t).opening(ctx, l, Options{})
	cancel(errStopped)
	if o := l.returns(done); o.err != nil || o.End != EndSignal || !errors.Is(o.Cause, errStopped) {
		t.Errorf("got %+v", o)
	}
	checkLocal(l, before)
}

// TestKeysOfTheOpeningNeverArrive holds that the shell gets what is typed from
// the moment on at which it is up, and nothing of before.
func TestKeysOfTheOpeningNeverArrive(t *testing.T) {
	for name, keys := range map[string]string{
		"a command": "rm -rf x\r", "an arrow": "\x1b[A", "alt+x": "\x1bx", "half an escape": "\r~", "help": "~?",
	} {
		t.Run(name, func(t *testing.T) {
			s := newSlowServer(t)
			l := newLocal(t)
			before := l.stty()
			done, dropped, up := s.opening(t.Context(), l, Options{OpenTimeout: time.Hour})
			l.types(keys)
			l.waits("dropped key", dropped)
			s.answers <- struct{}{} // to pty-req
			s.waitsFor(l, "shell")
			s.answers <- struct{}{}
			l.waits("shell", up)
			l.types(".after\r")
			select {
			case got := <-s.typed:
				if got != ".after\r" {
					t.Errorf("the shell got %q", got)
				}
			case <-time.After(patience):
				t.Error("the shell got nothing")
			}
			l.types("~.")
			if o := l.returns(done); o.err != nil || o.End != EndEscape {
				t.Errorf("got %+v", o)
			}
			if strings.Contains(l.all(), "rm -rf") {
				t.Errorf("the terminal echoed: %q", l.tail())
			}
			checkLocal(l, before)
		})
	}
}

// TestTheSwitchLosesNoKey types without a pause while the shell comes up: from
// the first key that the shell gets on it gets all of them, in order.
func TestTheSwitchLosesNoKey(t *testing.T) {
	for range 20 {
		l := newLocal(t)
		up := make(chan struct{}, 1)
		f := newFakeLine()
		r, w := io.Pipe()
		f.stdin = w
		dropped := make(chan struct{}, 1)
		f.opened = func(context.Context) error {
			<-dropped
			return nil
		}
		done := attached(t.Context(), Options{Terminal: l.term}, f, hooks{at: func(at string) {
			switch at {
			case "dropped":
				poke(dropped)
			case "writer":
				poke(up)
			}
		}})
		for c := byte('A'); c <= 'Z'; c++ {
			l.types(string(rune(c)))
		}
		l.waits("shell", up)
		l.types("!")
		var got []byte
		buf := make([]byte, 64)
		for !strings.HasSuffix(string(got), "!") {
			n, err := r.Read(buf)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, buf[:n]...)
		}
		if !strings.HasSuffix("ABCDEFGHIJKLMNOPQRSTUVWXYZ!", string(got)) {
			t.Errorf("the shell got %q", got)
		}
		f.exit <- sshconn.Exit{}
		l.returns(done)
	}
}

func TestOpeningKeys(t *testing.T) {
	var o opening
	for _, step := range []struct {
		read     string
		canceled bool
	}{{"x", false}, {"~.", false}, {"\x1b[A", false}, {"\r~", false}, {"~.", false}, {"\r~", false}, {".", true}} {
		if dropped, canceled := o.take([]byte(step.read)); !dropped || canceled != step.canceled {
			t.Errorf("%q: dropped %v, canceled %v", step.read, dropped, canceled)
		}
	}
	if o.finish() {
		t.Error("a shell that came after the user had cancelled is used")
	}
}
