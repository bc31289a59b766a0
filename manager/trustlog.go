package manager

import (
	"context"
	"slices"
	"time"

	"golang.org/x/crypto/ssh"

	"podbay/cleantext"
	"podbay/runpod"
	"podbay/sshconn"
)

const (
	// logPatience bounds the reading of a log: an image that prints no host keys
	// costs as much, once a pod.
	logPatience = 3 * time.Second
	// startPatience bounds asking again when the container was started.
	startPatience = 2 * time.Second
	// logAgain is how long a log without a list is believed to have none, so that
	// a question does not take as long again when it was answered.
	logAgain = time.Minute
)

// readLog is what the log of one container said.
type readLog struct {
	started time.Time // the container's, by RunPod's clock
	at      time.Time
	said    runpod.HostKeyLog
}

// askLog is asked by sshconn about a host key that is not known or not the known
// one. RunPod's proxy has no log.
func (m *Manager) askLog(a *attempt) func(context.Context, ssh.PublicKey) sshconn.Evidence {
	if a.route.Kind != RouteDirect {
		return nil
	}
	return func(ctx context.Context, key ssh.PublicKey) sshconn.Evidence {
		a.progress("comparing the host key with the pod's log")
		said := m.hostKeyLog(ctx, a.pod)
		if !lists(said, key) && m.startedMeanwhile(ctx, a) {
			said = m.hostKeyLog(ctx, a.pod)
		}
		m.mu.Lock()
		memory := m.memory[a.pod.ID]
		m.mu.Unlock()
		e := judgeLog(said, key)
		e.Renewed = startedSince(memory, a.pod) == StartedSinceYes
		e.Unsure = memory.StartedAt.IsZero() || a.pod.StartedAt.IsZero()
		return e
	}
}

func lists(said runpod.HostKeyLog, key ssh.PublicKey) bool {
	fingerprint := ssh.FingerprintSHA256(key)
	return slices.ContainsFunc(said.Keys, func(k runpod.LoggedHostKey) bool { return k.Fingerprint == fingerprint })
}

func judgeLog(said runpod.HostKeyLog, key ssh.PublicKey) sshconn.Evidence {
	e := sshconn.Evidence{Why: said.Why}
	for _, k := range said.Keys {
		e.Listed = append(e.Listed, k.Type+" "+k.Fingerprint)
	}
	switch {
	case lists(said, key):
		e.Says = sshconn.SaysYes
	case len(said.Keys) > 0:
		e.Says = sshconn.SaysOther
	}
	return e
}

// hostKeyLog reads the log of the pod's container. The list of one that was read
// whole does not change while the container runs.
func (m *Manager) hostKeyLog(ctx context.Context, pod runpod.Pod) runpod.HostKeyLog {
	m.mu.Lock()
	read, ok := m.logs[pod.ID]
	m.mu.Unlock()
	if ok && read.started.Equal(pod.StartedAt) && (len(read.said.Keys) > 0 || m.now().Sub(read.at) < logAgain) {
		return read.said
	}
	client, err := m.api()
	if err != nil {
		return runpod.HostKeyLog{Why: "it cannot be asked for: " + err.Error()}
	}
	bounded, cancel := context.WithTimeout(ctx, logPatience)
	defer cancel()
	said, err := client.HostKeyLog(bounded, pod.ID, pod.StartedAt)
	if err != nil {
		m.log.Debug("the log with the host keys cannot be read", "pod", pod.ID, "error", err)
		said.Why = cleantext.Line("it cannot be read: "+err.Error(), maxField)
	}
	if ctx.Err() == nil {
		m.mu.Lock()
		m.logs[pod.ID] = readLog{pod.StartedAt, m.now(), said}
		m.mu.Unlock()
	}
	return said
}

// startedMeanwhile asks RunPod whether the container is still the one that was
// listed: its log is compared, and a start since then makes it another.
func (m *Manager) startedMeanwhile(ctx context.Context, a *attempt) bool {
	client, err := m.api()
	if err != nil {
		return false
	}
	bounded, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	pod, err := client.GetPod(bounded, a.pod.ID)
	if err != nil {
		m.log.Debug("the pod's start cannot be asked for", "pod", a.pod.ID, "error", err)
		return false
	}
	before := a.pod
	m.mu.Lock()
	defer m.mu.Unlock()
	a.pod = *m.note(pod).pod
	a.moved = route(a.pod, a.req.Via).Addr != a.route.Addr
	a.row = m.row(a.pod)
	a.row.Route = a.route
	return !before.StartedAt.Equal(pod.StartedAt)
}
