package ui

import (
	"time"

	tea "charm.land/bubbletea/v2"
)

// pace is how often the list is asked for: as often as is set while somebody looks at
// it or something happens, else less often.
type pace struct {
	noticed time.Time     // the last key, or the last change of the list
	usual   time.Duration // the interval that the last answer gave
	poll    time.Duration // until the next question
}

const (
	// attentive is for how long after a key or a change the usual interval holds.
	attentive = 30 * time.Second
	// After that it is unattended times as long, up to longestPoll.
	unattended  = 4
	longestPoll = time.Minute
)

// pollAfter arranges for the next question. While a pod is on its way to a shell
// somebody waits for it.
func (m model) pollAfter(usual time.Duration) (model, tea.Cmd) {
	m.usual, m.poll = usual, usual
	if m.clock().Sub(m.noticed) >= attentive && !m.pods.Moving() {
		m.poll = max(usual, min(unattended*usual, longestPoll))
	}
	return m, m.run.after(m.poll, pollMsg{m.refresh.gen})
}

// looked takes note of a key: the list is asked for at the usual pace again, at once
// if that is due.
func (m model) looked() (model, tea.Cmd) {
	m.noticed = m.clock()
	if m.poll <= m.usual {
		return m, nil
	}
	if due := m.usual - m.noticed.Sub(m.pods.Listed()); due > 0 {
		m.poll = m.usual
		return m, m.run.after(due, pollMsg{m.refresh.gen})
	}
	return m.refreshNow()
}
