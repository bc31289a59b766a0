package manager

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"podbay/cleantext"
	"podbay/state"
)

// Backups lists the kept sets of this API's accounts, the newest first.
func (m *Manager) Backups() ([]Backup, error) {
	saved, err := m.store.Backups()
	if err != nil {
		return nil, err
	}
	account, known := m.knownAccount()
	backups := []Backup{}
	for _, b := range saved {
		if b.Account.Origin != m.opts.Origin {
			continue
		}
		backups = append(backups, Backup{Path: b.Path, At: b.At, Keys: len(b.Keys), OtherKey: known && b.Account != account})
	}
	return backups, nil
}

// PlanRestore works out how the account would change if the keys of a backup that
// are gone were put back. It takes none away, and puts no entry back that is not
// valid.
//
// It is a three-way merge of the backup, what the account has, and what podbay
// knows of the time between: a key that was removed from this machine since, or
// that was gone already when podbay last changed the keys, stays away unless
// [RestoreRequest].Removed is set. One that vanished after that, without this
// podbay, is put back.
func (m *Manager) PlanRestore(ctx context.Context, req RestoreRequest) (KeyPlan, error) {
	now, err := m.look(ctx)
	if err != nil {
		return KeyPlan{}, err
	}
	backup, err := m.findBackup(req.Path, now.account)
	if err != nil {
		return KeyPlan{}, err
	}
	if backup.Account.Origin != m.opts.Origin {
		return KeyPlan{}, fmt.Errorf("%s is a backup of the keys at %s, not at %s: name another one; podbay keys restore lists them",
			backup.Path, cleantext.Line(backup.Account.Origin, maxField), m.opts.Origin)
	}
	record := m.keyRecord(now.account)
	record.Removed = m.removedFrom(now.account.Origin)
	d := now.draft()
	d.keepAll()
	if backup.Account != now.account {
		d.warn("The backup was made with another API key: make sure that it is of this account.")
	}
	there := keysOf(d.want)
	for _, line := range backup.Keys {
		d.restore(line, there, backup.At, record, req.Removed)
	}
	return d.KeyPlan, nil
}

// restore decides on one entry of a backup.
func (d *draft) restore(line string, there map[string]bool, at time.Time, record state.KeyRecord, removedToo bool) {
	key, ok := validKey(line)
	switch {
	case !ok && !slices.Contains(d.base, line):
		d.warn("An entry of the backup that is no valid key is left out.")
		return
	case !ok || there[key]:
		return
	}
	there[key] = true
	removed, wasRemoved := record.Removed[key]
	wasRemoved = wasRemoved && !removed.Before(at)
	gone := !record.KnownAt.IsZero() && !record.KnownAt.Before(at) && !slices.Contains(record.Known, key)
	without := ", without this podbay"
	if record.KnownAt.IsZero() {
		without = "" // it knows nothing of what was done with another API key
	}
	reason := "It vanished since the backup" + without + ": make sure that nobody revoked it."
	switch {
	case wasRemoved:
		reason = "It was removed from this machine on " + onDay(removed) + "."
	case gone:
		reason = "It was gone already when podbay last changed the keys, on " + onDay(record.KnownAt) + ": it may have been revoked."
	}
	if (wasRemoved || gone) && !removedToo {
		d.Diff = append(d.Diff, DiffLine{Op: DiffAway, Line: shownLine(line), Reason: reason + " It stays away unless removed keys are asked for as well."})
		return
	}
	d.add(line, reason)
}

func onDay(at time.Time) string { return at.UTC().Format("2006-01-02 15:04 UTC") }

// findBackup is the backup at path, or the newest of the account.
func (m *Manager) findBackup(path string, account state.Account) (state.KeyBackup, error) {
	if path != "" {
		return state.ReadBackup(path)
	}
	saved, err := m.store.Backups()
	if err != nil {
		return state.KeyBackup{}, err
	}
	for _, b := range saved {
		if b.Account == account {
			return b, nil
		}
	}
	if len(saved) > 0 {
		return state.KeyBackup{}, errors.New("there is no backup that was made with this API key: podbay keys restore --list shows the others, name one of them")
	}
	return state.KeyBackup{}, errors.New("there is no backup of this account's keys: podbay makes one before each change")
}
