//go:build linux || darwin

package demo_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/crypto/ssh"

	"podbay/config"
	"podbay/demo"
	"podbay/runpod"
)

const patience = 30 * time.Second

// clock is moved by hand.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

type world struct {
	t      *testing.T
	demo   *demo.Demo
	clock  *clock
	client *runpod.Client
	signer ssh.Signer
	temp   string
}

func start(t *testing.T) *world {
	t.Helper()
	t.Cleanup(func() { goleak.VerifyNone(t) }) // runs last: cleanups are a stack
	w := &world{t: t, temp: t.TempDir(), clock: &clock{now: time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)}}
	var err error
	w.demo, err = demo.Start(t.Context(), demo.Options{TempDir: w.temp, Now: w.clock.Now})
	must(t, err)
	t.Cleanup(func() {
		must(t, w.demo.Close(context.Background()))
		left, err := os.ReadDir(w.temp)
		must(t, err)
		if len(left) != 0 {
			t.Errorf("left behind: %v", left)
		}
	})
	w.client, err = runpod.New(runpod.Options{BaseURL: w.demo.BaseURL, APIKey: w.demo.APIKey, Now: w.clock.Now})
	must(t, err)
	t.Cleanup(w.client.Close)
	private, err := os.ReadFile(w.demo.IdentityFile)
	must(t, err)
	w.signer, err = ssh.ParsePrivateKey(private)
	must(t, err)
	return w
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) pod(id string) *runpod.Pod {
	w.t.Helper()
	p, err := w.client.GetPod(w.t.Context(), id)
	must(w.t, err)
	return p
}

// dial logs in. The host key is checked by the caller, with the one it gets.
func (w *world) dial(e *runpod.Endpoint) (*ssh.Client, ssh.PublicKey, error) {
	w.t.Helper()
	var seen ssh.PublicKey
	client, err := ssh.Dial("tcp", net.JoinHostPort(e.Host, strconv.Itoa(e.Port)), &ssh.ClientConfig{
		User: e.Username,
		Auth: []ssh.AuthMethod{ssh.PublicKeys(w.signer)},
		HostKeyCallback: func(_ string, _ net.Addr, key ssh.PublicKey) error {
			seen = key
			return nil
		},
		HostKeyAlgorithms: []string{ssh.KeyAlgoED25519},
		Timeout:           patience,
	})
	if err == nil {
		w.t.Cleanup(func() { client.Close() })
	}
	return client, seen, err
}

// prompt opens a shell, types exit at its prompt, and returns what came before.
func (w *world) prompt(client *ssh.Client) string {
	w.t.Helper()
	session, err := client.NewSession()
	must(w.t, err)
	must(w.t, session.RequestPty("xterm", 24, 80, nil))
	in, err := session.StdinPipe()
	must(w.t, err)
	out, err := session.StdoutPipe()
	must(w.t, err)
	must(w.t, session.Shell())
	_, err = io.WriteString(in, "pwd\rexit\r")
	must(w.t, err)
	text, err := io.ReadAll(out)
	must(w.t, err)
	must(w.t, session.Wait())
	return string(text)
}

func TestOnePodOfEachKind(t *testing.T) {
	w := start(t)
	pods, err := w.client.ListPods(t.Context())
	must(t, err)
	for i, want := range []struct {
		id     string
		status runpod.Status
		direct bool
		proxy  bool
	}{
		{demo.ReadyPodID, runpod.StatusRunning, true, true},
		{demo.ProxyOnlyPodID, runpod.StatusRunning, false, true},
		{demo.ProvisioningPodID, runpod.StatusProvisioning, false, false},
		{demo.NoSSHPortPodID, runpod.StatusRunning, false, true},
		{demo.NoSSHDPodID, runpod.StatusRunning, true, true},
		{demo.KeyRefusedPodID, runpod.StatusRunning, true, true},
		{demo.StoppedPodID, runpod.StatusExited, false, true},
		{demo.ErrorPodID, runpod.StatusError, false, true},
		{demo.HostileNamePodID, runpod.StatusRunning, true, true},
		{demo.HandedOnPodID, runpod.StatusRunning, true, true},
	} {
		if i >= len(pods) {
			t.Fatalf("%d pods in the list", len(pods))
		}
		p := pods[i]
		if p.ID != want.id || p.Status != want.status || (p.SSH.Direct != nil) != want.direct || (p.SSH.Proxy != nil) != want.proxy {
			t.Errorf("pod %d is %s %s, direct %v, proxy %v; want %+v", i, p.ID, p.Status, p.SSH.Direct, p.SSH.Proxy, want)
		}
		if p.SSH.Direct != nil && p.SSH.Direct.Host != "127.0.0.1" {
			t.Errorf("%s is reached at %s", p.ID, p.SSH.Direct.Host)
		}
	}
	first := slices.MinFunc(pods, func(a, b runpod.Pod) int { return strings.Compare(a.Name, b.Name) })
	if first.ID != demo.ReadyPodID {
		t.Errorf("by name %s comes first", first.Name)
	}
	if !slices.ContainsFunc(pods[0].Actions, func(a runpod.Action) bool { return a == runpod.ActionStop }) {
		t.Errorf("the ready pod allows %v", pods[0].Actions)
	}
}

