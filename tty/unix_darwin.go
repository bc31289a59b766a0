package tty

import (
	"os"

	"golang.org/x/sys/unix"
)

func queryTermios(fd int) (*unix.Termios, error) { return unix.IoctlGetTermios(fd, unix.TIOCGETA) }

// fwrite is FWRITE of <sys/fcntl.h>, the queue that TIOCFLUSH is to empty.
const fwrite = 2

// discardOutput also resumes output that was stopped by tcflow, since a stopped
// terminal takes nothing, however empty it is.
func discardOutput(f *os.File) error {
	fd := int(f.Fd())
	if err := unix.IoctlSetInt(fd, unix.TIOCSTART, 0); err != nil {
		return err
	}
	return unix.IoctlSetPointerInt(fd, unix.TIOCFLUSH, fwrite)
}

// inputName makes cancelreader wait with select, which it does for a file of
// this name: neither kqueue nor poll works on /dev/tty, and standard input may
// be /dev/tty under another name.
func inputName(*os.File) string { return "/dev/tty" }

// vdisable is the control character that means "none": _POSIX_VDISABLE.
const vdisable = 0xff

// Darwin's own: see modes in modes_unix.go.
var platformModes = []mode{
	{op: 11, in: ccChars, bit: unix.VDSUSP},
	{op: 17, in: ccChars, bit: unix.VSTATUS},
}
