package attach

import (
	"context"
	"sync/atomic"
	"time"
)

// How long a write of keys takes before another reads the terminal: one tick to two.
// After reliefTicks without a key nobody watches.
const (
	reliefTick  = 100 * time.Millisecond
	reliefTicks = 10
)

// relief sees to it that the terminal is read whatever the far side does. Who reads
// keys writes them too: handing them to another goroutine costs each key the wake-up
// of a thread, on the very processors that its echo needs. Such a write may block for
// as long as the line stands. Then whoever blocks is relieved: another reads in its
// place, and it ends when the write does.
//
// A timer for each key would cost that wake-up too. So the writes are counted, and
// looked at now and then while keys come.
type relief struct {
	turn   atomic.Uint64 // odd while a reader writes
	asleep atomic.Bool
	wanted chan struct{} // wakes the watch
}

func newRelief() *relief { return &relief{wanted: make(chan struct{}, 1)} }

// begin is called by the reader before it writes, end with its result after that. end
// reports whether the reader goes on; else it was relieved and must not read again.
func (r *relief) begin() (turn uint64) {
	turn = r.turn.Add(1)
	if r.asleep.Load() {
		poke(r.wanted)
	}
	return turn
}

func (r *relief) end(turn uint64) (goesOn bool) { return r.turn.CompareAndSwap(turn, turn+1) }

// watch calls relieve when a write lasts, until ctx ends.
func (r *relief) watch(ctx context.Context, relieve func()) {
	tick := time.NewTimer(reliefTick)
	defer tick.Stop()
	quiet, seen := 0, r.turn.Load()
	for {
		if quiet == reliefTicks {
			if !r.sleep(ctx, seen) {
				return
			}
			quiet = 0
		}
		tick.Reset(reliefTick)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		switch turn := r.turn.Load(); {
		case turn != seen:
			quiet, seen = 0, turn
		case turn%2 == 1 && r.turn.CompareAndSwap(turn, turn+1):
			quiet, seen = 0, turn+1
			relieve()
		default:
			quiet++
		}
	}
}

// sleep waits for a write after seen; false when ctx ended.
func (r *relief) sleep(ctx context.Context, seen uint64) bool {
	r.asleep.Store(true)
	defer r.asleep.Store(false)
	if r.turn.Load() != seen {
		return true
	}
	select {
	case <-ctx.Done():
		return false
	case <-r.wanted:
		return true
	}
}