func TestLoginToReadyPod(t *testing.T) {
	w := start(t)
	client, key, err := w.dial(w.pod(demo.ReadyPodID).SSH.Direct)
	must(t, err)
	if !slices.ContainsFunc(w.demo.KnownHosts(), func(k demo.KnownHost) bool {
		return k.PodID == demo.ReadyPodID && string(k.Key.Marshal()) == string(key.Marshal())
	}) {
		t.Error("the pod's host key is none of the known hosts")
	}
	text := w.prompt(client)
	for _, want := range []string{"axolotl-finetune (this machine):~$ ", "demo shell on this machine", "\r" + w.temp} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in %q", want, text)
		}
	}
}

// What the logs say of the host keys: podbay's own reader agrees with the servers.
func TestLogsListTheHostKeys(t *testing.T) {
	w := start(t)
	for _, c := range []struct {
		id     string
		lists  bool // the log has a list
		shows  bool // and the key that the server shows is in it
		logsIn bool
	}{
		{demo.ReadyPodID, true, true, true},
		{demo.HostileNamePodID, true, true, true},
		{demo.HandedOnPodID, true, false, true},
		{demo.KeyRefusedPodID, false, false, false},
	} {
		p := w.pod(c.id)
		said, err := w.client.HostKeyLog(t.Context(), c.id, p.StartedAt)
		must(t, err)
		if (len(said.Keys) > 0) != c.lists {
			t.Errorf("%s: the log says %+v", c.id, said)
		}
		if !c.logsIn {
			continue
		}
		_, key, err := w.dial(p.SSH.Direct)
		must(t, err)
		listed := slices.ContainsFunc(said.Keys, func(k runpod.LoggedHostKey) bool { return k.Fingerprint == ssh.FingerprintSHA256(key) })
		if listed != c.shows {
			t.Errorf("%s shows %s, the log lists %+v", c.id, ssh.FingerprintSHA256(key), said.Keys)
		}
	}
}

func TestOtherWaysIn(t *testing.T) {
	w := start(t)
	for _, id := range []string{demo.ProxyOnlyPodID, demo.NoSSHPortPodID, demo.KeyRefusedPodID, demo.HostileNamePodID} {
		client, key, err := w.dial(w.pod(id).SSH.Proxy)
		must(t, err)
		if string(key.Marshal()) != string(w.demo.ProxyHostKeys()[0].Marshal()) {
			t.Errorf("%s: the proxy has another host key", id)
		}
		if text := w.prompt(client); !strings.Contains(text, "(this machine):~$ ") {
			t.Errorf("%s: %q", id, text)
		} else if strings.ContainsAny(text, "\u202e") || strings.Contains(text, "\x1b]0") {
			t.Errorf("%s: the prompt holds the name as it is: %q", id, text)
		}
	}
}

func TestPodsThatLetNobodyIn(t *testing.T) {
	w := start(t)
	if _, _, err := w.dial(w.pod(demo.NoSSHDPodID).SSH.Direct); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("no sshd: got %v, want a refused connection", err)
	}
	if _, _, err := w.dial(w.pod(demo.KeyRefusedPodID).SSH.Direct); err == nil || !strings.Contains(err.Error(), "unable to authenticate") {
		t.Errorf("key refused: got %v", err)
	}
}

func TestProvisioningPodBecomesReady(t *testing.T) {
	w := start(t)
	w.clock.advance(21 * time.Second)
	p := w.pod(demo.ProvisioningPodID)
	if p.Status != runpod.StatusRunning || p.SSH.Direct == nil {
		t.Fatalf("after 21 s it is %s", p.Status)
	}
	client, _, err := w.dial(p.SSH.Direct)
	must(t, err)
	w.prompt(client)
}

