package ask

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"podbay/doctor"
	"podbay/ui/screen"
)

// NameCells is how much of a pod's name a sentence or a button shows.
const NameCells = 24

// Name returns what to call a pod: its name, cut, or its ID when it has none.
func Name(name, id string) string {
	if name == "" {
		name = id
	}
	return screen.Cut(name, NameCells)
}

// NameAndID names a pod so that two of the same name can be told apart.
func NameAndID(name, id string) string {
	if name == "" {
		return id
	}
	return Name(name, id) + " (" + id + ")"
}

// Fact is a label and what it stands for.
type Fact struct{ Label, Text string }

// Facts draws a line a fact, the texts below each other and cut to width cells.
// Facts without a text are left out.
func Facts(theme screen.Theme, width int, facts ...Fact) string {
	label := 0
	for _, f := range facts {
		label = max(label, screen.Width(f.Label))
	}
	var lines []string
	for _, f := range facts {
		if f.Text != "" {
			lines = append(lines, screen.Cut(theme.Dim.Render(screen.Fit(f.Label, label))+"  "+f.Text, width))
		}
	}
	return strings.Join(lines, "\n")
}

// Paragraphs wraps texts to width cells and puts blank lines between those that
// are not empty.
func Paragraphs(width int, texts ...string) string {
	var out []string
	for _, t := range texts {
		if t != "" {
			out = append(out, strings.Join(screen.Wrap(t, width), "\n"))
		}
	}
	return strings.Join(out, "\n\n")
}

// Movement tells whether msg is a key that moves and writes nothing, so that a
// body can scroll while a field has the keyboard.
func Movement(msg tea.Msg) bool {
	press, ok := msg.(tea.KeyPressMsg)
	return ok && press.Text == ""
}

// footLines bounds a sentence below a field, so that the body keeps some room.
const footLines = 3

// Status draws a sentence with the glyph and colour of its tone, for the foot of
// a dialog.
func Status(theme screen.Theme, tone doctor.Tone, text string, width int) string {
	lines := screen.Wrap(screen.Glyph(tone)+" "+text, width)
	if len(lines) > footLines {
		lines = lines[:footLines]
		lines[footLines-1] = screen.Cut(lines[footLines-1]+" …", width)
	}
	for i := range lines {
		lines[i] = theme.Tone(tone).Render(lines[i])
	}
	return strings.Join(lines, "\n")
}
