package manager

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"podbay/doctor"
	"podbay/runpod"
	"podbay/sshconn"
	"podbay/sshkey"
	"podbay/state"
)

// podIDs are those that may name a host key: RunPod's have 14 letters and digits.
// Anything else could name other hosts in a known_hosts file.
var podIDs = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]{0,63}$`)

const aliasPrefix = "runpod-"

// hostKeyAlias is the name under which a pod's host key is kept, OpenSSH's
// HostKeyAlias: "runpod-PODID", since addresses are handed on to other pods.
func hostKeyAlias(podID string) (string, error) {
	if !podIDs.MatchString(podID) {
		return "", fmt.Errorf("%q is no pod ID that may name a host key: one has 1 to 64 letters, digits and inner '-'", podID)
	}
	return aliasPrefix + podID, nil
}

// userHosts are OpenSSH's known_hosts files: the user's (UserKnownHostsFile's
// defaults, ssh_config(5)) and the system's.
func (m *Manager) userHosts() []string {
	folder := filepath.Join(m.opts.Paths.Home, ".ssh")
	return []string{filepath.Join(folder, "known_hosts"), filepath.Join(folder, "known_hosts2"), m.opts.Paths.SystemHosts}
}

// stopped is a connection that was stopped at a host key.
type stopped struct {
	name    string // in known_hosts
	key     ssh.PublicKey
	known   bool      // another key is known
	addr    string    // where: another address is another question
	started time.Time // the container's start, by RunPod's clock: so is another container
	fact    doctor.HostKey
}

// ForgetHostKey removes the known host key that the last connection to the pod
// found changed, so that the next connection asks about the key that it finds.
// The known_hosts file as it was is kept beside it, as known_hosts.old. shown is the
// fingerprint of the key that it was found changed to, as it was agreed to: another
// one seen meanwhile is another question.
func (m *Manager) ForgetHostKey(_ context.Context, podID, shown string) error {
	m.mu.Lock()
	stop, ok := m.stopped[podID]
	m.mu.Unlock()
	if !ok || !stop.known {
		return fmt.Errorf("no changed host key was seen on pod %s: connect to it first", podID)
	}
	if err := stop.showed(podID, shown); err != nil {
		return err
	}
	removed, err := m.known.Forget(stop.name)
	switch {
	case err != nil:
		return fmt.Errorf("cannot forget the host key of %s: %w", stop.name, err)
	case removed == 0:
		return fmt.Errorf("cannot forget the host key of %s: no line of %s names it alone; take out the line with a pattern by hand", stop.name, m.known.Path)
	}
	if stop.isPod() {
		m.remember(podID, forgetHostKey)
	}
	m.released(podID)
	return nil
}

// showed returns an error when shown is not the fingerprint of the key that was met.
func (s stopped) showed(podID, shown string) error {
	if now := ssh.FingerprintSHA256(s.key); now != shown {
		return fmt.Errorf("pod %s has shown another host key meanwhile, %s: nothing was done; connect to it again and compare", podID, now)
	}
	return nil
}

func (s stopped) isAbout(pod runpod.Pod, addr string) bool {
	return s.isPod() && s.addr == addr && s.started.Equal(pod.StartedAt)
}

// remembered is what other podbays, and later ones, are told of it.
func (s stopped) remembered() state.HostKeyStop {
	return state.HostKeyStop{
		Trust: string(s.fact.Trust), Restarted: string(s.fact.Restarted), Logged: string(s.fact.Logged), Addr: s.addr, StartedAt: s.started,
	}
}

func (s stopped) isPod() bool { return strings.HasPrefix(s.name, aliasPrefix) }

func forgetHostKey(p *state.PodMemory) {
	p.HostKeySeen, p.StartedAt = time.Time{}, time.Time{}
	p.HostKey, p.HostKeyType, p.HostKeyTrust, p.HostKeyUntold = "", "", "", ""
	p.HostKeyStop = state.HostKeyStop{}
}

func (m *Manager) released(podID string) {
	m.mu.Lock()
	delete(m.stopped, podID)
	m.mu.Unlock()
}

// TrustAgainstLog keeps the key that the last connection to the pod was shown
// at first sight, although the pod's log lists others. It is the one way on for
// who knows why: host keys that are put in place after the image printed its own.
// shown is that key's fingerprint, as it was agreed to: no other key is kept.
func (m *Manager) TrustAgainstLog(_ context.Context, podID, shown string) error {
	m.mu.Lock()
	stop, ok := m.stopped[podID]
	pod, _ := m.pod(podID)
	m.mu.Unlock()
	if !ok || stop.known {
		return fmt.Errorf("no host key of pod %s was found that its log does not list: connect to it first", podID)
	}
	if err := stop.showed(podID, shown); err != nil {
		return err
	}
	if err := m.known.Add(stop.name, stop.key); err != nil {
		return err
	}
	m.remember(podID, func(p *state.PodMemory) {
		noteHostKey(p, stop.key, TrustedAgainstLog, m.now(), pod.StartedAt)
	})
	m.released(podID)
	return nil
}

// TrustHostKey keeps key as the pod's, as though it had been accepted on an
// earlier visit to the container that was started at startedAt.
func (m *Manager) TrustHostKey(podID string, key ssh.PublicKey, startedAt time.Time) error {
	name, err := hostKeyAlias(podID)
	if err != nil {
		return err
	}
	if err := m.known.Add(name, key); err != nil {
		return err
	}
	m.remember(podID, func(p *state.PodMemory) {
		if p.HostKey == "" { // a host may have several: the first is the one that it is asked for
			noteHostKey(p, key, TrustedByUser, m.now(), startedAt)
		}
	})
	return nil
}

// noteHostKey keeps what is known of a pod's host key. at is when it was trusted.
func noteHostKey(p *state.PodMemory, key ssh.PublicKey, trust HostKeyTrust, at, started time.Time) {
	p.HostKey, p.HostKeyType, p.HostKeyTrust = ssh.FingerprintSHA256(key), sshkey.TypeName(key), string(trust)
	p.HostKeySeen, p.StartedAt, p.HostKeyUntold = at, started, ""
	p.HostKeyStop = state.HostKeyStop{}
}

// takenHostKey remembers a host key that a connection took: before the login,
// which may fail and still has shown it.
func (m *Manager) takenHostKey(a *attempt, key ssh.PublicKey, why sshconn.Trust, unkept error) {
	if unkept != nil {
		m.log.Warn("a host key cannot be kept", "pod", a.pod.ID, "error", unkept)
		a.notice = "its host key could not be written down, so that the next connection checks it anew: " + unkept.Error()
		m.mu.Lock()
		m.unkept[a.pod.ID] = a.notice
		delete(m.stopped, a.pod.ID)
		m.mu.Unlock()
		m.remember(a.pod.ID, func(p *state.PodMemory) { p.HostKeyStop = state.HostKeyStop{} })
		return
	}
	if a.route.Kind != RouteDirect {
		return
	}
	m.mu.Lock()
	memory := m.memory[a.pod.ID]
	delete(m.stopped, a.pod.ID)
	m.mu.Unlock()
	if memory.HostKeyStop != (state.HostKeyStop{}) {
		m.remember(a.pod.ID, func(p *state.PodMemory) { p.HostKeyStop = state.HostKeyStop{} })
	}
	if a.judges && why != sshconn.TrustKnown && why != sshconn.TrustAuthority {
		a.vouched, a.notice = true, judgedNotice(why)
		return
	}
	defer func() { a.notice = m.untoldHostKey(a.pod.ID) }()
	same := memory.HostKey == ssh.FingerprintSHA256(key) && memory.StartedAt.Equal(a.pod.StartedAt)
	if same && why == sshconn.TrustKnown {
		return // nothing new: the disk is left alone
	}
	now := m.now()
	m.remember(a.pod.ID, func(p *state.PodMemory) {
		before := *p
		noteHostKey(p, key, trustOf(why), now, a.pod.StartedAt)
		if why == sshconn.TrustKnown && !before.HostKeySeen.IsZero() {
			p.HostKeyTrust, p.HostKeySeen = before.HostKeyTrust, before.HostKeySeen
		}
		switch why {
		case sshconn.TrustEvidence, sshconn.TrustEvidenceAnew:
			p.HostKeyUntold = string(why)
		case sshconn.TrustKnown, sshconn.TrustAuthority: // what was not told before is still to be told
			p.HostKeyUntold = before.HostKeyUntold
		}
	})
}

// untoldHostKey is what must be said of the pod's host key and was not yet; "" for
// nothing. It outlives the attempt that took the key, which may end in a question,
// and this podbay.
func (m *Manager) untoldHostKey(podID string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if unkept := m.unkept[podID]; unkept != "" {
		return unkept
	}
	memory := m.memory[podID]
	return hostKeyNotice(memory.StartedAt, sshconn.Trust(memory.HostKeyUntold))
}

// toldHostKey is told that the user was.
func (m *Manager) toldHostKey(podID string) {
	m.mu.Lock()
	_, unkept := m.unkept[podID]
	delete(m.unkept, podID)
	m.mu.Unlock()
	if !unkept && m.untoldHostKey(podID) != "" {
		m.remember(podID, func(p *state.PodMemory) { p.HostKeyUntold = "" })
	}
}

func trustOf(why sshconn.Trust) HostKeyTrust {
	switch why {
	case sshconn.TrustEvidence, sshconn.TrustEvidenceAnew:
		return TrustedByLog
	case sshconn.TrustAccepted, sshconn.TrustAcceptedAnew:
		return TrustedByUser
	case sshconn.TrustAuthority:
		return TrustedByAuthority
	}
	return ""
}

// hostKeyNotice is what must be said when a host key was taken without a question.
func hostKeyNotice(started time.Time, why sshconn.Trust) string {
	switch why {
	case sshconn.TrustEvidence:
		return "host key verified by the pod's log"
	case sshconn.TrustEvidenceAnew:
		return "new host key since the pod was started on " + started.UTC().Format(minute) +
			", verified by its log; the one before is kept in known_hosts.old"
	}
	return ""
}

// judgedNotice is what a check-up saw of a key that it does not keep.
func judgedNotice(why sshconn.Trust) string {
	if why == sshconn.TrustEvidenceAnew {
		return "the pod has a new host key since it was started, and its log lists it: podbay puts it in the known one's place when it connects"
	}
	return "the pod's log lists its host key: podbay keeps it when it connects"
}

// askedAbout returns the fingerprint that a host-key error asks about; "" for an
// error that no answer passes.
func askedAbout(err error) string {
	var (
		unknown *sshconn.HostKeyUnknownError
		changed *sshconn.HostKeyChangedError
	)
	switch {
	case errors.As(err, &unknown):
		return unknown.Fingerprint
	case errors.As(err, &changed) && changed.Asks:
		return changed.Fingerprint
	}
	return ""
}

// isHostKey tells whether a connection was stopped at the host key.
func isHostKey(err error) bool {
	var (
		unknown *sshconn.HostKeyUnknownError
		changed *sshconn.HostKeyChangedError
	)
	return errors.As(err, &unknown) || errors.As(err, &changed)
}
