package sshconn

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"unsafe"
)

// rawTCP reads and writes a socket without telling the Go runtime of each call. A
// socket of the runtime's never blocks, so that nothing needs to be told; in a program
// that was idle it wakes the runtime's monitor thread at every key and every echo.
type rawTCP struct {
	net.Conn
	raw syscall.RawConn
}

func newRawTCP(conn net.Conn) net.Conn {
	if tcp, ok := conn.(*net.TCPConn); ok {
		if raw, err := tcp.SyscallConn(); err == nil {
			return &rawTCP{tcp, raw}
		}
	}
	return conn
}

func (c *rawTCP) Read(p []byte) (n int, err error) {
	if len(p) == 0 {
		return 0, nil
	}
	waitErr := c.raw.Read(func(fd uintptr) (done bool) {
		n, err = callNow(syscall.SYS_READ, fd, p)
		return !errors.Is(err, syscall.EAGAIN)
	})
	if err := c.failed("read", waitErr, err); err != nil {
		return 0, err
	}
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

func (c *rawTCP) Write(p []byte) (written int, err error) {
	waitErr := c.raw.Write(func(fd uintptr) (done bool) {
		for written < len(p) {
			var n int
			if n, err = callNow(syscall.SYS_WRITE, fd, p[written:]); err != nil {
				return !errors.Is(err, syscall.EAGAIN)
			}
			written += n
		}
		return true
	})
	return written, c.failed("write", waitErr, err)
}

// failed is the error that net gives for what went wrong in waiting or in the call.
func (c *rawTCP) failed(op string, waitErr, callErr error) error {
	var wait *net.OpError
	switch {
	case errors.As(waitErr, &wait):
		wait.Op = op
		return wait
	case waitErr != nil:
		return waitErr
	case callErr != nil:
		return &net.OpError{Op: op, Net: "tcp", Source: c.LocalAddr(), Addr: c.RemoteAddr(), Err: os.NewSyscallError(op, callErr)}
	}
	return nil
}

// callNow is read or write on what does not block.
func callNow(call, fd uintptr, p []byte) (int, error) {
	for {
		n, _, errno := syscall.RawSyscall(call, fd, uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
		switch errno {
		case 0:
			return int(n), nil
		case syscall.EINTR:
		default:
			return 0, errno
		}
	}
}
