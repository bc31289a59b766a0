// Package netfault is a TCP link for tests that can fail the way networks do:
// fall silent without a word, break, be slow and narrow, and lead elsewhere.
//
// Only tests import it.
package netfault

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"
)

const (
	chunkSize = 32 << 10
	inFlight  = 64 // chunks that a slow or frozen link holds in each direction
)

// Link forwards TCP connections from its address to its target.
type Link struct {
	Addr string // where it began; Move changes where it listens

	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu       sync.Mutex
	target   string
	listener net.Listener
	rate     int           // bytes a second in each direction; 0 for no limit
	thawed   chan struct{} // nil while open, else closed by Thaw
	delay    time.Duration
	quota    int64 // bytes from the target until the link breaks; negative for none
	conns    map[net.Conn]struct{}
	opened   int
}

// Start opens a link on loopback to target ("host:port"). It ends, and its
// goroutines with it, when the test does.
func Start(tb testing.TB, target string) *Link {
	tb.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatalf("open a link to %s: %v", target, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	l := &Link{
		Addr: listener.Addr().String(), target: target, listener: listener,
		ctx: ctx, cancel: cancel, quota: -1, conns: map[net.Conn]struct{}{},
	}
	l.wg.Go(func() { l.accept(listener) })
	tb.Cleanup(l.Close)
	return l
}

// Close ends the link and all connections over it.
func (l *Link) Close() {
	l.cancel()
	l.mu.Lock()
	l.listener.Close()
	l.mu.Unlock()
	l.Cut()
	l.wg.Wait()
}

// Freeze stops all bytes in both directions, those of new connections too. No
// end of a connection is told: to either side the other has fallen silent.
func (l *Link) Freeze() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.thawed == nil {
		l.thawed = make(chan struct{})
	}
}

// Thaw lets the bytes pass again. None that was under way is lost.
func (l *Link) Thaw() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.thawed != nil {
		close(l.thawed)
		l.thawed = nil
	}
}

// Cut resets all connections. New ones pass.
func (l *Link) Cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for conn := range l.conns {
		reset(conn)
	}
}

// CutAfter resets all connections when n more bytes have come from the target.
func (l *Link) CutAfter(n int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.quota = n
}

// Delay makes bytes take that long, one way, in both directions, from now on.
func (l *Link) Delay(oneWay time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.delay = oneWay
}

// Throttle lets no more than that many bytes a second pass, in each direction of
// each connection; 0 takes the limit away.
func (l *Link) Throttle(bytesPerSecond int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rate = bytesPerSecond
}

// Lead makes new connections go to another target ("host:port").
func (l *Link) Lead(target string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.target = target
}

// Move makes the link listen on another port, whose address it returns. The one
// before refuses connections; those that are open stay.
func (l *Link) Move(tb testing.TB) (addr string) {
	tb.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatalf("move a link: %v", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.listener.Close()
	l.listener = listener
	l.wg.Go(func() { l.accept(listener) })
	return listener.Addr().String()
}

// Opened counts the connections that were made so far.
func (l *Link) Opened() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.opened
}

func (l *Link) accept(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		l.wg.Go(func() { l.serve(conn) })
	}
}

// serve forwards one connection until both directions have ended.
func (l *Link) serve(near net.Conn) {
	if !l.keep(near) {
		return
	}
	defer l.drop(near)
	var dialer net.Dialer
	l.mu.Lock()
	target := l.target
	l.mu.Unlock()
	far, err := dialer.DialContext(l.ctx, "tcp", target)
	if err != nil {
		return // near is closed: all that a link can say
	}
	if !l.keep(far) {
		return
	}
	defer l.drop(far)
	l.mu.Lock()
	l.opened++
	l.mu.Unlock()
	var pumps sync.WaitGroup
	pumps.Go(func() { l.pump(far, near, false) })
	pumps.Go(func() { l.pump(near, far, true) })
	pumps.Wait()
}

func (l *Link) keep(conn net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ctx.Err() != nil {
		conn.Close()
		return false
	}
	l.conns[conn] = struct{}{}
	return true
}

func (l *Link) drop(conn net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.conns, conn)
	conn.Close()
}

type chunk struct {
	data []byte
	due  time.Time
}

// pump carries bytes from one side to the other, through a queue, so that a
// delay costs latency and not throughput.
func (l *Link) pump(to, from net.Conn, metered bool) {
	queue := make(chan chunk, inFlight)
	var reader sync.WaitGroup
	reader.Go(func() {
		defer close(queue)
		for {
			data := make([]byte, chunkSize)
			n, err := from.Read(data)
			if n > 0 {
				select {
				case queue <- chunk{data[:n], time.Now().Add(l.currentDelay())}:
				case <-l.ctx.Done():
					return
				}
			}
			if err != nil {
				return
			}
		}
	})
	l.deliver(to, from, queue, metered)
	for range queue { // what can no longer be delivered
	}
	reader.Wait()
}

func (l *Link) deliver(to, from net.Conn, queue <-chan chunk, metered bool) {
	for c := range queue {
		if !l.await(time.Until(c.due)) || !l.await(l.toll(len(c.data))) {
			return
		}
		data := c.data
		if metered {
			data = l.spend(data)
		}
		if _, err := to.Write(data); err != nil {
			reset(from)
			return
		}
		if len(data) < len(c.data) {
			l.Cut()
			return
		}
	}
	if l.await(l.currentDelay()) {
		if half, ok := to.(interface{ CloseWrite() error }); ok {
			_ = half.CloseWrite()
		}
	}
}

// await waits out the delay and then any freeze; false when the link closed.
func (l *Link) await(delay time.Duration) bool {
	if delay > 0 {
		timer := time.NewTimer(delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-l.ctx.Done():
			return false
		}
	}
	for {
		l.mu.Lock()
		thawed := l.thawed
		l.mu.Unlock()
		if thawed == nil {
			return true
		}
		select {
		case <-thawed:
		case <-l.ctx.Done():
			return false
		}
	}
}

// spend returns as much of data as the quota lets pass.
func (l *Link) spend(data []byte) []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.quota < 0 {
		return data
	}
	if int64(len(data)) > l.quota {
		data = data[:l.quota]
		l.quota = -1
		return data
	}
	l.quota -= int64(len(data))
	return data
}

// toll is how long n bytes take at the link's rate.
func (l *Link) toll(n int) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.rate == 0 {
		return 0
	}
	return time.Duration(n) * time.Second / time.Duration(l.rate)
}

func (l *Link) currentDelay() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.delay
}

// reset closes conn so that its far side sees a reset instead of an end.
func reset(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}
