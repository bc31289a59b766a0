//go:build linux || darwin

package tty

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"go.uber.org/goleak"
	"golang.org/x/sys/unix"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = 30 * time.Second

// open opens a pseudo terminal: what is written to master is typed.
func open(t *testing.T) (term *Terminal, master, slave *os.File) {
	t.Helper()
	master, slave, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { master.Close(); slave.Close() })
	return New(slave, slave), master, slave
}

func stty(t *testing.T, slave *os.File, args ...string) string {
	t.Helper()
	cmd := exec.Command("stty", args...)
	cmd.Stdin = slave
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("stty %v: %v: %s", args, err, out)
	}
	return string(out)
}

func nonblocking(t *testing.T, f *os.File) bool {
	t.Helper()
	flags, err := unix.FcntlInt(f.Fd(), unix.F_GETFL, 0)
	if err != nil {
		t.Fatal(err)
	}
	return flags&unix.O_NONBLOCK != 0
}

func TestNotATerminal(t *testing.T) {
	f, err := os.Create(t.TempDir() + "/file")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	tm := New(f, f)
	if tm.IsTerminal() {
		t.Error("a file is a terminal")
	}
	_, errSize := tm.Size()
	_, errModes := tm.Modes()
	_, errRaw := tm.Raw()
	_, errInput := tm.Input()
	for i, err := range []error{errSize, errModes, errRaw, errInput} {
		if err == nil || !strings.Contains(err.Error(), f.Name()) {
			t.Errorf("call %d: %v does not name the file", i, err)
		}
	}
}

func TestSize(t *testing.T) {
	tm, master, _ := open(t)
	if err := pty.Setsize(master, &pty.Winsize{Rows: 31, Cols: 97, X: 970, Y: 620}); err != nil {
		t.Fatal(err)
	}
	size, err := tm.Size()
	if want := (Size{Cols: 97, Rows: 31, Width: 970, Height: 620}); err != nil || size != want {
		t.Errorf("got %+v, %v; want %+v", size, err, want)
	}
}

func TestModes(t *testing.T) {
	tm, _, slave := open(t)
	check := func(want map[uint8]uint32) {
		t.Helper()
		got, err := tm.Modes()
		if err != nil {
			t.Fatal(err)
		}
		for op, value := range want {
			if v, ok := got[op]; !ok || v != value {
				t.Errorf("opcode %d: got %d (%v), want %d", op, v, ok, value)
			}
		}
	}
	stty(t, slave, "sane", "cs8", "38400")
	check(map[uint8]uint32{
		1: 3, 3: 127, 4: 21, 5: 4, 6: 255, 10: 26, // intr erase kill eof, no eol, susp
		36: 1, 38: 1, 34: 0, 50: 1, 51: 1, 53: 1, 70: 1, 72: 1, 90: 1, 91: 1, 92: 0,
		128: 38400, 129: 38400,
	})
	stty(t, slave, "intr", "^G", "susp", "undef", "eol", "x", "-echo", "-icrnl", "ixany", "iutf8", "-onlcr", "noflsh", "9600")
	check(map[uint8]uint32{
		1: 7, 10: 255, 6: 'x', 53: 0, 36: 0, 39: 1, 42: 1, 72: 0, 57: 1, 128: 9600, 129: 9600,
	})
}

func TestRawRestoresExactly(t *testing.T) {
	tm, _, slave := open(t)
	stty(t, slave, "sane", "intr", "^G", "-echo", "ixany", "ixoff", "eol", "x", "min", "3")
	before := stty(t, slave, "-a")
	for range 5 {
		restore, err := tm.Raw()
		if err != nil {
			t.Fatal(err)
		}
		if raw := stty(t, slave, "-a"); !strings.Contains(raw, "-icanon") || !strings.Contains(raw, "-isig") {
			t.Fatalf("not raw: %s", raw)
		}
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				if err := restore(); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if after := stty(t, slave, "-a"); after != before {
			t.Fatalf("before:\n%s\nafter:\n%s", before, after)
		}
	}
}

func TestRestoreLeavesALaterOwnerAlone(t *testing.T) {
	tm, _, slave := open(t)
	restore, err := tm.Raw()
	if err != nil {
		t.Fatal(err)
	}
	if err := restore(); err != nil {
		t.Fatal(err)
	}
	stty(t, slave, "-echo")
	if err := restore(); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(stty(t, slave, "-a"), " -echo ") {
		t.Error("the second restore undid what was set after the first")
	}
}

