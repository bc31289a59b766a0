package screen

import (
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"

	"podbay/doctor"
)

const (
	dialogWidth = 78 // the widest dialog: longer lines are hard to read
	framedWidth = 56 // smaller terminals have no cells to spare for a frame
	framedRows  = 16
)

// Dialog is a question or a notice in the middle of the screen: a title, a body
// that is wrapped and scrolls where it is too tall, and below it what must
// always be seen (buttons, a text field, an error).
type Dialog struct {
	Title string
	Tone  doctor.Tone // gives the frame its colour and the title its glyph; "" for none
	Body  string      // paragraphs; may be styled
	Foot  string      // never scrolls; "" for none

	offset int // lines scrolled
}

// ScrollKeys move the body of a dialog.
func ScrollKeys() (up, down key.Binding) {
	return key.NewBinding(key.WithKeys("up", "k", "pgup"), key.WithHelp("↑/↓", "scroll")),
		key.NewBinding(key.WithKeys("down", "j", "pgdown"))
}

// Scroll moves the body if msg is one of [ScrollKeys]; width and height are
// those of View.
func (d Dialog) Scroll(msg tea.Msg, width, height int) Dialog {
	press, ok := msg.(tea.KeyPressMsg)
	if !ok {
		return d
	}
	inner, rows, _ := d.room(width, height)
	last := max(0, len(Wrap(d.Body, inner))-rows)
	up, down := ScrollKeys()
	switch {
	case key.Matches(press, up):
		d.offset -= step(press, rows)
	case key.Matches(press, down):
		d.offset += step(press, rows)
	}
	d.offset = min(max(0, d.offset), last)
	return d
}

// step is how many lines a key scrolls: one, or a page but for a line.
func step(press tea.KeyPressMsg, rows int) int {
	if press.Code == tea.KeyPgUp || press.Code == tea.KeyPgDown {
		return max(1, rows-1)
	}
	return 1
}

// Scrolls tells whether the body is taller than its room.
func (d Dialog) Scrolls(width, height int) bool {
	inner, rows, _ := d.room(width, height)
	return len(Wrap(d.Body, inner)) > rows
}

// InnerWidth returns how many cells a line of body or foot has.
func (d Dialog) InnerWidth(width int) int {
	if width >= framedWidth {
		width -= 6 // frame and padding
	}
	return max(1, min(width, dialogWidth-6))
}

// room returns the cells of a line and the lines that the body may fill.
func (d Dialog) room(width, height int) (inner, rows int, framed bool) {
	framed = width >= framedWidth && height >= framedRows
	rows = height - 2 // title, blank
	if framed {
		rows -= 2
	}
	if d.Foot != "" {
		rows -= 1 + lipgloss.Height(d.Foot)
	}
	return d.InnerWidth(width), max(1, rows), framed
}

// View draws the dialog into width × height cells.
func (d Dialog) View(t Theme, width, height int) string {
	inner, rows, framed := d.room(width, height)
	body := Wrap(d.Body, inner)
	from := min(d.offset, max(0, len(body)-rows))
	out := []string{d.heading(t, inner, len(body) > rows), ""}
	out = append(out, body[from:min(len(body), from+rows)]...)
	if d.Foot != "" {
		out = append(append(out, ""), strings.Split(d.Foot, "\n")...)
	}
	for i := range out {
		out[i] = Fit(out[i], inner)
	}
	box := strings.Join(out, "\n")
	if framed {
		box = lipgloss.NewStyle().Border(lipgloss.RoundedBorder()).Padding(0, 2).
			BorderForeground(t.Tone(d.Tone).GetForeground()).Render(box)
	}
	return clip(lipgloss.Place(width, height, lipgloss.Center, lipgloss.Center, box), height)
}

func (d Dialog) heading(t Theme, width int, scrolls bool) string {
	title := t.Title.Render(d.Title)
	if d.Tone != "" {
		title = t.Tone(d.Tone).Render(Glyph(d.Tone)) + " " + title
	}
	if !scrolls {
		return title
	}
	return Spread(title, t.Dim.Render("↑/↓ for more"), width)
}

// clip leaves out the lines below height.
func clip(s string, height int) string {
	lines := strings.Split(s, "\n")
	return strings.Join(lines[:min(len(lines), max(0, height))], "\n")
}
