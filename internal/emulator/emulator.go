// Package emulator is a terminal's screen for tests: what is written to it can be
// read as a person would.
package emulator

import (
	"io"
	"strings"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
	"github.com/hinshun/vt10x"
)

// Emulator is a terminal's screen. It answers what terminals are asked.
type Emulator struct {
	vt      vt10x.Terminal
	pending []byte // a sequence that has not come whole yet
}

// New makes a screen of a size in cells, which writes its answers to answers.
func New(cols, rows int, answers io.Writer) *Emulator {
	return &Emulator{vt: vt10x.New(vt10x.WithSize(cols, rows), vt10x.WithWriter(answers))}
}

// Write draws output. Sequences that vt10x takes for others are left out: it
// reads "CSI > 1 u", a keyboard protocol, as the older "CSI u", which moves the
// cursor, and draws the B of "ESC ) B".
func (e *Emulator) Write(p []byte) (int, error) {
	e.pending = append(e.pending, p...)
	for len(e.pending) > 0 && utf8.FullRune(e.pending) {
		seq, _, n, state := ansi.DecodeSequence(e.pending, ansi.NormalState, nil)
		if state != ansi.NormalState {
			break
		}
		if !misread(string(seq)) {
			if _, err := e.vt.Write(seq); err != nil {
				return 0, err
			}
		}
		e.pending = e.pending[n:]
	}
	return len(p), nil
}

func misread(seq string) bool {
	switch {
	case strings.HasPrefix(seq, "\x1b[<"), strings.HasPrefix(seq, "\x1b[="), strings.HasPrefix(seq, "\x1b[>"),
		strings.HasPrefix(seq, "\x1b[?") && strings.HasSuffix(seq, "u"),
		strings.HasPrefix(seq, "\x1b)"), strings.HasPrefix(seq, "\x1b*"), strings.HasPrefix(seq, "\x1b+"):
		return true
	}
	return false
}

// Lines is the screen's text, without white space at the ends of lines.
func (e *Emulator) Lines() []string {
	cols, rows := e.vt.Size()
	out := make([]string, rows)
	for y := range rows {
		var b strings.Builder
		for x := range cols {
			c := e.vt.Cell(x, y).Char
			if c == 0 {
				c = ' '
			}
			b.WriteRune(c)
		}
		out[y] = strings.TrimRight(b.String(), " ")
	}
	return out
}

// Alt tells whether the alternate screen is shown.
func (e *Emulator) Alt() bool { return e.vt.Mode()&vt10x.ModeAltScreen != 0 }

// CursorShown tells whether there is a cursor.
func (e *Emulator) CursorShown() bool { return e.vt.CursorVisible() }

// Mouse tells whether the terminal was asked to tell of its mouse.
func (e *Emulator) Mouse() bool { return e.vt.Mode()&vt10x.ModeMouseMask != 0 }

// Resize changes the size, in cells.
func (e *Emulator) Resize(cols, rows int) { e.vt.Resize(cols, rows) }
