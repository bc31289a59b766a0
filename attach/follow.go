package attach

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"podbay/cleantext"
)

// inDoubtFor is how long before a sign of life what was typed may still have been
// on its way: more than a round trip on any line that one can type on.
const inDoubtFor = 2 * time.Second

// follow waits for another line after a lost one and makes it the session's. It
// returns false when there is none to come; the session's leg then has the reason.
func (s *session) follow(ctx context.Context, before *leg) bool {
	next := newLeg(s, nil, before.link)
	next.loss = &s.lost
	next.opening.waiting, next.opening.retry = true, make(chan struct{}, 1)
	s.noteLoss(before) // the reader of keys ends the session with its cause
	s.leg.Store(next)  // from here on keys are dropped
	if e := s.quit.Load(); e != nil {
		next.end(*e)
	}
	defer next.endWith(ctx)()
	before.leave(ctx)
	_ = before.line.Close()
	if before.up {
		s.lost.InDoubt = before.keys.inDoubt(before.line.Heard().Add(-inDoubtFor))
	}

	w := &waiting{leg: next, said: !before.up, changed: make(chan struct{}, 1), gone: make(chan struct{})}
	inner, stop := context.WithCancel(ctx)
	defer stop()
	next.stop = stop
	next.spawn(&next.far, "waiting", func() { w.show(inner) })
	if !w.redial() {
		return false
	}
	stop()
	select { // the line of status is gone before something else is shown
	case <-w.gone:
	case <-next.ended:
		_ = next.line.Close()
		return false
	}
	next.link = w.made
	s.resumed++
	return true
}

// noteLoss keeps what is known of a lost line. One that never had a shell adds
// nothing to the loss before it.
func (s *session) noteLoss(l *leg) {
	if !l.up {
		return
	}
	s.tries = 0
	s.lost = Loss{At: time.Now(), Cause: l.ending.cause}
}

// waiting is the time between two lines.
type waiting struct {
	*leg
	made    Link          // of the new line; not the leg's while what waits is shown
	said    bool          // what was lost was said already
	changed chan struct{} // the words changed
	gone    chan struct{} // closed when nothing of it is on the terminal

	mu     sync.Mutex
	why    string    // the last try failed; "" before the first has
	nextAt time.Time // of the next try; zero while one is made
}

// redial tries until there is a line, or no use in trying, or the wait is given
// up.
func (w *waiting) redial() bool {
	for {
		w.session.tries++
		line, link, err := w.session.redial(w.opening.ctx, *w.loss)
		switch {
		case err == nil && w.over():
			_ = line.Close()
			return false
		case err == nil:
			if link.Describe == "" {
				link.Describe = w.link.Describe
			}
			w.line, w.made = line, link
			return true
		case w.over():
			return false
		}
		var final *FinalError
		if errors.As(err, &final) {
			w.end(ending{end: EndDropped, cause: w.loss.Cause, news: final.Err})
			return false
		}
		if !w.pause(err) {
			return false
		}
	}
}

// pause waits before the next try: the longer, the more have failed.
func (w *waiting) pause(err error) bool {
	longest := w.opts.BackoffMax
	if shift := w.session.tries - 1; shift < 10 {
		longest = min(longest, w.opts.Backoff<<shift)
	}
	delay := longest/2 + time.Duration(w.opts.Jitter()*float64(longest/2))
	w.set(cleantext.Line(err.Error(), 0), time.Now().Add(delay))
	defer w.set(cleantext.Line(err.Error(), 0), time.Time{})
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-w.opening.retry:
	case <-w.ended:
		return false
	}
	return true
}

func (w *waiting) set(why string, nextAt time.Time) {
	w.mu.Lock()
	w.why, w.nextAt = why, nextAt
	w.mu.Unlock()
	poke(w.changed)
}

// statusTick is how often the line of status counts down, and after how long ctrl+c
// is meant for it.
const statusTick = time.Second

// show says what was lost and then, in one line, what is waited for.
func (w *waiting) show(ctx context.Context) {
	defer close(w.gone)
	if !w.said {
		_ = w.screen.lost(w.lossLines(), w.link.Clears) // a terminal that is gone is told by its reader
	}
	tick := time.NewTicker(statusTick)
	defer tick.Stop()
	for {
		_ = w.screen.status(w.words(time.Now()))
		select {
		case <-ctx.Done():
			_ = w.screen.status("")
			return
		case <-tick.C:
			w.opening.arm()
		case <-w.changed:
		}
	}
}

func (w *waiting) lossLines() []string {
	text := "the line to " + cleantext.Line(w.link.Describe, 0) + " is lost"
	if w.loss.Cause != nil {
		text += ": " + cleantext.Line(w.loss.Cause.Error(), 0)
	}
	lines := []string{text}
	if n := w.loss.InDoubt; n > 0 {
		lines = append(lines, fmt.Sprintf("what was typed last may not have arrived (bytes: %d); it is not sent again", n))
	}
	return append(lines, "what is typed now is dropped; ~. or ctrl+c gives up, enter tries at once")
}

// words is the line of status.
func (w *waiting) words(now time.Time) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	gone := fmt.Sprintf("no line for %d s, ", int(now.Sub(w.loss.At)/time.Second))
	switch left := w.nextAt.Sub(now); {
	case w.nextAt.IsZero() && w.why == "":
		return gone + "connecting again"
	case w.nextAt.IsZero():
		return gone + "connecting again; last time: " + w.why
	case left > 0:
		return fmt.Sprintf("%snext try in %d s: %s", gone, int(left/time.Second)+1, w.why)
	default:
		return gone + "next try: " + w.why
	}
}
