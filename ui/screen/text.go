package screen

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

// Width returns how many cells s takes; styling takes none.
func Width(s string) int {
	if n, ok := simpleWidth(s); ok {
		return n
	}
	return ansi.StringWidth(s)
}

// ownSigns are the signs that podbay draws with, each one cell wide.
const ownSigns = "●◐▲✕○▸◂▾│─…→↑↓×·"

// simpleWidth is the width of what nearly all texts are made of: ASCII, podbay's own
// signs, and styling. It takes a tenth of the time.
func simpleWidth(s string) (cells int, simple bool) {
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case ' ' <= c && c <= '~':
			cells++
			i++
		case c == '\x1b':
			end := sgrLen(s[i:])
			if end == 0 {
				return 0, false
			}
			i += end
		default:
			r, size := utf8.DecodeRuneInString(s[i:])
			if size < 2 || !strings.ContainsRune(ownSigns, r) {
				return 0, false
			}
			cells++
			i += size
		}
	}
	return cells, true
}

// sgrLen is the length of the control sequence that sets a style with which s begins;
// 0 for none.
func sgrLen(s string) int {
	if len(s) < 3 || s[1] != '[' {
		return 0
	}
	for i := 2; i < len(s); i++ {
		switch c := s[i]; {
		case c == 'm':
			return i + 1
		case (c < '0' || c > '9') && c != ';' && c != ':':
			return 0
		}
	}
	return 0
}

// Cut shortens s to width cells, with an ellipsis where something is missing.
func Cut(s string, width int) string {
	if width <= 0 {
		return ""
	}
	if n, ok := simpleWidth(s); ok && n <= width {
		return s
	}
	return ansi.Truncate(s, width, "…")
}

// Fit cuts or pads s on the right to exactly width cells.
func Fit(s string, width int) string {
	s, pad := fitted(s, width)
	return s + pad
}

// FitRight cuts or pads s on the left to exactly width cells.
func FitRight(s string, width int) string {
	s, pad := fitted(s, width)
	return pad + s
}

func fitted(s string, width int) (cut, pad string) {
	n := Width(s)
	if n > width {
		s = Cut(s, width)
		n = Width(s)
	}
	return s, strings.Repeat(" ", max(0, width-n))
}

// Wrap breaks s into lines of at most width cells: at spaces where it can,
// inside a word that is wider than a line. Styling is carried over.
func Wrap(s string, width int) []string {
	width = max(1, width)
	var lines []string
	for line := range strings.SplitSeq(ansi.Wrap(s, width, ""), "\n") {
		// ansi.Wrap leaves a line one cell too wide at times, by a space at its end or
		// by a hyphen; fitted into a frame it would lose a letter.
		line = strings.TrimRight(line, " ")
		lines = append(lines, strings.Split(ansi.Hardwrap(line, width, true), "\n")...)
	}
	return lines
}

// LowerFirst writes a label as it stands within a sentence: "Use RunPod's proxy" as
// "use RunPod's proxy".
func LowerFirst(s string) string {
	first, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToLower(first)) + s[size:]
}

// Spread puts left and right on the two ends of a line of width cells. Where
// both do not fit, left is cut, then right goes.
func Spread(left, right string, width int) string {
	room := width - Width(right) - 1
	if right == "" || room < min(Width(left), width/3) {
		return Fit(left, width)
	}
	return Fit(left, room) + " " + right
}

// Ago writes a length of time in its one or two largest units: "14 s", "4 m",
// "3 h 20 m", "2 d 4 h". Fractions of a second are dropped.
func Ago(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", max(0, d/time.Second))
	case d < time.Hour:
		return fmt.Sprintf("%d m", d/time.Minute)
	case d < 24*time.Hour:
		return two(d/time.Hour, "h", d%time.Hour/time.Minute, "m")
	default:
		return two(d/(24*time.Hour), "d", d%(24*time.Hour)/time.Hour, "h")
	}
}

// AgoStays is how long [Ago] writes a length of time that grows as it does now.
func AgoStays(d time.Duration) time.Duration {
	unit := time.Hour
	switch {
	case d < 0:
		return time.Second - d
	case d < time.Minute:
		unit = time.Second
	case d < 24*time.Hour:
		unit = time.Minute
	}
	return unit - d%unit
}

func two(big time.Duration, bigUnit string, small time.Duration, smallUnit string) string {
	if small == 0 {
		return fmt.Sprintf("%d %s", big, bigUnit)
	}
	return fmt.Sprintf("%d %s %d %s", big, bigUnit, small, smallUnit)
}
