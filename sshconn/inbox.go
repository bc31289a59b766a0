package sshconn

import (
	"io"
	"time"
)

const (
	// readAhead is what one read of the network may bring, floodAhead while a flood
	// lasts. x/crypto reads through 4 KiB, and the server's identification byte by
	// byte.
	readAhead  = 16 << 10
	floodAhead = 256 << 10
	// A read that brings floodFrom or more is part of a flood: nobody types that
	// much, and no screen that answers a key is that large.
	floodFrom = 8 << 10
	// floodRest is the time from one read of a flood to the next. What arrives
	// meanwhile comes in one read, is decrypted in one go and reaches the terminal in
	// few writes. Each of these costs a switch between the processes that print,
	// encrypt, decrypt and draw; on few processors they are what bounds a flood.
	floodRest = time.Millisecond
)

// inbox is what was read of the network and not yet taken.
type inbox struct {
	buf     []byte
	ahead   []byte // of buf
	flooded bool   // the last read was part of a flood, and took all there was
	read    time.Time
}

// take copies what is there.
func (b *inbox) take(p []byte) int {
	n := copy(p, b.ahead)
	b.ahead = b.ahead[n:]
	return n
}

// fill waits for bytes and returns them; they are taken by take. With atEase it
// rests between the reads of a flood.
func (b *inbox) fill(r io.Reader, want int, atEase bool) ([]byte, error) {
	if b.flooded && atEase {
		time.Sleep(floodRest - time.Since(b.read))
	}
	if size := max(readAhead, want); len(b.buf) < size {
		b.buf = make([]byte, size)
	}
	n, err := r.Read(b.buf)
	b.ahead = b.buf[:n]
	full := n == len(b.buf)
	b.flooded = n >= floodFrom && !full
	if b.flooded {
		b.read = time.Now()
	}
	if full && n < floodAhead {
		b.buf = make([]byte, floodAhead) // ahead keeps the old one until it is taken
	}
	return b.ahead, err
}
