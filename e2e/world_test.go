//go:build unix

package e2e

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"podbay/demo/api"
	"podbay/internal/netfault"
	"podbay/internal/opensshd"
)

const apiKey = "rpa_E2ETESTKEY0123456789"

// world is a user's home, an account and its pods.
type world struct {
	t    *testing.T
	dir  string // all that the test has on disk is below it
	home string
	env  map[string]string
	key  ssh.PublicKey // of ~/.ssh/id_ed25519
	host api.FixedHost
	api  *api.Server
	url  string
}

// newWorld makes a home with a key that is registered on an account without
// pods, and the environment to use it.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, dir: filepath.Dir(t.TempDir()), host: api.FixedHost{}}
	w.home = filepath.Join(t.TempDir(), "home")
	// Apart and short: the sockets of the demo's tmux lie below it, and their paths
	// have 104 bytes.
	tmp, err := os.MkdirTemp("", "pb")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(tmp) })
	for _, dir := range []string{filepath.Join(w.home, ".ssh")} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	w.makeKey(nil)
	w.serve()
	w.env = map[string]string{
		"PATH": os.Getenv("PATH"), "HOME": w.home, "TMPDIR": tmp, "TERM": "xterm-256color", "LANG": "C.UTF-8",
		"XDG_CONFIG_HOME": filepath.Join(w.home, ".config"), "XDG_DATA_HOME": filepath.Join(w.home, ".local/share"),
		"XDG_STATE_HOME": filepath.Join(w.home, ".local/state"), "XDG_CACHE_HOME": filepath.Join(w.home, ".cache"),
		"XDG_RUNTIME_DIR": tmp,
		"RUNPOD_API_KEY":  apiKey, "PODBAY_API_URL": w.url,
	}
	w.settings()
	return w
}

// makeKey writes ~/.ssh/id_ed25519, encrypted if there is a passphrase.
func (w *world) makeKey(passphrase []byte) {
	w.t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		w.t.Fatal(err)
	}
	if w.key, err = ssh.NewPublicKey(public); err != nil {
		w.t.Fatal(err)
	}
	var block *pem.Block
	if passphrase == nil {
		block, err = ssh.MarshalPrivateKey(private, "")
	} else {
		block, err = ssh.MarshalPrivateKeyWithPassphrase(private, "", passphrase)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	w.write(".ssh/id_ed25519", string(pem.EncodeToMemory(block)), 0o600)
	w.write(".ssh/id_ed25519.pub", string(ssh.MarshalAuthorizedKey(w.key)), 0o644)
}

func (w *world) serve() {
	w.t.Helper()
	var err error
	w.api, err = api.New(api.Options{
		Keys: []api.Key{{Secret: apiKey}}, Now: time.Now, Host: w.host, Quotas: []api.Quota{},
		SSHKeys: []string{strings.TrimSpace(string(ssh.MarshalAuthorizedKey(w.key)))},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		if err := w.api.Close(); err != nil {
			w.t.Error(err)
		}
	})
	if w.url, err = w.api.Listen(); err != nil {
		w.t.Fatal(err)
	}
}

// write puts a file below the home.
func (w *world) write(name, text string, mode os.FileMode) string {
	w.t.Helper()
	path := filepath.Join(w.home, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		w.t.Fatal(err)
	}
	return path
}

// settings writes podbay's config.toml. Nobody is asked about kept shells, unless
// it says otherwise.
func (w *world) settings(lines ...string) {
	if !strings.Contains(strings.Join(lines, "\n"), "keep_shells") {
		lines = append(lines, `keep_shells = "never"`)
	}
	w.write(".config/podbay/config.toml", strings.Join(lines, "\n")+"\n", 0o600)
}

// Where podbay keeps its files in this home.
func (w *world) knownHosts() string  { return filepath.Join(w.home, ".local/share/podbay/known_hosts") }
func (w *world) credentials() string { return filepath.Join(w.home, ".config/podbay/credentials") }

// site is a running pod: its sshd, behind a link that can fail.
type site struct {
	id   string
	name string
	sshd *opensshd.Server
	link *netfault.Link
}

// prompt is what the pod's shell shows when it waits for a command.
func (s *site) prompt() string { return "<" + s.name + ">" }

