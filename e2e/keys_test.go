//go:build unix

package e2e

import (
	"context"
	"crypto/ed25519"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"golang.org/x/crypto/ssh"

	"podbay/demo/api"
	"podbay/internal/opensshd"
)

// acceptedByRunPod is the pattern that RunPod's OpenAPI document demands of each
// registered key (components.schemas.UpdateSshKeysRequest).
var acceptedByRunPod = regexp.MustCompile(`^(ssh|ecdsa|sk)-[^\s]+ [^\s]+([ \t][^\n\r]*)?$`)

// mistake is what somebody did wrong on RunPod's web page.
type mistake struct {
	name    string
	entries []string // what is registered
	meant   []person // whose keys can be told from it
	gone    bool     // something of it cannot be told, and goes
	secret  string   // a piece of it that must not be shown; "" for none
}

// mistakes are the documented ones, each made by people of its own.
func mistakes(t *testing.T) []mistake {
	t.Helper()
	var (
		count int
		list  []mistake
	)
	somebody := func() person {
		count++
		return newPerson(t, "somebody"+strconv.Itoa(count))
	}
	meaning := func(name string, write func(p person) []string) {
		p := somebody()
		list = append(list, mistake{name: name, entries: write(p), meant: []person{p}})
	}
	line := func(name string, write func(line string) string) {
		meaning(name, func(p person) []string { return []string{write(p.line)} })
	}
	lost := func(name, secret string, entries ...string) {
		list = append(list, mistake{name: name, entries: entries, gone: true, secret: secret})
	}
	several := func(name string, write func(a, b string) []string) {
		a, b := somebody(), newRSAPerson(t, strings.ReplaceAll(name, " ", "-"))
		list = append(list, mistake{name: name, entries: write(a.line, b.line), meant: []person{a, b}})
	}

	lost("fingerprint", "", somebody().fingerprint())
	lost("fingerprint, MD5", "", "MD5:"+ssh.FingerprintLegacyMD5(somebody().signer.PublicKey()))
	lost("fingerprint with a type", "", "ssh-ed25519 "+somebody().fingerprint())
	lost("line of ssh-keygen -l", "", "256 "+somebody().fingerprint()+" me@laptop (ED25519)")
	meaning("type missing", func(p person) []string { return []string{p.blob() + " " + p.comment()} })
	several("glued", func(a, b string) []string { return []string{a + b} })
	several("on one line", func(a, b string) []string { return []string{a + " " + b} })
	several("lines in one entry", func(a, b string) []string { return []string{a + "\n" + b + "\n"} })
	meaning("broken over two entries", func(p person) []string { a, b := p.halves(); return []string{a, b} })
	meaning("broken over two lines", func(p person) []string { a, b := p.halves(); return []string{a + "\n" + b} })
	meaning("type and key disagree", func(p person) []string { return []string{"ssh-rsa " + p.blob() + " " + p.comment()} })
	half, _ := somebody().halves()
	lost("truncated", "", half)
	lost("not base64", "", "ssh-ed25519 AAAA...your_key_here... me@laptop")
	private := somebody()
	lost("private key", private.secret(t), strings.TrimSpace(private.pem(t)))
	private = somebody()
	lost("private key by lines", private.secret(t), strings.Split(strings.TrimSpace(private.pem(t)), "\n")...)
	meaning("PuTTY", func(p person) []string { return []string{p.ppk()} })
	list[len(list)-1].secret = ppkSecret
	meaning("SSH2", func(p person) []string { return []string{p.rfc4716()} })
	meaning("SSH2 by lines", func(p person) []string { return strings.Split(p.rfc4716(), "\n") })
	line("options", func(line string) string { return `command="echo hello",no-pty ` + line })
	meaning("duplicate", func(p person) []string {
		return []string{p.line, strings.TrimSuffix(p.line, p.comment()) + "the same again"}
	})
	line("CRLF", func(line string) string { return line + "\r\n" })
	line("byte order mark", func(line string) string { return "\ufeff" + line })
	line("smart quotes", func(line string) string { return "“" + line + "”" })
	line("non-breaking spaces", func(line string) string { return strings.ReplaceAll(line, " ", "\u00a0") })
	line("HTML entities", func(line string) string { return "&quot;" + strings.ReplaceAll(line, " ", "&nbsp;") + "&quot;" })
	lost("empty", "", "")
	lost("null", "", "null")
	return list
}

