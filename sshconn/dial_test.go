package sshconn_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"podbay/internal/netfault"
	"podbay/internal/opensshd"
	"podbay/sshconn"
)

func TestDialOpenSSH(t *testing.T) {
	server, key := startOpenSSH(t, opensshd.Config{HostKeyTypes: []string{"rsa", "ecdsa", "ed25519"}})
	for i, hostKey := range server.HostKeys() {
		conn := mustDial(t, options(t, server.Addr, server.User, hostKey, key))
		info := conn.Info()
		if info.HostKey != ssh.FingerprintSHA256(hostKey) || info.HostKeyType != hostKey.Type() {
			t.Errorf("with host key %d known, %s %s was shown", i, info.HostKeyType, info.HostKey)
		}
		if info.Identity != "id_ed25519" || info.IdentityKey != ssh.FingerprintSHA256(key.Public) {
			t.Errorf("identity %+v", info)
		}
		if !strings.HasPrefix(info.ServerVersion, "SSH-2.0-OpenSSH") || info.KeyExchange != "curve25519-sha256" && info.KeyExchange != "mlkem768x25519-sha256" {
			t.Errorf("agreed on %+v", info)
		}
		if err := conn.Close(); err != nil || conn.Err() != nil {
			t.Errorf("close gave %v, then the end is told as %v", err, conn.Err())
		}
		within(t, "the end", conn.Done())
	}
}

func TestUserKeys(t *testing.T) {
	rsa, authority, plain := newRSASigner(t), newSigner(t), newSigner(t)
	cert := &ssh.Certificate{Key: plain.PublicKey(), CertType: ssh.UserCert, ValidPrincipals: []string{"podbay"}, ValidBefore: ssh.CertTimeInfinity,
		Permissions: ssh.Permissions{Extensions: map[string]string{"permit-pty": ""}}}
	if err := cert.SignCert(randReader, authority); err != nil {
		t.Fatal(err)
	}
	certSigner, err := ssh.NewCertSigner(cert, plain)
	if err != nil {
		t.Fatal(err)
	}
	server := opensshd.Start(t, opensshd.Config{
		AuthorizedKeys:  []ssh.PublicKey{rsa.PublicKey()},
		AuthorizedLines: []string{`cert-authority,principals="podbay" ` + string(ssh.MarshalAuthorizedKey(authority.PublicKey()))},
	})
	behind := sshconn.Key{Public: cert, Name: "cert", Signer: func(context.Context) (ssh.Signer, error) { return plain, nil }}
	for _, key := range []sshconn.Key{keyOf("rsa", rsa, nil), keyOf("cert", certSigner, nil), behind} {
		conn := mustDial(t, options(t, server.Addr, server.User, server.HostKey(), key))
		if got := conn.Info().Identity; got != key.Name {
			t.Errorf("logged in with %q, want %q", got, key.Name)
		}
	}
}

func TestHostKeys(t *testing.T) {
	server, key := startOpenSSH(t, opensshd.Config{HostKeyTypes: []string{"ed25519", "rsa"}})
	other := newSigner(t).PublicKey()
	opts := options(t, server.Addr, server.User, nil, key)

	var unknown *sshconn.HostKeyUnknownError
	if err := dialFails(t, t.Context(), opts); !errors.As(err, &unknown) || unknown.Fingerprint != ssh.FingerprintSHA256(server.HostKey()) {
		t.Fatalf("a first sight gave %v", err)
	}
	opts.AcceptHostKey = ssh.FingerprintSHA256(other)
	if err := dialFails(t, t.Context(), opts); !errors.As(err, &unknown) {
		t.Errorf("another fingerprint accepted gave %v", err)
	}
	if keys, _, _ := opts.HostKeys.Lookup(podName); len(keys) != 0 {
		t.Errorf("a key that was not accepted is known: %+v", keys)
	}
	opts.AcceptHostKey = unknown.Fingerprint
	mustDial(t, opts)
	opts.AcceptHostKey = ""
	mustDial(t, opts)

	opts.HostKeys = knownHosts(t, other)
	opts.AcceptHostKey = unknown.Fingerprint
	var changed *sshconn.HostKeyChangedError
	if err := dialFails(t, t.Context(), opts); !errors.As(err, &changed) || len(changed.Known) != 1 ||
		!strings.Contains(err.Error(), ssh.FingerprintSHA256(other)) || !strings.Contains(err.Error(), unknown.Fingerprint) {
		t.Errorf("a changed key gave %v", err)
	}
	if keys, _, _ := opts.HostKeys.Lookup(podName); len(keys) != 1 {
		t.Errorf("a changed key was added: %+v", keys)
	}
}

