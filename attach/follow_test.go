//go:build linux || darwin

package attach

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"podbay/internal/netfault"
	"podbay/tty"
)

// following is a session on a link that can fail.
type following struct {
	*local
	srv  *server
	link *netfault.Link
	done <-chan outcome
	ups  chan struct{} // a shell is up
	stop context.CancelFunc
}

// newFollowing runs a session that redials by redial; nil makes a new line each time.
func newFollowing(t *testing.T, srv *server, opts Options, redial func(context.Context, Loss) (line, Link, error)) *following {
	t.Helper()
	f := &following{local: newLocal(t), srv: srv, link: netfault.Start(t, srv.Addr), ups: make(chan struct{}, 1)}
	c := srv.dial(t, f.link.Addr)
	opts.Terminal, opts.Link.Conn, opts.Link.Describe = f.term, c, "pod"
	if opts.KeepAlive == 0 {
		opts.KeepAlive, opts.Patience = 50*time.Millisecond, time.Second
	}
	opts.Backoff, opts.Jitter = time.Millisecond, func() float64 { return 0 }
	s := newSession(opts, conn{c}, hooks{at: func(at string) {
		if at == "writer" {
			poke(f.ups)
		}
	}})
	s.redial = redial
	if redial == nil {
		s.redial = func(ctx context.Context, _ Loss) (line, Link, error) {
			again := f.srv.dial(t, f.link.Addr)
			return conn{again}, Link{Conn: again, Note: "this is a fresh shell", NoDetach: "~d cannot: this is a test"}, nil
		}
	}
	done := make(chan outcome, 1)
	var ctx context.Context
	ctx, f.stop = context.WithCancel(t.Context())
	t.Cleanup(f.stop)
	go func() {
		result, err := s.run(ctx)
		done <- outcome{result, err}
	}()
	f.done = done
	f.waits("shell", f.ups)
	return f
}

var errNotYet = errors.New("it is not there yet")

func notYet(context.Context, Loss) (line, Link, error) { return nil, Link{}, errNotYet }

func TestAFreshShellFollowsALostLine(t *testing.T) {
	f := newFollowing(t, newServer(t), Options{}, nil)
	ready(f.local)
	f.types(`printf '\033[?1049h\033[?1000h'; echo on-the-other''-screen` + "\r")
	f.sees("on-the-other-screen")
	f.link.Cut()
	f.sees("\x1b[?1049l" + tty.Reset) // the modes go before the words
	f.sees(mark + "the line to pod is lost: ")
	f.sees(mark + "this is a fresh shell\r\n")
	f.waits("second shell", f.ups)
	f.types("\r~d")
	f.sees(mark + "~d cannot: this is a test\r\n")
	f.types("\x15exit 5\r")
	o := f.returns(f.done)
	if o.err != nil || o.End != EndExit || o.Status != 5 || o.Resumed != 1 {
		t.Errorf("got %+v", o)
	}
}

// TestTheEndOfTheContextEndsAResumedSession: SIGTERM must not do less after a drop.
func TestTheEndOfTheContextEndsAResumedSession(t *testing.T) {
	f := newFollowing(t, newServer(t), Options{}, nil)
	ready(f.local)
	f.link.Cut()
	f.waits("second shell", f.ups)
	f.stop()
	if o := f.returns(f.done); o.err != nil || o.End != EndSignal || o.Resumed != 1 {
		t.Errorf("got %+v", o)
	}
}

func TestWhatIsTypedWithoutALineIsDropped(t *testing.T) {
	gate := make(chan struct{})
	srv := newServer(t)
	addr := make(chan string, 1)
	f := newFollowing(t, srv, Options{}, func(ctx context.Context, _ Loss) (line, Link, error) {
		select {
		case <-gate:
		case <-ctx.Done():
			return nil, Link{}, ctx.Err()
		}
		c := srv.dial(t, <-addr)
		return conn{c}, Link{Conn: c}, nil
	})
	addr <- f.link.Addr
	ready(f.local)
	f.types("typed just before")
	f.sees("typed just before")
	f.link.Cut()
	f.sees("what was typed last may not have arrived (bytes: ")
	f.types("echo not to be''-sent\x1b") // esc gives nothing up here
	f.sees("connecting again")
	close(gate)
	f.waits("second shell", f.ups)
	f.types("echo se''cond\r")
	f.sees("second\r\n")
	f.types("exit\r")
	f.returns(f.done)
	if strings.Contains(f.all(), "not to be-sent") {
		t.Error("what was typed without a line was sent")
	}
}