func TestStoppedPodStarts(t *testing.T) {
	w := start(t)
	p, err := w.client.PodAction(t.Context(), demo.StoppedPodID, runpod.ActionStart)
	must(t, err)
	if p.Status != runpod.StatusProvisioning {
		t.Errorf("started, it is %s", p.Status)
	}
	var ports []int
	var keys []string
	for range 2 {
		w.clock.advance(11 * time.Second)
		direct := w.pod(demo.StoppedPodID).SSH.Direct
		client, key, err := w.dial(direct)
		must(t, err)
		w.prompt(client)
		ports, keys = append(ports, direct.Port), append(keys, string(key.Marshal()))
		_, err = w.client.PodAction(t.Context(), demo.StoppedPodID, runpod.ActionRestart)
		must(t, err)
	}
	if keys[0] == keys[1] || ports[0] == ports[1] {
		t.Errorf("a new container has the port (%v) or the host key of the last one", ports)
	}
}

// A stop ends the shells in the pod, those of the proxy too.
func TestStopEndsShells(t *testing.T) {
	w := start(t)
	p := w.pod(demo.ReadyPodID)
	var sessions []*ssh.Session
	for _, e := range []*runpod.Endpoint{p.SSH.Direct, p.SSH.Proxy} {
		client, _, err := w.dial(e)
		must(t, err)
		session, err := client.NewSession()
		must(t, err)
		must(t, session.RequestPty("xterm", 24, 80, nil))
		must(t, session.Shell())
		sessions = append(sessions, session)
	}
	_, err := w.client.PodAction(t.Context(), p.ID, runpod.ActionStop)
	must(t, err)
	for _, session := range sessions {
		var missing *ssh.ExitMissingError
		if err := session.Wait(); !errors.As(err, &missing) {
			t.Errorf("got %v, want a lost connection", err)
		}
	}
}

func TestCloseEndsShells(t *testing.T) {
	w := start(t)
	client, _, err := w.dial(w.pod(demo.ReadyPodID).SSH.Direct)
	must(t, err)
	session, err := client.NewSession()
	must(t, err)
	out, err := session.StdoutPipe()
	must(t, err)
	must(t, session.Start(`trap "" HUP TERM; echo up; while :; do sleep 1; done`))
	up := make([]byte, 3)
	_, err = io.ReadFull(out, up)
	must(t, err)
	must(t, w.demo.Close(t.Context()))
	if session.Wait() == nil {
		t.Error("the shell ended by itself")
	}
}

func TestFilesAndUsersHome(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("XDG_CONFIG_HOME", filepath.Join(home, "config"))
	opened := watchOpens(t, home)
	w := start(t)
	client, _, err := w.dial(w.pod(demo.ReadyPodID).SSH.Direct)
	must(t, err)
	w.prompt(client)
	if names := opened(); len(names) != 0 {
		t.Errorf("opened in the user's home: %q", names)
	}

	info, err := os.Stat(w.demo.IdentityFile)
	must(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("the identity has mode %v", info.Mode())
	}
	paths := config.PathsUnder(w.demo.Dir)
	if got := filepath.Join(paths.Home, ".ssh", "id_ed25519"); got != w.demo.IdentityFile {
		t.Errorf("the identity is at %s, and the home's is %s", w.demo.IdentityFile, got)
	}
	info, err = os.Stat(w.demo.Dir)
	must(t, err)
	if !strings.HasPrefix(w.demo.Dir, w.temp) || info.Mode().Perm() != 0o700 {
		t.Errorf("%s has mode %v", w.demo.Dir, info.Mode())
	}
}

func TestStartFails(t *testing.T) {
	defer goleak.VerifyNone(t)
	if _, err := demo.Start(t.Context(), demo.Options{TempDir: filepath.Join(t.TempDir(), "missing")}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := demo.Start(ctx, demo.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestCut(t *testing.T) {
	t.Cleanup(func() { goleak.VerifyNone(t) })
	d, err := demo.Start(t.Context(), demo.Options{TempDir: t.TempDir(), Cut: 50 * time.Millisecond})
	must(t, err)
	defer func() { must(t, d.Close(context.Background())) }()
	client, err := runpod.New(runpod.Options{BaseURL: d.BaseURL, APIKey: d.APIKey})
	must(t, err)
	defer client.Close()
	p, err := client.GetPod(t.Context(), demo.ReadyPodID)
	must(t, err)
	conn, err := net.Dial("tcp", net.JoinHostPort(p.SSH.Direct.Host, strconv.Itoa(p.SSH.Direct.Port)))
	must(t, err)
	defer conn.Close()
	must(t, conn.SetDeadline(time.Now().Add(patience)))
	if _, err := io.Copy(io.Discard, conn); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("the connection was not cut")
	}
}
