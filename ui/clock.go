package ui

import (
	"context"
	"time"

	tea "charm.land/bubbletea/v2"
)

// clockMsg moves the times on the screen on.
type clockMsg struct{ at time.Time }

// keepClock has a tick under way while a time that grows is on the screen. An
// idle list has none: its uptimes move with the refreshes.
func (m model) keepClock() (model, tea.Cmd) {
	if m.ticking || !m.needsClock() {
		return m, nil
	}
	m.ticking = true
	tick := time.Second
	if !m.counts() && m.age() > time.Minute {
		tick = 10 * time.Second
	}
	now, run := m.clock, m.run
	wait := run.after(tick, nil)
	return m, run.do(func(ctx context.Context) tea.Msg {
		wait()
		return clockMsg{now()}
	})
}

// counts tells whether the seconds of a wait are shown.
func (m model) counts() bool { return m.state == dialing || m.state == waiting }

func (m model) needsClock() bool {
	return m.counts() || !m.away() && (m.refresh.running || m.showsAge() || m.pods.Err() != nil)
}

// showsAge tells whether the list is older than it should be.
func (m model) showsAge() bool {
	return m.recalled || m.poll > 0 && m.age() > 2*m.poll+time.Second
}

func (m model) age() time.Duration { return m.now.Sub(m.pods.Listed()) }
