// Package attach is the life of an attached session: it joins the local
// terminal to a shell on the far side, until one of them ends. It knows no
// RunPod and no Bubble Tea.
package attach

import (
	"context"
	"errors"
	"time"

	"podbay/sshconn"
	"podbay/tty"
)

// Options says what to join.
type Options struct {
	Terminal *tty.Terminal
	Conn     *sshconn.Conn
	Term     string            // TERM; "" means xterm-256color
	Env      map[string]string // LANG and LC_* to send
	// KeepAlive is how often a sign of life is asked for, Patience after how long
	// without one the line is given up. 0 means 5 s and 15 s.
	KeepAlive time.Duration
	Patience  time.Duration
	// Describe names the far side in podbay's own lines: "pod-name (root@1.2.3.4:22001)".
	Describe string
}

// End is what ended a session.
type End string

// The ends.
const (
	EndExit    End = "exit"     // the shell ended and said how
	EndDropped End = "dropped"  // the connection was lost, or the far side fell silent
	EndEscape  End = "escape"   // the user typed ~.
	EndSignal  End = "signal"   // SIGTERM, SIGHUP or ctx ended it
	EndNoPTY   End = "no-pty"   // the far side refused a terminal
	EndNoShell End = "no-shell" // the far side refused a shell
)

// Result is how a session ended.
type Result struct {
	End      End
	Status   int    // exit status as a shell would have it; 128+n for a signal; 255 for failures of ours
	Signal   string // the remote signal, without SIG
	Cause    error  // why the connection was lost; cleaned
	Started  time.Time
	Duration time.Duration
}

// Run attaches the terminal to a new shell on opts.Conn and returns when it
// ended. On every way out, panics included, the terminal's mode is restored, the
// reset string is written and the input reader has been cancelled and waited
// for. The connection is left open; its owner closes it. The error is nil
// whenever a Result could be made; it tells of a local terminal that could not
// be used.
func Run(ctx context.Context, opts Options) (Result, error) {
	return Result{}, errors.New("not built yet")
}
