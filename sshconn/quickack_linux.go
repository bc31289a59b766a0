package sshconn

import (
	"net"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
)

// quickAcks has the kernel acknowledge what arrives at once. sshd leaves Nagle's
// algorithm on until a shell runs, so each of its small packets that follows
// another waits for the acknowledgement of that one, which Linux delays by 40 ms
// unless it is told otherwise. The kernel forgets what it was told: tcp(7).
type quickAcks struct {
	conn syscall.RawConn // nil when conn is no TCP connection
	left *atomic.Int32
}

// quickReads covers a handshake, a login and the start of a shell.
const quickReads = 64

func newQuickAcks(conn net.Conn) quickAcks {
	q := quickAcks{left: new(atomic.Int32)}
	if tcp, ok := conn.(*net.TCPConn); ok {
		if raw, err := tcp.SyscallConn(); err == nil {
			q.conn = raw
		}
	}
	return q
}

func (q quickAcks) begin() {
	q.left.Store(quickReads)
	q.again()
}

// again is called after each read.
func (q quickAcks) again() {
	if q.conn == nil || q.left.Load() <= 0 {
		return
	}
	q.left.Add(-1)
	_ = q.conn.Control(func(fd uintptr) { // a socket that is gone is told by the next read
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_QUICKACK, 1)
	})
}
