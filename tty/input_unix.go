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

// unixInput waits with cancelreader, which knows how to on each Unix, and reads
// through a gate.
type unixInput struct {
	waiter cancelreader.CancelReader
	gate   *gate
}

func newInputReader(f *os.File) (inputReader, error) {
	if !term.IsTerminal(int(f.Fd())) {
		return nil, fmt.Errorf("read keys from %s: not a terminal", f.Name())
	}
	g := &gate{File: f, name: inputName(f)}
	waiter, err := cancelreader.NewReader(g)
	if err != nil {
		return nil, fmt.Errorf("read keys from %s: %w", f.Name(), err)
	}
	return &unixInput{waiter, g}, nil
}

func (u *unixInput) Read(p []byte) (int, error) {
	for {
		n, err := u.waiter.Read(p)
		switch {
		case errors.Is(err, cancelreader.ErrCanceled):
			return n, ErrCanceled
		case n == 0 && clearNonblock(u.gate.File, err):
			continue
		}
		return n, err
	}
}

func (u *unixInput) Cancel() {
	if u.gate.shut() {
		u.waiter.Cancel()
	}
}

func (u *unixInput) Close() error { return u.waiter.Close() }

// gate is the file that cancelreader reads once it saw that there is input.
// Alone, cancelreader takes a key that arrived before Cancel even when it comes
// to read it after Cancel, and hands it to a reader that is leaving: the key is
// lost. With the gate shut that key stays in the terminal.
//
// The lock is held across a read that does not block, since input was seen and
// nobody else reads the terminal.
type gate struct {
	*os.File
	name string

	mu     sync.Mutex
	closed bool
}

func (g *gate) Name() string { return g.name }

func (g *gate) Read(p []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return 0, cancelreader.ErrCanceled
	}
	return g.File.Read(p)
}

// shut closes the gate and reports whether it was open.
func (g *gate) shut() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	was := !g.closed
	g.closed = true
	return was
}
