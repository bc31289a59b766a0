//go:build linux || darwin

package tty

import (
	"errors"
	"os"
	"os/signal"

	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

func querySize(f *os.File) (Size, error) {
	ws, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return Size{}, err
	}
	return Size{Cols: int(ws.Col), Rows: int(ws.Row), Width: int(ws.Xpixel), Height: int(ws.Ypixel)}, nil
}

// makeRaw changes the mode at once, without waiting for output to drain: that
// wait would have no end on a paused terminal.
func makeRaw(in, _ *os.File) (undo func() error, err error) {
	fd := int(in.Fd())
	state, err := term.MakeRaw(fd)
	if err != nil {
		return nil, err
	}
	return func() error {
		err := term.Restore(fd, state)
		if errors.Is(err, unix.EIO) { // it has hung up, and there is no mode left
			return nil
		}
		return err
	}, nil
}

// notifySize tells of every SIGWINCH; one that waits stands for all that came.
func notifySize() (changed <-chan os.Signal, stop func()) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, unix.SIGWINCH)
	return signals, func() { signal.Stop(signals) }
}

// clearNonblock mends a terminal that another process left in non-blocking mode
// while we use it, and reports whether it was that: O_NONBLOCK belongs to the
// open file, which the processes of a terminal share.
func clearNonblock(f *os.File, err error) bool {
	return errors.Is(err, unix.EAGAIN) && unix.SetNonblock(int(f.Fd()), false) == nil
}
