package manager_test

import (
	"errors"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"podbay/config"
	"podbay/demo/api"
	"podbay/demo/pod"
	"podbay/doctor"
	"podbay/manager"
)

// attaches runs a session on a terminal, and types text.
func (c *meeting) attaches(w *world, text string) manager.Ended {
	c.Helper()
	session, err := w.m.Connect(c.Context(), it)
	if err != nil {
		c.Fatal(err)
	}
	return runOnTerminal(c.T, session, text)
}

// session asks about a session that nobody types into, the list, and a check-up, of
// which the login tells nothing of the shell behind it.
func (c *meeting) session(w *world) {
	c.Helper()
	c.is("the session", c.attaches(w, "").Verdict)
	c.is(byRow, w.probed(c.T, podID).Verdict)
	c.is(byCheckUp, w.m.CheckUp(c.Context(), manager.CheckUpRequest{PodID: podID}).Verdict)
	c.is(byRow, w.probed(c.T, podID).Verdict)
}

// attachesWell runs a session with which nothing is wrong.
func (c *meeting) attachesWell(w *world) {
	c.Helper()
	if v := c.attaches(w, "exit\n").Verdict; v.ID != "" {
		c.Errorf("then a session ends with %s: %s", v.ID, v.Sentence)
	}
	c.became(w.probed(c.T, podID).Verdict, "")
}

// shellOf is a cell of a real sshd with this line in its configuration, which is
// taken out.
func shellOf(line string) func(*meeting) {
	return func(c *meeting) {
		c.Parallel()
		w, sshd := sshWorld(c.T, accountOptions{registered: true}, nil, line)
		c.session(w)
		sshd.Configure()
		sshd.Restart()
		c.attachesWell(w)
	}
}

func sessionCells() []cell {
	const reconfigured = "sshd is configured"
	return []cell{
		{doctor.PTYRefused, "PermitTTY no", doctor.ActConsole, reconfigured, doctor.Ready, shellOf("PermitTTY no")},
		{doctor.ShellRefused, "MaxSessions 0", doctor.ActConsole, reconfigured, doctor.Ready, shellOf("MaxSessions 0")},
		{doctor.ShellExits, "a login shell that only says that the account is closed", doctor.ActConsole, reconfigured, doctor.Ready,
			shellOf("ForceCommand echo This account is currently not available.; exit 1")},
		{doctor.DiskFull, "a write that fails for want of space", doctor.ActConsole, "space is freed", doctor.Ready,
			shellOf("ForceCommand echo history > /dev/full")},
		{doctor.ShellLate, "the login is taken, and the shell never comes", doctor.ActRetry, restarted, doctor.Ready, func(c *meeting) {
			c.Parallel()
			w := newWorld(c.T, accountOptions{registered: true, settings: func(s *config.Settings) { s.Connect = 2 * time.Second }}, api.Endpoints{}, nil)
			server := misbehaving(c.T, pod.Behaviour{HoldShell: true}, w.key)
			w.trust(c.T, server.HostKeys()[0].Public())
			w.machines.place(api.Endpoints{Direct: at(server)})
			w.recreate(c.T)
			c.session(w)
			w.writes(c.T, w.paths.KnownHosts, "")
			w.recreatedOn(c.T)
			w.opts.settings = nil
			w.m = w.open(c.T, w.opts)
			c.attachesWell(w)
		}},
		{doctor.ProxyComplaint, "RunPod's proxy finds no container behind the pod", doctor.ActConsole, "the container runs again", doctor.ProxyNoPort, func(c *meeting) {
			c.Parallel()
			w, runs := complaining(c.T, api.Endpoints{}, unexposed)
			c.session(w)
			runs.Store(true)
			c.attachesWell(w)
		}},
		{doctor.Dropped, "the line is cut, and the pod takes no new login", doctor.ActRetry, "podbay: connects again, when it does", doctor.Ready, func(c *meeting) {
			c.Parallel()
			w, sshd := sshWorld(c.T, accountOptions{registered: true}, nil)
			session, err := w.m.Connect(c.Context(), it)
			if err != nil {
				c.Fatal(err)
			}
			sshd.Authorize()
			sshd.Restart() // ends what it carries
			ended := runOnTerminal(c.T, session, "")
			if !ended.Lost {
				c.Errorf("the session ended otherwise: %s", ended.Sentence)
			}
			c.is("the session", ended.Verdict)
			sshd.Authorize(w.key)
			c.attachesWell(w)
		}},
	}
}

// complaining is a world whose pod is led to by a proxy that complains, while runs
// is false.
func complaining(t *testing.T, beside api.Endpoints, change func(*api.PodSpec)) (w *world, runs *atomic.Bool) {
	t.Helper()
	runs = new(atomic.Bool)
	home := t.TempDir()
	proxy, err := pod.StartProxy(pod.ProxyConfig{
		Keys: func() []ssh.PublicKey { return []ssh.PublicKey{w.key} },
		Route: func(string) (pod.Container, error) {
			if !runs.Load() {
				return pod.Container{}, errors.New("container not found")
			}
			return pod.Container{PodID: podID, Name: "matrix", Home: home}, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := proxy.Close(); err != nil {
			t.Error(err)
		}
	})
	w = newWorld(t, accountOptions{registered: true, proxy: at(proxy)}, beside, change)
	w.knows(t, "["+proxy.Addr().Addr().String()+"]:"+portOf(proxy), proxy.HostKeys()[0].Public())
	return w, runs
}

// What the proxy said of a pod is kept for the proxy, also where the pod's row is about
// its own port.
func TestAProxyComplaintOutlivesACheckUp(t *testing.T) {
	t.Parallel()
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody.Close()
	addr := nobody.Addr().(*net.TCPAddr)
	w, _ := complaining(t, direct(addr.IP.String(), addr.Port), nil)
	session, err := w.m.Connect(t.Context(), manager.ConnectRequest{PodID: podID, Via: manager.RouteProxy})
	if err != nil {
		t.Fatal(err)
	}
	if v := runOnTerminal(t, session, "").Verdict; v.ID != doctor.ProxyComplaint {
		t.Fatalf("the session: %s: %s", v.ID, v.Sentence)
	}
	for range 2 {
		if v := w.m.CheckUp(t.Context(), manager.CheckUpRequest{PodID: podID, Via: manager.RouteProxy}).Verdict; v.ID != doctor.ProxyComplaint {
			t.Errorf("a check-up of the proxy: %s: %s", v.ID, v.Sentence)
		}
	}
	if v := w.probed(t, podID).Verdict; v.ID != doctor.NoSSHD {
		t.Errorf("the row: %s: %s", v.ID, v.Sentence)
	}
}
