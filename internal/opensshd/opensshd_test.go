package opensshd_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"podbay/internal/opensshd"
)

func newSigner(t *testing.T) ssh.Signer {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

func dial(s *opensshd.Server, signer ssh.Signer) (*ssh.Client, error) {
	return ssh.Dial("tcp", s.Addr, &ssh.ClientConfig{
		User:            s.User,
		Auth:            []ssh.AuthMethod{ssh.PublicKeys(signer)},
		HostKeyCallback: ssh.FixedHostKey(s.HostKey()),
		Timeout:         30 * time.Second,
	})
}

func TestServerRunsCommandsInAHomeOfItsOwn(t *testing.T) {
	signer := newSigner(t)
	s := opensshd.Start(t, opensshd.Config{AuthorizedKeys: []ssh.PublicKey{signer.PublicKey()}})
	client, err := dial(s, signer)
	if err != nil {
		t.Fatalf("%v\n%s", err, s.Log())
	}
	defer client.Close()
	session, err := client.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	out, err := session.Output("echo $HOME")
	if err != nil || strings.TrimSpace(string(out)) != s.Home {
		t.Errorf("HOME is %q (%v), want %q", out, err, s.Home)
	}
}

func TestAuthorizeReplacesTheKeys(t *testing.T) {
	first, second := newSigner(t), newSigner(t)
	s := opensshd.Start(t, opensshd.Config{AuthorizedKeys: []ssh.PublicKey{first.PublicKey()}})
	s.Authorize(second.PublicKey())
	if client, err := dial(s, first); err == nil {
		client.Close()
		t.Error("the replaced key is still taken")
	}
	client, err := dial(s, second)
	if err != nil {
		t.Fatalf("%v\n%s", err, s.Log())
	}
	client.Close()
}

func TestStopEndsSessionsAndRestartKeepsThePort(t *testing.T) {
	signer := newSigner(t)
	s := opensshd.Start(t, opensshd.Config{
		AuthorizedKeys: []ssh.PublicKey{signer.PublicKey()},
		HostKeyTypes:   []string{"ecdsa"},
	})
	client, err := dial(s, signer)
	if err != nil {
		t.Fatalf("%v\n%s", err, s.Log())
	}
	ended := make(chan error, 1)
	go func() { ended <- client.Wait() }()
	addr, oldKey := s.Addr, s.HostKey()
	s.Stop()
	select {
	case <-ended:
	case <-time.After(30 * time.Second):
		t.Fatal("the session outlived its server")
	}
	if s.Pid() != 0 {
		t.Errorf("a stopped server has pid %d", s.Pid())
	}

	s.NewHostKeys("ecdsa", "ed25519")
	s.Restart()
	if s.Addr != addr || len(s.HostKeys()) != 2 || string(s.HostKey().Marshal()) == string(oldKey.Marshal()) {
		t.Errorf("restarted at %s (was %s) with %d host keys", s.Addr, addr, len(s.HostKeys()))
	}
	client, err = dial(s, signer)
	if err == nil {
		client.Close()
	} else if !strings.Contains(err.Error(), "host key mismatch") { // x/crypto may pick the other type
		t.Errorf("log in after the restart: %v", err)
	}
}

func TestExtraConfigWins(t *testing.T) {
	s := opensshd.Start(t, opensshd.Config{ExtraConfig: []string{"PubkeyAuthentication no", "PasswordAuthentication yes"}})
	_, err := dial(s, newSigner(t))
	if err == nil || !strings.Contains(err.Error(), "attempted methods [none]") {
		t.Errorf("a server without public keys answered %v", err)
	}
}