// pod adds a running pod to the account, whose host key is not known yet.
func (w *world) pod(name string) *site {
	w.t.Helper()
	s := &site{id: podID(name), name: name, sshd: opensshd.Start(w.t, opensshd.Config{AuthorizedKeys: []ssh.PublicKey{w.key}})}
	profile := "PS1='" + s.prompt() + "'; PS2=; PROMPT_COMMAND=; unset HISTFILE\n"
	if err := os.WriteFile(filepath.Join(s.sshd.Home, ".profile"), []byte(profile), 0o600); err != nil {
		w.t.Fatal(err)
	}
	s.link = netfault.Start(w.t, s.sshd.Addr)
	w.at(name, s.link.Addr)
	return s
}

// podID makes an ID, of the shape that RunPod's have, of a name.
func podID(name string) string { return (name + "0000000000000000")[:14] }

// at adds a running pod whose port 22 is at addr.
func (w *world) at(name, addr string) {
	w.t.Helper()
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		w.t.Fatal(err)
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		w.t.Fatal(err)
	}
	w.host[podID(name)] = api.Endpoints{Direct: api.Address{Host: host, Port: number}}
	w.add(api.PodSpec{Name: name, Env: map[string]string{"HF_TOKEN": podSecret}})
}

// podSecret is in the environment of pods, and must not leave it.
const podSecret = "hf_e2e_secret_of_a_pod"

// add adds a pod that has been running for an hour, unless spec says otherwise.
func (w *world) add(spec api.PodSpec) {
	w.t.Helper()
	spec.ID, spec.StartSSH = podID(spec.Name), true
	if spec.Status == "" {
		spec.Status = api.StatusRunning
	}
	if spec.StartedAt.IsZero() {
		spec.StartedAt = time.Now().Add(-time.Hour)
	}
	if err := w.api.AddPod(spec); err != nil {
		w.t.Fatal(err)
	}
}

// trust makes the pods' host keys known, as though the user had been there.
func (w *world) trust(sites ...*site) {
	w.t.Helper()
	var text strings.Builder
	for _, s := range sites {
		fmt.Fprintf(&text, "runpod-%s %s", s.id, ssh.MarshalAuthorizedKey(s.sshd.HostKey()))
	}
	w.write(".local/share/podbay/known_hosts", text.String(), 0o600)
}

// command is podbay with this world's environment, and nothing of this process's.
func (w *world) command(args ...string) *exec.Cmd {
	cmd := exec.Command(binary, args...)
	cmd.Dir = w.home
	cmd.Env = w.environ()
	return cmd
}

func (w *world) environ() []string {
	var env []string
	for name, value := range w.env {
		if value != "" {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// podbay runs podbay in a terminal.
func (w *world) podbay(args ...string) *program {
	w.t.Helper()
	return start(w.t, w.command(args...))
}

// output is what a podbay without a terminal printed.
type output struct {
	code     int
	out, err string
}

// run runs podbay without a terminal.
func (w *world) run(stdin string, args ...string) output {
	w.t.Helper()
	cmd := w.command(args...)
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &errs
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	timer := time.AfterFunc(deadline, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	_ = cmd.Wait() // the exit code tells
	return output{cmd.ProcessState.ExitCode(), out.String(), errs.String()}
}

// alone waits until no process is left that has this world in its environment,
// as podbay and the shells behind it have.
func (w *world) alone() {
	w.t.Helper()
	w.t.Cleanup(func() {
		if left := w.processes(); w.t.Failed() && len(left) > 0 {
			w.t.Logf("left behind: %s", strings.Join(left, "; "))
		}
	})
	eventually(w.t, "the end of all processes", func() bool { return len(w.processes()) == 0 })
}

func (w *world) processes() []string {
	var found []string
	environs, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, path := range environs {
		text, err := os.ReadFile(path)
		if err == nil && (bytes.Contains(text, []byte(w.dir)) || bytes.Contains(text, []byte(w.env["TMPDIR"]))) {
			words, _ := os.ReadFile(filepath.Join(filepath.Dir(path), "cmdline"))
			found = append(found, path+" "+strings.ReplaceAll(string(words), "\x00", " "))
		}
	}
	return found
}

// tree lists every file below dir with its mode, size, time and text.
func tree(t *testing.T, dir string, except ...string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || slices.Contains(except, path) {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		found[path] = fmt.Sprint(info.Mode(), info.ModTime().UnixNano())
		if info.Mode().IsRegular() {
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			found[path] += " " + string(text)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func contents(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return string(text)
}
