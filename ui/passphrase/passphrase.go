// Package passphrase asks for the passphrase of a key file that the pod takes.
// Every letter is text. What is typed is drawn as stars, leaves only as an
// [ask.Secret], and is printed by nothing.
package passphrase

import (
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"podbay/doctor"
	"podbay/manager"
	"podbay/ui/ask"
	"podbay/ui/screen"
)

// Submit gives the passphrase of the key file at Path to the connection.
type Submit struct {
	Path       string
	Passphrase ask.Secret
}

// Model is the question.
type Model struct {
	theme         screen.Theme
	width, height int
	wanted        manager.PassphraseWanted
	field         ask.Field
	empty         bool // enter was pressed on an empty field
	dialog        screen.Dialog
	enter, back   key.Binding
}

var _ screen.Screen[Model] = Model{}

// New asks for what wanted names.
func New(theme screen.Theme, wanted *manager.PassphraseWanted) Model {
	return Model{
		theme:  theme,
		wanted: *wanted,
		field:  ask.NewMasked(theme),
		enter:  key.NewBinding(key.WithKeys("enter"), key.WithHelp("enter", "unlock and connect")),
		back:   key.NewBinding(key.WithKeys("esc"), key.WithHelp("esc", "back")),
	}
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

// Update edits, submits or leaves.
func (m Model) Update(msg tea.Msg) (Model, tea.Cmd, screen.Intent) {
	press, _ := msg.(tea.KeyPressMsg)
	switch {
	case key.Matches(press, m.back):
		m.field = m.field.Cleared()
		return m, nil, screen.Back{}
	case key.Matches(press, m.enter) && m.field.Empty():
		m.empty = true
		return m, nil, nil
	case key.Matches(press, m.enter):
		submit := Submit{m.wanted.Path, m.field.Secret()}
		m.field = m.field.Cleared()
		return m, nil, submit
	}
	if ask.Movement(msg) {
		m.dialog = m.laidOut().Scroll(msg, m.width, m.height)
	}
	m.field = m.field.Update(msg)
	m.empty = m.empty && m.field.Empty()
	return m, nil, nil
}

func (m Model) laidOut() screen.Dialog {
	d := m.dialog
	inner := d.InnerWidth(m.width)
	d.Title = "The key needs its passphrase"
	d.Body = ask.Paragraphs(inner,
		ask.Facts(m.theme, inner,
			ask.Fact{Label: "Pod", Text: ask.Name(m.wanted.Pod.Name, m.wanted.Pod.ID)},
			ask.Fact{Label: "Key file", Text: m.wanted.Name}),
		m.wanted.Fingerprint,
		"The pod accepts this key, but its file is encrypted. The passphrase is the one that was chosen when the key was made; RunPod does not know it.",
		"It is held in memory for as long as this takes, and is not stored. To be asked less often, add the key to ssh-agent: ssh-add "+m.wanted.Name)
	d.Foot = m.field.View() + "\n" + m.hint(inner)
	return d
}

// hint is the line below the field.
func (m Model) hint(width int) string {
	switch {
	case m.empty:
		return ask.Status(m.theme, doctor.ToneWarn, "Type the passphrase first, or press esc to go back.", width)
	case m.wanted.Wrong && m.field.Empty():
		return ask.Status(m.theme, doctor.ToneBad, "That passphrase does not fit. Try again.", width)
	}
	return screen.Cut(m.theme.Dim.Render("Each letter is shown as a star."), width)
}

// View draws the question.
func (m Model) View() string { return m.laidOut().View(m.theme, m.width, m.height) }

// ShortHelp returns the keys for the footer.
func (m Model) ShortHelp() []key.Binding {
	return ask.WithScroll([]key.Binding{m.enter, m.back}, m.laidOut().Scrolls(m.width, m.height))
}

// FullHelp returns all keys.
func (m Model) FullHelp() [][]key.Binding { return [][]key.Binding{m.ShortHelp()} }
