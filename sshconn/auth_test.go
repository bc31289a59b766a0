package sshconn_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/crypto/ssh"

	"podbay/internal/opensshd"
	"podbay/sshconn"
)

var randReader = rand.Reader

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func manyKeys(t *testing.T, n int, opened *atomic.Int32) []sshconn.Key {
	t.Helper()
	keys := make([]sshconn.Key, n)
	for i := range keys {
		keys[i] = keyOf(fmt.Sprintf("wrong%d", i+1), newSigner(t), opened)
	}
	return keys
}

// authFails dials and returns the AuthError that it must give.
func authFails(t *testing.T, opts sshconn.Options) *sshconn.AuthError {
	t.Helper()
	err := dialFails(t, t.Context(), opts)
	var refused *sshconn.AuthError
	if !errors.As(err, &refused) {
		t.Fatalf("got %v, want an AuthError", err)
	}
	return refused
}

func TestOnlyAsManyKeysAsAServerLetsPass(t *testing.T) {
	server, right := startOpenSSH(t, opensshd.Config{})
	var opened atomic.Int32
	wrong := manyKeys(t, 7, &opened)

	got := authFails(t, options(t, server.Addr, server.User, server.HostKey(), wrong...))
	if len(got.Offered) != 5 || !slices.Equal(got.Skipped, []string{"wrong6", "wrong7"}) || got.TooMany {
		t.Errorf("offered %d, skipped %q, too many %v", len(got.Offered), got.Skipped, got.TooMany)
	}
	if !slices.Equal(got.Methods, []string{"publickey"}) || got.Offered[0].Taken || opened.Load() != 0 {
		t.Errorf("methods %q, offered %+v, %d private keys opened", got.Methods, got.Offered, opened.Load())
	}

	fifth := append(append([]sshconn.Key{}, wrong[:4]...), wrong[0], right) // one of them twice
	conn := mustDial(t, options(t, server.Addr, server.User, server.HostKey(), fifth...))
	if conn.Info().Identity != right.Name || opened.Load() != 0 {
		t.Errorf("logged in as %q with %d wrong private keys opened", conn.Info().Identity, opened.Load())
	}
}

func TestServerEndsTheLogin(t *testing.T) {
	server, _ := startOpenSSH(t, opensshd.Config{ExtraConfig: []string{"MaxAuthTries 2"}})
	got := authFails(t, options(t, server.Addr, server.User, server.HostKey(), manyKeys(t, 4, nil)...))
	if !got.TooMany || len(got.Offered) == 0 || len(got.Offered)+len(got.Skipped) != 4 {
		t.Errorf("got %+v", got)
	}
}

func TestSentencesTellRefusalsApart(t *testing.T) {
	host, signer := newSigner(t), newSigner(t)
	password := &ssh.ServerConfig{PasswordCallback: func(ssh.ConnMetadata, []byte) (*ssh.Permissions, error) { return nil, errRefusedKey }}
	interactive := &ssh.ServerConfig{KeyboardInteractiveCallback: func(ssh.ConnMetadata, ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
		return nil, errRefusedKey
	}}
	second := &ssh.ServerConfig{PublicKeyCallback: func(ssh.ConnMetadata, ssh.PublicKey) (*ssh.Permissions, error) {
		return nil, &ssh.PartialSuccessError{Next: ssh.ServerAuthCallbacks{PasswordCallback: password.PasswordCallback}}
	}}
	sha1Only := accepting()
	sha1Only.PublicKeyAuthAlgorithms = []string{ssh.KeyAlgoRSA, ssh.KeyAlgoED25519}
	one, two := keyOf("one", signer, nil), keyOf("two", newSigner(t), nil)
	old := keyOf("old", newRSASigner(t), nil)
	for _, test := range []struct {
		name    string
		config  *ssh.ServerConfig
		keys    []sshconn.Key
		want    string
		offered int
	}{
		{"no key", accepting(), nil, "there is no key to offer", 0},
		{"one refused", accepting(), []sshconn.Key{one}, "refused the key one", 1},
		{"all refused", accepting(), []sshconn.Key{one, two}, "refused all 2 keys", 2},
		{"password only", password, []sshconn.Key{one}, "takes only a password for root at", 0},
		{"keyboard-interactive only", interactive, []sshconn.Key{one}, "takes only keyboard-interactive for", 0},
		{"password as well", second, []sshconn.Key{one}, "took the key one and wants password as well", 1},
		{"RSA with SHA-1 only", sha1Only, []sshconn.Key{old}, "none of the keys can be used", 0},
		{"RSA with SHA-1 and another", sha1Only, []sshconn.Key{old, one}, "refused the key one", 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			addr := sshServer{config: test.config}.start(t, host)
			got := authFails(t, options(t, addr, "root", host.PublicKey(), test.keys...))
			if !strings.Contains(got.Error(), test.want) || len(got.Offered) != test.offered {
				t.Errorf("%d keys offered: %s; want %q", len(got.Offered), got, test.want)
			}
		})
	}
}

// lockedError stands for another package's error about a passphrase.
type lockedError struct{ path string }

