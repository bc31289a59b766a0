package ask

import (
	"strings"

	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"

	"podbay/ui/screen"
)

// fieldLimit bounds what a mistaken paste puts into a field; passphrases, keys
// and names are far shorter.
const fieldLimit = 4096

// Field is a text field that has the keyboard. It is a value: Update leaves the
// old one as it was. Its text lies behind a function, as that of a [Secret] does,
// so that printing a model that holds a Field does not print what was typed.
type Field struct{ input func() textinput.Model }

func fieldOf(in textinput.Model) Field { return Field{func() textinput.Model { return in }} }

// NewField returns an empty field that shows what is typed.
func NewField(theme screen.Theme) Field { return newField(theme, textinput.EchoNormal) }

// NewMasked returns an empty field that shows a * for each letter.
func NewMasked(theme screen.Theme) Field { return newField(theme, textinput.EchoPassword) }

func newField(theme screen.Theme, echo textinput.EchoMode) Field {
	in := textinput.New()
	in.EchoMode = echo
	in.CharLimit = fieldLimit
	in.KeyMap.Paste.SetEnabled(false) // the terminal pastes; this would start a clipboard program
	styles := in.Styles()
	styles.Cursor.Blink = false // a blinking cursor would draw while nothing happens
	in.SetStyles(styles)
	in.Focus() // without blinking it starts nothing
	return fieldOf(in).SetTheme(theme)
}

// SetTheme changes the styles.
func (f Field) SetTheme(theme screen.Theme) Field {
	in := f.input()
	styles := in.Styles()
	styles.Focused.Prompt, styles.Focused.Text = theme.Key.Style, theme.Text.Style
	in.SetStyles(styles)
	return fieldOf(in)
}

// SetWidth says how many cells the field may take.
func (f Field) SetWidth(width int) Field {
	in := f.input()
	in.SetWidth(max(1, width-screen.Width(in.Prompt)-1)) // the cursor stands behind the text
	return fieldOf(in)
}

// Update edits the text. A line break at the end of what is pasted is not part
// of it: copying a line takes it along.
func (f Field) Update(msg tea.Msg) Field {
	if paste, ok := msg.(tea.PasteMsg); ok {
		paste.Content = strings.TrimRight(paste.Content, "\r\n")
		msg = paste
	}
	in := f.input()
	// The input edits its text in place; SetValue gives the new field its own.
	pos := in.Position()
	in.SetValue(in.Value())
	in.SetCursor(pos)
	in, _ = in.Update(msg) // its only commands blink and paste, and both are off
	return fieldOf(in)
}

// Cleared returns the field without its text.
func (f Field) Cleared() Field {
	in := f.input()
	in.Reset()
	return fieldOf(in)
}

// Text returns what was typed.
func (f Field) Text() string { return f.input().Value() }

// Secret returns what was typed as a secret.
func (f Field) Secret() Secret { return NewSecret([]byte(f.input().Value())) }

// Empty tells whether nothing was typed.
func (f Field) Empty() bool { return f.input().Value() == "" }

// View draws the field.
func (f Field) View() string { return f.input().View() }
