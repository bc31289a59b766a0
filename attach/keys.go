package attach

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"podbay/tty"
)

// readKeys takes what is typed. Once the shell is up it acts on escapes and queues
// the rest.
func (s *session) readKeys() {
	var escapes tty.Escapes
	buf := make([]byte, 4<<10)
	for {
		n, err := s.input.Read(buf)
		if n > 0 && s.take(&escapes, buf[:n]) {
			return
		}
		if errors.Is(err, tty.ErrCanceled) {
			return
		}
		if err != nil {
			s.fail(fmt.Errorf("read the terminal: %w", err))
			return
		}
		s.keys.pace(s.ended)
	}
}

// take handles one read and reports whether it ended the session.
func (s *session) take(escapes *tty.Escapes, p []byte) (ended bool) {
	dropped, canceled := s.opening.take(p)
	if canceled {
		s.end(ending{end: EndCanceled})
	}
	if dropped && s.hooks.at != nil {
		s.hooks.at("dropped")
	}
	return canceled || !dropped && s.typed(escapes, p)
}

// typed handles one read for the shell and reports whether it ended the session. What was
// typed in the same read behind a ~. goes with the session.
func (s *session) typed(escapes *tty.Escapes, p []byte) (ended bool) {
	for len(p) > 0 {
		send, found, rest := escapes.Filter(p)
		taken := s.keys.put(send)
		if !taken && !s.dropping {
			s.screen.say("the far side takes no input: what is typed now is dropped")
		}
		s.dropping = !taken
		switch found {
		case tty.EscapeEnd:
			s.end(ending{end: EndEscape})
			return true
		case tty.EscapeHelp:
			s.screen.say(tty.EscapeHelpText()...)
		}
		p = rest
	}
	return false
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
)

// queue holds what was typed and is not yet sent.
type queue struct {
	mu     sync.Mutex
	buf    []byte
	closed bool
	filled chan struct{} // there may be something to send
	room   chan struct{} // paceFrom may have been passed downwards
}

func newQueue() *queue {
	return &queue{filled: make(chan struct{}, 1), room: make(chan struct{}, 1)}
}

// put takes p, all of it or, when there is no room, nothing.
func (q *queue) put(p []byte) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.buf)+len(p) > queueMax {
		return false
	}
	q.buf = append(q.buf, p...)
	poke(q.filled)
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
			p, closed := q.head()
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

// head is what to send next. It stays in the queue until it is sent, so that it
// counts against the bounds.
func (q *queue) head() (p []byte, closed bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.buf[:min(len(q.buf), sendMax)], q.closed
}

func (q *queue) sent(n int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.buf = q.buf[n:]
	if len(q.buf) == 0 {
		q.buf = nil // a paste's memory is not kept
	}
	if len(q.buf) <= paceFrom {
		poke(q.room)
	}
}

// poke leaves a token in c, which holds one.
func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
