package manager

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"podbay/identity"
	"podbay/sshkey"
	"podbay/state"
)

// accountKeys is what the account has registered, read just now.
type accountKeys struct {
	account state.Account
	lines   []string
	set     sshkey.SetResult
	local   []localID
}

// localID is a key of this machine.
type localID struct {
	identity.Identity
	key sshkey.Key // the plain one of a certificate; zero when it is not known
}

// localIDs are the keys of this machine, in the order to offer them.
func (m *Manager) localIDs(ctx context.Context) ([]localID, identity.Set, error) {
	found, err := m.keyFinder().Find(ctx, identity.Query{})
	if err != nil {
		return nil, found, fmt.Errorf("looking for keys was given up: %w", err)
	}
	ids := make([]localID, len(found.Identities))
	for i, id := range found.Identities {
		ids[i].Identity = id
		if id.Public != nil {
			ids[i].key = sshkey.NewKey(plainKey(id.Public), id.Comment)
		}
	}
	return ids, found, nil
}

func publicKeys(ids []localID) []sshkey.Key {
	var keys []sshkey.Key
	for _, id := range ids {
		if id.Public != nil {
			keys = append(keys, id.key)
		}
	}
	return keys
}

// readAccount reads what is registered and judges it in the light of the local
// keys.
func (m *Manager) readAccount(ctx context.Context, local []localID) (accountKeys, error) {
	client, err := m.api()
	if err != nil {
		return accountKeys{}, err
	}
	lines, err := client.SSHKeys(ctx)
	if err != nil {
		return accountKeys{}, m.callError(err)
	}
	m.learnt(lines)
	account, err := m.stateAccount()
	if err != nil {
		m.log.Warn("what was registered from here cannot be told", "error", err)
	}
	return accountKeys{account: account, lines: lines, set: sshkey.JudgeSet(lines, publicKeys(local)), local: local}, nil
}

func (m *Manager) look(ctx context.Context) (accountKeys, error) {
	local, _, err := m.localIDs(ctx)
	if err != nil {
		return accountKeys{}, err
	}
	return m.readAccount(ctx, local)
}

// learnt keeps which keys are registered, for the order in which they are offered.
func (m *Manager) learnt(lines []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.registered.learn(lines, m.now())
}

// PlanAdd works out how the account would change with the keys in text: public
// lines, or anything that can be mended to some, a fingerprint of a local key
// included. A key that is registered already, whatever its comment, changes
// nothing; Warnings say so. Private keys are refused. Where RunPod refuses every
// write for what is registered, its mending is part of the plan.
func (m *Manager) PlanAdd(ctx context.Context, text string) (KeyPlan, error) {
	now, err := m.look(ctx)
	if err != nil {
		return KeyPlan{}, err
	}
	lines, judged, err := addable(text, publicKeys(now.local))
	if err != nil {
		return KeyPlan{}, err
	}
	d := now.draft()
	d.keepAll()
	for _, f := range judged.Findings {
		if f.ID != sshkey.Valid && f.ID != sshkey.Print {
			d.warn("The key to add: " + f.Sentence)
		}
	}
	there := keysOf(d.want)
	for _, line := range lines {
		key, _ := validKey(line)
		if there[key] {
			d.warn(key + " is registered already.")
			continue
		}
		there[key] = true
		d.add(line, "The key to add.")
	}
	return d.KeyPlan, nil
}

// addable is the lines that a person meant by text.
func addable(text string, local []sshkey.Key) ([]string, sshkey.Result, error) {
	judged := sshkey.Judge(text)
	if judged.Has(sshkey.Private) {
		return nil, judged, refused(judged, sshkey.Private)
	}
	if len(judged.Mended) > 0 {
		return judged.Mended, judged, nil
	}
	if lines := meantBy(judged, local); len(lines) > 0 {
		return lines, judged, nil
	}
	return nil, judged, refused(judged, judged.Findings[0].ID)
}

func refused(judged sshkey.Result, id sshkey.FindingID) error {
	for _, f := range judged.Findings {
		if f.ID == id {
			return fmt.Errorf("nothing can be added: %s", strings.TrimSpace(f.Sentence+" "+f.Remedy))
		}
	}
	return errors.New("nothing can be added: there is no public key in this text")
}

