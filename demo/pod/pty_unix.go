//go:build linux || darwin

package pod

import (
	"os"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
)

// terminal is a PTY that no program may yet run on.
type terminal struct {
	master *os.File
	tty    *os.File // kept open until a program has it, else the master reads EIO
}

func openTerminal(size windowChange, modes []mode) (*terminal, error) {
	master, tty, err := pty.Open()
	if err != nil {
		return nil, err
	}
	t := &terminal{master: master, tty: tty}
	if err := t.prepare(size, modes); err != nil {
		t.close()
		return nil, err
	}
	return t, nil
}

func (t *terminal) prepare(size windowChange, modes []mode) error {
	if err := makePollable(t.master); err != nil {
		return err
	}
	if err := t.resize(size); err != nil {
		return err
	}
	return control(t.tty, func(fd int) error { return applyModes(fd, modes) })
}

func (t *terminal) resize(size windowChange) error {
	return control(t.master, func(fd int) error {
		return unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{
			Col: uint16(size.Cols), Row: uint16(size.Rows),
			Xpixel: uint16(size.Width), Ypixel: uint16(size.Height),
		})
	})
}

func (t *terminal) close() {
	_ = t.tty.Close()
	_ = t.master.Close()
}

// control lends out f's descriptor. Fd would make it blocking.
func control(f *os.File, use func(fd int) error) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	if err := raw.Control(func(fd uintptr) { failed = use(int(fd)) }); err != nil {
		return err
	}
	return failed
}
