package ui

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// guarded returns a frame in which styling (SGR) and line breaks are the only
// control codes. Texts were cleaned where they came in; this is the last line,
// since Bubble Tea's renderer lets C1 characters and some sequences through.
func guarded(frame string) string {
	var out strings.Builder
	kept := 0 // frame[kept:i] is fine and not written yet
	for i := 0; i < len(frame); {
		if b := frame[i]; b >= ' ' && b < 0x7f || b == '\n' {
			i++
			continue
		}
		if n := sgr(frame[i:]); n > 0 {
			i += n
			continue
		}
		r, n := utf8.DecodeRuneInString(frame[i:])
		if r != utf8.RuneError && !unicode.IsControl(r) && !unicode.Is(unicode.Bidi_Control, r) {
			i += n
			continue
		}
		out.WriteString(frame[kept:i])
		i += n
		kept = i
	}
	if kept == 0 {
		return frame
	}
	out.WriteString(frame[kept:])
	return out.String()
}

// sgr returns the length of the styling sequence that s starts with; 0 for none.
func sgr(s string) int {
	if !strings.HasPrefix(s, "\x1b[") {
		return 0
	}
	for i := 2; i < len(s); i++ {
		switch b := s[i]; {
		case b == 'm':
			return i + 1
		case b != ';' && b != ':' && (b < '0' || b > '9'):
			return 0
		}
	}
	return 0
}
