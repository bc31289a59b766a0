package ui

import (
	"context"

	tea "charm.land/bubbletea/v2"

	"podbay/doctor"
	"podbay/manager"
	"podbay/ui/checkup"
	"podbay/ui/details"
	"podbay/ui/help"
	wizard "podbay/ui/keys"
	"podbay/ui/pods"
	"podbay/ui/screen"
)

// actedMsg tells how stopping a pod went.
type actedMsg struct {
	done string // what is said when it went well
	fail string // what is said before the error
	err  error
}

// decide carries out what a screen wants.
func (m model) decide(intent screen.Intent) (model, tea.Cmd) {
	if m.state == asking && m.keying.asking {
		return m.keyAnswered(intent)
	}
	switch intent := intent.(type) {
	case screen.Back:
		return m.back()
	case pods.Quit:
		return m.quit()
	case pods.Refresh:
		return m.refreshNow()
	case pods.Help, details.Help:
		return m.openHelp(), nil
	case pods.Details:
		m.state = detailing
		return m, nil
	case pods.Connect:
		return m.connect(intent.Pod)
	case details.Connect:
		return m.connect(intent.Pod)
	case pods.Copy:
		return m.copy(intent.Pod, "")
	case details.Copy:
		return m.copy(intent.Pod, "")
	case pods.Said:
		m.note = note{doctor.ToneIdle, intent.Text}
		return m, nil
	case pods.Stop:
		return m.askStop(intent.Pod)
	case pods.Keys:
		return m.openKeys(intent.Pod.ID)
	case pods.CheckUp:
		if intent.Pod.ID == "" {
			return m.showAccount()
		}
		return m.checkUp(intent.Pod)
	case details.CheckUp:
		return m.checkUp(intent.Pod)
	case pods.APIKey:
		return m.askKey(m.pods.Err())
	}
	if m.state == inKeys || m.state == helping {
		return m.keyIntent(intent)
	}
	return m.answered(intent)
}

// back peels off one layer.
func (m model) back() (model, tea.Cmd) {
	switch m.state {
	case helping:
		m.state = m.from
		return m, nil
	case detailing:
		m.state = home
		return m, nil
	case asking:
		if m.exam.wanted {
			return m.declined()
		}
		if m.asksOnTheWay() {
			wipe(m.conn.req)
			m.conn = connecting{call: m.conn.end()}
			return m.showFinding(m.exam.finding, checkup.Notice{})
		}
		from := m.exam.from
		m, cmd := m.hangUp()
		if from == detailing {
			m.state = detailing
		}
		return m, cmd
	case loggingIn:
		if m.pods.Listed().IsZero() {
			return m, nil
		}
		m.login = m.login.end()
		m.page, m.state = nil, home
		m.note = note{doctor.ToneWarn, "without an API key that works this list stays as it is; r asks again"}
		return m, nil
	case inKeys:
		return m.leaveKeys()
	default:
		m.note = note{}
		return m, nil
	}
}

func (m model) openHelp() model {
	m.help = newHelp(m.theme, m.pods, m.details, m.wizard, m.state == inKeys)
	m.from, m.state = m.state, helping
	return m
}

// copy puts the ssh command on the clipboard by OSC 52, which works through SSH
// and leaves no program running.
func (m model) copy(p manager.Pod, via manager.RouteKind) (model, tea.Cmd) {
	command := p.Command(via)
	m.note = note{doctor.ToneGood, p.Name + ": sent to the terminal's clipboard: " + command}
	return m, tea.SetClipboard(command)
}

// act stops a pod.
func (m model) act(doing string, done actedMsg, do func(context.Context) error) (model, tea.Cmd) {
	m.page, m.state = nil, home
	m.note = note{doctor.ToneWait, doing}
	return m, m.run.finish(doing, func(ctx context.Context) (tea.Msg, string) {
		done.err = do(ctx)
		return done, done.note().text
	})
}

func (m model) stop(p manager.Pod) (model, tea.Cmd) {
	done := actedMsg{done: p.Name + ": stopping, compute is not billed any more", fail: p.Name + " was not stopped: "}
	return m.act(p.Name+": asking RunPod to stop it", done, func(ctx context.Context) error { return m.mgr.Stop(ctx, p.ID) })
}

// startNow asks whether to start a pod that is merely off.
func (m model) startNow(p manager.Pod) (model, tea.Cmd) {
	m = m.examine(exam{finding: checkup.Finding{Pod: p, Verdict: p.Verdict, Also: p.Also}, hidden: true, from: m.state})
	return m.plan(doctor.ActStart)
}

func (m model) acted(msg actedMsg) (model, tea.Cmd) {
	m.note = msg.note()
	return m.refreshNow()
}

func (msg actedMsg) note() note {
	if msg.err != nil {
		return note{doctor.ToneBad, msg.fail + msg.err.Error()}
	}
	return note{doctor.ToneGood, msg.done}
}

// newHelp lists the keys of the screens that have keys of their own; a question
// shows its own below itself.
// The wizard's are shown from the wizard, alone.
func newHelp(t screen.Theme, list pods.Model, one details.Model, keys wizard.Model, fromKeys bool) help.Model {
	sections := []help.Section{{Title: "The list", Keys: list.FullHelp()}, {Title: "Details", Keys: one.FullHelp()},
		{Title: "The check-up of a pod", Keys: checkup.New(t, checkup.Finding{}, checkup.Notice{}).FullHelp()}}
	if fromKeys {
		sections = keys.Help()
	}
	return help.New(t, sections, []help.Text{
		{Title: "While connecting or waiting", Lines: [][2]string{{"esc", "cancel; ctrl+c too; other keys are dropped"}}},
		{Title: "In a shell, after enter", Lines: [][2]string{{"~.", "end the session"}, {"~d", "leave the shell running, back to the list"}, {"~[", "look back at what a kept shell printed"}, {"~?", "the other escapes"}}},
		{Title: "Anywhere", Lines: [][2]string{{"ctrl+c", "leave podbay from the list; cancel what waits"}}},
	})
}
