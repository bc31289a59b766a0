// Package opensshd runs OpenSSH's own sshd for tests: on loopback, as the
// current user, with host keys, authorized keys, home and configuration in the
// test's temporary folder.
//
// What a test can rely on:
//   - the server reads neither /etc/ssh nor the user's home, and its sessions
//     get an empty HOME of their own;
//   - Start returns when the server has shown its identification;
//   - the server, every session that it started and every tmux in them are gone when
//     the test ends.
//
// Only tests import it.
package opensshd

import (
	"context"
	"fmt"
	"maps"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
)

// Config says what the server lets in and how it behaves.
type Config struct {
	AuthorizedKeys  []ssh.PublicKey
	AuthorizedLines []string // more lines of authorized_keys, with options if need be
	HostKeyTypes    []string // "ed25519", "rsa", "ecdsa"; nil means ed25519 alone
	// ExtraConfig is lines of sshd_config. They come first, and sshd keeps the
	// first value that it reads, so they win over the package's own.
	ExtraConfig []string
}

// Server is a running sshd.
type Server struct {
	Addr string // "127.0.0.1:PORT"
	Host string
	Port int
	User string // who can log in: the current user
	Home string // HOME of the sessions

	env      map[string]string // of the sessions
	tb       testing.TB
	binary   string
	dir      string
	config   Config
	hostKeys []ssh.PublicKey
	noted    log
	proc     *process // nil while stopped
}

// bindAttempts bounds the search for a free port: the one found may be taken by
// another process before sshd binds it.
const bindAttempts = 10

// Start runs a server and returns when it answers. It fails the test when sshd
// is missing or does not start, and ends the server when the test ends.
func Start(tb testing.TB, config Config) *Server {
	tb.Helper()
	binary, err := findBinary()
	if err != nil {
		tb.Fatal(err)
	}
	current, err := user.Current()
	if err != nil {
		tb.Fatalf("look up the current user: %v", err)
	}
	s := &Server{
		Host: "127.0.0.1", User: current.Username,
		tb: tb, binary: binary, dir: tb.TempDir(), config: config,
	}
	s.Home = filepath.Join(s.dir, "home")
	s.env = map[string]string{"HOME": s.Home, "TMUX_TMPDIR": s.tmuxDir()}
	for _, dir := range []string{s.Home, s.tmuxDir()} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			tb.Fatal(err)
		}
	}
	s.writeAuthorizedKeys()
	s.NewHostKeys(config.HostKeyTypes...)
	tb.Cleanup(s.EndTmux) // after Stop
	tb.Cleanup(s.Stop)

	for range bindAttempts {
		s.setPort(freePort(tb))
		err = s.launch()
		if err == nil {
			return s
		}
		if !strings.Contains(err.Error(), "Address already in use") {
			break
		}
	}
	tb.Fatalf("start sshd: %v", err)
	return nil
}

// HostKey is the first of the server's host keys.
func (s *Server) HostKey() ssh.PublicKey { return s.hostKeys[0] }

// HostKeys are the server's host keys, in the order of HostKeyTypes.
func (s *Server) HostKeys() []ssh.PublicKey { return s.hostKeys }

// Pid is the listening process; 0 while the server is stopped.
func (s *Server) Pid() int {
	if s.proc == nil {
		return 0
	}
	return s.proc.cmd.Process.Pid
}

// Log is what the server has logged so far, over all its starts.
func (s *Server) Log() string { return s.noted.String() }

// Authorize replaces the authorized keys. It holds for logins from now on.
func (s *Server) Authorize(keys ...ssh.PublicKey) {
	s.tb.Helper()
	s.config.AuthorizedKeys, s.config.AuthorizedLines = keys, nil
	s.writeAuthorizedKeys()
}

// Configure replaces Config.ExtraConfig. It holds from the next start on.
func (s *Server) Configure(lines ...string) { s.config.ExtraConfig = lines }