// meantBy is the lines of the local keys whose fingerprints the text has; nil
// when one of them is not here.
func meantBy(judged sshkey.Result, local []sshkey.Key) []string {
	var lines []string
	for _, print := range judged.Prints {
		i := slices.IndexFunc(local, func(k sshkey.Key) bool { return k.Matches(print) })
		if i < 0 {
			return nil
		}
		if line := local[i].Line(); sshkey.Judge(line).Valid() {
			lines = append(lines, line)
		}
	}
	return lines
}

// PlanFix works out how the account would change if what is wrong with its
// entries were mended. Entries that do nothing go: a key that is there twice, one
// that servers refuse, what is no key.
func (m *Manager) PlanFix(ctx context.Context) (KeyPlan, error) {
	now, err := m.look(ctx)
	if err != nil {
		return KeyPlan{}, err
	}
	d := now.draft()
	d.mendAll(true)
	return d.KeyPlan, nil
}

// minPrefix is how much of a fingerprint must be given.
const minPrefix = 4

// PlanRemove works out how the account would change without the key that has this
// fingerprint: SHA256 or MD5, or the beginning of one that fits no other
// registered key.
func (m *Manager) PlanRemove(ctx context.Context, fingerprint string) (KeyPlan, error) {
	now, err := m.look(ctx)
	if err != nil {
		return KeyPlan{}, err
	}
	key, err := now.find(fingerprint)
	if err != nil {
		return KeyPlan{}, err
	}
	d := now.draft()
	blocked := d.set.Blocked()
	for i, entry := range d.set.Entries {
		has := slices.ContainsFunc(entry.Keys, func(k sshkey.Key) bool { return k.Blob == key.Blob })
		switch {
		case has:
			d.removeFrom(i, key)
		case blocked:
			d.mend(i, false)
		default:
			d.keep(d.base[i], entryLine(entry, d.base[i]))
		}
	}
	d.warnLeaked()
	if blocked {
		d.warn("RunPod refuses every change while one of the registered entries is malformed, so what is wrong with them is mended as well.")
	}
	if len(keysOf(d.want)) == 0 {
		d.warn("No key is left then: pods that are created later cannot be logged in to.")
	}
	if slices.ContainsFunc(publicKeys(now.local), func(k sshkey.Key) bool { return k.Blob == key.Blob }) {
		d.warn("It is a key of this machine.")
	}
	d.warn("Pods that have the key already keep it: it is removed from those that are created later.")
	return d.KeyPlan, nil
}

// removeFrom takes one key out of an entry; its other keys stay, each in a line.
func (d *draft) removeFrom(i int, key sshkey.Key) {
	entry := d.set.Entries[i]
	d.remove(entryLine(entry, d.base[i]), "The key to remove.")
	if entry.Action != sshkey.Replace {
		return
	}
	for _, line := range entry.Lines {
		if strings.Fields(line)[1] != key.Blob {
			d.add(line, "It stood in the same entry.")
		}
	}
}

// find is the registered key that a person means by a fingerprint.
func (a accountKeys) find(fingerprint string) (sshkey.Key, error) {
	fingerprint = strings.TrimSpace(fingerprint)
	bare := strings.TrimPrefix(strings.TrimPrefix(fingerprint, "SHA256:"), "MD5:")
	if len(bare) < minPrefix {
		return sshkey.Key{}, fmt.Errorf("%.60q is too short to be the beginning of a fingerprint: podbay keys lists them", fingerprint)
	}
	fits := func(k sshkey.Key) bool {
		for _, full := range []string{k.Fingerprint, k.MD5} {
			_, rest, _ := strings.Cut(full, ":")
			if strings.HasPrefix(full, fingerprint) || strings.HasPrefix(rest, fingerprint) {
				return true
			}
		}
		return false
	}
	var found []sshkey.Key
	for _, entry := range a.set.Entries {
		for _, key := range entry.Keys {
			known := slices.ContainsFunc(found, func(k sshkey.Key) bool { return k.Blob == key.Blob })
			if !known && fits(key) {
				found = append(found, key)
			}
		}
	}
	switch len(found) {
	case 0:
		return sshkey.Key{}, fmt.Errorf("no registered key has the fingerprint %.60q: podbay keys lists them", fingerprint)
	case 1:
		return found[0], nil
	}
	return sshkey.Key{}, fmt.Errorf("%.60q fits %d registered keys: give more of the fingerprint", fingerprint, len(found))
}
