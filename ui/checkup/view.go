package checkup

import (
	"strings"

	"podbay/doctor"
	"podbay/ui/ask"
	"podbay/ui/screen"
)

func (m Model) laidOut() screen.Dialog {
	d := m.dialog
	inner := d.InnerWidth(m.width)
	d.Title, d.Tone = m.finding.title(), m.finding.Verdict.Tone
	d.Body = ask.Paragraphs(inner, m.noticed(inner), m.finding.Verdict.Sentence, m.next(), m.also(), m.seen())
	d.Foot = m.buttons.Flow(m.theme, inner)
	return d
}

func (f Finding) title() string {
	name, v := ask.Name(f.Pod.Name, f.Pod.ID), f.Verdict
	switch {
	case name == "" && v.ID != "":
		return "RunPod and your account"
	case name == "":
		return "That did not work"
	case f.From == Ended:
		return "The shell on " + name + " has ended"
	case v.Tone == doctor.ToneGood || v.Tone == doctor.ToneWarn:
		return "Check-up of " + name
	case v.Tone == doctor.ToneWait:
		return "No shell on " + name + " yet"
	}
	return "No shell on " + name
}

// noticed draws what was done.
func (m Model) noticed(width int) string {
	if m.notice.Sentence == "" {
		return ""
	}
	said := ask.Status(m.theme, m.notice.Tone, m.notice.Sentence, width)
	if m.notice.Text == "" {
		return said
	}
	return said + "\n" + m.theme.Title.Render(m.notice.Text)
}

// next says what to do, and what that costs.
func (m Model) next() string {
	v := m.finding.Verdict
	next := v.Remedy
	switch {
	case next == "" && v.Shell:
		next = "Nothing keeps you from a shell: connect."
	case next == "":
		next = "Go back and try again. If it stays so, look at RunPod's console."
	}
	if v.Price != "" {
		next += "\n" + v.Price
	}
	if v.Command != "" {
		next += "\n" + m.theme.Title.Render(v.Command)
	}
	return m.theme.Title.Render("What to do") + "\n" + next
}

// also lists what is in the way besides.
func (m Model) also() string {
	var lines []string
	for _, v := range m.finding.Also {
		lines = append(lines, m.theme.Tone(v.Tone).Render(screen.Glyph(v.Tone))+" "+v.Sentence)
	}
	if len(lines) == 0 {
		return ""
	}
	return m.theme.Title.Render("Also in the way") + "\n" + strings.Join(lines, "\n")
}

// seen draws what the verdict rests on, for who wants to know.
func (m Model) seen() string {
	var lines, parts []string
	for _, e := range m.finding.Evidence {
		lines = append(lines, m.theme.Dim.Render("· "+e.String()))
	}
	if len(lines) > 0 {
		parts = append(parts, m.theme.Title.Render("What was seen")+"\n"+strings.Join(lines, "\n"))
	}
	if command := m.finding.Pod.Command(m.finding.Via); command != "" {
		parts = append(parts, m.theme.Title.Render("By hand")+m.theme.Dim.Render(" (y copies it)")+"\n"+m.theme.Dim.Render(command))
	}
	return strings.Join(parts, "\n\n")
}
