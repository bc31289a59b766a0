package ui

import (
	"context"
	"errors"

	tea "charm.land/bubbletea/v2"

	"podbay/doctor"
	"podbay/manager"
	"podbay/ui/checkup"
	"podbay/ui/confirm"
	"podbay/ui/passphrase"
)

// remedyQuestion asks whether the plan of the check-up is to be carried out.
type remedyQuestion struct{}

type (
	plannedMsg struct {
		gen  int
		plan manager.RemedyPlan
		err  error
	}
	carriedMsg struct {
		gen  int
		done manager.RemedyDone
		err  error
	}
	openedMsg struct {
		address string
		err     error
	}
)

// remedy does what is chosen on the check-up screen.
func (m model) remedy(action doctor.Action) (model, tea.Cmd) {
	f := m.exam.finding
	switch action {
	case doctor.ActAPIKey:
		return m.askKey(m.pods.Err())
	case doctor.ActKeys:
		return m.openKeys(f.Pod.ID)
	case doctor.ActAddKey:
		return m.addKey(f.Pod.ID)
	case doctor.ActCopySSH:
		return m.copy(f.Pod, f.Via)
	case doctor.ActProxy:
		return m.dialAfter(manager.RouteProxy, checkup.Notice{})
	case doctor.ActRetry:
		switch {
		case f.Pod.ID == "":
			return m.hangUp()
		case f.Verdict.ID == doctor.NotThatWay:
			f.Via = ""
		}
		return m.dialAfter(f.Via, checkup.Notice{})
	case doctor.ActForget:
		if f.Verdict.ID != doctor.HostKeyRestarted {
			return m.dialAfter(f.Via, checkup.Notice{}) // which shows both keys
		}
	}
	return m.plan(action)
}

// dialAfter connects to the pod of the check-up, with the answers that a remedy was
// given, and says what it did.
func (m model) dialAfter(via manager.RouteKind, did checkup.Notice) (model, tea.Cmd) {
	p := m.exam.finding.Pod
	if fresh, ok := m.pods.Pod(p.ID); ok {
		p = fresh
	}
	req := manager.ConnectRequest{PodID: p.ID, Via: via, Passphrases: m.exam.passphrases.copied()}
	begun := exam{from: m.exam.from}
	if !m.exam.hidden && did.Sentence == "" {
		begun.finding = m.exam.finding // to come back to
	}
	m = m.examine(begun)
	m, cmd := m.dial(p, req)
	m.conn.did = did
	if did.Sentence != "" {
		m.conn.step = did.Sentence + " Connecting"
	}
	return m, cmd
}

// plan works out what an action would do.
func (m model) plan(action doctor.Action) (model, tea.Cmd) {
	f := m.exam.finding
	m, ctx := m.workOn("working out what that would do", "given up; nothing was done")
	gen, mgr := m.work.gen, m.mgr
	req := manager.RemedyRequest{PodID: f.Pod.ID, Via: f.Via, Verdict: f.Verdict, Action: action}
	return m, m.run.do(func(context.Context) tea.Msg {
		plan, err := mgr.PlanRemedy(ctx, req)
		return plannedMsg{gen, plan, err}
	})
}

// planned shows what a plan would do, or carries it out where that was shown.
func (m model) planned(msg plannedMsg) (model, tea.Cmd) {
	if msg.gen != m.work.gen || m.state != waiting {
		return m, nil
	}
	m = m.worked()
	m.exam.plan = msg.plan
	switch plan := msg.plan; {
	case msg.err != nil:
		return m.showFinding(m.exam.finding, trouble(msg.err))
	case plan.Opens:
		return m.openPage(plan.Text)
	case plan.Text != "":
		m, cmd := m.showFinding(m.exam.finding, checkup.Notice{Tone: doctor.ToneGood, Sentence: plan.Sent(), Text: plan.Text})
		return m, tea.Batch(cmd, tea.SetClipboard(plan.Text))
	case plan.Asks:
		return m.askHeld(pageOf[confirm.Model]{confirm.New(m.theme, confirm.Question{
			ID: remedyQuestion{}, Title: plan.Title, Body: plan.Consequences, Action: plan.Button, Danger: plan.Danger,
		})})
	}
	return m.carryOut()
}

