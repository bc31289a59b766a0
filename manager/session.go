package manager

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"podbay/attach"
	"podbay/sshconn"
	"podbay/tty"
)

// Session is a connection that is ready for a shell. By its shape it is a Bubble
// Tea ExecCommand.
type Session struct {
	m     *Manager
	req   ConnectRequest
	conn  *sshconn.Conn
	pod   Pod
	route Route
	plan  plan
	// cameBack says that the session began with a shell that had been left.
	cameBack bool
	notice   string // what must be said of the host key; "" for nothing
	in, out  *os.File
	ended    Ended
}

// SetStdin says which terminal to read keys from.
func (s *Session) SetStdin(r io.Reader) {
	if f, ok := r.(*os.File); ok {
		s.in = f
	}
}

// SetStdout says which terminal to draw on.
func (s *Session) SetStdout(w io.Writer) {
	if f, ok := w.(*os.File); ok {
		s.out = f
	}
}

// SetStderr is part of the shape; a PTY has one output.
func (s *Session) SetStderr(io.Writer) {}

// Run attaches the terminal until the shell ends or is left. Over a lost line it
// waits for a new one. A shell that was left with ~d keeps its connection, for the
// next Connect; else the connection is closed. The error is nil whenever Ended
// tells how it went.
func (s *Session) Run() error {
	s.ended = Ended{PodID: s.pod.ID, PodName: s.pod.Name, Status: 255}
	if s.in == nil || s.out == nil {
		s.Discard()
		s.ended.Sentence = s.pod.Name + ": a shell needs a terminal"
		return errors.New(s.ended.Sentence)
	}
	if s.notice != "" {
		if _, err := fmt.Fprintf(s.out, "podbay: %s: %s\n", s.pod.Name, s.notice); err == nil {
			s.m.toldHostKey(s.pod.ID)
		}
	}
	ctx := s.m.opts.Lifetime
	result, err := attach.Run(ctx, attach.Options{
		Terminal:    tty.New(s.in, s.out),
		Link:        s.link(s.plan.note, joined("; ", s.plan.note, s.notice)),
		Term:        s.m.opts.Getenv("TERM"),
		Env:         s.m.locale(),
		OpenTimeout: s.m.opts.Settings.Connect,
		KeepAlive:   s.m.opts.Settings.KeepAlive,
		Patience:    patience(s.m.opts.Settings.KeepAlive),
		Redial:      s.redial,
		Polled:      s.m.opts.Polled,
		Jitter:      s.m.opts.Jitter,
	})
	if err != nil {
		s.letGo()
		s.ended.Sentence = fmt.Sprintf("%s: %v", s.pod.Name, err)
		return err
	}
	s.settle(ctx, result)
	s.ended.Verdict = s.judgeSession(result)
	return nil
}

// deadAfter is after how long of silence a line is lost, whatever the settings: who
// types must not wait longer for the news.
const deadAfter = 15 * time.Second

// patience is how long an answer to a sign of life is waited for.
func patience(keepAlive time.Duration) time.Duration {
	return min(2*keepAlive, deadAfter-keepAlive)
}

// link is the line as attach has it. note is said when the shell is up. Over a kept
// shell's screen tmux shows what must not be missed: brief, for two seconds, in which
// it shows no output, or until a key is pressed.
func (s *Session) link(note, brief string) attach.Link {
	link := attach.Link{
		Conn:     s.conn,
		NoDetach: s.plan.reason,
		Note:     note,
		Describe: fmt.Sprintf("%s (%s@%s)", s.pod.Name, s.route.User, s.route.Addr),
	}
	if link.NoDetach != "" {
		link.NoDetach = "~d cannot leave this shell running: " + link.NoDetach
	}
	if shell := s.plan.kept; shell != nil {
		scrollback := s.m.opts.Settings.Scrollback
		link.Kept, link.Clears = true, scrollback
		link.Command = attachShell(shell.name, brief, scrollback)
		if brief != "" {
			link.Covers = noteTime
		}
		conn := s.conn
		link.LookBack = func(ctx context.Context) error {
			seen, err := s.m.askPod(ctx, conn, lookBack(shell.name))
			if err == nil && !seen.tmux {
				err = errors.New("the pod's tmux did not do it")
			}
			return err
		}
	}
	return link
}

// joined joins the words that are there.
func joined(by string, words ...string) string {
	return strings.Join(slices.DeleteFunc(words, func(w string) bool { return w == "" }), by)
}

// Notice is what must be said of the host key, as one sentence without its end: that
// it was taken without a question, and why. "" when there is nothing to say. Run
// says it; until it was said, each Session to the pod has it.
func (s *Session) Notice() string { return s.notice }

// Ended tells how Run went.
func (s *Session) Ended() Ended { return s.ended }

// Discard closes a session that is not going to be run.
func (s *Session) Discard() {
	if shell := s.plan.kept; shell != nil && !s.plan.back {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(s.m.opts.Lifetime), endTime)
		defer cancel()
		s.end(ctx) // nobody has seen it
	}
	s.letGo()
}

