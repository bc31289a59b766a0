package identity

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func wantKind(t *testing.T, err error, kind ProblemKind) *Problem {
	t.Helper()
	problem, ok := errors.AsType[*Problem](err)
	if !ok || problem.Kind != kind {
		t.Fatalf("%v (%+v), want %s", err, problem, kind)
	}
	return problem
}

func TestMendingAModeThatIsTooOpen(t *testing.T) {
	f := finder(newHome(t))
	path := filepath.Join(f.Home, ".ssh", "id_ed25519")
	keygen(t, path, "-t", "ed25519", "-N", "")
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	id := only(t, find(t, f))
	problem := wantKind(t, id.Problem, ModeTooOpen)
	if problem.Mending(id.Name()) != "set the mode of ~/.ssh/id_ed25519 to 0600" || problem.Path != path {
		t.Errorf("%+v", problem)
	}
	if did, err := f.Mend(t.Context(), id, nil); err != nil || did != "set the mode of ~/.ssh/id_ed25519 to 0600" {
		t.Errorf("%q, %v", did, err)
	}
	wantModes(t, map[string]fs.FileMode{path: 0o600})
	id = only(t, find(t, f))
	if id.Problem != nil || id.Flaw != nil {
		t.Errorf("%v, %v", id.Problem, id.Flaw)
	}
	if _, err := f.Mend(t.Context(), id, nil); err == nil {
		t.Error("something was mended that is not wrong")
	}
}

func TestDerivingAMissingPub(t *testing.T) {
	tests := map[string]struct {
		kind   ProblemKind
		args   []string
		secret string // wanted for it
	}{
		"plain":             {PubMissing, []string{"-t", "ed25519", "-N", ""}, ""},
		"PEM":               {PubMissing, []string{"-t", "rsa", "-b", "2048", "-m", "PEM", "-N", ""}, ""},
		"encrypted OpenSSH": {PubMissing, []string{"-t", "ecdsa", "-N", passphrase}, ""},
		"encrypted PEM":     {HiddenPublic, []string{"-t", "rsa", "-b", "2048", "-m", "PEM", "-N", passphrase}, passphrase},
		"encrypted PKCS#8":  {HiddenPublic, []string{"-t", "ecdsa", "-m", "PKCS8", "-N", passphrase}, passphrase},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f := finder(newHome(t))
			path := filepath.Join(f.Home, ".ssh", "id_rsa")
			keygen(t, path, tt.args...)
			was := strings.Fields(readText(t, path+".pub"))
			if err := os.Remove(path + ".pub"); err != nil {
				t.Fatal(err)
			}
			id := only(t, find(t, f))
			wantKind(t, id.Flaw, tt.kind)
			wantPlain(t, id.Flaw, "~/.ssh/id_rsa ", "ssh-keygen -y")
			if id.Problem != nil || !strings.Contains(id.Flaw.Mending(id.Name()), "write ~/.ssh/id_rsa.pub") {
				t.Errorf("%v, %q", id.Problem, id.Flaw.Mending(id.Name()))
			}
			if tt.secret != "" {
				for _, wrong := range []string{"", "wrong"} {
					_, err := f.Mend(t.Context(), id, []byte(wrong))
					if _, ok := errors.AsType[*PassphraseError](err); !ok {
						t.Errorf("%q: %v", wrong, err)
					}
				}
			}
			if did, err := f.Mend(t.Context(), id, []byte(tt.secret)); err != nil || did != "wrote ~/.ssh/id_rsa.pub" {
				t.Fatalf("%q, %v", did, err)
			}
			if got := strings.Fields(readText(t, path+".pub")); got[0] != was[0] || got[1] != was[1] {
				t.Errorf("%v, want %v", got, was)
			}
			wantModes(t, map[string]fs.FileMode{path: 0o600, path + ".pub": 0o644})
			wantOnly(t, filepath.Dir(path), "id_rsa", "id_rsa.pub")
			if id := only(t, find(t, f)); id.Flaw != nil || id.Public == nil {
				t.Errorf("%v", id.Flaw)
			}
		})
	}
}

func TestAPubThatAppearedMeanwhileStays(t *testing.T) {
	f := finder(newHome(t))
	path := filepath.Join(f.Home, ".ssh", "id_ed25519")
	keygen(t, path, "-t", "ed25519", "-N", "")
	if err := os.Remove(path + ".pub"); err != nil {
		t.Fatal(err)
	}
	id := only(t, find(t, f))
	write(t, path+".pub", "new")
	if _, err := f.Mend(t.Context(), id, nil); !errors.Is(err, fs.ErrExist) || readText(t, path+".pub") != "new" {
		t.Errorf("%v, %q", err, readText(t, path+".pub"))
	}
}

