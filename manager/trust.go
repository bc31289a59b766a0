package manager

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/crypto/ssh"

	"podbay/sshconn"
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

// hostKeyAlias is the name under which a pod's host key is kept; "" for an ID that
// has none.
func hostKeyAlias(podID string) string {
	name, err := sshconn.HostKeyName(podID)
	if err != nil {
		return ""
	}
	return name
}

// TrustHostKey keeps key as the pod's, as though it had been accepted on an
// earlier visit.
func (m *Manager) TrustHostKey(podID string, key ssh.PublicKey) error {
	name, err := sshconn.HostKeyName(podID)
	if err != nil {
		return err
	}
	return m.known.Add(name, key)
}
