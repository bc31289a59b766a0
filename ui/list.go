package ui

import (
	"context"
	"errors"
	"time"

	tea "charm.land/bubbletea/v2"

	"podbay/manager"
)

// call is a request that may be given up: replies to an older generation are
// stale.
type call struct {
	gen     int
	running bool
	cancel  context.CancelFunc
}

// start gives up the request before and begins a new one.
func (c call) start(run *effects) (call, context.Context) {
	if c.cancel != nil {
		c.cancel()
	}
	ctx, cancel := context.WithCancel(run.ctx)
	return call{gen: c.gen + 1, running: true, cancel: cancel}, ctx
}

// end gives the request up, or lets go of it after its reply.
func (c call) end() call {
	if c.cancel != nil {
		c.cancel()
	}
	return call{gen: c.gen + 1}
}

type (
	refreshedMsg struct {
		gen     int
		at      time.Time
		listing manager.Listing
		err     error
		next    time.Duration
	}
	pollMsg   struct{ gen int }
	probedMsg struct {
		gen  int
		at   time.Time
		rows []manager.Pod
		done bool
		from <-chan manager.Pod
	}
)

// refreshNow asks RunPod, unless that is being done, or a session owns the
// terminal, or there is no key to ask with.
func (m model) refreshNow() (model, tea.Cmd) {
	if m.refresh.running || m.away() || m.state == loggingIn {
		return m, nil
	}
	var ctx context.Context
	m.refresh, ctx = m.refresh.start(m.run)
	gen, mgr, now := m.refresh.gen, m.mgr, m.clock
	return m, m.run.do(func(context.Context) tea.Msg {
		l, err := mgr.Refresh(ctx)
		return refreshedMsg{gen: gen, at: now(), listing: l, err: err, next: mgr.PollInterval()}
	})
}

// recalledMsg brings the list of an earlier run.
type recalledMsg struct {
	listing manager.Listing
	ok      bool
}

// recall reads the list of an earlier run, which is shown until RunPod answers.
func (m model) recall() tea.Cmd {
	mgr := m.mgr
	return m.run.do(func(context.Context) tea.Msg {
		listing, ok := mgr.LastList()
		return recalledMsg{listing, ok}
	})
}

func (m model) remembered(msg recalledMsg) model {
	if m.recalling && msg.ok {
		m.recalled = true
		m.pods = m.pods.SetListing(msg.listing)
	}
	m.recalling = false
	return m
}

// typedEarly acts on the keys that were typed before there was a list.
func (m model) typedEarly() (model, tea.Cmd) {
	early := m.early
	m.early = nil
	var cmds []tea.Cmd
	for _, key := range early {
		var cmd tea.Cmd
		m, cmd = m.typed(key)
		cmds = append(cmds, cmd)
	}
	return m, tea.Batch(cmds...)
}

// refreshed takes RunPod's answer and arranges for the next one.
func (m model) refreshed(msg refreshedMsg) (model, tea.Cmd) {
	if msg.gen != m.refresh.gen {
		return m, nil
	}
	m.refresh.cancel()
	m.refresh.running, m.recalling = false, false
	m.now = msg.at
	if needsKey(msg.err) && m.atHome() {
		return m.askKey(msg.err)
	}
	if msg.err != nil {
		m.pods = m.pods.SetError(msg.err)
		return m.pollAfter(msg.next)
	}
	if m.recalled || m.pods.Changed(msg.listing) {
		m.noticed = m.clock()
	}
	m.recalled = false
	m.pods = m.pods.SetListing(msg.listing)
	m, next := m.pollAfter(msg.next)
	m, probe := m.measure()
	var keys tea.Cmd
	if m.keysFirst && m.atHome() {
		m.keysFirst = false
		m, keys = m.openKeys("")
	}
	return m, tea.Batch(next, probe, keys)
}

func needsKey(err error) bool {
	return errors.Is(err, manager.ErrNoAPIKey) || errors.Is(err, manager.ErrKeyRejected)
}

// measure asks for the SSH servers of the pods to be measured, of a long list of
// those that can be seen, unless that goes on; the manager knows which are due.
func (m model) measure() (model, tea.Cmd) {
	return m.measureThese(m.pods.Near())
}

func (m model) measureThese(pods []manager.Pod) (model, tea.Cmd) {
	if m.probe.running || m.recalled || len(pods) == 0 {
		return m, nil
	}
	var ctx context.Context
	m.probe, ctx = m.probe.start(m.run)
	gen, mgr, now := m.probe.gen, m.mgr, m.clock
	return m, m.run.do(func(context.Context) tea.Msg {
		return readProbes(ctx, gen, now, mgr.Probe(ctx, pods))
	})
}

// measureUnmeasured asks for what has come into sight to be measured.
func (m model) measureUnmeasured() (model, tea.Cmd) {
	if !m.atHome() {
		return m, nil
	}
	return m.measureThese(m.pods.Unmeasured())
}

// readProbes waits for a measured row and takes those along that are there too,
// so that many rows cost one frame.
func readProbes(ctx context.Context, gen int, now func() time.Time, from <-chan manager.Pod) tea.Msg {
	out := probedMsg{gen: gen, from: from}
	select {
	case p, ok := <-from:
		out.done = !ok
		if ok {
			out.rows = append(out.rows, p)
		}
	case <-ctx.Done():
		return nil
	}
	for !out.done {
		select {
		case p, ok := <-from:
			out.done = !ok
			if ok {
				out.rows = append(out.rows, p)
			}
			continue
		default:
		}
		break
	}
	out.at = now()
	return out
}

// probed takes measured rows and waits for more.
func (m model) probed(msg probedMsg) (model, tea.Cmd) {
	if msg.gen != m.probe.gen {
		return m, nil
	}
	m.now = msg.at
	if len(msg.rows) > 0 {
		m.pods = m.pods.SetPods(msg.rows)
	}
	if msg.done {
		m.probe = m.probe.end()
		return m.measureUnmeasured()
	}
	gen, now := msg.gen, m.clock
	return m, m.run.do(func(ctx context.Context) tea.Msg { return readProbes(ctx, gen, now, msg.from) })
}

// rest stops asking and measuring: a session is about to own the terminal.
func (m model) rest() model {
	m.refresh, m.probe = m.refresh.end(), m.probe.end()
	return m
}
