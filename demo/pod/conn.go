package pod

import (
	"errors"
	"io"
	"net"
	"sync"
)

// conn is a TCP connection that can go dead, and that counts shell output.
type conn struct {
	*net.TCPConn
	meter  *meter // nil: output is unlimited
	dead   chan struct{}
	closed chan struct{}

	markDead  func()
	closeOnce func() error
}

func newConn(tcp *net.TCPConn, b Behaviour) *conn {
	c := &conn{TCPConn: tcp, dead: make(chan struct{}), closed: make(chan struct{})}
	c.markDead = sync.OnceFunc(func() { close(c.dead) })
	c.closeOnce = sync.OnceValue(func() error {
		close(c.closed)
		return tcp.Close()
	})
	switch {
	case b.DropAfter > 0:
		c.meter = &meter{left: b.DropAfter, spent: c.reset}
	case b.DeadAfter > 0:
		c.meter = &meter{left: b.DeadAfter, spent: c.goDead}
	}
	return c
}

func (c *conn) Read(p []byte) (int, error) {
	n, err := c.TCPConn.Read(p)
	if c.waitIfDead() {
		return 0, net.ErrClosed
	}
	return n, err
}

func (c *conn) Write(p []byte) (int, error) {
	if c.waitIfDead() {
		return 0, net.ErrClosed
	}
	return c.TCPConn.Write(p)
}

// waitIfDead holds whoever uses a dead connection until it is closed.
func (c *conn) waitIfDead() bool {
	select {
	case <-c.dead:
		<-c.closed
		return true
	default:
		return false
	}
}

func (c *conn) Close() error { return c.closeOnce() }

// goDead stops reading and writing and keeps the socket.
func (c *conn) goDead() { c.markDead() }

// reset closes with a RST in place of a FIN.
func (c *conn) reset() {
	_ = c.SetLinger(0)
	_ = c.Close()
}

// limit returns w bounded by the connection's meter.
func (c *conn) limit(w io.Writer) io.Writer {
	if c.meter == nil {
		return w
	}
	return &meteredWriter{w: w, meter: c.meter}
}

// meter counts what all shells of a connection print, down to 0.
type meter struct {
	mu    sync.Mutex
	left  int64
	spent func() // called once, when left reaches 0
}

type meteredWriter struct {
	w     io.Writer
	meter *meter
}

var errSpent = errors.New("the connection has carried all the output it may")

func (m *meteredWriter) Write(p []byte) (int, error) {
	m.meter.mu.Lock()
	defer m.meter.mu.Unlock()
	if m.meter.left == 0 {
		return 0, errSpent
	}
	if int64(len(p)) < m.meter.left {
		n, err := m.w.Write(p)
		m.meter.left -= int64(n)
		return n, err
	}
	n, err := m.w.Write(p[:m.meter.left])
	m.meter.left = 0
	m.meter.spent()
	if err == nil {
		err = errSpent
	}
	return n, err
}
