//go:build linux || darwin

package attach

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"podbay/tty"
)

// relieved runs a watch beside the test, which ends with it.
func relieved(t *testing.T) (r *relief, reliefs *int) {
	t.Helper()
	r, reliefs = newRelief(), new(int)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.watch(ctx, func() { *reliefs++ })
	}()
	t.Cleanup(func() { stop(); <-done })
	return r, reliefs
}

func TestReliefOfAWriteThatLasts(t *testing.T) {
	for _, idle := range []time.Duration{0, reliefTick / 2, time.Minute, time.Minute + reliefTick/3} {
		synctest.Test(t, func(t *testing.T) {
			r, reliefs := relieved(t)
			time.Sleep(idle) // the watch may sleep by then
			turn := r.begin()
			time.Sleep(2*reliefTick + 1)
			synctest.Wait()
			if *reliefs != 1 {
				t.Errorf("after %v: relieved %d times", idle, *reliefs)
			}
			if r.end(turn) {
				t.Error("two read the terminal")
			}
			turn = r.begin() // the other's
			if !r.end(turn) {
				t.Error("nobody reads the terminal")
			}
			time.Sleep(time.Minute)
			synctest.Wait()
			if *reliefs != 1 {
				t.Errorf("relieved %d times without a need", *reliefs-1)
			}
		})
	}
}

func TestNoReliefOfManyShortWrites(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, reliefs := relieved(t)
		for range 1000 {
			turn := r.begin()
			time.Sleep(reliefTick - 1)
			if !r.end(turn) {
				t.Fatal("relieved of a short write")
			}
		}
		synctest.Wait()
		if *reliefs != 0 {
			t.Errorf("relieved %d times", *reliefs)
		}
	})
}

// heldWriter holds its first write until it is let go, and passes on what it took.
type heldWriter struct {
	held  chan struct{} // a write is held
	letGo chan struct{}
	took  chan string
}

func (w heldWriter) Write(p []byte) (int, error) {
	select {
	case w.held <- struct{}{}:
		<-w.letGo
	default:
	}
	w.took <- string(p)
	return len(p), nil
}

// TestReliefKeepsTheOrder holds that what is typed while a write lasts follows it, once,
// whoever read it.
func TestReliefKeepsTheOrder(t *testing.T) {
	l := newLocal(t)
	f := newFakeLine()
	w := heldWriter{make(chan struct{}, 1), make(chan struct{}), make(chan string, 100)}
	f.stdin = w
	readers, up := make(chan struct{}, 10), make(chan struct{}, 1)
	done := attached(t.Context(), Options{Terminal: l.term}, f, hooks{at: func(at string) {
		switch at {
		case "keys":
			readers <- struct{}{}
		case "writer":
			poke(up)
		}
	}})
	l.waits("shell", up)
	l.waits("reader", readers)
	var want, got string
	types := func(keys string) { want += keys; l.types(keys) }
	arrives := func() {
		for len(got) < len(want) {
			select {
			case p := <-w.took:
				got += p
			case <-time.After(patience):
				t.Fatalf("typed %q, and %q arrived", want, got)
			}
		}
	}
	types("a")
	l.waits("write", w.held)
	w.held <- struct{}{} // no later write is held
	l.waits("relief", readers)
	types("bc")
	types("\r~?d")
	want = "abc\r" + "d" // the escape is podbay's
	l.sees(tty.EscapeHelpText()[0])
	close(w.letGo)
	arrives()
	types("e")
	arrives()
	l.types("\r~.")
	if o := l.returns(done); o.End != EndEscape {
		t.Errorf("got %+v", o)
	}
	if got != want {
		t.Errorf("typed %q, and %q arrived", want, got)
	}
}
