package identity

import (
	"bytes"
	"context"
	"crypto/rand"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"podbay/sshkey"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is for slow machines; no test waits for it when all is well.
const patience = 30 * time.Second

const passphrase = "open sesame"

// newHome is a home directory with an empty ~/.ssh.
func newHome(t *testing.T) string {
	t.Helper()
	home := t.TempDir()
	if err := os.Mkdir(filepath.Join(home, ".ssh"), 0o700); err != nil {
		t.Fatal(err)
	}
	return home
}

func write(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// keygen makes a key with ssh-keygen and returns its public half.
func keygen(t *testing.T, path string, args ...string) ssh.PublicKey {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	run(t, nil, "ssh-keygen", append([]string{"-q", "-a", "1", "-C", filepath.Base(path) + "@test", "-f", path}, args...)...)
	text, err := os.ReadFile(path + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	public, _, err := sshkey.ParsePublicLine(string(text))
	if err != nil {
		t.Fatal(err)
	}
	return public
}

func run(t *testing.T, env []string, name string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Env = append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s %q: %v: %s", name, args, err, out)
	}
}

// startAgent runs a real ssh-agent until the test ends and returns its socket.
func startAgent(t *testing.T, keys ...string) string {
	t.Helper()
	socket := filepath.Join(shortDir(t), "agent.1")
	cmd := exec.Command("ssh-agent", "-D", "-a", socket)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	awaitSocket(t, socket)
	for _, key := range keys {
		run(t, []string{"SSH_AUTH_SOCK=" + socket}, "ssh-add", "-q", key)
	}
	return socket
}

// shortDir is a folder whose name leaves room for a socket's: 104 bytes on some systems.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "ssh-podbay")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func awaitSocket(t *testing.T, socket string) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		if conn, err := net.Dial("unix", socket); err == nil {
			conn.Close()
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatal("ssh-agent did not start")
		}
	}
}

// agentClient talks to an agent as ssh-add does.
func agentClient(t *testing.T, socket string) agent.ExtendedAgent {
	t.Helper()
	conn, err := net.Dial("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return agent.NewClient(struct{ rw }{rw{conn}})
}

type rw struct{ conn net.Conn }

func (r rw) Read(p []byte) (int, error)  { return r.conn.Read(p) }
func (r rw) Write(p []byte) (int, error) { return r.conn.Write(p) }

func finder(home string, env ...string) Finder {
	return Finder{Home: home, AgentTimeout: patience, Getenv: func(name string) string {
		for _, pair := range env {
			if value, ok := strings.CutPrefix(pair, name+"="); ok {
				return value
			}
		}
		return ""
	}}
}

func find(t *testing.T, f Finder) Set {
	t.Helper()
	set, err := f.Find(t.Context(), Query{Host: "203.0.113.7", User: "root"})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// only is the single identity of a set.
func only(t *testing.T, set Set) Identity {
	t.Helper()
	if len(set.Identities) != 1 {
		t.Fatalf("%d identities: %v", len(set.Identities), names(set))
	}
	return set.Identities[0]
}

// names lists a set as SOURCE NAME, with a ! before what has a problem.
func names(set Set) []string {
	list := []string{}
	for _, id := range set.Identities {
		mark := ""
		if id.Problem != nil {
			mark = "!"
		}
		list = append(list, mark+string(id.Source)+" "+id.Name())
	}
	return list
}

// wantSigns proves that the identity signs for public, with every algorithm that
// a client would use it with.
func wantSigns(t *testing.T, f Finder, id Identity, secret []byte, public ssh.PublicKey) {
	t.Helper()
	signer, err := f.Signer(t.Context(), id, secret)
	if err != nil {
		t.Fatalf("%s: %v", id.Name(), err)
	}
	algorithms := []string{public.Type()}
	if public.Type() == ssh.KeyAlgoRSA {
		multi, ok := signer.(ssh.MultiAlgorithmSigner)
		if !ok {
			t.Fatalf("%T does not say its algorithms", signer)
		}
		algorithms = multi.Algorithms()
	}
	for _, algorithm := range algorithms {
		if algorithm == ssh.KeyAlgoRSA {
			t.Errorf("%s would sign with SHA-1", id.Name())
		}
		signature, err := signer.(ssh.AlgorithmSigner).SignWithAlgorithm(rand.Reader, []byte("data"), algorithm)
		if err != nil {
			t.Fatalf("%s with %s: %v", id.Name(), algorithm, err)
		}
		if signature.Format != algorithm || public.Verify([]byte("data"), signature) != nil {
			t.Errorf("%s with %s: the signature is of %s and does not verify", id.Name(), algorithm, signature.Format)
		}
	}
}

func sameKey(a, b ssh.PublicKey) bool {
	return a != nil && b != nil && bytes.Equal(a.Marshal(), b.Marshal())
}

// wantPlain checks a sentence that a user reads.
func wantPlain(t *testing.T, err error, words ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one that says %q", words)
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("%q does not say %q", err, word)
		}
	}
	if strings.ContainsAny(err.Error(), "\n\x1b") {
		t.Errorf("%q is not one line", err)
	}
}
