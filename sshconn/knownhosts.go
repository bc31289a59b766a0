package sshconn

import "golang.org/x/crypto/ssh"

// KnownHosts is a known_hosts file in OpenSSH's format, read line by line: a
// line that cannot be read is kept, counted and skipped, and loses no other.
// It is read anew for each use, so that two podbays see each other's additions.
type KnownHosts struct {
	Path string // created with its directory (0700) and mode 0600 at the first Add
}

// KnownKey is one entry for a name.
type KnownKey struct {
	Key         ssh.PublicKey
	Type        string
	Fingerprint string // SHA256
	Line        int    // 1-based
}

// Lookup returns the keys known under name, in file order, and warnings for
// lines that could not be read. A missing file is an empty one.
func (k *KnownHosts) Lookup(name string) (keys []KnownKey, warnings []string, err error) {
	return nil, nil, errNotBuilt
}

// Add appends a line for name. The file's other lines are kept byte for byte.
func (k *KnownHosts) Add(name string, key ssh.PublicKey) error { return errNotBuilt }

// Forget removes every key known under exactly name; a line that names other
// hosts too keeps them. It reports how many keys were removed.
func (k *KnownHosts) Forget(name string) (int, error) { return 0, errNotBuilt }

// HostKeyName returns the name under which a pod's host key is known,
// "runpod-PODID". An ID that is not plain letters, digits and '-' is refused:
// in a known_hosts file it could name other hosts.
func HostKeyName(podID string) (string, error) { return "", errNotBuilt }
