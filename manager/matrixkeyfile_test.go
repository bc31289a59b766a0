package manager_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"podbay/config"
	"podbay/demo/api"
	"podbay/doctor"
	"podbay/manager"
)

// hiddenKeys is a pod of which RunPod does not show the keys that it was given.
func hiddenKeys(spec *api.PodSpec) { spec.HideInjected = true }

// sound is a world whose pod takes the home's key.
func sound(c *meeting, opts accountOptions) *world {
	c.Parallel()
	opts.registered = true
	w, _ := sshWorld(c.T, opts, nil)
	return w
}

// chmod sets the mode of the home's key.
func (w *world) chmod(t *testing.T, mode os.FileMode) {
	t.Helper()
	if err := os.Chmod(w.keyFile(), mode); err != nil {
		t.Fatal(err)
	}
}

const moded = "podbay: sets the mode to 0600"

func keyFileCells() []cell {
	open := []byte("open sesame")
	return []cell{
		{doctor.KeyModeTooOpen, "the only key has the mode 0644", doctor.ActMendKey, moded, doctor.Ready, func(c *meeting) {
			w := sound(c, accountOptions{})
			w.chmod(c.T, 0o644)
			v := c.pod(w.account, it)
			c.carries(w.account, v, v.Action, nil)
			c.left(w.account, it)
		}},
		{doctor.KeyModeTooOpen, "the registered key has the mode 0644, and another one is refused", doctor.ActMendKey, moded, doctor.Ready, func(c *meeting) {
			w := sound(c, accountOptions{})
			addKey(c.T, w.account, "id_rsa")
			w.chmod(c.T, 0o644)
			v := c.pod(w.account, it)
			c.carries(w.account, v, v.Action, nil)
			c.left(w.account, it)
		}},
		{doctor.KeyWrongOwner, "the key file is another user's, mode 0600", doctor.ActCopyCommand, "the copied command is run", doctor.Ready, func(c *meeting) {
			w := sound(c, accountOptions{})
			restore := w.disown(c.T)
			v := c.pod(w.account, it)
			command := c.carries(w.account, v, v.Action, nil).Sentence
			restore()
			if os.Getuid() != 0 {
				w.chmod(c.T, 0o600) // whoever runs the tests cannot give files away
				w.m = w.open(c.T, w.opts)
			} else {
				chown := exec.Command("sh", "-c", strings.TrimPrefix(command, "sudo "))
				chown.Env = append(os.Environ(), "HOME="+w.paths.Home)
				if out, err := chown.CombinedOutput(); err != nil {
					c.Fatalf("%s: %v\n%s", command, err, out)
				}
			}
			c.left(w.account, it)
		}},
		{doctor.PassphraseWanted, "the pod takes an encrypted key", doctor.ActRetry, "podbay: adds it to the agent", doctor.Ready, func(c *meeting) {
			w := sound(c, accountOptions{passphrase: string(open)})
			agent := startAgent(c.T)
			w.env["SSH_AUTH_SOCK"] = agent.socket
			v := c.pod(w.account, it)
			c.carries(w.account, v, doctor.ActAgentAdd, map[string][]byte{w.keyFile(): open})
			c.left(w.account, it)
		}},
		{doctor.PassphraseWrong, "the passphrase that was given does not fit", doctor.ActRetry, "podbay: tries again with the right one", doctor.Ready, func(c *meeting) {
			w := sound(c, accountOptions{passphrase: string(open)})
			wrong := it
			wrong.Passphrases = map[string][]byte{w.keyFile(): []byte("open barley")}
			c.pod(w.account, wrong)
			right := it
			right.Passphrases = map[string][]byte{w.keyFile(): open}
			c.left(w.account, right)
		}},
		{doctor.KeysUnusable, "the only key file is damaged", doctor.ActKeys, "the file is restored", doctor.Ready, func(c *meeting) {
			w := sound(c, accountOptions{})
			whole, err := os.ReadFile(w.keyFile())
			if err != nil {
				c.Fatal(err)
			}
			w.writes(c.T, w.keyFile(), string(whole[:len(whole)/2]))
			c.pod(w.account, it)
			w.writes(c.T, w.keyFile(), string(whole))
			c.left(w.account, it)
		}},
		{doctor.KeyWithheld, "IdentitiesOnly with another key", doctor.ActRetry, "the right key is named in ~/.ssh/config", doctor.Ready, func(c *meeting) {
			w := sound(c, accountOptions{})
			addKey(c.T, w.account, "work")
			w.sshConfig(c.T, "Host 127.0.0.1\n  IdentitiesOnly yes\n  IdentityFile ~/.ssh/work\n")
			c.pod(w.account, it)
			w.sshConfig(c.T, "Host 127.0.0.1\n  IdentitiesOnly yes\n  IdentityFile ~/.ssh/id_ed25519\n")
			c.left(w.account, it)
		}},
		{doctor.KeyWithheld, "IdentityFile none", doctor.ActRetry, "the line is taken out", doctor.Ready, func(c *meeting) {
			w := sound(c, accountOptions{})
			w.sshConfig(c.T, "Host 127.0.0.1\n  IdentityFile none\n")
			c.pod(w.account, it)
			w.sshConfig(c.T, "")
			c.left(w.account, it)
		}},
		{doctor.NoLocalKey, "no key on this machine", doctor.ActKeys, "podbay: makes a key, registers it", doctor.RegisteredLate, func(c *meeting) {
			c.Parallel()
			w, _ := sshWorld(c.T, accountOptions{noKeyFile: true}, nil)
			c.pod(w.account, it)
			made, err := w.m.CreateKey(c.Context(), manager.NewKey{})
			if err != nil {
				c.Fatal(err)
			}
			w.registers(c.T, made.Line)
			c.left(w.account, it)
		}},
	}
}

// registers does what the key wizard does with a line.
func (w *world) registers(t *testing.T, line string) {
	t.Helper()
	plan, err := w.m.PlanAdd(t.Context(), line)
	if err != nil {
		t.Fatal(err)
	}
	w.applies(t, plan)
}

func (w *world) applies(t *testing.T, plan manager.KeyPlan) {
	t.Helper()
	if !plan.Changes() {
		t.Fatal("the plan changes nothing")
	}
	if _, err := w.m.ApplyKeys(t.Context(), plan); err != nil {
		t.Fatal(err)
	}
}

// line is the public half of a key, as it is registered.
func line(key ssh.PublicKey) string { return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key))) }

// pub writes the public half beside the home's key.
func (w *world) pub(t *testing.T) {
	t.Helper()
	w.writes(t, filepath.Join(w.paths.Home, ".ssh", "id_ed25519.pub"), line(w.key)+"\n")
}

// shadowed names a file that only root can read.
func shadowed(s *config.Settings) { s.IdentityFile = []string{"/etc/shadow"} }
