//go:build linux || darwin

package pod_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"podbay/demo/pod"
)

func (w *world) connect(s *pod.Server) net.Conn {
	w.t.Helper()
	c, err := net.Dial("tcp", s.Addr().String())
	must(w.t, err)
	w.t.Cleanup(func() { c.Close() })
	must(w.t, c.SetDeadline(time.Now().Add(patience)))
	return c
}

func TestGreetings(t *testing.T) {
	w := newWorld(t)
	for greeting, want := range map[pod.Greeting]string{
		pod.GreetSSH:  "SSH-2.0-podbay_demo\r\n",
		pod.GreetHTTP: "HTTP/1.1 400 Bad Request\r\n",
	} {
		line, err := bufio.NewReader(w.connect(w.start(pod.Behaviour{Greeting: greeting}))).ReadString('\n')
		if line != want || err != nil {
			t.Errorf("greeting %d: got %q, %v", greeting, line, err)
		}
	}
}

func TestSilentGreeting(t *testing.T) {
	w := newWorld(t)
	server := w.start(pod.Behaviour{Greeting: pod.GreetSilent})
	c := w.connect(server)
	must(t, c.SetReadDeadline(time.Now().Add(100*time.Millisecond)))
	if n, err := c.Read(make([]byte, 1)); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("got %d bytes and %v from a silent server", n, err)
	}
}

// A delay is waited out with the injected sleep, and ends when the server closes.
func TestDelays(t *testing.T) {
	for name, b := range map[string]pod.Behaviour{
		"banner": {BannerDelay: time.Hour}, "authentication": {AuthDelay: time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			asleep, slept := make(chan time.Duration, 1), make(chan error, 1)
			server := w.startConfig(pod.Config{Behaviour: b, Sleep: func(ctx context.Context, d time.Duration) error {
				asleep <- d
				<-ctx.Done()
				slept <- ctx.Err()
				return ctx.Err()
			}})
			dialed := make(chan error, 1)
			go func() {
				_, err := w.dial(server, "root")
				dialed <- err
			}()
			if d := <-asleep; d != time.Hour {
				t.Errorf("slept %v", d)
			}
			must(t, server.Close())
			if <-slept == nil || <-dialed == nil {
				t.Error("the delay was not cut by Close")
			}
		})
	}
}

func TestRefusedLogins(t *testing.T) {
	for name, tt := range map[string]struct {
		behaviour pod.Behaviour
		user      string
		methods   string
	}{
		"password only":   {pod.Behaviour{PasswordOnly: true}, "root", "(password)"},
		"key refused":     {pod.Behaviour{RefuseKeys: true}, "root", "(publickey)"},
		"user is no root": {pod.Behaviour{}, "ubuntu", "(publickey)"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			out, err := w.ssh(w.start(tt.behaviour), tt.user, "true").CombinedOutput()
			if exitCode(t, err) != 255 || !strings.Contains(string(out), "Permission denied "+tt.methods) {
				t.Errorf("got %v and %q", err, out)
			}
		})
	}
}

func TestHostKeysOfTheNextStart(t *testing.T) {
	w := newWorld(t)
	first := w.start(pod.Behaviour{})
	addr := first.Addr().String()
	must(t, first.Close())
	again := w.startConfig(pod.Config{Addr: addr, HostKeys: first.HostKeys()})
	if again.HostKeys()[0].Fingerprint() != first.HostKeys()[0].Fingerprint() {
		t.Error("the host keys that were given are not used")
	}
	must(t, again.Close())
	fresh := w.startConfig(pod.Config{Addr: addr})
	if fresh.HostKeys()[0].Fingerprint() == first.HostKeys()[0].Fingerprint() {
		t.Error("a fresh container has the host keys of the last one")
	}
}

func (w *world) output(s *pod.Server, command string) (io.Reader, *ssh.Client) {
	w.t.Helper()
	client := w.mustDial(s, "root")
	session, err := client.NewSession()
	must(w.t, err)
	stdout, err := session.StdoutPipe()
	must(w.t, err)
	must(w.t, session.Start(command))
	return stdout, client
}

func TestDropAfter(t *testing.T) {
	w := newWorld(t)
	out, client := w.output(w.start(pod.Behaviour{DropAfter: 1000}), "seq 100000")
	got, _ := io.ReadAll(out)
	if len(got) > 1000 {
		t.Errorf("%d bytes came before the drop", len(got))
	}
	if err := client.Wait(); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the connection ended with %v, want a reset", err)
	}
}

func TestDeadAfter(t *testing.T) {
	w := newWorld(t)
	server := w.start(pod.Behaviour{DeadAfter: 1000})
	out, client := w.output(server, "seq 100000")
	got := make([]byte, 1000)
	if _, err := io.ReadFull(out, got); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- client.Wait() }()
	asked := make(chan error, 1)
	go func() {
		_, _, err := client.SendRequest("keepalive@openssh.com", true, nil)
		asked <- err
	}()
	select {
	case err := <-ended:
		t.Errorf("a dead connection was ended: %v", err)
	case err := <-asked:
		t.Errorf("a dead connection answered: %v", err)
	case <-time.After(200 * time.Millisecond):
	}
	must(t, server.Close())
	<-ended
	<-asked
}

func TestRefusedPTYAndShell(t *testing.T) {
	w := newWorld(t)
	session, err := w.mustDial(w.start(pod.Behaviour{RefusePTY: true}), "root").NewSession()
	must(t, err)
	if session.RequestPty("xterm", 24, 80, nil) == nil {
		t.Error("the PTY was not refused")
	}
	session, err = w.mustDial(w.start(pod.Behaviour{ExitAtOnce: true}), "root").NewSession()
	must(t, err)
	must(t, session.RequestPty("xterm", 24, 80, nil))
	must(t, session.Shell())
	var exit *ssh.ExitError
	if err := session.Wait(); !errors.As(err, &exit) || exit.ExitStatus() != 1 {
		t.Errorf("got %v, want exit status 1", err)
	}
}

func TestBadConfig(t *testing.T) {
	for _, addr := range []string{"0.0.0.0:0", "[::]:0", ":0", "localhost:0", "10.0.0.1:22", "127.0.0.1"} {
		if _, err := pod.Start(pod.Config{Addr: addr}); !errors.Is(err, pod.ErrNotLoopback) {
			t.Errorf("%s: got %v, want ErrNotLoopback", addr, err)
		}
	}
	for _, b := range []pod.Behaviour{{DropAfter: 1, DeadAfter: 1}, {PasswordOnly: true, RefuseKeys: true}} {
		if _, err := pod.Start(pod.Config{Behaviour: b}); err == nil {
			t.Errorf("%+v was accepted", b)
		}
	}
}

// A key that a shell adds to authorized_keys is taken from then on.
func TestHomesAuthorizedKeysAreRead(t *testing.T) {
	w := newWorld(t)
	s, err := pod.Start(pod.Config{Container: w.container()})
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	if client, err := w.dial(s, "root"); err == nil {
		client.Close()
		t.Fatal("a key that is nowhere was taken")
	}
	must(t, os.Mkdir(filepath.Join(w.home, ".ssh"), 0o700))
	must(t, os.WriteFile(filepath.Join(w.home, ".ssh", "authorized_keys"), ssh.MarshalAuthorizedKey(w.signer.PublicKey()), 0o600))
	w.mustDial(s, "root")
}
