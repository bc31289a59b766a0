// Package identity finds what this machine can sign with: key files, the
// agent, and what ~/.ssh/config says of both. It creates key files, and mends
// what is wrong with them.
//
// Nothing here asks the user: what needs a passphrase says so with an error, and
// the caller asks. Only Create and Mend write, and neither ever overwrites or
// removes a file that was there.
package identity

import (
	"context"
	"io/fs"
	"time"

	"golang.org/x/crypto/ssh"

	"podbay/cleantext"
	"podbay/sshkey"
)

// Source tells where an identity lives.
type Source string

// The sources.
const (
	SourceFile  Source = "file"
	SourceAgent Source = "agent"
)

// Identity is a private key that one can sign with, or would, were it not for
// Problem.
//
// A key that is both in a file and in the agent is one identity. Its Source is
// the file when that can be opened without a passphrase, else the agent.
type Identity struct {
	Source    Source
	Path      string        // private key file; "" for a key that only the agent has
	Comment   string        // cleaned
	Public    ssh.PublicKey // nil when it is not known without the passphrase
	Encrypted bool          // signing needs the file's passphrase
	Mode      fs.FileMode   // of the file
	Problem   error         // why the identity cannot be used, a *Problem: mode, unreadable, not a key
	Flaw      *Problem      // what is wrong with its files without being in the way; nil when nothing is

	name  string // the path with ~ for the home directory, cleaned
	agent string // address of the agent that has the key
}

// Name is what to call the identity in a sentence: its path, with the home
// directory as ~, or the agent's comment, or the fingerprint. It is cleaned.
func (i Identity) Name() string {
	switch {
	case i.name != "":
		return i.name
	case i.Path != "":
		return cleantext.Line(i.Path, 0)
	case i.Comment != "" || i.Public == nil:
		return i.Comment
	}
	return sshkey.Fingerprint(i.Public)
}

// Finder says where to look.
type Finder struct {
	Home   string              // the user's home directory
	Getenv func(string) string // for SSH_AUTH_SOCK and what ~/.ssh/config refers to
	// Extra are private key files to look at before the usual ones: what the
	// settings name, and what the demo made.
	Extra []string
	// NoAgent keeps every agent out, also the one that Windows has without
	// SSH_AUTH_SOCK.
	NoAgent bool
	// AgentTimeout is how long the agent may take to be reached and to list its
	// keys; 0 means two seconds.
	AgentTimeout time.Duration
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
	Agent      AgentState // "" when there is no agent
	Notes      []string   // what ~/.ssh/config narrowed: "IdentitiesOnly yes for this host"
	// Narrowed is the setting of ~/.ssh/config that keeps other keys from being
	// offered to this host: "IdentitiesOnly yes"; "" when none does.
	Narrowed string
	// Unsupported is what ~/.ssh/config asks for this host and podbay does not
	// do, in ssh_config's words: "ProxyJump bastion". "" when nothing.
	Unsupported string
}

// PassphraseError says that a key file is encrypted and no passphrase, or a
// wrong one, was given.
type PassphraseError struct {
	Path        string
	Fingerprint string // SHA256 of the public half; "" when it is not known without the passphrase
	Wrong       bool   // a passphrase was given and did not fit
}

func (e *PassphraseError) Error() string {
	path := cleantext.Line(e.Path, 0)
	if e.Wrong {
		return path + ": the passphrase does not fit"
	}
	return path + " is encrypted: its passphrase is needed"
}

// Signer opens the private half. passphrase may be nil; an encrypted file then
// gives a [*PassphraseError]. RSA keys sign with SHA-2 alone.
//
// A key in the agent is asked for each signature anew; that may wait for a touch
// or a confirmation, for as long as ctx lasts, and fails once ctx has ended.
func (f Finder) Signer(ctx context.Context, id Identity, passphrase []byte) (ssh.Signer, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if id.Problem != nil {
		return nil, id.Problem
	}
	if id.Source == SourceAgent {
		return sha2Only(&agentSigner{ctx: ctx, address: id.agent, timeout: f.agentTimeout(), public: id.Public, name: id.Name()})
	}
	key, err := openFile(id, passphrase)
	if err != nil {
		return nil, err
	}
	return sha2Only(key.signer)
}

// sha2Only keeps an RSA key from signing with SHA-1, which servers refuse.
func sha2Only(signer ssh.Signer) (ssh.Signer, error) {
	key := signer.PublicKey()
	if cert, ok := key.(*ssh.Certificate); ok {
		key = cert.Key
	}
	algorithms, ok := signer.(ssh.AlgorithmSigner)
	if !ok || key.Type() != ssh.KeyAlgoRSA {
		return signer, nil
	}
	return ssh.NewSignerWithAlgorithms(algorithms, []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256})
}
