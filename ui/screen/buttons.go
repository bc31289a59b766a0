package screen

import (
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
)

// Button is one answer to a question.
type Button struct {
	Label  string
	Hot    string // a key that gives this answer at once: "y"; "" for none
	Intent Intent // what the answer asks for
}

// Cancel returns the button that leaves a question: n and esc mean it too.
func Cancel() Button { return Button{Label: "Cancel", Hot: "n", Intent: Back{}} }

// Buttons is the row of answers under a question. esc always means [Back].
type Buttons struct {
	list []Button
	at   int
	keys buttonKeys
}

type buttonKeys struct {
	left, right, press, back key.Binding
	hot                      []key.Binding
}

// NewButtons returns a row in which enter gives the answer with index chosen.
// What a user may regret is never the chosen one.
func NewButtons(chosen int, list ...Button) Buttons {
	b := Buttons{list: list, at: min(max(0, chosen), max(0, len(list)-1))}
	b.keys = buttonKeys{
		left:  key.NewBinding(key.WithKeys("left", "h", "shift+tab"), key.WithHelp("←/→", "choose")),
		right: key.NewBinding(key.WithKeys("right", "l", "tab")),
		press: key.NewBinding(key.WithKeys("enter"), key.WithHelp("enter", "answer")),
		back:  key.NewBinding(key.WithKeys("esc"), key.WithHelp("esc", "back")),
	}
	b.keys.left.SetEnabled(len(list) > 1)
	b.keys.right.SetEnabled(len(list) > 1)
	b.keys.press.SetEnabled(len(list) > 0)
	for _, button := range list {
		hot := key.NewBinding(key.WithKeys(button.Hot), key.WithHelp(button.Hot, LowerFirst(button.Label)))
		hot.SetEnabled(button.Hot != "")
		b.keys.hot = append(b.keys.hot, hot)
	}
	return b.named()
}

// named makes the help of enter say which answer it gives.
func (b Buttons) named() Buttons {
	if len(b.list) > 0 {
		b.keys.press.SetHelp("enter", LowerFirst(b.list[b.at].Label))
	}
	return b
}

// Chosen returns the index of the answer that enter gives.
func (b Buttons) Chosen() int { return b.at }

// Update moves the choice or returns the intent of the answer that was given.
func (b Buttons) Update(msg tea.Msg) (Buttons, Intent) {
	press, ok := msg.(tea.KeyPressMsg)
	if !ok {
		return b, nil
	}
	switch {
	case key.Matches(press, b.keys.back):
		return b, Back{}
	case key.Matches(press, b.keys.press):
		return b, b.list[b.at].Intent
	case key.Matches(press, b.keys.left):
		b.at = (b.at + len(b.list) - 1) % len(b.list)
	case key.Matches(press, b.keys.right):
		b.at = (b.at + 1) % len(b.list)
	}
	for i, hot := range b.keys.hot {
		if key.Matches(press, hot) {
			return b, b.list[i].Intent
		}
	}
	return b.named(), nil
}

// View draws the row; the chosen button is marked by brackets, not by colour
// alone. A row that is wider than width becomes one button a line.
func (b Buttons) View(t Theme, width int) string {
	parts := make([]string, len(b.list))
	total := 0
	for i, button := range b.list {
		text, style := "  "+button.Label+"  ", t.Button
		if i == b.at {
			text, style = "[ "+button.Label+" ]", t.Chosen
		}
		text = Cut(text, width)
		parts[i] = style.Render(text)
		total += Width(text) + 2
	}
	if total-2 > width {
		return strings.Join(parts, "\n")
	}
	return strings.Join(parts, "  ")
}

// Flow draws the answers as View does, each behind its own key, and goes on in the
// next line where one is full: for rows of many answers.
func (b Buttons) Flow(t Theme, width int) string {
	var lines []string
	line, used := "", 0
	for i, button := range b.list {
		text, style := button.Label, t.Text
		if button.Hot != "" {
			text = button.Hot + " " + text
		}
		if i == b.at {
			text, style = "[ "+text+" ]", t.Chosen
		}
		text = Cut(text, width)
		cells := Width(text)
		switch {
		case i == b.at || button.Hot == "":
			text = style.Render(text)
		default:
			text = t.Key.Render(button.Hot) + style.Render(strings.TrimPrefix(text, button.Hot))
		}
		if used > 0 && used+len(flowGap)+cells > width {
			lines, line, used = append(lines, line), "", 0
		}
		if used > 0 {
			line, used = line+flowGap, used+len(flowGap)
		}
		line, used = line+text, used+cells
	}
	return strings.Join(append(lines, line), "\n")
}

// flowGap stands between two answers.
const flowGap = "   "

// ShortHelp returns the keys for a footer, the most important first.
func (b Buttons) ShortHelp() []key.Binding {
	return append([]key.Binding{b.keys.press, b.keys.left, b.keys.back}, b.keys.hot...)
}

// FullHelp returns the keys for the help page.
func (b Buttons) FullHelp() [][]key.Binding { return [][]key.Binding{b.ShortHelp()} }
