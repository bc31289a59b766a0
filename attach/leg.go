package attach

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"podbay/sshconn"
	"podbay/tty"
)

// leg is the part of a session that lives on one line.
type leg struct {
	*session
	line    line // nil while it is waited for
	link    Link
	loss    *Loss // what it follows; nil for the first
	opening opening
	shell   shell     // nil until it is up
	up      bool      // keys went to the shell
	since   time.Time // when it was up
	keys    *queue
	relief  *relief

	dropping bool // readKeys has said that it drops
	escapes  tty.Escapes

	first  sync.Once
	ended  chan struct{} // closed when ending is set
	ending ending

	stop   context.CancelFunc // ends what lives on the line
	far    sync.WaitGroup     // may block on the far side
	output sync.WaitGroup     // may block on the terminal
}

func newLeg(s *session, line line, link Link) *leg {
	if link.Describe == "" {
		link.Describe = defaultDescribe
	}
	l := &leg{session: s, line: line, link: link, keys: newQueue(), relief: newRelief(), ended: make(chan struct{}), stop: func() {}}
	l.opening.ctx, l.opening.stop = context.WithCancel(context.Background())
	return l
}

// end ends the leg, unless it has ended. What a user leaves, or what is told to
// end, shows no more output.
func (l *leg) end(e ending) {
	l.first.Do(func() {
		if e.end != EndExit && e.end != EndDropped {
			l.screen.mute()
		}
		l.ending = e
		close(l.ended)
		l.opening.stop()
	})
}

func (l *leg) fail(err error) { l.end(ending{end: EndFailed, cause: err, err: err}) }

// covered tells whether the program may still show its line over the last row.
func (l *leg) covered() bool { return l.up && time.Since(l.since) < l.link.Covers }

// over tells whether the leg has ended.
func (l *leg) over() bool {
	select {
	case <-l.ended:
		return true
	default:
		return false
	}
}

// endWith makes ctx's end the leg's.
func (l *leg) endWith(ctx context.Context) (release func() bool) {
	return context.AfterFunc(ctx, func() { l.end(ending{end: EndSignal, cause: context.Cause(ctx)}) })
}

// live has a shell on the line until one of them ends, or the session.
func (l *leg) live(ctx context.Context) {
	defer l.endWith(ctx)()
	inner, stop := context.WithCancel(ctx)
	l.stop = stop
	l.spawn(&l.far, "keepalive", func() { l.line.KeepAlive(inner, l.opts.KeepAlive, l.opts.Patience) })
	if size, err := l.opts.Terminal.Size(); err == nil {
		l.pty.Size = sshconn.WindowSize(size) // it may have changed since the last leg
	}
	l.pty.Command = l.link.Command
	if l.open(ctx) {
		l.up, l.since = true, time.Now()
		l.start(inner)
	}
	<-l.ended
}

// start sets the goroutines going that live on the shell.
func (l *leg) start(ctx context.Context) {
	l.spawn(&l.output, "stdout", func() {
		l.begin()
		l.show(l.shell.Stdout())
	})
	l.spawn(&l.output, "stderr", func() { l.show(l.shell.Stderr()) })
	l.spawn(&l.far, "wait", l.wait)
	l.spawn(&l.far, "writer", func() { l.keys.writeTo(l.shell.Stdin()) })
	l.spawn(&l.far, "relief", func() {
		l.relief.watch(ctx, func() { l.spawn(&l.local, "keys", l.readKeys) })
	})
	l.spawn(&l.far, "size", func() { l.resize(ctx) })
	l.spawn(&l.far, "lines", func() { l.screen.sayPending(ctx) })
}

// begin readies the terminal for the shell's output.
func (l *leg) begin() {
	if l.link.Note != "" {
		err := l.screen.sayNow(l.link.Note) // a terminal that is gone is told by its reader
		if err == nil && l.link.Said != nil {
			l.link.Said()
		}
	}
	if l.link.Clears {
		_ = l.screen.scrollAway()
	}
}

// resize tells the far side of each new size.
func (l *leg) resize(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case size, ok := <-l.sizes:
			if !ok {
				return
			}
			_ = l.shell.Resize(sshconn.WindowSize(size)) // a lost line is told by wait
		}
	}
}

// What one write to the terminal takes: the more, the fewer writes a flood needs.
const (
	outputMin = 16 << 10
	outputMax = 256 << 10
)

// show copies output to the terminal.
func (l *leg) show(r io.Reader) {
	buf := make([]byte, outputMin)
	for {
		n, err := r.Read(buf)
		if n > 0 {
			l.hello.heard(buf[:n])
			if err := l.screen.write(buf[:n]); err != nil {
				l.fail(fmt.Errorf("write to the terminal: %w", err))
				l.screen.mute() // what still comes is read, so that the channel can end
			}
		}
		if n == len(buf) && n < outputMax {
			buf = make([]byte, outputMax)
		}
		if err != nil {
			return // only wait knows whether this is a clean end
		}
	}
}

// wait ends the leg when the shell has ended and all its output is shown.
func (l *leg) wait() {
	exit, err := l.shell.Wait()
	l.output.Wait()
	if err == nil {
		l.end(ending{end: EndExit, exit: exit})
		return
	}
	cause := l.line.Err()
	if cause != nil {
		err = cause
	}
	l.end(ending{end: EndDropped, cause: err, lost: cause != nil})
}
