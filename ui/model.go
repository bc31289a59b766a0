package ui

import (
	"time"

	tea "charm.land/bubbletea/v2"

	"podbay/doctor"
	"podbay/ui/details"
	"podbay/ui/help"
	wizard "podbay/ui/keys"
	"podbay/ui/pods"
	"podbay/ui/screen"
)

// state names what is on the screen.
type state int

const (
	home      state = iota // the list
	detailing              // one pod on the whole screen
	helping                // the keys
	asking                 // a question or a check-up: model.page
	loggingIn              // the question for an API key: model.page
	inKeys                 // the key wizard
	waiting                // what was shown before, while a check-up or a remedy goes on
	dialing                // the list, while a connection is made
	settling               // the list, while the keyboard becomes quiet
	attached               // a session owns the terminal
)

// note is the line below the list: how the last thing went.
type note struct {
	tone doctor.Tone
	text string
}

// model is the root: it holds the screens, routes messages to them and decides
// what their intents lead to.
type model struct {
	mgr   dialer
	run   *effects
	clock func() time.Time
	open  func(address string) error // shows a page

	theme         screen.Theme
	width, height int
	state         state
	from          state // where help goes back to

	pods    pods.Model
	details details.Model
	help    help.Model
	wizard  wizard.Model
	page    page // what asks, in the states asking and loggingIn
	note    note

	refresh   call
	recalling bool      // the list of an earlier run is being read: nothing is drawn before it
	early     []tea.Msg // keys that were typed meanwhile
	recalled  bool      // the list is that of an earlier run: RunPod has not answered yet
	pace
	probe  call
	conn   connecting
	ahead  ahead
	exam   exam
	work   working
	login  call
	keying keying

	hold      hold
	ends      bool // the pods end with the UI
	keysFirst bool // the wizard opens by itself, once, when RunPod has answered

	now    time.Time
	tickAt time.Time // when the next clockMsg comes; zero: none is on its way
}

func newModel(mgr dialer, opts Options, run *effects) model {
	m := model{mgr: mgr, run: run, clock: opts.Now, open: opts.Open, theme: screen.NewTheme(true), keysFirst: opts.Keys, ends: opts.Ends, hold: hold{pause: readingPause}}
	if m.clock == nil {
		m.clock = time.Now
	}
	if m.open == nil {
		m.open = browserOpener(opts.env())
	}
	m.now = m.clock()
	m.noticed = m.now
	m.pods = pods.New(m.theme, opts.Title)
	m.details = details.New(m.theme)
	m.wizard = wizard.New(m.theme)
	m.help = newHelp(m.theme, m.pods, m.details, m.wizard, false)
	return m
}

type startMsg struct{}

// Init asks for the pods, those of an earlier run first, and for the colour of the
// background.
func (m model) Init() tea.Cmd {
	var recall tea.Cmd
	if m.recalling {
		recall = m.recall()
	}
	return tea.Batch(recall, func() tea.Msg { return startMsg{} }, tea.RequestBackgroundColor)
}

// Update routes a message and keeps what is derived up to date.
func (m model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	m, cmd := m.route(msg)
	m, followed := m.follow()
	m, clock := m.keepClock()
	m, ahead := m.keepAhead()
	return m.laidOut(), tea.Batch(cmd, followed, clock, ahead)
}

func (m model) route(msg tea.Msg) (model, tea.Cmd) {
	switch msg := msg.(type) {
	case startMsg:
		return m.refreshNow()
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
		return m, nil
	case tea.BackgroundColorMsg:
		return m.themed(screen.NewTheme(msg.IsDark())), nil
	case tea.KeyPressMsg, tea.PasteMsg:
		m, ask := m.looked()
		m, cmd := m.typed(msg)
		return m, tea.Batch(ask, cmd)
	case clockMsg:
		return m.ticked(msg), nil
	}
	return m.replied(msg)
}

