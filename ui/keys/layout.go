package keys

import (
	"strings"
	"unicode/utf8"

	"podbay/doctor"
	"podbay/ui/ask"
	"podbay/ui/screen"
)

const (
	lineCells  = 100 // the widest line: longer ones are hard to read
	marginFrom = 56  // smaller terminals have no cells to spare for a margin
	tallFrom   = 14  // lines from which there is a blank one below the heading
	labelCells = 16  // a field's marker and label
)

var stepNames = [...]string{"Identity", "Account", "Proof", "Done"}

// inner returns the cells of a line, and of the margin before it.
func (m Model) inner() (width, margin int) {
	if m.width >= marginFrom {
		margin = 2
	}
	return max(1, min(lineCells, m.width-2*margin)), margin
}

// room returns the cells of a line of the body and the lines that it may fill.
func (m Model) room() (width, rows int) {
	width, _ = m.inner()
	rows = m.height - m.headLines()
	if foot := m.foot(width); len(foot) > 0 {
		rows -= len(foot) + 1
	}
	return width, max(1, rows)
}

func (m Model) headLines() int {
	if m.height >= tallFrom {
		return 2
	}
	return 1
}

// View draws the wizard.
func (m Model) View() string {
	if m.confirm != nil {
		return m.confirm.View()
	}
	width, rows := m.room()
	_, margin := m.inner()
	body := m.body(width, rows)
	from := m.clamped(m.offset)
	out := make([]string, m.headLines(), max(1, m.height))
	out[0] = m.heading(width, len(body) > rows)
	out = append(out, body[from:min(len(body), from+rows)]...)
	if foot := m.foot(width); len(foot) > 0 {
		out = append(append(out, ""), foot...)
	}
	for i := range out {
		out[i] = strings.Repeat(" ", margin) + screen.Cut(out[i], width)
	}
	return strings.Join(out[:min(len(out), max(0, m.height))], "\n")
}

func stepTitle(s step) string { return string(rune('1'+int(s))) + " " + stepNames[s] }

// heading names the steps; the present one stands in brackets.
func (m Model) heading(width int, scrolls bool) string {
	parts := make([]string, len(stepNames))
	for i := range stepNames {
		text := stepTitle(step(i))
		if step(i) == m.step {
			parts[i] = m.theme.Title.Render("[" + text + "]")
		} else {
			parts[i] = m.theme.Dim.Render(text)
		}
	}
	line := m.theme.Title.Render("Keys") + "  " + strings.Join(parts, "  ")
	if !scrolls {
		return line
	}
	more := m.theme.Dim.Render("pgdn for more")
	if screen.Width(line)+screen.Width(more) >= width {
		line = m.theme.Title.Render("Keys [" + stepTitle(m.step) + "]")
	}
	return screen.Spread(line, more, width)
}

// body draws what is between the heading and the foot.
func (m Model) body(width, rows int) []string {
	switch {
	case m.form != nil:
		return m.formBody(width, rows)
	case m.paste != nil:
		return m.pasteBody(width, rows)
	}
	switch m.step {
	case stepAccount:
		return m.accountBody(width, rows)
	case stepProof:
		return m.proofBody(width, rows)
	case stepDone:
		return m.doneBody(width, rows)
	default:
		return m.identityBody(width, rows)
	}
}

// foot draws what must always be seen: how the last thing went, and the answers.
func (m Model) foot(width int) []string {
	var out []string
	switch {
	case m.task != idle:
		out = m.status(doctor.ToneWait, m.task.words(), width)
	case m.problem != "":
		out = m.status(doctor.ToneBad, m.problem, width)
	case m.said != "":
		out = m.status(doctor.ToneGood, m.said, width)
	}
	if m.form == nil && m.paste == nil && m.task == idle && (m.step == stepAccount || m.step == stepDone) {
		out = append(out, strings.Split(m.buttons.View(m.theme, width), "\n")...)
	}
	return out
}

// clamped bounds a scroll offset to the body.
func (m Model) clamped(offset int) int {
	if m.width == 0 || m.height == 0 {
		return offset
	}
	width, rows := m.room()
	return max(0, min(offset, len(m.body(width, rows))-rows))
}

func (m Model) scrolls() bool {
	if m.width == 0 || m.height == 0 {
		return false
	}
	width, rows := m.room()
	return len(m.body(width, rows)) > rows
}

// status draws a sentence with the glyph and colour of its tone, all of it.
func (m Model) status(tone doctor.Tone, text string, width int) []string {
	lines := para(width-2, text)
	for i, line := range lines {
		lead := "  "
		if i == 0 {
			lead = screen.Glyph(tone) + " "
		}
		lines[i] = m.theme.Tone(tone).Render(lead + line)
	}
	return lines
}

func (m Model) sign(tone doctor.Tone) string { return m.theme.Tone(tone).Render(screen.Glyph(tone)) }

// listRow draws a row of a list: a sign, a text, and at the end a few words.
func (m Model) listRow(tone doctor.Tone, text, words string, selected bool, width int) string {
	words = screen.Cut(words, max(0, width-12))
	text = screen.Fit(text, max(8, min(width, 72)-6-screen.Width(words)))
	if selected {
		return m.theme.Selected.Render(screen.Fit("▸ "+screen.Glyph(tone)+" "+text+"  "+words, width))
	}
	return "  " + m.sign(tone) + " " + text + "  " + m.theme.Tone(tone).Render(words)
}

// para wraps a text into lines.
func para(width int, text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(ask.Paragraphs(width, text), "\n")
}

// indented wraps a text into lines that stand below a sign.
func indented(width int, text string) []string {
	lines := para(width-4, text)
	for i := range lines {
		lines[i] = "    " + lines[i]
	}
	return lines
}

// middle cuts s in its middle to width cells.
func middle(s string, width int) string {
	if screen.Width(s) <= width || utf8.RuneCountInString(s) != screen.Width(s) {
		return screen.Cut(s, width)
	}
	r := []rune(s)
	head := max(0, (width-1)*2/5)
	tail := max(0, width-1-head)
	return string(r[:head]) + "…" + string(r[len(r)-tail:])
}

// window returns which of n rows are shown when only so many fit.
func window(n, at, rows int) (from, to int) {
	rows = max(1, min(rows, n))
	from = min(max(0, at-rows/2), n-rows)
	return from, from + rows
}

// upper begins a sentence.
func upper(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	if n == 0 {
		return s
	}
	return strings.ToUpper(string(r)) + s[n:]
}
