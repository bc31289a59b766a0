//go:build unix

package e2e

import (
	"os"
	"os/exec"
	"reflect"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/term"

	"podbay/internal/emulator"
)

// deadline bounds every wait. It is generous: nothing is proved by a time.
const deadline = 60 * time.Second

// program is a process in a terminal of its own.
type program struct {
	t         *testing.T
	cmd       *exec.Cmd
	ptmx, tty *os.File // the terminal's two sides; the test keeps the process's side open
	before    *term.State

	mu      sync.Mutex
	raw     []byte // all output
	screen  *emulator.Emulator
	changed chan struct{} // closed at the next output

	exited chan struct{}
	read   sync.WaitGroup
	closed sync.Once
}

const (
	cols = 110
	rows = 30
)

// start runs cmd in a new terminal, as a shell in a terminal window would.
func start(t *testing.T, cmd *exec.Cmd) *program {
	t.Helper()
	ptmx, tty := openPTY(t)
	p := &program{
		t: t, cmd: cmd, ptmx: ptmx, tty: tty,
		screen: emulator.New(cols, rows, ptmx), changed: make(chan struct{}), exited: make(chan struct{}),
	}
	p.resize(cols, rows)
	var err error
	if p.before, err = term.GetState(int(tty.Fd())); err != nil {
		t.Fatal(err)
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = tty, tty, tty
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.exited)
		_ = cmd.Wait() // the exit code is in ProcessState
	}()
	p.read.Go(p.readOutput)
	t.Cleanup(p.end)
	return p
}

// openPTY opens a PTY whose near side can be closed while it is read.
func openPTY(t *testing.T) (ptmx, tty *os.File) {
	t.Helper()
	blocking, tty, err := pty.Open()
	if err != nil {
		t.Fatalf("open a PTY: %v", err)
	}
	defer blocking.Close()
	fd, err := syscall.Dup(int(blocking.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	syscall.CloseOnExec(fd)
	if err := syscall.SetNonblock(fd, true); err != nil {
		t.Fatal(err)
	}
	return os.NewFile(uintptr(fd), "ptmx"), tty
}

func (p *program) readOutput() {
	buf := make([]byte, 64<<10)
	for {
		n, err := p.ptmx.Read(buf)
		p.mu.Lock()
		p.raw = append(p.raw, buf[:n]...)
		_, _ = p.screen.Write(buf[:n])
		close(p.changed)
		p.changed = make(chan struct{})
		p.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// endTime is how long a process may take to clean up: a demo ends its shells.
const endTime = 10 * time.Second

// end ends what is left of the process, by force if it must be, and closes the
// terminal.
func (p *program) end() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	timer := time.AfterFunc(endTime, func() { _ = p.cmd.Process.Kill() })
	<-p.exited
	timer.Stop()
	p.hangUp()
	p.read.Wait()
}

// hangUp closes the terminal, as a window that is closed does.
func (p *program) hangUp() {
	p.closed.Do(func() {
		_ = p.tty.Close()
		_ = p.ptmx.Close()
	})
}

// press types keys.
func (p *program) press(keys string) {
	p.t.Helper()
	if _, err := p.ptmx.WriteString(keys); err != nil {
		p.t.Fatalf("type %q: %v", keys, err)
	}
}

// The keys that have names.
const (
	enter = "\r"
	esc   = "\x1b"
	ctrlC = "\x03"
	tab   = "\t"
)

func (p *program) resize(cols, rows int) {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := pty.Setsize(p.tty, &pty.Winsize{Cols: uint16(cols), Rows: uint16(rows)}); err != nil {
		p.t.Fatal(err)
	}
	p.screen.Resize(cols, rows)
}

func (p *program) signal(sig os.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(sig); err != nil {
		p.t.Fatalf("send %v: %v", sig, err)
	}
}

// mark is a place in the output: what comes after it is since(mark).
func (p *program) mark() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.raw)
}

// since is the output after a mark, control codes included.
func (p *program) since(mark int) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return string(p.raw[mark:])
}

// text is what the screen shows now.
func (p *program) text() string { return strings.Join(p.lines(), "\n") }

func (p *program) lines() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.screen.Lines()
}

// words is the screen's text with line ends and frames as single spaces, for
// sentences that the screen wraps.
func (p *program) words() string {
	return strings.Join(strings.FieldsFunc(p.text(), func(r rune) bool { return r == ' ' || r == '\n' || r == '│' }), " ")
}

