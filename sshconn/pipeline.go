package sshconn

import (
	"fmt"
	"strings"
)

// pipelines tells whether pty-req, env and shell can be sent in one go. x/crypto
// lets one request of a channel wait for its answer at a time. pty-req is the one
// that must: a server may refuse it. shell is then sent without asking for an
// answer, which takes a server of which it is known when it refuses that: OpenSSH's
// sshd, only when it cannot start a process, which it could a moment before.
//
// The other conditions keep what [Shell.beginAtOnce] tells by the length of a
// write from being fooled: another shell's data, and the message of a
// Diffie-Hellman group, may be as long as pty-req.
func (c *Conn) pipelines() bool {
	return c.net.shells.Load() == 1 &&
		strings.HasPrefix(c.info.ServerVersion, "SSH-2.0-OpenSSH_") &&
		!strings.HasPrefix(c.info.KeyExchange, "diffie-hellman-")
}

// What a packet has beyond the payload of its request: length, padding length and
// message type, channel, name and want-reply, padding of up to two blocks or 16
// bytes, and a MAC of up to 64 bytes; RFC 4253 section 6, RFC 4254 section 5.4.
const (
	packetLeast = 4 + 1 + 1 + 4 + 4 + len("pty-req") + 1 + 4
	packetMost  = packetLeast + 2*16 + 64
)

// beginAtOnce sends all requests and waits for the answer to pty-req alone, which
// saves a round trip. One write brings them to sshd in one piece, so that it
// answers in one too.
//
// Their order is what matters: a shell before its pty-req has no terminal. So the
// writes are held back until the one that carries pty-req was seen. Should
// something else be written at that moment (new keys are being agreed on), pty-req
// is waited for, as begin does.
func (s *Shell) beginAtOnce(pty PTY) error {
	payload := ptyRequest(pty)
	program, start := pty.program()
	s.conn.net.hurry()
	first := s.conn.net.cork()
	answer := make(chan error, 1)
	if !s.conn.start(func() {
		err := fmt.Errorf("open a shell: %w", errDefect)
		defer func() { answer <- err }() // also when it panics
		err = s.request("pty-req", payload, ErrNoPTY)
	}) {
		s.conn.net.uncork()
		return fmt.Errorf("open a shell: %w", errClosedHere)
	}
	sent := false
	select {
	case n := <-first:
		if packetLeast <= n-len(payload) && n-len(payload) <= packetMost {
			s.sendEnv(pty)
			_, err := s.channel.SendRequest(program, false, start)
			sent = err == nil
		}
	case err := <-answer: // the connection has ended
		answer <- err
	}
	s.conn.net.uncork()
	if err := <-answer; err != nil {
		return err
	}
	if sent {
		return nil
	}
	s.sendEnv(pty)
	return s.request(program, start, ErrNoShell)
}
