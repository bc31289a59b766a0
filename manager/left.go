package manager

import (
	"errors"
	"maps"

	"podbay/runpod"
	"podbay/state"
)

// left remembers that a shell may live on a pod from now on. Without its name on the
// disk no other podbay finds it.
func (m *Manager) left(podID string, shell *keptShell) error {
	now := m.now()
	m.mu.Lock()
	m.shells[shell.name] = state.KeptShell{Name: shell.name, PodID: podID, Since: now}
	m.mu.Unlock()
	err := m.store.KeepShell(state.KeptShell{Name: shell.name, PodID: podID, Since: now})
	if err != nil {
		m.log.Warn("a kept shell cannot be remembered", "error", err)
	}
	return err
}

// forget drops a shell that is no more.
func (m *Manager) forget(shell *keptShell) {
	m.mu.Lock()
	delete(m.shells, shell.name)
	m.mu.Unlock()
	shell.release()
	if err := m.store.ForgetShell(shell.name); err != nil {
		m.log.Warn("a kept shell cannot be forgotten", "error", err)
	}
}

// holdsShells tells whether shells can live on a pod of that status.
func holdsShells(status runpod.Status) bool {
	switch status {
	case runpod.StatusExited, runpod.StatusError, runpod.StatusTerminated:
		return false
	}
	return true
}

// forgetShells drops the shells of pods that this account had when it was listed
// before, and that are off or not there any more: what ran there has ended with
// them. That a pod is missing one list does not prove. The lock must be held.
func (m *Manager) forgetShells(from api) {
	if len(m.shells) == 0 || m.closed {
		return
	}
	for _, id := range m.last.order {
		if m.pods[id] == nil {
			m.missing[id] = true
		}
	}
	maps.DeleteFunc(m.missing, func(id string, _ bool) bool { return m.pods[id] != nil })
	shells := map[string][]string{} // the names, by pod ID
	for _, shell := range m.shells {
		l := m.pods[shell.PodID]
		if m.missing[shell.PodID] || l != nil && !holdsShells(l.pod.Status) {
			shells[shell.PodID] = append(shells[shell.PodID], shell.Name)
		}
	}
	if len(shells) == 0 {
		return
	}
	missing := maps.Clone(m.missing)
	m.side.Go(func() {
		defer m.recovered("forgetting the shells of pods that are gone")
		for id, names := range shells {
			if !missing[id] || m.isGone(from, id) {
				m.forgetAll(id, names)
			}
		}
	})
}

// isGone asks whether there is no such pod any more.
func (m *Manager) isGone(from api, podID string) bool {
	_, err := from.GetPod(m.sideCtx, podID)
	return errors.Is(err, runpod.ErrNotFound)
}

// forgetAll drops the shells of a pod on which nothing runs any more.
func (m *Manager) forgetAll(podID string, names []string) {
	m.dropKept(podID)
	for _, name := range names {
		if claim, err := m.store.ClaimShell(name); err == nil && claim != nil { // else a session has it still
			m.forget(&keptShell{name, claim})
		}
	}
}

// dropKept closes the connection that is kept to a pod, and forgets its shell.
func (m *Manager) dropKept(podID string) {
	conn, shell := m.kept.take(podID)
	if conn != nil {
		_ = conn.conn.Close()
		shell = conn.shell
	}
	if shell != nil {
		m.forget(shell)
	}
}

// recall learns which shells were left running and belong to nobody now.
func (m *Manager) recall() {
	known, err := m.store.KeptShells()
	if err != nil {
		m.log.Warn("which shells were left running cannot be read", "error", err)
	}
	for _, shell := range known {
		if claim, err := m.store.ClaimShell(shell.Name); err == nil && claim != nil {
			_ = claim.Release()
			m.shells[shell.Name] = shell
		}
	}
}

// keptOn tells of the shell that was left on a pod. The manager's lock must be held.
func (m *Manager) keptOn(podID string) Kept {
	if since, lost, ok := m.kept.of(podID); ok {
		if lost {
			return Kept{since, KeptLineLost}
		}
		return Kept{since, KeptConnected}
	}
	var latest Kept
	for _, shell := range m.shells {
		if shell.PodID == podID && shell.Since.After(latest.Since) {
			latest = Kept{shell.Since, KeptLeft}
		}
	}
	return latest
}

// KeptShells counts the shells to which this podbay keeps a connection.
func (m *Manager) KeptShells() int { return m.kept.count() }
