package attach

import (
	"context"
	"fmt"
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

// ending is what ended a session; the first one counts.
type ending struct {
	end   End
	exit  sshconn.Exit
	cause error // for people
	err   error // for Run's caller: EndFailed
}

// session is one attached shell.
type session struct {
	opts    Options
	hooks   hooks
	line    line
	opening opening
	shell   shell // nil until it is up
	input   *tty.Input
	keys    *queue
	screen  *screen

	dropping bool // readKeys has said that it drops

	first  sync.Once
	ended  chan struct{} // closed when ending is set
	ending ending
	defect atomic.Pointer[PanicError] // the first, also if it came after the ending

	local  sync.WaitGroup // reads the terminal: ends when the input is cancelled
	far    sync.WaitGroup // may block on the far side
	output sync.WaitGroup // may block on the terminal
}

func (s *session) end(e ending) {
	s.first.Do(func() {
		s.ending = e
		close(s.ended)
		s.opening.stop()
	})
}

func (s *session) fail(err error) { s.end(ending{end: EndFailed, cause: err, err: err}) }

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

// catch is to be deferred: it turns a panic into the end of the session.
func (s *session) catch() {
	if v := recover(); v != nil {
		defect := &PanicError{Value: v, Stack: debug.Stack()}
		s.defect.CompareAndSwap(nil, defect)
		s.fail(defect)
	}
}

func run(ctx context.Context, opts Options, line line, hooks hooks) (Result, error) {
	opts = opts.withDefaults()
	started := time.Now()
	s := &session{
		opts: opts, hooks: hooks, line: line,
		keys: newQueue(), screen: newScreen(opts.Terminal), ended: make(chan struct{}),
	}
	s.opening.ctx, s.opening.stop = context.WithCancel(ctx)
	defer s.opening.stop()
	if !opts.Terminal.IsTerminal() {
		s.fail(fmt.Errorf("a session needs a terminal as its standard input and output"))
	} else {
		s.attach(ctx)
	}
	e := s.ending
	result := Result{
		End: e.end, Status: failedStatus, Signal: e.exit.Signal, Cause: e.cause,
		Started: started, Duration: time.Since(started),
	}
	if e.end == EndExit {
		result.Status = e.exit.Status
	}
	if defect := s.defect.Load(); defect != nil && e.err == nil {
		e.err = defect
	}
	return result, e.err
}

// attach lives the session from a cooked terminal to the restored one. It returns
// with s.ending set and no goroutine left.
func (s *session) attach(ctx context.Context) {
	inner, stop := context.WithCancel(ctx)
	sizes := s.opts.Terminal.WatchSize(inner) // before the size is asked for, so that no change is missed
	defer func() {
		stop()
		for range sizes {
		}
		s.far.Wait()
	}()
	defer s.catch()

	pty, err := s.pty() // of the terminal as the user has it, not of the raw one
	if err != nil {
		s.fail(err)
		return
	}
	s.live(ctx, stop, func() {
		s.spawn(&s.local, "keys", s.readKeys)
		s.spawn(&s.far, "keepalive", func() { s.line.KeepAlive(inner, s.opts.KeepAlive, s.opts.Patience) })
		if s.open(ctx, pty) {
			s.start(inner, sizes)
		}
	})
}

// live is the part of a session with a raw terminal, which is as it was before
// when live returns. The terminal is raw before there is a shell: a far side may
// take its time over one, and with a cooked terminal the keys typed meanwhile
// would be echoed, and sent to the shell once it is there.
func (s *session) live(ctx context.Context, stop context.CancelFunc, start func()) {
	restore, err := s.opts.Terminal.Raw()
	if err != nil {
		s.fail(err)
		return
	}
	defer func() {
		if err := restore(); err != nil {
			s.fail(err)
			s.ending.err = err
		}
	}()
	s.input, err = s.opts.Terminal.Input()
	if err != nil {
		s.fail(err)
		return
	}
	defer s.leave(ctx, stop)
	defer s.catch()
	start()
	select {
	case <-s.ended:
	case <-ctx.Done():
		s.end(ending{end: EndSignal, cause: context.Cause(ctx)})
	}
}

// pty is the terminal that the far side is asked for.
func (s *session) pty() (sshconn.PTY, error) {
	modes, err := s.opts.Terminal.Modes()
	if err != nil {
		return sshconn.PTY{}, err
	}
	size, err := s.opts.Terminal.Size()
	if err != nil {
		return sshconn.PTY{}, err
	}
	return sshconn.PTY{Term: s.opts.Term, Modes: modes, Size: sshconn.WindowSize(size), Env: s.opts.Env}, nil
}

// start sets the goroutines going that live on the shell.
func (s *session) start(ctx context.Context, sizes <-chan tty.Size) {
	s.spawn(&s.output, "stdout", func() { s.show(s.shell.Stdout()) })
	s.spawn(&s.output, "stderr", func() { s.show(s.shell.Stderr()) })
	s.spawn(&s.far, "wait", s.wait)
	s.spawn(&s.far, "writer", func() { s.keys.writeTo(s.shell.Stdin()) })
	s.spawn(&s.far, "size", func() {
		for size := range sizes {
			_ = s.shell.Resize(sshconn.WindowSize(size)) // a lost line is told by wait
		}
	})
	s.spawn(&s.far, "lines", func() { s.screen.sayPending(ctx) })
}

// show copies output to the terminal.
func (s *session) show(r io.Reader) {
	buf := make([]byte, 32<<10)
	for {
		n, err := r.Read(buf)
		if n > 0 {
			if err := s.screen.write(buf[:n]); err != nil {
				s.fail(fmt.Errorf("write to the terminal: %w", err))
				s.screen.mute() // what still comes is read, so that the channel can end
			}
		}
		if err != nil {
			return // only wait knows whether this is a clean end
		}
	}
}

// wait ends the session when the shell has ended and all its output is shown.
func (s *session) wait() {
	exit, err := s.shell.Wait()
	s.output.Wait()
	if err == nil {
		s.end(ending{end: EndExit, exit: exit})
		return
	}
	if cause := s.line.Err(); cause != nil {
		err = cause
	}
	s.end(ending{end: EndDropped, cause: err})
}
