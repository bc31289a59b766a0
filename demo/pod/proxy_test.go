//go:build linux || darwin

package pod_test

import (
	"errors"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"podbay/demo/pod"
)

func (w *world) startProxy(keys func() []ssh.PublicKey) *pod.Server {
	w.t.Helper()
	s, err := pod.StartProxy(pod.ProxyConfig{
		Keys: keys,
		Route: func(token string) (pod.Container, error) {
			if token != "abc123-64410a" {
				return pod.Container{}, errors.New("no running pod for " + token)
			}
			return w.container(), nil
		},
	})
	must(w.t, err)
	w.t.Cleanup(func() { must(w.t, s.Close()) })
	return s
}

func (w *world) ownKey() []ssh.PublicKey { return []ssh.PublicKey{w.signer.PublicKey()} }

func TestProxyDemandsPTY(t *testing.T) {
	w := newWorld(t)
	s := w.startProxy(w.ownKey)
	for _, command := range []string{"touch made", "exit 3", ""} {
		out, err := w.ssh(s, "abc123-64410a", command).CombinedOutput()
		if err != nil || !strings.Contains(string(out), "doesn't support PTY") {
			t.Errorf("%q: got %v and %q; want a complaint and status 0", command, err, out)
		}
	}
}

func TestProxyIgnoresCommandWithPTY(t *testing.T) {
	w := newWorld(t)
	session, err := w.mustDial(w.startProxy(w.ownKey), "abc123-64410a").NewSession()
	must(t, err)
	must(t, session.RequestPty("xterm", 24, 80, nil))
	in, err := session.StdinPipe()
	must(t, err)
	out, err := session.StdoutPipe()
	must(t, err)
	must(t, session.Start("exit 3"))
	screen := newScreen(t, out, in)
	screen.expect(`trainer \(this machine\):~\$ `)
	screen.typeLine("exit 5")
	var exit *ssh.ExitError
	if err := session.Wait(); !errors.As(err, &exit) || exit.ExitStatus() != 5 {
		t.Errorf("got %v, want the shell's status 5", err)
	}
}

func TestProxyRefuses(t *testing.T) {
	w := newWorld(t)
	for name, s := range map[string]*pod.Server{"proxy": w.startProxy(w.ownKey), "direct": w.start(pod.Behaviour{})} {
		user := map[string]string{"proxy": "abc123-64410a", "direct": "root"}[name]
		client := w.mustDial(s, user)
		if _, err := client.Dial("tcp", s.Addr().String()); err == nil {
			t.Errorf("%s: a forward was opened", name)
		}
		if _, err := client.Listen("tcp", "127.0.0.1:0"); err == nil {
			t.Errorf("%s: a remote forward was opened", name)
		}
		session, err := client.NewSession()
		must(t, err)
		if session.RequestSubsystem("sftp") == nil {
			t.Errorf("%s: sftp was accepted", name)
		}
	}
}

func TestProxyLooksKeysAndPodsUp(t *testing.T) {
	w := newWorld(t)
	var registered []ssh.PublicKey
	s := w.startProxy(func() []ssh.PublicKey { return registered })
	if _, err := w.dial(s, "abc123-64410a"); err == nil {
		t.Error("a key that is not registered was taken")
	}
	registered = w.ownKey()
	session, err := w.mustDial(s, "gone-1").NewSession()
	must(t, err)
	must(t, session.RequestPty("xterm", 24, 80, nil))
	out, err := session.Output("")
	var exit *ssh.ExitError
	if !errors.As(err, &exit) || exit.ExitStatus() != 1 || !strings.Contains(string(out), "no running pod for gone-1") {
		t.Errorf("got %v and %q", err, out)
	}
}

func TestProxyShellEndsWithItsContainer(t *testing.T) {
	w := newWorld(t)
	gone := make(chan struct{})
	container := w.container()
	container.Gone = gone
	s, err := pod.StartProxy(pod.ProxyConfig{
		Keys:  w.ownKey,
		Route: func(string) (pod.Container, error) { return container, nil },
	})
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	session, err := w.mustDial(s, "any").NewSession()
	must(t, err)
	must(t, session.RequestPty("xterm", 24, 80, nil))
	out, err := session.StdoutPipe()
	must(t, err)
	must(t, session.Shell())
	newScreen(t, out, nil).expect(`\(this machine\)`)
	close(gone)
	var missing *ssh.ExitMissingError
	if err := session.Wait(); !errors.As(err, &missing) {
		t.Errorf("got %v, want a lost connection", err)
	}
}
