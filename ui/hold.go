package ui

import (
	"time"

	tea "charm.land/bubbletea/v2"
)

// readingPause is how long the keyboard must rest before a question with
// consequences takes an answer. Who types on after a shell has ended, or ahead of
// a dial, has not read it: "https_proxy" would stop a pod with its x and its y.
const readingPause = 400 * time.Millisecond

// hold keeps a question from being answered by keys that were not meant for it.
type hold struct {
	pause time.Duration // 0: nothing is held
	gen   int
	on    bool
}

// releaseMsg ends the hold unless a key came meanwhile.
type releaseMsg struct{ gen int }

// held tells whether keys are held now.
func (m model) held() bool { return m.hold.on && (m.state == asking || m.state == inKeys) }

// askHeld opens a question whose keys are held first.
func (m model) askHeld(p page) (model, tea.Cmd) {
	m, cmd := m.ask(p)
	m, release := m.holdKeys()
	return m, tea.Batch(cmd, release)
}

func (m model) holdKeys() (model, tea.Cmd) {
	if m.hold.pause == 0 {
		return m, nil
	}
	m.hold.gen++
	m.hold.on = true
	return m, m.run.after(m.hold.pause, releaseMsg{m.hold.gen})
}

func (m model) released(msg releaseMsg) (model, tea.Cmd) {
	if msg.gen == m.hold.gen {
		m.hold.on = false
	}
	return m, nil
}
