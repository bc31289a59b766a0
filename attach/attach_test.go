//go:build linux || darwin

package attach

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"podbay/internal/netfault"
	"podbay/sshconn"
	"podbay/tty"
)

// ready waits for a shell that answers.
func ready(l *local) {
	l.t.Helper()
	l.types("echo REA''DY\r")
	l.sees("READY\r\n")
}

func TestEnds(t *testing.T) {
	srv := newServer(t)
	tests := []struct {
		name   string
		do     func(l *local, link *netfault.Link, cancel context.CancelCauseFunc)
		end    End
		status int
		signal string
		line   string // podbay's own; "" for none
	}{
		{"exit 0", func(l *local, _ *netfault.Link, _ context.CancelCauseFunc) { l.types("exit\r") },
			EndExit, 0, "", ""},
		{"exit 3", func(l *local, _ *netfault.Link, _ context.CancelCauseFunc) { l.types("exit 3\r") },
			EndExit, 3, "", ""},
		{"killed", func(l *local, _ *netfault.Link, _ context.CancelCauseFunc) {
			l.types("exec sh -c 'kill -TERM $$'\r")
		}, EndExit, 143, "TERM", ""},
		{"escape", func(l *local, _ *netfault.Link, _ context.CancelCauseFunc) { l.types("~.") },
			EndEscape, 255, "", "session with pod ended by ~.\r\n"},
		{"signal", func(_ *local, _ *netfault.Link, cancel context.CancelCauseFunc) { cancel(errStopped) },
			EndSignal, 255, "", "session with pod ended: stopped by the test\r\n"},
		{"cut", func(_ *local, link *netfault.Link, _ context.CancelCauseFunc) { link.Cut() },
			EndDropped, 255, "", "connection to pod lost: "},
		{"frozen", func(_ *local, link *netfault.Link, _ context.CancelCauseFunc) { link.Freeze() },
			EndDropped, 255, "", "connection to pod lost: "},
		{"frozen, escape", func(l *local, link *netfault.Link, _ context.CancelCauseFunc) {
			link.Freeze()
			l.types("typed on a dead line\r~.")
		}, EndEscape, 255, "", "session with pod ended by ~.\r\n"},
		{"frozen, signal", func(_ *local, link *netfault.Link, cancel context.CancelCauseFunc) {
			link.Freeze()
			cancel(errStopped)
		}, EndSignal, 255, "", "session with pod ended: stopped by the test\r\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			link := netfault.Start(t, srv.Addr)
			c := srv.dial(t, link.Addr)
			l := newLocal(t)
			before := l.stty()
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			opts := Options{Terminal: l.term, Link: Link{Conn: c, Describe: "pod"}}
			if tt.name == "frozen" {
				opts.KeepAlive, opts.Patience = 50*time.Millisecond, 500*time.Millisecond
			}
			done := l.begun(ctx, opts, conn{c})
			ready(l)
			tt.do(l, link, cancel)
			o := l.returns(done)
			if o.err != nil || o.End != tt.end || o.Status != tt.status || o.Signal != tt.signal {
				t.Errorf("got %+v", o)
			}
			if (o.Cause == nil) != (tt.end == EndExit || tt.end == EndEscape) {
				t.Errorf("cause: %v", o.Cause)
			}
			if o.Started.IsZero() || o.Duration <= 0 {
				t.Errorf("started %v, lasted %v", o.Started, o.Duration)
			}
			if tt.name == "frozen" && !errors.Is(o.Cause, sshconn.ErrDeadPeer) {
				t.Errorf("cause: %v", o.Cause)
			}
			l.sees(tty.Reset)
			if tt.line != "" {
				l.sees(mark + tt.line)
			} else if strings.Contains(l.all(), mark) {
				t.Errorf("podbay spoke: %q", l.tail())
			}
			checkLocal(l, before)
		})
	}
}

