package manager

import (
	"context"
	"errors"
)

var errKeysNotBuilt = errors.New("not built yet")

// Keys tells which keys there are, on this machine and on the account. An account
// that cannot be read costs the knowledge of it: RegisteredErr says why. The error
// is ctx's alone.
func (m *Manager) Keys(ctx context.Context) (KeyReport, error) { return KeyReport{}, errKeysNotBuilt }

// CreateKey makes an ed25519 key for this machine. An existing file is never
// overwritten.
func (m *Manager) CreateKey(ctx context.Context, key NewKey) (LocalKey, error) {
	return LocalKey{}, errKeysNotBuilt
}

// MendLocal mends what is wrong with a private key file, as LocalKey.Mend says,
// and tells what it did. It returns [*PassphraseWanted] when the file must be
// decrypted for that; passphrase is the answer to it and may be nil.
func (m *Manager) MendLocal(ctx context.Context, path string, passphrase []byte) (did string, err error) {
	return "", errKeysNotBuilt
}

// KeyText reads the file that a person names for a key to register, and returns
// the text to give to PlanAdd or CheckKeyText. Of a private key file it is the
// public half and never the file's text. Its error offers the nearest names when
// there is no such file.
func (m *Manager) KeyText(ctx context.Context, path string) (string, error) {
	return "", errKeysNotBuilt
}

// CheckKeyText says what a text is that should be one or more public keys.
func (m *Manager) CheckKeyText(ctx context.Context, text string) (KeyCheck, error) {
	return KeyCheck{}, errKeysNotBuilt
}

// PlanAdd works out how the account would change with the keys in text: public
// lines, or anything that can be mended to some. Private keys are refused.
func (m *Manager) PlanAdd(ctx context.Context, text string) (KeyPlan, error) {
	return KeyPlan{}, errKeysNotBuilt
}

// PlanFix works out how the account would change if what is wrong with its
// entries were mended.
func (m *Manager) PlanFix(ctx context.Context) (KeyPlan, error) { return KeyPlan{}, errKeysNotBuilt }

// PlanRemove works out how the account would change without the key that has this
// fingerprint: SHA256 or MD5, or the beginning of one that fits no other key.
func (m *Manager) PlanRemove(ctx context.Context, fingerprint string) (KeyPlan, error) {
	return KeyPlan{}, errKeysNotBuilt
}

// PlanRestore works out how the account would change if the keys of a backup that
// are gone were put back. It takes none away.
func (m *Manager) PlanRestore(ctx context.Context, req RestoreRequest) (KeyPlan, error) {
	return KeyPlan{}, errKeysNotBuilt
}

// ApplyKeys makes the change that was planned. It is the only method that writes
// to the account's keys. Errors wrap ErrKeysBusy or ErrKeysUnsettled where they
// are the reason.
func (m *Manager) ApplyKeys(ctx context.Context, plan KeyPlan) (KeyOutcome, error) {
	return KeyOutcome{}, errKeysNotBuilt
}

// Backups lists the kept sets of this API's account, the newest first.
func (m *Manager) Backups() ([]Backup, error) { return nil, errKeysNotBuilt }

// ForgetLost ends KeyReport.Lost for a key that is gone on purpose.
func (m *Manager) ForgetLost(ctx context.Context, fingerprint string) error { return errKeysNotBuilt }