func (e *lockedError) Error() string { return e.path + " needs its passphrase" }

func (e *lockedError) StopsLogin() bool { return true }

func TestSignersErrorComesOut(t *testing.T) {
	server, right := startOpenSSH(t, opensshd.Config{})
	var opened atomic.Int32
	locked := right
	locked.Signer = func(context.Context) (ssh.Signer, error) { return nil, &lockedError{"id_ed25519"} }
	after := keyOf("after", newSigner(t), &opened)
	err := dialFails(t, t.Context(), options(t, server.Addr, server.User, server.HostKey(), manyKeys(t, 1, &opened)[0], locked, after))
	var passphrase *lockedError
	if !errors.As(err, &passphrase) || opened.Load() != 0 {
		t.Errorf("got %v, with %d other keys opened", err, opened.Load())
	}

	cancelled := right
	ctx, cancel := context.WithCancel(t.Context())
	cancelled.Signer = func(ctx context.Context) (ssh.Signer, error) {
		cancel()
		<-ctx.Done()
		return nil, ctx.Err()
	}
	err = dialFails(t, ctx, options(t, server.Addr, server.User, server.HostKey(), cancelled, after))
	if !errors.Is(err, context.Canceled) || opened.Load() != 0 {
		t.Errorf("got %v, with %d other keys opened", err, opened.Load())
	}

	stale := right
	stale.Signer = func(context.Context) (ssh.Signer, error) { return newSigner(t), nil }
	err = dialFails(t, t.Context(), options(t, server.Addr, server.User, server.HostKey(), stale))
	if !strings.Contains(err.Error(), "ssh-keygen -y") {
		t.Errorf("a private key that belongs to another public one gave %v", err)
	}
	missing := right
	missing.Signer = nil
	err = dialFails(t, t.Context(), options(t, server.Addr, server.User, server.HostKey(), missing))
	if !strings.Contains(err.Error(), "not at hand") {
		t.Errorf("a key without a private half gave %v", err)
	}
}

// refusingSigner is a key in an agent that does not sign with it.
type refusingSigner struct{ ssh.Signer }

func (refusingSigner) SignWithAlgorithm(io.Reader, []byte, string) (*ssh.Signature, error) {
	return nil, errors.New("agent: operation\x1b[2J refused")
}

func (s refusingSigner) Sign(rand io.Reader, data []byte) (*ssh.Signature, error) {
	return s.SignWithAlgorithm(rand, data, "")
}

// TestAKeyThatCannotSignIsPassedOver holds that the login goes on as OpenSSH's does.
func TestAKeyThatCannotSignIsPassedOver(t *testing.T) {
	refusing, stale, missing := newSigner(t), newSigner(t), newSigner(t)
	server, right := startOpenSSH(t, opensshd.Config{
		AuthorizedKeys: []ssh.PublicKey{refusing.PublicKey(), stale.PublicKey(), missing.PublicKey()},
	})
	bad := []sshconn.Key{
		{Public: refusing.PublicKey(), Name: "agent", Signer: func(context.Context) (ssh.Signer, error) { return refusingSigner{refusing}, nil }},
		{Public: stale.PublicKey(), Name: "stale", Signer: func(context.Context) (ssh.Signer, error) { return newSigner(t), nil }},
		{Public: missing.PublicKey(), Name: "missing"},
	}
	conn := mustDial(t, options(t, server.Addr, server.User, server.HostKey(), append(bad, right)...))
	if conn.Info().Identity != right.Name {
		t.Errorf("logged in as %q", conn.Info().Identity)
	}

	got := authFails(t, options(t, server.Addr, server.User, server.HostKey(), bad...))
	want := []string{"agent: operation refused", "ssh-keygen -y", "not at hand"}
	if len(got.Offered) != len(want) {
		t.Fatalf("offered %+v", got.Offered)
	}
	for i, a := range got.Offered {
		if !a.Taken || a.Failed == nil || !strings.Contains(a.Failed.Error(), want[i]) || !strings.Contains(got.Error(), want[i]) {
			t.Errorf("%+v in %q", a, got)
		}
	}
	got = authFails(t, options(t, server.Addr, server.User, server.HostKey(), bad[0]))
	if !strings.Contains(got.Error(), "would take the key agent") {
		t.Errorf("%v", got)
	}
}

func TestKeysOfNoUse(t *testing.T) {
	host := newSigner(t)
	addr := sshServer{config: accepting()}.start(t, host)
	got := authFails(t, options(t, addr, "root", host.PublicKey(), sshconn.Key{Name: "empty"}))
	if !slices.Equal(got.Unusable, []string{"empty"}) || len(got.Offered) != 0 {
		t.Errorf("got %+v", got)
	}
}

func TestALoginWithoutAKey(t *testing.T) {
	host := newSigner(t)
	addr := sshServer{config: &ssh.ServerConfig{NoClientAuth: true}}.start(t, host)
	conn := mustDial(t, options(t, addr, "root", host.PublicKey()))
	if info := conn.Info(); info.Identity != "" {
		t.Errorf("identity %q", info.Identity)
	}
}
