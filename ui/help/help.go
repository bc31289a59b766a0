// Package help shows every key, screen by screen, as the screens' own key maps
// name them.
package help

import (
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"podbay/ui/screen"
)

// Section is the keys of one screen, or of a step of one.
type Section struct {
	Title string
	Keys  [][]key.Binding
}

// Text is a section of the keys of what is no screen of ours: a shell's escapes.
type Text struct {
	Title string
	Lines [][2]string // key and what it does
}

// Model is the page.
type Model struct {
	theme         screen.Theme
	width, height int
	sections      []Section
	texts         []Text
	top           int
	back          key.Binding
	up, down      key.Binding
	pageUp        key.Binding
	pageDown      key.Binding
}

var _ screen.Screen[Model] = Model{}

// New returns the page.
func New(theme screen.Theme, sections []Section, texts []Text) Model {
	bind := func(help, desc string, keys ...string) key.Binding {
		return key.NewBinding(key.WithKeys(keys...), key.WithHelp(help, desc))
	}
	return Model{
		theme: theme, sections: sections, texts: texts,
		back:     bind("esc", "back", "esc", "?", "q"),
		up:       bind("↑ k", "up", "up", "k"),
		down:     bind("↓ j", "down", "down", "j"),
		pageUp:   bind("pgup", "page up", "pgup"),
		pageDown: bind("pgdn", "page down", "pgdown", "space"),
	}
}

// SetTheme changes the styles.
func (m Model) SetTheme(theme screen.Theme) Model {
	m.theme = theme
	return m
}

// SetSize says how many cells there are.
func (m Model) SetSize(width, height int) Model {
	m.width, m.height = width, height
	return m.scrolled(0)
}

func (m Model) scrolled(by int) Model {
	m.top = max(0, min(m.top+by, len(m.lines())-m.height))
	return m
}

// Update scrolls, or asks to go back.
func (m Model) Update(msg tea.Msg) (Model, tea.Cmd, screen.Intent) {
	press, ok := msg.(tea.KeyPressMsg)
	if !ok {
		return m, nil, nil
	}
	switch {
	case key.Matches(press, m.back):
		return m, nil, screen.Back{}
	case key.Matches(press, m.up):
		m = m.scrolled(-1)
	case key.Matches(press, m.down):
		m = m.scrolled(1)
	case key.Matches(press, m.pageUp):
		m = m.scrolled(-m.height)
	case key.Matches(press, m.pageDown):
		m = m.scrolled(m.height)
	}
	return m, nil, nil
}

// View draws the page from where it was scrolled to.
func (m Model) View() string {
	lines := m.lines()
	from := min(m.top, len(lines))
	return strings.Join(lines[from:min(len(lines), from+max(0, m.height))], "\n")
}

// lines draws all sections below each other.
func (m Model) lines() []string {
	var out []string
	head := func(title string) {
		if len(out) > 0 {
			out = append(out, "")
		}
		out = append(out, m.theme.Title.Render(screen.Cut(title, m.width)))
	}
	for _, s := range m.sections {
		head(s.Title)
		for _, group := range s.Keys {
			for _, k := range group {
				out = append(out, m.line(k.Help().Key, k.Help().Desc))
			}
		}
	}
	for _, t := range m.texts {
		head(t.Title)
		for _, l := range t.Lines {
			out = append(out, m.line(l[0], l[1]))
		}
	}
	return out
}

func (m Model) line(keys, desc string) string {
	return screen.Cut("  "+m.theme.Key.Render(screen.Fit(keys, 8))+"  "+desc, m.width)
}

// ShortHelp returns the keys for the footer, the most important first.
func (m Model) ShortHelp() []key.Binding {
	scroll := m.down
	scroll.SetHelp("↑/↓", "scroll")
	scroll.SetEnabled(len(m.lines()) > m.height)
	return []key.Binding{m.back, scroll}
}

// FullHelp returns all keys of the page.
func (m Model) FullHelp() [][]key.Binding {
	return [][]key.Binding{{m.back, m.up, m.down, m.pageUp, m.pageDown}}
}
