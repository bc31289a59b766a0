// Package identity finds what this machine can sign with: key files, the
// agent, and what ~/.ssh/config says of both.
//
// Nothing here asks the user: what needs a passphrase says so with an error, and
// the caller asks. Nothing is written.
package identity

import (
	"context"
	"errors"
	"io/fs"

	"golang.org/x/crypto/ssh"
)

var errNotBuilt = errors.New("not built yet")

// Source tells where an identity lives.
type Source string

// The sources.
const (
	SourceFile  Source = "file"
	SourceAgent Source = "agent"
)

// Identity is a private key that one can sign with, or would, were it not for
// Problem.
type Identity struct {
	Source    Source
	Path      string // private key file; "" for a key that only the agent has
	Comment   string // cleaned
	Public    ssh.PublicKey
	Encrypted bool        // the file needs a passphrase
	Mode      fs.FileMode // of the file
	Problem   error       // why the identity cannot be used: mode, owner, unreadable, not a key
}

// Name is what to call the identity in a sentence: its path, with the home
// directory as ~, or the agent's comment.
func (i Identity) Name() string { return i.Path }

// Finder says where to look.
type Finder struct {
	Home   string              // the user's home directory
	Getenv func(string) string // for SSH_AUTH_SOCK
	// Extra are private key files to look at before the usual ones: what the
	// settings name, and what the demo made.
	Extra []string
}

// Query says for which connection identities are wanted, as ~/.ssh/config
// distinguishes hosts.
type Query struct {
	Host string // the host name or address as a user would give it to ssh
	User string
}

// Set is what was found.
type Set struct {
	Identities []Identity // in the order to offer; those with a Problem last
	AgentErr   error      // why the agent could not be asked; nil when there is none
	Notes      []string   // what ~/.ssh/config narrowed: "IdentitiesOnly yes for this host"
	// Unsupported is what ~/.ssh/config asks for this host and podbay does not
	// do, in ssh_config's words: "ProxyJump bastion". "" when nothing.
	Unsupported string
}

// Find looks at the agent and at key files. It fails only when ctx ends; what
// cannot be read is in the Set. An agent that does not answer is given up after
// two seconds.
func (f Finder) Find(ctx context.Context, q Query) (Set, error) { return Set{}, errNotBuilt }

// PassphraseError says that a key file is encrypted and no passphrase, or a
// wrong one, was given.
type PassphraseError struct {
	Path        string
	Fingerprint string // SHA256 of the public half; "" when it is not known without the passphrase
	Wrong       bool   // a passphrase was given and did not fit
}

func (e *PassphraseError) Error() string {
	if e.Wrong {
		return e.Path + ": the passphrase does not fit"
	}
	return e.Path + " is encrypted: its passphrase is needed"
}

// Signer opens the private half. passphrase may be nil; an encrypted file then
// gives a [*PassphraseError].
func (f Finder) Signer(ctx context.Context, id Identity, passphrase []byte) (ssh.Signer, error) {
	return nil, errNotBuilt
}
