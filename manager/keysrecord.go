package manager

import (
	"context"
	"slices"
	"time"

	"podbay/sshkey"
	"podbay/state"
)

// stateAccount is how podbay's memory tells the account from others. RunPod names
// no account, so that the API key stands for it, hashed: two accounts never mix,
// which could offer one's keys to the other. The price is that after a change of
// the API key the memory begins anew; see adopted.
func (m *Manager) stateAccount() (state.Account, error) {
	m.mu.Lock()
	secret := m.key.Key.Reveal()
	m.mu.Unlock()
	account := state.Account{Origin: m.opts.Origin}
	if secret == "" {
		return account, ErrNoAPIKey
	}
	tag, err := m.store.Tag(secret)
	account.Tag = tag
	return account, err
}

// knownAccount is stateAccount where an API key was found already or can be.
func (m *Manager) knownAccount() (state.Account, bool) {
	if _, err := m.api(); err != nil {
		return state.Account{}, false
	}
	account, err := m.stateAccount()
	return account, err == nil
}

// keyRecord is what is remembered of an account; empty when nothing is.
func (m *Manager) keyRecord(account state.Account) state.KeyRecord {
	records, err := m.store.KeyRecords(account.Origin)
	if err != nil {
		m.log.Warn("what was registered from here cannot be told", "error", err)
	}
	for _, r := range records {
		if r.Account == account {
			return r
		}
	}
	return state.KeyRecord{Account: account}
}

// removedFrom is when keys were last removed from this machine, by fingerprint, with
// whichever API key: it may have been replaced since.
func (m *Manager) removedFrom(origin string) map[string]time.Time {
	records, err := m.store.KeyRecords(origin)
	if err != nil {
		m.log.Warn("what was removed from here cannot be told", "error", err)
	}
	removed := map[string]time.Time{}
	for _, r := range records {
		for print, at := range r.Removed {
			if at.After(removed[print]) {
				removed[print] = at
			}
		}
	}
	return removed
}

// adopted takes over what was remembered under another API key of the origin, as
// far as it is true of this account at this moment: keys that are registered now.
func (m *Manager) adopted(account state.Account, there map[string]bool) state.KeyRecord {
	own := m.keyRecord(account)
	records, err := m.store.KeyRecords(account.Origin)
	if err != nil || len(own.Registered) > 0 || !own.KnownAt.IsZero() {
		return own
	}
	found := map[string]state.RegisteredKey{}
	for _, r := range records {
		for key, registered := range r.Registered {
			if there[key] {
				found[key] = registered
			}
		}
	}
	if len(found) == 0 {
		return own
	}
	own.Registered = found
	if err := m.store.UpdateKeyRecord(account, func(r *state.KeyRecord) { r.Registered = found }); err != nil {
		m.log.Warn("what was registered from here cannot be kept", "error", err)
	}
	return own
}

// lost is the keys that were registered from here and that no entry of the account
// has any more, the one registered first coming first.
func (m *Manager) lost(now accountKeys) []RegisteredKey {
	there := map[string]bool{}
	for _, entry := range now.set.Entries {
		for _, key := range entry.Keys {
			there[key.Fingerprint] = true
		}
	}
	record := m.adopted(now.account, there)
	var lines []state.RegisteredKey
	for key, registered := range record.Registered {
		if !there[key] {
			lines = append(lines, registered)
		}
	}
	slices.SortFunc(lines, func(a, b state.RegisteredKey) int { return a.At.Compare(b.At) })
	var lost []RegisteredKey
	for _, registered := range lines {
		for _, entry := range sshkey.JudgeSet([]string{registered.Line}, nil).Entries {
			lost = append(lost, registeredKey(entry, registered.Line, now.local))
		}
	}
	return lost
}

// ForgetLost ends KeyReport.Lost for a key that is gone on purpose.
func (m *Manager) ForgetLost(ctx context.Context, fingerprint string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if _, err := m.api(); err != nil {
		return err
	}
	account, err := m.stateAccount()
	if err != nil {
		return err
	}
	return m.store.UpdateKeyRecord(account, func(r *state.KeyRecord) { delete(r.Registered, fingerprint) })
}

// conclude counts what was done, names what vanished, and remembers the change.
func (w *keyWriter) conclude(final []string) {
	base, want, there := keysOf(w.plan.base), keysOf(w.plan.want), keysOf(final)
	if w.outcome.Rounds > 0 {
		w.outcome.Added, w.outcome.Removed = w.plan.counts()
	}
	for key, line := range w.seen {
		if !there[key] && (want[key] || !base[key]) {
			w.warn("A key of others vanished meanwhile, and was left so: " + shownLine(line) + ". Another machine removed it, or wrote over it.")
		}
	}
	now := w.m.now()
	err := w.m.store.UpdateKeyRecord(w.plan.account, func(r *state.KeyRecord) {
		for _, line := range w.plan.want {
			if key, ok := validKey(line); ok && !base[key] && there[key] {
				r.Registered[key] = state.RegisteredKey{Line: line, At: now}
				delete(r.Removed, key)
			}
		}
		for key := range base {
			if !want[key] && !there[key] {
				delete(r.Registered, key)
				r.Removed[key] = now
			}
		}
		r.Known, r.KnownAt = entryIDs(final), now
	})
	if err != nil {
		w.warn("The change was made, and cannot be remembered: " + err.Error())
	}
	w.m.learnt(final)
}

// counts is how many entries a plan adds and removes.
func (p KeyPlan) counts() (added, removed int) {
	for _, line := range p.Diff {
		switch line.Op {
		case DiffAdd:
			added++
		case DiffRemove:
			removed++
		}
	}
	return added, removed
}
