// Package failure says why there is no shell: what is so, what to do next, and
// below that what was seen.
package failure

import (
	"errors"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"podbay/doctor"
	"podbay/manager"
	"podbay/ui/ask"
	"podbay/ui/screen"
)

// What the screen asks of the root.
type (
	// Connect asks for another attempt; Via is as in [manager.ConnectRequest].
	Connect struct {
		PodID string
		Via   manager.RouteKind
	}
	// Copy asks for the pod's ssh command on the clipboard.
	Copy struct{ Pod manager.Pod }
	// SetUpKeys asks for the key wizard.
	SetUpKeys struct{ PodID string }
)

// Attempt is a connection that could not be made.
type Attempt struct {
	Pod manager.Pod       // a [*manager.Failure] brings its own
	Via manager.RouteKind // what was asked for; trying again asks for it again
	Err error             // a [*manager.Failure], or any other error in one plain sentence
}

// Model is the screen.
type Model struct {
	theme         screen.Theme
	width, height int
	attempt       Attempt
	verdict       doctor.Verdict
	evidence      []string
	buttons       screen.Buttons
	dialog        screen.Dialog
	copy          key.Binding
}

var _ screen.Screen[Model] = Model{}

// New returns the screen of an attempt.
func New(theme screen.Theme, a Attempt) Model {
	m := Model{theme: theme, verdict: doctor.Verdict{Tone: doctor.ToneBad}}
	var failure *manager.Failure
	if errors.As(a.Err, &failure) {
		a.Pod, m.verdict = failure.Pod, failure.Verdict
		for _, e := range failure.Evidence {
			m.evidence = append(m.evidence, e.String())
		}
	}
	if m.verdict.Sentence == "" && a.Err != nil {
		m.verdict.Sentence = a.Err.Error()
	}
	m.attempt = a
	m.buttons = screen.NewButtons(0, answers(a, m.verdict.ID)...)
	m.copy = key.NewBinding(key.WithKeys("y"), key.WithHelp("y", "copy ssh"))
	m.copy.SetEnabled(a.Pod.Route.Command != "")
	return m
}

// answers are what can be done next. Going back is the first: enter pressed too
// often must not try again and again, for which servers lock an address out.
// What a key mends comes before that: it sends nothing by itself.
func answers(a Attempt, verdict doctor.ID) []screen.Button {
	list := []screen.Button{{Label: "Go back", Intent: screen.Back{}}}
	switch verdict {
	case doctor.NoLocalKey, doctor.KeysUnusable, doctor.KeyUnknown, doctor.KeyRefused:
		list = []screen.Button{{Label: "Set up a key", Hot: "K", Intent: SetUpKeys{a.Pod.ID}}, list[0]}
	}
	if a.Pod.ID == "" {
		return list
	}
	list = append(list, screen.Button{Label: "Try again", Hot: "r", Intent: Connect{a.Pod.ID, a.Via}})
	if a.Pod.HasProxy && a.Pod.Route.Kind != manager.RouteProxy {
		list = append(list, screen.Button{Label: "Use RunPod's proxy", Hot: "p", Intent: Connect{a.Pod.ID, manager.RouteProxy}})
	}
	return list
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
		return m, nil, Copy{m.attempt.Pod}
	}
	m.dialog = m.laidOut().Scroll(msg, m.width, m.height)
	var intent screen.Intent
	m.buttons, intent = m.buttons.Update(msg)
	return m, nil, intent
}

func (m Model) laidOut() screen.Dialog {
	d := m.dialog
	inner := d.InnerWidth(m.width)
	d.Title, d.Tone = m.title(), m.verdict.Tone
	next := m.verdict.Remedy
	if next == "" {
		next = "Go back and try again. If it stays so, look at RunPod's console."
	}
	d.Body = ask.Paragraphs(inner,
		m.verdict.Sentence,
		m.theme.Title.Render("What to do")+"\n"+next,
		m.seen())
	d.Foot = m.buttons.View(m.theme, inner)
	return d
}

func (m Model) title() string {
	name := ask.Name(m.attempt.Pod.Name, m.attempt.Pod.ID)
	switch {
	case name == "":
		return "That did not work"
	case m.verdict.Tone == doctor.ToneWait:
		return "No shell on " + name + " yet"
	}
	return "No shell on " + name
}

// seen draws what the verdict rests on, for who wants to know.
func (m Model) seen() string {
	var lines []string
	for _, fact := range m.evidence {
		lines = append(lines, "· "+fact)
	}
	if command := m.attempt.Pod.Route.Command; command != "" {
		lines = append(lines, "· by hand (y copies it):", command)
	}
	if len(lines) == 0 {
		return ""
	}
	for i := range lines {
		lines[i] = m.theme.Dim.Render(lines[i])
	}
	return m.theme.Title.Render("What was seen") + "\n" + strings.Join(lines, "\n")
}

// View draws the screen.
func (m Model) View() string { return m.laidOut().View(m.theme, m.width, m.height) }

// ShortHelp returns the keys for the footer.
func (m Model) ShortHelp() []key.Binding {
	return ask.WithScroll(append(ask.Keys(m.buttons, ask.Hot{Key: "K", Desc: "set up a key"}, ask.Hot{Key: "r", Desc: "try again"}, ask.Hot{Key: "p", Desc: "use the proxy"}), m.copy), m.laidOut().Scrolls(m.width, m.height))
}

// FullHelp returns all keys.
func (m Model) FullHelp() [][]key.Binding { return [][]key.Binding{m.ShortHelp()} }
