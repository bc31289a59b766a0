package keys

import (
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"podbay/manager"
	"podbay/ui/ask"
	"podbay/ui/screen"
)

// replied takes how something went that was asked of the root.
func (m Model) replied(msg tea.Msg) (Model, screen.Intent) {
	switch msg := msg.(type) {
	case Proving:
		return m.proving(msg), nil
	case Proved:
		return m.proved(msg.Proof)
	case ProofOver:
		return m.proofOver(), nil
	case Answered:
		return m.prove(m.sameQuestion(msg.PodID)...)
	case Costs:
		return m.askRecreate(msg), nil
	}
	done, err := finishes(msg)
	if done == idle || done != m.task {
		return m, nil
	}
	m.task, m.problem = idle, ""
	if planned, ok := msg.(Planned); ok {
		m.check = planned.Check
	}
	if err != nil {
		return m.failed(done, err)
	}
	switch msg := msg.(type) {
	case Loaded:
		return m.loaded(msg.Report)
	case Created:
		return m.created(msg.Key)
	case Mended:
		m.said = upper(msg.Did) + "."
		m.did = append(m.did[:len(m.did):len(m.did)], m.said)
		return m.load()
	case Planned:
		return m.showPlan(msg.Plan)
	case Forgot:
		m.forward = false
		return m.load()
	case Applied:
		return m.applied(msg.Outcome)
	case Installed:
		return m.tryAgain(msg.Pod, msg.Sentence)
	case Recreated:
		return m.tryAgain(msg.Pod, ask.Name(msg.Pod.Name, msg.Pod.ID)+": PUBLIC_KEY holds the key, and RunPod recreates the container.")
	}
	return m, nil
}

// finishes tells which task a reply ends, and its error.
func finishes(msg tea.Msg) (task, error) {
	switch msg := msg.(type) {
	case Loaded:
		return loading, msg.Err
	case Created:
		return creating, msg.Err
	case Mended:
		return mending, msg.Err
	case Planned:
		return planning, msg.Err
	case Applied:
		return applying, msg.Err
	case Forgot:
		return forgetting, msg.Err
	case Installed:
		return installing, msg.Err
	case Recreated:
		return recreating, msg.Err
	}
	return idle, nil
}

// failed says why a task failed. The step stays, so that it can be tried again.
func (m Model) failed(t task, err error) (Model, screen.Intent) {
	m.problem, m.forward = err.Error(), false
	if m.paste != nil && len(m.check.Findings) > 0 {
		m.problem = "Nothing can be added from this text." // the findings say why
	}
	if t != loading {
		m.said = ""
	}
	if (t == planning || t == loading) && m.paste == nil {
		m.plan, m.buttons = manager.KeyPlan{}, planButtons(manager.KeyPlan{}, true)
	}
	return m, nil
}

// start begins a task: what was said before is over.
func (m Model) start(t task) Model {
	m.task, m.problem = t, ""
	return m
}

// load looks again at what there is.
func (m Model) load() (Model, screen.Intent) { return m.start(loading), Load{} }

// loaded takes what there is. Where nothing needs to be asked it goes on.
func (m Model) loaded(report manager.KeyReport) (Model, screen.Intent) {
	selected := m.selectedPath()
	m.known, m.report = true, report
	m = m.selectKey(selected)
	for _, k := range report.Local {
		if same(k, m.chosen) {
			m.chosen = k
		}
	}
	switch m.step {
	case stepAccount:
		if !m.forward {
			m.planned = noPlan
		}
		return m.nextPlan()
	case stepProof:
		return m.prove()
	case stepIdentity:
		if len(report.Local) == 0 && m.form == nil {
			return m.openForm(), nil
		}
		if k, ok := m.onlyKey(); ok {
			m = m.choose(k)
			if m.toPod {
				return m.toProof()
			}
			return m.prove()
		}
	}
	return m, nil
}

// created takes the new key and goes on with it.
func (m Model) created(k manager.LocalKey) (Model, screen.Intent) {
	m.form = nil
	m.said = "Created " + k.Name + "."
	if k.Unseen {
		m.said += " For later runs name it as identity_file in podbay's settings."
	}
	m.did = append(m.did[:len(m.did):len(m.did)], m.said)
	m.report.Local = append([]manager.LocalKey{k}, m.report.Local...)
	m.at = 0
	return m.take(k)
}

// applied says what was registered and where the set as it was is kept, and looks
// at what is left to do.
func (m Model) applied(o manager.KeyOutcome) (Model, screen.Intent) {
	m.said = "The account's keys were right already: nothing was written."
	if o.Backup != "" {
		m.said = "On RunPod: " + counts(o) + ". The keys as they were are kept in " + o.Backup
	}
	if len(o.Warnings) > 0 {
		m.said += ". " + strings.Join(o.Warnings, " ")
	}
	m.did = append(m.did[:len(m.did):len(m.did)], m.said)
	m.forward = true
	return m.load()
}

// counts says how many entries came and went.
func counts(o manager.KeyOutcome) string {
	var parts []string
	for _, c := range []struct {
		n    int
		what string
	}{{o.Added, "added"}, {o.Removed, "removed"}} {
		switch {
		case c.n == 1:
			parts = append(parts, "1 entry "+c.what)
		case c.n > 1:
			parts = append(parts, fmt.Sprintf("%d entries %s", c.n, c.what))
		}
	}
	return strings.Join(parts, ", ")
}