// checkLocal holds that a session left the terminal as it was, and to the next
// reader.
func checkLocal(l *local, before string) {
	l.t.Helper()
	if after := l.stty(); after != before {
		l.t.Errorf("stty before:\n%s\nafter:\n%s", before, after)
	}
	if flags, err := unix.FcntlInt(l.slave.Fd(), unix.F_GETFL, 0); err != nil || flags&unix.O_NONBLOCK != 0 {
		l.t.Errorf("O_NONBLOCK is left on the terminal (%v)", err)
	}
	l.types("next\r")
	buf := make([]byte, 64)
	n, err := l.slave.Read(buf)
	if err != nil || string(buf[:n]) != "next\n" {
		l.t.Errorf("the next reader got %q, %v", buf[:n], err)
	}
}

func TestPanicRestores(t *testing.T) {
	srv := newServer(t)
	for _, place := range []string{"stdout", "stderr", "wait", "writer", "size", "lines", "keys", "keepalive"} {
		t.Run(place, func(t *testing.T) {
			c := srv.dial(t, srv.Addr)
			l := newLocal(t)
			before := l.stty()
			done := attached(t.Context(), Options{Terminal: l.term, Link: Link{Conn: c}}, conn{c}, hooks{at: func(at string) {
				if at == place {
					panic("a defect")
				}
			}})
			o := l.returns(done)
			var defect *PanicError
			if !errors.As(o.err, &defect) || defect.Value != "a defect" || len(defect.Stack) == 0 {
				t.Errorf("error: %v", o.err)
			}
			if o.End != EndFailed || o.Status != 255 {
				t.Errorf("got %+v", o)
			}
			l.sees(tty.Reset)
			checkLocal(l, before)
		})
	}
}

// TestPanicWhileLeaving holds that a defect is told even when the session has
// ended for another reason.
func TestPanicWhileLeaving(t *testing.T) {
	l := newLocal(t)
	before := l.stty()
	f := newFakeLine()
	f.exit <- sshconn.Exit{}
	o := l.returns(attached(t.Context(), Options{Terminal: l.term}, f, hooks{at: func(at string) {
		if at == "close" {
			panic("a defect")
		}
	}}))
	var defect *PanicError
	if o.End != EndExit || !errors.As(o.err, &defect) {
		t.Errorf("got %+v", o)
	}
	checkLocal(l, before)
}

func TestTheShellGetsTheTerminal(t *testing.T) {
	srv := newServer(t, "AcceptEnv LC_*")
	c := srv.dial(t, srv.Addr)
	l := newLocal(t)
	done := l.begun(t.Context(), Options{
		Terminal: l.term, Link: Link{Conn: c}, Term: "unknown", Env: map[string]string{"LC_TEST": "here"},
	}, conn{c})
	l.types("echo \"[$TERM $LC_TEST]\"; stty size\r")
	l.sees("[xterm-256color here]\r\n24 80\r\n")
	l.resize(33, 101)
	l.types("until [ \"$(stty size)\" = '33 101' ]; do :; done; echo RESI''ZED\r")
	l.sees("RESIZED\r\n")
	l.types("\r~?")
	l.sees(mark + tty.EscapeHelpText()[0] + "\r\n")
	l.types("~~x\x15exit 7\r")
	if o := l.returns(done); o.err != nil || o.End != EndExit || o.Status != 7 {
		t.Errorf("got %+v", o)
	}
}

func TestRefused(t *testing.T) {
	tests := []struct {
		config string
		end    End
	}{
		{"PermitTTY no", EndNoPTY},
		{"MaxSessions 0", EndNoShell},
	}
	for _, tt := range tests {
		t.Run(tt.config, func(t *testing.T) {
			srv := newServer(t, tt.config)
			c := srv.dial(t, srv.Addr)
			l := newLocal(t)
			before := l.stty()
			o := l.returns(attached(t.Context(), Options{Terminal: l.term, Link: Link{Conn: c}}, conn{c}, hooks{}))
			if o.err != nil || o.End != tt.end || o.Status != 255 || o.Cause == nil {
				t.Errorf("got %+v", o)
			}
			checkLocal(l, before)
		})
	}
}