// replied routes what commands bring back.
func (m model) replied(msg tea.Msg) (model, tea.Cmd) {
	switch msg := msg.(type) {
	case pollMsg:
		if msg.gen == m.refresh.gen {
			return m.refreshNow()
		}
		return m, nil
	case recalledMsg:
		return m.remembered(msg).typedEarly()
	case refreshedMsg:
		return m.refreshed(msg)
	case probedMsg:
		return m.probed(msg)
	case stepMsg:
		return m.stepped(msg)
	case workStepMsg:
		return m.workStepped(msg)
	case checkedMsg:
		return m.checked(msg)
	case plannedMsg:
		return m.planned(msg)
	case carriedMsg:
		return m.carriedOut(msg)
	case openedMsg:
		return m.opened(msg)
	case dialedMsg:
		return m.dialed(msg)
	case settledMsg:
		return m.settled(msg)
	case endedMsg:
		return m.ended(msg)
	case actedMsg:
		return m.acted(msg)
	case hostKeyActedMsg:
		return m.hostKeyActed(msg)
	case releaseMsg:
		return m.released(msg)
	case loggedInMsg:
		return m.loggedIn(msg)
	case keyMsg:
		return m.keyReplied(msg)
	case proofMsg:
		return m.keyProved(msg)
	}
	return m.shown(msg) // a screen's own, as a text field has them
}

// typed routes a key. While a connection is made keys are dropped, but for
// those that give it up; where nothing can be seen only ctrl+c counts.
func (m model) typed(msg tea.Msg) (model, tea.Cmd) {
	press, _ := msg.(tea.KeyPressMsg)
	key := press.String()
	if key == "ctrl+j" {
		// Between a session and the list the terminal is for a moment in its own
		// mode, which turns the carriage return of enter into a line feed.
		press = tea.KeyPressMsg{Code: tea.KeyEnter}
		msg, key = press, press.String()
	}
	switch {
	case m.recalling && key != "ctrl+c":
		m.early = append(m.early, msg)
		return m, nil
	case m.state == attached:
		if m.conn.hand.started.Load() {
			m.conn.held = append(m.conn.held, msg)
		}
		return m, nil
	case m.busy() && (key == "esc" || key == "ctrl+c"):
		return m.cancelDial()
	case m.state == waiting && (key == "esc" || key == "ctrl+c"):
		return m.giveUp()
	case m.state == waiting:
		return m, nil
	case m.busy():
		m.conn.dropped++
		return m, nil
	case key == "ctrl+c" && m.state == asking:
		return m.decide(screen.Back{})
	case key == "ctrl+c" && m.state == inKeys:
		return m.toKeys(tea.KeyPressMsg{Code: tea.KeyEscape})
	case key == "ctrl+c":
		return m.quit()
	case m.held() && key != "esc":
		return m.holdKeys()
	case m.tooSmall():
		return m, nil
	}
	return m.shown(msg)
}

// shown gives a message to the screen that is shown.
func (m model) shown(msg tea.Msg) (model, tea.Cmd) {
	var cmd, more tea.Cmd
	var intent screen.Intent
	switch m.state {
	case detailing:
		m.details, cmd, intent = m.details.Update(msg)
	case helping:
		m.help, cmd, intent = m.help.Update(msg)
	case asking, loggingIn:
		m.page, cmd, intent = m.page.update(msg)
	case inKeys:
		return m.toKeys(msg)
	default:
		m.pods, cmd, intent = m.pods.Update(msg)
		m, more = m.measureUnmeasured()
	}
	if intent != nil {
		var decided tea.Cmd
		m, decided = m.decide(intent)
		more = tea.Batch(more, decided)
	}
	return m, tea.Batch(cmd, more)
}

// busy tells whether a connection is being made.
func (m model) busy() bool { return m.state == dialing || m.state == settling }

// away tells whether a session owns the terminal, or is about to.
func (m model) away() bool { return m.state == settling || m.state == attached }

// atHome tells whether nothing of the user's would be lost if another screen
// came up.
func (m model) atHome() bool { return m.state == home || m.state == detailing || m.state == helping }

func (m model) themed(t screen.Theme) model {
	m.theme = t
	m.pods, m.details, m.help = m.pods.SetTheme(t), m.details.SetTheme(t), m.help.SetTheme(t)
	m.wizard = m.wizard.SetTheme(t)
	if m.page != nil {
		m.page = m.page.themed(t)
	}
	return m
}
