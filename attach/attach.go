// Package attach is the life of an attached session: it joins the local
// terminal to a shell on the far side, until one of them ends, and over a lost
// line if the caller can make a new one. It knows no RunPod and no Bubble Tea.
//
// A session begins with its opening: the terminal is raw and the far side is asked
// for a shell, which takes as long as the far side likes. What is typed then is
// dropped and never sent later; esc, ctrl+c and ~. cancel.
//
// A session lives on one line after the other; each is a leg. When a line is lost
// and Options.Redial is there, the terminal is put in order, the loss is said, and
// Redial is called until it makes a line or says that waiting is of no use. What is
// typed meanwhile is dropped; ~. and ctrl+c give up, enter tries at once. Nothing
// that was typed is sent a second time: what was under way is said to be uncertain.
//
// Who does what while a session lasts, each in a goroutine that Run waits for:
//   - keys: terminal → escapes → a bounded queue, and a few keys on to the shell's
//     input. When that blocks, as on a dead line, another reads the terminal in its
//     place, so that ~. works.
//   - writer: the queue → the shell's input, where more than a few keys are in it. It
//     may block on a dead line.
//   - output: the shell's output → the terminal. It may block on a paused terminal.
//   - the size of the terminal, signs of life, podbay's own lines.
//
// The first thing that ends the session decides its Result. Output that came
// before an exit or a lost connection is shown whole, also if that means to wait
// for a paused terminal; ~., ~d and the end of ctx wait for nothing.
package attach

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"podbay/sshconn"
	"podbay/tty"
)

// Options says what to join.
type Options struct {
	Terminal *tty.Terminal
	Link     Link
	Term     string            // TERM; "" and "unknown" mean xterm-256color
	Env      map[string]string // LANG and LC_* to send
	// KeepAlive is after how long a silence a sign of life is asked for, Patience how
	// long after that the line is given up. 0 means 5 s and 15 s.
	KeepAlive time.Duration
	Patience  time.Duration
	// OpenTimeout is how long the far side may take to open a shell. 0 means 20 s.
	OpenTimeout time.Duration
	// Redial makes a new line after a loss, once for each try, and returns as soon
	// as ctx ends. An error that holds a [*FinalError] ends the wait, any other is
	// said and tried again. nil: a lost line ends the session.
	Redial func(ctx context.Context, lost Loss) (Link, error)
	// Polled is called when the session begins if it waits for the terminal as for the
	// network, and never in a call that blocks a thread; what it returns is called when
	// the session ends. nil for nobody who wants to know.
	Polled func() (over func())
	// Backoff is the longest wait before the second try; it doubles up to
	// BackoffMax. 0 means 1 s and 20 s.
	Backoff    time.Duration
	BackoffMax time.Duration
	// Jitter is a random number in [0, 1) that spreads the waits; nil means a
	// random one.
	Jitter func() float64
}

// Link is a line and the shell to have on it.
type Link struct {
	Conn *sshconn.Conn
	// Command is what to run on the terminal; "" is the user's shell.
	Command string
	// Kept says that the shell outlives the line and the session.
	Kept bool
	// Clears says that the program begins with an empty screen: what is on the
	// terminal is scrolled out of sight first, not lost.
	Clears bool
	// NoDetach is why ~d cannot leave the shell running, a sentence; said when it is
	// typed and Kept is false.
	NoDetach string
	// LookBack shows, on the terminal, what the shell printed before; nil where the
	// terminal's own scrollback has it. It returns as soon as ctx ends; its error is said.
	LookBack func(ctx context.Context) error
	// Covers is for how long the program shows a line of its own over the terminal's last
	// row; who leaves before that leaves without it.
	Covers time.Duration
	// Note is said when the shell is up, before its output: "the shell that was kept
	// is gone". "" says nothing.
	Note string
	// Said is called when Note is on the terminal; nil for nobody who wants to know.
	Said func()
	// Describe names the far side in podbay's own lines: "pod-name (root@1.2.3.4:22001)".
	Describe string
}

// Loss is a lost line.
type Loss struct {
	At    time.Time // when it was noticed
	Cause error
	// InDoubt is how many typed bytes may not have arrived. They are not sent again.
	InDoubt int
}

// FinalError says that it is of no use to go on trying. Its words are the news:
// the pod was stopped, its host key is another.
type FinalError struct{ Err error }

func (e *FinalError) Error() string { return e.Err.Error() }

// Unwrap gives the news.
func (e *FinalError) Unwrap() error { return e.Err }

// The values of Options that 0 stands for.
const (
	defaultTerm        = "xterm-256color"
	defaultKeepAlive   = 5 * time.Second
	defaultPatience    = 15 * time.Second
	defaultOpenTimeout = 20 * time.Second
	defaultDescribe    = "the far side"
	defaultBackoff     = time.Second
	defaultBackoffMax  = 20 * time.Second
)

