package manager

import (
	"slices"
	"strings"

	"podbay/cleantext"
	"podbay/doctor"
	"podbay/runpod"
	"podbay/sshconn"
	"podbay/sshkey"
	"podbay/state"
)

func (m *Manager) hostKeyUnknown(a *attempt, err *sshconn.HostKeyUnknownError) error {
	question := &HostKeyUnknown{
		Pod: a.row, Addr: err.Addr, KeyType: sshkey.TypeName(err.Key), Fingerprint: err.Fingerprint,
		Evidence: m.hostKeyEvidence(err.Evidence, err.Elsewhere, err.UserLines),
	}
	question.Evidence.Randomart = sshkey.Randomart(err.Key)
	if _, warnings, lookupErr := m.known.Lookup(err.Name); lookupErr == nil && len(warnings) > 0 {
		question.Note = "It may have been known: " + warnings[0]
	}
	return question
}

func (m *Manager) hostKeyChanged(a *attempt, err *sshconn.HostKeyChangedError) error {
	m.mu.Lock()
	memory := m.memory[a.pod.ID]
	m.mu.Unlock()
	question := &HostKeyChanged{
		Pod: a.row, Addr: err.Addr, KeyType: sshkey.TypeName(err.Key), Offered: err.Fingerprint, Asks: err.Asks,
		Evidence:  m.hostKeyEvidence(err.Evidence, err.Elsewhere, err.UserLines),
		StartedAt: a.pod.StartedAt, File: m.known.Path,
	}
	question.Evidence.Randomart = sshkey.Randomart(err.Key)
	if a.route.Kind == RouteDirect {
		question.SeenAt, question.Started = memory.HostKeySeen, startedSince(memory, a.pod)
	}
	for _, known := range err.Known {
		question.Known = append(question.Known, sshkey.TypeName(known.Key)+" "+known.Fingerprint)
	}
	stop := stopped{
		name: err.Name, key: err.Key, known: len(err.Known) > 0, addr: err.Addr, started: a.pod.StartedAt, fact: question.fact(),
	}
	m.mu.Lock()
	m.stopped[a.pod.ID] = stop
	m.mu.Unlock()
	if stop.isPod() {
		m.remember(a.pod.ID, func(p *state.PodMemory) { p.HostKeyStop = stop.remembered() })
	}
	return question
}

func (m *Manager) hostKeyEvidence(e sshconn.Evidence, elsewhere, userLines []string) HostKeyEvidence {
	out := HostKeyEvidence{LogListed: e.Listed, LogWhy: e.Why, SharedWith: m.holders(elsewhere)}
	switch e.Says {
	case sshconn.SaysYes:
		out.Log = LogListsIt
	case sshconn.SaysOther:
		out.Log = LogListsOthers
	}
	for _, line := range userLines {
		if rest, ok := strings.CutPrefix(line, m.opts.Paths.Home); ok {
			line = "~" + rest
		}
		out.UserLines = append(out.UserLines, cleantext.Line(line, maxField))
	}
	return out
}

// holders names the pods, and the proxy, that names of known_hosts stand for.
func (m *Manager) holders(names []string) (holders []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, name := range names {
		id, isPod := strings.CutPrefix(name, aliasPrefix)
		if !isPod {
			holders = append(holders, name)
			continue
		}
		holders = append(holders, m.podName(id))
	}
	return holders
}

// podName is what to call a pod that may not be in the list any more. The
// manager's lock must be held.
func (m *Manager) podName(id string) string {
	pod, listed := m.pod(id)
	name := cleantext.Line(pod.Name, maxName)
	switch {
	case !listed:
		return id + " (no longer in the list)"
	case name == "":
		return id
	}
	return name + " (" + id + ")"
}

// hostKeyOf is what is remembered of a pod's host key. The manager's lock must be
// held.
func (m *Manager) hostKeyOf(podID string) HostKey {
	memory := m.memory[podID]
	key := HostKey{
		Type: memory.HostKeyType, Fingerprint: memory.HostKey,
		Trust: HostKeyTrust(memory.HostKeyTrust), At: memory.HostKeySeen,
	}
	if key.Fingerprint == "" {
		return HostKey{}
	}
	if m.holdersOf[key.Fingerprint] < 2 {
		return key // the rule, and a list may be long
	}
	for id, other := range m.memory {
		if id != podID && other.HostKey == key.Fingerprint {
			key.SharedWith = append(key.SharedWith, m.podName(id))
		}
	}
	slices.Sort(key.SharedWith)
	return key
}

func (e *HostKeyUnknown) fact() doctor.HostKey { return doctor.HostKey{Trust: doctor.TrustUnknown} }

func (e *HostKeyChanged) fact() doctor.HostKey {
	fact := doctor.HostKey{Trust: doctor.TrustChanged, Restarted: doctor.Answer(e.Started)}
	if e.NeverKnown() {
		fact.Trust = doctor.TrustContradicted
	}
	switch e.Evidence.Log {
	case LogListsIt:
		fact.Logged = doctor.Yes
	case LogListsOthers:
		fact.Logged = doctor.No
	}
	return fact
}

// hostKeyFact is what the last connection to the present container at addr came
// to, as far as it was stopped at the host key, or verified it. The manager's lock
// must be held.
func (m *Manager) hostKeyFact(p runpod.Pod, addr string) doctor.HostKey {
	if stop, ok := m.stopped[p.ID]; ok && stop.isAbout(p, addr) {
		return stop.fact
	}
	memory := m.memory[p.ID]
	if stop := memory.HostKeyStop; stop.Addr != "" && stop.Addr == addr && stop.StartedAt.Equal(p.StartedAt) {
		return doctor.HostKey{Trust: doctor.Trust(stop.Trust), Restarted: doctor.Answer(stop.Restarted), Logged: doctor.Answer(stop.Logged)}
	}
	if HostKeyTrust(memory.HostKeyTrust) == TrustedByLog && memory.StartedAt.Equal(p.StartedAt) {
		return doctor.HostKey{Trust: doctor.TrustVerified}
	}
	return doctor.HostKey{}
}
