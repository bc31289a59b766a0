package sshconn

import (
	"errors"

	"golang.org/x/sys/windows"
)

// Windows has socket errors of its own; package syscall's Unix names are
// invented there and match none of them.

func isRefused(err error) bool { return errors.Is(err, windows.WSAECONNREFUSED) }

func isReset(err error) bool {
	return errors.Is(err, windows.WSAECONNRESET) || errors.Is(err, windows.WSAECONNABORTED)
}
