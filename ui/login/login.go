// Package login asks for an API key of RunPod's. Every letter is text. What is
// typed is drawn as stars, leaves only as an [ask.Secret], and is printed by
// nothing. The root checks the key by a call and says how that went.
package login

import (
	"errors"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"podbay/doctor"
	"podbay/manager"
	"podbay/ui/ask"
	"podbay/ui/screen"
)

// What the screen asks of the root.
type (
	// Submit asks for the key to be checked and kept. The screen waits until
	// [Model.Failed] or until it is left.
	Submit struct{ Key ask.Secret }
	// Cancel asks for the check to be given up. The screen has stopped waiting.
	Cancel struct{}
)

// Options say why the screen came up and what becomes of the key.
type Options struct {
	Why      string // one sentence; "" when there is no key yet
	Note     string // what will still be in the way after saving; "" for nothing
	KeptIn   string // the file that the key is kept in
	Origin   string // of the API that the key is bound to
	CanLeave bool   // there is a list to go back to
}

// Model is the screen.
type Model struct {
	theme         screen.Theme
	width, height int
	opts          Options
	field         ask.Field
	checking      bool
	problem       string // why the last key was not taken
	dialog        screen.Dialog
	keys          keyMap
}

var _ screen.Screen[Model] = Model{}

type keyMap struct{ enter, cancel, back, quit key.Binding }

// New returns the screen with an empty field.
func New(theme screen.Theme, opts Options) Model {
	m := Model{theme: theme, opts: opts, field: ask.NewMasked(theme), keys: keyMap{
		enter:  key.NewBinding(key.WithKeys("enter"), key.WithHelp("enter", "check and save")),
		cancel: key.NewBinding(key.WithKeys("esc"), key.WithHelp("esc", "stop checking")),
		back:   key.NewBinding(key.WithKeys("esc"), key.WithHelp("esc", "back to the list")),
		quit:   key.NewBinding(key.WithKeys("ctrl+c"), key.WithHelp("ctrl+c", "quit")), // the root's
	}}
	return m.keyed()
}

// Failed ends the wait for a check and says why the key was not kept. A key that
// RunPod rejected is cleared; after any other failure enter tries it again.
func (m Model) Failed(err error) Model {
	m.checking, m.problem = false, err.Error()
	if errors.Is(err, manager.ErrKeyRejected) {
		m.field = m.field.Cleared()
	}
	return m.keyed()
}

func (m Model) keyed() Model {
	m.keys.enter.SetEnabled(!m.checking)
	m.keys.cancel.SetEnabled(m.checking)
	m.keys.back.SetEnabled(!m.checking && m.opts.CanLeave)
	return m
}

// SetSize says how many cells there are.
func (m Model) SetSize(width, height int) Model {
	m.width, m.height = width, height
	m.field = m.field.SetWidth(m.dialog.InnerWidth(width))
	return m
}

// SetTheme changes the styles.
func (m Model) SetTheme(theme screen.Theme) Model {
	m.theme = theme
	m.field = m.field.SetTheme(theme)
	return m
}

// Update edits, submits, cancels or leaves. While a key is checked it is not
// edited.
func (m Model) Update(msg tea.Msg) (Model, tea.Cmd, screen.Intent) {
	press, _ := msg.(tea.KeyPressMsg)
	switch {
	case key.Matches(press, m.keys.cancel):
		m.checking, m.problem = false, ""
		return m.keyed(), nil, Cancel{}
	case key.Matches(press, m.keys.back):
		m.field = m.field.Cleared()
		return m, nil, screen.Back{}
	case key.Matches(press, m.keys.enter):
		return m.submitted()
	}
	if ask.Movement(msg) {
		m.dialog = m.laidOut().Scroll(msg, m.width, m.height)
	}
	if !m.checking {
		before := m.field.Text()
		m.field = m.field.Update(msg)
		if m.field.Text() != before {
			m.problem = "" // of another key
		}
	}
	return m, nil, nil
}

func (m Model) submitted() (Model, tea.Cmd, screen.Intent) {
	if m.field.Empty() {
		m.problem = "Paste the API key first."
		return m, nil, nil
	}
	m.checking, m.problem = true, ""
	return m.keyed(), nil, Submit{m.field.Secret()}
}

// View draws the screen.
func (m Model) View() string { return m.laidOut().View(m.theme, m.width, m.height) }

func (m Model) laidOut() screen.Dialog {
	d := m.dialog
	inner := d.InnerWidth(m.width)
	d.Title = "Connect podbay to your RunPod account"
	why := m.opts.Why
	if why == "" {
		why = "podbay needs an API key to see your pods: a long password that RunPod makes for programs."
	}
	note := ""
	if m.opts.Note != "" {
		note = m.theme.Tone(doctor.ToneWarn).Render(screen.Glyph(doctor.ToneWarn)) + " " + m.opts.Note
	}
	d.Body = ask.Paragraphs(inner, why, note,
		"Make one under API Keys at\n"+doctor.APIKeysPage,
		"Reading is enough to list pods and connect; to stop, start and register SSH keys it needs write access. Without an account, podbay demo shows it all.",
		"The key is checked by one call, then kept in\n"+m.opts.KeptIn+"\nreadable by you alone (mode 0600), and sent only to "+m.opts.Origin+".")
	d.Foot = m.field.View() + "\n" + m.hint(inner)
	return d
}

// hint is what stands below the field: how the check goes. The reason of a
// failure is wrapped, as it says what to do next.
func (m Model) hint(width int) string {
	switch {
	case m.checking:
		return ask.Status(m.theme, doctor.ToneWait, "Asking RunPod whether this key works.", width)
	case m.problem != "":
		return ask.Status(m.theme, doctor.ToneBad, m.problem, width)
	}
	return screen.Cut(m.theme.Dim.Render("Paste the key here. Each letter is shown as a star."), width)
}

// ShortHelp returns the keys for the footer.
func (m Model) ShortHelp() []key.Binding {
	k := m.keys
	return ask.WithScroll([]key.Binding{k.enter, k.cancel, k.back, k.quit}, m.laidOut().Scrolls(m.width, m.height))
}

// FullHelp returns all keys.
func (m Model) FullHelp() [][]key.Binding { return [][]key.Binding{m.ShortHelp()} }
