//go:build linux || darwin

package attach

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"podbay/sshconn"
	"podbay/tty"
)

// fakeLine is a far side that can hold up whatever it is asked.
type fakeLine struct {
	stdin  io.Writer
	stdout io.Reader

	once   sync.Once
	closed chan struct{} // by Close: the connection is gone
	shut   chan struct{} // the shell's Close was called
	exit   chan sshconn.Exit
	opened func(ctx context.Context) error // nil opens at once
	// deaf makes the shell's Close and Resize block until the connection closes.
	deaf bool
	lost error // what Err says
}

func newFakeLine() *fakeLine {
	return &fakeLine{
		stdin: io.Discard, stdout: strings.NewReader(""),
		closed: make(chan struct{}), shut: make(chan struct{}, 1), exit: make(chan sshconn.Exit, 1),
	}
}

func (f *fakeLine) open(ctx context.Context, _ sshconn.PTY) (shell, error) {
	if f.opened != nil {
		if err := f.opened(ctx); err != nil {
			return nil, err
		}
	}
	return fakeShell{f}, nil
}

func (f *fakeLine) KeepAlive(ctx context.Context, _, _ time.Duration) { <-ctx.Done() }
func (f *fakeLine) Heard() time.Time                                  { return time.Time{} }
func (f *fakeLine) Err() error                                        { return f.lost }

func (f *fakeLine) Close() error {
	f.once.Do(func() { close(f.closed) })
	return nil
}

type fakeShell struct{ f *fakeLine }

func (s fakeShell) Stdin() io.WriteCloser { return nopCloser{s.f.stdin} }
func (s fakeShell) Stdout() io.Reader     { return s.f.stdout }
func (s fakeShell) Stderr() io.Reader     { return strings.NewReader("") }

func (s fakeShell) Resize(sshconn.WindowSize) error {
	if s.f.deaf {
		<-s.f.closed
	}
	return nil
}

func (s fakeShell) Wait() (sshconn.Exit, error) {
	select {
	case exit := <-s.f.exit:
		return exit, nil
	case <-s.f.shut:
	case <-s.f.closed:
	}
	return sshconn.Exit{Status: 255}, errors.New("lost")
}

func (s fakeShell) Close() error {
	if s.f.deaf {
		<-s.f.closed
	}
	poke(s.f.shut)
	return nil
}

type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }

// stuckWriter takes nothing until the connection closes.
type stuckWriter struct {
	f     *fakeLine
	tried chan struct{}
}

func (w stuckWriter) Write([]byte) (int, error) {
	poke(w.tried)
	<-w.f.closed
	return 0, io.ErrClosedPipe
}

func TestADeadLineDoesNotHoldUp(t *testing.T) {
	tests := []struct {
		name  string
		leave func(l *local, cancel context.CancelFunc)
		end   End
	}{
		{"escape", func(l *local, _ context.CancelFunc) { l.types("\r~.") }, EndEscape},
		{"escape after a paste", func(l *local, _ context.CancelFunc) {
			l.types(strings.Repeat("x", paceFrom+32<<10) + "\r~.")
		}, EndEscape},
		{"signal", func(_ *local, cancel context.CancelFunc) { cancel() }, EndSignal},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := newLocal(t)
			before := l.stty()
			f := newFakeLine()
			f.deaf = true
			w := stuckWriter{f, make(chan struct{}, 1)}
			f.stdin = w
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			done := l.begun(ctx, Options{Terminal: l.term}, f)
			l.types("x")
			<-w.tried
			tt.leave(l, cancel)
			if o := l.returns(done); o.err != nil || o.End != tt.end {
				t.Errorf("got %+v", o)
			}
			l.sees(tty.Reset)
			checkLocal(l, before)
		})
	}
}

func TestOpeningIsCanceled(t *testing.T) {
	l := newLocal(t)
	before := l.stty()
	f := newFakeLine()
	ctx, cancel := context.WithCancelCause(t.Context())
	f.opened = func(ctx context.Context) error {
		cancel(errStopped)
		<-ctx.Done()
		return ctx.Err()
	}
	o := l.returns(attached(ctx, Options{Terminal: l.term}, f, hooks{}))
	if o.err != nil || o.End != EndSignal || !errors.Is(o.Cause, errStopped) {
		t.Errorf("got %+v", o)
	}
	checkLocal(l, before)
}

