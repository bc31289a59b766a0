package sshconn

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"

	"podbay/rawio"
)

// rawTCP reads and writes a socket, which never blocks in the Go runtime's hands,
// without telling the runtime of each call.
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
		n, err = rawio.ReadNow(fd, p)
		return !errors.Is(err, syscall.EAGAIN)
	})
	switch {
	case waitErr != nil:
		return 0, c.named("read", waitErr)
	case err != nil:
		return 0, c.named("read", err)
	case n == 0:
		return 0, io.EOF
	}
	return n, nil
}

func (c *rawTCP) Write(p []byte) (int, error) {
	n, err := rawio.Write(c.raw, p)
	return n, c.named("write", err)
}

// named is the error that net gives for what went wrong in the call or in the wait.
func (c *rawTCP) named(op string, err error) error {
	var wait *net.OpError
	var errno syscall.Errno
	switch {
	case errors.As(err, &wait):
		wait.Op = op
		return wait
	case errors.As(err, &errno):
		return &net.OpError{Op: op, Net: "tcp", Source: c.LocalAddr(), Addr: c.RemoteAddr(), Err: os.NewSyscallError(op, errno)}
	}
	return err
}
