package sshconn

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"golang.org/x/crypto/ssh"

	"podbay/cleantext"
)

// Key is an identity that Dial may offer.
type Key struct {
	Public ssh.PublicKey // a plain key or a certificate
	Name   string        // a path or an agent's comment, for messages; cleaned
	// Signer opens the private half. It is called only after the server said
	// that it would take Public. After an error of it, or of the signer that it
	// returns, the login goes on with the next key, as OpenSSH's does, and the
	// error is kept in the AuthError's Attempt. A [Question] is the exception: it
	// ends the dial and is found in the dial's error with errors.As. Both Signer
	// and the signer must come back when ctx ends.
	Signer func(ctx context.Context) (ssh.Signer, error)
}

type dialFunc func(ctx context.Context, network, addr string) (net.Conn, error)

// Question is an error of a Key's Signer that the caller has to answer before the
// login can go on, such as a passphrase that is wanted. Dial looks for it with
// errors.As and stops when StopsLogin is true.
type Question interface {
	error
	StopsLogin() bool
}

// Options says whom to dial and as whom.
type Options struct {
	Addr string // "host:port" for TCP
	User string
	// HostKeyName is the name under which the server's key is known: OpenSSH's
	// HostKeyAlias. It need not be the address, which may change.
	HostKeyName string
	HostKeys    *KnownHosts
	// JudgeOnly leaves HostKeys as it is: a key that would be added, or take another's
	// place, is used for this connection alone.
	JudgeOnly bool
	// UserHostKeys are the user's own known_hosts files. They are never written.
	// Their @revoked lines decide, and those of their @cert-authority lines whose
	// pattern is about HostKeyName; any other line is shown and accepts nothing.
	// A file that is not there is an empty one.
	UserHostKeys []string
	// AcceptHostKey is the SHA256 fingerprint that the user accepted in answer to
	// a HostKeyUnknownError, or to a HostKeyChangedError that asks. A key with this
	// fingerprint is written to HostKeys and used. It answers no other error.
	AcceptHostKey string
	// Evidence, if not nil, is asked about a host key that is not known or not the
	// known one. It must come back soon after ctx ends. It is called at most once,
	// in a goroutine of the connection, which has proved to have the key.
	Evidence func(ctx context.Context, key ssh.PublicKey) Evidence
	// Trusted, if not nil, is told of a host key that was taken, before the login.
	// unkept is why a new one could not be written to HostKeys; the connection goes on
	// without, as OpenSSH's does.
	Trusted func(key ssh.PublicKey, why Trust, unkept error)
	Keys    []Key         // in the order to offer; a key that is there twice is offered once
	Timeout time.Duration // for TCP, handshake and authentication together; 0 means 20 s
	Logger  *slog.Logger  // nil means none; never receives a secret
	// DialContext opens the TCP connection; nil means net.Dialer's.
	DialContext func(ctx context.Context, network, addr string) (net.Conn, error)

	rekeyThreshold uint64             // bytes; 0 means x/crypto's
	at             func(place string) // for tests: see Conn
}

const defaultTimeout = 20 * time.Second

// clientVersion is how podbay identifies itself, RFC 4253 section 4.2.
const clientVersion = "SSH-2.0-podbay"

// Dial connects, checks the host key and authenticates. On failure it returns
// one of:
//
//   - [*ConnectError]: no connection, no SSH, or no handshake; see its Kind
//   - [*HostKeyUnknownError], [*HostKeyChangedError], [*HostKeyRevokedError]
//   - [*AuthError]: the server took none of the keys
//   - the [Question] of a Key's Signer, wrapped
//   - ctx's error, wrapped, when ctx was cancelled
//   - another error when the options are wrong or HostKeys cannot be read or written
func Dial(ctx context.Context, opts Options) (*Conn, error) {
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	known, err := opts.knownKeys()
	if err != nil {
		return nil, err
	}
	for _, warning := range known.warnings {
		opts.Logger.Warn("known hosts", "warning", warning)
	}
	d := dialing{caller: ctx, opts: opts}
	d.ctx, d.cancel = context.WithTimeout(ctx, opts.Timeout)
	defer d.cancel()

	opts.Logger.Debug("connecting", "addr", opts.Addr, "user", opts.User)
	raw, err := opts.DialContext(d.ctx, "tcp", opts.Addr)
	if err != nil {
		return nil, d.notConnected(err)
	}
	conn, err := d.handshake(raw, known)
	if err != nil {
		opts.Logger.Debug("not connected", "addr", opts.Addr, "error", err)
		return nil, err
	}
	info := conn.Info()
	opts.Logger.Debug("connected", "addr", opts.Addr, "server", info.ServerVersion, "kex", info.KeyExchange,
		"cipher", info.Cipher, "hostkey", info.HostKey, "identity", info.IdentityKey)
	return conn, nil
}

