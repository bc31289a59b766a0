package ui

import (
	"bytes"
	"errors"
	"maps"
	"slices"

	tea "charm.land/bubbletea/v2"

	"podbay/doctor"
	"podbay/manager"
	"podbay/ui/hostkey"
	"podbay/ui/passphrase"
	"podbay/ui/screen"
)

// answers are passphrases by the path of their key. They lie behind a function,
// as an [ask.Secret] does, so that printing the model prints none.
type answers struct{ list func() map[string][]byte }

func (a answers) get() map[string][]byte {
	if a.list == nil {
		return nil
	}
	return a.list()
}

// with returns the answers and one more, in place of one that did not fit.
func (a answers) with(path string, text []byte) answers {
	next := maps.Clone(a.get())
	if next == nil {
		next = map[string][]byte{}
	}
	clear(next[path])
	next[path] = text
	return answers{func() map[string][]byte { return next }}
}

// copied returns copies, for a request that outlives the wizard; the receiver
// wipes them.
func (a answers) copied() map[string][]byte {
	out := map[string][]byte{}
	for path, text := range a.get() {
		out[path] = bytes.Clone(text)
	}
	return out
}

func wipeAll(list map[string][]byte) {
	for _, text := range list {
		clear(text)
	}
	clear(list)
}

// isQuestion tells whether err is answered by a person.
func isQuestion(err error) bool {
	var (
		unknown *manager.HostKeyUnknown
		changed *manager.HostKeyChanged
		wanted  *manager.PassphraseWanted
		keep    *manager.KeepWanted
	)
	return errors.As(err, &unknown) || errors.As(err, &changed) || errors.As(err, &wanted) || errors.As(err, &keep)
}

// wantsKey tells whether a connection failed for want of a key that can be used:
// then the wizard says more than a failure does.
func wantsKey(err error) bool {
	var failed *manager.Failure
	return errors.As(err, &failed) && (failed.Verdict.ID == doctor.NoLocalKey || failed.Verdict.ID == doctor.KeysUnusable)
}

// askForKeys shows a question that came up in the wizard. again is what is done
// anew when it was answered, declined the wizard's reply when it was not.
func (m model) askForKeys(question error, declined tea.Msg, again func(model) (model, tea.Cmd)) (model, tea.Cmd) {
	m, cmd := m.askQuestion(question)
	m.keying.asking, m.keying.question, m.keying.again, m.keying.declined = true, question, again, declined
	return m, cmd
}

// keyAnswered takes what a question of the wizard's was answered with, and goes
// back to the wizard.
func (m model) keyAnswered(intent screen.Intent) (model, tea.Cmd) {
	question, again, declined := m.keying.question, m.keying.again, m.keying.declined
	m.keying.asking, m.keying.question, m.keying.again, m.keying.declined = false, nil, nil, nil
	m.page, m.state = nil, inKeys
	if act, ok := hostKeyActOf(intent); ok {
		m.keying.act = act
		return again(m)
	}
	switch intent := intent.(type) {
	case hostkey.Trust:
		return again(m.trusting(intent, question))
	case passphrase.Submit:
		m.keying.passphrases = m.keying.passphrases.with(intent.Path, intent.Passphrase.Reveal())
		return again(m)
	}
	if declined == nil {
		return m, nil
	}
	return m.toKeys(declined)
}

// trusting keeps an accepted host key. The proxy's is that of every pod behind it:
// it is asked about once.
func (m model) trusting(trust hostkey.Trust, question error) model {
	m.keying.accepted = append(slices.Clone(m.keying.accepted), trust.Fingerprint)
	m.keying.hostKeys = maps.Clone(m.keying.hostKeys)
	if m.keying.hostKeys == nil {
		m.keying.hostKeys = map[string]string{}
	}
	m.keying.hostKeys[trust.PodID] = trust.Fingerprint
	var unknown *manager.HostKeyUnknown
	if !errors.As(question, &unknown) || unknown.Pod.Route.Kind != manager.RouteProxy {
		return m
	}
	for _, p := range m.pods.Pods() {
		if p.Route.Kind == manager.RouteProxy && p.Route.Addr == unknown.Addr {
			m.keying.hostKeys[p.ID] = trust.Fingerprint
		}
	}
	return m
}
