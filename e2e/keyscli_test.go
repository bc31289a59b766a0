//go:build unix

package e2e

import (
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"podbay/demo/api"
)

// wants checks a command's exit code, and that it prints these words.
func (w *world) wants(got output, code int, words ...string) output {
	w.t.Helper()
	for _, word := range words {
		if !strings.Contains(got.out+got.err, word) {
			w.t.Errorf("no %q in %+v", word, got)
		}
	}
	if got.code != code || strings.Contains(got.out+got.err, apiKey) {
		w.t.Errorf("exit code %d was wanted, and no API key: %+v", code, got)
	}
	if got.code != 2 {
		plain(w.t, got)
	}
	return got
}

// registers checks what the account has.
func (w *world) registers(lines ...string) {
	w.t.Helper()
	if got := w.api.SSHKeys(); !slices.Equal(got, lines) {
		w.t.Errorf("registered are\n%s\nand should be\n%s", strings.Join(got, "\n"), strings.Join(lines, "\n"))
	}
}

func TestKeysAreListed(t *testing.T) {
	t.Parallel()
	w, _ := keyWorld(t)
	me, ann := w.mine("id_ed25519"), newPerson(t, "ann")
	private := newPerson(t, "leaked")
	w.api.SetSSHKeys([]string{ann.line})
	w.wants(w.run("", "keys"), 0, "~/.ssh/id_ed25519", me.fingerprint(), ann.fingerprint(), "ann@laptop")

	w.api.SetSSHKeys([]string{ann.line, me.blob(), private.pem(t)})
	got := w.wants(w.run("", "keys", "--json"), 2)
	var report struct {
		Local      []map[string]any
		Registered []map[string]any
		Error      string `json:"registeredError"`
		Lost       []map[string]any
	}
	if err := json.Unmarshal([]byte(got.out), &report); err != nil || len(report.Local) != 1 || len(report.Registered) != 3 {
		t.Fatalf("keys --json: %v in %+v", err, got)
	}
	local, first, second, third := report.Local[0], report.Registered[0], report.Registered[1], report.Registered[2]
	for _, c := range []struct {
		in    map[string]any
		field string
		want  any
	}{
		{local, "path", filepath.Join(w.home, ".ssh/id_ed25519")}, {local, "type", "ED25519"}, {local, "fingerprint", me.fingerprint()},
		{local, "mode", "0600"}, {local, "encrypted", false}, {local, "problem", ""}, {local, "source", "file"},
		{first, "line", ann.line}, {first, "valid", true}, {first, "fingerprint", ann.fingerprint()}, {first, "comment", "ann@laptop"},
		{first, "mendable", false}, {first, "blocks", false}, {first, "finding", ""},
		{second, "valid", false}, {second, "mendable", true}, {second, "blocks", true}, {second, "local", "~/.ssh/id_ed25519"},
		{second, "mended", strings.Join(strings.Fields(me.line)[:2], " ")},
		{third, "valid", false}, {third, "blocks", true}, {third, "mended", ""}, {third, "fingerprint", ""},
	} {
		if c.in[c.field] != c.want {
			t.Errorf("%q is %v and should be %v in %v", c.field, c.in[c.field], c.want, c.in)
		}
	}
	for _, args := range [][]string{{"keys"}, {"keys", "check"}, {"keys", "--json"}} {
		if got := w.wants(w.run("", args...), 2); strings.Contains(got.out+got.err, private.secret(t)) || strings.ContainsAny(got.out, "\x1b\r") {
			t.Errorf("%q prints a private key: %+v", args, got)
		}
	}
}