func TestRevokedAndCertifiedHostKeys(t *testing.T) {
	signer, host, authority := newSigner(t), newSigner(t), newSigner(t)
	cert := &ssh.Certificate{Key: host.PublicKey(), CertType: ssh.HostCert, ValidPrincipals: []string{podName}, ValidBefore: ssh.CertTimeInfinity}
	if err := cert.SignCert(randReader, authority); err != nil {
		t.Fatal(err)
	}
	certSigner, err := ssh.NewCertSigner(cert, host)
	if err != nil {
		t.Fatal(err)
	}
	addr := sshServer{config: accepting(signer.PublicKey())}.start(t, host, certSigner)
	weak := *cert
	weakAuthority := rsaSigner(t)
	if err := weak.SignCert(randReader, sha1Signer{weakAuthority}); err != nil || weak.Signature.Format != ssh.KeyAlgoRSA {
		t.Fatal(err, weak.Signature)
	}
	weakSigner, err := ssh.NewCertSigner(&weak, host)
	if err != nil {
		t.Fatal(err)
	}
	weakAddr := sshServer{config: accepting(signer.PublicKey())}.start(t, host, weakSigner)
	for _, test := range []struct {
		name  string
		lines []string
		want  any // nil, or a pointer to a pointer to the error
	}{
		{"authority", []string{line("@cert-authority runpod-*", authority.PublicKey())}, nil},
		{"authority of others", []string{line("@cert-authority other", authority.PublicKey())}, new(*sshconn.HostKeyUnknownError)},
		{"another authority, key unknown", []string{line("@cert-authority *", signer.PublicKey())}, new(*sshconn.HostKeyUnknownError)},
		{"another authority, key known", []string{line("@cert-authority *", signer.PublicKey()), line(podName, host.PublicKey())}, nil},
		{"revoked and known", []string{line(podName, host.PublicKey()), line("@revoked *", host.PublicKey())}, new(*sshconn.HostKeyRevokedError)},
		{"authority revoked", []string{line("@cert-authority *", authority.PublicKey()), line("@revoked *", authority.PublicKey())}, new(*sshconn.HostKeyRevokedError)},
		{"signed with SHA-1", []string{line("@cert-authority runpod-*", weakAuthority.PublicKey())}, new(*sshconn.HostKeyUnknownError)},
		{"hashed", []string{line(hashed(podName), host.PublicKey())}, nil},
		{"changed", []string{line(podName, signer.PublicKey())}, new(*sshconn.HostKeyChangedError)},
	} {
		t.Run(test.name, func(t *testing.T) {
			at := addr
			if test.name == "signed with SHA-1" {
				at = weakAddr
			}
			opts := options(t, at, "root", nil, keyOf("k", signer, nil))
			writeFile(t, opts.HostKeys.Path, strings.Join(test.lines, "\n"))
			conn, err := sshconn.Dial(t.Context(), opts)
			if err == nil {
				conn.Close()
			}
			if (test.want == nil) != (err == nil) || test.want != nil && !errors.As(err, test.want) {
				t.Errorf("got %v, want %T", err, test.want)
			}
		})
	}
}

