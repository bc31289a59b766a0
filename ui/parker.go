package ui

import (
	"bytes"
	"os"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"
)

// parker lets Bubble Tea's renderer wait while there is nothing to draw. The
// renderer wakes up at each tick of its clock, whatever is drawn: 120 times a
// second, which was 2.4 % of a processor for a list at rest, and a frame waited up
// to 8 ms for its tick. Its ticker is not within reach, but what it writes to is: a
// renderer that waits in a Write takes no ticks, Go sets no timer for a channel that
// nobody receives from, and the first tick after the wait is due at once.
//
// At each tick Bubble Tea (v2.1.1, Program.startRenderer) first writes what was to be
// written raw, then the frame, if it changed. So a mark that is written raw is met
// at the next tick, and one frame lies between two of them: when nothing happened
// from one mark to the next, all is drawn, and the second Write waits. It ends
// before anything else needs the renderer, or the lock under which it writes.
type parker struct {
	*os.File // the terminal

	send  func(tea.Msg)
	quiet *time.Timer // sends a mark when it fires

	mu     sync.Mutex
	turn   uint64 // grows with each message that may change the screen
	met    uint64 // the turn in which a mark was written last
	marked bool   // a mark is under way
	closed bool
	parked chan struct{} // closed to end the wait; nil: nothing waits
}

// longestPark bounds the wait, for the case that Bubble Tea ends without a message: when
// the terminal cannot be read any more.
const longestPark = 30 * time.Second

// parkMark is never shown: an application program command of a name of its own,
// which terminals skip, were it ever to reach one.
const parkMark = "\x1b_podbay: nothing to draw\x1b\\"

func newParker(out *os.File) *parker {
	if out == nil {
		out = os.Stdout
	}
	return &parker{File: out}
}

// begin makes p part of a program that writes to it.
func (p *parker) begin(program *tea.Program) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.send = program.Send
	p.quiet = time.AfterFunc(0, p.mark)
}

// end is for when the program has ended.
func (p *parker) end() {
	p.mu.Lock()
	p.closed = true
	p.quiet.Stop()
	p.mu.Unlock()
	p.wake()
}

// endUnless is to be deferred: when what should have set done panics, Bubble Tea stops
// the renderer, from whichever goroutine that is.
func (p *parker) endUnless(done *bool) {
	if !*done {
		p.end()
	}
}

// watched is cmd for a program with a parker.
func (p *parker) watched(cmd tea.Cmd) tea.Cmd {
	if cmd == nil {
		return nil
	}
	return func() tea.Msg {
		done := false
		defer p.endUnless(&done)
		msg := cmd()
		done = true
		if batch, ok := msg.(tea.BatchMsg); ok {
			for i := range batch {
				batch[i] = p.watched(batch[i])
			}
		}
		return msg
	}
}

// mark has the program write a mark, unless one is under way.
func (p *parker) mark() {
	p.mu.Lock()
	due := !p.marked && !p.closed && p.parked == nil
	p.marked = p.marked || due
	p.mu.Unlock()
	if due {
		p.send(tea.RawMsg{Msg: parkMark}) // returns when the program has ended, too
	}
}

// Write implements io.Writer.
func (p *parker) Write(b []byte) (int, error) {
	rest := bytes.ReplaceAll(b, []byte(parkMark), nil)
	if len(rest) > 0 {
		if n, err := p.File.Write(rest); err != nil {
			p.mu.Lock()
			p.marked = false
			p.mu.Unlock()
			return n, err
		}
	}
	if len(rest) < len(b) {
		p.park()
	}
	return len(b), nil
}

// park takes a mark: it waits if nothing happened since the mark before, else it
// asks for another.
func (p *parker) park() {
	p.mu.Lock()
	p.marked = false
	if p.met != p.turn || p.closed {
		p.met = p.turn
		p.quiet.Reset(0)
		p.mu.Unlock()
		return
	}
	parked := make(chan struct{})
	p.parked = parked
	p.mu.Unlock()

	longest := time.NewTimer(longestPark)
	defer longest.Stop()
	select {
	case <-parked:
	case <-longest.C:
		p.wake()
	}
}

// wake ends the wait, until the next two marks.
func (p *parker) wake() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.parked == nil {
		return
	}
	close(p.parked)
	p.parked = nil
	if !p.closed {
		p.quiet.Reset(0)
	}
}

// filter sees each message before Bubble Tea acts on it. What Bubble Tea does by
// itself may need the renderer, or the lock under which it waits: only for messages
// of which that is known not to be so does the wait go on until their frame is made,
// which is then drawn at once.
func (p *parker) filter(_ tea.Model, msg tea.Msg) tea.Msg {
	if msg == nil || isMark(msg) {
		return msg
	}
	p.mu.Lock()
	p.turn++
	p.quiet.Reset(0)
	p.mu.Unlock()
	switch msg.(type) {
	case tea.KeyPressMsg, recalledMsg, refreshedMsg, probedMsg, pollMsg, clockMsg:
	default:
		p.wake()
	}
	return msg
}

// parkedModel is the root model in a program with a parker.
type parkedModel struct {
	model
	parker *parker
	view   tea.View
	fresh  bool // view is another than that of the message before
}

func newParkedModel(m model, p *parker) parkedModel {
	return parkedModel{model: m, parker: p, view: m.View()}
}

// Init implements tea.Model.
func (m parkedModel) Init() tea.Cmd { return m.parker.watched(m.model.Init()) }

// Update implements tea.Model. It draws at once: a mark changes nothing.
func (m parkedModel) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	m.fresh = false
	if isMark(msg) {
		return m, nil
	}
	done := false
	defer m.parker.endUnless(&done)
	next, cmd := m.model.Update(msg)
	m.model = next.(model)
	if changesScreen(msg) {
		before := m.view.Content
		m.view = m.model.View()
		m.fresh = m.view.Content != before // all else of it never changes
	}
	done = true
	return m, m.parker.watched(cmd)
}

// changesScreen tells whether a message can change what is drawn. An idle list gets two
// a poll that cannot.
func changesScreen(msg tea.Msg) bool {
	switch msg := msg.(type) {
	case pollMsg:
		return false
	case probedMsg:
		return len(msg.rows) > 0
	}
	return true
}

// View implements tea.Model. Of a frame like the last the renderer need not know.
func (m parkedModel) View() tea.View {
	if m.fresh {
		m.parker.wake()
	}
	return m.view
}

func isMark(msg tea.Msg) bool {
	raw, ok := msg.(tea.RawMsg)
	return ok && raw.Msg == parkMark
}
