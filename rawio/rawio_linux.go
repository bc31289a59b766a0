package rawio

import (
	"errors"
	"syscall"
	"unsafe"
)

// ReadNow is read(2) on fd, which must not block: it has O_NONBLOCK. Where nothing is
// there the error is EAGAIN, at the end of the file there is neither byte nor error.
func ReadNow(fd uintptr, p []byte) (int, error) { return call(syscall.SYS_READ, fd, p) }

// writeMost is how much one call writes: a console, other than a pseudo terminal, draws all
// it is given before it returns, and nothing else runs on the processor meanwhile.
const writeMost = 16 << 10

// Write writes all of p to conn, which must not block, and waits as the runtime does
// for it to take more. It returns how much was written, and why that is not all: a
// [syscall.Errno], or what conn says of the waiting, such as that it was closed.
func Write(conn syscall.RawConn, p []byte) (written int, err error) {
	waitErr := conn.Write(func(fd uintptr) (done bool) {
		for err = nil; written < len(p) && err == nil; {
			var n int
			n, err = call(syscall.SYS_WRITE, fd, p[written:min(len(p), written+writeMost)])
			written += n
		}
		return !errors.Is(err, syscall.EAGAIN)
	})
	if waitErr != nil {
		return written, waitErr
	}
	return written, err
}

func call(number, fd uintptr, p []byte) (int, error) {
	for {
		n, _, errno := syscall.RawSyscall(number, fd, uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
		switch errno {
		case 0:
			return int(n), nil
		case syscall.EINTR:
		default:
			return 0, errno
		}
	}
}
