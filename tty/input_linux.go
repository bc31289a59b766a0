package tty

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ownInput reads the terminal through an open file of its own. O_NONBLOCK belongs to
// an open file: on this one it is nobody else's, so that the Go runtime can wait for
// keys as it waits for the network. A wait that blocks a thread instead costs each key
// the wake-ups of the runtime's other threads.
//
// There may be none: the terminal of another user, by su or sudo, cannot be opened.
type ownInput struct {
	file *os.File
	raw  syscall.RawConn
	gate
}

func newOwnInput(f *os.File) (inputReader, error) {
	path := fmt.Sprintf("/proc/self/fd/%d", f.Fd()) // the same terminal, whatever it is called here
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_NOCTTY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open %s anew: %w", f.Name(), err)
	}
	own := &ownInput{file: os.NewFile(uintptr(fd), f.Name())}
	own.raw, err = own.file.SyscallConn()
	if err == nil {
		err = own.file.SetReadDeadline(time.Time{}) // fails where the runtime cannot wait for it
	}
	if err != nil {
		own.file.Close()
		return nil, fmt.Errorf("wait for keys of %s: %w", f.Name(), err)
	}
	return own, nil
}

func (o *ownInput) Read(p []byte) (n int, err error) {
	open := true
	waitErr := o.raw.Read(func(fd uintptr) (done bool) {
		open = o.pass(func() { n, err = readNow(fd, p) })
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

// readNow reads from what does not block. So the runtime need not be told of it, which
// would wake its monitor thread for a key.
func readNow(fd uintptr, p []byte) (int, error) {
	for {
		n, _, errno := syscall.RawSyscall(unix.SYS_READ, fd, uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
		switch errno {
		case 0:
			return int(n), nil
		case unix.EINTR:
		default:
			return 0, errno
		}
	}
}

func (o *ownInput) Cancel() {
	if o.shut() {
		_ = o.file.SetReadDeadline(time.Unix(0, 1)) // wakes the reader; fails only once it is closed
	}
}

func (o *ownInput) Close() error { return o.file.Close() }
