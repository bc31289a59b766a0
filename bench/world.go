//go:build unix

package main

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"podbay/internal/opensshd"
)

// far is the round trip of the slow network.
const far = 100 * time.Millisecond

// prompt is what the pod's shell shows when it waits for a command.
const prompt = "<pod>"

// world is a user's home, RunPod, and one pod: an sshd of OpenSSH's.
type world struct {
	tb     *benchTB
	podbay string // the binary
	home   string
	key    ssh.PublicKey
	sshd   *opensshd.Server
	link   *link // to sshd, far away
	api    *api
	// tunneled is the sshd's address behind a tunnel in which every packet takes its
	// time; "" where there can be none, for the reason noTunnel.
	tunneled string
	noTunnel error
}

// The pod is listed for each way to it.
const (
	nearPod = "near0000000001" // loopback
	linkPod = "link0000000001" // through the delaying proxy
	farPod  = "far00000000001" // through the tunnel
)

func newWorld(podbay string) (w *world, err error) {
	tb, err := newTB()
	if err != nil {
		return nil, err
	}
	w = &world{tb: tb, podbay: podbay, home: filepath.Join(tb.dir, "home")}
	defer func() {
		if f, ok := recover().(failure); ok {
			w, err = nil, f
		}
		if err != nil {
			_ = tb.close()
		}
	}()
	if err := w.makeKey(); err != nil {
		return nil, err
	}
	if err := w.startSSHD(); err != nil {
		return nil, err
	}
	profile := "PS1='" + prompt + "'; PS2=; PROMPT_COMMAND=; unset HISTFILE\n"
	if err := os.WriteFile(filepath.Join(w.sshd.Home, ".profile"), []byte(profile), 0o600); err != nil {
		return nil, err
	}
	if w.link, err = openLink(w.sshd.Addr, far); err != nil {
		return nil, err
	}
	tb.Cleanup(w.link.close)
	if w.api, err = openAPI(w); err != nil {
		return nil, err
	}
	tb.Cleanup(w.api.close)
	return w, w.trust()
}

// startSSHD starts the server, behind the tunnel too if there can be one.
func (w *world) startSSHD() error {
	config := opensshd.Config{AuthorizedKeys: []ssh.PublicKey{w.key}}
	tunnel, err := openTunnel(far)
	if err != nil {
		w.noTunnel = err
	} else {
		w.tb.Cleanup(tunnel.close)
		config.ExtraConfig = []string{"ListenAddress " + hereAddr}
	}
	w.sshd = opensshd.Start(w.tb, config)
	if w.noTunnel == nil {
		w.tunneled = net.JoinHostPort(thereAddr, strconv.Itoa(w.sshd.Port))
	}
	return nil
}

func (w *world) close() error { return w.tb.close() }

// makeKey makes the home with the key that both clients use.
func (w *world) makeKey() error {
	for _, dir := range []string{".ssh", "tmp"} {
		if err := os.MkdirAll(filepath.Join(w.home, dir), 0o700); err != nil {
			return err
		}
	}
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	if w.key, err = ssh.NewPublicKey(public); err != nil {
		return err
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		return err
	}
	if err := w.write(".ssh/id_ed25519", string(pem.EncodeToMemory(block))); err != nil {
		return err
	}
	return w.write(".ssh/id_ed25519.pub", string(ssh.MarshalAuthorizedKey(w.key)))
}

// trust makes the pod's host key known to both clients.
func (w *world) trust() error {
	key := string(ssh.MarshalAuthorizedKey(w.sshd.HostKey()))
	var podbay, openssh strings.Builder
	for _, id := range []string{nearPod, linkPod, farPod} {
		fmt.Fprintf(&podbay, "runpod-%s %s", id, key)
	}
	for _, addr := range []string{w.sshd.Addr, w.link.Addr, w.tunneled} {
		if addr == "" {
			continue
		}
		host, port, err := net.SplitHostPort(addr)
		if err != nil {
			return err
		}
		fmt.Fprintf(&openssh, "[%s]:%s %s", host, port, key)
	}
	return errorsOf(
		// Shells that the pod's tmux keeps are another thing than those of ssh.
		w.write(".config/podbay/config.toml", "keep_shells = \"never\"\n"),
		w.write(".local/share/podbay/known_hosts", podbay.String()),
		w.write(".ssh/known_hosts", openssh.String()),
	)
}

func errorsOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// write puts a file that only its owner reads below the home.
func (w *world) write(name, text string) error {
	path := filepath.Join(w.home, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(text), 0o600)
}

func (w *world) environ() []string {
	return []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + w.home, "TMPDIR=" + filepath.Join(w.home, "tmp"),
		"TERM=xterm-256color", "LANG=C.UTF-8",
		"XDG_CONFIG_HOME=" + filepath.Join(w.home, ".config"), "XDG_DATA_HOME=" + filepath.Join(w.home, ".local/share"),
		"XDG_STATE_HOME=" + filepath.Join(w.home, ".local/state"), "XDG_CACHE_HOME=" + filepath.Join(w.home, ".cache"),
		"RUNPOD_API_KEY=" + apiKey, "PODBAY_API_URL=" + w.api.url,
	}
}

// client is podbay with this world's environment.
func (w *world) client(args ...string) *exec.Cmd { return w.command(w.podbay, args...) }

func (w *world) command(path string, args ...string) *exec.Cmd {
	cmd := exec.Command(path, args...)
	cmd.Dir, cmd.Env = w.home, w.environ()
	return cmd
}

// openssh is the machine's own ssh to the sshd at addr, as podbay would be told to
// connect: one key, one known host, and nothing of the machine's configuration.
func (w *world) openssh(addr string, options ...string) *exec.Cmd {
	host, port, _ := net.SplitHostPort(addr)
	args := []string{
		"-F", "none", "-p", port, "-l", w.sshd.User, "-i", filepath.Join(w.home, ".ssh/id_ed25519"),
		"-o", "IdentitiesOnly=yes", "-o", "StrictHostKeyChecking=yes", "-o", "LogLevel=ERROR", "-o", "SendEnv=LANG LC_*",
		"-o", "UserKnownHostsFile=" + filepath.Join(w.home, ".ssh/known_hosts"), "-o", "GlobalKnownHostsFile=none",
	}
	return w.command("ssh", append(append(args, options...), host)...)
}

// knows tells whether the machine's ssh has an option.
func (w *world) knows(option string) bool {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return exec.CommandContext(ctx, "ssh", "-F", "none", "-o", option, "-G", "localhost").Run() == nil
}

func portOf(addr string) int {
	_, port, _ := net.SplitHostPort(addr)
	n, _ := strconv.Atoi(port)
	return n
}
