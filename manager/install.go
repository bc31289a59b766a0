package manager

import (
	"context"
	"errors"
	"time"
)

// InstallRequest says which key to add to a running pod.
type InstallRequest struct {
	PodID       string
	Fingerprint string
	// Command is what the user saw and agreed to: what InstallCommand returned.
	Command string
	// Passphrases are the answers to PassphraseWanted, by its Path.
	Passphrases map[string][]byte
	// AcceptHostKeys are the fingerprints of the HostKeyUnknown questions that the
	// user accepted: both the proxy and the pod may ask one.
	AcceptHostKeys []string
	// Progress, if not nil, is told what is being done, in words that can be
	// drawn. It must not block.
	Progress func(step string)
	// Patience bounds the wait for the shell's first output and the wait for its
	// answer to the command, each; 0 means 20 s.
	Patience time.Duration
}

// Installed is how a key got into a pod.
type Installed struct {
	Verified bool   // a direct login with the key succeeded afterwards
	Sentence string // what was done, and what could not be checked
}

// InstallCommand returns the shell command that adds a key to the account it
// runs in: one line, for any POSIX shell, to be typed once or pasted. It holds
// the key's type and blob and nothing else of it. At its end it prints
// "podbay-0-N" when the key is in place, with a product N that stands nowhere in
// the command; another number before N says that it failed.
func (m *Manager) InstallCommand(ctx context.Context, fingerprint string) (string, error) {
	return "", errors.New("not built yet")
}

// InstallByProxy types Command into a shell that RunPod's proxy opens in the pod,
// once, and nothing else; it leaves by closing the connection. Then it logs in
// directly, without a shell, where the pod has a direct address. It returns
// [*HostKeyUnknown], [*HostKeyChanged] and [*PassphraseWanted] as Connect does,
// before anything is typed.
func (m *Manager) InstallByProxy(ctx context.Context, req InstallRequest) (Installed, error) {
	return Installed{}, errors.New("not built yet")
}