func TestAWrongPubIsKeptUnderAnotherName(t *testing.T) {
	for name, wrong := range map[string]string{"another key": "", "garbage": "hello", "empty": "\n"} {
		t.Run(name, func(t *testing.T) {
			f := finder(newHome(t))
			dir := filepath.Join(f.Home, ".ssh")
			path := filepath.Join(dir, "id_ed25519")
			keygen(t, path, "-t", "ed25519", "-N", "")
			right := strings.Fields(readText(t, path+".pub"))
			if wrong == "" {
				keygen(t, filepath.Join(f.Home, "other"), "-t", "ed25519", "-N", "")
				wrong = readText(t, filepath.Join(f.Home, "other.pub"))
			}
			write(t, path+".pub", wrong)
			write(t, path+".pub.bak-1", "an earlier one")
			id := only(t, find(t, f))
			wantKind(t, id.Flaw, PubMismatch)
			wantPlain(t, id.Flaw, "~/.ssh/id_ed25519 is not of the same key as ~/.ssh/id_ed25519.pub")
			if id.Problem != nil {
				t.Error(id.Problem)
			}
			did, err := f.Mend(t.Context(), id, nil)
			if err != nil || !strings.Contains(did, "~/.ssh/id_ed25519.pub.bak-2") {
				t.Fatalf("%q, %v", did, err)
			}
			if got := strings.Fields(readText(t, path+".pub")); got[1] != right[1] {
				t.Errorf("%v, want %v", got, right)
			}
			if readText(t, path+".pub.bak-1") != "an earlier one" || readText(t, path+".pub.bak-2") != wrong {
				t.Error("what was there is lost")
			}
			wantModes(t, map[string]fs.FileMode{path + ".pub": 0o644})
			wantOnly(t, dir, "id_ed25519", "id_ed25519.pub", "id_ed25519.pub.bak-1", "id_ed25519.pub.bak-2")
		})
	}
}

func TestTheLinkTargetOfAWrongPubIsUntouched(t *testing.T) {
	f := finder(newHome(t))
	path := filepath.Join(f.Home, ".ssh", "id_ed25519")
	keygen(t, path, "-t", "ed25519", "-N", "")
	target := write(t, filepath.Join(f.Home, "target"), "secret")
	if err := errors.Join(os.Remove(path+".pub"), os.Symlink(target, path+".pub")); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Mend(t.Context(), only(t, find(t, f)), nil); err != nil {
		t.Fatal(err)
	}
	wantModes(t, map[string]fs.FileMode{target: 0o600})
	if readText(t, target) != "secret" {
		t.Error("the file behind the link was written")
	}
}

func TestWhatCannotBeMendedSaysWhy(t *testing.T) {
	f := finder(newHome(t))
	write(t, filepath.Join(f.Home, ".ssh", "id_rsa"), "hello")
	id := only(t, find(t, f))
	wantKind(t, id.Problem, NotAKey)
	if _, err := f.Mend(t.Context(), id, nil); err != id.Problem {
		t.Errorf("%v", err)
	}
}

func TestKindsOfProblems(t *testing.T) {
	f := finder(newHome(t))
	key := filepath.Join(f.Home, "key")
	keygen(t, key, "-t", "ed25519", "-N", "")
	folder := filepath.Join(f.Home, "folder")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	kinds := map[string]ProblemKind{
		key + ".pub": PublicKey, folder: Directory, filepath.Join(f.Home, "kez"): Missing,
		write(t, filepath.Join(f.Home, "garbage"), "x"):                                          NotAKey,
		write(t, filepath.Join(f.Home, "a.ppk"), "PuTTY-User-Key-File-3: ssh-ed25519\r\nx: y\n"): PuTTYKey,
	}
	for path, kind := range kinds {
		f.Extra = []string{path}
		problem := wantKind(t, find(t, f).Identities[0].Problem, kind)
		if problem.Path != path || problem.Mending("x") != "" {
			t.Errorf("%+v", problem)
		}
	}
	f.Extra = []string{filepath.Join(f.Home, "kez")}
	problem := wantKind(t, only(t, find(t, f)).Problem, Missing)
	if len(problem.Nearest) != 2 || problem.Nearest[0] != key || problem.Nearest[1] != key+".pub" {
		t.Errorf("%v", problem.Nearest)
	}
	wantPlain(t, problem, "~/kez does not exist", "there is ~/key, ~/key.pub")
}

func TestPublicText(t *testing.T) {
	f := finder(newHome(t))
	dir := filepath.Join(f.Home, ".ssh")
	plain, hidden := filepath.Join(dir, "plain"), filepath.Join(dir, "hidden")
	keygen(t, plain, "-t", "ed25519", "-N", "")
	keygen(t, hidden, "-t", "rsa", "-m", "PEM", "-N", passphrase)
	line := strings.TrimSpace(readText(t, plain+".pub"))
	if err := os.Remove(hidden + ".pub"); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "pasted"), "AAAA what a person pasted")
	for path, want := range map[string]string{
		"~/.ssh/plain": line, plain + ".pub": line + "\n", "~/.ssh/pasted": "AAAA what a person pasted",
	} {
		text, note, err := f.PublicText(path)
		if err != nil || text != want || (note != "") != (path == "~/.ssh/plain") {
			t.Errorf("%s: %q, %q, %v", path, text, note, err)
		}
	}
	_, _, err := f.PublicText(hidden)
	wantKind(t, err, PrivateKey)
	_, _, err = f.PublicText("~/plain")
	if problem := wantKind(t, err, Missing); len(problem.Nearest) != 2 {
		t.Errorf("%v", problem)
	}
	_, _, err = f.PublicText(dir)
	wantKind(t, err, Directory)
}
