package manager_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"podbay/config"
	"podbay/demo/api"
	"podbay/demo/pod"
	"podbay/manager"
)

// past is long enough ago for a pod to have settled.
var past = time.Now().Add(-time.Hour)

// podServer is a pod's sshd that misbehaves.
func podServer(t *testing.T, b pod.Behaviour) *pod.Server {
	t.Helper()
	s, err := pod.Start(pod.Config{Container: pod.Container{PodID: "p", Name: "p", Home: t.TempDir()}, Behaviour: b})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// newRefusingPort is a port that refuses connections: the local end of one to
// ourselves, so that nobody else comes to listen there.
func newRefusingPort(t *testing.T) api.Endpoints {
	t.Helper()
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	near, err := net.Dial("tcp4", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { near.Close() })
	far, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { far.Close() })
	return direct("127.0.0.1", near.LocalAddr().(*net.TCPAddr).Port)
}

// addKey puts one more key file into the account's ~/.ssh.
func addKey(t *testing.T, a *account, name string) ssh.PublicKey {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "another")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(a.paths.Home, ".ssh", name), pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	key, err := ssh.NewPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

// lockedBuffer is written by a logger of several goroutines.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// openLogged replaces the account's manager by one whose log is kept.
func (a *account) openLogged(t *testing.T) (log func() string) {
	t.Helper()
	var b lockedBuffer
	m, err := manager.Open(manager.Options{
		Paths: a.paths, Settings: config.DefaultSettings(), Origin: a.url, Lifetime: t.Context(),
		Getenv: func(name string) string { return a.env[name] },
		Logger: slog.New(slog.NewTextHandler(&b, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	a.m = m
	return b.String
}

// secretFree looks for secrets in texts and in every file of podbay's.
func secretFree(t *testing.T, a *account, log, said string, secrets ...string) {
	t.Helper()
	if log == "" {
		t.Error("nothing was logged: the test proves nothing")
	}
	texts := map[string]string{"the log": log, "what was said": said}
	root := filepath.Dir(a.paths.Home)
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		texts[path] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for where, text := range texts {
		for _, secret := range secrets {
			if strings.Contains(text, secret) {
				t.Errorf("%s holds %q", where, secret)
			}
		}
	}
}