func (o Options) withDefaults() Options {
	if o.Term == "" || o.Term == "unknown" {
		o.Term = defaultTerm
	}
	if o.KeepAlive <= 0 {
		o.KeepAlive = defaultKeepAlive
	}
	if o.Patience <= 0 {
		o.Patience = defaultPatience
	}
	if o.OpenTimeout <= 0 {
		o.OpenTimeout = defaultOpenTimeout
	}
	if o.Backoff <= 0 {
		o.Backoff = defaultBackoff
	}
	if o.BackoffMax <= 0 {
		o.BackoffMax = defaultBackoffMax
	}
	if o.Jitter == nil {
		o.Jitter = rand.Float64
	}
	return o
}

// End is what ended a session.
type End string

// The ends.
const (
	EndExit     End = "exit"     // the shell ended and said how
	EndDropped  End = "dropped"  // the connection was lost, or the far side fell silent; see News
	EndEscape   End = "escape"   // the user typed ~.
	EndSignal   End = "signal"   // SIGTERM, SIGHUP or ctx ended it
	EndNoPTY    End = "no-pty"   // the far side refused a terminal
	EndNoShell  End = "no-shell" // the far side refused a shell or, as an *OpenTimeoutError tells, opened none in time
	EndCanceled End = "canceled" // the user cancelled before there was a shell: esc, ctrl+c or ~.
	EndDetached End = "detached" // the user typed ~d: the shell goes on, the connection stands
	EndGivenUp  End = "given-up" // the user did not wait for a lost line
	EndFailed   End = "failed"   // the local terminal or podbay itself failed; Run's error says how
)

// failedStatus is the exit status of every end but EndExit, as with OpenSSH.
const failedStatus = 255

// Result is how a session ended.
type Result struct {
	End      End
	Status   int    // exit status as a shell would have it; 128+n for a signal; 255 for failures of ours
	Signal   string // the remote signal, without SIG
	Cause    error  // why the connection was lost, a terminal refused or ctx ended; cleaned
	News     error  // why it was of no use to wait for a new line; nil when nobody waited
	Resumed  int    // how many lost lines were followed by another
	Link     Link   // the last
	Started  time.Time
	Duration time.Duration
	// Typed says that something was typed into the shell. Greeting is what a shell
	// into which nothing was typed printed, as it came and at most 4 KiB; "" of one
	// that lasted longer than 10 s.
	Typed    bool
	Greeting string
}

// OpenTimeoutError is a far side that took the login and then opened no shell.
type OpenTimeoutError struct {
	After time.Duration
}

func (e *OpenTimeoutError) Error() string {
	return fmt.Sprintf("the far side took the login but opened no shell in %g s", e.After.Seconds())
}

// PanicError is a defect in podbay that was met during a session. The terminal
// was restored all the same.
type PanicError struct {
	Value any
	Stack []byte // of the goroutine that panicked
}

func (e *PanicError) Error() string {
	return fmt.Sprintf("podbay failed during the session (this is a defect): %v", e.Value)
}

// Run attaches the terminal to a new shell on opts.Link and returns when it
// ended. On every way out, panics included, the terminal's mode is restored, the
// reset string is written and the input reader has been cancelled and waited
// for. The error is nil whenever a Result could be made; with EndFailed it tells
// of a local terminal that could not be used, or is a [*PanicError]. A defect
// that shows only while a session is being left comes beside its Result.
//
// Run heeds ctx alone; the owner of signals cancels it, and context.Cause is
// kept as the Result's Cause.
//
// The last connection is left open for its owner to close, with one exception:
// when the shell's channel does not end within a second after the session did, the
// connection is closed, because nothing else ends a write that blocks on it. Those
// before it are closed by Run.
//
// A terminal that takes no output (paused, its window frozen) does not hold up ~.
// or ctx: what it has not shown by then is discarded. A Windows console has no
// such means: while a selection pauses it, Run waits.
//
// From the first moment to the last Run owns the terminal's input. Before the
// shell is up every key is dropped, but for those that cancel; what is read after
// that goes to the shell.
//
// Keys that were typed and not sent when a session ends go with it; keys typed
// after that stay in the terminal for its next reader.
func Run(ctx context.Context, opts Options) (Result, error) {
	s := newSession(opts, conn{opts.Link.Conn}, hooks{})
	if opts.Redial != nil {
		s.redial = func(ctx context.Context, lost Loss) (line, Link, error) {
			link, err := opts.Redial(ctx, lost)
			if err != nil {
				return nil, Link{}, err
			}
			return conn{link.Conn}, link, nil
		}
	}
	return s.run(ctx)
}

// conn is a connection as Run needs it.
type conn struct{ *sshconn.Conn }

func (c conn) open(ctx context.Context, pty sshconn.PTY) (shell, error) {
	s, err := c.Shell(ctx, pty)
	if err != nil {
		return nil, err
	}
	return s, nil
}
