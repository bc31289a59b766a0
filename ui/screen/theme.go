package screen

import (
	"strings"

	"charm.land/lipgloss/v2"

	"podbay/doctor"
)

// Theme holds the styles of a light or a dark terminal. Colour only repeats what
// a word or a glyph says: with NO_COLOR the terminal's colour profile drops the
// colours and nothing is lost. A Theme is small, since each screen has one.
type Theme struct{ *styles }

type styles struct {
	Text     Style
	Title    Style
	Dim      Style // labels, and what can wait
	Key      Style // the keys in footer and help
	Badge    Style
	Selected Style // the chosen row
	Button   Style
	Chosen   Style // the button that enter presses
	Rule     Style // lines and frames

	good, wait, warn, bad, idle Style
}

// Style is a style of Lip Gloss's. What it puts around a text of one line is worked out
// once: a frame has a hundred such texts, and rendering them was most of its time.
type Style struct {
	lipgloss.Style
	before, after string
}

func newStyle(s lipgloss.Style) Style {
	before, after, _ := strings.Cut(s.Render("x"), "x")
	return Style{s, before, after}
}

// Render returns the text in this style.
func (s Style) Render(text string) string {
	switch {
	case text == "":
		return ""
	case strings.ContainsAny(text, "\n\r\t"):
		return s.Style.Render(text)
	}
	return s.before + text + s.after
}

// NewTheme returns the theme for a dark or a light background.
func NewTheme(dark bool) Theme {
	pick := lipgloss.LightDark(dark)
	plain := lipgloss.NewStyle()
	fg := func(light, dark string) lipgloss.Style {
		return plain.Foreground(pick(lipgloss.Color(light), lipgloss.Color(dark)))
	}
	return Theme{&styles{
		Text:     newStyle(plain),
		Title:    newStyle(plain.Bold(true)),
		Dim:      newStyle(fg("#5f6773", "#9aa3af")),
		Key:      newStyle(fg("#5b3fb0", "#b9a3ff").Bold(true)),
		Badge:    newStyle(fg("#5b3fb0", "#b9a3ff").Bold(true)),
		Selected: newStyle(plain.Bold(true).Background(pick(lipgloss.Color("#dfe3ee"), lipgloss.Color("#333a4d")))),
		Button:   newStyle(fg("#5f6773", "#9aa3af")),
		Chosen:   newStyle(plain.Bold(true).Reverse(true)),
		Rule:     newStyle(fg("#b4bac4", "#4b5261")),
		good:     newStyle(fg("#1a7f37", "#5fd787")),
		wait:     newStyle(fg("#0b6bb5", "#6cb6ff")),
		warn:     newStyle(fg("#8a5a00", "#e3b341")),
		bad:      newStyle(fg("#c0262d", "#ff7b72")),
		idle:     newStyle(fg("#5f6773", "#9aa3af")),
	}}
}

// Tone returns the style of a verdict's tone.
func (t Theme) Tone(tone doctor.Tone) Style {
	switch tone {
	case doctor.ToneGood:
		return t.good
	case doctor.ToneWait:
		return t.wait
	case doctor.ToneWarn:
		return t.warn
	case doctor.ToneBad:
		return t.bad
	default:
		return t.idle
	}
}

// Glyph returns the sign of a verdict's tone, one cell wide. A word always
// stands beside it.
func Glyph(tone doctor.Tone) string {
	switch tone {
	case doctor.ToneGood:
		return "●"
	case doctor.ToneWait:
		return "◐"
	case doctor.ToneWarn:
		return "▲"
	case doctor.ToneBad:
		return "✕"
	default:
		return "○"
	}
}
