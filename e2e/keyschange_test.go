//go:build unix

package e2e

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/gofrs/flock"

	"podbay/demo/api"
)

const keysPath = "/v2/account/ssh-keys"

func TestKeysFixAsks(t *testing.T) {
	t.Parallel()
	ann := newPerson(t, "ann")
	w, _ := keyWorld(t, ann.blob(), "null")
	mended := strings.Join(strings.Fields(ann.line)[:2], " ")
	w.wants(w.run("yes\n", "keys", "fix"), 64, "+ "+mended, "- null", "--yes is needed")
	for _, answer := range []string{"\r", "no\r", "y\r", "\x04", "yes\r"} {
		w.registers(ann.blob(), "null")
		p := w.podbay("keys", "fix")
		p.sees("Make this change?")
		p.press(answer)
		if code := p.ends(); code != 0 {
			t.Errorf("answer %q: exit code %d\n%s", answer, code, p.text())
		}
		if want := "nothing was changed"; answer != "yes\r" {
			p.prints(0, want)
		}
		p.sane()
	}
	w.registers(mended)
	p := w.podbay("keys", "fix")
	if code := p.ends(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	p.prints(0, "nothing to change")
	w.api.SetSSHKeys([]string{ann.blob()})
	p = w.podbay("keys", "fix")
	p.sees("Make this change?")
	p.press(ctrlC)
	p.ends()
	p.sane()
	w.registers(ann.blob())
}

func TestKeysRemoveAndRestore(t *testing.T) {
	t.Parallel()
	w, _ := keyWorld(t)
	ann, bob, cleo, dan := newPerson(t, "ann"), newPerson(t, "bob"), newPerson(t, "cleo"), newPerson(t, "dan")
	keys := func(code int, words ...string) output {
		t.Helper()
		return w.wants(w.run("", append([]string{"keys"}, words...)...), code)
	}
	w.wants(w.run("", "keys", "restore", "--list"), 0, "no backups yet")
	w.wants(w.run("", "keys", "restore", "--yes"), 1, "no backup")
	w.api.SetSSHKeys([]string{ann.line, bob.line, cleo.line})
	w.wants(w.run("", "keys", "remove", "SHA256:nobodysKey", "--yes"), 1, "podbay keys lists them")
	w.wants(w.run("", "keys", "remove", "S", "--yes"), 1, "too short")
	w.wants(w.run("", "keys", "remove", bob.fingerprint()), 64, "- "+bob.line, "--yes")
	w.registers(ann.line, bob.line, cleo.line)
	got := w.wants(w.run("", "keys", "remove", bob.fingerprint()[:20], "--yes"), 0, "done: 0 added, 1 removed", "Pods that have the key already keep it")
	w.registers(ann.line, cleo.line)
	backup := strings.TrimSpace(got.out[strings.LastIndex(got.out, " "):])
	if info, err := os.Stat(backup); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the backup %s: %v %v", backup, info, err)
	}
	w.wants(w.run("", "keys", "restore", "--list"), 0, "3 keys", backup)

	// What was removed on purpose stays away, and what another machine removed
	// comes back; what another machine added stays.
	w.wants(w.run("", "keys", "restore", "--yes"), 0, "! "+bob.line, "removed from this machine", "nothing to change")
	w.api.SetSSHKeys([]string{dan.line, ann.line})
	w.wants(w.run("", "keys", "restore"), 64, "+ "+cleo.line, "! "+bob.line)
	w.registers(dan.line, ann.line)
	keys(0, "restore", "--yes", backup)
	w.sameKeys(ann.line, cleo.line, dan.line)
	keys(0, "restore", "--yes", "--removed", backup)
	w.sameKeys(ann.line, bob.line, cleo.line, dan.line)
	w.wants(w.run("", "keys", "restore", "--yes", backup), 0, "nothing to change")
	w.wants(w.run("", "keys", "restore", "--yes", filepath.Join(w.home, "no-backup")), 1)
	w.wants(w.run("", "keys", "restore", "--yes", w.write("junk", "{", 0o600)), 1)
	w.sameKeys(ann.line, bob.line, cleo.line, dan.line)

}

