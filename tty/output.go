package tty

import (
	"io"
	"os"
)

// Output returns what writes to the terminal. Write takes all it is given and blocks
// for as long as the terminal takes no output; DiscardOutput ends that. Close releases
// what Output holds; the terminal stays open. Writes that overlap are kept apart, in
// any order.
func (t *Terminal) Output() io.WriteCloser {
	if own, err := newOwnOutput(t.out); err == nil {
		return own
	}
	return sharedOutput{t.out}
}

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
