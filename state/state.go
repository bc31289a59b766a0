// Package state is what podbay remembers between runs: per pod, which key it
// took, when a login was last tried, and when its host key was first seen. Files are 0600, written atomically, and
// guarded by a lock against a second podbay. It imports nothing of podbay.
package state

import (
	"errors"
	"time"
)

var errNotBuilt = errors.New("not built yet")

// Store is the folder of podbay's memory. A file that cannot be read is moved
// aside, never overwritten unread.
type Store struct{ Dir string }

// PodMemory is what podbay remembers of one pod.
type PodMemory struct {
	// LastKey is the SHA256 fingerprint of the key that the pod last took.
	LastKey string `json:"lastKey,omitempty"`
	// LoginRefused is when the pod last refused a login; zero after a login that
	// succeeded.
	LoginRefused time.Time `json:"loginRefused,omitzero"`
	// LoginAccepted is when a login last succeeded.
	LoginAccepted time.Time `json:"loginAccepted,omitzero"`
	// HostKeySeen is when the pod's present host key was first accepted.
	HostKeySeen time.Time `json:"hostKeySeen,omitzero"`
	// StartedAt is the pod's start time when its host key was accepted.
	StartedAt time.Time `json:"startedAt,omitzero"`
}

// Pod returns what is remembered of a pod; the zero value when nothing is.
func (s *Store) Pod(id string) (PodMemory, error) { return PodMemory{}, errNotBuilt }

// Pods returns all that is remembered, by pod ID.
func (s *Store) Pods() (map[string]PodMemory, error) { return nil, errNotBuilt }

// UpdatePod changes what is remembered of a pod, under the lock.
func (s *Store) UpdatePod(id string, change func(*PodMemory)) error { return errNotBuilt }
