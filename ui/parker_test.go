//go:build unix

package ui

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/creack/pty"
	"go.uber.org/goleak"

	"podbay/internal/emulator"
	"podbay/manager"
)

// onTerminal is the UI on a real PTY, as Run has it.
type onTerminal struct {
	t      *testing.T
	p      *tea.Program
	parker *parker
	ptmx   *os.File
	screen *emulator.Emulator
	mu     sync.Mutex // of screen
	read   sync.WaitGroup
	ended  chan struct{}
	final  tea.Model
	err    error
}

func onPTY(t *testing.T, f *fakeManager, more ...tea.ProgramOption) *onTerminal {
	t.Helper()
	goleak.VerifyNone(t, goleak.IgnoreCurrent())
	blocking, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	ptmx := closable(t, blocking)
	if err := pty.Setsize(tty, &pty.Winsize{Cols: 100, Rows: 30}); err != nil {
		t.Fatal(err)
	}
	o := &onTerminal{t: t, parker: newParker(tty), ptmx: ptmx, screen: emulator.New(100, 30, io.Discard), ended: make(chan struct{})}
	run := newEffects(context.Background())
	opts := Options{In: tty, Out: tty, Open: nobrowser, Now: func() time.Time { return noon }, Getenv: func(name string) string {
		return map[string]string{"TERM": "xterm-256color"}[name]
	}}
	m := newModel(f, opts, run)
	m.hold.pause = 0
	o.p = tea.NewProgram(newParkedModel(m, o.parker), append(programOptions(opts, o.parker), more...)...)
	o.parker.begin(o.p)
	o.read.Go(o.emulate)
	go func() {
		defer close(o.ended)
		o.final, o.err = o.p.Run()
		o.parker.end()
	}()
	t.Cleanup(func() {
		o.p.Quit()
		closed(t, "the program ends", o.ended)
		run.close()
		ptmx.Close()
		o.read.Wait()
		tty.Close()
	})
	return o
}

// closable is a near side whose Close ends a Read.
func closable(t *testing.T, blocking *os.File) *os.File {
	t.Helper()
	defer blocking.Close()
	fd, err := syscall.Dup(int(blocking.Fd()))
	if err == nil {
		err = syscall.SetNonblock(fd, true)
	}
	if err != nil {
		t.Fatal(err)
	}
	return os.NewFile(uintptr(fd), "ptmx")
}

func (o *onTerminal) emulate() {
	buf := make([]byte, 64<<10)
	for {
		n, err := o.ptmx.Read(buf)
		o.mu.Lock()
		_, _ = o.screen.Write(buf[:n])
		o.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// text is what is on the screen.
func (o *onTerminal) text() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return strings.TrimRight(strings.Join(o.screen.Lines(), "\n"), "\n")
}

func (o *onTerminal) until(what string, done func() bool) {
	o.t.Helper()
	for deadline := time.Now().Add(patience); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			o.t.Fatalf("%s: not so after %v; the screen is:\n%s", what, patience, o.text())
		}
	}
}

func (o *onTerminal) rests() {
	o.t.Helper()
	o.until("the renderer waits", func() bool {
		o.parker.mu.Lock()
		defer o.parker.mu.Unlock()
		return o.parker.parked != nil
	})
}

func (o *onTerminal) shows(text string) {
	o.t.Helper()
	o.until("the screen shows "+text, func() bool { return strings.Contains(o.text(), text) })
}

