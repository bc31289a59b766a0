package sshconn

import (
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// netConn is a TCP connection that notes when bytes arrived, what the server
// said first, and whether it has failed. It reads ahead, acknowledges at once
// while a connection is being made, and can send several writes as one.
type netConn struct {
	net.Conn
	born   time.Time
	last   atomic.Int64 // when bytes last arrived, in nanoseconds after born
	reads  atomic.Uint64
	broken atomic.Bool

	identified atomic.Bool // scan has its answer
	mu         sync.Mutex
	scan       identScanner

	in     inbox
	acks   quickAcks
	shells atomic.Int32 // that are being opened or open: a flood of theirs is read at ease

	out    sync.Mutex
	corked chan int // takes the length of the first write that is held back; nil when none is
	held   []byte
}

func newNetConn(conn net.Conn) *netConn {
	c := &netConn{Conn: newRawTCP(conn), born: time.Now(), acks: newQuickAcks(conn), in: inbox{idle: make(chan struct{}, 1)}}
	c.hurry()
	return c
}

// hurry has the next reads acknowledged at once.
func (c *netConn) hurry() { c.acks.begin() }

// Read is called by one goroutine at a time, as x/crypto does.
func (c *netConn) Read(p []byte) (int, error) {
	if n := c.in.take(p); n > 0 {
		return n, nil
	}
	arrived, err := c.in.fill(c.Conn, len(p), c.shells.Load() > 0)
	if len(arrived) > 0 {
		c.acks.again()
		c.last.Store(int64(time.Since(c.born)))
		c.reads.Add(1)
		if !c.identified.Load() {
			c.mu.Lock()
			c.identified.Store(c.scan.feed(arrived))
			c.mu.Unlock()
		}
		return c.in.take(p), nil
	}
	if err != nil {
		c.broken.Store(true)
	}
	return 0, err
}

func (c *netConn) Write(p []byte) (int, error) {
	c.out.Lock()
	defer c.out.Unlock()
	if c.corked != nil {
		if len(c.held) == 0 {
			c.corked <- len(p)
		}
		c.held = append(c.held, p...)
		return len(p), nil
	}
	return c.write(p)
}

func (c *netConn) write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	if err != nil {
		c.broken.Store(true)
	}
	return n, err
}

// cork holds back what is written from now on. The channel gets the length of the
// first of these writes. Nothing else may cork before uncork.
func (c *netConn) cork() (first <-chan int) {
	c.out.Lock()
	defer c.out.Unlock()
	c.corked = make(chan int, 1)
	return c.corked
}

// uncork sends what was held back, as one write. When that fails the connection is
// closed: the writers were told that it went well.
func (c *netConn) uncork() {
	c.out.Lock()
	defer c.out.Unlock()
	held := c.held
	c.corked, c.held = nil, nil
	if len(held) == 0 {
		return
	}
	if _, err := c.write(held); err != nil {
		c.Close()
	}
}

// idle is for how long nothing has arrived.
func (c *netConn) idle() time.Duration {
	return time.Since(c.born) - time.Duration(c.last.Load())
}

// said returns the server's identification, or what it said instead.
func (c *netConn) said() (ident, instead string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.scan.ident != "" {
		return c.scan.ident, ""
	}
	return "", c.scan.said()
}
