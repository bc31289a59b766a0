// Package details shows all that is known of one pod: as a pane beside or below
// the list, or as a page that scrolls. What stands between the user and a shell
// comes first, with the one action that removes it.
package details

import (
	"strings"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"podbay/manager"
	"podbay/ui/ask"
	"podbay/ui/screen"
)

// What the page asks of the root.
type (
	Connect struct{ Pod manager.Pod }
	Copy    struct{ Pod manager.Pod } // the ssh command
	CheckUp struct{ Pod manager.Pod }
	Help    struct{}
)

// Model is the details of one pod.
type Model struct {
	theme         screen.Theme
	width, height int
	pod           manager.Pod
	now           time.Time
	top           int // lines scrolled
	keys          keyMap
}

var _ screen.Screen[Model] = Model{}

type keyMap struct {
	connect, check, copy, back, help          key.Binding
	up, down, pageUp, pageDown, first, bottom key.Binding
}

func newKeyMap() keyMap {
	bind := func(help, desc string, keys ...string) key.Binding {
		return key.NewBinding(key.WithKeys(keys...), key.WithHelp(help, desc))
	}
	return keyMap{
		connect:  bind("enter", "connect", "enter"),
		check:    bind("c", "check up", "c"),
		copy:     bind("y", "copy ssh", "y"),
		back:     bind("esc", "back to the list", "esc", "d", "left", "h", "q"),
		help:     bind("?", "help", "?"),
		up:       bind("↑ k", "up", "up", "k"),
		down:     bind("↓ j", "down", "down", "j"),
		pageUp:   bind("pgup", "page up", "pgup"),
		pageDown: bind("pgdn", "page down", "pgdown", "space"),
		first:    bind("g home", "top", "g", "home"),
		bottom:   bind("G end", "bottom", "G", "end"),
	}
}

// Pane draws the beginning of a pod's details in an area of the list's screen.
func Pane(theme screen.Theme, width, height int, p manager.Pod, now time.Time) string {
	return Model{theme: theme, width: width, height: height, pod: p, now: now}.View()
}

// New returns the details of no pod yet.
func New(theme screen.Theme) Model { return Model{theme: theme, keys: newKeyMap()} }

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

// SetPod shows a pod. Another pod than before is shown from its top.
func (m Model) SetPod(p manager.Pod, now time.Time) Model {
	if p.ID != m.pod.ID {
		m.top = 0
	}
	m.pod, m.now = p, now
	m.keys.copy.SetEnabled(p.Route.Command != "")
	m.keys.connect.SetEnabled(p.ID != "")
	m.keys.connect.SetHelp("enter", ask.EnterDoes(p))
	m.keys.check.SetEnabled(p.ID != "")
	return m.scrolled(0)
}

func (m Model) scrolled(by int) Model {
	if m.top+by <= 0 {
		m.top = 0 // what is below need not be known
		return m
	}
	m.top = max(0, min(m.top+by, len(m.lines())-m.height))
	return m
}

// Update scrolls; all else becomes an intent.
func (m Model) Update(msg tea.Msg) (Model, tea.Cmd, screen.Intent) {
	press, ok := msg.(tea.KeyPressMsg)
	if !ok {
		return m, nil, nil
	}
	switch k := m.keys; {
	case key.Matches(press, k.up):
		m = m.scrolled(-1)
	case key.Matches(press, k.down):
		m = m.scrolled(1)
	case key.Matches(press, k.pageUp):
		m = m.scrolled(-m.height)
	case key.Matches(press, k.pageDown):
		m = m.scrolled(m.height)
	case key.Matches(press, k.first):
		m.top = 0
	case key.Matches(press, k.bottom):
		m = m.scrolled(len(m.lines()))
	case key.Matches(press, k.back):
		return m, nil, screen.Back{}
	case key.Matches(press, k.connect):
		return m, nil, Connect{m.pod}
	case key.Matches(press, k.check):
		return m, nil, CheckUp{m.pod}
	case key.Matches(press, k.copy):
		return m, nil, Copy{m.pod}
	case key.Matches(press, k.help):
		return m, nil, Help{}
	}
	return m, nil, nil
}

// View draws the page from where it was scrolled to.
func (m Model) View() string {
	lines := m.lines()
	from := min(m.top, len(lines))
	return strings.Join(lines[from:min(len(lines), from+max(0, m.height))], "\n")
}

// ShortHelp returns the keys for the footer, the most important first.
func (m Model) ShortHelp() []key.Binding {
	k := m.keys
	k.down.SetHelp("↑/↓", "scroll")
	k.down.SetEnabled(len(m.lines()) > m.height)
	return []key.Binding{k.back, k.connect, k.check, k.down, k.copy, k.help}
}

// FullHelp returns all keys of the page.
func (m Model) FullHelp() [][]key.Binding {
	k := newKeyMap()
	k.back.SetHelp("esc d", "back to the list")
	return [][]key.Binding{{k.connect, k.check, k.copy, k.back, k.help}, {k.up, k.down, k.pageUp, k.pageDown, k.first, k.bottom}}
}
