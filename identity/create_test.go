package identity

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"podbay/sshkey"
)

func TestSSHKeygenAgreesWithWhatIsCreated(t *testing.T) {
	for name, secret := range map[string]string{"plain": "", "encrypted": passphrase} {
		t.Run(name, func(t *testing.T) {
			home := t.TempDir() // without ~/.ssh
			f := finder(home)
			id, err := f.Create(CreateOptions{Comment: "me@here\x1b[2J\nssh-rsa", Passphrase: []byte(secret)})
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(home, ".ssh", "id_ed25519")
			if id.Path != path || id.Encrypted != (secret != "") || id.Flaw != nil || id.Comment != "me@here ssh-rsa" {
				t.Errorf("%+v", id)
			}
			wantModes(t, map[string]fs.FileMode{filepath.Dir(path): 0o700, path: 0o600, path + ".pub": 0o644})
			if derived := output(t, "ssh-keygen", "-y", "-P", secret, "-f", path); derived != readText(t, path+".pub") {
				t.Errorf("ssh-keygen -y says %q", derived)
			}
			want := "256 " + sshkey.Fingerprint(id.Public) + " me@here ssh-rsa (ED25519)\n"
			for _, file := range []string{path, path + ".pub"} {
				if got := output(t, "ssh-keygen", "-lf", file); got != want {
					t.Errorf("ssh-keygen -lf %s says %q, want %q", file, got, want)
				}
			}
			wantSigns(t, f, id, []byte(secret), id.Public)
			wantOnly(t, filepath.Dir(path), "id_ed25519", "id_ed25519.pub")
		})
	}
}

func TestCreateNeverOverwrites(t *testing.T) {
	home := newHome(t)
	f := finder(home)
	dir := filepath.Join(home, ".ssh")
	for _, taken := range []string{"a", "b.pub", "link", "folder/"} {
		path := filepath.Join(dir, taken)
		switch {
		case taken == "link":
			if err := os.Symlink(filepath.Join(dir, "nowhere"), path); err != nil {
				t.Fatal(err)
			}
		case strings.HasSuffix(taken, "/"):
			if err := os.Mkdir(path, 0o700); err != nil {
				t.Fatal(err)
			}
		default:
			write(t, path, "mine")
		}
		_, err := f.Create(CreateOptions{Path: strings.TrimSuffix(strings.TrimSuffix(path, ".pub"), "/")})
		if !errors.Is(err, fs.ErrExist) {
			t.Errorf("%s: %v", taken, err)
		}
		wantPlain(t, err, "exists and is never overwritten", "~/.ssh/id_ed25519")
	}
	if readText(t, filepath.Join(dir, "a")) != "mine" || readText(t, filepath.Join(dir, "b.pub")) != "mine" {
		t.Error("a file was overwritten")
	}
	wantOnly(t, dir, "a", "b.pub", "folder", "link")
}

func TestCreateRefusesNamesThatMislead(t *testing.T) {
	f := finder(newHome(t))
	_, err := f.Create(CreateOptions{Path: "~/.ssh/key.pub"})
	wantPlain(t, err, "~/.ssh/key.pub is the name of a public key")
	_, err = f.Create(CreateOptions{Path: "key"})
	wantPlain(t, err, "key is not an absolute path")
	write(t, filepath.Join(f.Home, "file"), "x")
	_, err = f.Create(CreateOptions{Path: "~/file/key"})
	wantPlain(t, err, "~/file/key cannot be made")
}

func TestOneOfManyCreatorsHasTheName(t *testing.T) {
	f := finder(newHome(t))
	path := filepath.Join(f.Home, ".ssh", "key")
	var (
		creators sync.WaitGroup
		mu       sync.Mutex
		made     []Identity
	)
	for range 20 {
		creators.Go(func() {
			id, err := f.Create(CreateOptions{Path: path})
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				made = append(made, id)
			} else if !errors.Is(err, fs.ErrExist) {
				t.Error(err)
			}
		})
	}
	creators.Wait()
	if len(made) != 1 {
		t.Fatalf("%d creators think that the key is theirs", len(made))
	}
	wantSigns(t, f, made[0], nil, made[0].Public)
	wantOnly(t, filepath.Dir(path), "key", "key.pub")
}

func TestFreePathIsTheNextName(t *testing.T) {
	f := finder(newHome(t))
	for _, want := range []string{"id_ed25519", "id_ed25519_podbay", "id_ed25519_podbay2", "id_ed25519_podbay3"} {
		id, err := f.Create(CreateOptions{})
		if err != nil || filepath.Base(id.Path) != want {
			t.Fatalf("%s, %v: want %s", id.Path, err, want)
		}
		if want == "id_ed25519_podbay" { // its .pub alone keeps the name
			if err := os.Remove(id.Path); err != nil {
				t.Fatal(err)
			}
		}
	}
	found, err := f.Find(t.Context(), Query{})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, id := range found.Identities {
		names = append(names, filepath.Base(id.Path))
	}
	if want := []string{"id_ed25519", "id_ed25519_podbay2", "id_ed25519_podbay3"}; !slices.Equal(names, want) {
		t.Errorf("found %v, want %v", names, want)
	}
}

func TestWritingExclusivelyWithoutLinks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	if _, err := writeExclusive(path, []byte("one"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := writeExclusive(path, []byte("two"), 0o600); !errors.Is(err, fs.ErrExist) || readText(t, path) != "one" {
		t.Errorf("%v, %q", err, readText(t, path))
	}
	wantModes(t, map[string]fs.FileMode{path: 0o600})
}

func wantModes(t *testing.T, modes map[string]fs.FileMode) {
	t.Helper()
	for path, want := range modes {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v: want %04o", path, info, err, want)
		}
	}
}

func wantOnly(t *testing.T, dir string, names ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, entry := range entries {
		got = append(got, entry.Name())
	}
	if strings.Join(got, " ") != strings.Join(names, " ") {
		t.Errorf("%s holds %v, want %v", dir, got, names)
	}
}

func readText(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func output(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), name, args...).Output()
	if err != nil {
		t.Fatalf("%s %q: %v", name, args, err)
	}
	return string(out)
}
