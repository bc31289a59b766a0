package ui

import (
	"errors"
	"io"
	"sync/atomic"
	"time"

	tea "charm.land/bubbletea/v2"

	"podbay/doctor"
	"podbay/manager"
)

const (
	// settleTime is for how long no key may arrive before the terminal is handed
	// over. Bubble Tea delivers the keys of one read one by one; when keys are
	// left as the terminal is released it waits half a second for them, and
	// delivers them after the session. Measured with keys typed during the dial:
	// without this pause 507 ms and keys replayed in 10 of 12 runs, with it none.
	settleTime = 20 * time.Millisecond
	// handOverTime is the least that a session takes. Bubble Tea (v2.1.1, startRenderer)
	// does not wait for the goroutine that stops its ticker: should the next renderer
	// have started by then, it would never draw. Seen in most of 40 sessions that ended
	// at once.
	handOverTime = 20 * time.Millisecond
	// stallTime is how long releasing the terminal takes only if keys were left.
	stallTime = 400 * time.Millisecond
)

type (
	settledMsg struct{ gen, dropped int }
	endedMsg   struct {
		gen  int
		err  error
		hand *handOff
	}
)

// handOff is the session while it owns the terminal.
type handOff struct {
	session
	run     *effects
	asked   time.Time
	started atomic.Bool
	stalled atomic.Bool // keys of before the session were left in the program
}

// SetStdout gives the session the terminal itself: what Bubble Tea writes to is not
// a file.
func (h *handOff) SetStdout(w io.Writer) {
	if p, ok := w.(*parker); ok {
		w = p.File
	}
	h.session.SetStdout(w)
}

// Run runs the session, once Bubble Tea let go of the terminal.
func (h *handOff) Run() error {
	h.stalled.Store(time.Since(h.asked) > stallTime)
	least := time.NewTimer(handOverTime)
	defer func() { <-least.C }()
	if !h.run.take(h.session) {
		return errors.New("the connection was closed before it could be used")
	}
	h.started.Store(true)
	return h.session.Run()
}

// settle waits until the keyboard is quiet, then the terminal is handed over.
func (m model) settle(s session) (model, tea.Cmd) {
	m = m.rest()
	m.conn.session, m.state = s, settling
	return m, m.run.after(settleTime, settledMsg{m.conn.gen, m.conn.dropped})
}

func (m model) settled(msg settledMsg) (model, tea.Cmd) {
	switch {
	case msg.gen != m.conn.gen || m.state != settling:
		return m, nil
	case msg.dropped != m.conn.dropped:
		return m, m.run.after(settleTime, settledMsg{msg.gen, m.conn.dropped})
	}
	hand := &handOff{session: m.conn.session, run: m.run, asked: time.Now()}
	m.conn.hand, m.state = hand, attached
	return m, tea.Exec(hand, func(err error) tea.Msg {
		return endedMsg{gen: msg.gen, err: err, hand: hand}
	})
}

// ended takes the terminal back, says how the session went, and brings the list
// up to date.
func (m model) ended(msg endedMsg) (model, tea.Cmd) {
	if msg.gen != m.conn.gen || m.state != attached {
		return m, nil
	}
	pod, via, held := m.conn.pod, m.conn.req.Via, m.conn.held
	if msg.hand.stalled.Load() {
		held = nil
	}
	m, refresh := m.hangUp()
	m.note = endNote(pod.Name, msg)
	cmds := []tea.Cmd{refresh, m.run.discard(msg.hand.session)}
	if msg.hand.started.Load() {
		// The note tells of a lost connection, and the user has seen it go.
		if ended := msg.hand.Ended(); ended.Verdict.ID != "" && !ended.Lost {
			var show tea.Cmd
			m, show = m.showEnded(pod, via, ended)
			cmds = append(cmds, show)
		}
	}
	for _, key := range held {
		var cmd tea.Cmd
		m, cmd = m.route(key)
		cmds = append(cmds, cmd)
	}
	return m, tea.Batch(cmds...)
}

func endNote(name string, msg endedMsg) note {
	var ended manager.Ended
	if msg.hand.started.Load() {
		ended = msg.hand.Ended()
	}
	switch {
	case ended.Sentence != "" && ended.Clean:
		return note{doctor.ToneGood, ended.Sentence}
	case ended.Sentence != "":
		return note{doctor.ToneWarn, ended.Sentence}
	case msg.err != nil:
		return note{doctor.ToneBad, name + ": " + msg.err.Error()}
	default:
		return note{doctor.ToneIdle, name + ": the session ended"}
	}
}
