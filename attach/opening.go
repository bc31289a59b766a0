package attach

import (
	"bytes"
	"context"
	"errors"
	"sync"

	"podbay/sshconn"
	"podbay/tty"
)

// The keys that cancel an opening, beside ~. at the start of a line.
const (
	keyEsc   = 0x1b
	keyCtrlC = 0x03
)

// opening decides what becomes of the keys that are typed before the shell is up:
// nothing. They were meant for a screen that is gone or for a shell that is not
// there; sent later they would be commands that nobody sees before they run.
type opening struct {
	ctx  context.Context // ends when the session does, whatever ends it
	stop context.CancelFunc

	// Of an opening that begins with a lost line: ~. gives up, ctrl+c once it was
	// said what happened, since until then it was meant for a program; esc does
	// nothing, and enter tries at once.
	waiting bool
	retry   chan struct{} // enter was pressed

	mu       sync.Mutex
	escapes  tty.Escapes
	armed    bool // ctrl+c gives up a wait
	over     bool // the shell is up: keys are its
	canceled bool
}

// take looks at what was read. Dropped says that it was read before the shell was
// up, canceled that it asks to give the opening up.
func (o *opening) take(p []byte) (dropped, canceled bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.over {
		return false, false
	}
	if o.waiting && bytes.ContainsAny(p, "\r\n") {
		poke(o.retry)
	}
	o.canceled = o.canceled || o.cancels(p) || o.tildeDot(p)
	return true, o.canceled
}

// cancels finds a key that cancels.
func (o *opening) cancels(p []byte) bool {
	ctrlC := bytes.IndexByte(p, keyCtrlC) >= 0
	if o.waiting {
		return ctrlC && o.armed
	}
	// An esc with something behind it is how another key begins: an arrow, alt+x.
	return ctrlC || bytes.HasSuffix(p, []byte{keyEsc})
}

// arm makes ctrl+c give up a wait from now on.
func (o *opening) arm() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.armed = true
}

func (o *opening) tildeDot(p []byte) bool {
	for len(p) > 0 {
		var found tty.Escape
		if _, found, p = o.escapes.Filter(p); found == tty.EscapeEnd {
			return true
		}
	}
	return false
}

// finish gives the keys to the shell from now on; false when the user has
// cancelled.
func (o *opening) finish() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.over = !o.canceled
	return o.over
}

// open asks the far side for a shell, for at most OpenTimeout. It reports whether
// there is one to use.
func (l *leg) open(ctx context.Context) bool {
	bounded, stop := context.WithTimeout(l.opening.ctx, l.opts.OpenTimeout)
	defer stop()
	shell, err := l.line.open(bounded, l.pty)
	if err != nil {
		l.end(l.endOfOpen(ctx, err))
		return false
	}
	l.shell = shell // also if it came too late: leave closes it
	return l.opening.finish()
}

// endOfOpen is how a leg ends that got no shell. ctx is Run's caller's.
func (l *leg) endOfOpen(ctx context.Context, err error) ending {
	switch {
	case ctx.Err() != nil:
		return ending{end: EndSignal, cause: context.Cause(ctx)}
	case errors.Is(err, context.DeadlineExceeded):
		return ending{end: EndNoShell, cause: &OpenTimeoutError{After: l.opts.OpenTimeout}}
	case errors.Is(err, sshconn.ErrNoPTY):
		return ending{end: EndNoPTY, cause: err}
	case errors.Is(err, sshconn.ErrNoShell):
		return ending{end: EndNoShell, cause: err}
	}
	return ending{end: EndDropped, cause: err, lost: true}
}
