package manager_test

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"podbay/demo/api"
	"podbay/doctor"
	"podbay/manager"
)

// keyless is a world whose sshd runs and takes no key.
func keyless(c *meeting, opts accountOptions, change func(*api.PodSpec)) *world {
	c.Parallel()
	w, sshd := sshWorld(c.T, opts, change)
	sshd.Authorize()
	return w
}

// accountKeyCells are logins that are refused for what the account has.
func accountKeyCells() []cell {
	const registered = "podbay: registers the key"
	return []cell{
		{doctor.KeyUnknown, "the key is not registered", doctor.ActKeys, registered, doctor.RegisteredLate, func(c *meeting) {
			w := keyless(c, accountOptions{}, nil)
			c.pod(w.account, it)
			w.registers(c.T, w.line())
			c.left(w.account, it)
		}},
		{doctor.KeyUnknown, "the key is not registered, and the proxy alone leads in", doctor.ActKeys, registered, doctor.ProxyNoPort, func(c *meeting) {
			c.Parallel()
			w := proxyWorld(c.T, accountOptions{}, nil, unexposed)
			c.pod(w.account, it)
			w.registers(c.T, w.line())
			c.left(w.account, it)
		}},
		{doctor.KeyMalformed, "the key is registered without its type", doctor.ActKeys, "podbay: mends the registered key", doctor.RegisteredLate, func(c *meeting) {
			w := keyless(c, accountOptions{}, nil)
			w.api.SetSSHKeys([]string{strings.Fields(w.line())[1]})
			c.pod(w.account, it)
			w.fixes(c.T)
			c.left(w.account, it)
		}},
		{doctor.KeyMalformed, "the fingerprint is registered in place of the key", doctor.ActKeys, "podbay: mends the registered key", doctor.RegisteredLate, func(c *meeting) {
			w := keyless(c, accountOptions{}, nil)
			w.api.SetSSHKeys([]string{ssh.FingerprintSHA256(w.key)})
			c.pod(w.account, it)
			w.fixes(c.T)
			c.left(w.account, it)
		}},
		{doctor.ProxyKeyRefused, "RunPod's proxy does not know of a registered key yet", doctor.ActRetry, "podbay: tries again, when it does", doctor.ProxyNoPort, func(c *meeting) {
			c.Parallel()
			var w *world
			var knows atomic.Bool
			proxy := startProxy(c.T, c.TempDir(), func() []ssh.PublicKey {
				if !knows.Load() {
					return nil
				}
				return []ssh.PublicKey{w.key}
			})
			w = newWorld(c.T, accountOptions{registered: true, proxy: at(proxy)}, api.Endpoints{}, unexposed)
			w.knows(c.T, "["+proxy.Addr().Addr().String()+"]:"+portOf(proxy), proxy.HostKeys()[0].Public())
			c.pod(w.account, it)
			knows.Store(true)
			session, err := w.m.Connect(c.Context(), it)
			if err != nil {
				c.Fatal(err)
			}
			session.Discard()
			c.left(w.account, it)
		}},
	}
}

// fixes does what the key wizard does with entries that do nothing.
func (w *world) fixes(t *testing.T) {
	t.Helper()
	plan, err := w.m.PlanFix(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w.applies(t, plan)
}

// lacking is a cell of a pod whose PUBLIC_KEY does not have the key, and gets it.
func lacking(change func(*api.PodSpec)) func(*meeting) {
	return func(c *meeting) {
		w := keyless(c, accountOptions{registered: true}, change)
		c.pod(w.account, it)
		w.writes(c.T, w.paths.KnownHosts, "")
		w.moves(c.T).Authorize() // until RunPod gives the container its keys
		var given atomic.Bool
		w.machines.start = func(container api.Container) {
			given.Store(strings.Contains(strings.Join(container.AuthorizedKeys, "\n"), w.line()))
		}
		if err := w.m.RecreateWithKey(c.Context(), podID, ssh.FingerprintSHA256(w.key)); err != nil {
			c.Fatal(err)
		}
		w.api.Advance()
		if !given.Load() {
			c.Error("the new container did not get the key")
		}
		w.writes(c.T, w.paths.KnownHosts, "")
		w.recreatedOn(c.T)
		c.left(w.account, it)
	}
}

// recreatedOn places the pod on an sshd with the keys of its container.
func (w *world) recreatedOn(t *testing.T) {
	t.Helper()
	w.moves(t)
	w.recreate(t)
}

// typed is a cell of a pod that gets the key by a shell that RunPod's proxy opens.
func typed(register bool) func(*meeting) {
	return func(c *meeting) {
		c.Parallel()
		p := newShellPod(c.T, accountOptions{registered: !register}, api.PodSpec{StartedAt: time.Now().Add(-time.Hour)})
		if err := p.m.TrustHostKey("shell1", p.sshd.HostKey(), time.Time{}); err != nil {
			c.Fatal(err)
		}
		if register {
			(&world{account: p.account}).registers(c.T, p.line())
		}
		shell := manager.ConnectRequest{PodID: "shell1"}
		c.pod(p.account, shell)
		if done, err := p.install(c.T, p.request(c.T)); err != nil || !done.Verified {
			c.Fatalf("InstallByProxy = %+v %v", done, err)
		}
		c.left(p.account, shell)
	}
}

// podKeyCells are logins that the pod's own sshd refuses.
func podKeyCells() []cell {
	const (
		recreated = "podbay: puts the key into PUBLIC_KEY; the container is recreated"
		installed = "podbay: types the key into a shell of RunPod's proxy"
	)
	return []cell{
		{doctor.PublicKeyIsEmpty, "sshd runs, and PUBLIC_KEY is empty", doctor.ActAddKey, recreated, doctor.Ready, lacking(publicKey(""))},
		{doctor.PublicKeyIsNull, "sshd runs, and PUBLIC_KEY is the word null", doctor.ActAddKey, recreated, doctor.Ready, lacking(publicKey("null"))},
		{doctor.PodLacksKey, "PUBLIC_KEY holds a colleague's key", doctor.ActAddKey, recreated, doctor.Ready, lacking(publicKey(otherLine))},
		{doctor.KeyRefused, "a registered key, and nothing that tells why it is refused", doctor.ActAddKey, installed, doctor.Ready, typed(false)},
		{doctor.RegisteredLate, "the key was registered from here an hour after the start", doctor.ActAddKey, installed, doctor.Ready, typed(true)},
		{doctor.PodIgnoresKey, "PUBLIC_KEY has the key, and ~/.ssh/authorized_keys does not", doctor.ActStartCommand, "the key is put into authorized_keys", doctor.Ready, func(c *meeting) {
			c.Parallel()
			w, sshd := sshWorld(c.T, accountOptions{registered: true}, nil)
			sshd.Authorize()
			c.pod(w.account, it)
			sshd.Authorize(w.key)
			c.left(w.account, it)
		}},
		{doctor.WrongUser, "RunPod reports another user than root", doctor.ActConsole, "RunPod reports root", doctor.Ready, func(c *meeting) {
			c.Parallel()
			w, _ := sshWorld(c.T, accountOptions{registered: true}, func(spec *api.PodSpec) { spec.SSHUser = "ubuntu" })
			c.pod(w.account, it)
			w.change(c.T, func(spec *api.PodSpec) { spec.SSHUser = "" })
			c.left(w.account, it)
		}},
	}
}
