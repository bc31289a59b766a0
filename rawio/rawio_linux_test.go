package rawio

import (
	"bytes"
	"errors"
	"io"
	"os"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// pair is a pipe whose ends do not block.
func pair(t *testing.T) (r, w *os.File, rawR, rawW syscall.RawConn) {
	t.Helper()
	fds := make([]int, 2)
	if err := unix.Pipe2(fds, unix.O_NONBLOCK|unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	r, w = os.NewFile(uintptr(fds[0]), "r"), os.NewFile(uintptr(fds[1]), "w")
	t.Cleanup(func() { r.Close(); w.Close() })
	raws := make([]syscall.RawConn, 2)
	for i, f := range []*os.File{r, w} {
		raw, err := f.SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		raws[i] = raw
	}
	return r, w, raws[0], raws[1]
}

func TestWriteWaitsForRoom(t *testing.T) {
	r, w, _, raw := pair(t)
	text := bytes.Repeat([]byte("0123456789"), 100_000) // more than a pipe holds
	type result struct {
		n   int
		err error
	}
	wrote := make(chan result, 1)
	go func() {
		n, err := Write(raw, text)
		w.Close()
		wrote <- result{n, err}
	}()
	got, err := io.ReadAll(r)
	if err != nil || !bytes.Equal(got, text) {
		t.Errorf("got %d of %d bytes, %v", len(got), len(text), err)
	}
	if res := <-wrote; res.n != len(text) || res.err != nil {
		t.Errorf("wrote %d, %v", res.n, res.err)
	}
}

func TestWriteFails(t *testing.T) {
	r, w, _, raw := pair(t)
	r.Close()
	if n, err := Write(raw, []byte("x")); n != 0 || !errors.Is(err, unix.EPIPE) {
		t.Errorf("to nobody: %d, %v", n, err)
	}
	w.Close()
	if n, err := Write(raw, []byte("x")); n != 0 || err == nil {
		t.Errorf("to what is closed: %d, %v", n, err)
	}
}

func TestWriteToldWhatWasWrittenBeforeItFailed(t *testing.T) {
	r, _, _, raw := pair(t)
	text := make([]byte, 1<<20)
	wrote := make(chan int, 1)
	go func() {
		n, err := Write(raw, text)
		if !errors.Is(err, unix.EPIPE) {
			t.Errorf("the write ended with %v", err)
		}
		wrote <- n
	}()
	if _, err := io.ReadFull(r, make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}
	r.Close()
	if n := <-wrote; n < 1000 || n >= len(text) {
		t.Errorf("wrote %d", n)
	}
}

func TestReadNow(t *testing.T) {
	_, w, raw, _ := pair(t)
	read := func() (text string, err error) {
		buf := make([]byte, 8)
		if err := raw.Control(func(fd uintptr) {
			var n int
			n, err = ReadNow(fd, buf)
			text = string(buf[:n])
		}); err != nil {
			t.Fatal(err)
		}
		return text, err
	}
	if _, err := read(); !errors.Is(err, unix.EAGAIN) {
		t.Errorf("where nothing is: %v", err)
	}
	if _, err := w.WriteString("key"); err != nil {
		t.Fatal(err)
	}
	if text, err := read(); text != "key" || err != nil {
		t.Errorf("got %q, %v", text, err)
	}
	w.Close()
	if text, err := read(); text != "" || err != nil {
		t.Errorf("at the end: %q, %v", text, err)
	}
}
