// Package confirm asks before something is done that costs or loses something.
// Cancel is chosen: enter alone does nothing.
package confirm

import (
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"podbay/doctor"
	"podbay/ui/ask"
	"podbay/ui/screen"
)

// What the answer asks of the root; ID is the question's, unchanged.
type (
	Confirmed struct{ ID any }
	Cancelled struct{ ID any }
)

// Question is what is asked.
type Question struct {
	ID     any // tells the root which question was answered
	Title  string
	Body   []string // paragraphs: what will happen, what is lost
	Action string   // the label of the button that does it: "Stop the pod"
	Cancel string   // the label of the other one; "" means "Cancel"
	Danger bool     // something is lost that does not come back
}

// Model is the question on the screen.
type Model struct {
	theme         screen.Theme
	width, height int
	question      Question
	buttons       screen.Buttons
	dialog        screen.Dialog
}

var _ screen.Screen[Model] = Model{}

// New asks q.
func New(theme screen.Theme, q Question) Model {
	if q.Cancel == "" {
		q.Cancel = "Cancel"
	}
	return Model{theme: theme, question: q, buttons: screen.NewButtons(0,
		screen.Button{Label: q.Cancel, Hot: "n", Intent: Cancelled{q.ID}},
		screen.Button{Label: q.Action, Hot: "y", Intent: Confirmed{q.ID}})}
}

// SetSize says how many cells there are.
func (m Model) SetSize(width, height int) Model {
	m.width, m.height = width, height
	return m
}

// SetTheme changes the styles.
func (m Model) SetTheme(theme screen.Theme) Model {
	m.theme = theme
	return m
}

// Update scrolls, moves the choice, or gives the answer.
func (m Model) Update(msg tea.Msg) (Model, tea.Cmd, screen.Intent) {
	m.dialog = m.laidOut().Scroll(msg, m.width, m.height)
	var intent screen.Intent
	m.buttons, intent = m.buttons.Update(msg)
	if intent == (screen.Back{}) {
		intent = Cancelled{m.question.ID}
	}
	return m, nil, intent
}

func (m Model) laidOut() screen.Dialog {
	d := m.dialog
	inner := d.InnerWidth(m.width)
	d.Title = m.question.Title
	if m.question.Danger {
		d.Tone = doctor.ToneWarn
	}
	d.Body = ask.Paragraphs(inner, m.question.Body...)
	d.Foot = m.buttons.View(m.theme, inner)
	return d
}

// View draws the question.
func (m Model) View() string { return m.laidOut().View(m.theme, m.width, m.height) }

// ShortHelp returns the keys for the footer.
func (m Model) ShortHelp() []key.Binding {
	return ask.WithScroll(ask.Keys(m.buttons, ask.Hot{Key: "y", Desc: strings.ToLower(m.question.Action)}), m.laidOut().Scrolls(m.width, m.height))
}

// FullHelp returns all keys.
func (m Model) FullHelp() [][]key.Binding { return [][]key.Binding{m.ShortHelp()} }
