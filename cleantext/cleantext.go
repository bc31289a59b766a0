// Package cleantext makes text from outside safe to draw: pod names, images,
// log lines, API errors, SSH banners, key comments.
//
// It is pure and imports nothing of podbay, so that every room may use it. A
// room cleans what it takes in before the text reaches an error, a log or a
// screen; the screens clean nothing.
//
// What comes out of [Line] and [Block] is valid UTF-8 that
//   - holds no control character and no part of an escape sequence, whether it
//     was written with ESC, with a C1 byte or with a C1 character;
//   - holds nothing that reorders text (bidirectional overrides and isolates)
//     and nothing that is invisible (zero-width and other format characters,
//     variation selectors, tags, fillers). The zero-width joiner goes too: a
//     joined emoji is then drawn as its parts, and has the same width in every
//     terminal;
//   - stacks at most a few combining marks on a letter, and none on a space,
//     where they would land on what is drawn before them;
//   - is no wider than asked for, counted in terminal cells both by grapheme
//     clusters and by single characters, because terminals do either;
//   - does not change when it is cleaned again.
//
// What cannot be decoded, noncharacters and private-use characters, whose look
// depends on the font, become U+FFFD. Letters that merely look alike stay.
package cleantext

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

const (
	// DefaultCells is the width that a limit of 0 stands for.
	DefaultCells = 4096
	// DefaultLines is the number of lines that a limit of 0 stands for.
	DefaultLines = 1000
)

const (
	ellipsis = "…"
	// maxMarks is how many combining marks a letter keeps: Vietnamese, Hebrew
	// and Tibetan need up to four, text that paints over its neighbours more.
	maxMarks = 4
)

// Line returns s as one line that is safe to draw, without space at either
// end. A run of line breaks and tabs becomes one space. What is wider than
// maxCells terminal cells is cut and ends in "…"; 0 or less means DefaultCells.
func Line(s string, maxCells int) string {
	maxCells = orDefault(maxCells, DefaultCells)
	if len(s) <= maxCells && isPlain(s) {
		return strings.Trim(s, " ") // most texts, and lists hold thousands of them
	}
	if strings.Contains(s, "\n") {
		s = cleanLines(s)
	} else {
		s = clean(s)
	}
	return cut(strings.Trim(s, " "), maxCells)
}

// Block returns s as at most maxLines lines that are safe to draw, each at
// most maxCells cells wide; 0 or less means DefaultLines and DefaultCells.
// Lines end at "\n". Indentation stays; space at the end of a line and blank
// lines at the end of the text go. The last line ends in "…" when lines were
// left out. Text with nothing to draw gives no lines.
func Block(s string, maxLines, maxCells int) []string {
	maxLines = orDefault(maxLines, DefaultLines)
	maxCells = orDefault(maxCells, DefaultCells)
	var lines []string
	blank := 0
	for raw := range strings.SplitSeq(s, "\n") {
		line := strings.TrimRight(clean(raw), " ")
		if line == "" {
			blank++
			continue
		}
		for ; blank > 0 && len(lines) < maxLines; blank-- {
			lines = append(lines, "")
		}
		if len(lines) == maxLines {
			last := &lines[maxLines-1]
			*last = cut(strings.TrimLeft(*last+" "+ellipsis, " "), maxCells)
			return lines
		}
		lines = append(lines, cut(line, maxCells))
	}
	return lines
}

func orDefault(n, def int) int {
	if n <= 0 {
		return def
	}
	return n
}

// cleanLines cleans each line for itself, so that a sequence that is never
// ended swallows its own line and not the text after it.
func cleanLines(s string) string {
	var b strings.Builder
	for line := range strings.SplitSeq(s, "\n") {
		line = strings.Trim(clean(line), " ")
		if line == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(line)
	}
	return b.String()
}

// clean returns s without anything that is not drawn, except that it may be
// too wide.
func clean(s string) string {
	if isPlain(s) {
		return s
	}
	return visible(ansi.Strip(sevenBit(s)))
}

func isPlain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// sevenBit writes each C1 control, a byte of its own or a character, as its
// two-byte form with ESC. ansi.Strip takes U+009B, with which terminals in
// UTF-8 mode start a sequence too, for text.
func sevenBit(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 {
			r = rune(s[i])
			if r > 0x9f {
				r = utf8.RuneError
			}
		}
		if r >= 0x80 && r <= 0x9f && r != 0x85 {
			b.WriteByte(0x1b)
			r -= 0x40
		}
		b.WriteRune(r)
		i += size
	}
	return b.String()
}

// visible keeps what is drawn, in the place where it was written.
func visible(s string) string {
	var b strings.Builder
	var (
		inBreak bool // the space for this run of breaks is written
		marks   int  // marks on the letter before
	)
	onLetter := false
	for _, r := range s {
		switch {
		case isBreak(r):
			if !inBreak {
				b.WriteByte(' ')
			}
			inBreak, onLetter = true, false
			continue
		case isHidden(r):
			continue
		case isBlank(r):
			b.WriteByte(' ')
			onLetter = false
		case unicode.Is(unicode.M, r):
			if !onLetter || marks == maxMarks {
				continue
			}
			marks++
			b.WriteRune(r)
		default:
			if isUnknown(r) {
				r = utf8.RuneError
			}
			b.WriteRune(r)
			onLetter, marks = true, 0
		}
		inBreak = false
	}
	return b.String()
}

func isBreak(r rune) bool {
	return r >= '\t' && r <= '\r' || r == 0x85 || r == 0x2028 || r == 0x2029
}

// isBlank reports whether r is drawn as empty space. U+2800 is the Braille
// pattern without dots.
func isBlank(r rune) bool { return unicode.Is(unicode.Zs, r) || r == 0x2800 }

// isHidden reports whether r draws nothing by itself, or moves what others draw.
func isHidden(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Variation_Selector,
		unicode.Other_Default_Ignorable_Code_Point)
}

func isUnknown(r rune) bool {
	return unicode.In(r, unicode.Co, unicode.Noncharacter_Code_Point)
}

// cut returns s, or its beginning and "…" where s is wider than maxCells.
func cut(s string, maxCells int) string {
	if cells(s) <= maxCells {
		return s
	}
	room := maxCells - cells(ellipsis)
	if room < 0 {
		return ""
	}
	end := 0
	for end < len(s) {
		cluster, _ := ansi.FirstGraphemeCluster(s[end:], ansi.GraphemeWidth)
		room -= cells(cluster)
		if room < 0 {
			break
		}
		end += len(cluster)
	}
	return s[:end] + ellipsis
}

// cells is the widest that a terminal may draw s.
func cells(s string) int {
	return max(ansi.StringWidth(s), ansi.StringWidthWc(s))
}
