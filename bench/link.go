//go:build unix

package main

import (
	"io"
	"net"
	"sync"
	"time"
)

// link is a TCP connection's way through a network that takes its time: each
// direction takes half of a round trip, and the handshake of TCP, which the two
// kernels do with the link and not with each other, is charged too. It counts the
// times that the client had to wait for the server.
type link struct {
	Addr string

	target   string
	rtt      time.Duration
	listener net.Listener
	serving  sync.WaitGroup

	mu    sync.Mutex
	conns map[net.Conn]bool
	shut  bool
	trips int
}

func openLink(target string, rtt time.Duration) (*link, error) {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	l := &link{Addr: listener.Addr().String(), target: target, rtt: rtt, listener: listener, conns: map[net.Conn]bool{}}
	l.serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			l.serving.Go(func() { l.carry(conn) })
		}
	})
	return l, nil
}

func (l *link) close() {
	l.listener.Close()
	l.mu.Lock()
	l.shut = true
	for conn := range l.conns {
		conn.Close()
	}
	l.mu.Unlock()
	l.serving.Wait()
}

// roundTrips returns the round trips since the last call, that of TCP included.
func (l *link) roundTrips() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := l.trips
	l.trips = 0
	return n
}

func (l *link) keep(conn net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.shut {
		conn.Close()
		return false
	}
	l.conns[conn] = true
	return true
}

func (l *link) carry(client net.Conn) {
	born := time.Now()
	if !l.keep(client) {
		return
	}
	defer client.Close()
	// The server sees the connection when the third packet of the handshake is there.
	time.Sleep(l.rtt * 3 / 2)
	server, err := net.Dial("tcp4", l.target)
	if err != nil || !l.keep(server) {
		return
	}
	defer server.Close()
	t := &turns{link: l}
	t.trip() // TCP's
	up := newPipe(server, l.rtt/2, born.Add(l.rtt), nil, nil)
	down := newPipe(client, l.rtt/2, time.Time{}, nil, t.heard)
	up.sent = t.spoke
	var both sync.WaitGroup
	both.Go(func() { up.copy(client); server.(*net.TCPConn).CloseWrite() })
	both.Go(func() { down.copy(server); client.(*net.TCPConn).CloseWrite() })
	both.Wait()
	l.mu.Lock()
	delete(l.conns, client)
	delete(l.conns, server)
	l.mu.Unlock()
}

// turns counts how often the client spoke after it had heard the server.
type turns struct {
	link     *link
	mu       sync.Mutex
	answered bool
}

func (t *turns) trip() {
	t.link.mu.Lock()
	t.link.trips++
	t.link.mu.Unlock()
}

func (t *turns) heard() {
	t.mu.Lock()
	t.answered = true
	t.mu.Unlock()
}

func (t *turns) spoke() {
	t.mu.Lock()
	answered := t.answered
	t.answered = false
	t.mu.Unlock()
	if answered {
		t.trip()
	}
}

// pipe delivers what it reads after a delay, in order and at any rate.
type pipe struct {
	to        io.Writer
	delay     time.Duration
	notBefore time.Time // of sending: before it the sender had no connection yet
	sent      func()    // when bytes come in
	arrived   func()    // when bytes go out
}

func newPipe(to io.Writer, delay time.Duration, notBefore time.Time, sent, arrived func()) *pipe {
	return &pipe{to: to, delay: delay, notBefore: notBefore, sent: sent, arrived: arrived}
}

type parcel struct {
	due  time.Time
	data []byte
}

func (p *pipe) copy(from io.Reader) {
	const inFlight = 4096 // parcels: more than a window of 2 MiB in the smallest reads
	parcels := make(chan parcel, inFlight)
	var delivering sync.WaitGroup
	delivering.Go(func() {
		for parcel := range parcels {
			time.Sleep(time.Until(parcel.due))
			if p.arrived != nil {
				p.arrived()
			}
			if _, err := p.to.Write(parcel.data); err != nil {
				for range parcels {
				}
				return
			}
		}
	})
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			if p.sent != nil {
				p.sent()
			}
			sent := time.Now()
			if sent.Before(p.notBefore) {
				sent = p.notBefore
			}
			parcels <- parcel{sent.Add(p.delay), append([]byte(nil), buf[:n]...)}
		}
		if err != nil {
			break
		}
	}
	close(parcels)
	delivering.Wait()
}
