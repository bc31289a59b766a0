//go:build unix

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"github.com/creack/pty"
)

// patience bounds every wait; it is reached only when something is wrong.
const patience = time.Minute

// terminal is a program in a terminal of its own, in the mode in which a shell
// leaves it, that takes all output as fast as it comes.
type terminal struct {
	cmd       *exec.Cmd
	ptmx, tty *os.File
	exited    chan struct{}
	read      sync.WaitGroup

	mu      sync.Mutex
	seen    []byte // since expect
	looked  int    // into seen, in vain
	wants   [][]byte
	found   chan time.Time // nil when nothing is waited for
	waiting chan time.Time // the same, for wait
	total   int64
	frames  int // reads that brought something
}

const termCols, termRows = 120, 40

// openTerminal runs cmd in a new terminal and sets going what reads it.
func openTerminal(cmd *exec.Cmd, wants ...string) (t *terminal, started time.Time, err error) {
	ptmx, tty, err := openPTY()
	if err != nil {
		return nil, started, err
	}
	if err := pty.Setsize(tty, &pty.Winsize{Cols: termCols, Rows: termRows}); err != nil {
		return nil, started, err
	}
	t = &terminal{cmd: cmd, ptmx: ptmx, tty: tty, exited: make(chan struct{})}
	t.expect(wants...)
	t.read.Go(t.take)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = tty, tty, tty
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	started = time.Now()
	if err := cmd.Start(); err != nil {
		tty.Close()
		ptmx.Close()
		return nil, started, err
	}
	go func() {
		defer close(t.exited)
		_ = cmd.Wait() // the exit code is in ProcessState
	}()
	return t, started, nil
}

// openPTY opens a PTY whose near side can be closed while it is read.
func openPTY() (ptmx, tty *os.File, err error) {
	blocking, tty, err := pty.Open()
	if err != nil {
		return nil, nil, err
	}
	defer blocking.Close()
	fd, err := syscall.Dup(int(blocking.Fd()))
	if err != nil {
		return nil, nil, err
	}
	syscall.CloseOnExec(fd)
	if err := syscall.SetNonblock(fd, true); err != nil {
		return nil, nil, err
	}
	return os.NewFile(uintptr(fd), "ptmx"), tty, nil
}

// take reads the terminal's output until it is closed.
func (t *terminal) take() {
	buf := make([]byte, 256<<10)
	for {
		n, err := t.ptmx.Read(buf)
		if n > 0 {
			t.note(buf[:n], time.Now())
		}
		if err != nil {
			return
		}
	}
}

func (t *terminal) note(p []byte, at time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.total += int64(len(p))
	t.frames++
	if t.found == nil {
		return
	}
	t.seen = append(t.seen, p...)
	for len(t.wants) > 0 {
		at := bytes.Index(t.seen[t.looked:], t.wants[0])
		if at < 0 {
			t.looked = max(t.looked, len(t.seen)-len(t.wants[0])+1)
			break
		}
		t.looked += at + len(t.wants[0])
		t.wants = t.wants[1:]
	}
	if len(t.wants) == 0 {
		t.found <- at
		t.found = nil
		return
	}
	const keep = 64 << 10 // longer than any text that is waited for
	if len(t.seen) > 8*keep {
		gone := len(t.seen) - keep
		t.seen = append(t.seen[:0], t.seen[gone:]...)
		t.looked = max(0, t.looked-gone)
	}
}

// expect says which texts, one after the other, the next wait is for. Output of
// before does not count.
func (t *terminal) expect(wants ...string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.seen, t.looked, t.wants = t.seen[:0], 0, nil
	for _, w := range wants {
		t.wants = append(t.wants, []byte(w))
	}
	t.found = make(chan time.Time, 1)
	t.waiting = t.found
}

// wait returns when the last of the expected texts was there.
func (t *terminal) wait() (time.Time, error) {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case at := <-t.waiting:
		return at, nil
	case <-t.exited:
		select {
		case at := <-t.waiting: // what was under way when the program ended
			return at, nil
		case <-time.After(200 * time.Millisecond):
		}
		return time.Time{}, fmt.Errorf("the program ended (%v) and had shown: %s", t.cmd.ProcessState, t.tail())
	case <-timer.C:
		return time.Time{}, fmt.Errorf("nothing came for %v: %s", patience, t.tail())
	}
}

func (t *terminal) tail() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return fmt.Sprintf("%q", t.seen[max(0, len(t.seen)-2000):])
}

// taken is how many bytes came so far, in how many reads.
func (t *terminal) taken() (bytes int64, reads int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.total, t.frames
}

func (t *terminal) press(keys string) error {
	_, err := t.ptmx.WriteString(keys)
	return err
}

// close ends the program: by keys that make it end by itself, else by force.
func (t *terminal) close(keys string) error {
	var err error
	if keys != "" {
		err = t.press(keys)
		select {
		case <-t.exited:
		case <-time.After(10 * time.Second):
			err = errors.Join(err, fmt.Errorf("%s does not end: %s", t.cmd.Path, t.tail()))
		}
	}
	_ = t.cmd.Process.Kill()
	<-t.exited
	t.tty.Close()
	t.ptmx.Close()
	t.read.Wait()
	return err
}

// openSlow is openTerminal, with the delay of -slow in a time of podbay's.
func openSlow(name string, cmd *exec.Cmd, o options, wants ...string) (*terminal, time.Time, error) {
	before := time.Now()
	if name == ours {
		o.dawdle()
	}
	t, started, err := openTerminal(cmd, wants...)
	if name == ours && o.slow > 0 {
		started = before
	}
	return t, started, err
}
