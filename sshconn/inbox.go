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
	// What has come to floodFrom bytes without a pause of floodPause between two
	// reads is a flood: no screen that answers a key is that large.
	floodFrom  = 64 << 10
	floodPause = 6 * time.Millisecond
	// floodRest is the least time from one read of a flood to the next, floodRestMost
	// the longest: in between the rest ends when whoever reads the shell has taken all
	// there was. sshd sends what a program prints in pieces of 2 to 4 KiB; what arrives
	// meanwhile comes in one read and reaches the terminal in few writes. Each piece
	// else costs switches between the processes that print, encrypt, decrypt and draw,
	// and on few processors those bound a flood. A key that is typed into one waits
	// that much longer to be seen.
	floodRest     = 3 * time.Millisecond
	floodRestMost = 8 * time.Millisecond
)

// inbox is what was read of the network and not yet taken.
type inbox struct {
	buf   []byte
	ahead []byte // of buf

	run  int       // bytes since the last pause
	full bool      // the last read left more to be read
	read time.Time // when it returned

	idle chan struct{} // has a token when a reader of a shell has asked for more since then
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
	flooded := b.run >= floodFrom
	if size := b.size(flooded, want); len(b.buf) < size {
		b.buf = make([]byte, size)
	}
	if flooded && atEase && !b.full {
		b.rest()
	}
	began := time.Now()
	n, err := r.Read(b.buf)
	b.read = time.Now()
	if b.read.Sub(began) >= floodPause {
		b.run = 0
	}
	b.run += n
	b.full = n == len(b.buf)
	select {
	case <-b.idle: // it has something to take now
	default:
	}
	b.ahead = b.buf[:n]
	return b.ahead, err
}

// rest lets more arrive.
func (b *inbox) rest() {
	time.Sleep(floodRest - time.Since(b.read))
	timer := time.NewTimer(floodRestMost - time.Since(b.read))
	defer timer.Stop()
	select {
	case <-b.idle:
	case <-timer.C:
	}
}

// asked says that the reader of a shell asks for more.
func (b *inbox) asked() {
	select {
	case b.idle <- struct{}{}:
	default:
	}
}

func (b *inbox) size(flooded bool, want int) int {
	if flooded {
		return max(floodAhead, want)
	}
	return max(readAhead, want)
}
