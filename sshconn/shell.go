package sshconn

import (
	"context"
	"io"

	"golang.org/x/crypto/ssh"
)

// WindowSize is a terminal's size. Pixels are 0 when unknown.
type WindowSize struct {
	Cols, Rows    int
	Width, Height int // pixels
}

// PTY asks for a pseudo terminal.
type PTY struct {
	Term  string            // "xterm-256color"
	Modes ssh.TerminalModes // RFC 4254 section 8
	Size  WindowSize
	Env   map[string]string // sent as env requests; TERM, LANG and LC_* only, others are refused
}

// Shell is an interactive shell on a PTY of the far side.
type Shell struct{}

// Shell opens a session channel, asks for a PTY, sends the environment and
// starts the user's shell. The requests go out without waiting for each answer;
// a refused PTY is told as [ErrNoPTY], a refused shell as [ErrNoShell].
func (c *Conn) Shell(ctx context.Context, pty PTY) (*Shell, error) { return nil, errNotBuilt }

// Stdin is written to the shell. Close sends EOF.
func (s *Shell) Stdin() io.WriteCloser { return nil }

// Stdout is what the shell's PTY prints. It ends with io.EOF when the channel
// does; EOF alone does not prove a clean end, Wait does.
func (s *Shell) Stdout() io.Reader { return nil }

// Stderr is the session's extended data; a PTY seldom sends any. It must be read.
func (s *Shell) Stderr() io.Reader { return nil }

// Resize tells the far side the terminal's new size.
func (s *Shell) Resize(size WindowSize) error { return errNotBuilt }

// Exit is how a shell ended.
type Exit struct {
	Status int    // the shell's exit status; 128+n for a signal; 255 when the connection was lost
	Signal string // "TERM", without SIG; "" when it exited by itself
}

// Wait waits for the shell's exit status. Stdout must be drained before or at
// the same time. The error is nil when the far side reported a status or a
// signal, else it says why the connection was lost, and Exit.Status is 255.
func (s *Shell) Wait() (Exit, error) { return Exit{}, errNotBuilt }

// Close ends the shell's channel; the connection stays.
func (s *Shell) Close() error { return nil }