func TestWaitsThatEnd(t *testing.T) {
	srv := newServer(t)
	tests := []struct {
		name   string
		redial func(context.Context, Loss) (line, Link, error)
		do     func(f *following)
		end    End
		says   string
	}{
		{"given up with ~.", notYet, func(f *following) { f.types("~.") }, EndGivenUp, "not waiting any more for pod\r\n"},
		{"given up with ctrl+c", notYet, func(f *following) {
			f.sees("no line for 2 s") // it counts once it was said what happened, and that was read
			f.types("\x03")
		}, EndGivenUp, "not waiting any more for pod\r\n"},
		{"given up while a try hangs", func(ctx context.Context, _ Loss) (line, Link, error) {
			<-ctx.Done()
			return nil, Link{}, ctx.Err()
		}, func(f *following) { f.types("~.") }, EndGivenUp, "not waiting any more for pod\r\n"},
		{"of no use", func(context.Context, Loss) (line, Link, error) {
			return nil, Link{}, &FinalError{errors.New("stopped")}
		}, func(*following) {}, EndDropped, "[podbay] connection to pod lost: connection closed by the far side; stopped\r\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFollowing(t, srv, Options{BackoffMax: 2 * time.Second}, tt.redial)
			ready(f.local)
			f.link.Cut()
			f.sees("the line to pod is lost")
			tt.do(f)
			o := f.returns(f.done)
			if o.err != nil || o.End != tt.end || o.Status != 255 || o.Cause == nil || o.Resumed != 0 {
				t.Errorf("got %+v", o)
			}
			if (o.News != nil) != (tt.end == EndDropped) {
				t.Errorf("news: %v", o.News)
			}
			f.sees(tt.says)
		})
	}
}

func TestEnterTriesAtOnce(t *testing.T) {
	srv := newServer(t)
	var tries atomic.Int32
	addr := make(chan string, 1)
	f := newFollowing(t, srv, Options{}, func(context.Context, Loss) (line, Link, error) {
		if tries.Add(1) == 1 {
			return nil, Link{}, errNotYet
		}
		c := srv.dial(t, <-addr)
		return conn{c}, Link{Conn: c}, nil
	})
	addr <- f.link.Addr
	ready(f.local)
	f.link.Cut()
	f.waits("second shell", f.ups) // the first wait is a millisecond
	f.types("exit\r")
	if o := f.returns(f.done); o.End != EndExit || tries.Load() != 2 {
		t.Errorf("%d tries, %+v", tries.Load(), o)
	}
	w := newOpening()
	w.take([]byte("\r"))
	select {
	case <-w.retry:
	default:
		t.Error("enter does not try at once")
	}
}

func newOpening() *opening {
	return &opening{waiting: true, retry: make(chan struct{}, 1)}
}

func TestKeysThatGiveAWaitUp(t *testing.T) {
	tests := []struct {
		typed    string
		armed    bool
		canceled bool
	}{
		{"\x03", false, false}, // it was meant for the program
		{"\x03", true, true},
		{"\x1b", true, false},
		{"~.", false, true},
		{"x~.", false, false},
		{"\r~.", false, true},
		{"\x1b[200~\r~.\x1b[201~", true, false},
	}
	for _, tt := range tests {
		o := newOpening()
		if tt.armed {
			o.arm()
		}
		if dropped, canceled := o.take([]byte(tt.typed)); !dropped || canceled != tt.canceled {
			t.Errorf("%q, armed %v: dropped %v, canceled %v", tt.typed, tt.armed, dropped, canceled)
		}
	}
}

