package attach

import (
	"bytes"
	"io"
	"testing"
	"testing/synctest"
	"time"
)

func TestQueueKeepsOrderAndBounds(t *testing.T) {
	q := newQueue()
	r, w := io.Pipe()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		q.writeTo(w)
	}()
	var want []byte
	for i := range 100 {
		p := bytes.Repeat([]byte{byte(i)}, 1000)
		want = append(want, p...)
		if !q.put(p) {
			t.Fatal("a small queue is full")
		}
		poke(q.filled)
	}
	got := make([]byte, len(want))
	if _, err := io.ReadFull(r, got); err != nil || !bytes.Equal(got, want) {
		t.Fatalf("what came out is not what went in (%v)", err)
	}
	q.close()
	<-ended

	full := newQueue()
	if !full.put(make([]byte, queueMax)) {
		t.Error("queueMax bytes were not taken")
	}
	if full.put([]byte{1}) {
		t.Error("more than queueMax bytes were taken")
	}
	if !full.put(nil) {
		t.Error("nothing was not taken")
	}
}

func TestQueuePace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue()
		ended := make(chan struct{})
		start := time.Now()
		q.put(make([]byte, paceFrom))
		q.pace(ended)
		if waited := time.Since(start); waited != 0 {
			t.Errorf("waited %v below the bound", waited)
		}
		q.put([]byte{1})
		q.pace(ended)
		if waited := time.Since(start); waited != paceWait {
			t.Errorf("waited %v for a far side that takes nothing, not %v", waited, paceWait)
		}
		start = time.Now()
		go func() { q.sent(1) }()
		q.pace(ended)
		if waited := time.Since(start); waited != 0 {
			t.Errorf("waited %v although room was made", waited)
		}
		q.put([]byte{1})
		close(ended)
		q.pace(ended)
		if waited := time.Since(start); waited != 0 {
			t.Errorf("waited %v after the end", waited)
		}
	})
}
