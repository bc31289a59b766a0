package attach

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"podbay/cleantext"
	"podbay/tty"
)

// readKeys takes what is typed, for whichever leg the session is on. Once a shell
// is up it acts on escapes and queues the rest.
func (s *session) readKeys() {
	buf := make([]byte, 4<<10)
	for {
		n, err := s.input.Read(buf)
		l := s.leg.Load()
		if s.hooks.at != nil {
			s.hooks.at("read")
		}
		if n > 0 && l.take(buf[:n]) {
			poke(l.keys.filled)
			return
		}
		if errors.Is(err, tty.ErrCanceled) {
			return
		}
		if err != nil {
			err = fmt.Errorf("read the terminal: %w", err)
			s.quits(ending{end: EndFailed, cause: err, err: err})
			return
		}
		if !l.send() {
			return
		}
		l.keys.pace(l.ended)
	}
}

// take handles one read and reports whether it ended the session.
func (l *leg) take(p []byte) (ended bool) {
	dropped, canceled := l.opening.take(p)
	switch {
	case canceled && l.loss != nil:
		l.quits(ending{end: EndGivenUp, cause: l.loss.Cause})
	case canceled:
		l.quits(ending{end: EndCanceled})
	}
	if dropped && l.hooks.at != nil {
		l.hooks.at("dropped")
	}
	return canceled || !dropped && l.typed(p)
}

// typed handles one read for the shell and reports whether it ended the session. What was
// typed in the same read behind a ~. goes with the session.
func (l *leg) typed(p []byte) (ended bool) {
	for len(p) > 0 {
		send, found, rest := l.escapes.Filter(p)
		if l.escapes.Typed() {
			l.hello.answered()
		}
		taken := l.keys.put(send)
		if !taken && !l.dropping {
			l.screen.say("the far side takes no input: what is typed now is dropped")
		}
		l.dropping = !taken
		switch found {
		case tty.EscapeEnd:
			l.quits(ending{end: EndEscape})
			return true
		case tty.EscapeDetach:
			if l.link.Kept {
				l.quits(ending{end: EndDetached})
				return true
			}
			l.screen.say(l.whyNotDetach())
		case tty.EscapeLookBack:
			l.lookBack()
		case tty.EscapeHelp:
			l.screen.say(tty.EscapeHelpText()...)
		}
		p = rest
	}
	return false
}

// send writes what was typed; more than a few keys is left to the writer. It reports
// whether this goroutine is still the one that reads the terminal.
func (l *leg) send() (reads bool) {
	p := l.keys.claimFew()
	if len(p) == 0 {
		return true
	}
	turn := l.relief.begin()
	if _, err := l.shell.Stdin().Write(p); err == nil { // else the shell is gone, which its Wait tells
		l.keys.sent(len(p))
	}
	return l.relief.end(turn)
}

// lookBack asks the far side to show what was printed. It is spawned beside the
// reader, which is of the same group, and ends with the leg.
func (l *leg) lookBack() {
	if l.link.LookBack == nil {
		l.screen.say("what this shell has printed is in your terminal's own scrollback")
		return
	}
	l.spawn(&l.local, "look back", func() {
		if err := l.link.LookBack(l.opening.ctx); err != nil && !l.over() {
			l.screen.say("~[ cannot look back: " + cleantext.Line(err.Error(), 0))
		}
	})
}

func (l *leg) whyNotDetach() string {
	if l.link.NoDetach == "" {
		return "~d cannot leave this shell running: nothing on the far side keeps it"
	}
	return l.link.NoDetach
}

// The queue's bounds, in bytes. More than paceFrom is only in it when the far
// side takes less than is typed, which is a paste: then the terminal is read no
// faster than a buffer in paceWait, so that the paste waits in the terminal and
// ~. is still seen. That fills what is left up to queueMax in minutes. After
// that, with nothing taken in all that time, typed bytes are dropped and podbay
// says so: the kernel's own input queue does the same.
const (
	paceFrom = 256 << 10
	queueMax = 16 << 20
	paceWait = 100 * time.Millisecond
	sendMax  = 32 << 10 // what one write to the far side takes: a packet's size
	fewKeys  = 1 << 10  // what is written by who has read it: keys and a terminal's replies, no paste
)

