//go:build linux || darwin

package tty

import (
	"errors"
	"fmt"
	"os"
	"runtime"
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

// inputs are the ways of reading that this platform has.
func inputs(t *testing.T, test func(t *testing.T, open func(f *os.File) *Input)) {
	ways := map[string]func(f *os.File) (inputReader, error){"shared": newSharedInput}
	if runtime.GOOS == "linux" {
		ways["own"] = newOwnInput
	}
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			test(t, func(f *os.File) *Input {
				t.Helper()
				r, err := way(f)
				if err != nil {
					t.Fatal(err)
				}
				return &Input{r}
			})
		})
	}
}

func TestInputCancelLosesNoKey(t *testing.T) { inputs(t, testInputCancelLosesNoKey) }

func testInputCancelLosesNoKey(t *testing.T, open func(f *os.File) *Input) {
	_, master, slave := rawTerminal(t)
	for round := range 100 {
		in := open(slave)
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
func TestInputCanceledWithAKeyWaiting(t *testing.T) { inputs(t, testInputCanceledWithAKeyWaiting) }

func testInputCanceledWithAKeyWaiting(t *testing.T, open func(f *os.File) *Input) {
	_, master, slave := rawTerminal(t)
	in := open(slave)
	defer in.Close()
	if _, err := master.WriteString("k"); err != nil {
		t.Fatal(err)
	}
	in.r.(interface{ shut() bool }).shut() // Cancel's first step; the waiter is not woken, so that it goes on to read
	if n, err := in.Read(make([]byte, 8)); n != 0 || !errors.Is(err, ErrCanceled) {
		t.Fatalf("a canceled read returned %d bytes, %v", n, err)
	}
	buf := make([]byte, 8)
	if n, err := slave.Read(buf); err != nil || string(buf[:n]) != "k" {
		t.Fatalf("the next reader got %q, %v", buf[:n], err)
	}
}

func TestInputMendsNonblock(t *testing.T) { inputs(t, testInputMendsNonblock) }

func testInputMendsNonblock(t *testing.T, open func(f *os.File) *Input) {
	_, master, slave := rawTerminal(t)
	in := open(slave)
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

func TestInputEndsWithTheTerminal(t *testing.T) { inputs(t, testInputEndsWithTheTerminal) }

func testInputEndsWithTheTerminal(t *testing.T, open func(f *os.File) *Input) {
	_, master, slave := rawTerminal(t)
	in := open(slave)
	defer in.Close()
	ended := make(chan error, 1)
	go func() {
		_, err := in.Read(make([]byte, 8))
		ended <- err
	}()
	master.Close()
	if err := <-ended; err == nil || errors.Is(err, ErrCanceled) {
		t.Errorf("read on a hung-up terminal: %v", err)
	}
}

// TestInputWithoutAFileOfItsOwn is a terminal that is there and cannot be opened, as
// another user's after su.
func TestInputWithoutAFileOfItsOwn(t *testing.T) {
	tm, master, slave := rawTerminal(t)
	if err := unix.IoctlSetInt(int(slave.Fd()), unix.TIOCEXCL, 0); err != nil { // no more opens, but for root's
		t.Fatal(err)
	}
	in, err := tm.Input()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if _, err := master.WriteString("k"); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 8)
	if n, err := in.Read(buf); err != nil || string(buf[:n]) != "k" {
		t.Fatalf("got %q, %v", buf[:n], err)
	}
}
