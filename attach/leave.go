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

// leave ends everything that the session began, cleans the terminal up and says how
// the session ended. It returns with all goroutines joined; the mode is restored
// by its caller.
func (s *session) leave(ctx context.Context, stop context.CancelFunc) {
	s.input.Cancel()
	s.local.Wait()
	_ = s.input.Close()
	s.keys.close()
	if s.ending.end != EndExit && s.ending.end != EndDropped { // those have shown their output
		s.screen.mute()
	}
	if s.shell != nil {
		s.spawn(&s.far, "close", func() { _ = s.shell.Close() })
	}
	stop()
	s.insist(ctx, func() { s.far.Wait(); s.output.Wait() }, func() { _ = s.line.Close() })

	cleanUp := s.screen.cleanUp(s.farewell())
	if s.insist(ctx, cleanUp, nil) {
		s.insist(ctx, cleanUp, nil) // some of it went with the output that was discarded
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
func (s *session) farewell() string {
	name := cleantext.Line(s.opts.Describe, 0)
	var text string
	switch s.ending.end {
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
	default:
		text = fmt.Sprintf("session with %s ended", name)
	}
	if cause := s.ending.cause; cause != nil {
		text += ": " + cleantext.Line(cause.Error(), 0)
	}
	return text
}