func TestKeysExitCodes(t *testing.T) {
	t.Parallel()
	w, _ := keyWorld(t)
	me := w.mine("id_ed25519")
	for _, args := range []string{"keys nope", "keys --nope", "keys add a b", "keys create x", "keys remove", "keys setup", "keys add", "keys add -", "keys create", "keys remove a b", "keys restore a b"} {
		w.wants(w.run(me.line, strings.Fields(args)...), 64)
	}
	w.registers()
	remove := w.api.AddFault(api.Fault{Kind: api.FaultStatus, Status: http.StatusInternalServerError})
	for _, args := range []string{"keys", "keys check", "keys fix --yes", "keys add --yes", "keys remove SHA256:abcd --yes"} {
		w.wants(w.run("", strings.Fields(args)...), 69)
	}
	w.wants(w.run("", "keys"), 69, me.fingerprint(), "not known") // what is known is told
	got := w.run("", "keys", "--json")
	if got.code != 69 || !strings.Contains(got.out, me.fingerprint()) || strings.Contains(got.out, `"registeredError": ""`) || !json.Valid([]byte(got.out)) {
		t.Errorf("keys --json: %+v", got)
	}
	remove()
	w.api.SetKeys([]api.Key{{Secret: apiKey, Denied: []api.Scope{api.ScopeKeysRead}}})
	w.wants(w.run("", "keys"), 77, "not known: RunPod could not be asked", me.fingerprint())
	w.api.SetKeys([]api.Key{{Secret: apiKey, Denied: []api.Scope{api.ScopeKeysWrite}}})
	w.wants(w.run("", "keys"), 0)
	w.wants(w.run("", "keys", "add", "--yes"), 77)
	w.api.SetKeys([]api.Key{{Secret: "rpa_ANOTHER0123456789"}})
	w.wants(w.run("", "keys"), 77)
	delete(w.env, "RUNPOD_API_KEY")
	w.wants(w.run("", "keys"), 77, me.fingerprint())
	w.wants(w.run("", "keys", "add", "--yes"), 77)
	// What needs no account needs no API key.
	w.wants(w.run("", "keys", "check", ".ssh/id_ed25519.pub"), 0)
	w.wants(w.run("", "keys", "create", "--no-passphrase"), 0)
	w.registers()
}

func TestKeysCreate(t *testing.T) {
	t.Parallel()
	for _, umask := range []string{"000", "077"} {
		t.Run("umask "+umask, func(t *testing.T) {
			w, _ := keyWorld(t)
			w.withoutKeys()
			create := func(args ...string) output {
				cmd := w.command(append([]string{"keys", "create", "--no-passphrase"}, args...)...)
				cmd.Path, cmd.Args = "/bin/sh", append([]string{"sh", "-c", `umask ` + umask + `; exec "$0" "$@"`, binary}, cmd.Args[1:]...)
				text, _ := cmd.CombinedOutput()
				return output{code: cmd.ProcessState.ExitCode(), out: string(text)}
			}
			first := filepath.Join(w.home, ".ssh/id_ed25519")
			w.madeKey(create("--comment", "me at home ✓"), first, "", "me at home ✓")
			before := tree(t, filepath.Dir(first))
			delete(before, filepath.Dir(first)) // its time changes
			second := create()
			next := strings.Fields(second.out)[1]
			w.madeKey(second, next, "", "")
			if next == first {
				t.Errorf("the same file twice: %q", next)
			}
			w.madeKey(create("--path", "~/keys/pod"), filepath.Join(w.home, "keys/pod"), "", "")
			w.write("keys/alone.pub", "somebody's\n", 0o644)
			for _, taken := range []string{first, "~/.ssh/id_ed25519", "~/keys/alone"} {
				if got := create("--path", taken); got.code != 1 || !strings.Contains(got.out, "never overwritten") {
					t.Errorf("create --path %s: %+v", taken, got)
				}
			}
			if got := create("--path", first+".pub"); got.code != 1 || !strings.Contains(got.out, "name the private key") {
				t.Errorf("create --path of a .pub: %+v", got)
			}
			if _, err := os.Stat(filepath.Join(w.home, "keys/alone")); err == nil || contents(t, filepath.Join(w.home, "keys/alone.pub")) != "somebody's\n" {
				t.Error("half a pair was made or overwritten")
			}
			after := tree(t, filepath.Dir(first))
			for path, was := range before {
				if after[path] != was {
					t.Errorf("%s was %q and is %q", path, was, after[path])
				}
			}
			w.registers()
		})
	}
}