func TestDetach(t *testing.T) {
	srv := newServer(t)
	c := srv.dial(t, srv.Addr)
	l := newLocal(t)
	before := l.stty()
	done := l.begun(t.Context(), Options{Terminal: l.term, Link: Link{Conn: c, Kept: true, Clears: true, Covers: time.Hour, Describe: "pod"}}, conn{c})
	ready(l)
	l.types("\x1b[200~\r~d\x1b[201~\x15\r~d") // pasted it is text
	o := l.returns(done)
	if o.err != nil || o.End != EndDetached || o.Link.Conn != c {
		t.Errorf("got %+v", o)
	}
	l.sees("\x1b7\x1b[999;1H\x1b[2K\x1b8") // the program's own line is not to stay
	l.sees("left pod with ~d: its shell goes on there\r\n")
	if _, _, err := c.Exec(t.Context(), "true", nil); err != nil {
		t.Errorf("the connection does not stand: %v", err)
	}
	checkLocal(l, before)
}

// TestALossOnAPausedTerminal: what was printed before the loss waits for the
// terminal, and ~. does not.
func TestALossOnAPausedTerminal(t *testing.T) {
	l := newPaused(t)
	before := l.stty()
	fill(l)
	f := newFakeLine()
	f.stdout = strings.NewReader(strings.Repeat("output\r\n", 50_000))
	f.lost = errors.New("cut")
	up := make(chan struct{}, 1)
	s := newSession(Options{Terminal: l.term}, f, hooks{at: func(at string) {
		if at == "writer" {
			poke(up)
		}
	}})
	s.redial = notYet
	done := make(chan outcome, 1)
	go func() {
		result, err := s.run(t.Context())
		done <- outcome{result, err}
	}()
	l.waits("shell", up)
	close(f.closed)
	l.types("\r~.")
	if o := l.returns(done); o.err != nil || o.End != EndEscape && o.End != EndGivenUp {
		t.Errorf("got %+v", o)
	}
	l.watch()
	l.sees(tty.Reset)
	checkLocal(l, before)
}

// TestPanicWhileWaiting holds that a defect in the wait restores the terminal.
func TestPanicWhileWaiting(t *testing.T) {
	l := newLocal(t)
	before := l.stty()
	f := newFakeLine()
	f.stdout, f.lost = io.MultiReader(), errors.New("cut")
	close(f.closed)
	s := newSession(Options{Terminal: l.term}, f, hooks{})
	s.redial = func(context.Context, Loss) (line, Link, error) { panic("a defect") }
	done := make(chan outcome, 1)
	go func() {
		result, err := s.run(t.Context())
		done <- outcome{result, err}
	}()
	var defect *PanicError
	if o := l.returns(done); o.End != EndFailed || !errors.As(o.err, &defect) {
		t.Errorf("got %+v", o)
	}
	l.sees(tty.Reset)
	checkLocal(l, before)
}

func TestInDoubt(t *testing.T) {
	q := newQueue()
	now := time.Now()
	q.note(5, now.Add(-10*time.Second))
	q.note(3, now.Add(-time.Second))
	q.note(2, now.Add(-990*time.Millisecond))
	q.put([]byte("four"))
	if n := q.inDoubt(now.Add(-2 * time.Second)); n != 9 {
		t.Errorf("%d bytes in doubt, want those of the last two seconds and those not sent: 9", n)
	}
	for i := range 2 * sendingsMax {
		q.note(1, now.Add(time.Duration(i)*time.Second))
	}
	if len(q.log) > sendingsMax {
		t.Errorf("%d steps are remembered", len(q.log))
	}
}

// A note counts as said when it is on the terminal: not that of a line which had no
// shell.
func TestANoteIsToldOfWhenItIsSaid(t *testing.T) {
	srv := newServer(t)
	tries := 0
	said := make(chan int, 4)
	f := newFollowing(t, srv, Options{}, func(context.Context, Loss) (line, Link, error) {
		tries++
		again, try := srv.dial(t, srv.Addr), tries
		if try == 1 {
			_ = again.Close()
		}
		return conn{again}, Link{Conn: again, Note: "new here", Said: func() { said <- try }}, nil
	})
	ready(f.local)
	f.link.Cut()
	f.sees(mark + "new here\r\n")
	f.waits("second shell", f.ups)
	f.types("\x15exit 5\r")
	if o := f.returns(f.done); o.Status != 5 {
		t.Errorf("got %+v", o)
	}
	close(said)
	if first := <-said; first != 2 || len(said) > 0 {
		t.Errorf("the note of try %d was told of, and %d more", first, len(said))
	}
}
