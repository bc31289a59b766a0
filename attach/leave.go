package attach

import (
	"context"
	"fmt"
	"time"

	"podbay/cleantext"
)

// How long leaving waits for what it cannot command.
const (
	outputGrace = 250 * time.Millisecond // for a terminal that takes no output, before that output is discarded
	closeGrace  = time.Second            // for the far side to end its channel, before the connection is closed
	leavePoll   = 20 * time.Millisecond
)

// leave ends the session's last leg, cleans the terminal up and says how the
// session ended. It returns with all goroutines joined; the mode is restored by its
// caller.
func (s *session) leave(ctx context.Context) {
	s.input.Cancel()
	last := s.leg.Load()
	covered := last.covered()
	last.leave(ctx) // before the reader of keys is waited for: that may be writing to the far side
	last.insist(ctx, s.local.Wait, last.breakLine)
	_ = s.input.Close()
	cleanUp := s.screen.cleanUp(last.farewell(), covered)
	if s.insist(ctx, cleanUp, nil) {
		s.insist(ctx, cleanUp, nil) // some of it went with the output that was discarded
	}
}

// leave ends what the leg began and waits for it.
func (l *leg) leave(ctx context.Context) {
	l.keys.close()
	if l.shell != nil {
		l.spawn(&l.far, "close", func() { _ = l.shell.Close() })
	}
	l.stop()
	l.insist(ctx, func() { l.far.Wait(); l.output.Wait() }, l.breakLine)
}

// breakLine ends every write that blocks on the far side.
func (l *leg) breakLine() {
	if l.line != nil {
		_ = l.line.Close()
	}
}

// insist waits for f to return. Meanwhile it discards output that the terminal
// does not take, if the session's end must not wait for that, and once calls
// breakLine if f takes long. It reports whether output was discarded.
func (s *session) insist(ctx context.Context, f, breakLine func()) (discarded bool) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer s.catch()
		f()
	}()
	started := time.Now()
	tick := time.NewTicker(leavePoll)
	defer tick.Stop()
	for {
		select {
		case <-done:
			return discarded
		case <-tick.C:
		}
		waited := time.Since(started)
		if waited > outputGrace && (s.screen.muted.Load() || ctx.Err() != nil) && s.screen.busy() {
			discarded = s.opts.Terminal.DiscardOutput() == nil || discarded
		}
		if waited > closeGrace && breakLine != nil {
			breakLine()
			breakLine = nil
		}
	}
}

// farewell is podbay's line about the end: "" when the shell ended by itself,
// which nobody is surprised by.
func (l *leg) farewell() string {
	name := cleantext.Line(l.link.Describe, 0)
	var text string
	switch l.ending.end {
	case EndExit:
		return ""
	case EndDropped:
		text = fmt.Sprintf("connection to %s lost", name)
	case EndNoPTY, EndNoShell:
		text = fmt.Sprintf("no shell on %s", name)
	case EndCanceled:
		text = fmt.Sprintf("no shell on %s: canceled", name)
	case EndEscape:
		text = fmt.Sprintf("session with %s ended by ~.", name)
		if l.link.Kept {
			text += ": its shell goes on there"
		}
	case EndDetached:
		return fmt.Sprintf("left %s with ~d: its shell goes on there", name)
	case EndGivenUp:
		text = fmt.Sprintf("not waiting any more for %s", name)
		if l.link.Kept {
			text += ", where the shell goes on"
		}
		return text
	default:
		text = fmt.Sprintf("session with %s ended", name)
	}
	if cause := l.ending.cause; cause != nil {
		text += ": " + cleantext.Line(cause.Error(), 0)
	}
	if news := l.ending.news; news != nil {
		text += "; " + cleantext.Line(news.Error(), 0)
	}
	return text
}
