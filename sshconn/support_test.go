package sshconn_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"net"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/crypto/ssh"

	"podbay/internal/opensshd"
	"podbay/sshconn"
)

func TestMain(m *testing.M) {
	if path := os.Getenv(addHelper); path != "" {
		addAndExit(path)
	}
	goleak.VerifyTestMain(m)
}

// patience bounds every wait of a test; it is reached only when one fails.
const patience = 60 * time.Second

const podName = "runpod-abc123"

func newSigner(t testing.TB) ssh.Signer {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return signerOf(t, private)
}

func newRSASigner(t testing.TB) ssh.Signer {
	t.Helper()
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return signerOf(t, private)
}

func signerOf(t testing.TB, private any) ssh.Signer {
	t.Helper()
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

// keyOf is a Key that counts how often its private half was opened.
func keyOf(name string, signer ssh.Signer, opened *atomic.Int32) sshconn.Key {
	return sshconn.Key{Public: signer.PublicKey(), Name: name, Signer: func(context.Context) (ssh.Signer, error) {
		if opened != nil {
			opened.Add(1)
		}
		return signer, nil
	}}
}

func knownHosts(t testing.TB, keys ...ssh.PublicKey) *sshconn.KnownHosts {
	t.Helper()
	file := &sshconn.KnownHosts{Path: filepath.Join(t.TempDir(), "ssh", "known_hosts")}
	for _, key := range keys {
		if err := file.Add(podName, key); err != nil {
			t.Fatal(err)
		}
	}
	return file
}

func options(t testing.TB, addr, user string, hostKey ssh.PublicKey, keys ...sshconn.Key) sshconn.Options {
	t.Helper()
	file := knownHosts(t)
	if hostKey != nil {
		file = knownHosts(t, hostKey)
	}
	return sshconn.Options{
		Addr: addr, User: user, HostKeyName: podName, HostKeys: file, Keys: keys, Timeout: patience,
	}
}

// startOpenSSH runs an sshd that takes one key.
func startOpenSSH(t testing.TB, config opensshd.Config) (*opensshd.Server, sshconn.Key) {
	t.Helper()
	signer := newSigner(t)
	config.AuthorizedKeys = append(config.AuthorizedKeys, signer.PublicKey())
	return opensshd.Start(t, config), keyOf("id_ed25519", signer, nil)
}

func mustDial(t testing.TB, opts sshconn.Options) *sshconn.Conn {
	t.Helper()
	conn, err := sshconn.Dial(t.Context(), opts)
	if err != nil {
		t.Fatalf("dial: %v", err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// dialFails dials and returns the error that it must give.
func dialFails(t testing.TB, ctx context.Context, opts sshconn.Options) error {
	t.Helper()
	conn, err := sshconn.Dial(ctx, opts)
	if err == nil {
		conn.Close()
		t.Fatal("dial succeeded")
	}
	return err
}

func within[T any](t testing.TB, what string, ch <-chan T) T {
	t.Helper()
	select {
	case v := <-ch:
		return v
	case <-time.After(patience):
		t.Fatalf("%s did not come", what)
		panic("unreachable")
	}
}

// listen serves each connection on loopback with serve, which is ended by the
// connection's close at the end of the test.
func listen(t testing.TB, serve func(net.Conn)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		done := make(chan struct{}, 1000)
		n := 0
		for {
			conn, err := listener.Accept()
			if err != nil {
				break
			}
			n++
			go func() {
				defer func() { done <- struct{}{} }()
				stop := context.AfterFunc(ctx, func() { conn.Close() })
				defer stop()
				defer conn.Close()
				serve(conn)
			}()
		}
		for range n {
			<-done
		}
	}()
	t.Cleanup(func() {
		cancel()
		listener.Close()
		<-ended
	})
	return listener.Addr().String()
}

// sshServer is an x/crypto server that a test makes misbehave.
type sshServer struct {
	config *ssh.ServerConfig
	// session serves a session channel's requests; nil refuses channels.
	session func(ssh.Channel, <-chan *ssh.Request)
}

func (s sshServer) start(t testing.TB, hostKeys ...ssh.Signer) string {
	t.Helper()
	for _, key := range hostKeys {
		s.config.AddHostKey(key)
	}
	return listen(t, func(raw net.Conn) {
		conn, chans, reqs, err := ssh.NewServerConn(raw, s.config)
		if err != nil {
			return
		}
		defer conn.Close()
		go ssh.DiscardRequests(reqs)
		for channel := range chans {
			if s.session == nil {
				_ = channel.Reject(ssh.Prohibited, "no sessions\x1b[2J here")
				continue
			}
			ch, requests, err := channel.Accept()
			if err != nil {
				return
			}
			go s.session(ch, requests)
		}
	})
}

// accepting takes the given keys.
func accepting(keys ...ssh.PublicKey) *ssh.ServerConfig {
	return &ssh.ServerConfig{PublicKeyCallback: func(_ ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
		for _, k := range keys {
			if string(k.Marshal()) == string(key.Marshal()) {
				return nil, nil
			}
		}
		return nil, errRefusedKey
	}}
}
