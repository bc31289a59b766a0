package keys

import (
	"errors"
	"slices"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"podbay/manager"
	"podbay/ui/ask"
	"podbay/ui/screen"
)

// row is one running pod and what is known of it and the chosen key.
type row struct {
	pod    manager.Pod
	trying bool
	tried  bool // proof holds
	proof  manager.Proof
}

// The questions before something is done to a pod.
type (
	wantInstall  struct{ pod manager.Pod }
	wantRecreate struct{ pod manager.Pod }
)

// toProof goes on to the proof and tries the key on every running pod.
func (m Model) toProof() (Model, screen.Intent) {
	m.step, m.offset, m.forward, m.planned = stepProof, 0, false, noPlan
	return m.prove()
}

// prove tries the chosen key on the named pods, and on those that are being tried
// at this moment; on all running ones when none is named.
func (m Model) prove(podIDs ...string) (Model, screen.Intent) {
	if len(podIDs) > 0 {
		for _, r := range m.rows {
			if r.trying && !slices.Contains(podIDs, r.pod.ID) {
				podIDs = append(podIDs, r.pod.ID)
			}
		}
	}
	m.trying = true
	return m, Prove{Fingerprint: m.chosen.Fingerprint, PodIDs: podIDs}
}

// sameQuestion names a pod, and those that its answer will do for: a passphrase is
// the key's, and the proxy's host key is that of every pod behind it.
func (m Model) sameQuestion(podID string) []string {
	ids := []string{podID}
	if i := m.rowOf(podID); i >= 0 {
		ids = append(ids, m.alsoAsking(podID, m.rows[i].proof.Question)...)
	}
	return ids
}

// alsoAsking names the pods but one that wait for the answer to a question.
func (m Model) alsoAsking(but string, question error) []string {
	var ids []string
	for _, r := range m.rows {
		if r.pod.ID != but && oneAnswer(question, r.proof.Question) {
			ids = append(ids, r.pod.ID)
		}
	}
	return ids
}

// oneAnswer tells whether one answer will do for both questions.
func oneAnswer(a, b error) bool {
	var (
		wantedA, wantedB *manager.PassphraseWanted
		hostA, hostB     *manager.HostKeyUnknown
	)
	if errors.As(a, &wantedA) && errors.As(b, &wantedB) {
		return wantedA.Path == wantedB.Path
	}
	return errors.As(a, &hostA) && errors.As(b, &hostB) && hostA.Addr == hostB.Addr && hostA.Fingerprint == hostB.Fingerprint
}

// proving shows the pods that are being tried.
func (m Model) proving(msg Proving) Model {
	first := len(m.rows) == 0
	m.rows = slices.Clone(m.rows)
	if msg.Command != "" {
		m.command = msg.Command
	}
	for _, p := range msg.Pods {
		if i := m.rowOf(p.ID); i >= 0 {
			m.rows[i].pod, m.rows[i].trying = p, true
			continue
		}
		m.rows = append(m.rows, row{pod: p, trying: true})
	}
	if i := m.rowOf(m.wanted); i >= 0 && first {
		m.row = i
	}
	return m
}

// proved takes what was found out of one pod. A question of the pod that the
// person wants is asked at once, and when it takes the key that is the end, once.
func (m Model) proved(p manager.Proof) (Model, screen.Intent) {
	if p.Err != nil || p.Pod.ID == "" {
		m.problem, m.said = p.Sentence, ""
		return m, nil
	}
	i := m.rowOf(p.Pod.ID)
	m.rows = slices.Clone(m.rows)
	if i < 0 {
		i, m.rows = len(m.rows), append(m.rows, row{})
	}
	known := m.rows[i].tried && m.rows[i].proof.Takes
	m.rows[i] = row{pod: p.Pod, tried: true, proof: p}
	if m.step != stepProof || p.Pod.ID != m.wanted || m.confirm != nil || m.task != idle {
		return m, nil
	}
	var changed *manager.HostKeyChanged
	switch {
	case p.Takes && known:
	case p.Takes:
		return m.done(), nil
	case p.Question != nil && !errors.As(p.Question, &changed):
		return m, Answer{p.Question, p.Pod.ID}
	}
	return m, nil
}

// proofOver ends the trying. A pod that nothing was heard of does not run now, as
// one whose container is being recreated: what was known of it is not so any more.
func (m Model) proofOver() Model {
	m.rows, m.trying = slices.Clone(m.rows), false
	for i := range m.rows {
		if m.rows[i].trying {
			m.rows[i] = row{pod: m.rows[i].pod}
		}
	}
	return m
}

func (m Model) rowOf(podID string) int {
	return slices.IndexFunc(m.rows, func(r row) bool { return r.pod.ID == podID })
}

