// Package checkup shows what stands between the user and a shell: the verdict and
// what to do, with a key for it; what else is in the way; and what was seen, by whom
// and when.
package checkup

import (
	"errors"
	"slices"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"podbay/doctor"
	"podbay/manager"
	"podbay/ui/ask"
	"podbay/ui/screen"
)

// What the screen asks of the root.
type (
	// Do asks for an action of the verdict, or for another that is possible.
	Do struct{ Action doctor.Action }
	// Check asks for the verdict to be taken anew.
	Check struct{}
)

// From is how a finding was come by.
type From int

// The ways.
const (
	Listed  From = iota // the list has it
	Checked             // a check-up
	Tried               // a connection that was not made
	Ended               // a session that ended as it should not
)

// Finding is a verdict and what it was told from.
type Finding struct {
	From     From
	Pod      manager.Pod       // zero when it is about the account
	Via      manager.RouteKind // the way that was asked for; "" for any
	Verdict  doctor.Verdict
	Also     []doctor.Verdict
	Evidence []manager.Evidence
}

// Of is the finding of a check-up. p is the pod as it was known before.
func Of(p manager.Pod, c manager.CheckUp) Finding {
	if c.Pod.ID != "" {
		p = c.Pod
	}
	return Finding{From: Checked, Pod: p, Verdict: c.Verdict, Also: c.Also, Evidence: c.Evidence}
}

// Explain is the finding of an error: a [*manager.Failure], which brings its own
// pod, an error of RunPod's API, or any other in one plain sentence.
func Explain(p manager.Pod, via manager.RouteKind, err error) Finding {
	f := Finding{From: Tried, Pod: p, Via: via}
	var failure *manager.Failure
	switch {
	case errors.As(err, &failure):
		f.Pod, f.Verdict, f.Also, f.Evidence = failure.Pod, failure.Verdict, failure.Also, failure.Evidence
	case manager.IsAPIError(err), errors.Is(err, manager.ErrNoAPIKey), errors.Is(err, manager.ErrKeyRejected):
		f.Verdict = manager.JudgeError(err)
	}
	if f.Verdict.Sentence == "" {
		f.Verdict.Tone, f.Verdict.Sentence = doctor.ToneBad, err.Error()
	}
	return f
}

// Notice is what was done, or why it was not.
type Notice struct {
	Tone     doctor.Tone
	Sentence string
	Text     string // what was copied or opened; "" for none
}

// Model is the screen.
type Model struct {
	theme         screen.Theme
	width, height int
	finding       Finding
	notice        Notice
	buttons       screen.Buttons
	dialog        screen.Dialog
	copy          key.Binding
}

var _ screen.Screen[Model] = Model{}

// New returns the screen of a finding.
func New(theme screen.Theme, f Finding, n Notice) Model {
	m := Model{theme: theme, finding: f, notice: n, buttons: answers(f)}
	m.copy = key.NewBinding(key.WithKeys("y"), key.WithHelp("y", "copy ssh"))
	m.copy.SetEnabled(f.Pod.Command(f.Via) != "" && f.Verdict.Action != doctor.ActCopySSH && !slices.Contains(f.Verdict.Ways, doctor.ActCopySSH))
	return m
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

// Update scrolls, moves the choice, or asks for what was chosen.
func (m Model) Update(msg tea.Msg) (Model, tea.Cmd, screen.Intent) {
	if press, ok := msg.(tea.KeyPressMsg); ok && key.Matches(press, m.copy) {
		return m, nil, Do{doctor.ActCopySSH}
	}
	m.dialog = m.laidOut().Scroll(msg, m.width, m.height)
	var intent screen.Intent
	m.buttons, intent = m.buttons.Update(msg)
	return m, nil, intent
}

// View draws the screen.
func (m Model) View() string { return m.laidOut().View(m.theme, m.width, m.height) }

// ShortHelp returns the keys for the footer: those first that the row of answers
// does not show.
func (m Model) ShortHelp() []key.Binding {
	keys := m.buttons.ShortHelp()
	press, choose, back, hot := keys[0], keys[1], keys[2], keys[3:]
	first := ask.WithScroll([]key.Binding{press, back, m.copy}, m.laidOut().Scrolls(m.width, m.height))
	return append(append(first, choose), hot...)
}

// FullHelp returns all keys, whether they apply now or not.
func (m Model) FullHelp() [][]key.Binding {
	bind := func(keys, desc string) key.Binding {
		return key.NewBinding(key.WithKeys(keys), key.WithHelp(keys, desc))
	}
	all := []key.Binding{bind("c", "take the verdict anew")}
	for _, a := range []doctor.Action{
		doctor.ActRetry, doctor.ActProxy, doctor.ActStart, doctor.ActWait, doctor.ActMendKey, doctor.ActKeys, doctor.ActAddKey, doctor.ActAgentAdd,
		doctor.ActExposePort, doctor.ActForget, doctor.ActAPIKey, doctor.ActStartCommand, doctor.ActCopyCommand, doctor.ActCopySSH, doctor.ActConsole,
	} {
		all = append(all, bind(offered[a].key, screen.LowerFirst(offered[a].label)))
	}
	return [][]key.Binding{append(all, bind("esc", "back"))}
}
