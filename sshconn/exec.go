package sshconn

import (
	"context"
	"fmt"
	"io"

	"golang.org/x/crypto/ssh"
)

// maxOutput bounds what Exec keeps of a command's output; what comes after that
// is read and dropped.
const maxOutput = 64 << 10

// Exec runs a command without a terminal on a channel of its own and returns
// what it printed on its standard output, as it came: not cleaned, at most 64
// KiB. env is as in [PTY]. The server hands the command to the user's login
// shell. The exit is as in [Shell.Wait]. A server that runs no commands is told as
// [ErrNoShell]; one that runs a shell in place of them is not recognised here.
// When ctx ends, Exec returns at once and its channel is closed.
func (c *Conn) Exec(ctx context.Context, command string, env map[string]string) (output []byte, exit Exit, err error) {
	if err := checkEnv(env); err != nil {
		return nil, Exit{Status: statusLost}, err
	}
	type outcome struct {
		output []byte
		exit   Exit
		err    error
	}
	result := make(chan outcome, 1)
	opened := make(chan *Shell, 1)
	started := c.start(func() {
		r := outcome{exit: Exit{Status: statusLost}, err: fmt.Errorf("run a command: %w", errDefect)}
		defer func() { result <- r }() // also when it panics: somebody waits
		c.met("exec")
		s, err := c.openExec(command, env)
		if err != nil {
			r.err = fmt.Errorf("run a command: %w", err)
			return
		}
		opened <- s
		r.output, r.exit, r.err = s.output()
	})
	if !started {
		return nil, Exit{Status: statusLost}, fmt.Errorf("run a command: %w", errClosedHere)
	}
	select {
	case r := <-result:
		return r.output, r.exit, r.err
	case <-ctx.Done():
		c.start(func() {
			select {
			case s := <-opened:
				s.Close()
			case <-result: // it was not opened, or is over
			}
		})
		return nil, Exit{Status: statusLost}, fmt.Errorf("run a command: %w", ctx.Err())
	}
}

func (c *Conn) openExec(command string, env map[string]string) (*Shell, error) {
	s, err := c.openSession()
	if err != nil {
		return nil, err
	}
	s.sendEnv(PTY{Env: env})
	if err := s.request("exec", ssh.Marshal(struct{ Command string }{command}), ErrNoShell); err != nil {
		return nil, err
	}
	return s, nil
}

// output reads what a command prints and waits for its end.
func (s *Shell) output() ([]byte, Exit, error) {
	if !s.conn.start(func() { _, _ = io.Copy(io.Discard, s.Stderr()) }) {
		return nil, Exit{Status: statusLost}, errClosedHere
	}
	_ = stdin{s.channel}.Close()
	output, err := io.ReadAll(io.LimitReader(s.stdout, maxOutput))
	if err == nil {
		_, err = io.Copy(io.Discard, s.stdout)
	}
	exit, waitErr := s.Wait()
	s.Close()
	if waitErr != nil {
		return nil, exit, waitErr
	}
	return output, exit, cleaned(err)
}