// current returns the selected pod.
func (m Model) current() (row, bool) {
	if m.row < 0 || m.row >= len(m.rows) {
		return row{}, false
	}
	return m.rows[m.row], true
}

// best returns the pod to open a shell on: the wanted one, else a direct one. Who
// came to get the key into one pod is led to no other.
func (m Model) best() (manager.Pod, bool) {
	var best manager.Pod
	for _, r := range m.rows {
		if !r.tried || !r.proof.Takes || m.toPod && r.pod.ID != m.wanted {
			continue
		}
		switch {
		case r.pod.ID == m.wanted:
			return r.pod, true
		case best.ID == "", best.Route.Kind != manager.RouteDirect && r.pod.Route.Kind == manager.RouteDirect:
			best = r.pod
		}
	}
	return best, best.ID != ""
}

// can tells whether podbay can go a way for the selected pod now.
func (m Model) can(way manager.WayOut) bool {
	r, ok := m.current()
	return ok && r.tried && !r.trying && !r.proof.Takes && slices.Contains(r.proof.Ways, way) &&
		(way == manager.WayRecreate || m.command != "")
}

func (m Model) proofTyped(press tea.KeyPressMsg) (Model, screen.Intent) {
	r, any := m.current()
	by := m.moves(press)
	switch {
	case by != 0 && any:
		m.row = min(max(0, m.row+by), len(m.rows)-1)
		m.offset, m.problem, m.said = 0, "", ""
	case key.Matches(press, m.keys.add):
		return m.askInstall(r.pod), nil
	case key.Matches(press, m.keys.recreate):
		return m, Cost{r.pod}
	case key.Matches(press, m.keys.web):
		m.problem = ""
		m.said = "Copied. Paste it into the web terminal of " + ask.Name(r.pod.Name, r.pod.ID) + " (Connect, in RunPod's console), then press r."
		return m, Copy{m.command}
	case key.Matches(press, m.keys.again):
		m.problem, m.said = "", ""
		return m.prove()
	case key.Matches(press, m.keys.enter) && asks(r):
		return m, Answer{r.proof.Question, r.pod.ID}
	case key.Matches(press, m.keys.enter) && m.addsByEnter():
		return m.askInstall(r.pod), nil
	case key.Matches(press, m.keys.enter):
		if r.tried && r.proof.Takes {
			m.wanted = r.pod.ID
		}
		return m.done(), nil
	default:
		return m.scrolledBy(press), nil
	}
	return m, nil
}

// addsByEnter tells whether enter adds the key to the selected pod: the one that the
// person came for.
func (m Model) addsByEnter() bool {
	r, ok := m.current()
	return ok && m.toPod && r.pod.ID == m.wanted && m.can(manager.WayProxyShell)
}

// asks tells whether a pod waits for an answer.
func asks(r row) bool { return r.tried && !r.trying && r.proof.Question != nil }

// askInstall shows what would be typed into the pod.
func (m Model) askInstall(p manager.Pod) Model {
	return m.ask(wantInstall{p}, "Add the key to "+ask.Name(p.Name, p.ID)+"?", "Add the key", false,
		"podbay opens a shell in the pod through RunPod's proxy, types this once, and leaves. It adds the key to ~/.ssh/authorized_keys if it is not there, and says whether that worked:",
		m.command,
		"Nothing else in the pod changes, and the key stays as long as the container does. Then podbay logs in directly, as a check.")
}

// askRecreate says what setting PUBLIC_KEY costs.
func (m Model) askRecreate(c Costs) Model {
	if m.step != stepProof || m.task != idle {
		return m
	}
	body := append([]string{"podbay adds the key to the pod's variable PUBLIC_KEY."}, c.Sentences...)
	return m.ask(wantRecreate{c.Pod}, "Recreate the container of "+ask.NameAndID(c.Pod.Name, c.Pod.ID)+"?", "Recreate it", true, body...)
}

// tryAgain says what was done to a pod and tries it again.
func (m Model) tryAgain(p manager.Pod, did string) (Model, screen.Intent) {
	m.said = did
	m.did = append(m.did[:len(m.did):len(m.did)], did)
	return m.prove(append(m.proxyAsking(), p.ID)...)
}

// proxyAsking names the pods that wait for the proxy's host key to be trusted,
// which it may have been meanwhile.
func (m Model) proxyAsking() []string {
	var ids []string
	for _, r := range m.rows {
		var unknown *manager.HostKeyUnknown
		if errors.As(r.proof.Question, &unknown) && r.proof.Route.Kind == manager.RouteProxy {
			ids = append(ids, r.pod.ID)
		}
	}
	return ids
}