func TestConnectErrors(t *testing.T) {
	oldKex := &ssh.ServerConfig{NoClientAuth: true}
	oldKex.KeyExchanges = []string{ssh.InsecureKeyExchangeDH14SHA1}
	oldMAC := &ssh.ServerConfig{NoClientAuth: true}
	oldMAC.Ciphers, oldMAC.MACs = []string{ssh.CipherAES128CTR}, []string{ssh.InsecureHMACSHA196, ssh.HMACSHA1}
	short := func(o *sshconn.Options) { o.Timeout = soon }
	blocked := func(o *sshconn.Options) { o.Timeout, o.DialContext = soon, blockingDial }
	unresolved := func(o *sshconn.Options) { o.DialContext = unresolvedDial }
	for _, test := range []struct {
		name string
		addr string
		edit func(*sshconn.Options)
		want error
		got  string
	}{
		{"refused", refusedAddr(t), nil, sshconn.ErrRefused, ""},
		{"no such name", "name.invalid:22", unresolved, sshconn.ErrUnreachable, ""},
		{"no TCP answer", "192.0.2.1:22", blocked, sshconn.ErrTimeout, ""},
		{"silent", says(t, ""), short, sshconn.ErrSilent, ""},
		{"silent after the identification", says(t, "SSH-2.0-x\r\n"), short, sshconn.ErrStalled, ""},
		{"closes at once", saysAndLeaves(t, ""), nil, sshconn.ErrClosed, ""},
		{"closes after the identification", saysAndLeaves(t, "SSH-2.0-x\r\n"), nil, sshconn.ErrClosed, ""},
		{"busy", saysAndLeaves(t, "Exceeded MaxStartups\r\n"), nil, sshconn.ErrClosed, "Exceeded MaxStartups"},
		{"HTTP", httpAddr(t), nil, sshconn.ErrNotSSH, "HTTP/1.1 400 Bad Request"},
		{"SMTP stays", says(t, "220 mail\x1b[2J\r\n"), short, sshconn.ErrNotSSH, "220 mail"},
		{"endless lines", endless(t, "hello\r\n"), nil, sshconn.ErrNotSSH, "hello"},
		{"garbage after the identification", says(t, "SSH-2.0-x\r\n"+strings.Repeat("\xff", 100)), nil, sshconn.ErrHandshake, ""},
		{"old key exchange", sshServer{config: oldKex}.start(t, newSigner(t)), nil, sshconn.ErrNoAgreement, ""},
		{"old MAC", sshServer{config: oldMAC}.start(t, newSigner(t)), nil, sshconn.ErrNoAgreement, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			opts := options(t, test.addr, "root", nil)
			if test.edit != nil {
				test.edit(&opts)
			}
			err := dialFails(t, t.Context(), opts)
			var failed *sshconn.ConnectError
			if !errors.As(err, &failed) || failed.Kind != test.want || !errors.Is(err, test.want) {
				t.Fatalf("got %v, want %v", err, test.want)
			}
			if failed.Got != test.got || strings.ContainsAny(err.Error(), "\x1b\n\r") {
				t.Errorf("it said %q, want %q: %q", failed.Got, test.got, err)
			}
		})
	}
}

func TestDisconnectReasonsAreTold(t *testing.T) {
	// As OpenSSH does when its login takes too long, but in the clear.
	payload := ssh.Marshal(struct {
		Code     uint32 `sshtype:"1"`
		Text     string
		Language string
	}{11, "shutting\x1b[31m down", ""})
	const padding = 8
	packet := append([]byte{0, 0, 0, byte(1 + len(payload) + padding), padding}, payload...)
	packet = append(packet, make([]byte, padding)...)
	err := dialFails(t, t.Context(), options(t, saysAndLeaves(t, "SSH-2.0-x\r\n"+string(packet)), "root", nil))
	if !errors.Is(err, sshconn.ErrClosed) || !strings.Contains(err.Error(), `"shutting down"`) {
		t.Errorf("got %q", err)
	}
}

