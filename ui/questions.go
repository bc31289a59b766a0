package ui

import (
	"context"
	"errors"
	"fmt"

	tea "charm.land/bubbletea/v2"

	"podbay/doctor"
	"podbay/manager"
	"podbay/ui/ask"
	"podbay/ui/checkup"
	"podbay/ui/confirm"
	"podbay/ui/hostkey"
	"podbay/ui/keepshell"
	"podbay/ui/login"
	"podbay/ui/passphrase"
	"podbay/ui/pods"
	"podbay/ui/screen"
)

// The questions that confirm asks, by what is done when the answer is yes.
type (
	stopQuestion struct{ pod manager.Pod }
	quitQuestion struct{}
)

// ask opens a question.
func (m model) ask(p page) (model, tea.Cmd) {
	m.page, m.state, m.note = p, asking, note{}
	m.hold.on = false
	return m, nil
}

// quit ends podbay, and asks before that when shells are kept: who left one with ~d
// may have forgotten it.
func (m model) quit() (model, tea.Cmd) {
	kept := m.mgr.KeptShells()
	if kept == 0 {
		return m, tea.Quit
	}
	what, them := fmt.Sprintf("%d shells that you left with ~d go", kept), "them"
	if kept == 1 {
		what, them = "A shell that you left with ~d goes", "it"
	}
	body := []string{
		what + " on running on the pod, and podbay closes its connection. The list marks the pod with " + pods.KeptSign + ".",
		"The next podbay comes back to " + them + " by enter on the pod, as long as the pod is not stopped or restarted.",
	}
	if m.ends {
		body = []string{what + " on only until the demo ends: its pods end with it."}
	}
	return m.askHeld(pageOf[confirm.Model]{confirm.New(m.theme, confirm.Question{
		ID: quitQuestion{}, Title: "Quit podbay?", Action: "Quit", Cancel: "Stay",
		Body: body,
	})})
}

// askStop asks before a pod is stopped: what is on its container disk is lost.
func (m model) askStop(p manager.Pod) (model, tea.Cmd) {
	lost := "Its container disk is lost: everything outside the volume."
	if p.DiskGB > 0 {
		lost = fmt.Sprintf("Its container disk of %d GB is lost: everything outside the volume.", p.DiskGB)
	}
	stays := "It has no volume, so nothing of it stays."
	if p.Volume != "" {
		stays = "Its volume stays: " + p.Volume + ". While the pod is stopped the volume is billed, at twice the rate of a running pod's."
	}
	return m.askHeld(pageOf[confirm.Model]{confirm.New(m.theme, confirm.Question{
		ID: stopQuestion{p}, Title: "Stop " + ask.NameAndID(p.Name, p.ID) + "?", Action: "Stop the pod", Danger: true,
		Body: []string{
			fmt.Sprintf("Billing of compute, $%.2f/h now, ends. Programs in the pod are ended, open shells too.", p.CostPerHour),
			lost, stays,
			"To start it again its host must have a free GPU, and its address changes.",
		},
	})})
}

// askKey asks for an API key: there is none, or RunPod does not take it.
func (m model) askKey(why error) (model, tea.Cmd) {
	account := m.mgr.Account()
	opts := login.Options{KeptIn: account.Credentials, Origin: account.Origin, CanLeave: !m.pods.Listed().IsZero()}
	switch {
	case errors.Is(why, manager.ErrKeyRejected), errors.Is(why, manager.ErrCredentials):
		opts.Why = why.Error()
	}
	if account.KeySource == "RUNPOD_API_KEY" {
		opts.Note = "The variable RUNPOD_API_KEY wins over a key that is saved here: unset it."
	}
	m.page, m.state = pageOf[login.Model]{login.New(m.theme, opts)}, loggingIn
	m.note = note{}
	return m, nil
}

type loggedInMsg struct {
	gen int
	err error
}

// logIn has the key checked and kept.
func (m model) logIn(key ask.Secret) (model, tea.Cmd) {
	var ctx context.Context
	m.login, ctx = m.login.start(m.run)
	gen, mgr := m.login.gen, m.mgr
	return m, m.run.do(func(context.Context) tea.Msg {
		text := key.Reveal()
		defer clear(text)
		return loggedInMsg{gen, mgr.Login(ctx, string(text))}
	})
}

func (m model) loggedIn(msg loggedInMsg) (model, tea.Cmd) {
	if msg.gen != m.login.gen || m.state != loggingIn {
		return m, nil
	}
	m.login = m.login.end()
	if msg.err == nil {
		m.page, m.state = nil, home
		m.note = note{doctor.ToneGood, "the API key works and is kept"}
		return m.refreshNow()
	}
	if p, ok := m.page.(pageOf[login.Model]); ok {
		m.page = pageOf[login.Model]{p.model.Failed(msg.err)}
	}
	return m, nil
}