// madeKey checks a key that was made with what podbay said and with ssh-keygen.
func (w *world) madeKey(got output, path, passphrase, comment string) {
	w.t.Helper()
	if got.code != 0 {
		w.t.Errorf("not made: %+v", got)
	}
	for name, want := range map[string]os.FileMode{filepath.Dir(path): 0o700, path: 0o600, path + ".pub": 0o644} {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != want {
			w.t.Errorf("%s: %v %v, want %v", name, info, err, want)
		}
	}
	public := contents(w.t, path+".pub")
	half, err := exec.Command("ssh-keygen", "-y", "-P", passphrase, "-f", path).CombinedOutput()
	if err != nil || !slices.Equal(strings.Fields(string(half))[:2], strings.Fields(public)[:2]) {
		w.t.Errorf("ssh-keygen -y says %q (%v), the public half is %q", half, err, public)
	}
	print, err := exec.Command("ssh-keygen", "-lf", path+".pub").CombinedOutput()
	if words := strings.Fields(string(print)); err != nil || !strings.Contains(got.out, words[1]) || !strings.HasSuffix(strings.TrimSpace(string(print)), comment+" (ED25519)") {
		w.t.Errorf("ssh-keygen -lf says %q (%v), podbay %+v", print, err, got)
	}
	if secret := strings.Split(contents(w.t, path), "\n")[3]; strings.Contains(got.out+got.err, secret) {
		w.t.Errorf("the private key was printed: %+v", got)
	}
}

func TestKeysCreateAsksForAPassphrase(t *testing.T) {
	t.Parallel()
	const passphrase = "correct horse e2e keys"
	w, _ := keyWorld(t)
	w.withoutKeys()
	path := filepath.Join(w.home, ".ssh/id_ed25519")
	for _, second := range []string{"something else", passphrase} {
		p := w.podbay("keys", "create")
		p.sees("Passphrase for the new key")
		p.until("a terminal without echo", p.modesChanged)
		p.press(passphrase + "\r")
		p.sees("The same again")
		p.until("a terminal without echo", p.modesChanged)
		p.press(second + "\r")
		code := p.ends()
		p.sane()
		p.unshown(passphrase)
		if second != passphrase {
			p.prints(0, "differ")
			if _, err := os.Stat(path); code != 1 || err == nil {
				t.Errorf("exit code %d, and %v", code, err)
			}
			continue
		}
		w.madeKey(output{code: code, out: p.since(0)}, path, passphrase, "")
		if exec.Command("ssh-keygen", "-y", "-P", "", "-f", path).Run() == nil {
			t.Error("the key is not encrypted")
		}
	}
	for name, text := range tree(t, w.home) {
		if strings.Contains(text, passphrase) {
			t.Errorf("the passphrase is in %s", name)
		}
	}
	w.wants(w.run("", "keys"), 0, "~/.ssh/id_ed25519")
}

