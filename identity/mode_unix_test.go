//go:build unix

package identity

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestModeIsCheckedAsOpenSSHDoes(t *testing.T) {
	for mode, open := range map[os.FileMode]bool{0o600: false, 0o400: false, 0o700: false, 0o640: true, 0o604: true, 0o610: true, 0o602: true, 0o644: true} {
		home := newHome(t)
		path := filepath.Join(home, ".ssh", "id_ed25519")
		keygen(t, path, "-t", "ed25519", "-N", "")
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		id := only(t, find(t, finder(home)))
		if (id.Problem != nil) != open || id.Mode.Perm() != mode {
			t.Errorf("mode %04o: %v", mode, id.Problem)
		}
		if open {
			wantPlain(t, id.Problem, "~/.ssh/id_ed25519 is readable by others", "chmod 600 ~/.ssh/id_ed25519")
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if tooOpen(info, os.Getuid()+1) {
			t.Errorf("mode %04o of another user's file is judged", mode)
		}
	}
}

func TestFIFOIsNotWaitedFor(t *testing.T) {
	home := newHome(t)
	if err := syscall.Mkfifo(filepath.Join(home, ".ssh", "id_rsa"), 0o600); err != nil {
		t.Fatal(err)
	}
	wantPlain(t, only(t, find(t, finder(home))).Problem, "~/.ssh/id_rsa is not a regular file", ": ")
}
