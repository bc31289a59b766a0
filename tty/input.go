package tty

import "errors"

// ErrCanceled is returned by Read after Cancel.
var ErrCanceled = errors.New("input canceled")

// Input reads keys from the terminal and can be stopped without losing one:
// bytes that were not returned by Read stay in the terminal for the next reader.
//
// Read belongs to one goroutine. Cancel may be called from any, more than once.
type Input struct{ r inputReader }

// inputReader is a platform's way of reading.
type inputReader interface {
	Read(p []byte) (int, error)
	Cancel()
	Close() error
	polled() bool
}

// Input starts reading. One Input at a time; Close it before the next.
func (t *Terminal) Input() (*Input, error) {
	r, err := newInputReader(t.in)
	if err != nil {
		return nil, err
	}
	return &Input{r}, nil
}

// Polled reports whether Read waits as the Go runtime waits for a network, and not in a
// call that blocks a thread.
func (i *Input) Polled() bool { return i.r.polled() }

// Read reads what was typed. After [Input.Cancel] it returns ErrCanceled.
func (i *Input) Read(p []byte) (int, error) { return i.r.Read(p) }

// Cancel makes the present and every later Read return ErrCanceled. When it has
// returned nothing more is taken from the terminal; a Read that had taken bytes
// before still returns them. The caller still waits for its reader to return.
func (i *Input) Cancel() { i.r.Cancel() }

// Close releases what Input holds; the terminal stays open. Cancel first, and
// wait for the reader.
func (i *Input) Close() error { return i.r.Close() }
