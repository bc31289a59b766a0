package keys

import (
	tea "charm.land/bubbletea/v2"

	"podbay/ui/ask"
	"podbay/ui/screen"
)

// leave is the answer to go back to the list.
type leave struct{}

// done goes to the last step.
func (m Model) done() Model {
	m.step, m.offset, m.problem, m.said = stepDone, 0, "", ""
	list := screen.Button{Label: "Back to the list", Hot: "b", Intent: leave{}}
	if p, ok := m.best(); ok {
		m.buttons = screen.NewButtons(0, screen.Button{Label: "Open a shell on " + ask.Name(p.Name, p.ID), Intent: Connect{p}}, list)
		return m
	}
	m.buttons = screen.NewButtons(0, list)
	return m
}

// wantedRow is the row of the pod that the person wants a shell on.
func (m Model) wantedRow() (row, bool) {
	if i := m.rowOf(m.wanted); i >= 0 {
		return m.rows[i], true
	}
	return row{}, false
}

func (m Model) doneTyped(press tea.KeyPressMsg) (Model, screen.Intent) {
	m = m.scrolledBy(press)
	var intent screen.Intent
	m.buttons, intent = m.buttons.Update(press)
	if intent == (leave{}) {
		intent = screen.Back{}
	}
	return m, intent
}

// doneBody says what was done and what to press for a shell.
func (m Model) doneBody(width, _ int) []string {
	var out []string
	if p, ok := m.best(); ok {
		out = m.status("good", ask.Name(p.Name, p.ID)+" takes "+m.chosen.Name+". enter opens a shell on it; so does enter on it in the list.", width)
	} else if r, ok := m.wantedRow(); ok && m.toPod {
		out = m.status("warn", ask.Name(r.pod.Name, r.pod.ID)+" does not take "+m.chosen.Name+" yet; esc goes back to the ways to get it in.", width)
	} else {
		out = m.status("warn", "No running pod was seen to take "+m.chosen.Name+". Pods that are created from now on with SSH get the registered keys; esc goes back to the ways out of the others.", width)
	}
	out = append(out, "", m.theme.Title.Render("What was done"))
	if len(m.did) == 0 {
		return append(out, para(width, "Nothing had to be changed.")...)
	}
	for _, did := range m.did {
		lines := para(width-2, did)
		for i, line := range lines {
			lead := "  "
			if i == 0 {
				lead = "· "
			}
			out = append(out, lead+line)
		}
	}
	return out
}
