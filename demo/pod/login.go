package pod

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
)

// serverVersion does not pose as OpenSSH: clients switch features on by it.
const serverVersion = "SSH-2.0-podbay_demo"

// loginGrace is OpenSSH's LoginGraceTime.
const loginGrace = 2 * time.Minute

var errDenied = errors.New("permission denied")

func (s *Server) serveSSH(c *conn) {
	_ = c.SetDeadline(time.Now().Add(loginGrace))
	sc, channels, requests, err := ssh.NewServerConn(c, s.sshConfig(c))
	if err != nil {
		return
	}
	_ = c.SetDeadline(time.Time{})

	var wg sync.WaitGroup
	defer wg.Wait()
	// keepalive@openssh.com counts an answer of either kind; tcpip-forward is
	// to be refused. Both are served by refusing all.
	wg.Go(func() { ssh.DiscardRequests(requests) })
	for offered := range channels {
		if offered.ChannelType() != "session" {
			_ = offered.Reject(ssh.Prohibited, "only shells are served here: forwarding is not available")
			continue
		}
		channel, requests, err := offered.Accept()
		if err != nil {
			continue
		}
		session := &session{server: s, conn: c, channel: channel, user: sc.User(), over: make(chan struct{})}
		wg.Go(func() { session.serve(requests) })
	}
}

func (s *Server) sshConfig(c *conn) *ssh.ServerConfig {
	config := &ssh.ServerConfig{
		ServerVersion: serverVersion,
		// x/crypto calls this once, before it looks at the first request.
		BannerCallback: func(ssh.ConnMetadata) string {
			if s.behaviour.AuthDelay > 0 && s.sleep(s.ctx, s.behaviour.AuthDelay) != nil {
				_ = c.Close() // no login is answered once the server closes
			}
			return ""
		},
	}
	if s.behaviour.PasswordOnly {
		config.PasswordCallback = func(ssh.ConnMetadata, []byte) (*ssh.Permissions, error) {
			return nil, errDenied
		}
	} else {
		config.PublicKeyCallback = func(meta ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
			if s.behaviour.RefuseKeys || !s.rules.authorized(meta.User(), key) {
				return nil, errDenied
			}
			return nil, nil
		}
	}
	config.PublicKeyAuthAlgorithms = s.behaviour.KeyAlgorithms
	for _, key := range s.hostKeys {
		config.AddHostKey(key.Signer)
	}
	return config
}

// homeKeys reads what was put into ~/.ssh/authorized_keys since the start.
func homeKeys(home string) []ssh.PublicKey {
	path := filepath.Join(home, ".ssh", "authorized_keys")
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return nil // to open a FIFO would wait for a writer
	}
	file, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer file.Close()
	const most = 1 << 20
	text, err := io.ReadAll(io.LimitReader(file, most))
	if err != nil {
		return nil
	}
	return ParseAuthorizedKeys(string(text))
}

func contains(keys []ssh.PublicKey, key ssh.PublicKey) bool {
	for _, k := range keys {
		if bytes.Equal(k.Marshal(), key.Marshal()) {
			return true
		}
	}
	return false
}
