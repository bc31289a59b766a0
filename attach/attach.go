// Package attach is the life of an attached session: it joins the local
// terminal to a shell on the far side, until one of them ends. It knows no
// RunPod and no Bubble Tea.
//
// A session begins with its opening: the terminal is raw and the far side is asked
// for a shell, which takes as long as the far side likes. What is typed then is
// dropped and never sent later; esc, ctrl+c and ~. cancel.
//
// Who does what while a session lasts, each in a goroutine that Run waits for:
//   - keys: terminal → escapes → a bounded queue. It never waits for the far
//     side, so that ~. works on a dead line.
//   - writer: the queue → the shell's input. It may block on a dead line.
//   - output: the shell's output → the terminal. It may block on a paused terminal.
//   - the size of the terminal, signs of life, podbay's own lines.
//
// The first thing that ends the session decides its Result. Output that came
// before an exit or a lost connection is shown whole, also if that means to wait
// for a paused terminal; ~. and the end of ctx wait for nothing.
package attach

import (
	"context"
	"fmt"
	"time"

	"podbay/sshconn"
	"podbay/tty"
)

// Options says what to join.
type Options struct {
	Terminal *tty.Terminal
	Conn     *sshconn.Conn
	Term     string            // TERM; "" and "unknown" mean xterm-256color
	Env      map[string]string // LANG and LC_* to send
	// KeepAlive is how often a sign of life is asked for, Patience after how long
	// without one the line is given up. 0 means 5 s and 15 s.
	KeepAlive time.Duration
	Patience  time.Duration
	// OpenTimeout is how long the far side may take to open a shell. 0 means 20 s.
	OpenTimeout time.Duration
	// Describe names the far side in podbay's own lines: "pod-name (root@1.2.3.4:22001)".
	Describe string
}

// The values of Options that 0 stands for.
const (
	defaultTerm        = "xterm-256color"
	defaultKeepAlive   = 5 * time.Second
	defaultPatience    = 15 * time.Second
	defaultOpenTimeout = 20 * time.Second
	defaultDescribe    = "the far side"
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
	if o.Describe == "" {
		o.Describe = defaultDescribe
	}
	return o
}

// End is what ended a session.
type End string

// The ends.
const (
	EndExit     End = "exit"     // the shell ended and said how
	EndDropped  End = "dropped"  // the connection was lost, or the far side fell silent
	EndEscape   End = "escape"   // the user typed ~.
	EndSignal   End = "signal"   // SIGTERM, SIGHUP or ctx ended it
	EndNoPTY    End = "no-pty"   // the far side refused a terminal
	EndNoShell  End = "no-shell" // the far side refused a shell or, as an *OpenTimeoutError tells, opened none in time
	EndCanceled End = "canceled" // the user cancelled before there was a shell: esc, ctrl+c or ~.
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
	Started  time.Time
	Duration time.Duration
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

// Run attaches the terminal to a new shell on opts.Conn and returns when it
// ended. On every way out, panics included, the terminal's mode is restored, the
// reset string is written and the input reader has been cancelled and waited
// for. The error is nil whenever a Result could be made; with EndFailed it tells
// of a local terminal that could not be used, or is a [*PanicError]. A defect
// that shows only while a session is being left comes beside its Result.
//
// Run heeds ctx alone; the owner of signals cancels it, and context.Cause is
// kept as the Result's Cause.
//
// The connection is left open for its owner to close, with one exception: when
// the shell's channel does not end within a second after the session did, the
// connection is closed, because nothing else ends a write that blocks on it.
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
	return run(ctx, opts, conn{opts.Conn}, hooks{})
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
