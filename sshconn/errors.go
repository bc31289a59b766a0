package sshconn

import (
	"errors"

	"golang.org/x/crypto/ssh"
)

// The kinds of ConnectError; ask with errors.Is.
var (
	ErrRefused     = errors.New("connection refused")
	ErrTimeout     = errors.New("no answer in time")
	ErrUnreachable = errors.New("host unreachable")       // no route, or the name does not resolve
	ErrClosed      = errors.New("connection closed")      // by the far side, before authentication ended
	ErrNotSSH      = errors.New("not an SSH server")      // something else answered
	ErrNoAgreement = errors.New("no common algorithm")    // key exchange, cipher, MAC or host-key type
	ErrHandshake   = errors.New("handshake failed")       // anything else in the handshake
	ErrDeadPeer    = errors.New("the far side is silent") // keepalive without an answer
	ErrNoPTY       = errors.New("the server refused a terminal")
	ErrNoShell     = errors.New("the server refused a shell")
)

// ConnectError is a connection that never got as far as authentication.
type ConnectError struct {
	Addr string
	Kind error  // one of the Err values above
	Got  string // what a server that is not SSH said, cleaned
	Err  error  // cause
}

func (e *ConnectError) Error() string { return e.Addr + ": " + e.Kind.Error() }

// Unwrap lets errors.Is find the kind and the cause.
func (e *ConnectError) Unwrap() []error { return []error{e.Kind, e.Err} }

// Attempt is one key that was offered.
type Attempt struct {
	Name        string
	Type        string // "ssh-ed25519"
	Fingerprint string // SHA256
	// Taken says that the server would have taken the key and the signature
	// then failed or was refused.
	Taken bool
}

// AuthError is a login that the server refused.
type AuthError struct {
	Addr    string
	User    string
	Offered []Attempt // in order; empty when there was no key to offer
	Skipped []string  // names of keys that were held back so as not to exceed the server's limit
	Methods []string  // what the server takes: "publickey", "password"; nil when not learnt
	TooMany bool      // the server ended the connection after too many tries
	Banner  string    // the server's message, cleaned
	Err     error
}

func (e *AuthError) Error() string { return e.Addr + ": no key was accepted for " + e.User }

func (e *AuthError) Unwrap() error { return e.Err }

// HostKeyUnknownError is a first sight: nothing is known under Name.
type HostKeyUnknownError struct {
	Name        string
	Addr        string
	Key         ssh.PublicKey
	Fingerprint string // SHA256, as ssh-keygen -lf prints it
}

func (e *HostKeyUnknownError) Error() string {
	return "the host key of " + e.Name + " is not known: " + e.Fingerprint
}

// HostKeyChangedError is a host that showed another key than the known ones.
type HostKeyChangedError struct {
	Name        string
	Addr        string
	Key         ssh.PublicKey
	Fingerprint string
	Known       []KnownKey
}

func (e *HostKeyChangedError) Error() string {
	return "the host key of " + e.Name + " has changed to " + e.Fingerprint
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
	return "the host key of " + e.Name + " is revoked: " + e.Fingerprint
}
