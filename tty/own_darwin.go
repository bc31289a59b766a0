package tty

import (
	"errors"
	"io"
	"os"
)

// There is no terminal by an open file of podbay's own: kqueue, by which the Go runtime
// waits, knows no /dev/tty.

func newOwnInput(*os.File) (inputReader, error) { return nil, errors.ErrUnsupported }

func newOwnOutput(*os.File) (io.WriteCloser, error) { return nil, errors.ErrUnsupported }
