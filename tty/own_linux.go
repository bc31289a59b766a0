package tty

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"podbay/rawio"
)

// ownFile is the terminal by an open file of podbay's own. O_NONBLOCK belongs to an
// open file: on this one it is nobody else's, so that the Go runtime can wait for the
// terminal as it waits for the network. A call that blocks a thread instead costs each
// key, and each piece of output, the wake-ups of the runtime's other threads.
//
// There may be none: the terminal of another user, by su or sudo, cannot be opened.
type ownFile struct {
	file *os.File
	raw  syscall.RawConn
}

// openOwn opens the terminal that f is, for reading or for writing.
func openOwn(f *os.File, access int) (*ownFile, error) {
	path := fmt.Sprintf("/proc/self/fd/%d", f.Fd()) // the same terminal, whatever it is called here
	fd, err := unix.Open(path, access|unix.O_NOCTTY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open %s anew: %w", f.Name(), err)
	}
	own := &ownFile{file: os.NewFile(uintptr(fd), f.Name())}
	own.raw, err = own.file.SyscallConn()
	if err == nil {
		err = own.file.SetDeadline(time.Time{}) // fails where the runtime cannot wait for it
	}
	if err != nil {
		own.file.Close()
		return nil, fmt.Errorf("wait for %s: %w", f.Name(), err)
	}
	return own, nil
}

func (o *ownFile) Close() error { return o.file.Close() }

type ownInput struct {
	*ownFile
	gate
}

func newOwnInput(f *os.File) (inputReader, error) {
	own, err := openOwn(f, unix.O_RDONLY)
	if err != nil {
		return nil, err
	}
	return &ownInput{ownFile: own}, nil
}

func (o *ownInput) Read(p []byte) (n int, err error) {
	open := true
	waitErr := o.raw.Read(func(fd uintptr) (done bool) {
		open = o.pass(func() { n, err = rawio.ReadNow(fd, p) })
		return !open || !errors.Is(err, unix.EAGAIN)
	})
	switch {
	case !open, errors.Is(waitErr, os.ErrDeadlineExceeded):
		return 0, ErrCanceled
	case waitErr != nil:
		return 0, waitErr
	case err != nil:
		return 0, fmt.Errorf("read %s: %w", o.file.Name(), err)
	case n == 0:
		return 0, io.EOF
	}
	return n, nil
}

func (o *ownInput) polled() bool { return true }

func (o *ownInput) Cancel() {
	if o.shut() {
		_ = o.file.SetReadDeadline(time.Unix(0, 1)) // wakes the reader; fails only once it is closed
	}
}

type ownOutput struct{ *ownFile }

func newOwnOutput(f *os.File) (io.WriteCloser, error) {
	own, err := openOwn(f, unix.O_WRONLY)
	if err != nil {
		return nil, err
	}
	return ownOutput{own}, nil
}

func (o ownOutput) Write(p []byte) (int, error) {
	n, err := rawio.Write(o.raw, p)
	if err != nil {
		return n, fmt.Errorf("write %s: %w", o.file.Name(), err)
	}
	return n, nil
}
