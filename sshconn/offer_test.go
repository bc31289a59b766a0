package sshconn_test

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"podbay/demo/pod"
	"podbay/sshconn"
)

// The pod of the demo knows the post-quantum key exchange, as OpenSSH does since 9.9.
func TestPostQuantumWithThePod(t *testing.T) {
	signer := newSigner(t)
	server, err := pod.Start(pod.Config{Container: pod.Container{Home: t.TempDir()}, AuthorizedKeys: []ssh.PublicKey{signer.PublicKey()}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	opts := options(t, server.Addr().String(), "root", server.HostKeys()[0].Public(), keyOf("k", signer, nil))
	info := mustDial(t, opts).Info()
	if info.KeyExchange != ssh.KeyExchangeMLKEM768X25519 || info.HostKeyTrust != sshconn.TrustKnown || info.Cipher == "" {
		t.Errorf("agreed on %+v", info)
	}
}

// TestWhatIsOffered reads the client's own first packet, RFC 4253 section 7.1.
func TestWhatIsOffered(t *testing.T) {
	offers := make(chan [][]string, 1)
	addr := listen(t, func(conn net.Conn) {
		_, _ = io.WriteString(conn, "SSH-2.0-x\r\n")
		in := bufio.NewReader(conn)
		if _, err := in.ReadString('\n'); err == nil {
			offers <- keyExchangeInit(in)
		}
	})
	_ = dialFails(t, t.Context(), options(t, addr, "root", nil))
	lists := within(t, "the offer", offers)
	kex, hostKeys := lists[0], lists[1]
	if kex[0] != ssh.KeyExchangeMLKEM768X25519 || !slices.Contains(kex, "kex-strict-c-v00@openssh.com") {
		t.Errorf("key exchanges %q", kex)
	}
	if hostKeys[0] != ssh.KeyAlgoED25519 {
		t.Errorf("host keys %q", hostKeys)
	}
	for _, algorithm := range slices.Concat(lists...) {
		for _, weak := range []string{"sha1", "cbc", "arcfour", "3des", "md5", "dss", "group1-", "ssh-rsa"} {
			if strings.Contains(algorithm, weak) {
				t.Errorf("%s is offered", algorithm)
			}
		}
	}
}

// keyExchangeInit reads SSH_MSG_KEXINIT's lists of names.
func keyExchangeInit(in io.Reader) (lists [][]string) {
	var length uint32
	if binary.Read(in, binary.BigEndian, &length) != nil {
		return nil
	}
	packet := make([]byte, length)
	if _, err := io.ReadFull(in, packet); err != nil {
		return nil
	}
	rest := packet[1+1+16:] // padding's length, message, cookie
	for range 10 {
		n := binary.BigEndian.Uint32(rest)
		if names := string(rest[4 : 4+n]); names != "" {
			lists = append(lists, strings.Split(names, ","))
		}
		rest = rest[4+n:]
	}
	return lists
}

// A shell asks for a terminal, its environment and a shell, and for nothing else:
// no agent, no X11, no forwarding.
func TestWhatAShellAsksFor(t *testing.T) {
	signer, host := newSigner(t), newSigner(t)
	asked := make(chan []string, 1)
	server := sshServer{config: accepting(signer.PublicKey()), session: func(channel ssh.Channel, requests <-chan *ssh.Request) {
		var types []string
		for r := range requests {
			_ = r.Reply(true, nil)
			if types = append(types, r.Type); r.Type == "shell" {
				break
			}
		}
		asked <- types
		go ssh.DiscardRequests(requests)
		_, _ = channel.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{0}))
		_ = channel.Close()
	}}
	conn := mustDial(t, options(t, server.start(t, host), "root", host.PublicKey(), keyOf("k", signer, nil)))
	pty := sshconn.PTY{Term: "xterm", Env: map[string]string{"LANG": "C.UTF-8"}}
	if _, err := conn.Shell(t.Context(), pty); err != nil {
		t.Fatal(err)
	}
	types := within(t, "the shell", asked)
	slices.Sort(types)
	if !slices.Equal(types, []string{"env", "pty-req", "shell"}) {
		t.Errorf("asked for %q", types)
	}
	pty.Env["SSH_AUTH_SOCK"] = "/tmp/agent"
	if _, err := conn.Shell(t.Context(), pty); err == nil || !strings.Contains(err.Error(), "SSH_AUTH_SOCK") {
		t.Errorf("another variable gave %v", err)
	}
}
