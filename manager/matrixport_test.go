package manager_test

import (
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"podbay/demo/api"
	"podbay/demo/pod"
	"podbay/doctor"
)

// deaf is a port whose queue of connections is full, so that the system answers no
// further one.
func deaf(t testing.TB) api.Endpoints {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(fd) })
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(os.NewSyscallError("bind", err))
	}
	if err := syscall.Listen(fd, 0); err != nil {
		t.Fatal(os.NewSyscallError("listen", err))
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	e := direct("127.0.0.1", name.(*syscall.SockaddrInet4).Port)
	for { // until the queue is full
		conn, err := net.DialTimeout("tcp", e.Direct.String(), 50*time.Millisecond)
		if err != nil {
			return e
		}
		t.Cleanup(func() { conn.Close() })
	}
}

// troubled is a cell of a pod whose port does that, and which is restarted.
func troubled(opts accountOptions, place func(*testing.T) api.Endpoints) func(*meeting) {
	return func(c *meeting) {
		c.Parallel()
		opts.registered = true
		w := newWorld(c.T, opts, place(c.T), nil)
		w.trust(c.T, w.key) // of no matter: it comes to no key exchange
		v := c.pod(w.account, it)
		if v.Action == doctor.ActConsole {
			if page := c.carries(w.account, v, v.Action, nil).Sentence; !strings.HasSuffix(page, podID) {
				c.Errorf("opens %q", page)
			}
		}
		w.writes(c.T, w.paths.KnownHosts, "")
		w.moves(c.T)
		w.recreate(c.T)
		w.opts.settings = nil
		w.m = w.open(c.T, w.opts)
		c.left(w.account, it)
	}
}

const restarted = "the pod is restarted"

func portCells() []cell {
	closed := func(t *testing.T) api.Endpoints { return direct("127.0.0.1", refusing(t)) }
	return []cell{
		{doctor.PortOfEarlier, "a restarted pod that is reported at its old address", doctor.ActWait, waited, doctor.Ready, func(c *meeting) {
			c.Parallel()
			w, sshd := sshWorld(c.T, accountOptions{registered: true}, func(spec *api.PodSpec) { spec.StaleAddress = time.Minute })
			session, err := w.m.Connect(c.Context(), it)
			if err != nil {
				c.Fatal(err)
			}
			session.Discard()
			c.restartsElsewhere(w, sshd)
		}},
		{doctor.PortOfEarlier, "a pod stopped and started here, at its old address", doctor.ActWait, waited, doctor.Ready, func(c *meeting) {
			c.Parallel()
			w, sshd := sshWorld(c.T, accountOptions{registered: true}, func(spec *api.PodSpec) { spec.StaleAddress = time.Minute })
			w.list(c.T, podID)
			if err := w.m.Stop(c.Context(), podID); err != nil {
				c.Fatal(err)
			}
			sshd.Stop()
			w.writes(c.T, w.paths.KnownHosts, "")
			w.moves(c.T)
			if err := w.m.Start(c.Context(), podID); err != nil {
				c.Fatal(err)
			}
			c.pod(w.account, it, byOther) // which never saw the old address
			w.clock.add(time.Minute)
			c.left(w.account, it)
		}},
		{doctor.SSHDStarting, "a pod that has just started, and no sshd yet", doctor.ActWait, waited, doctor.Ready, func(c *meeting) {
			c.Parallel()
			w, sshd := sshWorld(c.T, accountOptions{registered: true}, func(spec *api.PodSpec) { spec.StartedAt = time.Now() })
			sshd.Stop()
			v := c.pod(w.account, it)
			w.opts.manager = onSleep(sshd.Restart)
			w.m = w.open(c.T, w.opts)
			w.list(c.T, podID)
			c.carries(w.account, v, v.Action, nil)
			c.left(w.account, it)
		}},
		{doctor.SSHDNoKey, "PUBLIC_KEY is empty, and no sshd was started", doctor.ActAddKey, "podbay: puts the key into PUBLIC_KEY; the container is recreated", doctor.Ready, func(c *meeting) {
			c.Parallel()
			w := newWorld(c.T, accountOptions{registered: true}, closed(c.T), publicKey(""))
			c.pod(w.account, it)
			w.moves(c.T).Stop()
			w.machines.start = func(container api.Container) {
				if !container.SSHD {
					c.Error("RunPod's image would start no sshd")
				}
			}
			w.writes(c.T, w.paths.KnownHosts, "")
			w.moves(c.T)
			if err := w.m.RecreateWithKey(c.Context(), podID, ssh.FingerprintSHA256(w.key)); err != nil {
				c.Fatal(err)
			}
			c.left(w.account, it)
		}},
		{doctor.NoSSHD, "sshd was stopped", doctor.ActStartCommand, "sshd is started in the pod", doctor.Ready, func(c *meeting) {
			c.Parallel()
			w, sshd := sshWorld(c.T, accountOptions{registered: true}, nil)
			sshd.Stop()
			v := c.pod(w.account, it)
			if text := c.carries(w.account, v, v.Action, nil).Sentence; !strings.Contains(text, "openssh-server") {
				c.Errorf("copies %q", text)
			}
			sshd.Restart()
			c.left(w.account, it)
		}},
		{doctor.Unreachable, "RunPod reports an address that leads nowhere", doctor.ActRetry, restarted, doctor.Ready,
			troubled(accountOptions{}, func(*testing.T) api.Endpoints { return direct("no..such.host", 22) })},
		{doctor.NotSSH, "a web server listens on port 22", doctor.ActConsole, restarted, doctor.Ready,
			troubled(accountOptions{}, func(t *testing.T) api.Endpoints {
				return api.Endpoints{Direct: at(misbehaving(t, pod.Behaviour{Greeting: pod.GreetHTTP}))}
			})},
		{doctor.ClosesAtOnce, "the port hangs up before a word", doctor.ActConsole, restarted, doctor.Ready,
			troubled(accountOptions{}, func(t *testing.T) api.Endpoints { return speaks(t, "") })},
		{doctor.ConnectFailed, "an SSH server that speaks nonsense after its name", doctor.ActRetry, restarted, doctor.Ready,
			troubled(accountOptions{}, func(t *testing.T) api.Endpoints {
				return speaks(t, "SSH-2.0-broken\r\nwhat follows is no key exchange")
			})},
		{doctor.Checking, "a pod that was listed a moment ago", "", "podbay: measures the port", doctor.Ready, func(c *meeting) {
			c.Parallel()
			w, _ := sshWorld(c.T, accountOptions{registered: true}, nil)
			c.is(byRow, w.list(c.T, podID).Verdict)
			c.became(w.probed(c.T, podID).Verdict, "")
		}},
		{doctor.Ready, "a sound pod", "", "", "", func(c *meeting) {
			c.Parallel()
			w, _ := sshWorld(c.T, accountOptions{registered: true}, nil)
			c.pod(w.account, it, byConnect) // which opens a shell
		}},
	}
}