func (o Options) withDefaults() (Options, error) {
	if _, _, err := net.SplitHostPort(o.Addr); err != nil {
		return o, fmt.Errorf("connect to %q: %w", o.Addr, err)
	}
	if o.User == "" {
		return o, errors.New("connect to " + o.Addr + ": no user name is given")
	}
	if o.HostKeys == nil {
		return o, errors.New("connect to " + o.Addr + ": no known_hosts file is given to check the host key with")
	}
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.DialContext == nil {
		o.DialContext = new(net.Dialer).DialContext
	}
	return o, nil
}

// dialing is one Dial under way.
type dialing struct {
	caller context.Context // the caller's
	ctx    context.Context // with the timeout
	cancel context.CancelFunc
	opts   Options

	conn    *netConn
	login   *login
	hostKey *hostKeyCheck
}

// handshake makes an SSH connection of a TCP one, or closes it.
func (d *dialing) handshake(raw net.Conn, known hostKeys) (*Conn, error) {
	d.conn = newNetConn(raw)
	d.login = newLogin(d.ctx, d.conn, d.opts.Keys)
	d.hostKey = &hostKeyCheck{ctx: d.ctx, opts: d.opts}
	config := &ssh.ClientConfig{
		Config:            algorithms(),
		User:              d.opts.User,
		ClientVersion:     clientVersion,
		HostKeyAlgorithms: hostKeyAlgorithms(known),
		HostKeyCallback:   d.hostKey.callback,
		BannerCallback:    d.login.takeBanner,
		AuthCallback:      d.login.next,
	}
	config.RekeyThreshold = d.opts.rekeyThreshold

	// NewClientConn knows no context: closing the socket is what ends it.
	stop := context.AfterFunc(d.ctx, shut(d.conn))
	conn, chans, reqs, err := ssh.NewClientConn(d.conn, d.opts.Addr, config)
	if err != nil {
		stop()
		return nil, d.failed(err)
	}
	if !stop() {
		c := newConn(d.conn, conn, chans, reqs, Info{}, nil)
		c.Close()
		return nil, d.failed(d.ctx.Err())
	}
	return newConn(d.conn, conn, chans, reqs, d.info(conn), d.opts.at), nil
}

func (d *dialing) info(conn ssh.Conn) Info {
	key, trust, _ := d.hostKey.outcome()
	info := Info{
		HostKeyTrust:  trust,
		ServerVersion: cleantext.Line(string(conn.ServerVersion()), maxIdentLine),
		HostKeyType:   key.Type(),
		HostKey:       ssh.FingerprintSHA256(key),
		Banner:        d.login.cleanBanner(),
	}
	if cert, ok := key.(*ssh.Certificate); ok {
		info.HostKey = ssh.FingerprintSHA256(cert.Key)
	}
	if meta, ok := conn.(ssh.AlgorithmsConnMetadata); ok {
		agreed := meta.Algorithms()
		info.KeyExchange, info.Cipher, info.MAC = agreed.KeyExchange, agreed.Write.Cipher, agreed.Write.MAC
	}
	if key, ok := d.login.taken(); ok {
		info.Identity, info.IdentityKey = key.Name, key.Fingerprint
	}
	return info
}

// notConnected describes a TCP connection that did not come about.
func (d *dialing) notConnected(err error) error {
	if errors.Is(d.caller.Err(), context.Canceled) {
		return d.cancelled()
	}
	kind := dialKind(err)
	if d.ctx.Err() != nil {
		kind = ErrTimeout
	}
	return &ConnectError{Addr: d.opts.Addr, Kind: kind, Err: err}
}

func (d *dialing) cancelled() error {
	return fmt.Errorf("connect to %s: %w", d.opts.Addr, d.caller.Err())
}

// failed describes a handshake or a login that failed. What podbay itself
// decided comes before what the connection then said of it.
func (d *dialing) failed(err error) error {
	connectError := &ConnectError{Addr: d.opts.Addr, Err: cleaned(err)}
	_, _, hostKeyErr := d.hostKey.outcome()
	ident, instead := d.conn.said()
	reason, disconnected := disconnectReason(err)
	switch {
	case errors.Is(d.caller.Err(), context.Canceled):
		return d.cancelled()
	case hostKeyErr != nil:
		return hostKeyErr
	case d.ctx.Err() == nil && d.login.question != nil:
		return fmt.Errorf("log in at %s: %w", d.opts.Addr, d.login.question)
	case d.login.bannerEndless():
		connectError.Kind, connectError.Err = ErrHandshake, errors.New("it sends a banner without end")
	case d.login.gaveUp, d.login.started && disconnected && reason.tooMany():
		return d.login.refused(d.opts, err)
	case ident == "" && isBusy(instead):
		connectError.Kind, connectError.Got = ErrClosed, cleantext.Line(instead, gotCells)
	case ident == "" && instead != "":
		connectError.Kind, connectError.Got = ErrNotSSH, cleantext.Line(instead, gotCells)
	case d.ctx.Err() != nil:
		connectError.Kind = ErrStalled
		if ident == "" {
			connectError.Kind = ErrSilent
		}
		connectError.Err = errors.Join(append([]error{d.ctx.Err()}, d.login.failures()...)...)
	default:
		connectError.Kind, connectError.Got = handshakeKind(err), reason.text
	}
	return connectError
}
