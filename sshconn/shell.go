package sshconn

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"

	"golang.org/x/crypto/ssh"

	"podbay/cleantext"
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
	// Command is run on the terminal in place of the user's shell; "" for the shell.
	Command string
}

// Shell is an interactive shell on a PTY of the far side.
type Shell struct {
	conn    *Conn
	channel ssh.Channel
	stdout  *drainReader

	exited chan struct{} // closed when exit and err are set
	exit   Exit
	err    error

	closeOnce sync.Once
	closed    chan struct{} // by Close
}

// Shell opens a session channel, asks for a PTY, sends the environment and
// starts the user's shell. A refused PTY is told as [ErrNoPTY], a refused shell
// or channel as [ErrNoShell]. When ctx ends, Shell returns at once; what the
// server still opens is closed.
func (c *Conn) Shell(ctx context.Context, pty PTY) (*Shell, error) {
	if err := checkEnv(pty.Env); err != nil {
		return nil, err
	}
	type outcome struct {
		shell *Shell
		err   error
	}
	result := make(chan outcome, 1)
	// Beside the caller: x/crypto waits for each answer, however long it takes.
	started := c.start(func() {
		r := outcome{err: fmt.Errorf("open a shell: %w", errDefect)}
		defer func() { result <- r }() // also when it panics: somebody waits
		c.met("open")
		r.shell, r.err = c.openShell(pty)
	})
	if !started {
		return nil, fmt.Errorf("open a shell: %w", errClosedHere)
	}
	select {
	case r := <-result:
		return r.shell, r.err
	case <-ctx.Done():
		c.start(func() {
			c.met("late")
			if r := <-result; r.shell != nil {
				r.shell.Close()
			}
		})
		return nil, fmt.Errorf("open a shell: %w", ctx.Err())
	}
}

// openShell makes the requests in OpenSSH's order.
func (c *Conn) openShell(pty PTY) (*Shell, error) {
	s, err := c.openSession()
	if err != nil {
		return nil, err
	}
	begin := s.begin
	if c.pipelines() {
		begin = s.beginAtOnce
	}
	if err := begin(pty); err != nil {
		return nil, err
	}
	return s, nil
}

// openSession returns a session channel on which nothing runs yet: the one that is
// reserved, or a new one.
func (c *Conn) openSession() (*Shell, error) {
	if s := c.reserved(); s != nil {
		return s, nil
	}
	return c.newSession()
}

func (c *Conn) newSession() (*Shell, error) {
	c.net.shells.Add(1)
	channel, requests, err := c.ssh.OpenChannel("session", nil)
	if err != nil {
		c.net.shells.Add(-1)
		return nil, c.notOpened(err)
	}
	s := &Shell{
		conn: c, channel: channel,
		stdout: &drainReader{reader: channel, asked: c.net.in.asked, drained: make(chan struct{})},
		exited: make(chan struct{}), closed: make(chan struct{}),
	}
	if !c.start(func() { s.watch(requests) }) {
		c.net.shells.Add(-1)
		return nil, fmt.Errorf("open a shell: %w", errClosedHere)
	}
	return s, nil
}

// begin waits for each answer. Without that of pty-req a server that refuses it
// would start a shell with no terminal, and nothing would tell.
func (s *Shell) begin(pty PTY) error {
	if err := s.request("pty-req", ptyRequest(pty), ErrNoPTY); err != nil {
		return err
	}
	s.sendEnv(pty)
	program, payload := pty.program()
	return s.request(program, payload, ErrNoShell)
}

// program is the request that starts what runs on the terminal.
func (p PTY) program() (request string, payload []byte) {
	if p.Command == "" {
		return "shell", nil
	}
	return "exec", ssh.Marshal(struct{ Command string }{p.Command})
}

func (s *Shell) sendEnv(pty PTY) {
	for _, name := range slices.Sorted(maps.Keys(pty.Env)) {
		// Servers refuse what their AcceptEnv leaves out; that is no failure.
		_, _ = s.channel.SendRequest("env", false, ssh.Marshal(struct{ Name, Value string }{name, pty.Env[name]}))
	}
}

// request makes a request that has to succeed; if not, the channel is closed.
func (s *Shell) request(name string, payload []byte, refused error) error {
	ok, err := s.channel.SendRequest(name, true, payload)
	if err == nil && ok {
		return nil
	}
	if err == nil {
		s.Close()
		return refused
	}
	if cause := s.conn.lost(); cause != nil {
		return fmt.Errorf("open a shell: %w", cause)
	}
	return fmt.Errorf("%w: it closed the session", refused)
}