// Whatever happens, its frame is drawn and the renderer rests again after it.
func TestRendererRestsAfterEachFrame(t *testing.T) {
	shell := newFakeSession()
	o := onPTY(t, &fakeManager{connect: func(context.Context, manager.ConnectRequest) (session, error) { return shell, nil }})
	o.shows("▸ alpha")
	o.rests()
	for _, step := range []struct {
		what string
		do   func()
		want string
	}{
		{"a key", func() { o.press("j") }, "▸ beta"},
		{"a key that changes nothing", func() { o.p.Send(tea.KeyPressMsg{Code: tea.KeyF12}) }, "▸ beta"},
		{"the clipboard", func() { o.p.Send(tea.SetClipboard("x")()) }, "▸ beta"},
		{"a question to the terminal", func() { o.p.Send(tea.RequestBackgroundColor()) }, "▸ beta"},
		{"help", func() { o.press("?") }, "The list"},
		{"back", func() { o.p.Send(tea.KeyPressMsg{Code: tea.KeyEscape}) }, "▸ beta"},
		{"the window's size", func() {
			_ = pty.Setsize(o.ptmx, &pty.Winsize{Cols: 100, Rows: 12})
			o.p.Send(tea.WindowSizeMsg{Width: 100, Height: 12})
		}, "▸ beta"},
		{"to the first", func() { o.press("g") }, "▸ alpha"},
		{"a session", func() { o.press("\r") }, "alpha: shell ended"},
	} {
		step.do()
		o.shows(step.want)
		o.rests()
	}
	closed(t, "the session ran", shell.ran)
}

func (o *onTerminal) press(keys string) {
	if _, err := io.WriteString(o.ptmx, keys); err != nil {
		o.t.Error(err)
	}
}

// Messages that come in any order, from several sides, leave the last frame on the
// screen, and nothing waits for the parked renderer.
func TestLastFrameIsDrawnBeforeTheRendererRests(t *testing.T) {
	o := onPTY(t, &fakeManager{})
	o.shows("▸ alpha")
	var senders sync.WaitGroup
	for seed := range uint64(3) {
		random := rand.New(rand.NewPCG(seed, 7))
		senders.Go(func() {
			for range 400 {
				switch random.IntN(12) {
				case 0:
					o.p.Send(tea.SetClipboard("x")())
				case 1:
					o.p.Send(tea.RequestBackgroundColor())
				case 2:
					o.p.Send(tea.ClearScreen())
				case 3:
					o.p.Send(tea.WindowSizeMsg{Width: 100, Height: 30})
				case 4:
					o.parker.quiet.Reset(0)
				default:
					o.p.Send(keys([]string{"j", "k", "s", "g", "G", "d", "esc"}[random.IntN(7)])[0])
				}
				if random.IntN(20) == 0 {
					time.Sleep(time.Duration(random.IntN(30)) * time.Millisecond)
				}
			}
		})
	}
	senders.Wait()
	o.rests()
	var seen string
	o.until("the screen stands still", func() bool {
		before := seen
		seen = o.text()
		return seen == before
	})
	o.p.Quit()
	closed(t, "the program ends", o.ended)
	want := strings.Split(ansi.Strip(o.final.(parkedModel).view.Content), "\n")
	for i := range want {
		want[i] = strings.TrimRight(want[i], " ")
	}
	if want := strings.TrimRight(strings.Join(want, "\n"), "\n"); seen != want {
		t.Errorf("the screen is\n%s\nand should be\n%s", seen, want)
	}
}

// A defect of podbay's ends the program at once, although the renderer waits.
func TestPanicEndsAProgramAtRest(t *testing.T) {
	for name, fails := range map[string]func(o *onTerminal){
		"in a command": func(o *onTerminal) {
			o.p.Send(tea.BatchMsg{o.parker.watched(func() tea.Msg { panic("a defect") })})
		},
		"in a command of a command": func(o *onTerminal) {
			batch := func() tea.Msg { return tea.BatchMsg{func() tea.Msg { panic("a defect") }} }
			o.p.Send(tea.BatchMsg{o.parker.watched(batch)})
		},
	} {
		t.Run(name, func(t *testing.T) {
			// Bubble Tea does not wait for its reader of keys then, and closes what that reads.
			o := onPTY(t, &fakeManager{}, tea.WithInput(nil))
			o.shows("▸ alpha")
			o.rests()
			began := time.Now()
			fails(o)
			closed(t, "the program ends", o.ended)
			if !errors.Is(o.err, tea.ErrProgramPanic) {
				t.Errorf("it ended with %v", o.err)
			}
			if took := time.Since(began); took > longestPark {
				t.Errorf("it took %v to end", took)
			}
		})
	}
}
