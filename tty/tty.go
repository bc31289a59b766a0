// Package tty is the local terminal: raw mode, cancelable input, escapes, size,
// reset. What a terminal does differently on each platform is here and nowhere
// else; other packages keep small files of a platform's own for what they need of
// it: an agent's address, a file's owner, an error's number. It knows no SSH.
//
// What a caller can rely on:
//   - the terminal that a process shares with its parent is never left in
//     another mode, nor with O_NONBLOCK set on it;
//   - a key is either handed out by Read or still in the terminal for the next
//     reader, whoever that is; on Unix this is tested, on Windows it follows
//     from the console's own rules (see the input of that platform) and was not
//     seen on a console;
//   - Escapes and Screen are pure: bytes in, bytes and decisions out.
package tty

import (
	"context"
	"fmt"
	"os"
	"sync"

	"golang.org/x/term"
)

// Size is a terminal's size. Pixels are 0 when the terminal does not tell.
type Size struct {
	Cols, Rows    int
	Width, Height int // pixels
}

// Terminal is a local terminal.
type Terminal struct{ in, out *os.File }

// New returns the terminal that in and out are. It does no I/O.
func New(in, out *os.File) *Terminal { return &Terminal{in: in, out: out} }

// IsTerminal reports whether both ends are a terminal.
func (t *Terminal) IsTerminal() bool {
	return term.IsTerminal(int(t.in.Fd())) && term.IsTerminal(int(t.out.Fd()))
}

// Size asks for the size.
func (t *Terminal) Size() (Size, error) {
	size, err := querySize(t.out)
	if err != nil {
		return Size{}, fmt.Errorf("ask %s for its size: %w", t.out.Name(), err)
	}
	return size, nil
}

// Modes returns the terminal's whole mode set as RFC 4254 section 8 encodes it,
// opcode to value, control characters and speeds included. It must be read
// before Raw. A Windows console has no such modes: there it is what a Linux
// terminal starts with.
func (t *Terminal) Modes() (map[uint8]uint32, error) {
	modes, err := queryModes(t.in)
	if err != nil {
		return nil, fmt.Errorf("read the modes of %s: %w", t.in.Name(), err)
	}
	return modes, nil
}

// Raw puts the terminal in raw mode and returns what brings back exactly the
// mode that was. The returned function may be called more than once and from
// any goroutine; once it has worked, further calls change nothing, so that they
// cannot undo what a later owner of the terminal has set.
func (t *Terminal) Raw() (restore func() error, err error) {
	undo, err := makeRaw(t.in, t.out)
	if err != nil {
		return nil, fmt.Errorf("put %s in raw mode: %w", t.in.Name(), err)
	}
	var mu sync.Mutex
	done := false
	return func() error {
		mu.Lock()
		defer mu.Unlock()
		if done {
			return nil
		}
		if err := undo(); err != nil {
			return fmt.Errorf("restore the mode of %s: %w", t.in.Name(), err)
		}
		done = true
		return nil
	}, nil
}

// DiscardOutput throws away what was written and not yet shown, so that a Write
// that blocks on a paused terminal can go on. A large Write may need it more
// than once. On a Windows console it does nothing.
func (t *Terminal) DiscardOutput() error { return discardOutput(t.out) }

// WatchSize sends the size whenever it changed, until ctx ends; then it closes
// the channel. By SIGWINCH on Unix, by polling on Windows. Sizes that were not
// taken are replaced by newer ones: what is received is always the present one.
// A change after WatchSize returned is never missed.
func (t *Terminal) WatchSize(ctx context.Context) <-chan Size {
	changed, stop := notifySize()
	last, _ := t.Size() // a terminal that cannot tell now may be able to later
	sizes := make(chan Size, 1)
	go func() {
		defer close(sizes)
		defer stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-changed:
			}
			size, err := t.Size()
			if err != nil || size == last {
				continue
			}
			last = size
			select {
			case <-sizes:
			default:
			}
			sizes <- size // the only sender: there is room
		}
	}()
	return sizes
}
