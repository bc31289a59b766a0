package ui

import (
	"bytes"
	"context"
	"errors"
	"slices"

	tea "charm.land/bubbletea/v2"

	"podbay/manager"
	"podbay/ui/ask"
	wizard "podbay/ui/keys"
	"podbay/ui/screen"
)

// keyWork is what the key wizard needs of the use cases.
type keyWork interface {
	Keys(ctx context.Context) (manager.KeyReport, error)
	CreateKey(ctx context.Context, key manager.NewKey) (manager.LocalKey, error)
	MendLocal(ctx context.Context, path string, passphrase []byte) (did string, err error)
	CheckKeyText(ctx context.Context, text string) (manager.KeyCheck, error)
	PlanAdd(ctx context.Context, text string) (manager.KeyPlan, error)
	PlanFix(ctx context.Context) (manager.KeyPlan, error)
	ApplyKeys(ctx context.Context, plan manager.KeyPlan) (manager.KeyOutcome, error)
	ForgetLost(ctx context.Context, fingerprint string) error
	Prove(ctx context.Context, req manager.ProveRequest) <-chan manager.Proof
	InstallCommand(ctx context.Context, fingerprint string) (string, error)
	InstallByProxy(ctx context.Context, req manager.InstallRequest) (manager.Installed, error)
	RecreateCost(podID string) []string
	RecreateWithKey(ctx context.Context, podID, fingerprint string) error
}

// keying is what the root keeps for the wizard: what is under way, and the
// answers to the questions that came up meanwhile, until the wizard is left.
type keying struct {
	work  call // what the wizard waits for
	proof call // the pods that are being tried

	asking   bool                         // a question of the wizard's is on the screen
	question error                        // which one
	again    func(model) (model, tea.Cmd) // what to do anew when it was answered
	declined tea.Msg                      // the wizard's reply when it was not; nil for none
	act      hostKeyAct                   // what was agreed to, and is done before that

	created     ask.Secret // the passphrase of the key that is being made
	passphrases answers
	hostKeys    map[string]string // accepted fingerprints by pod ID: the latest of each
	accepted    []string          // all of them: a pod and its proxy may both ask
}

// errDeclined is how a task ends whose question was not answered.
var errDeclined = errors.New("the question was not answered, so nothing was done")

// keyMsg brings a reply to the wizard.
type keyMsg struct {
	gen      int
	reply    tea.Msg       // with errDeclined where there is a question
	question error         // must be answered first; nil for none
	again    screen.Intent // what is done anew then
}

// openKeys shows the wizard. podID is the pod that a shell is wanted on.
func (m model) openKeys(podID string) (model, tea.Cmd) {
	return m.openWizard(m.wizard.Open(podID, m.stillRuns))
}

// stillRuns tells whether the container of a pod that was seen earlier still runs.
func (m model) stillRuns(seen manager.Pod) bool {
	now, ok := m.pods.Pod(seen.ID)
	return ok && now.Status == "RUNNING" && now.StartedAt.Equal(seen.StartedAt)
}

// addKey shows the wizard where a key is got into a pod.
func (m model) addKey(podID string) (model, tea.Cmd) {
	return m.openWizard(m.wizard.OpenProof(podID, m.stillRuns))
}

func (m model) openWizard(opened wizard.Model, first screen.Intent) (model, tea.Cmd) {
	wipe(m.conn.req)
	m.conn = connecting{call: m.conn.end()}
	m = m.endExam()
	m.page, m.state, m.note = nil, inKeys, note{}
	m.wizard = opened
	return m.keyIntent(first)
}

// leaveKeys ends what the wizard has under way and forgets its answers.
func (m model) leaveKeys() (model, tea.Cmd) {
	wipeAll(m.keying.passphrases.get())
	m.keying = keying{work: m.keying.work.end(), proof: m.keying.proof.end()}
	m.page, m.state = nil, home
	return m.refreshNow()
}

// toKeys gives the wizard a message and does what it wants. Behind a question it
// wants nothing.
func (m model) toKeys(msg tea.Msg) (model, tea.Cmd) {
	var cmd, more tea.Cmd
	var intent screen.Intent
	m.wizard, cmd, intent = m.wizard.Update(msg)
	if intent != nil && !m.keying.asking {
		m, more = m.decide(intent)
	}
	return m, tea.Batch(cmd, more)
}

// keyIntent carries out what the wizard wants.
func (m model) keyIntent(intent screen.Intent) (model, tea.Cmd) {
	switch intent := intent.(type) {
	case wizard.Prove:
		return m.prove(intent)
	case wizard.Install, wizard.Mend:
		return m.mayAsk(intent)
	case wizard.Answer:
		return m.askForKeys(intent.Question, nil, func(m model) (model, tea.Cmd) {
			return m.toKeys(wizard.Answered{PodID: intent.PodID})
		})
	case wizard.Cost:
		return m.toKeys(wizard.Costs{Pod: intent.Pod, Sentences: m.mgr.RecreateCost(intent.Pod.ID)})
	case wizard.Copy:
		return m, tea.SetClipboard(intent.Text)
	case wizard.Help:
		return m.openHelp(), nil
	case wizard.Stop:
		if m.keying.work.cancel != nil {
			m.keying.work.cancel()
		}
		return m, nil
	case wizard.Connect:
		req := manager.ConnectRequest{PodID: intent.Pod.ID, Keep: manager.KeepLater, Passphrases: m.keying.passphrases.copied()}
		m, _ = m.leaveKeys()
		return m.dial(intent.Pod, req)
	case wizard.Create:
		m.keying.created = intent.Passphrase
		return m.keyJob(intent)
	}
	return m.keyJob(intent)
}

