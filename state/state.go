// Package state is what podbay remembers between runs: per pod, which key it
// took, when a login was last tried, when its host key was first seen, and which
// shells were left running on it; per account, which keys were registered and
// removed from this machine, and what was registered before each of these changes;
// and the pods that were listed last. Files are 0600, written atomically, and but
// for the last list guarded by a lock against a second podbay. It imports nothing
// of podbay.
//
// The memory is a convenience: without it podbay asks and tries more, and
// decides nothing else. It holds no secret, with one exception: a backup of the
// registered keys is byte for byte what was registered, also when that was a
// private key by mistake.
package state

import "time"

// Store is the folder of podbay's memory; it is made at the first update. A file
// that does not hold a memory is moved aside, never overwritten unread. A Store
// may be used by several goroutines and several processes.
type Store struct{ Dir string }

// PodMemory is what podbay remembers of one pod.
type PodMemory struct {
	// LastKey is the SHA256 fingerprint of the key that the pod last took.
	LastKey string `json:"lastKey,omitempty"`
	// LoginRefused is when the pod last refused a login; zero after a login that
	// succeeded.
	LoginRefused time.Time `json:"loginRefused,omitzero"`
	// RefusedKeys is how many keys that login offered, RefusedVia the route that
	// it took.
	RefusedKeys int    `json:"refusedKeys,omitempty"`
	RefusedVia  string `json:"refusedVia,omitempty"`
	// Refusal is what was known of the cause.
	Refusal Refusal `json:"refusal,omitzero"`
	// LoginAccepted is when a login last succeeded.
	LoginAccepted time.Time `json:"loginAccepted,omitzero"`
	// LoginStart is the pod's start time, by RunPod's clock, at its last login.
	LoginStart time.Time `json:"loginStart,omitzero"`
	// LoginAddr is the pod's own host:port at its last direct login.
	LoginAddr string `json:"loginAddr,omitempty"`
	// HostKeySeen is when the pod's present host key was first accepted.
	HostKeySeen time.Time `json:"hostKeySeen,omitzero"`
	// StartedAt is the pod's start time, by RunPod's clock, when it last showed
	// that key.
	StartedAt time.Time `json:"startedAt,omitzero"`
	// KeepShells is the answer to whether shells on the pod are kept alive over a
	// bad line: "yes", "no", or "" when nobody was asked.
	KeepShells string `json:"keepShells,omitempty"`
	// HostKey is the SHA256 fingerprint of that key, HostKeyType its type
	// ("ED25519"), HostKeyTrust why it was taken.
	HostKey      string `json:"hostKey,omitempty"`
	HostKeyType  string `json:"hostKeyType,omitempty"`
	HostKeyTrust string `json:"hostKeyTrust,omitempty"`
	// HostKeyStop is what last stopped a connection to the pod at its host key; zero when
	// a key was taken since.
	HostKeyStop HostKeyStop `json:"hostKeyStop,omitzero"`
	// HostKeyUntold is why that key was taken without a question, until the user was
	// told; "" when there is nothing to tell.
	HostKeyUntold string `json:"hostKeyUntold,omitempty"`
}

// HostKeyStop is what was found out about a host key that is not the known one, in
// doctor's words, and of which container at which address.
type HostKeyStop struct {
	Trust     string    `json:"trust"`
	Restarted string    `json:"restarted,omitempty"`
	Logged    string    `json:"logged,omitempty"`
	Addr      string    `json:"addr"`
	StartedAt time.Time `json:"startedAt,omitzero"` // by RunPod's clock
}

// Refusal is what was known of why a login was refused, in doctor's words: facts of
// the server, the account and the pod, not of this machine's files, which a user
// mends meanwhile.
type Refusal struct {
	Offered           string `json:"offered,omitempty"` // SHA256 fingerprints, by spaces
	User              string `json:"user,omitempty"`
	Registered        string `json:"registered,omitempty"` // on the account
	RegisteredLater   bool   `json:"registeredLater,omitempty"`
	SkippedRegistered bool   `json:"skippedRegistered,omitempty"`
	PublicKey         string `json:"publicKey,omitempty"` // what the pod's PUBLIC_KEY holds
	PasswordOnly      bool   `json:"passwordOnly,omitempty"`
	Methods           string `json:"methods,omitempty"`
	MoreWanted        bool   `json:"moreWanted,omitempty"`
	TooMany           bool   `json:"tooMany,omitempty"`
	TypesRefused      string `json:"typesRefused,omitempty"`
}

// newest is when something last happened to the pod.
func (m PodMemory) newest() time.Time {
	newest := m.LoginRefused
	for _, t := range []time.Time{m.LoginAccepted, m.HostKeySeen, m.StartedAt} {
		if t.After(newest) {
			newest = t
		}
	}
	return newest
}

// Pod returns what is remembered of a pod; the zero value when nothing is.
func (s *Store) Pod(id string) (PodMemory, error) {
	pods, err := s.Pods()
	return pods[id], err
}

// Pods returns all that is remembered, by pod ID. Without a memory the map is
// empty, and nothing is written.
func (s *Store) Pods() (map[string]PodMemory, error) {
	var pods map[string]PodMemory
	exists, err := s.exists()
	if err != nil || !exists {
		return map[string]PodMemory{}, err
	}
	err = s.locked(func() (err error) {
		pods, err = s.read()
		return err
	})
	return pods, err
}

// UpdatePod changes what is remembered of a pod, under the lock. A memory that
// change leaves at its zero value is dropped. Beyond maxPods the pods to which
// nothing has happened for the longest time are forgotten.
func (s *Store) UpdatePod(id string, change func(*PodMemory)) error {
	return s.locked(func() error {
		pods, err := s.read()
		if err != nil {
			return err
		}
		memory := pods[id]
		change(&memory)
		if memory == (PodMemory{}) {
			delete(pods, id)
		} else {
			pods[id] = memory
		}
		prune(pods, id)
		return s.write(pods)
	})
}