func TestRunNeedsATerminal(t *testing.T) {
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	result, err := Run(t.Context(), Options{Terminal: tty.New(null, null)})
	if err == nil || result.End != EndFailed || result.Status != 255 {
		t.Errorf("got %+v, %v", result, err)
	}
}

// TestBigOutput holds that all that was printed before the exit is shown.
func TestBigOutput(t *testing.T) {
	srv := newServer(t)
	c := srv.dial(t, srv.Addr)
	l := newLocal(t)
	done := l.begun(t.Context(), Options{Terminal: l.term, Link: Link{Conn: c}}, conn{c})
	const lines = 400_000
	l.types(fmt.Sprintf("PS1=; stty -echo; echo BEG''IN; seq %d; echo E''ND; exit\r", lines))
	if o := l.returns(done); o.err != nil || o.End != EndExit {
		t.Fatalf("got %+v", o)
	}
	l.sees(tty.Reset)
	_, output, _ := strings.Cut(l.all(), "BEGIN\r\n")
	output, _, found := strings.Cut(output, "END\r\n")
	want := sha256.New()
	for i := range lines {
		fmt.Fprintf(want, "%d\r\n", i+1)
	}
	if got := sha256.Sum256([]byte(output)); !found || string(got[:]) != string(want.Sum(nil)) {
		t.Errorf("the output is not what was printed: %d bytes, end found: %v", len(output), found)
	}
}

func TestResetAfterARudeProgram(t *testing.T) {
	srv := newServer(t)
	c := srv.dial(t, srv.Addr)
	l := newLocal(t)
	done := l.begun(t.Context(), Options{Terminal: l.term, Link: Link{Conn: c}}, conn{c})
	l.types(`printf '\033[?1049h\033[?1000h\033[?2004h\033[2;5r'; exit` + "\r")
	l.returns(done)
	l.sees("\x1b[?1049l" + tty.Reset)
}

func TestFiftySessionsLoseNoKey(t *testing.T) {
	srv := newServer(t)
	c := srv.dial(t, srv.Addr)
	l := newLocal(t)
	before := l.stty()
	restore, err := l.term.Raw() // what podbay's own screens set
	if err != nil {
		t.Fatal(err)
	}
	defer restore()
	buf := make([]byte, 8)
	fds := 0
	for i := range 50 {
		done := l.begun(t.Context(), Options{Terminal: l.term, Link: Link{Conn: c}}, conn{c})
		l.types("exit\r")
		if o := l.returns(done); o.err != nil || o.End != EndExit {
			t.Fatalf("session %d: %+v", i, o)
		}
		key := string(rune('a' + i%26))
		l.types(key)
		if n, err := l.slave.Read(buf); err != nil || string(buf[:n]) != key {
			t.Fatalf("session %d: typed %q, the next reader got %q, %v", i, key, buf[:n], err)
		}
		switch now := openFiles(t); {
		case i == 0:
			fds = now
		case now > fds:
			t.Fatalf("session %d: %d open files, %d after the first", i, now, fds)
		}
	}
	if err := restore(); err != nil {
		t.Fatal(err)
	}
	checkLocal(l, before)
}

// openFiles counts this process's open files.
func openFiles(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/dev/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// TestPolled holds that who may change the runtime is told for as long as the session
// lasts, and only where nothing of it waits in a system call.
func TestPolled(t *testing.T) {
	l := newLocal(t)
	f := newFakeLine()
	var told []string
	f.opened = func(context.Context) error {
		told = append(told, "opened")
		return nil
	}
	f.exit <- sshconn.Exit{}
	o := l.returns(attached(t.Context(), Options{Terminal: l.term, Polled: func() (over func()) {
		told = append(told, "polled")
		return func() { told = append(told, "over") }
	}}, f, hooks{}))
	want := []string{"polled", "opened", "over"}
	if runtime.GOOS != "linux" {
		want = []string{"opened"}
	}
	if o.End != EndExit || !slices.Equal(told, want) {
		t.Errorf("%s: told %v, want %v", o.End, told, want)
	}
}
