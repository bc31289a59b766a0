package tty

import (
	"io"
	"os"
)

// Output writes to the terminal. Write takes all it is given and blocks for as long as
// the terminal takes no output; DiscardOutput ends that. Close releases what Output
// holds; the terminal stays open.
type Output struct {
	io.WriteCloser
	polled bool
}

// Output starts writing.
func (t *Terminal) Output() *Output {
	if own, err := newOwnOutput(t.out); err == nil {
		return &Output{own, true}
	}
	return &Output{sharedOutput{t.out}, false}
}

// Polled reports whether Write waits as the Go runtime waits for a network, and not in
// a call that blocks a thread.
func (o *Output) Polled() bool { return o.polled }

// sharedOutput is the terminal's file that the process was given, which blocks and must
// stay so.
type sharedOutput struct{ file *os.File }

func (o sharedOutput) Write(p []byte) (int, error) {
	written := 0
	for {
		n, err := o.file.Write(p[written:])
		written += n
		if err == nil || !clearNonblock(o.file, err) {
			return written, err
		}
	}
}

func (sharedOutput) Close() error { return nil }
