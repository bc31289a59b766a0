package pods

import (
	"fmt"
	"strings"

	"podbay/doctor"
	"podbay/manager"
	"podbay/ui/screen"
)

// totals is what the header counts.
type totals struct {
	status  map[string]int
	perHour float64
	kept    int // shells that were left running
}

func total(all []*manager.Pod) totals {
	t := totals{status: map[string]int{}}
	for i := range all {
		t.status[statusWord(all[i].Status)]++
		t.perHour += all[i].CostPerHour
		if all[i].Kept.Line != "" {
			t.kept++
		}
	}
	return t
}

// words lists the states in the order of their rank, then by name.
func (t totals) words() string {
	var out []string
	left := len(t.status)
	for _, known := range []string{"running", "starting", "provisioning", "error", "stopped", "terminated"} {
		if n := t.status[known]; n > 0 {
			out = append(out, fmt.Sprintf("%d %s", n, known))
			left--
		}
	}
	if left > 0 {
		out = append(out, fmt.Sprintf("%d in other states", left))
	}
	return strings.Join(out, ", ")
}

// signs is words in less room: the sign of each state with its number.
func (t totals) signs() string {
	byTone := map[doctor.Tone]int{}
	for word, n := range t.status {
		byTone[statusTone(strings.ToUpper(word))] += n
	}
	var out []string
	for _, tone := range []doctor.Tone{doctor.ToneGood, doctor.ToneWait, doctor.ToneBad, doctor.ToneWarn, doctor.ToneIdle} {
		if n := byTone[tone]; n > 0 {
			out = append(out, fmt.Sprintf("%s %d", screen.Glyph(tone), n))
		}
	}
	return strings.Join(out, "  ")
}

// rows is how many pods fit below the lines above them.
func (m Model) rows() int { return max(1, m.height-m.above()-1) }

// above is how many lines stand over the column headings.
func (m Model) above() int { return 1 + len(m.extra()) }

// View draws the list.
func (m Model) View() string {
	lines := append([]string{m.header()}, m.extra()...)
	if said := m.sentence(); said != "" {
		lines = append(lines, "")
		for _, line := range screen.Wrap(said, max(1, m.width-2*marker)) {
			lines = append(lines, "  "+line)
		}
	} else {
		lines = append(lines, m.table()...)
	}
	return strings.Join(lines[:min(len(lines), max(0, m.height))], "\n")
}

// header says what there is, what it costs and how it is sorted.
func (m Model) header() string {
	left := m.counts()
	switch {
	case m.showsAge():
		return screen.Spread(left, m.theme.Dim.Render("as of "+m.age()+" ago"), m.width)
	case m.showsOrder():
		return screen.Spread(left, m.theme.Dim.Render(m.orderWord()), m.width)
	}
	return screen.Fit(left, m.width)
}

// counts is what the header says first.
func (m Model) counts() string {
	left := m.theme.Title.Render("podbay")
	if m.title != "" {
		left += " " + m.theme.Badge.Render("["+m.title+"]")
	}
	if len(m.all) == 0 {
		return left
	}
	left += fmt.Sprintf("  $%.2f/h  ", m.sum.perHour)
	if m.sum.kept > 0 {
		left += fmt.Sprintf("%s %d kept  ", KeptSign, m.sum.kept)
	}
	if states := m.sum.words(); screen.Width(left)+screen.Width(states) <= m.width {
		return left + states
	}
	return left + m.sum.signs()
}

func (m Model) orderWord() string { return "by " + m.order.String() }

// showsOrder tells whether the header says how the list is sorted: that is the least of it.
func (m Model) showsOrder() bool {
	return len(m.all) > 1 && m.filter.Value() == "" && !m.showsAge() && screen.Width(m.counts())+screen.Width(m.orderWord()) < m.width
}

func (m Model) showsAge() bool { return m.showAge && m.err == nil && m.loaded }

func (m Model) age() string { return screen.Ago(m.now.Sub(m.listed)) }

// extra holds the lines that are there at times: a failed refresh, the filter.
func (m Model) extra() []string {
	var out []string
	if m.err != nil && m.loaded {
		text := "▲ as of " + m.age() + " ago: " + m.err.Error()
		lines := screen.Wrap(text, max(1, m.width))
		for _, line := range lines[:min(len(lines), 2)] {
			out = append(out, m.theme.Tone(doctor.ToneWarn).Render(line))
		}
	}
	if m.filter.Focused() || m.filter.Value() != "" {
		out = append(out, screen.Spread(m.filter.View(), m.theme.Dim.Render(m.count()), m.width))
	}
	return out
}

// count says how many pods the filter finds.
func (m Model) count() string {
	if m.near && len(m.shown) > 0 {
		return fmt.Sprintf("0 of %d, %d similar", len(m.all), len(m.shown))
	}
	return fmt.Sprintf("%d of %d", len(m.shown), len(m.all))
}

// sentence is said in place of rows; "" when there are rows.
func (m Model) sentence() string {
	switch {
	case len(m.shown) > 0:
		return ""
	case m.lost():
		v := m.account()
		return m.theme.Tone(v.Tone).Render(screen.Glyph(v.Tone)) + " " + v.Sentence + "\n\n" + v.Remedy + "\n\n" +
			m.theme.Dim.Render("podbay tries again by itself; r tries now.")
	case !m.loaded:
		return m.theme.Dim.Render("asking RunPod for your pods…")
	case len(m.all) == 0:
		return "no pods yet: make one at console.runpod.io, it appears here by itself."
	default:
		return fmt.Sprintf("no pod matches %q: esc shows all of them.", m.filter.Value())
	}
}

// table draws the headings and the rows that are seen.
func (m Model) table() []string {
	w := choose(m.fit, m.width)
	out := []string{m.theme.Dim.Render(screen.Cut(margin+m.cells(w, func(c column) string { return cell(c, headings[c], w[c]) }), m.width))}
	last := min(len(m.shown), m.top+m.rows())
	for at := m.top; at < last; at++ {
		out = append(out, m.row(w, m.all[m.shown[at]], at == m.at))
	}
	return out
}

// row draws one pod. The selected row is marked by a sign as well as by its
// look, and keeps one style, since a colour inside would end the background.
func (m Model) row(w widths, p *manager.Pod, selected bool) string {
	dim := m.theme.Dim.Render
	if selected {
		dim = func(s string) string { return s }
	}
	text := m.cells(w, func(c column) string {
		if c == colName {
			return m.nameCell(p, w[c], dim)
		}
		text := cell(c, plain(c, p, m.now), w[c])
		if t := tone(c, p); t != "" && !selected {
			return m.theme.Tone(t).Render(text)
		}
		return text
	})
	if selected {
		return m.theme.Selected.Render(screen.Fit("▸ "+text, m.width))
	}
	return margin + text
}

// margin stands before rows that are not selected.
const margin = "  "

// cells joins the columns that have room; text gives each exactly its width.
func (m Model) cells(w widths, text func(column) string) string {
	var b strings.Builder
	gap := strings.Repeat(" ", gapFor(m.width))
	for c := range columns {
		if w[c] == 0 {
			continue
		}
		if b.Len() > 0 {
			b.WriteString(gap)
		}
		b.WriteString(text(c))
	}
	return b.String()
}

// cell fits a text into a column.
func cell(c column, text string, width int) string {
	if c == colCost || c == colUptime {
		return screen.FitRight(text, width)
	}
	return screen.Fit(text, width)
}