func TestRestoreAfterAHangUp(t *testing.T) {
	tm, master, _ := open(t)
	restore, err := tm.Raw()
	if err != nil {
		t.Fatal(err)
	}
	master.Close()
	if err := restore(); err != nil {
		t.Error(err)
	}
}

func TestWatchSize(t *testing.T) {
	tm, master, _ := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	sizes := tm.WatchSize(ctx)
	for i := range 3 {
		want := Size{Cols: 100 + i, Rows: 40}
		if err := pty.Setsize(master, &pty.Winsize{Rows: 40, Cols: uint16(want.Cols)}); err != nil {
			t.Fatal(err)
		}
		// The terminal is not this process's own, so the kernel signals another.
		if err := syscall.Kill(os.Getpid(), syscall.SIGWINCH); err != nil {
			t.Fatal(err)
		}
		select {
		case got := <-sizes:
			if got != want {
				t.Fatalf("got %+v, want %+v", got, want)
			}
		case <-time.After(patience):
			t.Fatal("no size came")
		}
	}
	cancel()
	for range sizes {
		t.Error("a size came after the end")
	}
}

// outputs are the ways of writing that this platform has.
func outputs(t *testing.T, test func(t *testing.T, open func(f *os.File) io.WriteCloser)) {
	ways := map[string]func(f *os.File) (io.WriteCloser, error){
		"shared": func(f *os.File) (io.WriteCloser, error) { return sharedOutput{f}, nil },
	}
	if runtime.GOOS == "linux" {
		ways["own"] = newOwnOutput
	}
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			test(t, func(f *os.File) io.WriteCloser {
				t.Helper()
				out, err := way(f)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { out.Close() })
				return out
			})
		})
	}
}

func TestDiscardOutputUnblocksWrite(t *testing.T) { outputs(t, testDiscardOutputUnblocksWrite) }

func testDiscardOutputUnblocksWrite(t *testing.T, open func(f *os.File) io.WriteCloser) {
	tm, _, slave := rawTerminal(t) // nobody reads master
	out := open(slave)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if _, err := out.Write(make([]byte, 1<<20)); err != nil {
			t.Error(err)
		}
	}()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patience)
	for {
		select {
		case <-done:
			return
		case <-deadline:
			t.Fatal("the write did not end")
		case <-tick.C:
			if err := tm.DiscardOutput(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestOutputArrivesWhole holds that all arrives in its order through a terminal that is
// slower than its writer, also when another process makes the shared file one that does
// not block.
func TestOutputArrivesWhole(t *testing.T) { outputs(t, testOutputArrivesWhole) }

func testOutputArrivesWhole(t *testing.T, open func(f *os.File) io.WriteCloser) {
	_, master, slave := rawTerminal(t)
	out := open(slave)
	if err := unix.SetNonblock(int(slave.Fd()), true); err != nil {
		t.Fatal(err)
	}
	text := make([]byte, 1<<20)
	for i := range text {
		text[i] = byte(' ' + i%89)
	}
	got := make(chan []byte, 1)
	go func() {
		all := make([]byte, len(text))
		if _, err := io.ReadFull(master, all); err != nil {
			t.Error(err)
		}
		got <- all
	}()
	if n, err := out.Write(text); n != len(text) || err != nil {
		t.Fatalf("wrote %d, %v", n, err)
	}
	if !bytes.Equal(<-got, text) {
		t.Error("what arrived is not what was written")
	}
}

func TestOutputEndsWithTheTerminal(t *testing.T) { outputs(t, testOutputEndsWithTheTerminal) }

func testOutputEndsWithTheTerminal(t *testing.T, open func(f *os.File) io.WriteCloser) {
	_, master, slave := rawTerminal(t) // nobody reads master
	out := open(slave)
	ended := make(chan error, 1)
	go func() {
		for {
			if _, err := out.Write(make([]byte, 64<<10)); err != nil {
				ended <- err
				return
			}
		}
	}()
	master.Close()
	if err := <-ended; !errors.Is(err, unix.EIO) {
		t.Errorf("a write to a terminal that hung up: %v", err)
	}
}

func TestOutputLeavesTheSharedFileBlocking(t *testing.T) {
	tm, _, slave := rawTerminal(t)
	out := tm.Output()
	defer out.Close()
	if _, err := out.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if nonblocking(t, slave) {
		t.Error("O_NONBLOCK is set on the terminal that the parent shares")
	}
}
