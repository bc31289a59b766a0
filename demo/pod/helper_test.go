//go:build linux || darwin

package pod_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"
	"go.uber.org/goleak"
	"golang.org/x/crypto/ssh"

	"podbay/demo/pod"
)

const patience = 30 * time.Second

// world is a key, a home and a folder of files for the ssh command.
type world struct {
	t       *testing.T
	dir     string
	home    string
	signer  ssh.Signer
	keyFile string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	t.Cleanup(func() { goleak.VerifyNone(t) }) // runs last: cleanups are a stack
	dir := t.TempDir()
	w := &world{t: t, dir: dir, home: filepath.Join(dir, "home"), keyFile: filepath.Join(dir, "id_ed25519")}
	must(t, os.Mkdir(w.home, 0o700))
	_, private, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	w.signer, err = ssh.NewSignerFromSigner(private)
	must(t, err)
	block, err := ssh.MarshalPrivateKey(private, "test")
	must(t, err)
	must(t, os.WriteFile(w.keyFile, pem.EncodeToMemory(block), 0o600))
	return w
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) container() pod.Container {
	return pod.Container{PodID: "abc123", Name: "trainer", Home: w.home}
}

func (w *world) start(b pod.Behaviour) *pod.Server {
	w.t.Helper()
	return w.startConfig(pod.Config{Behaviour: b})
}

func (w *world) startConfig(cfg pod.Config) *pod.Server {
	w.t.Helper()
	cfg.Container = w.container()
	cfg.AuthorizedKeys = []ssh.PublicKey{w.signer.PublicKey()}
	s, err := pod.Start(cfg)
	must(w.t, err)
	w.t.Cleanup(func() { must(w.t, s.Close()) })
	return s
}

// ssh prepares the system's client, with no file of this machine's user read.
func (w *world) ssh(s *pod.Server, user, command string, flags ...string) *exec.Cmd {
	w.t.Helper()
	known := filepath.Join(w.dir, "known_hosts")
	var lines bytes.Buffer
	for _, k := range s.HostKeys() {
		fmt.Fprintf(&lines, "[127.0.0.1]:%d %s", s.Addr().Port(), ssh.MarshalAuthorizedKey(k.Public()))
	}
	must(w.t, os.WriteFile(known, lines.Bytes(), 0o600))
	args := []string{
		"-F", "none", "-o", "UserKnownHostsFile=" + known, "-o", "GlobalKnownHostsFile=none",
		"-o", "StrictHostKeyChecking=yes", "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes",
		"-o", "IdentityAgent=none", "-o", "LogLevel=ERROR", "-i", w.keyFile,
		"-p", strconv.Itoa(int(s.Addr().Port())), "-l", user,
	}
	args = append(append(args, flags...), "127.0.0.1", command)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	w.t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, "ssh", args...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + w.dir, "TERM=xterm-256color"}
	return cmd
}

// dial logs in with x/crypto's client.
func (w *world) dial(s *pod.Server, user string) (*ssh.Client, error) {
	keys := s.HostKeys()
	return ssh.Dial("tcp", s.Addr().String(), &ssh.ClientConfig{
		User:              user,
		Auth:              []ssh.AuthMethod{ssh.PublicKeys(w.signer)},
		HostKeyCallback:   ssh.FixedHostKey(keys[0].Public()),
		HostKeyAlgorithms: []string{keys[0].Public().Type()},
		Timeout:           patience,
	})
}

func (w *world) mustDial(s *pod.Server, user string) *ssh.Client {
	w.t.Helper()
	client, err := w.dial(s, user)
	must(w.t, err)
	w.t.Cleanup(func() { client.Close() })
	return client
}

// screen collects what a terminal shows, and lets a test wait for it.
type screen struct {
	t       *testing.T
	mu      sync.Mutex
	text    []byte
	changed chan struct{}
	done    chan struct{}
	in      io.Writer
}

func newScreen(t *testing.T, out io.Reader, in io.Writer) *screen {
	s := &screen{t: t, in: in, changed: make(chan struct{}, 1), done: make(chan struct{})}
	go func() {
		defer close(s.done)
		buf := make([]byte, 4096)
		for {
			n, err := out.Read(buf)
			s.mu.Lock()
			s.text = append(s.text, buf[:n]...)
			s.mu.Unlock()
			select {
			case s.changed <- struct{}{}:
			default:
			}
			if err != nil {
				return
			}
		}
	}()
	return s
}

// expect waits for a pattern past what earlier calls saw, and returns its groups.
func (s *screen) expect(pattern string) []string {
	s.t.Helper()
	re := regexp.MustCompile(pattern)
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	for {
		s.mu.Lock()
		if at := re.FindSubmatchIndex(s.text); at != nil {
			var groups []string
			for _, g := range re.FindSubmatch(s.text) {
				groups = append(groups, string(g))
			}
			s.text = s.text[at[1]:]
			s.mu.Unlock()
			return groups
		}
		seen := string(s.text)
		s.mu.Unlock()
		select {
		case <-s.changed:
		case <-s.done:
			select {
			case <-s.changed: // once more over the last of it
			default:
				s.t.Fatalf("the output ended without %q; since the last match: %q", pattern, seen)
			}
		case <-deadline.C:
			s.t.Fatalf("waited for %q; since the last match: %q", pattern, seen)
		}
	}
}

func (s *screen) typeLine(line string) {
	s.t.Helper()
	_, err := io.WriteString(s.in, line+"\r")
	must(s.t, err)
}

// onTerminal runs cmd in a PTY of the test's own.
func onTerminal(t *testing.T, cmd *exec.Cmd, size *pty.Winsize) (*screen, *os.File) {
	t.Helper()
	master, err := pty.StartWithSize(cmd, size)
	must(t, err)
	s := newScreen(t, master, master)
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		<-s.done
		master.Close()
	})
	return s, master
}

func exitCode(t *testing.T, err error) int {
	t.Helper()
	if err == nil {
		return 0
	}
	exit, ok := err.(*exec.ExitError)
	if !ok {
		t.Fatal(err)
	}
	return exit.ExitCode()
}