// keyJob has something done that the wizard waits for.
func (m model) keyJob(intent screen.Intent) (model, tea.Cmd) {
	var ctx context.Context
	m.keying.work, ctx = m.keying.work.start(m.run)
	gen, mgr := m.keying.work.gen, m.mgr
	return m, m.run.do(func(context.Context) tea.Msg {
		reply := doKeys(ctx, mgr, intent)
		if reply == nil {
			return nil
		}
		return keyMsg{gen: gen, reply: reply}
	})
}

// doKeys does what needs no answer meanwhile; nil is returned for what it does
// not know.
func doKeys(ctx context.Context, mgr keyWork, intent screen.Intent) tea.Msg {
	switch intent := intent.(type) {
	case wizard.Load:
		report, err := mgr.Keys(ctx)
		return wizard.Loaded{Report: report, Err: err}
	case wizard.Create:
		text := bytes.Clone(intent.Passphrase.Reveal())
		defer clear(text)
		made, err := mgr.CreateKey(ctx, manager.NewKey{Path: intent.Path, Comment: intent.Comment, Passphrase: text})
		return wizard.Created{Key: made, Err: err}
	case wizard.PlanAdd:
		plan, err := mgr.PlanAdd(ctx, intent.Line)
		return wizard.Planned{Plan: plan, Err: err}
	case wizard.PlanText:
		return planText(ctx, mgr, intent.Text)
	case wizard.PlanFix:
		plan, err := mgr.PlanFix(ctx)
		return wizard.Planned{Plan: plan, Err: err}
	case wizard.Apply:
		outcome, err := mgr.ApplyKeys(ctx, intent.Plan)
		return wizard.Applied{Outcome: outcome, Err: err}
	case wizard.Forget:
		return wizard.Forgot{Err: mgr.ForgetLost(ctx, intent.Fingerprint)}
	case wizard.Recreate:
		return wizard.Recreated{Pod: intent.Pod, Err: mgr.RecreateWithKey(ctx, intent.Pod.ID, intent.Fingerprint)}
	}
	return nil
}

// planText says what a text is before it says what it would change: a text that
// is refused is explained all the same.
func planText(ctx context.Context, mgr keyWork, text ask.Secret) wizard.Planned {
	check, err := mgr.CheckKeyText(ctx, string(text.Reveal()))
	if err != nil {
		return wizard.Planned{Err: err}
	}
	plan, err := mgr.PlanAdd(ctx, string(text.Reveal()))
	return wizard.Planned{Plan: plan, Check: check, Err: err}
}

// mayAsk has something done that may need an answer first.
func (m model) mayAsk(intent screen.Intent) (model, tea.Cmd) {
	act := m.keying.act
	m.keying.act = hostKeyAct{}
	var ctx context.Context
	m.keying.work, ctx = m.keying.work.start(m.run)
	gen, mgr := m.keying.work.gen, m.mgr
	passphrases := m.keying.passphrases.copied()
	accepted := slices.Clone(m.keying.accepted)
	return m, m.run.do(func(context.Context) tea.Msg {
		defer wipeAll(passphrases)
		err := act.carryOut(ctx, mgr)
		var question error
		var reply tea.Msg
		switch intent := intent.(type) {
		case wizard.Mend:
			var did string
			if err == nil {
				did, err = mgr.MendLocal(ctx, intent.Path, passphrases[intent.Path])
			}
			question, err = asked(err)
			reply = wizard.Mended{Did: did, Err: err}
		case wizard.Install:
			var done manager.Installed
			if err == nil {
				done, err = mgr.InstallByProxy(ctx, manager.InstallRequest{PodID: intent.Pod.ID, Fingerprint: intent.Fingerprint,
					Command: intent.Command, Passphrases: passphrases, AcceptHostKeys: accepted})
			}
			question, err = asked(err)
			reply = wizard.Installed{Pod: intent.Pod, Sentence: done.Sentence, Err: err}
		}
		return keyMsg{gen: gen, reply: reply, question: question, again: intent}
	})
}

// asked tells a question from other errors, and what is said when it is declined.
func asked(err error) (question, outcome error) {
	if isQuestion(err) {
		return err, errDeclined
	}
	return nil, err
}

// keyReplied takes a reply to what the wizard waits for, or the question that
// must be answered before there is one.
func (m model) keyReplied(msg keyMsg) (model, tea.Cmd) {
	if msg.gen != m.keying.work.gen {
		return m, nil
	}
	if made, ok := msg.reply.(wizard.Created); ok {
		m = m.keepCreated(made)
	}
	if msg.question != nil {
		return m.askForKeys(msg.question, msg.reply, func(m model) (model, tea.Cmd) { return m.mayAsk(msg.again) })
	}
	m, cmd := m.toKeys(msg.reply)
	if _, planned := msg.reply.(wizard.Planned); planned {
		m, release := m.holdKeys() // what would be sent is to be read first
		return m, tea.Batch(cmd, release)
	}
	return m, cmd
}

// keepCreated keeps the passphrase of a new key as an answer: it was just typed.
func (m model) keepCreated(made wizard.Created) model {
	text := m.keying.created.Reveal()
	m.keying.created = ask.Secret{}
	if made.Err != nil || len(text) == 0 {
		return m
	}
	m.keying.passphrases = m.keying.passphrases.with(made.Key.Path, text)
	return m
}
