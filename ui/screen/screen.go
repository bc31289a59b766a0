// Package screen is the shape that podbay's screens share: what a screen is,
// how it looks (theme, dialog, footer, text that fits), and the row of buttons
// under a question.
//
// A screen is a value. It draws itself into the cells it was given, owns its
// keys, does no I/O, and decides nothing beyond itself: what it wants done it
// returns as an [Intent], and the root model decides. The root draws the footer
// from the screen's ShortHelp and the help page from its FullHelp, so that
// neither can drift from the keys.
//
// Texts from outside were cleaned where they came in; the helpers here only
// measure and cut them, by terminal cells.
package screen

import (
	"charm.land/bubbles/v2/help"
	tea "charm.land/bubbletea/v2"
)

// MinWidth and MinHeight are the smallest terminal that screens are drawn on.
const (
	MinWidth  = 40
	MinHeight = 10
)

// Intent is what a screen wants done: a value of one of its own types, or one of
// those here. nil means that it wants nothing.
type Intent any

// Back is the intent to leave the screen: esc, or Cancel in a question.
type Back struct{}

// Screen is the shape of a screen whose model is M. A screen asserts it with
//
//	var _ screen.Screen[Model] = Model{}
//
// View fills at most the width and height of the last SetSize; the footer is not
// part of it. ShortHelp is in the order of importance: a narrow footer drops
// from its end. A binding that does nothing now is disabled.
type Screen[M any] interface {
	help.KeyMap
	Update(tea.Msg) (M, tea.Cmd, Intent)
	View() string
	SetSize(width, height int) M
	SetTheme(Theme) M
}