func trouble(err error) checkup.Notice {
	return checkup.Notice{Tone: doctor.ToneBad, Sentence: err.Error()}
}

// carryOut does what the plan says and shows how far it has come, below what the list
// has: the verdict that led to it and its buttons are over.
func (m model) carryOut() (model, tea.Cmd) {
	m.page = nil
	left := "podbay does not wait any longer; c tells what was done"
	switch {
	case m.exam.plan.Action == doctor.ActWait:
		left = "podbay does not wait any longer"
	case m.exam.plan.Asks:
		left = "podbay does not wait any longer; what RunPod was asked for goes on"
		if m.exam.plan.Action == doctor.ActStart {
			left = "podbay does not wait any longer; the pod starts, and is billed"
		}
	}
	m, ctx := m.workOn(m.exam.plan.Title, left)
	m.work.goes = true
	gen, mgr, plan := m.work.gen, m.mgr, m.exam.plan
	passphrases := m.exam.passphrases.copied()
	from := newSteps()
	carry := m.run.do(func(context.Context) tea.Msg {
		defer close(from.over)
		defer wipeAll(passphrases)
		done, err := mgr.CarryOut(ctx, plan, passphrases, from.tell)
		return carriedMsg{gen, done, err}
	})
	return m, tea.Batch(carry, m.run.nextWorkStep(gen, from))
}

// carriedOut says what was done, and connects or takes the verdict again.
func (m model) carriedOut(msg carriedMsg) (model, tea.Cmd) {
	if msg.gen != m.work.gen || m.state != waiting {
		return m, nil
	}
	m = m.worked()
	var (
		wanted *manager.PassphraseWanted
		failed *manager.Failure
	)
	switch {
	case errors.As(msg.err, &wanted):
		question := *wanted
		question.Pod = m.exam.finding.Pod
		m, cmd := m.ask(pageOf[passphrase.Model]{passphrase.New(m.theme, &question)})
		m.exam.wanted = true
		return m, cmd
	case errors.As(msg.err, &failed):
		f := checkup.Explain(failed.Pod, m.exam.finding.Via, failed)
		return m.showFinding(f, checkup.Notice{})
	case msg.err != nil:
		return m.showFinding(m.exam.finding, trouble(msg.err))
	}
	did := checkup.Notice{Tone: doctor.ToneGood, Sentence: msg.done.Sentence}
	if m.exam.plan.Connects {
		return m.dialAfter(m.exam.finding.Via, did)
	}
	return m.checkAgain(did)
}

// unlocked carries the plan out with one answer more.
func (m model) unlocked(answer passphrase.Submit) (model, tea.Cmd) {
	m.exam.wanted = false
	m.exam.passphrases = m.exam.passphrases.with(answer.Path, answer.Passphrase.Reveal())
	return m.carryOut()
}

// declined goes back to the check-up from a question about its remedy.
func (m model) declined() (model, tea.Cmd) {
	if m.exam.hidden {
		return m.hangUp()
	}
	return m.showFinding(m.exam.finding, checkup.Notice{})
}

// openPage opens a page in the browser, and shows its address, as there may be no
// browser where podbay runs.
func (m model) openPage(address string) (model, tea.Cmd) {
	m, cmd := m.showFinding(m.exam.finding, checkup.Notice{
		Tone: doctor.ToneGood, Sentence: "Opening this page in your browser; its address was sent to the terminal's clipboard:", Text: address,
	})
	open := m.open
	// It is not waited for: what opens pages may run for as long as the browser does.
	return m, tea.Batch(cmd, tea.SetClipboard(address), func() tea.Msg {
		if err := open(address); err != nil {
			return openedMsg{address, err}
		}
		return nil
	})
}

func (m model) opened(msg openedMsg) (model, tea.Cmd) {
	if p, ok := m.page.(pageOf[checkup.Model]); !ok || m.exam.notice.Text != msg.address || p.View() == "" {
		return m, nil
	}
	m.exam.notice = checkup.Notice{Tone: doctor.ToneWarn, Sentence: "No browser could be started: " + msg.err.Error() + ". Open this page yourself; its address was sent to the terminal's clipboard:", Text: msg.address}
	m.page = m.examPage()
	return m, nil
}
