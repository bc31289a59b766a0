package manager_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"podbay/demo/api"
	"podbay/demo/pod"
	"podbay/doctor"
	"podbay/internal/netfault"
	"podbay/manager"
)

// proxyWorld is a world whose pod is led to by RunPod's proxy, at that address, or
// where that is "" by its own. The proxy's host key is known.
func proxyWorld(t *testing.T, opts accountOptions, front func(addr string) string, change func(*api.PodSpec)) *world {
	t.Helper()
	var w *world
	proxy := startProxy(t, t.TempDir(), func() []ssh.PublicKey { return pod.ParseAuthorizedKeys(strings.Join(w.api.SSHKeys(), "\n")) })
	opts.proxy = at(proxy)
	if front != nil {
		opts.proxy = direct(host(front(proxy.Addr().String()))).Direct
	}
	w = newWorld(t, opts, api.Endpoints{}, change)
	w.knows(t, "["+opts.proxy.Host+"]:"+port(opts.proxy.Port), proxy.HostKeys()[0].Public())
	return w
}

// knows adds a host key to podbay's known_hosts.
func (w *world) knows(t *testing.T, name string, key ssh.PublicKey) {
	t.Helper()
	w.writes(t, w.paths.KnownHosts, name+" "+string(ssh.MarshalAuthorizedKey(key)))
}

