package sshconn

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"time"

	"golang.org/x/crypto/ssh"
)

var errNotBuilt = errors.New("not built yet")

// Key is an identity that Dial may offer.
type Key struct {
	Public ssh.PublicKey
	Name   string // a path or an agent's comment, for messages; cleaned
	// Signer opens the private half. It is called only after the server said
	// that it would take Public. Its error ends the dial and is found in the
	// dial's error with errors.As.
	Signer func(ctx context.Context) (ssh.Signer, error)
}

// Options says whom to dial and as whom.
type Options struct {
	Addr string // "host:port" for TCP
	User string
	// HostKeyName is the name under which the server's key is known: OpenSSH's
	// HostKeyAlias. For a pod "runpod-PODID", so that a changed address is no
	// changed host; for the proxy its host name.
	HostKeyName string
	HostKeys    *KnownHosts
	// AcceptHostKey is the SHA256 fingerprint that the user accepted in answer to
	// a HostKeyUnknownError. An unknown key with this fingerprint is written to
	// HostKeys and used; a changed key never is.
	AcceptHostKey string
	Keys          []Key         // in the order to offer
	Timeout       time.Duration // for TCP, handshake and authentication together; 0 means 20 s
	Logger        *slog.Logger  // nil means none; never receives a secret
	// DialContext opens the TCP connection; nil means net.Dialer's.
	DialContext func(ctx context.Context, network, addr string) (net.Conn, error)
}

// Conn is an authenticated SSH connection.
type Conn struct{}

// Dial connects, checks the host key and authenticates. On failure it returns
// one of:
//
//   - [*ConnectError]: no connection, no SSH, or no handshake; see its Kind
//   - [*HostKeyUnknownError], [*HostKeyChangedError], [*HostKeyRevokedError]
//   - [*AuthError]: the server took none of the keys
//   - the error of a Key's Signer, wrapped
//   - ctx's error, wrapped, when ctx was cancelled
func Dial(ctx context.Context, opts Options) (*Conn, error) { return nil, errNotBuilt }

// Info is what was agreed on when a connection was made.
type Info struct {
	ServerVersion string // cleaned
	KeyExchange   string
	Cipher        string
	HostKeyType   string
	HostKey       string // SHA256 fingerprint
	Identity      string // the Key.Name that the server took
	IdentityKey   string // its SHA256 fingerprint
	Banner        string // the server's message before authentication, cleaned and bounded
}

// Info returns what was agreed on.
func (c *Conn) Info() Info { return Info{} }

// Close ends the connection and everything on it, and waits for its goroutines.
func (c *Conn) Close() error { return nil }

// Done is closed when the connection has ended, whatever ended it.
func (c *Conn) Done() <-chan struct{} { return nil }

// Err is why the connection ended, cleaned; nil before Done is closed and after
// a Close of ours.
func (c *Conn) Err() error { return nil }

// KeepAlive asks the server for a sign of life every interval and ends the
// connection with [ErrDeadPeer] when none came for patience. It returns when the
// connection or ctx ends. Any traffic that arrives counts as a sign of life.
func (c *Conn) KeepAlive(ctx context.Context, interval, patience time.Duration) {}
