package ui

import (
	"fmt"
	"strings"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"podbay/doctor"
	"podbay/ui/details"
	"podbay/ui/screen"
)

const (
	besideFrom = 120 // columns from which the details stand beside the list
	belowFrom  = 20  // lines from which they stand below it
	besideMin  = 38
	besideMax  = 56
	listWants  = 105 // columns that the list needs for all that it knows
	belowRows  = 8
)

// area is how the screen is shared out.
type area struct {
	width, height int // of the screen that is shown
	listWidth     int
	listHeight    int
	paneWidth     int // of the details beside or below the list; 0 for none
	paneHeight    int
	beside        bool
}

// area shares the screen out: the footer takes a line, a note some.
func (m model) area() area {
	a := area{width: m.width, height: max(0, m.height-1-len(m.line()))}
	a.listWidth, a.listHeight = a.width, a.height
	switch {
	case len(m.pods.Pods()) == 0:
	case a.width >= besideFrom:
		a.beside = true
		a.paneWidth, a.paneHeight = min(besideMax, max(besideMin, a.width-3-listWants)), a.height
		a.listWidth -= a.paneWidth + 3
	case m.height >= belowFrom:
		a.paneWidth, a.paneHeight = a.width, belowRows
		a.listHeight -= belowRows + 1
	}
	return a
}

// laidOut gives the screens that are shown their size, and the details their pod.
func (m model) laidOut() model {
	a := m.area()
	m.pods = m.pods.SetSize(a.listWidth, a.listHeight).SetNow(m.now, m.showsAge())
	switch m.state {
	case detailing:
		p, ok := m.pods.Selected()
		if !ok {
			m.state = home
			break
		}
		m.details = m.details.SetSize(a.width, a.height).SetPod(p, m.now)
	case helping:
		m.help = m.help.SetSize(a.width, a.height)
	case inKeys:
		m.wizard = m.wizard.SetSize(a.width, a.height)
	}
	if m.page != nil {
		m.page = m.page.sized(a.width, a.height)
	}
	return m
}

// View draws the screen that the state names.
func (m model) View() tea.View {
	v := tea.NewView(guarded(m.draw()))
	v.AltScreen = true
	return v
}

// tooSmall tells whether nothing can be shown; a size of 0 is not known yet.
func (m model) tooSmall() bool {
	return m.width > 0 && (m.width < screen.MinWidth || m.height < screen.MinHeight)
}

func (m model) draw() string {
	if m.width == 0 || m.height == 0 || m.recalling {
		return "" // the size is not known yet, or what to show
	}
	if m.tooSmall() {
		needs := screen.Cut(fmt.Sprintf("podbay needs %d×%d", screen.MinWidth, screen.MinHeight), m.width)
		if m.height == 1 {
			return needs
		}
		return needs + "\n" + screen.Cut("ctrl+c quits", m.width)
	}
	a := m.area()
	lines := strings.Split(m.body(a), "\n")
	out := make([]string, a.height, m.height)
	copy(out, lines)
	out = append(out, m.line()...)
	return strings.Join(append(out, screen.Footer(m.theme, m.footer(), m.width)), "\n")
}

// body draws what is above the note.
func (m model) body(a area) string {
	switch m.state {
	case detailing:
		return m.details.View()
	case helping:
		return m.help.View()
	case waiting:
		switch {
		case m.page != nil:
			return m.page.View()
		case m.exam.from == detailing:
			return m.details.View()
		}
		return m.homeView(a)
	case asking, loggingIn:
		return m.page.View()
	case inKeys:
		return m.wizard.View()
	default:
		return m.homeView(a)
	}
}

// homeView draws the list, with the details of the selected pod where there is
// room.
func (m model) homeView(a area) string {
	p, ok := m.pods.Selected()
	if a.paneWidth == 0 || !ok {
		return m.pods.View()
	}
	pane := details.Pane(m.theme, a.paneWidth, a.paneHeight, p, m.now)
	list := strings.Split(m.pods.View(), "\n")
	side := strings.Split(pane, "\n")
	if !a.beside {
		rows := make([]string, a.listHeight, a.height)
		copy(rows, list)
		rows = append(rows, m.theme.Rule.Render(strings.Repeat("─", a.width)))
		return strings.Join(append(rows, side...), "\n")
	}
	rows := make([]string, a.height)
	for i := range rows {
		rows[i] = screen.Fit(at(list, i), a.listWidth) + m.theme.Rule.Render(" │ ") + at(side, i)
	}
	return strings.Join(rows, "\n")
}

func at(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return ""
}

// noteLines is the most that a note may take of the screen.
const noteLines = 3

// line is what stands above the footer: what is being done, or how the last
// thing went. It is empty, or a line, or a few.
func (m model) line() []string {
	if m.busy() {
		return m.waited(m.conn.pod.Name, m.conn.step, m.conn.since)
	}
	if m.state == waiting {
		return m.waited(m.work.name, m.work.step, m.work.since)
	}
	if m.note.text == "" {
		return nil
	}
	return m.noted(m.note.tone, m.note.text)
}

// waited says what is being done, and since when.
func (m model) waited(name, step string, since time.Time) []string {
	text := name + ": " + step
	if waited := screen.Ago(m.now.Sub(since)); waited != "0 s" {
		text += ", " + waited
	}
	return m.noted(doctor.ToneWait, text)
}

func (m model) noted(tone doctor.Tone, text string) []string {
	lines := screen.Wrap(text, m.width-2)
	for i := range lines {
		lines[i] = "  " + lines[i]
	}
	lines[0] = m.theme.Tone(tone).Render(screen.Glyph(tone)) + lines[0][1:]
	return lines[:min(len(lines), noteLines)]
}

// footer returns the keys that work here.
func (m model) footer() []key.Binding {
	if m.held() {
		return []key.Binding{key.NewBinding(key.WithKeys("esc"), key.WithHelp("esc", "back; other keys when you have paused"))}
	}
	switch m.state {
	case waiting:
		return []key.Binding{key.NewBinding(key.WithKeys("esc", "ctrl+c"), key.WithHelp("esc", "give up waiting"))}
	case dialing, settling:
		return []key.Binding{key.NewBinding(key.WithKeys("esc", "ctrl+c"), key.WithHelp("esc", "cancel"))}
	case detailing:
		return m.details.ShortHelp()
	case helping:
		return m.help.ShortHelp()
	case asking, loggingIn:
		return m.page.ShortHelp()
	case inKeys:
		return m.wizard.ShortHelp()
	default:
		return m.pods.ShortHelp()
	}
}
