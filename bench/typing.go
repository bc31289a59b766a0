//go:build unix

package main

import (
	"math/rand/v2"
	"time"
)

// benchTyping measures from a key to its echo by the far terminal.
func benchTyping(w *world, o options) (rows []row, err error) {
	clients, order := w.clients(o)
	const plain = "OpenSSH, ObscureKeystrokeTiming=no"
	if w.knows("ObscureKeystrokeTiming=no") {
		clients[plain] = w.openssh(w.sshd.Addr, "-o", "ObscureKeystrokeTiming=no")
		order = append(order, plain)
	}
	open, err := w.sessions(clients, order...)
	defer hangUp(open, &err)
	if err != nil {
		return nil, err
	}
	for _, s := range open {
		if err := s.runs("cat >/dev/null"); err != nil {
			return nil, err
		}
	}
	keys := 500
	if o.small() {
		keys = 5
	}
	samples, err := inTurns(keys, o.warmup(10), each(open, func(s *session) (float64, error) { return s.echoes(o) })...)
	if err != nil {
		return nil, err
	}
	for _, s := range open {
		s.expect(prompt)
		if err := s.press("\x03"); err != nil {
			return nil, err
		}
		if _, err := s.wait(); err != nil {
			return nil, err
		}
	}
	rows = append(rows, beside(row{what: "typing: key to echo, p50", target: atMost(1)}, samples, order)...)
	rows = append(rows, beside(row{what: "typing: key to echo, p99", target: atMost(1), tail: true}, samples, order)...)
	return rows, nil
}

// runs starts a program that reads keys.
func (s *session) runs(command string) error {
	s.expect("\n") // the echo of enter
	if err := s.press(command + "\r"); err != nil {
		return err
	}
	_, err := s.wait()
	time.Sleep(200 * time.Millisecond) // until the program reads and the terminal echoes by itself
	return err
}

// echoes types one key, at about the pace of a fast typist of several.
func (s *session) echoes(o options) (float64, error) {
	time.Sleep(8*time.Millisecond + rand.N(20*time.Millisecond))
	s.typed++
	key, echo := "x", "x"
	if s.typed%60 == 0 {
		key, echo = "\r", "\n" // a line holds 4,095 characters
	}
	s.expect(echo)
	started := time.Now()
	s.slowed(o)
	if err := s.press(key); err != nil {
		return 0, err
	}
	at, err := s.wait()
	return ms(at.Sub(started)), err
}
