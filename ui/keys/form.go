package keys

import (
	"bytes"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"podbay/ui/ask"
	"podbay/ui/screen"
)

// The fields of the form.
const (
	fieldPath = iota
	fieldComment
	fieldPassphrase
	fieldAgain
	fieldCount
)

var fieldLabels = [fieldCount]string{"File", "Comment", "Passphrase", "Again"}

// form asks what a new key is to be like. All but the passphrase is filled in, so
// that is where the keyboard starts; enter on an empty one creates the key.
type form struct {
	fields [fieldCount]ask.Field
	at     int
	path   string // what File was filled with
}

func (m Model) openForm() Model {
	f := form{path: m.report.NewPath, at: fieldPassphrase}
	for i := range f.fields {
		if i == fieldPassphrase || i == fieldAgain {
			f.fields[i] = ask.NewMasked(m.theme)
		} else {
			f.fields[i] = ask.NewField(m.theme)
		}
	}
	f.fields[fieldPath] = f.fields[fieldPath].Update(tea.PasteMsg{Content: f.path})
	inner, _ := m.inner()
	f = f.sized(inner)
	m.form, m.problem, m.said, m.offset = &f, "", "", 0
	return m
}

func (f form) sized(width int) form {
	for i := range f.fields {
		f.fields[i] = f.fields[i].SetWidth(width - labelCells)
	}
	return f
}

func (f form) themed(theme screen.Theme) form {
	for i := range f.fields {
		f.fields[i] = f.fields[i].SetTheme(theme)
	}
	return f
}

// formTyped edits the form: every letter is text.
func (m Model) formTyped(msg tea.Msg) (Model, screen.Intent) {
	press, _ := msg.(tea.KeyPressMsg)
	f := *m.form
	switch {
	case key.Matches(press, m.keys.back):
		m.form, m.problem, m.offset = nil, "", 0
		return m, nil
	case key.Matches(press, m.keys.enter):
		return m.formEnter(f)
	case key.Matches(press, m.keys.fieldUp):
		f.at = (f.at + fieldCount - 1) % fieldCount
	case key.Matches(press, m.keys.fieldDown):
		f.at = (f.at + 1) % fieldCount
	case key.Matches(press, m.keys.pageUp), key.Matches(press, m.keys.pageDown):
		return m.scrolledBy(press), nil
	default:
		f.fields[f.at] = f.fields[f.at].Update(msg)
		m.problem = ""
	}
	m.form = &f
	return m.toField(), nil
}

// formEnter goes to the field that has to be filled next, or creates the key.
func (m Model) formEnter(f form) (Model, screen.Intent) {
	first, again := f.fields[fieldPassphrase], f.fields[fieldAgain]
	switch {
	case f.at < fieldPassphrase:
		f.at++
	case f.at == fieldPassphrase && !first.Empty() && again.Empty():
		f.at = fieldAgain
	case strings.TrimSpace(f.fields[fieldPath].Text()) == "":
		f.at, m.problem = fieldPath, "Say in which file the key shall be kept."
	case !bytes.Equal(first.Secret().Reveal(), again.Secret().Reveal()):
		f.fields[fieldAgain], f.at = again.Cleared(), fieldAgain
		m.problem = "The two passphrases differ. Type the second one again, or tab to the first."
	default:
		m.form = &f
		return m.start(creating), f.create()
	}
	m.form = &f
	return m.toField(), nil
}

func (f form) create() Create {
	path := strings.TrimSpace(f.fields[fieldPath].Text())
	if path == f.path {
		path = "" // the manager's own choice, whatever happened to the file meanwhile
	}
	return Create{Path: path, Comment: strings.TrimSpace(f.fields[fieldComment].Text()), Passphrase: f.fields[fieldPassphrase].Secret()}
}

// toField scrolls so that the field with the keyboard is seen.
func (m Model) toField() Model {
	width, rows := m.room()
	line := len(m.formIntro(width)) + m.form.at
	m.offset = max(min(m.offset, line), line-rows+1)
	return m
}

func (m Model) formIntro(width int) []string {
	var out []string
	if len(m.report.Local) == 0 {
		out = para(width, "There is no SSH key on this machine yet. A key is a pair of files: the private one stays here, the public one goes to RunPod.")
	} else {
		out = para(width, "A new key. A file that exists is never overwritten.")
	}
	return append(out, "")
}

// formBody draws the fields and what an answer to them means.
func (m Model) formBody(width, _ int) []string {
	out := m.formIntro(width)
	for i, field := range m.form.fields {
		mark, label := "  ", m.theme.Dim.Render(screen.Fit(fieldLabels[i], labelCells-4))
		if i == m.form.at {
			mark, label = m.theme.Key.Render("▸ "), m.theme.Title.Render(screen.Fit(fieldLabels[i], labelCells-4))
		}
		text := field.View()
		if i != m.form.at {
			text = blurred(field, i >= fieldPassphrase)
		}
		out = append(out, screen.Cut(mark+label+"  "+text, width))
	}
	return append(append(out, ""), m.formHint(width)...)
}

// blurred draws a field without a cursor.
func blurred(f ask.Field, masked bool) string {
	if masked {
		return "> " + strings.Repeat("*", len([]rune(f.Text())))
	}
	return "> " + f.Text()
}

// formHint says what the field with the keyboard means.
func (m Model) formHint(width int) []string {
	switch m.form.at {
	case fieldPath:
		return para(width, "ED25519 in OpenSSH's format. The private key's mode is 0600, its folder's 0700; the public key goes beside it, in .pub.")
	case fieldComment:
		return para(width, "It tells your keys apart on RunPod, and anybody may read it. Empty: your name and this machine's.")
	}
	first := m.form.fields[fieldPassphrase]
	if first.Empty() {
		return para(width, "The passphrase encrypts the private key; RunPod never sees it. Empty means none: whoever can read the file can use the key. enter creates the key.")
	}
	tone, hint := strength(first.Secret().Reveal())
	out := m.status(tone, "This passphrase is "+hint, width)
	return append(out, para(width, "podbay asks for it when the key is used. Nobody can restore it.")...)
}
