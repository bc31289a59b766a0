package ui

import (
	"context"
	"maps"
	"time"

	tea "charm.land/bubbletea/v2"

	"podbay/doctor"
	"podbay/manager"
	"podbay/ui/checkup"
)

// connecting is one way from enter to a shell, or to the reason why there is
// none. A question on the way is answered by asking again with the answers so
// far.
type connecting struct {
	call
	pod     manager.Pod
	req     manager.ConnectRequest
	since   time.Time
	step    string         // what is being done
	did     checkup.Notice // what a remedy did before
	session session
	hand    *handOff
	dropped int       // keys that were typed while connecting
	held    []tea.Msg // keys that were typed after the session, before it was said to have ended
}

type (
	stepMsg struct {
		gen  int
		step string
		from steps
	}
	dialedMsg struct {
		gen     int
		req     manager.ConnectRequest
		session session
		err     error
	}
)

// connect leads from a pod to a shell, to the question that must be answered
// first, or to the reason why there is none.
func (m model) connect(p manager.Pod) (model, tea.Cmd) {
	if fresh, ok := m.pods.Pod(p.ID); ok {
		p = fresh
	}
	switch {
	case p.Verdict.Shell, p.Kept.Line == manager.KeptConnected:
		return m.examine(exam{}).dial(p, manager.ConnectRequest{PodID: p.ID})
	case p.Verdict.ID == doctor.Stopped && p.Verdict.Action == doctor.ActStart:
		return m.startNow(p)
	default:
		return m.showListed(p)
	}
}

// dial asks for a session and says what is being done meanwhile.
func (m model) dial(p manager.Pod, req manager.ConnectRequest) (model, tea.Cmd) {
	c, ctx := m.conn.start(m.run)
	m.conn = connecting{call: c, pod: p, req: req, since: m.clock(), step: "connecting"}
	m.now, m.note, m.page, m.state = m.conn.since, note{}, nil, dialing

	from := newSteps()
	req.Progress = from.tell
	gen, run, mgr := c.gen, m.run, m.mgr
	dial := run.do(func(context.Context) tea.Msg {
		defer close(from.over)
		session, err := mgr.dial(ctx, req)
		if session != nil {
			run.keep(session)
		}
		return dialedMsg{gen: gen, req: req, session: session, err: err}
	})
	return m, tea.Batch(dial, run.nextStep(gen, from))
}

// steps carries the latest step of a connection to the UI. Steps that nobody
// saw in time are replaced.
type steps struct {
	latest chan string
	over   chan struct{}
}

func newSteps() steps { return steps{latest: make(chan string, 1), over: make(chan struct{})} }

func (s steps) tell(step string) {
	for {
		select {
		case s.latest <- step:
			return
		default:
		}
		select {
		case <-s.latest:
		default:
		}
	}
}

func (e *effects) nextStep(gen int, from steps) tea.Cmd {
	return e.do(func(ctx context.Context) tea.Msg {
		select {
		case step := <-from.latest:
			return stepMsg{gen: gen, step: step, from: from}
		case <-from.over:
		case <-ctx.Done():
		}
		return nil
	})
}

func (m model) stepped(msg stepMsg) (model, tea.Cmd) {
	if msg.gen != m.conn.gen || m.state != dialing {
		return m, nil
	}
	m.conn.step = msg.step
	return m, m.run.nextStep(msg.gen, msg.from)
}

// cancelDial gives a connection up: the list is back at once, and what comes of
// the connection is thrown away when it comes.
func (m model) cancelDial() (model, tea.Cmd) {
	m.note = note{doctor.ToneIdle, m.conn.pod.Name + ": connecting was cancelled"}
	discard := m.run.discard(m.conn.session)
	m, refresh := m.hangUp()
	return m, tea.Batch(discard, refresh)
}

// hangUp ends the way to a shell and returns to the list.
func (m model) hangUp() (model, tea.Cmd) {
	if m.state != dialing {
		wipe(m.conn.req) // while dialing the request is still being read
	}
	m.conn = connecting{call: m.conn.end()}
	m = m.endExam()
	m.page, m.state = nil, home
	return m.refreshNow()
}

// dialed takes the outcome of a connection: a session, a question, or the
// reason why there is none.
func (m model) dialed(msg dialedMsg) (model, tea.Cmd) {
	if msg.gen != m.conn.gen || m.state != dialing {
		wipe(msg.req)
		return m, m.run.discard(msg.session)
	}
	if msg.err == nil && msg.session != nil {
		wipe(msg.req)
		m = m.examine(exam{from: m.exam.from})
		return m.settle(msg.session)
	}
	return m.explain(msg.err)
}

// again connects anew with one answer more.
func (m model) again(answer func(*manager.ConnectRequest)) (model, tea.Cmd) {
	req := m.conn.req
	req.Passphrases = maps.Clone(req.Passphrases)
	answer(&req)
	return m.dial(m.conn.pod, req)
}

// wipe overwrites the passphrases of a request that nobody reads any more.
func wipe(req manager.ConnectRequest) {
	for _, p := range req.Passphrases {
		clear(p)
	}
	clear(req.Passphrases)
}
