package manager

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"

	"podbay/cleantext"
	"podbay/identity"
	"podbay/sshkey"
)

// Keys tells which keys there are, on this machine and on the account. An account
// that cannot be read costs the knowledge of it: RegisteredErr says why. The error
// is ctx's alone.
func (m *Manager) Keys(ctx context.Context) (KeyReport, error) {
	local, found, err := m.localIDs(ctx)
	if err != nil {
		return KeyReport{}, err
	}
	report := KeyReport{Notes: found.Notes}
	if found.AgentErr != nil {
		report.Notes = append(report.Notes, "ssh-agent: "+found.AgentErr.Error())
	}
	if report.NewPath, err = m.finder.FreePath(); err != nil {
		report.Notes = append(report.Notes, err.Error())
	} else if said := m.finder.DisplayName(report.NewPath); m.finder.Expand(said) == report.NewPath {
		report.NewPath = said // a form has little room
	}
	now, err := m.readAccount(ctx, local)
	if ctx.Err() != nil {
		return KeyReport{}, fmt.Errorf("looking for keys was given up: %w", context.Cause(ctx))
	}
	registered := keysOf(now.lines)
	for _, id := range local {
		report.Local = append(report.Local, localKey(id, registered))
	}
	slices.SortStableFunc(report.Local, func(a, b LocalKey) int { return a.rank() - b.rank() })
	if err != nil {
		report.RegisteredErr = err
		return report, nil
	}
	for i, entry := range now.set.Entries {
		report.Registered = append(report.Registered, registeredKey(entry, now.lines[i], local))
	}
	report.Lost = m.lost(now)
	return report, nil
}

// rank orders local keys: those that pods take already first.
func (k LocalKey) rank() int {
	switch {
	case k.Problem != "":
		return 2
	case k.Registered:
		return 0
	}
	return 1
}

// localKey is a key of this machine for the screens.
func localKey(id localID, registered map[string]bool) LocalKey {
	k := LocalKey{
		Name: id.Name(), Path: id.Path, Source: string(id.Source),
		Comment: id.Comment, Encrypted: id.Encrypted,
	}
	if id.Path != "" && id.Mode != 0 && runtime.GOOS != "windows" { // which has access lists instead
		k.Mode = fmt.Sprintf("%04o", id.Mode.Perm())
	}
	if id.Public != nil {
		k.Type = sshkey.TypeName(id.Public)
		k.Fingerprint = id.key.Fingerprint
		k.Line = id.key.Line()
		k.Registered = registered[id.key.Fingerprint]
	}
	problem, _ := errors.AsType[*identity.Problem](id.Problem)
	switch {
	case id.Problem != nil:
		k.Problem = id.Problem.Error()
	case id.Public == nil && id.Flaw != nil:
		k.Problem, problem = id.Flaw.Error(), id.Flaw
	case id.Flaw != nil:
		k.Flaw, problem = id.Flaw.Error(), id.Flaw
	}
	if problem != nil {
		k.Mend = problem.Mending(id.Name())
	}
	return k
}

// registeredKey is an entry of the account for the screens.
func registeredKey(entry sshkey.Entry, line string, local []localID) RegisteredKey {
	k := RegisteredKey{Line: entryLine(entry, line), Mendable: !stays(entry), Blocks: entry.Blocks}
	_, k.Valid = validKey(line)
	if len(entry.Keys) > 0 {
		key := entry.Keys[0]
		k.Type, k.Fingerprint, k.Comment = sshkey.TypeName(key.PublicKey), key.Fingerprint, key.Comment
		i := slices.IndexFunc(local, func(id localID) bool { return id.Public != nil && id.key.Blob == key.Blob })
		if i >= 0 {
			k.Local = local[i].Name()
		}
	}
	k.Finding = sentences(entry.Findings)
	if entry.Action == sshkey.Replace {
		k.Mended = cleantext.Line(strings.Join(entry.Lines, "\n"), maxKeyLine)
	}
	return k
}

// CreateKey makes an ed25519 key for this machine, mode 0600 and its public half
// beside it. An existing file is never overwritten.
func (m *Manager) CreateKey(ctx context.Context, key NewKey) (LocalKey, error) {
	if err := ctx.Err(); err != nil {
		return LocalKey{}, fmt.Errorf("no key was made: %w", context.Cause(ctx))
	}
	id, err := m.finder.Create(identity.CreateOptions{Path: key.Path, Comment: key.Comment, Passphrase: key.Passphrase})
	if err != nil {
		return LocalKey{}, err
	}
	m.mu.Lock()
	registered := m.registered.fingerprints
	m.mu.Unlock()
	made := localKey(localID{id, sshkey.NewKey(id.Public, id.Comment)}, registered)
	if found, err := m.finder.Find(ctx, identity.Query{}); err == nil {
		made.Unseen = !slices.ContainsFunc(found.Identities, func(other identity.Identity) bool { return other.Path == id.Path })
	}
	if made.Unseen {
		m.mu.Lock()
		m.created = append(m.created, id.Path)
		m.mu.Unlock()
	}
	return made, nil
}

// keyFinder also looks at the keys that were made in this run, wherever they are.
func (m *Manager) keyFinder() identity.Finder {
	m.mu.Lock()
	defer m.mu.Unlock()
	f := m.finder
	f.Extra = slices.Concat(f.Extra, m.created)
	return f
}

// MendLocal mends what is wrong with a private key file, as LocalKey.Mend says,
// and tells what it did. It returns [*PassphraseWanted] when the file must be
// decrypted for that; passphrase is the answer to it and may be nil.
func (m *Manager) MendLocal(ctx context.Context, path string, passphrase []byte) (did string, err error) {
	id := m.finder.Load(path)
	did, err = m.finder.Mend(ctx, id, passphrase)
	if wanted, ok := errors.AsType[*identity.PassphraseError](err); ok {
		return "", &PassphraseWanted{Path: wanted.Path, Name: id.Name(), Fingerprint: wanted.Fingerprint, Wrong: wanted.Wrong}
	}
	return did, err
}

// KeyText reads the file that a person names for a key to register, and returns
// the text to give to PlanAdd or CheckKeyText. Of a private key file it is the
// public half and never the file's text. Its error offers the nearest names when
// there is no such file.
func (m *Manager) KeyText(ctx context.Context, path string) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	text, note, err := m.finder.PublicText(path)
	if note != "" {
		m.log.Info(note)
	}
	return text, err
}

// CheckKeyText says what a text is that should be one or more public keys. The
// fingerprint of a key of this machine is mended to that key. The error is ctx's
// alone.
func (m *Manager) CheckKeyText(ctx context.Context, text string) (KeyCheck, error) {
	local, _, err := m.localIDs(ctx)
	if err != nil {
		return KeyCheck{}, err
	}
	judged := sshkey.Judge(text)
	check := KeyCheck{
		Valid:  judged.Valid(),
		Mended: judged.Mended,
		Leaked: judged.Has(sshkey.Private) || judged.Has(sshkey.PuTTYPrivate),
	}
	if len(check.Mended) == 0 && !check.Leaked {
		check.Mended = meantBy(judged, publicKeys(local))
	}
	for _, f := range judged.Findings {
		check.Findings = append(check.Findings, KeyFinding{
			ID: string(f.ID), Sentence: f.Sentence, Remedy: f.Remedy, Fine: f.Weight < sshkey.Weak,
		})
	}
	for _, key := range judged.Keys {
		check.Keys = append(check.Keys, key.String())
	}
	return check, nil
}