// NewHostKeys makes new host keys, which the server shows after its next start.
// No types means ed25519 alone.
func (s *Server) NewHostKeys(types ...string) {
	s.tb.Helper()
	if len(types) == 0 {
		types = []string{"ed25519"}
	}
	s.config.HostKeyTypes, s.hostKeys = types, nil
	for _, t := range types {
		public, err := writeHostKey(s.hostKeyPath(t), t)
		if err != nil {
			s.tb.Fatalf("make a host key of type %s: %v", t, err)
		}
		s.hostKeys = append(s.hostKeys, public)
	}
}

// SetEnv gives the sessions a variable, without spaces, from the next start on, which
// it makes.
func (s *Server) SetEnv(name, value string) {
	s.tb.Helper()
	s.env[name] = value
	s.Restart()
}

// environment is the value of sshd_config's SetEnv, which counts once.
func (s *Server) environment() string {
	var words []string
	for _, name := range slices.Sorted(maps.Keys(s.env)) {
		words = append(words, name+"="+s.env[name])
	}
	return strings.Join(words, " ")
}

// Stop ends the server and all its sessions, and waits for them. A stopped
// server can be started again with Restart.
func (s *Server) Stop() {
	if s.proc != nil {
		s.proc.end()
		s.proc = nil
	}
}

// Restart ends the server, if it runs, and starts it on the same port.
func (s *Server) Restart() {
	s.tb.Helper()
	s.Stop()
	if err := s.launch(); err != nil {
		s.tb.Fatalf("start sshd again at %s: %v", s.Addr, err)
	}
}

func (s *Server) setPort(port int) {
	s.Port = port
	s.Addr = net.JoinHostPort(s.Host, strconv.Itoa(port))
}

func (s *Server) hostKeyPath(keyType string) string {
	return filepath.Join(s.dir, "host_"+keyType)
}

func (s *Server) writeAuthorizedKeys() {
	s.tb.Helper()
	var b strings.Builder
	for _, key := range s.config.AuthorizedKeys {
		b.Write(ssh.MarshalAuthorizedKey(key))
	}
	for _, line := range s.config.AuthorizedLines {
		b.WriteString(line + "\n")
	}
	if err := os.WriteFile(filepath.Join(s.dir, "authorized_keys"), []byte(b.String()), 0o600); err != nil {
		s.tb.Fatal(err)
	}
}

// launch writes the configuration and starts sshd on the chosen port.
func (s *Server) launch() error {
	path := filepath.Join(s.dir, "sshd_config")
	lines := append([]string{}, s.config.ExtraConfig...)
	lines = append(lines,
		"Port "+strconv.Itoa(s.Port),
		"ListenAddress "+s.Host,
		"AuthorizedKeysFile "+filepath.Join(s.dir, "authorized_keys"),
		"SetEnv "+s.environment(),
		"AcceptEnv LANG LC_*",
		"PidFile none",
		"UsePAM no",
		"UseDNS no",
		"StrictModes no",
		"PermitRootLogin prohibit-password",
		"PermitUserRC no",
		"PasswordAuthentication no",
		"KbdInteractiveAuthentication no",
		"PrintMotd no",
		"PrintLastLog no",
		"LogLevel VERBOSE",
		"Subsystem sftp internal-sftp",
	)
	// Of this one sshd keeps the last.
	if !slices.ContainsFunc(s.config.ExtraConfig, func(line string) bool { return strings.HasPrefix(line, "MaxStartups ") }) {
		lines = append(lines, "MaxStartups 200")
	}
	for _, t := range s.config.HostKeyTypes {
		lines = append(lines, "HostKey "+s.hostKeyPath(t))
	}
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	proc, err := startProcess(ctx, s.binary, path, &s.noted)
	if err != nil {
		return err
	}
	if err := awaitBanner(ctx, s.Addr); err != nil {
		proc.end()
		return fmt.Errorf("sshd listens at %s and does not answer: %w\n%s", s.Addr, err, s.Log())
	}
	s.proc = proc
	return nil
}

// freePort returns a loopback port that nobody listened on a moment ago.
func freePort(tb testing.TB) int {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatalf("find a free port: %v", err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}
