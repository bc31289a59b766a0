//go:build unix

package e2e

import (
	"io"
	"strings"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
	"github.com/hinshun/vt10x"
)

// emulator is the terminal's screen. It answers what terminals are asked.
type emulator struct {
	vt      vt10x.Terminal
	pending []byte // a sequence that has not come whole yet
}

func newEmulator(cols, rows int, answers io.Writer) *emulator {
	return &emulator{vt: vt10x.New(vt10x.WithSize(cols, rows), vt10x.WithWriter(answers))}
}

// Write draws output. Sequences that vt10x takes for others are left out: it
// reads "CSI > 1 u", a keyboard protocol, as the older "CSI u", which moves the
// cursor, and draws the B of "ESC ) B".
func (e *emulator) Write(p []byte) (int, error) {
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

// lines is the screen's text, without white space at the ends of lines.
func (e *emulator) lines() []string {
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

func (e *emulator) alt() bool           { return e.vt.Mode()&vt10x.ModeAltScreen != 0 }
func (e *emulator) cursorShown() bool   { return e.vt.CursorVisible() }
func (e *emulator) mouse() bool         { return e.vt.Mode()&vt10x.ModeMouseMask != 0 }
func (e *emulator) size(cols, rows int) { e.vt.Resize(cols, rows) }