// fill makes the terminal's output queue full, so that the next write blocks.
// The kernel moves what is written on in the background, which makes room: full
// is what stays full for some rounds.
func fill(l *local) {
	l.t.Helper()
	restore, err := l.term.Raw() // a session's writes are raw, and raw writes find more room
	if err != nil {
		l.t.Fatal(err)
	}
	defer restore()
	f, err := os.OpenFile(l.slave.Name(), os.O_WRONLY|syscall.O_NOCTTY|syscall.O_NONBLOCK, 0)
	if err != nil {
		l.t.Fatal(err)
	}
	defer f.Close()
	raw, err := f.SyscallConn()
	if err != nil {
		l.t.Fatal(err)
	}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for rounds := 0; rounds < 5; rounds++ {
		err := raw.Control(func(fd uintptr) {
			for {
				n, err := syscall.Write(int(fd), []byte("-"))
				if n <= 0 {
					if !errors.Is(err, syscall.EAGAIN) {
						l.t.Errorf("fill the terminal: %v", err)
					}
					return
				}
				rounds = 0
			}
		})
		if err != nil {
			l.t.Fatal(err)
		}
		<-tick.C
	}
}

func TestAPausedTerminalDoesNotHoldUp(t *testing.T) {
	tests := []struct {
		name  string
		leave func(l *local, cancel context.CancelFunc)
		end   End
	}{
		{"escape", func(l *local, _ context.CancelFunc) { l.types("\r~.") }, EndEscape},
		{"escape after help", func(l *local, _ context.CancelFunc) { l.types("\r~?~.") }, EndEscape},
		{"signal", func(_ *local, cancel context.CancelFunc) { cancel() }, EndSignal},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := newPaused(t)
			before := l.stty()
			fill(l)
			f := newFakeLine()
			f.stdout = strings.NewReader(strings.Repeat("output\r\n", 100_000))
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			done := l.begun(ctx, Options{Terminal: l.term}, f)
			tt.leave(l, cancel)
			if o := l.returns(done); o.err != nil || o.End != tt.end {
				t.Errorf("got %+v", o)
			}
			l.watch()
			l.sees(tty.Reset)
			checkLocal(l, before)
		})
	}
}

func TestAnExitWaitsForAPausedTerminal(t *testing.T) {
	l := newPaused(t)
	fill(l)
	f := newFakeLine()
	const lines = 50_000
	output := strings.Repeat("output\r\n", lines)
	f.stdout = strings.NewReader(output)
	f.exit <- sshconn.Exit{Status: 4}
	done := l.begun(t.Context(), Options{Terminal: l.term}, f)
	l.watch()
	if o := l.returns(done); o.err != nil || o.End != EndExit || o.Status != 4 {
		t.Errorf("got %+v", o)
	}
	l.sees(tty.Reset)
	if !strings.Contains(l.all(), output) {
		t.Errorf("shown: %d of %d lines", strings.Count(l.all(), "output\r\n"), lines)
	}
}

func TestSignalEndsTheWaitForAPausedTerminal(t *testing.T) {
	l := newPaused(t)
	before := l.stty()
	fill(l)
	f := newFakeLine()
	f.exit <- sshconn.Exit{}
	ctx, cancel := context.WithCancel(t.Context())
	done := l.begun(ctx, Options{Terminal: l.term}, f)
	cancel()
	if o := l.returns(done); o.err != nil {
		t.Errorf("got %+v", o)
	}
	l.watch()
	l.sees(tty.Reset)
	checkLocal(l, before)
}

func TestTheTerminalHangsUp(t *testing.T) {
	l := newPaused(t)
	f := newFakeLine()
	done := l.begun(t.Context(), Options{Terminal: l.term}, f)
	l.master.Close()
	if o := l.returns(done); o.err == nil || o.End != EndFailed {
		t.Errorf("got %+v", o)
	}
}

// TestBigPaste holds that what is typed faster than it is taken arrives whole.
func TestBigPaste(t *testing.T) {
	srv := newServer(t)
	c := srv.dial(t, srv.Addr)
	l := newLocal(t)
	done := l.begun(t.Context(), Options{Terminal: l.term, Link: Link{Conn: c}}, conn{c})
	paste := strings.Repeat("pasted text ~ 0123456789\r", 80_000)
	l.types(fmt.Sprintf("stty raw -echo; echo GO''ON; head -c %d | sha256sum; stty sane; exit\r", len(paste)))
	l.sees("GOON")
	l.types(paste)
	if o := l.returns(done); o.err != nil || o.End != EndExit {
		t.Errorf("got %+v", o)
	}
	l.sees(fmt.Sprintf("%x", sha256.Sum256([]byte(paste))))
}
