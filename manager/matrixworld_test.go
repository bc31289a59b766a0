package manager_test

import (
	"context"
	"io"
	"net"
	"strconv"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"podbay/config"
	"podbay/demo/api"
	"podbay/demo/pod"
	"podbay/internal/opensshd"
	"podbay/manager"
)

// podID is the one pod of most cells.
const podID = "pod1"

// it asks for that pod.
var it = manager.ConnectRequest{PodID: podID}

// world is an account with one pod, on machines that the test places.
type world struct {
	*account
	machines *machinery
	clock    *clock
}

// machinery is an api.Host whose containers are where the test says. A pod whose
// place is not said has no public address.
type machinery struct {
	mu    sync.Mutex
	at    map[string]api.Endpoints
	start func(api.Container) // told of each new container, if not nil
}

func (m *machinery) Start(_ context.Context, c api.Container) (api.Endpoints, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.start != nil {
		m.start(c)
	}
	return m.at[c.PodID], nil
}

func (m *machinery) Stop(string)  {}
func (m *machinery) Close() error { return nil }

// place says where the pod's next container is.
func (m *machinery) place(e api.Endpoints) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.at[podID] = e
}

// clock is the time of the account's API and of podbay.
type clock struct {
	mu    sync.Mutex
	ahead time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.ahead)
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += d
}

// newWorld is an account with one pod, which runs for an hour, at that place.
func newWorld(t testing.TB, opts accountOptions, at api.Endpoints, change func(*api.PodSpec)) *world {
	t.Helper()
	w := &world{machines: &machinery{at: map[string]api.Endpoints{podID: at}}, clock: new(clock)}
	spec := api.PodSpec{ID: podID, Name: "matrix", Status: api.StatusRunning, StartSSH: true, StartedAt: time.Now().Add(-time.Hour), Cost: 0.44}
	if change != nil {
		change(&spec)
	}
	opts.pods, opts.now = append(opts.pods, spec), w.clock.now
	more, other := opts.api, opts.manager
	opts.api = func(o *api.Options) {
		o.Host, o.Now, o.Provisioning, o.Starting = w.machines, w.clock.now, 1, 1
		if more != nil {
			more(o)
		}
	}
	opts.manager = func(o *manager.Options) {
		o.Sleep = func(ctx context.Context, _ time.Duration) error { return context.Cause(ctx) }
		if other != nil {
			other(o)
		}
	}
	w.account = newAccount(t, opts)
	return w
}

// sshWorld is a world whose pod is a real sshd that takes the home's key, and whose
// host key is known.
func sshWorld(t testing.TB, opts accountOptions, change func(*api.PodSpec), lines ...string) (*world, *opensshd.Server) {
	t.Helper()
	sshd := opensshd.Start(t, opensshd.Config{ExtraConfig: lines})
	w := newWorld(t, opts, direct(sshd.Host, sshd.Port), change)
	sshd.Authorize(w.key)
	w.trust(t, sshd.HostKey())
	return w, sshd
}

// trust keeps a host key as the pod's.
func (w *world) trust(t testing.TB, key ssh.PublicKey) {
	t.Helper()
	if err := w.m.TrustHostKey(podID, key, time.Time{}); err != nil {
		t.Fatal(err)
	}
}

// moves gives the pod a new container on a real sshd that takes the home's key, as
// a restart does.
func (w *world) moves(t *testing.T) *opensshd.Server {
	t.Helper()
	sshd := opensshd.Start(t, opensshd.Config{AuthorizedKeys: []ssh.PublicKey{w.key}})
	w.machines.place(direct(sshd.Host, sshd.Port))
	w.trust(t, sshd.HostKey())
	return sshd
}

func (w *world) recreate(t *testing.T) {
	t.Helper()
	if err := w.api.Recreate(podID); err != nil {
		t.Fatal(err)
	}
}

// onSleep is called in place of each wait of podbay's.
func onSleep(f func()) func(*manager.Options) {
	return func(o *manager.Options) {
		o.Sleep = func(ctx context.Context, _ time.Duration) error { f(); return context.Cause(ctx) }
	}
}

// hasty is for cells in which something is waited for in vain.
func hasty(s *config.Settings) {
	s.Connect, s.ProbeTimeout = 150*time.Millisecond, 150*time.Millisecond
}

// misbehaving is a pod of the demo's with a fault.
func misbehaving(t testing.TB, b pod.Behaviour, keys ...ssh.PublicKey) *pod.Server {
	t.Helper()
	s, err := pod.Start(pod.Config{
		Container: pod.Container{PodID: podID, Name: "matrix", Home: t.TempDir()}, AuthorizedKeys: keys, Behaviour: b,
	})
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

// speaks is a port that says text to whoever connects, and closes.
func speaks(t *testing.T, text string) api.Endpoints {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				defer conn.Close()
				_, _ = io.WriteString(conn, text)
				_ = conn.(*net.TCPConn).CloseWrite()
				_ = conn.SetReadDeadline(time.Now().Add(time.Second))
				_, _ = io.Copy(io.Discard, conn) // else what was said is lost in a reset
			})
		}
	})
	t.Cleanup(func() { listener.Close(); serving.Wait() })
	return direct("127.0.0.1", listener.Addr().(*net.TCPAddr).Port)
}

// refusing is a port of 127.0.0.1 on which nobody listens: the local end of a
// connection, so that nobody comes to listen there.
func refusing(t *testing.T) int {
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
	far, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { near.Close(); far.Close() })
	return near.LocalAddr().(*net.TCPAddr).Port
}

// host and port split "127.0.0.1:22001" and join it.
func host(addr string) (string, int) {
	host, port, _ := net.SplitHostPort(addr)
	number, _ := strconv.Atoi(port)
	return host, number
}

func port(number int) string { return strconv.Itoa(number) }
