package tty

import (
	"encoding/binary"
	"strconv"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/ansi/parser"
)

// Reset undoes what a remote program may have left behind in the terminal:
// mouse reports, focus reports, bracketed paste, application cursor and keypad,
// kitty keyboard flags, scroll region, character set, colours, a hidden cursor.
// It does not clear the screen, does not move the cursor and does not set the
// title. What can only be undone when it is known to be on, the alternate
// screen and origin mode, is in [Screen.Leave]: write that first.
//
// What the sequences mean is in xterm's ctlseqs; kitty's and the Contour
// terminal's own documents have the keyboard protocol and modes 2026, 2031, 2048.
const Reset = "" +
	"\x18\x1b\\" + // a sequence that was cut off ends here and is not obeyed
	"\x1b[?2026l" + // synchronized output: show what was held back
	mouseOff +
	"\x1b[?1004l\x1b[?2004l\x1b[?2031l\x1b[?2048l" + // reports of focus, paste, colour scheme, size
	keyboardOff +
	"\x1b7\x1b[r\x1b[?69l\x1b8" + // margins: setting them moves the cursor, so it is saved around them
	"\x1b[4l\x1b[20l\x1b[?5l\x1b[?7h" + // insert, newline and reverse mode off, autowrap on
	"\x1b(B\x1b)B\x0f" + // ASCII as G0 and G1, G0 in use
	"\x1b]8;;\x1b\\\x1b[0m" + // an open hyperlink, colours
	"\x1b[?25h\x1b[0 q" // the cursor, shown and in its default shape

const (
	mouseOff = "\x1b[?9l\x1b[?1000l\x1b[?1001l\x1b[?1002l\x1b[?1003l\x1b[?1005l\x1b[?1006l\x1b[?1015l\x1b[?1016l"
	// keyboardOff pops more kitty flags than any program stacks: a terminal keeps
	// the last of them zero.
	keyboardOff = "\x1b[<99u\x1b[>4m\x1b[?1l\x1b[?66l\x1b>"
)

// Modes of DECSET that Screen follows.
const (
	modeOrigin    = 6
	modeAlt       = 47
	modeAltClear  = 1047
	modeAltCursor = 1049
)

// Screen follows what a remote program writes to the terminal, for what must be
// known to clean up after it. "\x1b[?1049l" on a terminal that shows its normal
// screen would move the cursor to a place saved long ago, onto lines that are
// still wanted: the sequence is written only when the program did switch.
//
// It is not for concurrent use.
type Screen struct {
	parser    *ansi.Parser
	alt       int // the mode that switched to the alternate screen; 0 on the normal one
	origin    bool
	lineStart bool
}

// NewScreen returns a Screen on its normal screen, at the start of a line.
func NewScreen() *Screen {
	s := &Screen{parser: ansi.NewParser(), lineStart: true}
	s.parser.SetDataSize(1) // strings are not looked into: keep none of them
	s.parser.SetHandler(ansi.Handler{HandleCsi: s.csi, HandleEsc: s.esc})
	return s
}

// Follow takes note of output. A sequence may be split over calls.
func (s *Screen) Follow(output []byte) {
	for i := 0; i < len(output); i++ {
		if s.parser.State() == parser.GroundState {
			i = skipText(output, i)
			if i == len(output) {
				break
			}
		}
		if output[i] == ansi.ESC && s.parser.State() == parser.Utf8State {
			s.parser.Reset() // a terminal drops the broken character; the parser would eat the ESC
		}
		s.parser.Advance(output[i])
	}
	if n := len(output); n > 0 {
		s.lineStart = output[n-1] == '\n'
	}
}

// skipText returns where the next byte from i on is that can change the parser's
// state: most output is plain text, and the parser is many times slower. It looks at
// eight bytes at a time, for one with the high bit set or for an ESC.
func skipText(output []byte, i int) int {
	const ones, high = 0x0101010101010101, 0x8080808080808080
	for ; i+8 <= len(output); i += 8 {
		text := binary.LittleEndian.Uint64(output[i:])
		escapes := text ^ ansi.ESC*ones // a zero byte where there is an ESC
		if (text|(escapes-ones)&^escapes)&high != 0 {
			break
		}
	}
	for i < len(output) && output[i] < utf8.RuneSelf && output[i] != ansi.ESC {
		i++
	}
	return i
}

// Between reports whether the output ended between two characters or sequences,
// so that other text can be put in without tearing one apart.
func (s *Screen) Between() bool { return s.parser.State() == parser.GroundState }

// LineStart reports whether the output ended with a newline.
func (s *Screen) LineStart() bool { return s.lineStart }

// Leave returns what brings the terminal back to its normal screen and to
// absolute addressing; "" when it is there. It goes before [Reset].
func (s *Screen) Leave() string {
	var leave string
	if s.origin {
		// This moves the cursor to the top; at the bottom nothing is overwritten.
		leave += "\x18\x1b\\\x1b[r\x1b[?6l\x1b[999;1H"
	}
	if s.alt != 0 {
		// kitty stacks its keyboard flags for each screen apart.
		leave += "\x18\x1b\\" + keyboardOff + "\x1b[?" + strconv.Itoa(s.alt) + "l"
	}
	return leave
}

func (s *Screen) csi(cmd ansi.Cmd, params ansi.Params) {
	switch {
	case cmd == ansi.Cmd(ansi.Command('?', 0, 'h')):
		params.ForEach(0, func(_, mode int, _ bool) { s.set(mode, true) })
	case cmd == ansi.Cmd(ansi.Command('?', 0, 'l')):
		params.ForEach(0, func(_, mode int, _ bool) { s.set(mode, false) })
	case cmd == ansi.Cmd(ansi.Command(0, '!', 'p')): // DECSTR, soft reset
		s.origin = false
	}
}

func (s *Screen) set(mode int, on bool) {
	switch mode {
	case modeOrigin:
		s.origin = on
	case modeAlt, modeAltClear, modeAltCursor:
		s.alt = 0
		if on {
			s.alt = mode
		}
	}
}

func (s *Screen) esc(cmd ansi.Cmd) {
	if cmd == 'c' { // RIS, full reset
		s.alt, s.origin = 0, false
	}
}