// notOpened describes a session channel that the server did not open.
func (c *Conn) notOpened(err error) error {
	var refusal *ssh.OpenChannelError
	if errors.As(err, &refusal) {
		words := refusal.Message
		if words == "" {
			words = refusal.Reason.String()
		}
		return fmt.Errorf("%w: it opens no session: %s", ErrNoShell, cleantext.Line(words, reasonCells))
	}
	if cause := c.lost(); cause != nil {
		return fmt.Errorf("open a shell: %w", cause)
	}
	return fmt.Errorf("open a shell: %w", cleaned(err))
}

// Stdin is written to the shell. Close sends EOF; it comes after the last Write
// has returned.
func (s *Shell) Stdin() io.WriteCloser { return stdin{s.channel} }

// Stdout is what the shell's PTY prints. It ends with io.EOF when the channel
// does; EOF alone does not prove a clean end, Wait does.
func (s *Shell) Stdout() io.Reader { return s.stdout }

// Stderr is the session's extended data; a PTY seldom sends any. It must be read.
func (s *Shell) Stderr() io.Reader { return s.channel.Stderr() }

// Resize tells the far side the terminal's new size.
func (s *Shell) Resize(size WindowSize) error {
	cols, rows, width, height := size.wire()
	_, err := s.channel.SendRequest("window-change", false,
		ssh.Marshal(struct{ Cols, Rows, Width, Height uint32 }{cols, rows, width, height}))
	if err != nil {
		return fmt.Errorf("resize the far terminal: %w", sessionEnded(err))
	}
	return nil
}

// Wait waits for the shell's exit status and for Stdout's end. Stdout must be
// drained before or at the same time. The error is nil when the far side
// reported a status or a signal, else it says why the connection was lost, and
// Exit.Status is 255. After Close it no longer waits for Stdout.
func (s *Shell) Wait() (Exit, error) {
	<-s.exited
	select {
	case <-s.stdout.drained:
	case <-s.closed:
	}
	return s.exit, s.err
}

// Close ends the shell's channel; the connection stays.
func (s *Shell) Close() error {
	s.closeOnce.Do(func() { close(s.closed) })
	if err := s.channel.Close(); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("close the shell: %w", cleaned(err))
	}
	return nil
}

// checkEnv holds that nothing of the local environment reaches a server but
// what a terminal needs.
func checkEnv(env map[string]string) error {
	for name := range env {
		if name != "TERM" && name != "LANG" && !strings.HasPrefix(name, "LC_") {
			return fmt.Errorf("open a shell: the variable %s is not sent to servers: only TERM, LANG and LC_* are", name)
		}
	}
	return nil
}

// ptyRequest is the payload of pty-req, RFC 4254 section 6.2.
func ptyRequest(pty PTY) []byte {
	cols, rows, width, height := pty.Size.wire()
	return ssh.Marshal(struct {
		Term                      string
		Cols, Rows, Width, Height uint32
		Modes                     string
	}{pty.Term, cols, rows, width, height, encodeModes(pty.Modes)})
}

// encodeModes writes terminal modes as RFC 4254 section 8 has it: an opcode, a
// uint32, and at the end TTY_OP_END. Opcodes from 160 up have no defined form.
func encodeModes(modes ssh.TerminalModes) string {
	const end, undefined = 0, 160
	var b []byte
	for _, opcode := range slices.Sorted(maps.Keys(modes)) {
		if opcode != end && opcode < undefined {
			b = append(b, ssh.Marshal(struct {
				Opcode uint8
				Value  uint32
			}{opcode, modes[opcode]})...)
		}
	}
	return string(append(b, end))
}

func (w WindowSize) wire() (cols, rows, width, height uint32) {
	size := func(n int) uint32 { return uint32(min(max(n, 0), 1<<16-1)) } // a winsize holds 16 bits
	return size(w.Cols), size(w.Rows), size(w.Width), size(w.Height)
}

// stdin closes the write side alone.
type stdin struct{ channel ssh.Channel }

func (s stdin) Write(p []byte) (int, error) {
	n, err := s.channel.Write(p)
	return n, sessionEnded(err)
}

func (s stdin) Close() error { return sessionEnded(s.channel.CloseWrite()) }

// sessionEnded replaces the io.EOF with which x/crypto answers writes to a
// channel that has ended: to a copy loop EOF means success.
func sessionEnded(err error) error {
	if errors.Is(err, io.EOF) {
		return errSessionEnded
	}
	return cleaned(err)
}

var errSessionEnded = fmt.Errorf("the session has ended: %w", io.ErrClosedPipe)

// drainReader tells when its reader was read to the end.
type drainReader struct {
	reader  io.Reader
	asked   func() // called before each read
	once    sync.Once
	drained chan struct{}
}

func (d *drainReader) Read(p []byte) (int, error) {
	d.asked()
	n, err := d.reader.Read(p)
	if err != nil {
		d.once.Do(func() { close(d.drained) })
	}
	return n, err
}
