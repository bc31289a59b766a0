package identity

import (
	"crypto/ed25519"
	"crypto/rand"
	"path/filepath"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// OpenSSH's agent lists no keys while it is locked, as though it had none, and
// refuses every other request. refusesBinding sends one that changes nothing: it
// binds this connection, which is about to be closed, to a host key made for the
// purpose (session-bind@openssh.com, OpenSSH's PROTOCOL.agent, since 8.9). A
// refusal says "locked" only of an agent that knows the request.
func refusesBinding(client agent.ExtendedAgent) bool {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return false
	}
	host, err := ssh.NewSignerFromKey(private)
	if err != nil {
		return false
	}
	session := make([]byte, 32)
	rand.Read(session) // never fails
	signature, err := host.Sign(rand.Reader, session)
	if err != nil {
		return false
	}
	_, err = client.Extension("session-bind@openssh.com", ssh.Marshal(struct {
		HostKey, SessionID, Signature []byte
		Forwarding                    bool
	}{host.PublicKey().Marshal(), session, ssh.Marshal(signature), false}))
	return err != nil
}

// isOpenSSHAgent recognises the sockets that OpenSSH's agent makes by itself:
// /tmp/ssh-XXXXXXXXXX/agent.PID, since 10.1 ~/.ssh/agent/s.X.agent.Y, and Debian's
// user service /run/user/UID/openssh_agent. Agents of others may know no binding.
func isOpenSSHAgent(address string) bool {
	dir, name := filepath.Split(filepath.Clean(address))
	parent := filepath.Base(filepath.Clean(dir))
	return strings.HasPrefix(parent, "ssh-") && strings.HasPrefix(name, "agent.") ||
		parent == "agent" && strings.Contains(name, ".agent.") ||
		name == "openssh_agent"
}
