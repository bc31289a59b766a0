// Package keepshell asks, once a pod, whether its shells are kept alive over a bad
// line by the tmux that the pod has.
package keepshell

import (
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"podbay/manager"
	"podbay/ui/ask"
	"podbay/ui/screen"
)

// Answer asks for the connection to go on, with the answer. Leaving the question is
// a [screen.Back].
type Answer struct{ Keep manager.KeepAnswer }

// Model is the question on the screen. Yes is chosen: nothing is lost by it.
type Model struct {
	theme         screen.Theme
	width, height int
	pod           manager.Pod
	buttons       screen.Buttons
	dialog        screen.Dialog
}

var _ screen.Screen[Model] = Model{}

// New asks q.
func New(theme screen.Theme, q *manager.KeepWanted) Model {
	return Model{theme: theme, pod: q.Pod, buttons: screen.NewButtons(0,
		screen.Button{Label: "Yes, keep them", Hot: "y", Intent: Answer{manager.KeepYes}},
		screen.Button{Label: "No, plain shells", Hot: "n", Intent: Answer{manager.KeepNo}})}
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
	return m, nil, intent
}

func (m Model) laidOut() screen.Dialog {
	d := m.dialog
	inner := d.InnerWidth(m.width)
	d.Title = "Keep shells on " + ask.Name(m.pod.Name, m.pod.ID) + " alive?"
	d.Body = ask.Paragraphs(inner,
		"The pod has tmux. With it a shell goes on when the line breaks, and podbay comes back to the same screen; and ~d leaves a shell running, to come back to it later.",
		"podbay starts a tmux of its own for each shell, without a status line and without a key of its own. Nothing of yours on the pod is changed, and your own tmux works inside as always.",
		"This is asked once for this pod. keep_shells in podbay's settings answers for all of them.")
	d.Foot = m.buttons.View(m.theme, inner)
	return d
}

// View draws the question.
func (m Model) View() string { return m.laidOut().View(m.theme, m.width, m.height) }

// ShortHelp returns the keys for the footer.
func (m Model) ShortHelp() []key.Binding {
	return ask.WithScroll(ask.Keys(m.buttons, ask.Hot{Key: "y", Desc: "keep them"}, ask.Hot{Key: "n", Desc: "plain shells"}), m.laidOut().Scrolls(m.width, m.height))
}

// FullHelp returns all keys.
func (m Model) FullHelp() [][]key.Binding { return [][]key.Binding{m.ShortHelp()} }
