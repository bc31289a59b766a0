package ui

import (
	"context"
	"errors"
	"time"

	tea "charm.land/bubbletea/v2"

	"podbay/doctor"
	"podbay/manager"
	"podbay/ui/checkup"
)

// exam is the check-up that is on the screen, or that leads to it.
type exam struct {
	finding     checkup.Finding
	notice      checkup.Notice
	hidden      bool  // the remedy was asked for from the list: the screen was not shown
	from        state // where the screen goes back to
	plan        manager.RemedyPlan
	passphrases answers // of the key files that a remedy opens
	wanted      bool    // a passphrase for the plan is being asked for
}

// working is what the user waits for while no connection is made: a check-up, or a
// remedy that is being carried out.
type working struct {
	call
	name  string // of the pod
	step  string
	since time.Time
	left  string // what is said when the wait is given up
	goes  bool   // something goes on after that: what was shown before is not so any more
}

type (
	workStepMsg stepMsg
	checkedMsg  struct {
		gen    int
		check  manager.CheckUp
		notice checkup.Notice
	}
)

// workOn begins something that the user waits for. The page that is shown stays.
func (m model) workOn(step, left string) (model, context.Context) {
	var ctx context.Context
	c := m.work.call
	c, ctx = c.start(m.run)
	m.work = working{call: c, name: m.exam.finding.Pod.Name, step: step, since: m.clock(), left: left}
	m.now, m.note, m.state = m.work.since, note{}, waiting
	return m, ctx
}

// worked ends the wait.
func (m model) worked() model {
	m.work = working{call: m.work.end()}
	return m
}

func (m model) workStepped(msg workStepMsg) (model, tea.Cmd) {
	if msg.gen != m.work.gen || m.state != waiting {
		return m, nil
	}
	m.work.step = msg.step
	return m, m.run.nextWorkStep(msg.gen, msg.from)
}

func (e *effects) nextWorkStep(gen int, from steps) tea.Cmd {
	next := e.nextStep(gen, from)
	return func() tea.Msg {
		if step, ok := next().(stepMsg); ok {
			return workStepMsg(step)
		}
		return nil
	}
}

// giveUp ends the wait, not what was done.
func (m model) giveUp() (model, tea.Cmd) {
	said, goes := m.work.name+": "+m.work.left, m.work.goes
	m = m.worked()
	m.note = note{doctor.ToneIdle, said}
	switch {
	case goes:
		return m.hangUp()
	case m.page != nil:
		m.state = asking
	default:
		m.state = m.exam.from
	}
	return m, nil
}

// checkUp takes the verdict of p anew and shows it.
func (m model) checkUp(p manager.Pod) (model, tea.Cmd) {
	m = m.examine(exam{finding: checkup.Finding{Pod: p}, from: m.state})
	return m.checkAgain(checkup.Notice{})
}

// checkAgain takes the verdict of the pod on the screen anew.
func (m model) checkAgain(n checkup.Notice) (model, tea.Cmd) {
	m, ctx := m.workOn("looking at what is in the way", "the check-up was given up")
	gen, mgr := m.work.gen, m.mgr
	f := m.exam.finding
	req := manager.CheckUpRequest{PodID: f.Pod.ID, Via: f.Via, Passphrases: m.exam.passphrases.copied()}
	return m, m.run.do(func(context.Context) tea.Msg {
		defer wipeAll(req.Passphrases)
		return checkedMsg{gen, mgr.CheckUp(ctx, req), n}
	})
}

func (m model) checked(msg checkedMsg) (model, tea.Cmd) {
	if msg.gen != m.work.gen || m.state != waiting {
		return m, nil
	}
	m = m.worked()
	if msg.check.Pod.ID != "" {
		m.pods = m.pods.SetPods([]manager.Pod{msg.check.Pod})
	}
	f := checkup.Of(m.exam.finding.Pod, msg.check)
	f.Via = m.exam.finding.Via
	return m.showFinding(f, msg.notice)
}

// showFinding shows the check-up screen.
func (m model) showFinding(f checkup.Finding, n checkup.Notice) (model, tea.Cmd) {
	m.exam.finding, m.exam.notice, m.exam.hidden, m.exam.wanted = f, n, false, false
	return m.askHeld(m.examPage())
}

// showListed shows the verdict that the list has.
func (m model) showListed(p manager.Pod) (model, tea.Cmd) {
	m = m.examine(exam{from: m.state})
	return m.showFinding(checkup.Finding{Pod: p, Verdict: p.Verdict, Also: p.Also}, checkup.Notice{})
}

// showAccount says why RunPod cannot be asked.
func (m model) showAccount() (model, tea.Cmd) {
	err := m.pods.Err()
	if err == nil {
		return m, nil
	}
	m = m.examine(exam{from: m.state})
	return m.showFinding(checkup.Finding{Verdict: manager.JudgeError(err)}, checkup.Notice{})
}

// showFailure says why there is no shell on p.
func (m model) showFailure(p manager.Pod, err error) (model, tea.Cmd) {
	if err == nil {
		err = errors.New("the connection ended before it was ready: try again")
	}
	m = m.examine(exam{from: m.exam.from})
	return m.showFinding(checkup.Explain(p, m.conn.req.Via, err), m.conn.did)
}

// showEnded says what was wrong with a session.
func (m model) showEnded(p manager.Pod, via manager.RouteKind, ended manager.Ended) (model, tea.Cmd) {
	m = m.examine(exam{})
	return m.showFinding(checkup.Finding{
		From: checkup.Ended, Pod: p, Via: via, Verdict: ended.Verdict,
		Evidence: []manager.Evidence{{By: "podbay", What: ended.Sentence, At: m.clock()}},
	}, checkup.Notice{})
}

// follow keeps a screen that shows what the list has to what the list has now. What
// a check-up or a connection saw stays as it was seen.
func (m model) follow() (model, tea.Cmd) {
	f := m.exam.finding
	if _, shown := m.page.(pageOf[checkup.Model]); !shown || m.state != asking || f.From != checkup.Listed {
		return m, nil
	}
	if f.Pod.ID == "" {
		if m.pods.Err() == nil {
			return m.hangUp() // RunPod answers again
		}
		return m, nil
	}
	p, ok := m.pods.Pod(f.Pod.ID)
	if !ok || p.Verdict.ID == f.Verdict.ID {
		return m, nil
	}
	f.Pod, f.Verdict, f.Also = p, p.Verdict, p.Also
	return m.showFinding(f, checkup.Notice{})
}

// examPage is the screen of the check-up.
func (m model) examPage() page {
	return pageOf[checkup.Model]{checkup.New(m.theme, m.exam.finding, m.exam.notice)}
}

// asksOnTheWay tells whether a connection that began on a check-up's screen has a
// question: whoever declines it comes from there.
func (m model) asksOnTheWay() bool {
	_, shown := m.page.(pageOf[checkup.Model])
	return !shown && !m.exam.hidden && m.exam.finding.Pod.ID != "" && m.exam.finding.Verdict.ID != ""
}

// examine begins a check-up in place of another.
func (m model) examine(e exam) model {
	m = m.endExam()
	m.exam, m.page = e, nil
	return m
}

// endExam forgets the check-up and the answers that were given for it.
func (m model) endExam() model {
	wipeAll(m.exam.passphrases.get())
	m.exam = exam{}
	return m.worked()
}
