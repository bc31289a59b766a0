package attach

import (
	"context"
	"errors"
	"io"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"podbay/sshconn"
	"podbay/tty"
)

// line is what a session needs of a connection.
type line interface {
	// open returns as soon as ctx ends.
	open(ctx context.Context, pty sshconn.PTY) (shell, error)
	KeepAlive(ctx context.Context, interval, patience time.Duration)
	Heard() time.Time
	Err() error
	Close() error
}

// shell is what a session needs of a [sshconn.Shell].
type shell interface {
	Stdin() io.WriteCloser
	Stdout() io.Reader
	Stderr() io.Reader
	Resize(size sshconn.WindowSize) error
	Wait() (sshconn.Exit, error)
	Close() error
}

// hooks are for tests.
type hooks struct {
	at func(place string) // called in each goroutine of a session; may panic
}

// ending is what ended a session, or a leg of it; the first one counts.
type ending struct {
	end   End
	exit  sshconn.Exit
	cause error // for people
	lost  bool  // EndDropped: the connection itself is gone
	news  error // why no other line was waited for
	err   error // for Run's caller: EndFailed
}

// session is a terminal that is joined to a shell, over one line or several.
type session struct {
	opts   Options
	hooks  hooks
	redial func(ctx context.Context, lost Loss) (line, Link, error) // nil: a lost line is the end
	input  *tty.Input
	screen *screen
	sizes  <-chan tty.Size
	pty    sshconn.PTY // as it was asked for first; the size is asked for anew

	local  sync.WaitGroup      // reads the terminal: ends when the input is cancelled
	leg    atomic.Pointer[leg] // the one that keys are for
	hello  greeting
	quit   atomic.Pointer[ending]     // the user's, or the terminal's: no line follows
	defect atomic.Pointer[PanicError] // the first, also if it came after the ending

	lost    Loss // the last line that had a shell
	tries   int  // to make a line, since then
	resumed int
}

func newSession(opts Options, first line, hooks hooks) *session {
	opts = opts.withDefaults()
	s := &session{opts: opts, hooks: hooks, screen: newScreen(opts.Terminal)}
	s.leg.Store(newLeg(s, first, opts.Link))
	return s
}

// catch is to be deferred: it turns a panic into the end of the session.
func (s *session) catch() {
	if v := recover(); v != nil {
		defect := &PanicError{Value: v, Stack: debug.Stack()}
		s.defect.CompareAndSwap(nil, defect)
		s.quits(ending{end: EndFailed, cause: defect, err: defect})
	}
}

// quits ends the session, also where its line is being lost at this moment: then the
// leg that follows ends with e.
func (s *session) quits(e ending) {
	s.quit.CompareAndSwap(nil, &e) // before the leg is looked at: follow does it the other way round
	s.leg.Load().end(e)
}

// spawn runs f in a goroutine of group. A panic ends the session, not the process.
func (s *session) spawn(group *sync.WaitGroup, place string, f func()) {
	group.Go(func() {
		defer s.catch()
		if s.hooks.at != nil {
			s.hooks.at(place)
		}
		f()
	})
}

func (s *session) run(ctx context.Context) (Result, error) {
	started := time.Now()
	if !s.opts.Terminal.IsTerminal() {
		s.leg.Load().fail(errors.New("a session needs a terminal as its standard input and output"))
	} else {
		s.attach(ctx)
	}
	last := s.leg.Load()
	last.opening.stop()
	e := last.ending
	result := Result{
		End: e.end, Status: failedStatus, Signal: e.exit.Signal, Cause: e.cause, News: e.news,
		Resumed: s.resumed, Link: last.link, Started: started, Duration: time.Since(started),
	}
	result.Greeting, result.Typed = s.hello.told()
	if e.end == EndExit {
		result.Status = e.exit.Status
	}
	if defect := s.defect.Load(); defect != nil && e.err == nil {
		e.err = defect
	}
	return result, e.err
}

// attach lives the session from a cooked terminal to the restored one. It returns
// with the last leg's ending set and no goroutine left.
func (s *session) attach(ctx context.Context) {
	inner, stop := context.WithCancel(ctx)
	s.sizes = s.opts.Terminal.WatchSize(inner) // before the size is asked for, so that no change is missed
	defer func() {
		stop()
		for range s.sizes {
		}
	}()
	defer s.catch()
	if err := s.askTerminal(); err != nil { // of the terminal as the user has it, not of the raw one
		s.leg.Load().fail(err)
		return
	}
	s.live(ctx)
}

// askTerminal learns which terminal the far side is asked for.
func (s *session) askTerminal() error {
	modes, err := s.opts.Terminal.Modes()
	if err != nil {
		return err
	}
	size, err := s.opts.Terminal.Size()
	if err != nil {
		return err
	}
	s.pty = sshconn.PTY{Term: s.opts.Term, Modes: modes, Size: sshconn.WindowSize(size), Env: s.opts.Env}
	return nil
}

// live is the part of a session with a raw terminal, which is as it was before
// when live returns. The terminal is raw before there is a shell: a far side may
// take its time over one, and with a cooked terminal the keys typed meanwhile
// would be echoed, and sent to the shell once it is there.
func (s *session) live(ctx context.Context) {
	restore, err := s.opts.Terminal.Raw()
	if err != nil {
		s.leg.Load().fail(err)
		return
	}
	defer func() {
		if err := restore(); err != nil {
			last := s.leg.Load()
			last.fail(err)
			last.ending.err = err
		}
	}()
	s.input, err = s.opts.Terminal.Input()
	if err != nil {
		s.leg.Load().fail(err)
		return
	}
	s.screen.open()
	defer s.screen.close()
	if s.opts.Polled != nil && s.input.Polled() && s.screen.out.Polled() {
		defer s.opts.Polled()()
	}
	defer s.leave(ctx)
	defer s.catch()
	s.spawn(&s.local, "keys", s.readKeys)
	for {
		l := s.leg.Load()
		l.live(ctx)
		if !s.resumes(l) || !s.follow(ctx, l) {
			return
		}
	}
}

// resumes tells whether another line is waited for. What never was a session is
// not waited for.
func (s *session) resumes(l *leg) bool {
	if s.redial == nil || s.quit.Load() != nil || !l.up && l.loss == nil {
		return false
	}
	var late *OpenTimeoutError // on a new line: it may be as bad as the one before
	return l.ending.end == EndDropped && l.ending.lost || !l.up && errors.As(l.ending.cause, &late)
}
