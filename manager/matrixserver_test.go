package manager_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/pem"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"podbay/config"
	"podbay/demo/api"
	"podbay/demo/pod"
	"podbay/doctor"
	"podbay/manager"
)

// configured is a cell of a real sshd with these lines in its configuration, which
// are taken out.
func configured(lines ...string) func(*meeting) {
	return func(c *meeting) {
		c.Parallel()
		w, sshd := sshWorld(c.T, accountOptions{registered: true}, nil, lines...)
		c.pod(w.account, it)
		sshd.Configure()
		sshd.Restart()
		c.left(w.account, it)
	}
}

// rsaKey puts an RSA key in the place of the home's.
func (w *world) rsaKey(t *testing.T) ssh.PublicKey {
	t.Helper()
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "old")
	if err != nil {
		t.Fatal(err)
	}
	w.writes(t, w.keyFile(), string(pem.EncodeToMemory(block)))
	key, err := ssh.NewPublicKey(private.Public())
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// aged is a cell of an RSA key with which no signature can be made that the server
// takes.
func aged(algorithm string, mend func(*meeting, *world, ssh.PublicKey)) func(*meeting) {
	return func(c *meeting) {
		c.Parallel()
		w := newWorld(c.T, accountOptions{}, api.Endpoints{}, nil)
		key := w.rsaKey(c.T)
		w.api.SetSSHKeys([]string{line(key)})
		server := misbehaving(c.T, pod.Behaviour{KeyAlgorithms: []string{algorithm}}, key)
		w.trust(c.T, server.HostKeys()[0].Public())
		w.machines.place(api.Endpoints{Direct: at(server)})
		w.recreate(c.T)
		w.clock.add(time.Hour)
		c.pod(w.account, it)
		mend(c, w, key)
		c.left(w.account, it)
	}
}

// crowded is a cell of more keys than a login may offer, with an API key that cannot
// tell which of them is registered.
func crowded(names []string, lines ...string) func(*meeting) {
	return func(c *meeting) {
		c.Parallel()
		w, sshd := sshWorld(c.T, accountOptions{registered: true, keys: []api.Key{{Secret: apiKey, Denied: []api.Scope{api.ScopeKeysRead}}}}, hiddenKeys, lines...)
		a := startAgent(c.T)
		w.env["SSH_AUTH_SOCK"] = a.socket
		right := w.paths.Home + "/.ssh/right"
		sshd.Authorize(addKey(c.T, w.account, "right"))
		for _, name := range names {
			addKey(c.T, w.account, name)
			a.add(w.paths.Home + "/.ssh/" + name)
		}
		a.add(right)
		c.pod(w.account, it)
		w.opts.settings = func(s *config.Settings) { s.IdentityFile = []string{right} }
		w.m = w.open(c.T, w.opts)
		c.left(w.account, it)
	}
}

func serverCells() []cell {
	const reconfigured = "sshd is configured"
	return []cell{
		{doctor.PasswordOnly, "PubkeyAuthentication no", doctor.ActConsole, reconfigured, doctor.Ready,
			configured("PubkeyAuthentication no", "PasswordAuthentication yes")},
		{doctor.MoreWanted, "AuthenticationMethods publickey,password", doctor.ActConsole, reconfigured, doctor.Ready,
			configured("AuthenticationMethods publickey,password", "PasswordAuthentication yes")},
		{doctor.KeyTypeRefused, "an RSA key, and an sshd that takes ed25519 only", doctor.ActKeys, "podbay: makes an ed25519 key, registers it", doctor.RegisteredLate,
			aged(ssh.KeyAlgoED25519, func(c *meeting, w *world, _ ssh.PublicKey) {
				remove(c.T, w.keyFile())
				made, err := w.m.CreateKey(c.Context(), manager.NewKey{})
				if err != nil {
					c.Fatal(err)
				}
				w.registers(c.T, made.Line)
			})},
		{doctor.KeyTypeRefused, "an RSA key, and an sshd that knows SHA-1 only", doctor.ActKeys, "the pod is recreated with a newer sshd", doctor.Ready,
			aged(ssh.KeyAlgoRSA, func(c *meeting, w *world, key ssh.PublicKey) {
				w.writes(c.T, w.paths.KnownHosts, "")
				w.moves(c.T).Authorize(key)
				w.recreate(c.T)
			})},
		{doctor.TooManyKeys, "the third key is the right one, and MaxAuthTries is 2", doctor.ActRetry, "identity_file names the key", doctor.Ready,
			crowded([]string{"one"}, "MaxAuthTries 2")},
		{doctor.TooManyKeys, "the seventh key is the right one", doctor.ActRetry, "identity_file names the key", doctor.Ready,
			crowded([]string{"one", "two", "three", "four", "five"})},
	}
}