// queue holds what was typed and is not yet sent.
type queue struct {
	mu     sync.Mutex
	buf    []byte
	busy   bool // the first of buf are being written; for good when that failed
	closed bool
	log    []sending     // what was written lately, oldest first
	filled chan struct{} // there may be something to send
	room   chan struct{} // paceFrom may have been passed downwards
}

func newQueue() *queue {
	return &queue{filled: make(chan struct{}, 1), room: make(chan struct{}, 1)}
}

// sending is bytes that were written at about the same time.
type sending struct {
	at time.Time
	n  int
}

const (
	sendingStep = 100 * time.Millisecond // what is about the same time
	sendingsMax = 600                    // a minute of typing
)

// put takes p, all of it or, when there is no room, nothing. It is sent by who claims it.
func (q *queue) put(p []byte) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.buf)+len(p) > queueMax {
		return false
	}
	q.buf = append(q.buf, p...)
	return true
}

// pace waits while the queue is fuller than paceFrom, for room, the end or
// paceWait.
func (q *queue) pace(ended <-chan struct{}) {
	q.mu.Lock()
	full := len(q.buf) > paceFrom
	q.mu.Unlock()
	if !full {
		return
	}
	wait := time.NewTimer(paceWait)
	defer wait.Stop()
	select {
	case <-q.room:
	case <-ended:
	case <-wait.C:
	}
}

// close makes writeTo return; what is queued is dropped.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	poke(q.filled)
}

// writeTo sends what is queued to w, until the queue is closed or w fails.
func (q *queue) writeTo(w io.Writer) {
	for range q.filled {
		for {
			p, closed := q.claim()
			if closed {
				return
			}
			if len(p) == 0 {
				break
			}
			if _, err := w.Write(p); err != nil {
				return // the shell is gone, which its Wait tells
			}
			q.sent(len(p))
		}
	}
}

// claim is what to send next: nothing while somebody else sends. It stays in the queue
// until it is sent, so that it counts against the bounds.
func (q *queue) claim() (p []byte, closed bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.busy || q.closed {
		return nil, q.closed
	}
	p = q.buf[:min(len(q.buf), sendMax)]
	q.busy = len(p) > 0
	return p, false
}

// claimFew is claim, if that is all there is and little; else the writer's turn comes.
func (q *queue) claimFew() []byte {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.busy || q.closed || len(q.buf) == 0:
		return nil
	case len(q.buf) > fewKeys:
		poke(q.filled)
		return nil
	}
	q.busy = true
	return q.buf
}

func (q *queue) sent(n int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.buf, q.busy = q.buf[n:], false
	q.note(n, time.Now())
	if len(q.buf) == 0 {
		q.buf = nil // a paste's memory is not kept
	} else {
		poke(q.filled)
	}
	if len(q.buf) <= paceFrom {
		poke(q.room)
	}
}

// note remembers when bytes were written. The caller holds mu.
func (q *queue) note(n int, at time.Time) {
	if last := len(q.log) - 1; last >= 0 && at.Sub(q.log[last].at) < sendingStep {
		q.log[last].n += n
		return
	}
	if len(q.log) == sendingsMax {
		q.log = q.log[1:]
	}
	q.log = append(q.log, sending{at, n})
}

// inDoubt counts the bytes that were not written, and those that were written
// after since. A step that began before since counts whole.
func (q *queue) inDoubt(since time.Time) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := len(q.buf)
	for _, s := range q.log {
		if s.at.Add(sendingStep).After(since) {
			n += s.n
		}
	}
	return n
}

// poke leaves a token in c, which holds one.
func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
