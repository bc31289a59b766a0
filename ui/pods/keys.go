package pods

import (
	"slices"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"podbay/doctor"
	"podbay/manager"
	"podbay/ui/ask"
	"podbay/ui/screen"
)

// keyMap holds the keys of the list; in the filter field keep and clear alone.
type keyMap struct {
	connect, details, copy, stop            key.Binding
	filter, sort, refresh, help, back, quit key.Binding
	setup, check, apiKey                    key.Binding
	up, down, pageUp, pageDown, first, last key.Binding
	fieldKeep, fieldClear, fieldUp          key.Binding
}

func bind(help, desc string, keys ...string) key.Binding {
	return key.NewBinding(key.WithKeys(keys...), key.WithHelp(help, desc))
}

func newKeyMap() keyMap {
	return keyMap{
		connect:    bind("enter", "connect", "enter"),
		details:    bind("d", "details", "d", "right", "l"),
		copy:       bind("y", "copy ssh", "y"),
		stop:       bind("x", "stop", "x"),
		filter:     bind("/", "filter", "/"),
		sort:       bind("s", "sort", "s"),
		setup:      bind("K", "keys", "K"),
		check:      bind("c", "check up", "c"),
		apiKey:     bind("i", "enter an API key", "i"),
		refresh:    bind("r", "refresh", "r"),
		help:       bind("?", "help", "?"),
		back:       bind("esc", "all pods", "esc"),
		quit:       bind("q", "quit", "q"),
		up:         bind("↑ k", "up", "up", "k"),
		down:       bind("↓ j", "down", "down", "j"),
		pageUp:     bind("pgup", "page up", "pgup", "ctrl+b"),
		pageDown:   bind("pgdn", "page down", "pgdown", "ctrl+f"),
		first:      bind("g home", "first", "g", "home"),
		last:       bind("G end", "last", "G", "end"),
		fieldKeep:  bind("enter", "keep filter", "enter"),
		fieldClear: bind("esc", "all pods", "esc"),
		fieldUp:    bind("↑/↓", "choose", "up", "down"),
	}
}

// keyed enables the keys that do something for the selected pod.
func (m Model) keyed() Model {
	p, any := m.Selected()
	m.keys.connect.SetEnabled(any)
	m.keys.connect.SetHelp("enter", ask.EnterDoes(p))
	m.keys.details.SetEnabled(any)
	m.keys.copy.SetEnabled(any && p.Route.Command != "")
	m.keys.check.SetEnabled(any || m.lost())
	m.keys.apiKey.SetEnabled(m.lost() && m.account().Action == doctor.ActAPIKey)
	m.keys.stop.SetEnabled(any && p.CanStop)
	m.keys.filter.SetEnabled(len(m.all) > 1)
	m.keys.sort.SetEnabled(len(m.all) > 1)
	m.keys.back.SetEnabled(m.filter.Value() != "")
	return m
}

// pressed handles a key outside the filter field.
func (m Model) pressed(press tea.KeyPressMsg) (Model, tea.Cmd, screen.Intent) {
	p, _ := m.Selected()
	k := m.keys
	switch {
	case key.Matches(press, k.up):
		return m.moved(-1), nil, nil
	case key.Matches(press, k.down):
		return m.moved(1), nil, nil
	case key.Matches(press, k.pageUp):
		return m.moved(-m.rows()), nil, nil
	case key.Matches(press, k.pageDown):
		return m.moved(m.rows()), nil, nil
	case key.Matches(press, k.first):
		return m.moved(-len(m.shown)), nil, nil
	case key.Matches(press, k.last):
		return m.moved(len(m.shown)), nil, nil
	case key.Matches(press, k.filter):
		cmd := m.filter.Focus()
		return m.scrolled(), cmd, nil
	case key.Matches(press, k.sort):
		m.order = m.order.next()
		if m = m.arranged(p.ID); !m.showsOrder() {
			return m, nil, Said{"sorted " + m.orderWord()}
		}
		return m, nil, nil
	case key.Matches(press, k.back):
		return m.unfiltered(), nil, nil
	case press.String() == "esc":
		return m, nil, screen.Back{}
	}
	if intent := k.intent(press, p); intent != nil {
		return m, nil, intent
	}
	return m, nil, k.unable(press, p)
}

// unable says why a key does nothing for the selected pod; nil for any other key.
func (k keyMap) unable(press tea.KeyPressMsg, p manager.Pod) screen.Intent {
	is := func(b key.Binding) bool { return p.ID != "" && slices.Contains(b.Keys(), press.String()) }
	name := ask.Name(p.Name, p.ID)
	switch {
	case is(k.stop) && statusTone(p.Status) == doctor.ToneIdle:
		return Said{name + " is " + statusWord(p.Status) + " already"}
	case is(k.stop) && p.Locked:
		return Said{name + " is locked: unlock it in RunPod's console first"}
	case is(k.stop):
		return Said{"RunPod offers no stop for " + name + " now: see its page in RunPod's console"}
	case is(k.copy):
		return Said{strings.TrimSpace(name + ": there is no ssh command to copy. " + p.Route.Reason)}
	}
	return nil
}

// intent returns what a key asks of the root; nil when it asks nothing.
func (k keyMap) intent(press tea.KeyPressMsg, p manager.Pod) screen.Intent {
	switch {
	case key.Matches(press, k.connect):
		return Connect{p}
	case key.Matches(press, k.details):
		return Details{p}
	case key.Matches(press, k.copy):
		return Copy{p}
	case key.Matches(press, k.stop):
		return Stop{p}
	case key.Matches(press, k.check):
		return CheckUp{p}
	case key.Matches(press, k.apiKey):
		return APIKey{}
	case key.Matches(press, k.setup):
		return Keys{p}
	case key.Matches(press, k.refresh):
		return Refresh{}
	case key.Matches(press, k.help):
		return Help{}
	case key.Matches(press, k.quit):
		return Quit{}
	}
	return nil
}

// ShortHelp returns the keys for the footer, the most important first.
func (m Model) ShortHelp() []key.Binding {
	k := m.keys
	if m.filter.Focused() {
		return []key.Binding{k.fieldKeep, k.fieldClear, k.fieldUp}
	}
	return []key.Binding{k.connect, k.apiKey, k.back, k.filter, k.help, k.quit, k.check, k.setup, k.stop, k.copy, k.details, k.sort, k.refresh}
}

// FullHelp returns all keys of the list, whether they apply now or not.
func (m Model) FullHelp() [][]key.Binding {
	k := newKeyMap()
	k.connect.SetHelp("enter", "connect; start a stopped pod; else say why not")
	k.details.SetHelp("d →", "all that is known of the pod")
	k.copy.SetHelp("y", "copy the ssh command")
	k.stop.SetHelp("x", "stop the pod (asks)")
	k.filter.SetHelp("/", "filter by name, GPU or ID")
	k.sort.SetHelp("s", "sort by status, name, cost, uptime")
	k.check.SetHelp("c", "check up: what is in the way")
	k.setup.SetHelp("K", "SSH keys: set up, register, prove")
	k.refresh.SetHelp("r", "ask RunPod now")
	k.back.SetHelp("esc", "one step back, never out")
	return [][]key.Binding{
		{k.connect, k.check, k.details, k.copy, k.stop, k.setup},
		{k.up, k.down, k.pageUp, k.pageDown, k.first, k.last},
		{k.filter, k.sort, k.refresh, k.help, k.back, k.quit},
	}
}
