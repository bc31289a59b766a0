package manager_test

import (
	"errors"
	"testing"

	"golang.org/x/crypto/ssh"

	"podbay/demo/api"
	"podbay/doctor"
	"podbay/internal/opensshd"
	"podbay/manager"
)

// logging is a place whose container prints this host key to its log.
func logging(sshd *opensshd.Server, key ssh.PublicKey) api.Endpoints {
	e := direct(sshd.Host, sshd.Port)
	e.HostKeys = []api.HostKey{{Path: "/etc/ssh/ssh_host_ed25519_key.pub", Line: "256 " + ssh.FingerprintSHA256(key) + " root@pod (ED25519)"}}
	return e
}

// logged is a world whose pod prints a host key to its log: its own, or another.
func logged(t *testing.T, own bool) *world {
	t.Helper()
	sshd := opensshd.Start(t, opensshd.Config{})
	key := sshd.HostKey()
	if !own {
		var err error
		if key, _, _, _, err = ssh.ParseAuthorizedKey([]byte(otherLine)); err != nil {
			t.Fatal(err)
		}
	}
	w := newWorld(t, accountOptions{registered: true}, logging(sshd, key), nil)
	sshd.Authorize(w.key)
	return w
}

func hostKeyLogCells() []cell {
	return []cell{
		{doctor.HostKeyVerified, "a pod whose log shows the key", "", "", "", func(c *meeting) {
			c.Parallel()
			w := logged(c.T, true)
			session, err := w.m.Connect(c.Context(), it)
			if err != nil {
				c.Fatalf("a key that the log vouches for needs no question: %v", err)
			}
			session.Discard()
			c.pod(w.account, it, byConnect)
		}},
		{doctor.HostKeyContradicted, "another machine answers at the pod's address", doctor.ActRetry, "the pod is reported at its own", doctor.HostKeyVerified, func(c *meeting) {
			c.Parallel()
			w := logged(c.T, false)
			c.pod(w.account, it)
			sshd := opensshd.Start(c.T, opensshd.Config{AuthorizedKeys: []ssh.PublicKey{w.key}})
			w.machines.place(logging(sshd, sshd.HostKey()))
			w.recreate(c.T)
			c.left(w.account, it)
		}},
		{doctor.HostKeyContradicted, "a host key that was put in place after the log was printed", doctor.ActRetry, "podbay: trusts it, as the pod's name is typed", doctor.Ready, func(c *meeting) {
			c.Parallel()
			w := logged(c.T, false)
			c.pod(w.account, it)
			_, err := w.m.Connect(c.Context(), it)
			var changed *manager.HostKeyChanged
			if !errors.As(err, &changed) {
				c.Fatal(err)
			}
			if err := w.m.TrustAgainstLog(c.Context(), podID, changed.Offered); err != nil {
				c.Fatal(err)
			}
			c.left(w.account, it)
		}},
	}
}

// hostKeyCells are servers whose key is not the one that is known.
func hostKeyCells() []cell {
	// known is a world whose pod was connected to before.
	known := func(c *meeting) (*world, interface {
		NewHostKeys(...string)
		Restart()
	}) {
		w, sshd := sshWorld(c.T, accountOptions{registered: true}, nil)
		session, err := w.m.Connect(c.Context(), it)
		if err != nil {
			c.Fatal(err)
		}
		session.Discard()
		return w, sshd
	}
	const forgot = "podbay: forgets the old key"
	return []cell{
		{doctor.HostKeyUnknown, "a pod that was never connected to", doctor.ActRetry, "podbay: connects, and the key is accepted", doctor.Ready, func(c *meeting) {
			c.Parallel()
			w, _ := sshWorld(c.T, accountOptions{registered: true}, nil)
			w.writes(c.T, w.paths.KnownHosts, "")
			c.pod(w.account, it)
			accept(c.T, w.account, podID).Discard()
			c.left(w.account, it)
		}},
		{doctor.HostKeyChanged, "another host key in the same container", doctor.ActForget, forgot, doctor.HostKeyUnknown, func(c *meeting) {
			c.Parallel()
			w, sshd := known(c)
			sshd.NewHostKeys()
			sshd.Restart()
			v := c.pod(w.account, it)
			c.carries(w.account, v, v.Action, nil)
			c.left(w.account, it)
		}},
		{doctor.HostKeyRestarted, "another host key after a restart", doctor.ActForget, forgot, doctor.HostKeyUnknown, func(c *meeting) {
			c.Parallel()
			w, sshd := known(c)
			sshd.NewHostKeys()
			sshd.Restart()
			w.recreate(c.T)
			w.list(c.T, podID)
			v := c.pod(w.account, it)
			c.carries(w.account, v, v.Action, nil)
			c.left(w.account, it)
		}},
		{doctor.HostKeyRevoked, "known_hosts marks the key as revoked", "", "the line is taken out", doctor.Ready, func(c *meeting) {
			c.Parallel()
			w, sshd := sshWorld(c.T, accountOptions{registered: true}, nil)
			w.knows(c.T, "@revoked runpod-"+podID, sshd.HostKey())
			c.pod(w.account, it)
			w.knows(c.T, "runpod-"+podID, sshd.HostKey())
			c.left(w.account, manager.ConnectRequest{})
		}},
	}
}
