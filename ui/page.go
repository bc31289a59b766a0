package ui

import (
	"charm.land/bubbles/v2/help"
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"podbay/ui/screen"
)

// page is any screen that asks, whatever the type of its model.
type page interface {
	help.KeyMap
	update(tea.Msg) (page, tea.Cmd, screen.Intent)
	View() string
	sized(width, height int) page
	themed(screen.Theme) page
}

// pageOf makes a page of a screen.
type pageOf[M screen.Screen[M]] struct{ model M }

func (p pageOf[M]) update(msg tea.Msg) (page, tea.Cmd, screen.Intent) {
	next, cmd, intent := p.model.Update(msg)
	return pageOf[M]{next}, cmd, intent
}

func (p pageOf[M]) View() string                 { return p.model.View() }
func (p pageOf[M]) ShortHelp() []key.Binding     { return p.model.ShortHelp() }
func (p pageOf[M]) FullHelp() [][]key.Binding    { return p.model.FullHelp() }
func (p pageOf[M]) sized(width, height int) page { return pageOf[M]{p.model.SetSize(width, height)} }
func (p pageOf[M]) themed(t screen.Theme) page   { return pageOf[M]{p.model.SetTheme(t)} }
