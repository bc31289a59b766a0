package keys

import (
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"podbay/ui/screen"
)

// typed takes a key. What lies on top has it first: a question, a text field.
// While something is done only scrolling and esc work.
func (m Model) typed(msg tea.Msg) (Model, screen.Intent) {
	press, _ := msg.(tea.KeyPressMsg)
	if m.task != idle {
		return m.waiting(press)
	}
	switch {
	case m.confirm != nil:
		return m.confirming(msg)
	case m.form != nil:
		return m.formTyped(msg)
	case m.paste != nil:
		return m.pasteTyped(msg)
	case key.Matches(press, m.keys.help):
		return m, Help{}
	case key.Matches(press, m.keys.back):
		return m.back()
	}
	switch m.step {
	case stepAccount:
		return m.accountTyped(press)
	case stepProof:
		return m.proofTyped(press)
	case stepDone:
		return m.doneTyped(press)
	default:
		return m.identityTyped(press)
	}
}

// waiting is typed while something is done. What only reads is left at once; what
// writes is given up, and says how far it came.
func (m Model) waiting(press tea.KeyPressMsg) (Model, screen.Intent) {
	switch {
	case !key.Matches(press, m.keys.back):
		return m.scrolledBy(press), nil
	case m.task.writes():
		return m, Stop{}
	case m.step == stepIdentity:
		m.task = idle
		return m, screen.Back{}
	}
	m.task, m.forward = idle, false
	if m.paste == nil {
		m, _ = m.back()
	}
	return m, Stop{}
}

// back goes back one step; from the first one it leaves.
func (m Model) back() (Model, screen.Intent) {
	m.problem, m.offset, m.forward = "", 0, false
	switch m.step {
	case stepAccount:
		m.step, m.planned = stepIdentity, noPlan
	case stepProof:
		m.step, m.said, m.planned = stepAccount, "", noPlan
		return m.nextPlan()
	case stepDone:
		m.step = stepProof
	default:
		m.said = ""
		return m, screen.Back{}
	}
	return m, nil
}

// scrolledBy moves the body if press is a key that scrolls.
func (m Model) scrolledBy(press tea.KeyPressMsg) Model {
	_, rows := m.room()
	switch {
	case key.Matches(press, m.keys.pageUp):
		m.offset -= max(1, rows-1)
	case key.Matches(press, m.keys.pageDown):
		m.offset += max(1, rows-1)
	case m.selects():
	case key.Matches(press, m.keys.up):
		m.offset--
	case key.Matches(press, m.keys.down):
		m.offset++
	}
	return m
}

// selects tells whether the arrows move a selection rather than the body.
func (m Model) selects() bool {
	return m.form == nil && m.paste == nil && (m.step == stepIdentity && len(m.report.Local) > 0 || m.step == stepProof && len(m.rows) > 0)
}

// moves returns by how many rows press moves the selection; 0 when it does not.
func (m Model) moves(press tea.KeyPressMsg) int {
	switch {
	case key.Matches(press, m.keys.up):
		return -1
	case key.Matches(press, m.keys.down):
		return 1
	}
	return 0
}