// writes writes a file of the home's, mode 0600.
func (w *world) writes(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (w *world) sshConfig(t *testing.T, text string) {
	t.Helper()
	w.writes(t, filepath.Join(w.paths.Home, ".ssh", "config"), text)
}

func unexposed(spec *api.PodSpec) { spec.Ports = []string{"8888/http"} }

const exposed = "podbay: adds 22/tcp; the container is recreated"

func routeCells() []cell {
	return []cell{
		{doctor.SSHConfig, "ProxyJump for every host", doctor.ActCopySSH, "the pod's address is exempted", doctor.Ready, func(c *meeting) {
			c.Parallel()
			w, sshd := sshWorld(c.T, accountOptions{registered: true}, nil)
			w.sshConfig(c.T, "Host *\n  ProxyJump bastion\n")
			v := c.pod(w.account, it)
			if done := c.carries(w.account, v, v.Action, nil); !strings.Contains(done.Sentence, "ssh root@"+sshd.Host+" -p") {
				c.Errorf("copies %q", done.Sentence)
			}
			w.sshConfig(c.T, "Host "+sshd.Host+"\n  ProxyJump none\n  ProxyCommand none\nHost *\n  ProxyJump bastion\n")
			c.left(w.account, it)
		}},
		{doctor.NotThatWay, "the proxy is asked for, and does not lead to the pod", doctor.ActRetry, "podbay: connects the other way", doctor.Ready, func(c *meeting) {
			c.Parallel()
			w, _ := sshWorld(c.T, accountOptions{registered: true}, func(spec *api.PodSpec) { spec.NoProxy = true })
			c.pod(w.account, manager.ConnectRequest{PodID: podID, Via: manager.RouteProxy}, byRow) // which asks for no way
			session, err := w.m.Connect(c.Context(), it)
			if err != nil {
				c.Fatal(err)
			}
			session.Discard()
			c.left(w.account, it)
		}},
		{doctor.RoutePending, "a pod that has just started, and has no address yet", doctor.ActWait, waited, doctor.Ready, func(c *meeting) {
			c.Parallel()
			w, _ := sshWorld(c.T, accountOptions{registered: true}, func(spec *api.PodSpec) {
				spec.NoProxy, spec.StartedAt, spec.LateAddress = true, time.Now(), time.Minute
			})
			v := c.pod(w.account, it)
			w.opts.manager = onSleep(func() { w.clock.add(time.Minute) })
			w.m = w.open(c.T, w.opts)
			w.list(c.T, podID)
			c.carries(w.account, v, v.Action, nil)
			c.left(w.account, it)
		}},
		{doctor.NoRoute, "neither a public port nor the proxy", doctor.ActExposePort, exposed, doctor.Ready, func(c *meeting) {
			c.Parallel()
			w := newWorld(c.T, accountOptions{registered: true}, api.Endpoints{}, func(spec *api.PodSpec) { unexposed(spec); spec.NoProxy = true })
			v := c.pod(w.account, it)
			w.moves(c.T)
			c.carries(w.account, v, v.Action, nil)
			c.left(w.account, it)
		}},
	}
}

// proxyCells are pods to which only RunPod's proxy leads, and a proxy that does
// not.
func proxyCells() []cell {
	// Connect opens a shell there: the verdict tells of its limit.
	limited := func(change func(*api.PodSpec), mend func(*meeting, *world, doctor.Verdict)) func(*meeting) {
		return func(c *meeting) {
			c.Parallel()
			w := proxyWorld(c.T, accountOptions{registered: true}, nil, change)
			session, err := w.m.Connect(c.Context(), it)
			if err != nil {
				c.Fatal(err)
			}
			session.Discard()
			v := c.pod(w.account, it, byConnect)
			if !v.Shell {
				c.Error("no shell is promised where there is one")
			}
			if mend != nil {
				mend(c, w, v)
			}
		}
	}
	return []cell{
		{doctor.ProxyNoPort, "22/tcp is not exposed", doctor.ActExposePort, exposed, doctor.Ready, limited(unexposed, func(c *meeting, w *world, v doctor.Verdict) {
			w.moves(c.T)
			c.carries(w.account, v, v.Action, nil)
			c.left(w.account, it)
		})},
		{doctor.Locked, "22/tcp is not exposed on a locked pod", "", "it is unlocked in the console", doctor.ProxyNoPort,
			limited(func(spec *api.PodSpec) { unexposed(spec); spec.Locked = true }, func(c *meeting, w *world, _ doctor.Verdict) {
				w.change(c.T, func(spec *api.PodSpec) { spec.Locked = false })
				c.left(w.account, it)
			})},
		{doctor.ClusterMember, "22/tcp is not exposed on a member of a cluster", "", "", "",
			limited(func(spec *api.PodSpec) { unexposed(spec); spec.Cluster = &api.Cluster{ID: "cl1"} }, nil)},
		{doctor.ProxyNoIP, "a community host without a public IP", "", "", "",
			limited(func(spec *api.PodSpec) { spec.Cloud, spec.NoPublicIP = api.CloudCommunity, true }, nil)},
		{doctor.ProxyNoMap, "22/tcp is exposed, and no port is reported for an hour", "", "", "", limited(nil, nil)},
		{doctor.PortPending, "a pod that has just started, and has no port yet", "", "a minute passes", doctor.Ready,
			limited(func(spec *api.PodSpec) { spec.StartedAt, spec.LateAddress = time.Now(), time.Minute }, func(c *meeting, w *world, _ doctor.Verdict) {
				w.moves(c.T)
				w.recreate(c.T)
				w.clock.add(time.Minute)
				c.left(w.account, it)
			})},
		{doctor.NoSSHD, "no sshd, and RunPod's proxy leads in", doctor.ActStartCommand, "podbay: takes the proxy", doctor.Ready, func(c *meeting) {
			c.Parallel()
			w := proxyWorld(c.T, accountOptions{registered: true}, nil, nil)
			w.machines.place(direct("127.0.0.1", refusing(c.T)))
			w.recreate(c.T)
			w.clock.add(time.Hour)
			if v := c.pod(w.account, it); !slices.Contains(v.Ways, doctor.ActProxy) {
				c.Errorf("the proxy is not offered: %v", v.Ways)
			}
			byProxy := manager.ConnectRequest{PodID: podID, Via: manager.RouteProxy}
			session, err := w.m.Connect(c.Context(), byProxy)
			if err != nil {
				c.Fatal(err)
			}
			session.Discard()
			c.left(w.account, byProxy)
		}},
		{doctor.HostKeyUnknown, "RunPod's proxy was never connected to", doctor.ActRetry, "podbay: connects, and the key is accepted", doctor.Ready, func(c *meeting) {
			c.Parallel()
			w := proxyWorld(c.T, accountOptions{registered: true}, nil, nil)
			w.machines.place(direct("127.0.0.1", refusing(c.T)))
			w.recreate(c.T)
			w.writes(c.T, w.paths.KnownHosts, "")
			byProxy := manager.ConnectRequest{PodID: podID, Via: manager.RouteProxy}
			c.pod(w.account, byProxy, byRow) // which asks for no way
			_, err := w.m.Connect(c.Context(), byProxy)
			var unknown *manager.HostKeyUnknown
			if !errors.As(err, &unknown) {
				c.Fatal(err)
			}
			accepting := byProxy
			accepting.AcceptHostKey = unknown.Fingerprint
			session, err := w.m.Connect(c.Context(), accepting)
			if err != nil {
				c.Fatal(err)
			}
			session.Discard()
			c.left(w.account, byProxy)
		}},
		{doctor.ProxyFailed, "RunPod's proxy does not answer", doctor.ActRetry, "podbay: tries again, when it answers", doctor.ProxyNoPort, func(c *meeting) {
			c.Parallel()
			var link *netfault.Link
			w := proxyWorld(c.T, accountOptions{registered: true, settings: hasty}, func(addr string) string {
				link = netfault.Start(c.T, addr)
				return link.Addr
			}, unexposed)
			link.Freeze()
			c.pod(w.account, it)
			link.Thaw()
			w.opts.settings = nil
			w.m = w.open(c.T, w.opts)
			session, err := w.m.Connect(c.Context(), it)
			if err != nil {
				c.Fatal(err)
			}
			session.Discard()
			c.left(w.account, it)
		}},
	}
}
