package manager

import (
	"context"
	"errors"
)

// RecreateCost says, a sentence each, what RecreateWithKey costs: what is lost,
// what stays, what changes.
func (m *Manager) RecreateCost(podID string) []string {
	return nil
}

// RecreateWithKey adds a key to the pod's PUBLIC_KEY, which makes RunPod recreate
// the container. Every other variable is written back as it was, and read again.
func (m *Manager) RecreateWithKey(ctx context.Context, podID, fingerprint string) error {
	return errors.New("not built yet")
}
