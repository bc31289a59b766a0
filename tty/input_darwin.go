package tty

import (
	"errors"
	"os"
)

// newOwnInput finds no way: kqueue, by which the Go runtime waits, knows no /dev/tty.
func newOwnInput(*os.File) (inputReader, error) { return nil, errors.ErrUnsupported }
