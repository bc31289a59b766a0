package keys

import (
	tea "charm.land/bubbletea/v2"

	"podbay/ui/confirm"
	"podbay/ui/screen"
)

// ask opens a question with Cancel chosen.
func (m Model) ask(id any, title, action string, danger bool, body ...string) Model {
	c := confirm.New(m.theme, confirm.Question{ID: id, Title: title, Body: body, Action: action, Danger: danger}).SetSize(m.width, m.height)
	m.confirm = &c
	return m
}

// confirming gives a key to the question.
func (m Model) confirming(msg tea.Msg) (Model, screen.Intent) {
	c, _, intent := m.confirm.Update(msg)
	m.confirm = &c
	switch answer := intent.(type) {
	case confirm.Cancelled:
		m.confirm = nil
	case confirm.Confirmed:
		m.confirm = nil
		return m.confirmed(answer.ID)
	}
	return m, nil
}

// confirmed does what was agreed to.
func (m Model) confirmed(question any) (Model, screen.Intent) {
	m.said = ""
	switch q := question.(type) {
	case wantMend:
		return m.start(mending), Mend{q.key.Path}
	case wantInstall:
		return m.start(installing), Install{q.pod, m.chosen.Fingerprint, m.command}
	case wantRecreate:
		return m.start(recreating), Recreate{q.pod, m.chosen.Fingerprint}
	}
	return m, nil
}
