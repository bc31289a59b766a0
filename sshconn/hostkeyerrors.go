package sshconn

import (
	"fmt"
	"strings"

	"golang.org/x/crypto/ssh"
)

// HostKeyUnknownError is a question: nothing is known under Name, and nothing
// settles whether this is its key.
type HostKeyUnknownError struct {
	Name        string
	Addr        string
	Key         ssh.PublicKey
	Fingerprint string // SHA256, as ssh-keygen -lf prints it
	Evidence    Evidence
	Elsewhere   []string // other names that have this key in HostKeys: a key that others have proves nothing
	UserLines   []string // "FILE line N" of UserHostKeys that have this key for Name or Addr
}

func (e *HostKeyUnknownError) Error() string {
	return fmt.Sprintf("the host key of %s (%s) is not known yet: compare its fingerprint %s with the server's own before you accept it",
		e.Name, e.Addr, e.Fingerprint)
}

// HostKeyChangedError is a host that showed another key than the known ones, or
// than those that the evidence lists.
type HostKeyChangedError struct {
	Name        string
	Addr        string
	Key         ssh.PublicKey
	Fingerprint string
	Known       []KnownKey // none: it is a first sight, and Evidence lists other keys
	// Asks says that the change has an innocent explanation: AcceptHostKey answers
	// it. Otherwise only a Forget leads on.
	Asks      bool
	Evidence  Evidence
	Elsewhere []string // as in HostKeyUnknownError
	UserLines []string // as in HostKeyUnknownError
}

func (e *HostKeyChangedError) Error() string {
	known := make([]string, len(e.Known))
	for i, k := range e.Known {
		known[i] = k.Fingerprint
	}
	switch {
	case len(known) == 0:
		return fmt.Sprintf("the host key of %s (%s) is not one of the server's: it shows %s, the server's are %s; somebody else may be answering",
			e.Name, e.Addr, e.Fingerprint, strings.Join(e.Evidence.Listed, ", "))
	case e.Asks:
		return fmt.Sprintf("the host key of %s (%s) has changed since the server was set up anew: it shows %s, known is %s; compare it with the server's own before you accept it",
			e.Name, e.Addr, e.Fingerprint, strings.Join(known, ", "))
	}
	return fmt.Sprintf("the host key of %s (%s) has changed: it shows %s, known is %s; if the server was not set up anew, somebody may be listening",
		e.Name, e.Addr, e.Fingerprint, strings.Join(known, ", "))
}

// HostKeyRevokedError is a host that showed a key marked @revoked.
type HostKeyRevokedError struct {
	Name        string
	Addr        string
	Fingerprint string
	File        string
	Line        int
}

func (e *HostKeyRevokedError) Error() string {
	return fmt.Sprintf("the host key of %s (%s) is revoked: %s is marked so in %s line %d; do not connect",
		e.Name, e.Addr, e.Fingerprint, e.File, e.Line)
}
