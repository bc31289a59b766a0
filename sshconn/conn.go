package sshconn

import (
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
)

// Conn is an authenticated SSH connection.
type Conn struct {
	net  *netConn
	ssh  ssh.Conn
	info Info
	at   func(place string) // for tests: called in each goroutine; may panic

	done  chan struct{}  // closed when the connection has ended
	loops sync.WaitGroup // what reads x/crypto's channels
	work  sync.WaitGroup // what waits for answers of the server

	mu      sync.Mutex
	spare   chan *Shell // by Reserve; nil for none
	closing bool        // by Close
	cause   error       // why this side ended the connection, other than by Close
	err     error
}

// Info is what was agreed on when a connection was made.
type Info struct {
	ServerVersion string // cleaned
	KeyExchange   string
	Cipher        string // of what this side sends
	MAC           string // "" where the cipher needs none
	HostKeyType   string
	HostKeyTrust  Trust
	HostKey       string // SHA256 fingerprint; of the key in it when the host showed a certificate
	Identity      string // the Key.Name that the server took; "" when it asked for none
	IdentityKey   string // its SHA256 fingerprint
	Banner        string // the server's message before authentication, cleaned and bounded
}

// stuckTimeout is how long x/crypto may take to come to its end after it has
// reported it. A server that breaks the protocol while it floods the connection
// can keep it from ending at all.
const stuckTimeout = 2 * time.Second

func newConn(conn *netConn, sshConn ssh.Conn, chans <-chan ssh.NewChannel, reqs <-chan *ssh.Request, info Info, at func(string)) *Conn {
	c := &Conn{net: conn, ssh: sshConn, info: info, at: at, done: make(chan struct{})}
	c.loops.Go(c.guarded(func() {
		c.met("requests")
		ssh.DiscardRequests(reqs) // "hostkeys-00@openssh.com" and keepalives
	}))
	c.loops.Go(c.guarded(func() {
		c.met("channels")
		for channel := range chans {
			_ = channel.Reject(ssh.UnknownChannelType, "podbay opens all channels itself")
		}
	}))
	ended := make(chan error, 1)
	go c.guarded(func() {
		c.met("end")
		ended <- sshConn.Wait()
	})()
	go func() {
		defer close(c.done)
		defer c.settle(nil) // if finish fails
		c.guarded(func() { c.finish(ended) })()
	}()
	return c
}

// finish waits for the connection's end and settles what Err says.
func (c *Conn) finish(ended <-chan error) {
	c.met("finish")
	c.loops.Wait()
	var err error
	timer := time.NewTimer(stuckTimeout)
	defer timer.Stop()
	select {
	case err = <-ended:
	case <-timer.C:
		err = errors.New("the server broke the protocol")
	}
	c.net.Close()
	c.settle(endCause(err))
}

// settle sets what Err says once the connection has ended: what was set first, this
// side's cause, or else err.
func (c *Conn) settle(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.err != nil:
	case c.cause != nil:
		c.err = c.cause
	case !c.closing:
		c.err = err
	}
}

// Info returns what was agreed on.
func (c *Conn) Info() Info { return c.info }

// Close ends the connection and everything on it, and waits for its goroutines.
func (c *Conn) Close() error {
	c.mu.Lock()
	c.closing = true
	c.mu.Unlock()
	c.net.Close() // unblocks whatever reads or writes
	<-c.done
	c.work.Wait()
	return nil
}

// Done is closed when the connection has ended, whatever ended it.
func (c *Conn) Done() <-chan struct{} { return c.done }

// Err is why the connection ended, cleaned; nil before Done is closed and after
// a Close of ours. It is [ErrDeadPeer] or, with the server's reason if it gave
// one, [ErrClosed]; ask with errors.Is.
func (c *Conn) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// Heard is when bytes of the server last arrived. What was sent before that may
// still have been on its way then.
func (c *Conn) Heard() time.Time { return c.net.born.Add(time.Duration(c.net.last.Load())) }

// abort ends the connection for a reason that Err will give.
func (c *Conn) abort(cause error) {
	c.mu.Lock()
	if c.cause == nil && !c.closing {
		c.cause = cause
	}
	c.mu.Unlock()
	c.net.Close()
}

// start runs work that Close waits for; false when the connection is closing.
func (c *Conn) start(work func()) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing {
		return false
	}
	c.work.Go(c.guarded(work))
	return true
}

// ask asks the server for an answer, as OpenSSH's client does. Either answer
// says that it is there; the result is false when the connection has ended. On
// a dead path ask blocks, and with it every other one, until it is closed.
func (c *Conn) ask() bool {
	_, _, err := c.ssh.SendRequest("keepalive@openssh.com", true, nil)
	return err == nil
}

// lost returns why the connection ended; nil when it stands.
func (c *Conn) lost() error {
	if c.ask() {
		return nil
	}
	<-c.done
	if err := c.Err(); err != nil {
		return err
	}
	return errClosedHere
}

var errClosedHere = errors.New("the connection was closed by podbay")

// KeepAlive asks the server for a sign of life after each interval in which
// nothing arrived, and ends the connection with [ErrDeadPeer] when none came for
// patience after that. It returns when the connection or ctx ends. Any traffic
// that arrives counts as a sign of life. A dead peer is so noticed within
// interval + patience. Durations of 0 or less switch it off.
func (c *Conn) KeepAlive(ctx context.Context, interval, patience time.Duration) {
	if interval <= 0 || patience <= 0 {
		return
	}
	answered := make(chan struct{}, 1)
	asking := false
	for {
		if !c.pause(ctx, interval-c.net.idle()) {
			return
		}
		if c.net.idle() < interval {
			continue
		}
		before := c.net.reads.Load()
		if !asking {
			// Beside this loop: on a dead path ask comes back only when the
			// connection is closed, which is done here.
			asking = c.start(func() {
				c.met("ask")
				c.ask()
				answered <- struct{}{}
			})
		}
		timer := time.NewTimer(patience)
		select {
		case <-answered:
			asking = false
		case <-timer.C:
			if c.net.reads.Load() == before {
				c.abort(ErrDeadPeer)
			}
		case <-ctx.Done():
		case <-c.done:
		}
		timer.Stop()
	}
}

// pause waits for d; it returns false when the connection or ctx ended.
func (c *Conn) pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-c.done:
		return false
	case <-timer.C:
		return true
	}
}