func TestEndlessBannerEnds(t *testing.T) {
	signer, host := newSigner(t), newSigner(t)
	for name, message := range map[string]string{"large": strings.Repeat("x", 30<<10), "empty": ""} {
		t.Run(name, func(t *testing.T) {
			config := accepting(signer.PublicKey())
			config.PublicKeyCallback = func(conn ssh.ConnMetadata, _ ssh.PublicKey) (*ssh.Permissions, error) {
				for conn.(ssh.ServerPreAuthConn).SendAuthBanner(message) == nil {
				}
				return nil, errRefusedKey
			}
			addr := sshServer{config: config}.start(t, host)
			err := dialFails(t, t.Context(), options(t, addr, "root", host.PublicKey(), keyOf("k", signer, nil)))
			if !errors.Is(err, sshconn.ErrHandshake) || !strings.Contains(err.Error(), "banner") {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestBannerIsKeptClean(t *testing.T) {
	signer, host := newSigner(t), newSigner(t)
	config := accepting(signer.PublicKey())
	config.BannerCallback = func(ssh.ConnMetadata) string { return "Welcome\x1b]0;x\x07\r\nto the pod\n" }
	addr := sshServer{config: config}.start(t, host)
	conn := mustDial(t, options(t, addr, "root", host.PublicKey(), keyOf("k", signer, nil)))
	if got := conn.Info().Banner; got != "Welcome\nto the pod" {
		t.Errorf("banner %q", got)
	}
}

func TestCancelAtEachStage(t *testing.T) {
	signer, host := newSigner(t), newSigner(t)
	ready := make(chan struct{}, 10)
	at := func() { ready <- struct{}{} }
	link := netfault.Start(t, sshServer{config: accepting(signer.PublicKey())}.start(t, host))
	slowAuth := accepting()
	released := make(chan struct{})
	defer close(released) // before the cleanups, which wait for the server
	slowAuth.PublicKeyCallback = func(ssh.ConnMetadata, ssh.PublicKey) (*ssh.Permissions, error) {
		at()
		<-released
		return nil, errRefusedKey
	}
	identified := listen(t, func(conn net.Conn) {
		io.WriteString(conn, "SSH-2.0-x\r\n")
		at()
		_, _ = io.Copy(io.Discard, conn)
	})
	connected := listen(t, func(conn net.Conn) {
		at()
		_, _ = io.Copy(io.Discard, conn)
	})
	waitingKey := sshconn.Key{Public: signer.PublicKey(), Name: "k", Signer: func(ctx context.Context) (ssh.Signer, error) {
		at()
		<-ctx.Done()
		return nil, ctx.Err()
	}}
	dialing := func(ctx context.Context, network, addr string) (net.Conn, error) {
		at()
		return blockingDial(ctx, network, addr)
	}
	for _, test := range []struct {
		name string
		addr string
		key  sshconn.Key
		dial func(context.Context, string, string) (net.Conn, error)
	}{
		{"TCP", "192.0.2.1:22", waitingKey, dialing},
		{"identification", connected, waitingKey, nil},
		{"key exchange", identified, waitingKey, nil},
		{"authentication", sshServer{config: slowAuth}.start(t, host), waitingKey, nil},
		{"signer", link.Addr, waitingKey, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			opts := options(t, test.addr, "root", host.PublicKey(), test.key)
			opts.DialContext = test.dial
			result := make(chan error, 1)
			go func() {
				conn, err := sshconn.Dial(ctx, opts)
				if err == nil {
					conn.Close()
				}
				result <- err
			}()
			within(t, "the stage", ready)
			cancel()
			if err := within(t, "the end of the dial", result); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestOptionsAreChecked(t *testing.T) {
	good := options(t, "127.0.0.1:1", "root", nil)
	for name, edit := range map[string]func(*sshconn.Options){
		"address":       func(o *sshconn.Options) { o.Addr = "127.0.0.1" },
		"user":          func(o *sshconn.Options) { o.User = "" },
		"known hosts":   func(o *sshconn.Options) { o.HostKeys = nil },
		"host key name": func(o *sshconn.Options) { o.HostKeyName = "*" },
	} {
		opts := good
		edit(&opts)
		var connect *sshconn.ConnectError
		if err := dialFails(t, t.Context(), opts); errors.As(err, &connect) {
			t.Errorf("a wrong %s was dialled: %v", name, err)
		}
	}
}

func TestAlgorithms(t *testing.T) {
	config := sshconn.Algorithms()
	if config.KeyExchanges[0] != ssh.KeyExchangeMLKEM768X25519 {
		t.Errorf("key exchanges %q", config.KeyExchanges)
	}
	for _, name := range append(append(config.KeyExchanges, config.Ciphers...), config.MACs...) {
		if strings.Contains(name, "sha1") || strings.Contains(name, "cbc") || strings.Contains(name, "arcfour") {
			t.Errorf("%s is offered", name)
		}
	}
	ciphers := []string{ssh.CipherAES128GCM, ssh.CipherChaCha20Poly1305, ssh.CipherAES128CTR}
	if got := sshconn.OrderCiphers(ciphers, true); got[0] != ssh.CipherAES128GCM {
		t.Errorf("with AES in hardware %q", got)
	}
	if got := sshconn.OrderCiphers(ciphers, false); got[0] != ssh.CipherChaCha20Poly1305 || len(got) != 3 {
		t.Errorf("without AES in hardware %q", got)
	}
}
