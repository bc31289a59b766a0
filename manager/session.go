package manager

import (
	"errors"
	"fmt"
	"io"
	"os"

	"podbay/attach"
	"podbay/doctor"
	"podbay/sshconn"
	"podbay/tty"
)

// Session is a connection that is ready for a shell. By its shape it is a Bubble
// Tea ExecCommand.
type Session struct {
	m       *Manager
	conn    *sshconn.Conn
	pod     Pod
	route   Route
	in, out *os.File
	ended   Ended
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

// Run attaches the terminal until the shell or the line ends, then closes the
// connection. The error is nil whenever Ended tells how it went.
func (s *Session) Run() error {
	defer s.Discard()
	s.ended = Ended{PodID: s.pod.ID, PodName: s.pod.Name, Status: 255}
	if s.in == nil || s.out == nil {
		s.ended.Sentence = s.pod.Name + ": a shell needs a terminal"
		return errors.New(s.ended.Sentence)
	}
	result, err := attach.Run(s.m.opts.Lifetime, attach.Options{
		Terminal:    tty.New(s.in, s.out),
		Conn:        s.conn,
		Term:        s.m.opts.Getenv("TERM"),
		Env:         s.m.locale(),
		OpenTimeout: s.m.opts.Settings.Connect,
		KeepAlive:   s.m.opts.Settings.KeepAlive,
		Patience:    2 * s.m.opts.Settings.KeepAlive, // noticed within three intervals
		Describe:    fmt.Sprintf("%s (%s@%s)", s.pod.Name, s.route.User, s.route.Addr),
	})
	if err != nil {
		s.ended.Sentence = fmt.Sprintf("%s: %v", s.pod.Name, err)
		return err
	}
	s.ended = ended(s.pod, result)
	return nil
}

// Ended tells how Run went.
func (s *Session) Ended() Ended { return s.ended }

// Discard closes a session that is not going to be run.
func (s *Session) Discard() {
	if err := s.conn.Close(); err != nil {
		s.m.log.Debug("closing the connection", "pod", s.pod.ID, "error", err)
	}
}

// ended words how a session ended.
func ended(pod Pod, r attach.Result) Ended {
	e := Ended{PodID: pod.ID, PodName: pod.Name, Status: r.Status, Lost: r.End == attach.EndDropped}
	after := doctor.Age(r.Duration)
	switch r.End {
	case attach.EndExit:
		e.Clean = r.Status == 0 && r.Signal == ""
		switch {
		case r.Signal != "":
			e.Sentence = fmt.Sprintf("%s: the shell was ended by SIG%s after %s", pod.Name, r.Signal, after)
		default:
			e.Sentence = fmt.Sprintf("%s: the shell ended after %s with exit status %d", pod.Name, after, r.Status)
		}
	case attach.EndDropped:
		e.Sentence = fmt.Sprintf("%s: the connection was lost after %s", pod.Name, after)
		if r.Cause != nil {
			e.Sentence += ": " + r.Cause.Error()
		}
	case attach.EndEscape:
		e.Clean = true
		e.Sentence = fmt.Sprintf("%s: left with ~. after %s", pod.Name, after)
	case attach.EndSignal:
		e.Sentence = fmt.Sprintf("%s: podbay was told to end; the shell was left after %s", pod.Name, after)
	case attach.EndNoPTY:
		e.Sentence = pod.Name + ": the pod refused a terminal (PTY); look at PermitTTY in its sshd_config"
	case attach.EndCanceled:
		e.Clean = true
		e.Sentence = pod.Name + ": cancelled before there was a shell"
	case attach.EndNoShell:
		var late *attach.OpenTimeoutError
		if errors.As(r.Cause, &late) {
			e.Sentence = fmt.Sprintf("%s: the pod took the login but opened no shell in %s; try again, or restart the pod", pod.Name, doctor.Age(late.After))
			break
		}
		e.Sentence = pod.Name + ": the pod refused to start a shell; look at root's login shell and ForceCommand in the image"
	}
	return e
}

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