// A key that went without podbay is told, and comes back only when asked for.
func TestKeysThatWereLost(t *testing.T) {
	t.Parallel()
	w, _ := keyWorld(t)
	ann, bob := newPerson(t, "ann"), newPerson(t, "bob")
	me := strings.TrimSpace(contents(t, filepath.Join(w.home, ".ssh/id_ed25519.pub")))
	w.wants(w.run(bob.line, "keys", "add", "--yes", "-"), 0)
	w.wants(w.run("", "keys", "add", "--yes"), 0)
	w.wants(w.run("", "keys", "add", "--yes", "--lost"), 1, "no key is lost")
	w.wants(w.run("", "keys", "forget", bob.fingerprint()), 1, "no lost key")
	w.wants(w.run("", "keys"), 0)
	w.api.SetSSHKeys([]string{ann.line})
	w.wants(w.run("", "keys"), 2, "lost: "+bob.fingerprint(), "lost: "+w.mine("id_ed25519").fingerprint(), "add --lost")
	w.wants(w.run("", "keys", "add", "--lost"), 64, "+ "+bob.line)
	w.wants(w.run("", "keys", "add", "--lost", "x"), 64)
	w.registers(ann.line)
	w.wants(w.run("", "keys", "add", "--yes", "--lost"), 0, "done: 2 added")
	w.sameKeys(ann.line, bob.line, me)
	w.api.SetSSHKeys([]string{ann.line, me})
	w.wants(w.run("", "keys", "forget", bob.fingerprint()), 0, "no longer missed")
	w.wants(w.run("", "keys"), 0)
	w.registers(ann.line, me)
}

// sameKeys checks what the account has, in any order.
func (w *world) sameKeys(lines ...string) {
	w.t.Helper()
	got := slices.Sorted(slices.Values(w.api.SSHKeys()))
	if !slices.Equal(got, slices.Sorted(slices.Values(lines))) {
		w.t.Errorf("registered are\n%s\nand should be\n%s", strings.Join(got, "\n"), strings.Join(lines, "\n"))
	}
}

// While one podbay changes the keys a second one waits, and in the end says so.
func TestTwoPodbaysChangeTheKeys(t *testing.T) {
	t.Parallel()
	w, _ := keyWorld(t)
	ann, bob := newPerson(t, "ann"), newPerson(t, "bob")
	w.write("ann.pub", ann.line, 0o644)
	w.write("bob.pub", bob.line, 0o644)
	remove := w.api.AddFault(api.Fault{Route: api.Route{Method: http.MethodPut, Path: keysPath}, Kind: api.FaultHang})
	first := w.podbay("keys", "add", "--yes", "ann.pub")
	lock := flock.New(filepath.Join(w.home, ".local/state/podbay/keys.lock"))
	eventually(t, "a first podbay at work", func() bool {
		if _, err := os.Stat(lock.Path()); err != nil {
			return false
		}
		free, err := lock.TryLock()
		if err != nil {
			t.Fatal(err)
		}
		_ = lock.Close()
		return !free
	})
	w.wants(w.run("", "keys", "add", "--yes", "bob.pub"), 1, "nothing was changed: another podbay is changing the registered keys", "try again")
	w.registers()
	first.signal(syscall.SIGKILL)
	first.ends()
	remove()
	w.wants(w.run("", "keys", "add", "--yes", "bob.pub"), 0) // the lock went with the process
	w.registers(bob.line)
}

func TestPodbaysAtOnceLoseNoKey(t *testing.T) {
	t.Parallel()
	w, _ := keyWorld(t)
	var programs []*program
	var want []string
	for i := range 4 {
		p := newPerson(t, fmt.Sprint("person", i))
		name := fmt.Sprint("key", i, ".pub")
		w.write(name, p.line, 0o644)
		want = append(want, p.line)
		programs = append(programs, w.podbay("keys", "add", "--yes", name))
	}
	for _, p := range programs {
		if code := p.ends(); code != 0 {
			t.Errorf("exit code %d\n%s", code, p.text())
		}
	}
	w.sameKeys(want...)
}