// letGo closes the connection; a kept shell lives on, for whoever comes next.
func (s *Session) letGo() {
	s.plan.kept.release()
	if err := s.conn.Close(); err != nil {
		s.m.log.Debug("closing the connection", "pod", s.pod.ID, "error", err)
	}
}

// settle puts what is left of a session where it belongs and words how it ended.
func (s *Session) settle(ctx context.Context, r attach.Result) {
	e := ended(s.pod, r)
	shell := s.plan.kept
	if shell == nil {
		s.ended = e
		s.letRest(r)
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTime)
	defer cancel()
	switch r.End {
	case attach.EndDetached:
		s.ended = s.detach(e)
		return
	case attach.EndExit:
		if s.cameBack { // its duration is not the session's
			e.Sentence = fmt.Sprintf("%s: the shell ended with exit status %d", s.pod.Name, r.Status)
		}
		if e = s.ask(ctx, e); e.Detached {
			s.ended = s.detach(e)
			return
		}
	case attach.EndNoPTY, attach.EndNoShell, attach.EndCanceled:
		if !s.plan.back { // nobody has seen it
			s.end(ctx)
		}
	}
	if s.plan.kept != nil {
		_ = s.m.left(s.pod.ID, shell) // it is known
		e.Left = true
		e.Sentence += "; its shell goes on there, and enter comes back to it"
	}
	s.ended = e
	s.letRest(r)
}

// letRest lets go of the connection, and keeps it for a while when it is a sound one
// on which a shell has just ended: people come back.
func (s *Session) letRest(r attach.Result) {
	if r.End != attach.EndExit || !s.m.opts.Settings.Preconnect || s.route.Kind != RouteDirect || s.conn.Err() != nil {
		s.letGo()
		return
	}
	s.plan.kept.release()
	s.conn.Reserve()
	s.m.kept.put(&keptConn{conn: s.conn, pod: s.pod, route: s.route, why: keptAfter})
}

// end ends the kept shell, if the pod can be asked to.
func (s *Session) end(ctx context.Context) {
	if _, err := s.m.askPod(ctx, s.conn, endShell(s.plan.kept.name)); err != nil {
		s.m.log.Debug("a kept shell could not be ended", "pod", s.pod.ID, "error", err)
		return
	}
	s.m.forget(s.plan.kept)
	s.plan.kept = nil
}

// endTime bounds what is asked of the pod when a session has ended: the user waits.
const endTime = 3 * time.Second

// ask asks the pod what became of a kept shell whose program ended here.
func (s *Session) ask(ctx context.Context, e Ended) Ended {
	shell := s.plan.kept
	seen, err := s.m.askPod(ctx, s.conn, finishShell(shell.name))
	status, known := seen.ended[shell.name]
	switch {
	case err != nil || !known && !seen.lives[shell.name] && !seen.gone[shell.name]:
		s.m.log.Debug("what became of a kept shell is not known", "pod", s.pod.ID, "error", err)
		shell.release()
		s.plan.kept = nil
		if e.Status == 255 { // else the shell's own status came
			e.Sentence += "; what became of its shell is not known, and enter looks for it"
		}
		return e // the next connection clears up
	case seen.lives[shell.name]: // another client took it over, or tmux was told to detach
		e.Detached, e.Clean, e.Status = true, true, 0
		e.Sentence = s.pod.Name + ": another terminal has the shell now, or it was detached on the pod"
		return e
	case known:
		e.Status, e.Clean = status, status == 0
	default:
		e.Clean = false
		e.Sentence = s.pod.Name + ": tmux ended on the pod, and with it the shell that it kept"
	}
	s.m.forget(shell)
	s.plan.kept = nil
	return e
}

// detach keeps the connection for the way back.
func (s *Session) detach(e Ended) Ended {
	_ = s.m.left(s.pod.ID, s.plan.kept) // it is known
	s.m.kept.put(&keptConn{conn: s.conn, pod: s.pod, route: s.route, why: keptDetached, shell: s.plan.kept})
	return e
}

// noteTime is for how long tmux may show a note: its display-time, and a moment until it
// begins.
const noteTime = 4 * time.Second

// locale is what of the environment goes to the far side, beside TERM.
func (m *Manager) locale() map[string]string {
	env := map[string]string{}
	for _, name := range []string{
		"LANG", "LC_ALL", "LC_ADDRESS", "LC_COLLATE", "LC_CTYPE", "LC_IDENTIFICATION", "LC_MEASUREMENT",
		"LC_MESSAGES", "LC_MONETARY", "LC_NAME", "LC_NUMERIC", "LC_PAPER", "LC_TELEPHONE", "LC_TIME",
	} {
		if value := m.opts.Getenv(name); value != "" {
			env[name] = value
		}
	}
	return env
}

// The shape that Bubble Tea's Exec wants, without importing it.
var _ interface {
	Run() error
	SetStdin(io.Reader)
	SetStdout(io.Writer)
	SetStderr(io.Writer)
} = (*Session)(nil)
