package ui

import (
	"context"

	tea "charm.land/bubbletea/v2"
)

// ahead tells the manager which pod is looked at, so that it can connect ahead.
type ahead struct {
	call
	podID string // what it was told last
}

// keepAhead tells of a change. While a connection is made, or a session owns the
// terminal, nothing changes: what was connected ahead is what is being used. An old
// list is none to connect by.
func (m model) keepAhead() (model, tea.Cmd) {
	if m.state != home && m.state != detailing {
		return m, nil
	}
	podID := ""
	if p, ok := m.pods.Selected(); ok && !m.recalled && p.Verdict.Shell && !p.Probed.IsZero() {
		podID = p.ID
	}
	if podID == m.ahead.podID {
		return m, nil
	}
	var ctx context.Context
	m.ahead.call, ctx = m.ahead.start(m.run)
	m.ahead.podID = podID
	mgr := m.mgr
	return m, m.run.do(func(context.Context) tea.Msg {
		mgr.Preconnect(ctx, podID)
		return nil
	})
}
