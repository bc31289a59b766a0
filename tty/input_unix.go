//go:build linux || darwin

package tty

import (
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/muesli/cancelreader"
	"golang.org/x/term"
)

func newInputReader(f *os.File) (inputReader, error) {
	if !term.IsTerminal(int(f.Fd())) {
		return nil, fmt.Errorf("read keys from %s: not a terminal", f.Name())
	}
	if own, err := newOwnInput(f); err == nil {
		return own, nil
	}
	return newSharedInput(f)
}

// sharedInput reads the terminal's file that the process was given, which blocks and
// must stay so. It waits with cancelreader, which knows how to on each Unix, and
// reads through a gate.
type sharedInput struct {
	waiter cancelreader.CancelReader
	file   *os.File
	*gate
}

func newSharedInput(f *os.File) (inputReader, error) {
	s := &sharedInput{file: f, gate: &gate{}}
	waiter, err := cancelreader.NewReader(gatedFile{f, inputName(f), s.gate})
	if err != nil {
		return nil, fmt.Errorf("read keys from %s: %w", f.Name(), err)
	}
	s.waiter = waiter
	return s, nil
}

func (s *sharedInput) Read(p []byte) (int, error) {
	for {
		n, err := s.waiter.Read(p)
		switch {
		case errors.Is(err, cancelreader.ErrCanceled):
			return n, ErrCanceled
		case n == 0 && clearNonblock(s.file, err):
			continue
		}
		return n, err
	}
}

func (s *sharedInput) Cancel() {
	if s.shut() {
		s.waiter.Cancel()
	}
}

func (s *sharedInput) polled() bool { return false }

func (s *sharedInput) Close() error { return s.waiter.Close() }

// gatedFile is the file that cancelreader reads once it saw that there is input.
// The gate's lock is held across a read that does not block, since input was seen and
// nobody else reads the terminal.
type gatedFile struct {
	*os.File
	name string
	gate *gate
}

func (f gatedFile) Name() string { return f.name }

func (f gatedFile) Read(p []byte) (n int, err error) {
	if !f.gate.pass(func() { n, err = f.File.Read(p) }) {
		return 0, cancelreader.ErrCanceled
	}
	return n, err
}

// gate is what every read passes. To wait and then to read takes a key that arrived
// before Cancel even when it comes to read it after Cancel, and hands it to a reader
// that is leaving: the key is lost. With the gate shut that key stays in the terminal.
type gate struct {
	mu     sync.Mutex
	closed bool
}

// pass calls read unless the gate is shut, which it reports.
func (g *gate) pass(read func()) (open bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return false
	}
	read()
	return true
}

// shut closes the gate and reports whether it was open.
func (g *gate) shut() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	was := !g.closed
	g.closed = true
	return was
}
