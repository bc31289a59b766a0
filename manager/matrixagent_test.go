package manager_test

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"golang.org/x/crypto/ssh/agent"

	"podbay/doctor"
)

// sshAgent is a real ssh-agent.
type sshAgent struct {
	t      *testing.T
	socket string
}

// agentSocket is a path at which an agent of OpenSSH's may be, short enough for a
// socket.
func agentSocket(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "ssh-matrix")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Join(dir, "agent.1")
}

// startAgent runs an agent until the test ends.
func startAgent(t *testing.T) sshAgent { return startAgentAt(t, agentSocket(t)) }

func startAgentAt(t *testing.T, socket string) sshAgent {
	t.Helper()
	cmd := exec.Command("ssh-agent", "-D", "-a", socket)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	if _, err := out.Read(make([]byte, 1)); err != nil { // it says where it listens once it does
		t.Fatal(err)
	}
	return sshAgent{t, socket}
}

// add gives the agent a key file, as ssh-add does.
func (a sshAgent) add(args ...string) {
	a.t.Helper()
	cmd := exec.Command("ssh-add", append([]string{"-q"}, args...)...)
	cmd.Env = append(os.Environ(), "SSH_AUTH_SOCK="+a.socket)
	if out, err := cmd.CombinedOutput(); err != nil {
		a.t.Fatalf("ssh-add: %v\n%s", err, out)
	}
}

// ask makes a request of the agent's.
func (a sshAgent) ask(request func(agent.ExtendedAgent) error) {
	a.t.Helper()
	conn, err := net.Dial("unix", a.socket)
	if err != nil {
		a.t.Fatal(err)
	}
	defer conn.Close()
	if err := request(agent.NewClient(conn)); err != nil {
		a.t.Fatal(err)
	}
}

// agentOnly is a world whose key is in no file below the home.
func agentOnly(c *meeting) (w *world, file string) {
	w = sound(c, accountOptions{})
	file = filepath.Join(c.TempDir(), "key")
	if err := os.Rename(w.keyFile(), file); err != nil {
		c.Fatal(err)
	}
	return w, file
}

func agentCells() []cell {
	return []cell{
		{doctor.AgentIsLocked, "the key is in the agent alone, which is locked", doctor.ActCopyCommand, "the agent is unlocked, as the command does", doctor.Ready, func(c *meeting) {
			w, file := agentOnly(c)
			a := startAgent(c.T)
			a.add(file)
			w.env["SSH_AUTH_SOCK"] = a.socket
			a.ask(func(a agent.ExtendedAgent) error { return a.Lock([]byte("secret")) })
			v := c.pod(w.account, it)
			if command := c.carries(w.account, v, v.Action, nil).Sentence; command != "ssh-add -X" {
				c.Errorf("copies %q", command)
			}
			a.ask(func(a agent.ExtendedAgent) error { return a.Unlock([]byte("secret")) })
			c.left(w.account, it)
		}},
		{doctor.AgentIsDead, "SSH_AUTH_SOCK names an agent that has ended", doctor.ActKeys, "an agent with the key is started", doctor.Ready, func(c *meeting) {
			w, file := agentOnly(c)
			w.env["SSH_AUTH_SOCK"] = agentSocket(c.T)
			c.pod(w.account, it)
			startAgentAt(c.T, w.env["SSH_AUTH_SOCK"]).add(file)
			c.left(w.account, it)
		}},
		{doctor.AgentIsEmpty, "the agent holds no key, and there is no key file", doctor.ActKeys, "ssh-add", doctor.Ready, func(c *meeting) {
			w, file := agentOnly(c)
			a := startAgent(c.T)
			w.env["SSH_AUTH_SOCK"] = a.socket
			c.pod(w.account, it)
			a.add(file)
			c.left(w.account, it)
		}},
		{doctor.KeysUnusable, "the agent refuses to sign: it was to ask first, and cannot", doctor.ActKeys, "the key is added without -c", doctor.Ready, func(c *meeting) {
			w, file := agentOnly(c)
			a := startAgent(c.T)
			w.env["SSH_AUTH_SOCK"] = a.socket
			a.add("-c", file)
			c.pod(w.account, it)
			a.add(file)
			c.left(w.account, it)
		}},
	}
}
