package sshconn

import (
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// netConn is a TCP connection that notes when bytes arrived, what the server
// said first, and whether it has failed.
type netConn struct {
	net.Conn
	born   time.Time
	last   atomic.Int64 // when bytes last arrived, in nanoseconds after born
	reads  atomic.Uint64
	broken atomic.Bool

	identified atomic.Bool // scan has its answer
	mu         sync.Mutex
	scan       identScanner
}

func newNetConn(conn net.Conn) *netConn {
	return &netConn{Conn: conn, born: time.Now()}
}

func (c *netConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 {
		c.last.Store(int64(time.Since(c.born)))
		c.reads.Add(1)
		if !c.identified.Load() {
			c.mu.Lock()
			c.identified.Store(c.scan.feed(p[:n]))
			c.mu.Unlock()
		}
	}
	if err != nil {
		c.broken.Store(true)
	}
	return n, err
}

func (c *netConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	if err != nil {
		c.broken.Store(true)
	}
	return n, err
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