// until waits for a condition on the terminal.
func (p *program) until(what string, holds func() bool) {
	p.t.Helper()
	timer := time.NewTimer(deadline)
	defer timer.Stop()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		p.mu.Lock()
		changed := p.changed
		p.mu.Unlock()
		if holds() {
			return
		}
		select {
		case <-changed:
		case <-p.exited:
			p.drain() // what was still under way arrives
			if !holds() {
				p.t.Fatalf("podbay ended (%v) before %s\n%s", p.cmd.ProcessState, what, p.text())
			}
			return
		case <-tick.C: // for conditions that the terminal does not tell of
		case <-timer.C:
			raw := p.since(0)
			p.t.Fatalf("never came: %s\n%s\nlast output: %q", what, p.text(), raw[max(0, len(raw)-600):])
		}
	}
}

// sees waits until the screen shows all of these words.
func (p *program) sees(words ...string) {
	p.t.Helper()
	p.until("the words "+strings.Join(words, " | "), func() bool {
		shown := p.words()
		return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(shown, w) })
	})
}

// answers gives a key to the question that is on the screen. It takes answers when
// the keyboard has rested; until then its keys are not in the footer.
func (p *program) answers(key string) {
	p.t.Helper()
	p.until("a question that takes answers", func() bool {
		lines := p.lines()
		if len(lines) == 0 {
			return false
		}
		footer := lines[len(lines)-1] // the list's has no esc
		return strings.HasPrefix(footer, "enter ") && strings.Contains(footer, "esc back")
	})
	p.press(key)
}

// prints waits for text in the output after mark.
func (p *program) prints(mark int, text string) {
	p.t.Helper()
	p.until("output with "+text, func() bool { return strings.Contains(p.since(mark), text) })
}

// selected tells whether the list is shown with its mark on this pod. A narrow
// list cuts names.
func (p *program) selected(pod string) bool {
	return p.altScreen() && slices.ContainsFunc(p.lines(), func(line string) bool {
		row, marked := strings.CutPrefix(line, "▸ ")
		row = strings.TrimPrefix(row, "◂ ") // a shell was left on it
		name, _, cut := strings.Cut(row, "…")
		return marked && (strings.HasPrefix(row, pod) || cut && strings.HasPrefix(pod, name))
	})
}

// list waits for the list with its mark on this pod.
func (p *program) list(pod string) {
	p.t.Helper()
	p.until("the list with "+pod+" selected", func() bool { return p.selected(pod) })
}

func (p *program) altScreen() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.screen.Alt()
}

// ends waits for the process and returns its exit code.
func (p *program) ends() int {
	p.t.Helper()
	timer := time.NewTimer(deadline)
	defer timer.Stop()
	select {
	case <-p.exited:
		return p.cmd.ProcessState.ExitCode()
	case <-timer.C:
		p.t.Fatalf("podbay does not end\n%s", p.text())
		return 0
	}
}

// sane checks that the terminal is as it was before the process.
func (p *program) sane() {
	p.t.Helper()
	after, err := term.GetState(int(p.tty.Fd()))
	if err != nil {
		p.t.Fatal(err)
	}
	if !reflect.DeepEqual(p.before, after) {
		p.t.Errorf("the terminal's modes were %+v and are %+v", p.before, after)
	}
	p.drain()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.screen.Alt() || !p.screen.CursorShown() || p.screen.Mouse() {
		p.t.Errorf("left behind: alternate screen %v, hidden cursor %v, mouse reports %v",
			p.screen.Alt(), !p.screen.CursorShown(), p.screen.Mouse())
	}
	for _, mode := range []string{"?2004", "?1004", "?2026"} {
		on, off := strings.LastIndex(string(p.raw), "\x1b["+mode+"h"), strings.LastIndex(string(p.raw), "\x1b["+mode+"l")
		if on > off {
			p.t.Errorf("mode %s was left on", mode)
		}
	}
}

// modesChanged tells whether the process has changed the terminal's modes.
func (p *program) modesChanged() bool {
	now, err := term.GetState(int(p.tty.Fd()))
	return err == nil && !reflect.DeepEqual(p.before, now)
}

// drain waits until all that the process wrote has been read.
func (p *program) drain() {
	p.t.Helper()
	const last = "\x1b]777;drained\x07"
	mark := p.mark()
	if _, err := p.tty.WriteString(last); err != nil {
		p.t.Fatal(err)
	}
	eventually(p.t, "the end of the output", func() bool { return strings.Contains(p.since(mark), last) })
}

// eventually waits for a condition that no terminal tells of.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for stop := time.Now().Add(deadline); !holds(); <-tick.C {
		if time.Now().After(stop) {
			t.Fatalf("never came: %s", what)
		}
	}
}

// count counts a text on the screen.
func (p *program) count(text string) int { return strings.Count(p.text(), text) }
