// Package tty is the local terminal: raw mode, cancelable input, escapes, size,
// reset. It is the only room that differs by platform, and knows no SSH.
package tty

import (
	"context"
	"errors"
	"os"
)

var errNotBuilt = errors.New("not built yet")

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
func (t *Terminal) IsTerminal() bool { return false }

// Size asks for the size.
func (t *Terminal) Size() (Size, error) { return Size{}, errNotBuilt }

// Modes returns the terminal's whole mode set as RFC 4254 section 8 encodes it,
// opcode to value, speeds included. It must be read before Raw.
func (t *Terminal) Modes() (map[uint8]uint32, error) { return nil, errNotBuilt }

// Raw puts the terminal in raw mode and returns what brings back the mode that
// was. The returned function may be called more than once and from any goroutine.
func (t *Terminal) Raw() (restore func() error, err error) { return nil, errNotBuilt }

// Write writes to the terminal.
func (t *Terminal) Write(p []byte) (int, error) { return t.out.Write(p) }

// Input reads keys from the terminal and can be stopped without losing one:
// bytes that were not returned by Read stay in the terminal for the next reader.
type Input struct{}

// Input starts reading. One Input at a time; Close it before the next.
func (t *Terminal) Input() (*Input, error) { return nil, errNotBuilt }

// ErrCanceled is returned by Read after Cancel.
var ErrCanceled = errors.New("input canceled")

// Read reads what was typed.
func (i *Input) Read(p []byte) (int, error) { return 0, errNotBuilt }

// Cancel makes the present and every later Read return ErrCanceled. The caller
// still waits for its reader to return.
func (i *Input) Cancel() {}

// Close releases what Input holds; the terminal stays open. Cancel first, and
// wait for the reader.
func (i *Input) Close() error { return nil }

// WatchSize sends the size whenever it changed, until ctx ends; then it closes
// the channel. By SIGWINCH on Unix, by polling on Windows.
func (t *Terminal) WatchSize(ctx context.Context) <-chan Size { return nil }

// Reset undoes what a remote program may have left behind in the terminal:
// mouse reports, focus reports, bracketed paste, application cursor and keypad,
// kitty keyboard flags, scroll region, origin mode, character set, colours, a
// hidden cursor. It does not clear the screen and does not move to another one
// unless the alternate screen was left on.
const Reset = ""
