package screen

import (
	"charm.land/lipgloss/v2"

	"podbay/doctor"
)

// Theme holds the styles of a light or a dark terminal. Colour only repeats what
// a word or a glyph says: with NO_COLOR the terminal's colour profile drops the
// colours and nothing is lost.
type Theme struct {
	Text     lipgloss.Style
	Title    lipgloss.Style
	Dim      lipgloss.Style // labels, and what can wait
	Key      lipgloss.Style // the keys in footer and help
	Badge    lipgloss.Style
	Selected lipgloss.Style // the chosen row
	Button   lipgloss.Style
	Chosen   lipgloss.Style // the button that enter presses
	Rule     lipgloss.Style // lines and frames

	good, wait, warn, bad, idle lipgloss.Style
}

// NewTheme returns the theme for a dark or a light background.
func NewTheme(dark bool) Theme {
	pick := lipgloss.LightDark(dark)
	fg := func(light, dark string) lipgloss.Style {
		return lipgloss.NewStyle().Foreground(pick(lipgloss.Color(light), lipgloss.Color(dark)))
	}
	return Theme{
		Text:     lipgloss.NewStyle(),
		Title:    lipgloss.NewStyle().Bold(true),
		Dim:      fg("#5f6773", "#9aa3af"),
		Key:      fg("#5b3fb0", "#b9a3ff").Bold(true),
		Badge:    fg("#5b3fb0", "#b9a3ff").Bold(true),
		Selected: lipgloss.NewStyle().Bold(true).Background(pick(lipgloss.Color("#dfe3ee"), lipgloss.Color("#333a4d"))),
		Button:   fg("#5f6773", "#9aa3af"),
		Chosen:   lipgloss.NewStyle().Bold(true).Reverse(true),
		Rule:     fg("#b4bac4", "#4b5261"),
		good:     fg("#1a7f37", "#5fd787"),
		wait:     fg("#0b6bb5", "#6cb6ff"),
		warn:     fg("#8a5a00", "#e3b341"),
		bad:      fg("#c0262d", "#ff7b72"),
		idle:     fg("#5f6773", "#9aa3af"),
	}
}

// Tone returns the style of a verdict's tone.
func (t Theme) Tone(tone doctor.Tone) lipgloss.Style {
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
