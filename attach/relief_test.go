package attach

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
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
