package attach

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/charmbracelet/x/ansi"

	"podbay/tty"
)

// mark tells podbay's own lines from the far side's output.
const mark = "[podbay] "

// screen is the terminal's output: what the far side prints, and podbay's own
// lines between it.
type screen struct {
	terminal *tty.Terminal
	out      *tty.Output // nil until open
	muted    atomic.Bool

	writing sync.Mutex // held while the terminal takes output, which may last
	state   *tty.Screen
	waiting bool // the line of status is shown

	mu      sync.Mutex // never held for long
	pending []string
	told    chan struct{} // a line is pending
}

func newScreen(t *tty.Terminal) *screen {
	return &screen{terminal: t, state: tty.NewScreen(), told: make(chan struct{}, 1)}
}

// open readies the screen for output.
func (s *screen) open() { s.out = s.terminal.Output() }

// close is open's counterpart, once nothing is written any more.
func (s *screen) close() { _ = s.out.Close() }

// write shows output of the far side, and podbay's lines that wait.
func (s *screen) write(p []byte) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	if s.muted.Load() {
		return nil
	}
	if len(p) > 0 {
		s.state.Follow(p)
		if _, err := s.out.Write(p); err != nil {
			return err
		}
	}
	return s.flush()
}

// mute drops all output from now on.
func (s *screen) mute() { s.muted.Store(true) }

// say shows lines of podbay's own, soon: not within a character or a sequence
// of the far side's, and not before the terminal takes output. It does not wait.
func (s *screen) say(lines ...string) {
	s.mu.Lock()
	s.pending = append(s.pending, lines...)
	s.mu.Unlock()
	select {
	case s.told <- struct{}{}:
	default:
	}
}

// sayNow shows lines of podbay's own at once, where the far side has begun nothing.
func (s *screen) sayNow(lines ...string) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	if s.muted.Load() {
		return nil
	}
	_, err := s.out.Write([]byte(s.format(lines)))
	return err
}

// sayPending shows the lines that say leaves, until ctx ends.
func (s *screen) sayPending(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.told:
		}
		_ = s.write(nil) // a terminal that is gone is told by the output
	}
}

// flush shows pending lines if the output is between two sequences; else the
// write that completes the sequence does. The caller holds writing.
func (s *screen) flush() error {
	if s.muted.Load() || !s.state.Between() {
		return nil
	}
	s.mu.Lock()
	lines := s.pending
	s.pending = nil
	s.mu.Unlock()
	if len(lines) == 0 {
		return nil
	}
	text := []byte(s.format(lines))
	s.state.Follow(text)
	_, err := s.out.Write(text)
	return err
}

// format puts lines on lines of their own. The terminal is raw: a line ends
// with both characters.
func (s *screen) format(lines []string) string {
	var b strings.Builder
	if !s.state.LineStart() {
		b.WriteString("\r\n")
	}
	for _, line := range lines {
		b.WriteString(mark + strings.ReplaceAll(s.wrapped(line), "\n", "\r\n"+strings.Repeat(" ", len(mark))) + "\r\n")
	}
	return b.String()
}

// wrapped breaks a line where the terminal would, but between words.
func (s *screen) wrapped(line string) string {
	size, err := s.terminal.Size()
	if err != nil || size.Cols <= 2*len(mark) { // too narrow to be nice, or not told
		return line
	}
	return ansi.Wrap(line, size.Cols-len(mark), "")
}

// busy reports whether a write is under way.
func (s *screen) busy() bool {
	if s.writing.TryLock() {
		s.writing.Unlock()
		return false
	}
	return true
}

// lost puts the terminal in order after a lost line and shows lines of podbay's.
// The program may have drawn the whole screen: then they go below it.
func (s *screen) lost(lines []string, whole bool) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	if s.muted.Load() {
		return nil
	}
	text := s.state.Leave() + tty.Reset
	if whole {
		text += toLastLine + "\r\n"
		s.state = tty.NewScreen()
	}
	text += s.format(lines)
	s.state = tty.NewScreen()
	_, err := s.out.Write([]byte(text))
	return err
}

const (
	toLastLine = "\x1b[999;1H"
	clearLine  = "\r\x1b[K"
	clearLast  = "\x1b7" + toLastLine + "\x1b[2K\x1b8"
)

// status shows a line in place of the last one; "" takes it away. Nothing else may
// be written meanwhile.
func (s *screen) status(text string) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	if s.muted.Load() || text == "" && !s.waiting {
		return nil
	}
	s.waiting = text != ""
	if s.waiting {
		text = mark + text
		if size, err := s.terminal.Size(); err == nil && size.Cols > 1 {
			text = ansi.Truncate(text, size.Cols-1, "…") // a full line would wrap and could not be replaced
		}
	}
	_, err := s.out.Write([]byte(clearLine + text))
	return err
}

// scrollAway moves all that the terminal shows into its scrollback.
func (s *screen) scrollAway() error {
	size, err := s.terminal.Size()
	if err != nil {
		return err
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	if s.muted.Load() {
		return nil
	}
	_, err = s.out.Write([]byte(toLastLine + strings.Repeat("\n", size.Rows)))
	return err
}

// cleanUp returns what undoes the far side's traces and shows a last line, if
// there is one, muted or not. What covers the terminal's last row is erased. It may be
// called again. Nothing else may write any more.
func (s *screen) cleanUp(farewell string, covered bool) func() {
	text := []byte(s.state.Leave() + tty.Reset)
	if covered {
		text = append(text, clearLast...)
	}
	if s.waiting {
		text = append(text, clearLine...)
	}
	if farewell != "" {
		text = append(text, s.format([]string{farewell})...)
	}
	return func() {
		s.writing.Lock()
		defer s.writing.Unlock()
		_, _ = s.out.Write(text) // a terminal that is gone needs no cleaning
	}
}
