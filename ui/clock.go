package ui

import (
	"context"
	"time"

	tea "charm.land/bubbletea/v2"

	"podbay/ui/screen"
)

// clockMsg moves the times on the screen on.
type clockMsg struct{ at time.Time }

// keepClock has a tick under way for the moment at which a time on the screen reads
// otherwise. An idle list has none: its uptimes move with the refreshes.
func (m model) keepClock() (model, tea.Cmd) {
	real := m.clock()
	wait, any := m.nextChange(real)
	if !any || !m.tickAt.IsZero() && !real.Add(wait).Before(m.tickAt) {
		return m, nil
	}
	m.tickAt = real.Add(wait)
	now, run := m.clock, m.run
	sleep := run.after(wait, nil)
	return m, run.do(func(ctx context.Context) tea.Msg {
		sleep()
		return clockMsg{now()}
	})
}

// ticked takes a tick. One that a sooner one has overtaken leaves the next alone.
func (m model) ticked(msg clockMsg) model {
	m.now = msg.at
	if !msg.at.Before(m.tickAt) {
		m.tickAt = time.Time{}
	}
	return m
}

// nextChange is how long the times on the screen stay as they are, counted from
// now; any is false when none grows.
func (m model) nextChange(now time.Time) (wait time.Duration, any bool) {
	soonest := func(d time.Duration) {
		if !any || d < wait {
			wait, any = d, true
		}
	}
	if m.state == dialing {
		soonest(screen.AgoStays(now.Sub(m.conn.since)))
	}
	age := now.Sub(m.pods.Listed())
	switch {
	case m.away():
	case m.pods.Listed().IsZero():
	case m.showsAge(), m.pods.Err() != nil:
		soonest(screen.AgoStays(age))
	case m.refresh.running && m.poll > 0:
		soonest(max(0, m.tooOld()-age) + time.Millisecond)
	}
	return wait, any
}

// showsAge tells whether the list is older than it should be.
func (m model) showsAge() bool { return m.recalled || m.poll > 0 && m.age() > m.tooOld() }

func (m model) tooOld() time.Duration { return 2*m.poll + time.Second }

func (m model) age() time.Duration { return m.now.Sub(m.pods.Listed()) }