func TestKeysAdd(t *testing.T) {
	t.Parallel()
	w, _ := keyWorld(t)
	me, ann, bob, putty := w.mine("id_ed25519"), newPerson(t, "ann"), newRSAPerson(t, "bob"), newPerson(t, "putty")
	private := newPerson(t, "private")
	mine := strings.TrimSpace(contents(t, filepath.Join(w.home, ".ssh/id_ed25519.pub")))
	w.write("ann.pub", "\ufeff"+ann.line+"\r\n", 0o644)
	w.write("putty.ppk", putty.ppk(), 0o600)
	w.write("stray", private.pem(t), 0o600)
	first, second := bob.halves()
	want := []string{}
	for _, c := range []struct {
		stdin  string
		words  string
		code   int
		says   string
		adds   string
		secret string
	}{
		{"", "add --yes ann.pub", 0, "done: 1 added", ann.line, ""},
		{"", "add --yes ann.pub", 0, "registered already", "", ""},
		{first + "\n" + second, "add --yes -", 0, "+ " + bob.line, bob.line, ""},
		{"nonsense", "add --yes -", 1, "nothing can be added", "", ""},
		{"", "add --yes -", 1, "nothing can be added", "", ""},
		{strings.Repeat("A", 1<<20), "add --yes -", 1, "nothing can be added", "", ""},
		{private.pem(t), "add --yes -", 1, "private key", "", private.secret(t)},
		{private.line + "\n" + private.pem(t), "add --yes -", 1, "private key", "", private.secret(t)},
		{"", "add --yes putty.ppk", 0, "done: 1 added", putty.line, ppkSecret},
		{"", "add --yes stray", 0, "done: 1 added", strings.TrimSuffix(private.line, " "+private.comment()), private.secret(t)}, // its public half
		{"", "add --yes anm.pub", 1, "ann.pub", "", ""},
		{"", "add --yes /", 1, "", "", ""},
		{me.fingerprint(), "add --yes -", 0, "done: 1 added", mine, ""},
		{"", "add --yes", 0, "registered already", "", ""},
	} {
		if c.adds != "" {
			want = append(want, c.adds)
		}
		got := w.wants(w.run(c.stdin, append([]string{"keys"}, strings.Fields(c.words)...)...), c.code, c.says)
		if c.secret != "" && strings.Contains(got.out+got.err, c.secret) {
			t.Errorf("%q prints a secret: %+v", c.words, got)
		}
		w.registers(want...)
	}
	for name, text := range tree(t, filepath.Join(w.home, ".local")) {
		for _, secret := range []string{private.secret(t), ppkSecret, apiKey} {
			if strings.Contains(text, secret) {
				t.Errorf("a secret is in %s", name)
			}
		}
	}
	w.withoutKeys()
	w.wants(w.run("", "keys", "add", "--yes"), 1, "podbay keys create")
}

func TestKeysCheck(t *testing.T) {
	t.Parallel()
	w, _ := keyWorld(t)
	ann := newPerson(t, "ann")
	private := newPerson(t, "private")
	good := w.write("good.pub", ann.line+"\n", 0o644)
	bad := w.write("bad.pub", ann.blob()+"\r\n", 0o644)
	mended := "mended: " + strings.Join(strings.Fields(ann.line)[:2], " ")
	for _, c := range []struct {
		stdin string
		words []string
		code  int
		says  []string
	}{
		{"", []string{good}, 0, []string{ann.fingerprint(), "ann@laptop", "valid"}},
		{"", []string{bad}, 2, []string{"type-missing", mended, ann.fingerprint()}},
		{ann.line, []string{"-"}, 0, []string{ann.fingerprint()}},
		{ann.fingerprint(), []string{"-"}, 2, []string{"fingerprint"}},
		{"", []string{"-"}, 2, []string{"empty"}},
		{"null", []string{"-"}, 2, []string{"placeholder"}},
		{private.pem(t), []string{"-"}, 2, []string{"private-key", "leaked"}},
		{"\x1b]0;owned\x07" + ann.blob(), []string{"-"}, 2, nil},
		{"", []string{"goof.pub"}, 1, []string{"good.pub"}},
	} {
		got := w.wants(w.run(c.stdin, append([]string{"keys", "check"}, c.words...)...), c.code, c.says...)
		if strings.Contains(got.out+got.err, private.secret(t)) || strings.Contains(got.out+got.err, "\x1b") {
			t.Errorf("check of %q prints what it should not: %+v", c.stdin, got)
		}
	}
	if calls := w.api.Calls(); len(calls) > 0 {
		t.Errorf("the API was called: %+v", calls)
	}
	w.api.SetSSHKeys([]string{ann.blob()})
	w.wants(w.run("", "keys", "check"), 2)
	w.registers(ann.blob())
}
