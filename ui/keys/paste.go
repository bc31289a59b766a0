package keys

import (
	"fmt"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"podbay/cleantext"
	"podbay/doctor"
	"podbay/manager"
	"podbay/ui/ask"
	"podbay/ui/screen"
)

// pasteLimit bounds what a mistaken paste puts into the wizard: the longest key
// text is an RSA key of 16384 bits with its private half.
const pasteLimit = 32 << 10

// lineBreaks undoes what terminals make of a pasted line break.
var lineBreaks = strings.NewReplacer("\r\n", "\n", "\r", "\n")

// paste holds a key text that is being given. It keeps line breaks, which matter
// in some formats, and lies behind a function: it may be a private key.
type paste struct{ text func() string }

func (p paste) String() string { return "[pasted]" }

func (p paste) reveal() string {
	if p.text == nil {
		return ""
	}
	return p.text()
}

func (p paste) secret() ask.Secret { return ask.NewSecret([]byte(p.reveal())) }

func (p paste) with(text string) *paste {
	if len(text) > pasteLimit {
		text = strings.ToValidUTF8(text[:pasteLimit], "")
	}
	return &paste{func() string { return text }}
}

// pasteTyped takes a key text: every letter is text.
func (m Model) pasteTyped(msg tea.Msg) (Model, screen.Intent) {
	text := m.paste.reveal()
	if pasted, ok := msg.(tea.PasteMsg); ok {
		m.paste, m.problem, m.check = m.paste.with(text+lineBreaks.Replace(pasted.Content)), "", manager.KeyCheck{}
		return m, nil
	}
	press, _ := msg.(tea.KeyPressMsg)
	switch {
	case key.Matches(press, m.keys.back):
		m.paste, m.problem = nil, ""
		return m, nil
	case key.Matches(press, m.keys.enter) && strings.TrimSpace(text) == "":
		m.problem = "Paste the key first, or press esc."
	case key.Matches(press, m.keys.enter):
		return m.start(planning), PlanText{m.paste.secret()}
	case press.String() == "backspace":
		r := []rune(text)
		m.paste = m.paste.with(string(r[:max(0, len(r)-1)]))
	case press.String() == "ctrl+u":
		m.paste = &paste{}
	case press.Text != "":
		m.paste, m.problem = m.paste.with(text+press.Text), ""
	}
	return m, nil
}

// pasteBody asks for a key text. Of what is pasted the first line is drawn, which
// tells what it is; of a private key nothing is.
func (m Model) pasteBody(width, _ int) []string {
	out := para(width, "Paste a public key: the line in a .pub file. podbay says what the text is, and mends what it can: a missing type, broken lines, a PuTTY or SSH2 public key. A private key is refused; do not paste one.")
	out = append(out, "")
	text := strings.TrimSpace(m.paste.reveal())
	if text == "" {
		return append(out, m.theme.Key.Render("> ")+m.theme.Dim.Render("nothing pasted yet"))
	}
	lines := strings.Split(text, "\n")
	first := cleantext.Line(lines[0], 0)
	if strings.Contains(text, "PRIVATE KEY") {
		first = "a private key, which is not shown"
	}
	out = append(out, m.theme.Key.Render("> ")+middle(first, width-2))
	switch len(lines) {
	case 1:
	case 2:
		out = append(out, m.theme.Dim.Render("  and a line more"))
	default:
		out = append(out, m.theme.Dim.Render(fmt.Sprintf("  and %d lines more", len(lines)-1)))
	}
	if found := append(m.heldLines(width), m.findingLines(width)...); len(found) > 0 {
		return append(append(out, ""), found...)
	}
	return append(append(out, ""), para(width, "enter shows what would change. Nothing is sent before you agree.")...)
}

// heldLines names the keys in the given text.
func (m Model) heldLines(width int) []string {
	var out []string
	for _, k := range m.check.Keys {
		out = append(out, m.status(doctor.ToneGood, "It holds "+k, width)...)
	}
	return out
}

// findingLines says what was noticed about it.
func (m Model) findingLines(width int) []string {
	var out []string
	for _, f := range m.check.Findings {
		tone := doctor.ToneWarn
		if f.Fine {
			tone = doctor.ToneIdle
		}
		out = append(out, m.status(tone, strings.TrimSpace(f.Sentence+" "+f.Remedy), width)...)
	}
	return out
}
