package manager

import (
	"context"
	"fmt"
	"regexp"
	"time"

	"golang.org/x/crypto/ssh"

	"podbay/state"
)

// ForgetHostKey removes the known host key that the last connection to the pod
// found changed, so that the next connection asks about the key that it finds.
func (m *Manager) ForgetHostKey(_ context.Context, podID string) error {
	m.mu.Lock()
	name, ok := m.changed[podID]
	m.mu.Unlock()
	if !ok {
		return fmt.Errorf("no changed host key was seen on pod %s: connect to it first", podID)
	}
	removed, err := m.known.Forget(name)
	switch {
	case err != nil:
		return fmt.Errorf("cannot forget the host key of %s: %w", name, err)
	case removed == 0:
		return fmt.Errorf("cannot forget the host key of %s: no line of %s names it alone; take out the line with a pattern by hand", name, m.known.Path)
	}
	m.remember(podID, func(p *state.PodMemory) { p.HostKeySeen, p.StartedAt = time.Time{}, time.Time{} })
	m.mu.Lock()
	delete(m.changed, podID)
	m.mu.Unlock()
	return nil
}

// podIDs are those that may name a host key: RunPod's have 14 letters and digits.
// Anything else could name other hosts in a known_hosts file.
var podIDs = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]{0,63}$`)

// hostKeyAlias is the name under which a pod's host key is kept, OpenSSH's
// HostKeyAlias: "runpod-PODID", since addresses are handed on to other pods.
func hostKeyAlias(podID string) (string, error) {
	if !podIDs.MatchString(podID) {
		return "", fmt.Errorf("%q is no pod ID that may name a host key: one has 1 to 64 letters, digits and inner '-'", podID)
	}
	return "runpod-" + podID, nil
}

// TrustHostKey keeps key as the pod's, as though it had been accepted on an
// earlier visit.
func (m *Manager) TrustHostKey(podID string, key ssh.PublicKey) error {
	name, err := hostKeyAlias(podID)
	if err != nil {
		return err
	}
	return m.known.Add(name, key)
}
