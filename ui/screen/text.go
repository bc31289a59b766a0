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
func Width(s string) int { return ansi.StringWidth(s) }

// Cut shortens s to width cells, with an ellipsis where something is missing.
func Cut(s string, width int) string {
	if width <= 0 {
		return ""
	}
	return ansi.Truncate(s, width, "…")
}

// Fit cuts or pads s on the right to exactly width cells.
func Fit(s string, width int) string {
	s = Cut(s, width)
	return s + strings.Repeat(" ", max(0, width-Width(s)))
}

// FitRight cuts or pads s on the left to exactly width cells.
func FitRight(s string, width int) string {
	s = Cut(s, width)
	return strings.Repeat(" ", max(0, width-Width(s))) + s
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