// checkAccount checks the account after all was mended: each entry is right, the
// lines of kept are there byte for byte, and the keys are those of people and no
// others.
func (w *world) checkAccount(kept []string, people ...person) {
	w.t.Helper()
	registered := w.api.SSHKeys()
	got := map[string]bool{}
	for _, line := range registered {
		key, _, options, rest, err := ssh.ParseAuthorizedKey([]byte(line))
		switch {
		case !acceptedByRunPod.MatchString(line):
			w.t.Errorf("RunPod does not take %q", line)
		case err != nil || len(options) > 0 || len(rest) > 0:
			w.t.Errorf("%q is no plain key: %v %q %q", line, err, options, rest)
		case strings.Fields(line)[0] != key.Type() || got[ssh.FingerprintSHA256(key)]:
			w.t.Errorf("%q has another type, or is there twice", line)
		default:
			got[ssh.FingerprintSHA256(key)] = true
		}
	}
	for _, line := range kept {
		if !slices.Contains(registered, line) {
			w.t.Errorf("lost: %q", line)
		}
	}
	want := map[string]bool{}
	for _, p := range people {
		want[p.fingerprint()] = true
		if !got[p.fingerprint()] {
			w.t.Errorf("the key of %s is not registered", p.comment())
		}
	}
	for print := range maps.Keys(got) {
		if !want[print] {
			w.t.Errorf("nobody has the key %s, which is registered", print)
		}
	}
	if w.t.Failed() {
		w.t.Logf("registered are:\n%s", strings.Join(registered, "\n"))
	}
	w.sshKeygenReads(registered)
}

// sshKeygenReads checks that ssh-keygen reads each line as a key.
func (w *world) sshKeygenReads(lines []string) {
	w.t.Helper()
	path := filepath.Join(w.t.TempDir(), "authorized_keys")
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		w.t.Fatal(err)
	}
	text, err := exec.Command("ssh-keygen", "-lf", path).CombinedOutput()
	if n := strings.Count(string(text), " SHA256:"); err != nil || n != len(lines) {
		w.t.Errorf("ssh-keygen reads %d of %d keys: %v\n%s", n, len(lines), err, text)
	}
}

// images starts an OpenSSH for each pod that is created with SSH: its
// authorized_keys are what RunPod gives the container, malformed lines included.
type images struct {
	t  *testing.T
	mu sync.Mutex
	at map[string]*opensshd.Server // by pod ID
}

func (h *images) Start(_ context.Context, c api.Container) (api.Endpoints, error) {
	sshd := opensshd.Start(h.t, opensshd.Config{AuthorizedLines: c.AuthorizedKeys})
	h.mu.Lock()
	defer h.mu.Unlock()
	h.at[c.PodID] = sshd
	return api.Endpoints{Direct: api.Address{Host: sshd.Host, Port: sshd.Port}}, nil
}

func (h *images) Stop(string)  {}
func (h *images) Close() error { return nil }

// keyWorld is a home with an API key, and an account on which lines are
// registered, whose pods are created with what is registered then.
func keyWorld(t *testing.T, lines ...string) (*world, *images) {
	t.Helper()
	w := newWorld(t)
	h := &images{t: t, at: map[string]*opensshd.Server{}}
	server, err := api.New(api.Options{Keys: []api.Key{{Secret: apiKey}}, Host: h, Quotas: []api.Quota{}, SSHKeys: lines})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	w.api = server
	if w.url, err = server.Listen(); err != nil {
		t.Fatal(err)
	}
	w.env["PODBAY_API_URL"] = w.url
	return w, h
}

// withoutKeys takes the SSH keys out of the home.
func (w *world) withoutKeys() {
	w.t.Helper()
	if err := os.RemoveAll(filepath.Join(w.home, ".ssh")); err != nil {
		w.t.Fatal(err)
	}
}

// mine is the person whose key is in ~/.ssh.
func (w *world) mine(name string) person {
	w.t.Helper()
	private, err := ssh.ParseRawPrivateKey([]byte(contents(w.t, filepath.Join(w.home, ".ssh", name))))
	if err != nil {
		w.t.Fatal(err)
	}
	if key, ok := private.(*ed25519.PrivateKey); ok {
		private = *key
	}
	return personWith(w.t, "me", private)
}

// created adds a running pod, with the keys that are registered now.
func (w *world) created(h *images, name string) *site {
	w.t.Helper()
	w.add(api.PodSpec{Name: name})
	h.mu.Lock()
	defer h.mu.Unlock()
	sshd := h.at[podID(name)]
	if sshd == nil {
		w.t.Fatalf("%s was created without an SSH server", name)
	}
	s := &site{id: podID(name), name: name, sshd: sshd}
	profile := "PS1='" + s.prompt() + "'; PS2=; PROMPT_COMMAND=; unset HISTFILE\n"
	if err := os.WriteFile(filepath.Join(sshd.Home, ".profile"), []byte(profile), 0o600); err != nil {
		w.t.Fatal(err)
	}
	return s
}

// letsIn checks that the pod's OpenSSH lets each person in.
func (s *site) letsIn(t *testing.T, people ...person) {
	t.Helper()
	for _, p := range people {
		conn, err := net.Dial("tcp", s.sshd.Addr)
		if err != nil {
			t.Fatal(err)
		}
		client, _, _, err := ssh.NewClientConn(conn, s.sshd.Addr, &ssh.ClientConfig{
			User: s.sshd.User, Auth: []ssh.AuthMethod{ssh.PublicKeys(p.signer)}, HostKeyCallback: ssh.FixedHostKey(s.sshd.HostKey()),
		})
		if err != nil {
			_ = conn.Close()
			t.Errorf("OpenSSH does not let %s in: %v", p.comment(), err)
			continue
		}
		_ = client.Close()
	}
}