// restartsElsewhere gives the pod a new container, which RunPod reports at the old
// address for a minute.
func (c *meeting) restartsElsewhere(w *world, old interface{ Stop() }) {
	c.Helper()
	old.Stop()
	w.writes(c.T, w.paths.KnownHosts, "")
	w.moves(c.T)
	w.recreate(c.T)
	v := c.pod(w.account, it)
	w.opts.manager = onSleep(func() { w.clock.add(time.Minute) })
	w.m = w.open(c.T, w.opts)
	w.list(c.T, podID)
	c.carries(w.account, v, v.Action, nil)
	c.left(w.account, it)
}

// deafCells are ports that keep whoever connects waiting.
func deafCells() []cell {
	return []cell{
		{doctor.NoAnswer, "the host drops the packets", doctor.ActConsole, restarted, doctor.Ready, troubled(accountOptions{settings: hasty}, func(t *testing.T) api.Endpoints { return deaf(t) })},
		{doctor.Silent, "the port is open, and nothing is said", doctor.ActConsole, restarted, doctor.Ready,
			troubled(accountOptions{settings: hasty}, func(t *testing.T) api.Endpoints {
				return api.Endpoints{Direct: at(misbehaving(t, pod.Behaviour{Greeting: pod.GreetSilent}))}
			})},
		{doctor.ClosesAtOnce, "sshd has no room for another login (MaxStartups)", doctor.ActRetry, "the others have logged in or left", doctor.Ready, func(c *meeting) {
			c.Parallel()
			w, sshd := sshWorld(c.T, accountOptions{registered: true}, nil)
			sshd.Configure("MaxStartups 1")
			sshd.Restart()
			defer occupy(c.T, sshd.Addr).Close()
			c.pod(w.account, it)
			sshd.Configure()
			sshd.Restart()
			c.left(w.account, it)
		}},
		{doctor.NoAgreement, "an sshd with SHA-1 key exchange only", doctor.ActConsole, "sshd is updated", doctor.Ready, func(c *meeting) {
			c.Parallel()
			w, sshd := sshWorld(c.T, accountOptions{registered: true}, nil, "KexAlgorithms diffie-hellman-group14-sha1")
			c.pod(w.account, it)
			sshd.Configure()
			sshd.Restart()
			c.left(w.account, it)
		}},
	}
}

// occupy takes the one place that an sshd has for those who have not logged in.
func occupy(t *testing.T, addr string) net.Conn {
	t.Helper()
	for {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		first := make([]byte, 1)
		if _, err := conn.Read(first); err != nil {
			t.Fatal(err)
		}
		if first[0] == 'S' {
			return conn
		}
		conn.Close() // "Exceeded MaxStartups": somebody is still leaving
	}
}
