package tty

import (
	"fmt"
	"os"
	"sync"
	"unicode/utf16"
	"unicode/utf8"

	xwindows "github.com/charmbracelet/x/windows"
	"golang.org/x/sys/windows"
)

// consoleInput reads the console's events, not its bytes: waiting for an event
// and taking those that are there can be told apart, so that a wait ends at
// Cancel and a take never blocks. muesli/cancelreader reads bytes: it has to
// throw away what was typed before it starts, and cannot end a read that an
// event without a byte (a released key, a focus change) made it begin.
//
// With virtual terminal input, which Raw sets, a key that is more than one byte
// comes as a run of key events, one for each character of its sequence.
// What was taken and does not fit the caller's buffer waits in rest; it is lost
// only if the reader is cancelled while a buffer smaller than one event's text
// is in use.
type consoleInput struct {
	console windows.Handle
	cancel  windows.Handle // an event, set by Cancel
	high    rune           // first half of a surrogate pair
	rest    []byte

	mu       sync.Mutex // held while events are taken: Cancel waits for that
	canceled bool
}

func newInputReader(f *os.File) (inputReader, error) {
	var mode uint32
	if err := windows.GetConsoleMode(windows.Handle(f.Fd()), &mode); err != nil {
		return nil, fmt.Errorf("read keys from %s: not a console: %w", f.Name(), err)
	}
	const manualReset = 1
	cancel, err := windows.CreateEvent(nil, manualReset, 0, nil)
	if err != nil {
		return nil, fmt.Errorf("read keys from %s: %w", f.Name(), err)
	}
	return &consoleInput{console: windows.Handle(f.Fd()), cancel: cancel}, nil
}

func (c *consoleInput) Read(p []byte) (int, error) {
	for len(c.rest) == 0 {
		// The cancel event comes first: it wins when both are set.
		event, err := windows.WaitForMultipleObjects([]windows.Handle{c.cancel, c.console}, false, windows.INFINITE)
		if err != nil {
			return 0, fmt.Errorf("wait for keys: %w", err)
		}
		if event == windows.WAIT_OBJECT_0 {
			return 0, ErrCanceled
		}
		if err := c.take(len(p)); err != nil {
			return 0, err
		}
	}
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

// maxEventBytes is the longest text of one event of one press.
const maxEventBytes = utf8.UTFMax

// take takes the events that are there, as many as surely fit size bytes.
func (c *consoleInput) take(size int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.canceled {
		return ErrCanceled
	}
	var there, n uint32
	if err := xwindows.GetNumberOfConsoleInputEvents(c.console, &there); err != nil {
		return fmt.Errorf("count the keys: %w", err)
	}
	if there == 0 {
		return nil
	}
	records := make([]xwindows.InputRecord, min(int(there), max(1, size/maxEventBytes)))
	if err := xwindows.ReadConsoleInput(c.console, &records[0], uint32(len(records)), &n); err != nil {
		return fmt.Errorf("read keys: %w", err)
	}
	for _, record := range records[:n] {
		if record.EventType == xwindows.KEY_EVENT {
			c.key(record.KeyEvent())
		}
	}
	return nil
}

// key adds the text of a key event. A release has text only when it ends an
// alt+number entry.
func (c *consoleInput) key(e xwindows.KeyEventRecord) {
	altEntry := !e.KeyDown && e.VirtualKeyCode == windows.VK_MENU
	if e.Char == 0 && !ctrlSpace(e) || !e.KeyDown && !altEntry {
		return
	}
	r := e.Char
	switch {
	case 0xd800 <= r && r < 0xdc00: // first half: it waits for its second
		c.high = r
		return
	case utf16.IsSurrogate(r):
		r = utf16.DecodeRune(c.high, r)
		c.high = 0
	}
	for range max(1, e.RepeatCount) {
		c.rest = utf8.AppendRune(c.rest, r)
	}
}

// ctrlSpace tells ctrl+space and ctrl+@, whose character is NUL, from keys that
// have none.
func ctrlSpace(e xwindows.KeyEventRecord) bool {
	const ctrl = xwindows.LEFT_CTRL_PRESSED | xwindows.RIGHT_CTRL_PRESSED
	return e.KeyDown && e.ControlKeyState&ctrl != 0 && (e.VirtualKeyCode == windows.VK_SPACE || e.VirtualKeyCode == '2')
}

func (c *consoleInput) Cancel() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.canceled = true
	_ = windows.SetEvent(c.cancel)
}

func (c *consoleInput) polled() bool { return false }

func (c *consoleInput) Close() error { return windows.CloseHandle(c.cancel) }
