//go:build linux || darwin

package tty

import (
	"errors"
	"fmt"
	"os"
	"testing"

	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

// rawTerminal opens a terminal in raw mode.
func rawTerminal(t *testing.T) (tm *Terminal, master, slave *os.File) {
	t.Helper()
	tm, master, slave = open(t)
	if _, err := term.MakeRaw(int(slave.Fd())); err != nil {
		t.Fatal(err)
	}
	return tm, master, slave
}

func TestInputCancelLosesNoKey(t *testing.T) {
	tm, master, slave := rawTerminal(t)
	for round := range 100 {
		in, err := tm.Input()
		if err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		var got []byte
		go func() {
			buf := make([]byte, 64)
			for {
				n, err := in.Read(buf)
				got = append(got, buf[:n]...)
				if err != nil {
					ended <- err
					return
				}
			}
		}()
		// A key and Cancel at the same time: it must be either read or still there.
		key := fmt.Sprintf("%02d", round)
		typed := make(chan error, 1)
		go func() { _, err := master.WriteString(key); typed <- err }()
		in.Cancel()
		in.Cancel()
		if err := <-typed; err != nil {
			t.Fatal(err)
		}
		if err := <-ended; !errors.Is(err, ErrCanceled) {
			t.Fatalf("read ended with %v", err)
		}
		if _, err := in.Read(make([]byte, 1)); !errors.Is(err, ErrCanceled) {
			t.Fatalf("a later read returned %v", err)
		}
		if err := in.Close(); err != nil {
			t.Fatal(err)
		}
		if nonblocking(t, slave) {
			t.Fatal("O_NONBLOCK is left on the terminal")
		}
		for len(got) < len(key) {
			buf := make([]byte, 8)
			n, err := slave.Read(buf)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, buf[:n]...)
		}
		if string(got) != key {
			t.Fatalf("typed %q, got %q", key, got)
		}
	}
}

// TestInputCanceledWithAKeyWaiting is the case that a plain wait-then-read
// fails: the key is there, the reader was told of it, and Cancel comes between.
func TestInputCanceledWithAKeyWaiting(t *testing.T) {
	tm, master, slave := rawTerminal(t)
	in, err := tm.Input()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if _, err := master.WriteString("k"); err != nil {
		t.Fatal(err)
	}
	in.r.(*unixInput).gate.shut() // Cancel's first step; the waiter is not woken, so that it goes on to read
	if n, err := in.Read(make([]byte, 8)); n != 0 || !errors.Is(err, ErrCanceled) {
		t.Fatalf("a canceled read returned %d bytes, %v", n, err)
	}
	buf := make([]byte, 8)
	if n, err := slave.Read(buf); err != nil || string(buf[:n]) != "k" {
		t.Fatalf("the next reader got %q, %v", buf[:n], err)
	}
}

func TestInputMendsNonblock(t *testing.T) {
	tm, master, slave := rawTerminal(t)
	in, err := tm.Input()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if err := unix.SetNonblock(int(slave.Fd()), true); err != nil { // as a careless child does
		t.Fatal(err)
	}
	if _, err := master.WriteString("k"); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 8)
	if n, err := in.Read(buf); err != nil || string(buf[:n]) != "k" {
		t.Fatalf("got %q, %v", buf[:n], err)
	}
}

func TestInputEndsWithTheTerminal(t *testing.T) {
	tm, master, _ := rawTerminal(t)
	in, err := tm.Input()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	master.Close()
	if _, err := in.Read(make([]byte, 8)); err == nil || errors.Is(err, ErrCanceled) {
		t.Errorf("read on a hung-up terminal: %v", err)
	}
}