// explain shows why a connection did not come about: a question, or a failure.
func (m model) explain(err error) (model, tea.Cmd) {
	if isQuestion(err) {
		return m.askQuestion(err)
	}
	wipe(m.conn.req) // the way ends here: another attempt asks again
	m.conn.call = m.conn.end()
	switch {
	case needsKey(err):
		return m.askKey(err)
	case wantsKey(err):
		return m.openKeys(m.conn.pod.ID)
	}
	return m.showFailure(m.conn.pod, err)
}

// askQuestion shows an error that a person answers.
func (m model) askQuestion(err error) (model, tea.Cmd) {
	var (
		unknown *manager.HostKeyUnknown
		changed *manager.HostKeyChanged
		wanted  *manager.PassphraseWanted
		keep    *manager.KeepWanted
	)
	switch {
	case errors.As(err, &keep):
		return m.askHeld(pageOf[keepshell.Model]{keepshell.New(m.theme, keep)})
	case errors.As(err, &unknown):
		return m.askHeld(pageOf[hostkey.Unknown]{hostkey.NewUnknown(m.theme, unknown)})
	case errors.As(err, &changed):
		return m.askHeld(pageOf[hostkey.Changed]{hostkey.NewChanged(m.theme, changed, m.clock())})
	case errors.As(err, &wanted):
		return m.ask(pageOf[passphrase.Model]{passphrase.New(m.theme, wanted)})
	}
	return m, nil
}

// hostKeyAct is what was agreed to by a typed name; the zero value is nothing.
type hostKeyAct struct {
	podID string
	shown string // the fingerprint that was on the screen
	trust bool   // else forget
}

func (a hostKeyAct) carryOut(ctx context.Context, mgr hostKeyWork) error {
	switch {
	case a.podID == "":
		return nil
	case a.trust:
		return mgr.TrustAgainstLog(ctx, a.podID, a.shown)
	}
	return mgr.ForgetHostKey(ctx, a.podID, a.shown)
}

// hostKeyActOf returns what an intent agrees to.
func hostKeyActOf(intent screen.Intent) (hostKeyAct, bool) {
	switch intent := intent.(type) {
	case hostkey.ForgetHostKey:
		return hostKeyAct{podID: intent.PodID, shown: intent.Shown}, true
	case hostkey.TrustAgainstLog:
		return hostKeyAct{podID: intent.PodID, shown: intent.Shown, trust: true}, true
	}
	return hostKeyAct{}, false
}

// hostKeyActedMsg tells that it was carried out, or why not.
type hostKeyActedMsg struct {
	gen int
	err error
}

// actOnHostKey carries out what was agreed to; then the connection is tried anew.
func (m model) actOnHostKey(act hostKeyAct) (model, tea.Cmd) {
	gen, mgr := m.conn.gen, m.mgr
	return m, m.run.do(func(ctx context.Context) tea.Msg {
		return hostKeyActedMsg{gen, act.carryOut(ctx, mgr)}
	})
}

func (m model) hostKeyActed(msg hostKeyActedMsg) (model, tea.Cmd) {
	switch {
	case msg.gen != m.conn.gen || m.state != asking:
		return m, nil
	case msg.err != nil:
		return m.showFailure(m.conn.pod, msg.err)
	}
	return m.again(func(*manager.ConnectRequest) {})
}

// answered carries out the answer to a question.
func (m model) answered(intent screen.Intent) (model, tea.Cmd) {
	if act, ok := hostKeyActOf(intent); ok {
		return m.actOnHostKey(act)
	}
	switch intent := intent.(type) {
	case login.Submit:
		return m.logIn(intent.Key)
	case login.Cancel:
		m.login = m.login.end()
	case confirm.Cancelled:
		if intent.ID == (remedyQuestion{}) {
			return m.declined()
		}
		return m.hangUp()
	case confirm.Confirmed:
		return m.confirmed(intent.ID)
	case hostkey.Trust:
		return m.again(func(req *manager.ConnectRequest) { req.AcceptHostKey = intent.Fingerprint })
	case keepshell.Answer:
		return m.again(func(req *manager.ConnectRequest) { req.Keep = intent.Keep })
	case passphrase.Submit:
		if m.exam.wanted {
			return m.unlocked(intent)
		}
		return m.again(func(req *manager.ConnectRequest) { keepPassphrase(req, intent) })
	case checkup.Do:
		return m.remedy(intent.Action)
	case checkup.Check:
		return m.checkAgain(checkup.Notice{})
	}
	return m, nil
}

func (m model) confirmed(question any) (model, tea.Cmd) {
	switch q := question.(type) {
	case stopQuestion:
		return m.stop(q.pod)
	case remedyQuestion:
		return m.carryOut()
	case quitQuestion:
		return m, tea.Quit
	}
	return m, nil
}

// keepPassphrase adds an answer to a request, in place of one that did not fit.
func keepPassphrase(req *manager.ConnectRequest, answer passphrase.Submit) {
	if req.Passphrases == nil {
		req.Passphrases = map[string][]byte{}
	}
	clear(req.Passphrases[answer.Path])
	req.Passphrases[answer.Path] = answer.Passphrase.Reveal()
}
