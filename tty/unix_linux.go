package tty

import (
	"os"

	"golang.org/x/sys/unix"
)

// queryTermios uses TCGETS2: TCGETS does not fill in the speeds.
func queryTermios(fd int) (*unix.Termios, error) { return unix.IoctlGetTermios(fd, unix.TCGETS2) }

// discardOutput stops and resumes output after it emptied the queue: that wakes
// a writer, which TCFLSH alone does not do on a pseudo terminal, and takes back
// a stop by somebody's tcflow.
func discardOutput(f *os.File) error {
	fd := int(f.Fd())
	if err := unix.IoctlSetInt(fd, unix.TCFLSH, unix.TCOFLUSH); err != nil {
		return err
	}
	if err := unix.IoctlSetInt(fd, unix.TCXONC, unix.TCOOFF); err != nil {
		return err
	}
	return unix.IoctlSetInt(fd, unix.TCXONC, unix.TCOON)
}

// inputName is what cancelreader is told the terminal is called; on Linux it
// waits with epoll whatever the name.
func inputName(f *os.File) string { return f.Name() }

// vdisable is the control character that means "none": _POSIX_VDISABLE.
const vdisable = 0

// Linux's own: see modes in modes_unix.go.
var platformModes = []mode{
	{op: 16, in: ccChars, bit: unix.VSWTC},
	{op: 37, in: inputFlags, bit: unix.IUCLC},
	{op: 52, in: localFlags, bit: unix.XCASE},
	{op: 71, in: outputFlags, bit: unix.OLCUC},
}
